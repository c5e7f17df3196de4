package s3

import (
	"bytes"
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3sql/s3sql/storage/object"
)

var _ object.Multipart = (*Store)(nil)

// CreateUpload sends a CreateMultipartUpload.
func (s *Store) CreateUpload(ctx context.Context, key string) (string, error) {
	return s.step(ctx, object.OpCreateUpload, key, 0, func() (string, error) {
		in := &s3.CreateMultipartUploadInput{Bucket: &s.cfg.Bucket, Key: aws.String(s.prefix + key),
			ServerSideEncryption: types.ServerSideEncryption(s.cfg.SSE)}
		if s.cfg.KMSKeyID != "" {
			in.SSEKMSKeyId = &s.cfg.KMSKeyID
		}
		out, err := s.client.CreateMultipartUpload(ctx, in)
		if err != nil {
			return "", err
		}
		if aws.ToString(out.UploadId) == "" {
			return "", errNoID
		}
		return *out.UploadId, nil
	})
}

var errNoID = errors.New("the reply has no upload id")

// UploadPart sends an UploadPart.
func (s *Store) UploadPart(ctx context.Context, key, id string, number int, data []byte) (string, error) {
	if err := object.CheckPart(key, number, data); err != nil {
		return "", err
	}
	return s.step(ctx, object.OpUploadPart, key, len(data), func() (string, error) {
		out, err := s.client.UploadPart(ctx, &s3.UploadPartInput{Bucket: &s.cfg.Bucket, Key: aws.String(s.prefix + key), UploadId: &id,
			PartNumber: aws.Int32(int32(number)), Body: bytes.NewReader(data), ContentLength: aws.Int64(int64(len(data)))})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.ETag), nil
	})
}

// CompleteUpload sends a CompleteMultipartUpload.
func (s *Store) CompleteUpload(ctx context.Context, key, id string, tags []string) (string, error) {
	return s.step(ctx, object.OpCompleteUpload, key, 0, func() (string, error) {
		parts := make([]types.CompletedPart, len(tags))
		for i, tag := range tags {
			parts[i] = types.CompletedPart{ETag: aws.String(tag), PartNumber: aws.Int32(int32(i + 1))}
		}
		out, err := s.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &s.cfg.Bucket,
			Key: aws.String(s.prefix + key), UploadId: &id, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.ETag), nil
	})
}

// AbortUpload sends an AbortMultipartUpload.
func (s *Store) AbortUpload(ctx context.Context, key, id string) error {
	_, err := s.step(ctx, object.OpAbortUpload, key, 0, func() (string, error) {
		_, err := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &s.cfg.Bucket,
			Key: aws.String(s.prefix + key), UploadId: &id})
		return "", err
	})
	if errors.Is(err, object.ErrNotFound) {
		return nil
	}
	return err
}

// step sends one request of an upload.
func (s *Store) step(ctx context.Context, op object.Op, key string, sent int, send func() (string, error)) (string, error) {
	if err := begin(ctx, op, key); err != nil {
		return "", err
	}
	result, err := send()
	err = s.wrap(ctx, op, key, err)
	report(ctx, object.Request{Command: op.Command(), Sent: int64(sent), Err: err})
	return result, err
}
