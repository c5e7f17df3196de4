package mem

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/s3sql/s3sql/storage/object"
)

// upload is an object of which parts have come.
type upload struct {
	key   string
	parts map[int][]byte // by number
}

var _ object.Multipart = (*Store)(nil)

// CreateUpload begins an upload.
func (s *Store) CreateUpload(ctx context.Context, key string) (string, error) {
	return s.step(ctx, object.OpCreateUpload, key, 0, func() (string, error) {
		if s.mu.uploads == nil {
			s.mu.uploads = make(map[string]*upload)
		}
		s.mu.version++
		id := tag(s.mu.version)
		s.mu.uploads[id] = &upload{key: key, parts: make(map[int][]byte)}
		return id, nil
	})
}

// UploadPart keeps a copy of the part.
func (s *Store) UploadPart(ctx context.Context, key, id string, number int, data []byte) (string, error) {
	if err := object.CheckPart(key, number, data); err != nil {
		return "", err
	}
	data = slices.Clone(data)
	return s.step(ctx, object.OpUploadPart, key, len(data), func() (string, error) {
		u := s.mu.uploads[id]
		if u == nil || u.key != key {
			return "", object.Fail(object.OpUploadPart, key, object.ErrNotFound, nil)
		}
		u.parts[number] = data
		return strconv.Itoa(len(data)), nil
	})
}

// CompleteUpload stores the object.
func (s *Store) CompleteUpload(ctx context.Context, key, id string, tags []string) (string, error) {
	const op = object.OpCompleteUpload
	return s.step(ctx, op, key, 0, func() (string, error) {
		u := s.mu.uploads[id]
		if u == nil || u.key != key {
			return "", object.Fail(op, key, object.ErrNotFound, nil)
		}
		var data []byte
		for i, tag := range tags {
			part, ok := u.parts[i+1]
			if !ok || strconv.Itoa(len(part)) != tag || len(part) < object.PartBytes && i < len(tags)-1 {
				return "", object.Fail(op, key, object.ErrRefused, errParts)
			}
			data = append(data, part...)
		}
		if len(tags) == 0 {
			return "", object.Fail(op, key, object.ErrRefused, errParts)
		}
		etag, err := s.writeLocked(op, key, data, func(blob, bool) error { return nil })
		if err == nil {
			delete(s.mu.uploads, id)
		}
		return etag, err
	})
}

var errParts = errors.New("parts are missing, or too small")

// AbortUpload drops the parts.
func (s *Store) AbortUpload(ctx context.Context, key, id string) error {
	_, err := s.step(ctx, object.OpAbortUpload, key, 0, func() (string, error) {
		delete(s.mu.uploads, id)
		return "", nil
	})
	return err
}

// step does one request of an upload, under the lock.
func (s *Store) step(ctx context.Context, op object.Op, key string, sent int, do func() (string, error)) (result string, err error) {
	if err := begin(ctx, op, key); err != nil {
		return "", err
	}
	s.mu.Lock()
	result, err = do()
	s.mu.Unlock()
	object.Report(ctx, object.Request{Command: op.Command(), Sent: int64(sent), Err: err})
	return result, err
}
