package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3sql/s3sql/storage/object"
)

var _ object.Store = (*Store)(nil)

// report counts a request that was sent, or would have been had there been a connection.
func report(ctx context.Context, r object.Request) {
	if !errors.Is(r.Err, errNoCredentials) {
		object.Report(ctx, r)
	}
}

// begin refuses what must not be sent at all.
func begin(ctx context.Context, op object.Op, key string) error {
	if err := object.CheckKey(op, key); err != nil {
		return err
	}
	return object.FailContext(ctx, op, key, false)
}

// Get sends a GetObject.
func (s *Store) Get(ctx context.Context, key string) (object.Object, error) {
	return s.get(ctx, object.OpGet, key, nil)
}

// GetRange sends a GetObject with a Range.
func (s *Store) GetRange(ctx context.Context, key string, offset, length int64) (object.Object, error) {
	if err := object.CheckRange(key, offset, length); err != nil {
		return object.Object{}, err
	}
	asked := "bytes=" + strconv.FormatInt(offset, 10)
	if offset >= 0 {
		last := offset + length - 1
		if last < offset {
			last = 1<<63 - 1
		}
		asked += "-" + strconv.FormatInt(last, 10)
	}
	return s.get(ctx, object.OpGetRange, key, &asked)
}

func (s *Store) get(ctx context.Context, op object.Op, key string, asked *string) (o object.Object, err error) {
	if err := begin(ctx, op, key); err != nil {
		return o, err
	}
	defer func() {
		report(ctx, object.Request{Command: object.GetObject, Received: int64(len(o.Data)), Err: err})
	}()
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.cfg.Bucket, Key: aws.String(s.prefix + key), Range: asked})
	if err != nil {
		return o, s.wrap(ctx, op, key, err)
	}
	data, err := readBody(out.Body, aws.ToInt64(out.ContentLength))
	if err != nil {
		return o, s.wrap(ctx, op, key, err)
	}
	o = object.Object{Data: data, ETag: aws.ToString(out.ETag), Size: int64(len(data))}
	if asked != nil {
		return s.ranged(op, key, o, *asked, aws.ToString(out.ContentRange))
	}
	return o, nil
}

// ranged completes the result of a range request from its Content-Range, "bytes 3-6/10".
func (s *Store) ranged(op object.Op, key string, o object.Object, asked, got string) (object.Object, error) {
	if got == "" { // the whole object: some services answer so when the range covers it
		offset, length, err := parseRange(asked)
		part, ok := object.Slice(o.Data, offset, length)
		switch {
		case err != nil:
			return o, object.Fail(op, key, object.ErrRefused, err)
		case !ok:
			return object.Object{}, object.Fail(op, key, object.ErrRange, nil)
		}
		o.Data = part
		return o, nil
	}
	var first, last int64
	if _, err := fmt.Sscanf(got, "bytes %d-%d/%d", &first, &last, &o.Size); err != nil || last-first+1 != int64(len(o.Data)) {
		return object.Object{}, object.Fail(op, key, object.ErrUnavailable, fmt.Errorf("reply of %d bytes says that it is %q", len(o.Data), printable(got)))
	}
	return o, nil
}

// parseRange is the inverse of what GetRange sends.
func parseRange(asked string) (offset, length int64, err error) {
	spec := strings.TrimPrefix(asked, "bytes=")
	if strings.HasPrefix(spec, "-") {
		offset, err = strconv.ParseInt(spec, 10, 64)
		return offset, 0, err
	}
	var last int64
	_, err = fmt.Sscanf(spec, "%d-%d", &offset, &last)
	return offset, last - offset + 1, err
}

