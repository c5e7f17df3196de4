package dir

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/s3sql/s3sql/storage/object"
)

var _ object.Multipart = (*Store)(nil)

// CreateUpload makes a temporary file, whose name is the id. What nobody writes to for an hour is swept up.
func (s *Store) CreateUpload(ctx context.Context, key string) (string, error) {
	return s.step(ctx, object.OpCreateUpload, key, 0, func() (string, error) {
		path, err := s.temp(nil, s.now())
		return filepath.Base(path), err
	})
}

// UploadPart writes the part to its place in the file.
func (s *Store) UploadPart(ctx context.Context, key, id string, number int, data []byte) (string, error) {
	if err := object.CheckPart(key, number, data); err != nil {
		return "", err
	}
	return s.step(ctx, object.OpUploadPart, key, len(data), func() (string, error) {
		f, err := s.openUpload(id)
		if err != nil {
			return "", err
		}
		_, err = f.WriteAt(data, int64(number-1)*object.PartBytes)
		return strconv.Itoa(len(data)), errors.Join(err, f.Close())
	})
}

// CompleteUpload renames the file to the key.
func (s *Store) CompleteUpload(ctx context.Context, key, id string, tags []string) (string, error) {
	return s.step(ctx, object.OpCompleteUpload, key, 0, func() (string, error) {
		size, err := sizeOf(tags)
		if err != nil {
			return "", object.Fail(object.OpCompleteUpload, key, object.ErrRefused, err)
		}
		f, err := s.openUpload(id)
		if err != nil {
			return "", err
		}
		info, err := f.Stat()
		if err == nil && !s.opts.NoSync {
			err = f.Sync()
		}
		if err = errors.Join(err, f.Close()); err != nil {
			return "", err
		}
		if info.Size() != size {
			return "", object.Fail(object.OpCompleteUpload, key, object.ErrRefused, errParts)
		}
		return s.replace(ctx, object.OpCompleteUpload, key, f.Name(), func(fs.FileInfo) bool { return true })
	})
}

// sizeOf returns the size of an object made of parts with these tags, which are their sizes.
func sizeOf(tags []string) (size int64, err error) {
	for i, tag := range tags {
		n, err := strconv.Atoi(tag)
		if err != nil || n < 0 || n > object.PartBytes || n < object.PartBytes && i < len(tags)-1 {
			return 0, errParts
		}
		size += int64(n)
	}
	if len(tags) == 0 {
		return 0, errParts
	}
	return size, nil
}

var errParts = errors.New("parts are missing, or too small")

// AbortUpload removes the file.
func (s *Store) AbortUpload(ctx context.Context, key, id string) error {
	_, err := s.step(ctx, object.OpAbortUpload, key, 0, func() (string, error) {
		path, err := s.uploadPath(id)
		if err == nil {
			err = os.Remove(path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return "", err
	})
	return err
}

// step does one request of an upload.
func (s *Store) step(ctx context.Context, op object.Op, key string, sent int, do func() (string, error)) (result string, err error) {
	if err := begin(ctx, op, key); err != nil {
		return "", err
	}
	result, err = do()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = object.Fail(op, key, object.ErrNotFound, nil)
	case err != nil:
		err = fail(op, key, err)
	}
	object.Report(ctx, object.Request{Command: op.Command(), Sent: int64(sent), Err: err})
	if err != nil {
		return "", err
	}
	return result, nil
}

func (s *Store) openUpload(id string) (*os.File, error) {
	path, err := s.uploadPath(id)
	if err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_WRONLY, 0)
}

// uploadPath returns the file of an upload. Whatever is not an id is an upload that does not exist.
func (s *Store) uploadPath(id string) (string, error) {
	if b, err := hex.DecodeString(id); err != nil || len(b) != 16 {
		return "", fs.ErrNotExist
	}
	return filepath.Join(s.root, tempFolder, id), nil
}
