package dir

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/s3sql/s3sql/storage/object"
)

// Put writes a temporary file and renames it to the key.
func (s *Store) Put(ctx context.Context, key string, data []byte) (string, error) {
	return s.put(ctx, object.OpPut, key, data, func(temp string) (string, error) {
		return s.replace(ctx, object.OpPut, key, temp, func(fs.FileInfo) bool { return true })
	})
}

// PutIfAbsent writes a temporary file and links it to the key, which the operating system refuses if the key is taken.
func (s *Store) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	return s.put(ctx, object.OpPutIfAbsent, key, data, func(temp string) (string, error) { return s.create(key, temp) })
}

// PutIfMatch compares the tag and renames, under the lock that every replacement and deletion takes.
func (s *Store) PutIfMatch(ctx context.Context, key, etag string, data []byte) (string, error) {
	return s.put(ctx, object.OpPutIfMatch, key, data, func(temp string) (string, error) {
		return s.replace(ctx, object.OpPutIfMatch, key, temp, func(old fs.FileInfo) bool { return old != nil && tag(old) == etag })
	})
}

// put writes data to a temporary file, to disk, and has publish give it its name.
func (s *Store) put(ctx context.Context, op object.Op, key string, data []byte, publish func(temp string) (string, error)) (etag string, err error) {
	if err := begin(ctx, op, key); err != nil {
		return "", err
	}
	defer func() {
		object.Report(ctx, object.Request{Command: object.PutObject, Sent: int64(len(data)), Err: err})
	}()
	temp, err := s.temp(data, s.now())
	if err != nil {
		return "", fail(op, key, err)
	}
	etag, err = publish(temp)
	// After a rename the temporary name is gone; one that cannot be removed is swept up when the folder is next opened.
	_ = os.Remove(temp)
	if err != nil {
		return "", fail(op, key, err)
	}
	return etag, nil
}

// temp writes a temporary file of that content and time, and returns its path.
func (s *Store) temp(data []byte, changed time.Time) (path string, err error) {
	var id [16]byte
	s.opts.Rand.Read(id[:])
	path = filepath.Join(s.root, tempFolder, hex.EncodeToString(id[:]))
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err == nil {
		err = os.Chtimes(path, changed, changed)
	}
	if err == nil && !s.opts.NoSync {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(path))
	}
	return path, nil
}

func (s *Store) create(key, temp string) (string, error) {
	info, err := os.Stat(temp)
	if err != nil {
		return "", err
	}
	target := s.path(key)
	err = os.Link(temp, target)
	if errors.Is(err, fs.ErrNotExist) {
		if err = s.makeFolders(key); err == nil {
			err = os.Link(temp, target)
		}
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		if old, statErr := os.Lstat(target); statErr == nil && old.IsDir() {
			return "", object.Fail(object.OpPutIfAbsent, key, errNested, nil)
		}
		return "", object.Fail(object.OpPutIfAbsent, key, object.ErrExists, nil)
	case errors.Is(err, syscall.ENOTDIR):
		return "", object.Fail(object.OpPutIfAbsent, key, errNested, nil)
	case err != nil:
		return "", err
	}
	return tag(info), s.settle(target)
}

// settle makes a published name durable.
func (s *Store) settle(target string) error {
	if err := s.syncFolder(filepath.Dir(target)); err != nil {
		return fmt.Errorf("%w: %w", errUnsynced, reason(err))
	}
	return nil
}

// errNested is a key that would need a file and a folder of one name.
var errNested = errors.New("an object and a folder cannot have one name")

func (s *Store) replace(ctx context.Context, op object.Op, key, temp string, ok func(old fs.FileInfo) bool) (string, error) {
	if err := s.lock.acquire(ctx); err != nil {
		if ended := object.FailContext(ctx, op, key, false); ended != nil {
			return "", ended
		}
		return "", err
	}
	etag, err := s.replaceLocked(op, key, temp, ok)
	return etag, errors.Join(err, s.lock.release())
}

func (s *Store) replaceLocked(op object.Op, key, temp string, ok func(old fs.FileInfo) bool) (string, error) {
	target := s.path(key)
	old, err := os.Lstat(target)
	switch {
	case err == nil && old.IsDir(), errors.Is(err, syscall.ENOTDIR) && op != object.OpPutIfMatch:
		return "", object.Fail(op, key, errNested, nil)
	case err != nil && !missing(err):
		return "", err
	case err != nil:
		old, err = nil, nil
	}
	if !ok(old) {
		return "", object.Fail(op, key, object.ErrChanged, nil)
	}
	changed := s.now()
	if old == nil {
		err = s.makeFolders(key)
	} else if !changed.After(old.ModTime()) { // the clock stands, or has been put back
		changed = old.ModTime().Truncate(time.Microsecond).Add(time.Microsecond)
	}
	if err = errors.Join(err, os.Chtimes(temp, changed, changed)); err != nil {
		return "", err
	}
	info, err := os.Stat(temp)
	if err != nil {
		return "", err
	}
	if err := os.Rename(temp, target); err != nil {
		return "", err
	}
	return tag(info), s.settle(target)
}

// makeFolders creates the folders of key, durably.
func (s *Store) makeFolders(key string) error {
	for i := range len(key) {
		if key[i] != '/' {
			continue
		}
		folder := s.path(key[:i])
		err := os.Mkdir(folder, 0o755)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			err = s.syncFolder(filepath.Dir(folder))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Delete removes the files. Folders stay, so that none vanishes under a writer.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if err := object.CheckKey(object.OpDelete, key); err != nil {
			return err
		}
	}
	for len(keys) > 0 {
		batch := keys[:min(len(keys), object.PageKeys)]
		keys = keys[len(batch):]
		if err := object.FailContext(ctx, object.OpDelete, batch[0], false); err != nil {
			return err
		}
		err := s.deleteBatch(ctx, batch)
		object.Report(ctx, object.Request{Command: object.DeleteObjects, Err: err})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) deleteBatch(ctx context.Context, keys []string) error {
	if err := s.lock.acquire(ctx); err != nil {
		if ended := object.FailContext(ctx, object.OpDelete, keys[0], false); ended != nil {
			return ended
		}
		return fail(object.OpDelete, keys[0], err)
	}
	key, err := s.deleteLocked(keys)
	if err = errors.Join(err, s.lock.release()); err != nil {
		return fail(object.OpDelete, key, err)
	}
	return nil
}

// deleteLocked returns the key at which it failed.
func (s *Store) deleteLocked(keys []string) (string, error) {
	folders := map[string]bool{}
	for _, key := range keys {
		path := s.path(key)
		info, err := os.Lstat(path)
		if err == nil && !info.IsDir() {
			if err = os.Remove(path); err == nil {
				folders[filepath.Dir(path)] = true
			}
		}
		if err != nil && !missing(err) {
			return key, err
		}
	}
	for folder := range folders {
		if err := s.syncFolder(folder); err != nil {
			return keys[0], fmt.Errorf("%w: %w", errUnsynced, reason(err))
		}
	}
	return keys[0], nil
}