// readBody reads a body whose length was announced, into memory of just that size.
func readBody(body io.ReadCloser, length int64) (data []byte, err error) {
	defer func() { err = errors.Join(err, body.Close()) }()
	const trusted = 64 << 20 // more than this is not allocated on the service's word alone
	buf := bytes.NewBuffer(make([]byte, 0, min(max(length, 0), trusted)+bytes.MinRead))
	if _, err = buf.ReadFrom(body); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// Put sends a PutObject.
func (s *Store) Put(ctx context.Context, key string, data []byte) (string, error) {
	return s.put(ctx, object.OpPut, key, data, func(*s3.PutObjectInput) {})
}

// PutIfAbsent sends a PutObject with If-None-Match: *.
func (s *Store) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	return s.put(ctx, object.OpPutIfAbsent, key, data, func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") })
}

// PutIfMatch sends a PutObject with If-Match. A tag that the SDK would leave out, or that would match any object, is
// refused without a request.
func (s *Store) PutIfMatch(ctx context.Context, key, etag string, data []byte) (string, error) {
	if strings.Trim(etag, " \t*") == "" || strings.ContainsAny(etag, ",\r\n") {
		if err := begin(ctx, object.OpPutIfMatch, key); err != nil {
			return "", err
		}
		return "", object.Fail(object.OpPutIfMatch, key, object.ErrChanged, fmt.Errorf("%q is not the tag of a version", etag))
	}
	return s.put(ctx, object.OpPutIfMatch, key, data, func(in *s3.PutObjectInput) { in.IfMatch = &etag })
}

func (s *Store) put(ctx context.Context, op object.Op, key string, data []byte, condition func(*s3.PutObjectInput)) (etag string, err error) {
	if err := begin(ctx, op, key); err != nil {
		return "", err
	}
	in := &s3.PutObjectInput{Bucket: &s.cfg.Bucket, Key: aws.String(s.prefix + key), Body: bytes.NewReader(data),
		ContentLength: aws.Int64(int64(len(data))), ServerSideEncryption: types.ServerSideEncryption(s.cfg.SSE)}
	if s.cfg.KMSKeyID != "" {
		in.SSEKMSKeyId = &s.cfg.KMSKeyID
	}
	condition(in)
	out, err := s.client.PutObject(ctx, in)
	if err = s.wrap(ctx, op, key, err); err == nil {
		etag = aws.ToString(out.ETag)
	}
	report(ctx, object.Request{Command: object.PutObject, Sent: int64(len(data)), Err: err})
	return etag, err
}

// List sends one ListObjectsV2 a page. Keys that are not valid, of objects that others have put under the prefix, are
// left out.
func (s *Store) List(ctx context.Context, prefix, startAfter string) iter.Seq2[object.Info, error] {
	return func(yield func(object.Info, error) bool) {
		if err := object.CheckPrefix(prefix); err != nil {
			yield(object.Info{}, err)
			return
		}
		in := &s3.ListObjectsV2Input{Bucket: &s.cfg.Bucket, Prefix: aws.String(s.prefix + prefix), MaxKeys: aws.Int32(object.PageKeys)}
		if startAfter != "" {
			in.StartAfter = aws.String(s.prefix + startAfter)
		}
		for {
			out, err := s.page(ctx, prefix, in)
			if err != nil {
				yield(object.Info{}, err)
				return
			}
			for _, o := range out.Contents {
				key, ours := strings.CutPrefix(aws.ToString(o.Key), s.prefix)
				if !ours || object.CheckKey(object.OpList, key) != nil {
					continue
				}
				if !yield(object.Info{Key: key, Size: aws.ToInt64(o.Size), ETag: aws.ToString(o.ETag)}, nil) {
					return
				}
			}
			if !aws.ToBool(out.IsTruncated) {
				return
			}
			in.ContinuationToken = out.NextContinuationToken
		}
	}
}

func (s *Store) page(ctx context.Context, prefix string, in *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
	if err := object.FailContext(ctx, object.OpList, prefix, false); err != nil {
		return nil, err
	}
	out, err := s.client.ListObjectsV2(ctx, in)
	err = s.wrap(ctx, object.OpList, prefix, err)
	if err == nil && aws.ToBool(out.IsTruncated) && aws.ToString(out.NextContinuationToken) == "" {
		err = object.Fail(object.OpList, prefix, object.ErrUnavailable, errors.New("the service says that there is more, but not where"))
	}
	report(ctx, object.Request{Command: object.ListObjectsV2, Err: err})
	return out, err
}

// Delete sends one DeleteObjects a batch.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if err := object.CheckKey(object.OpDelete, key); err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(keys, object.PageKeys) {
		if err := s.deleteBatch(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) deleteBatch(ctx context.Context, keys []string) error {
	if err := object.FailContext(ctx, object.OpDelete, keys[0], false); err != nil {
		return err
	}
	ids := make([]types.ObjectIdentifier, len(keys))
	for i, key := range keys {
		ids[i].Key = aws.String(s.prefix + key)
	}
	out, err := s.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &s.cfg.Bucket,
		Delete: &types.Delete{Objects: ids, Quiet: aws.Bool(true)}})
	if err = s.wrap(ctx, object.OpDelete, keys[0], err); err == nil {
		err = s.deleteErrors(out.Errors)
	}
	report(ctx, object.Request{Command: object.DeleteObjects, Err: err})
	return err
}

// deleteErrors returns the first error about a single key.
func (s *Store) deleteErrors(errs []types.Error) error {
	for _, e := range errs {
		key, r := strings.TrimPrefix(aws.ToString(e.Key), s.prefix), &reply{code: aws.ToString(e.Code)}
		switch r.code {
		case "NoSuchKey":
			continue
		case "AccessDenied":
			r.status = 403
		case "SlowDown":
			r.status = 503
		default:
			r.status = 500
		}
		return s.answered(object.OpDelete, key, r)
	}
	return nil
}
