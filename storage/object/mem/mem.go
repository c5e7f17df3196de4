// Package mem keeps objects in memory: the store of mem:// databases, and of tests.
package mem

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tidwall/btree"

	"github.com/s3sql/s3sql/storage/object"
)

// Store is an object store in memory, gone with its last reference. It is safe for concurrent use.
type Store struct {
	mu struct {
		sync.RWMutex
		objects btree.Map[string, blob]
		version uint64 // of the newest object
		uploads map[string]*upload
	}
}

// blob is immutable: a write stores another one.
type blob struct {
	data    []byte
	version uint64
}

var _ object.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store { return &Store{} }

func tag(version uint64) string { return strconv.FormatUint(version, 10) }

// Get returns a copy of the object.
func (s *Store) Get(ctx context.Context, key string) (object.Object, error) {
	return s.read(ctx, object.OpGet, key, func(data []byte) ([]byte, error) { return data, nil })
}

// GetRange returns a copy of a part of the object.
func (s *Store) GetRange(ctx context.Context, key string, offset, length int64) (object.Object, error) {
	if err := object.CheckRange(key, offset, length); err != nil {
		return object.Object{}, err
	}
	return s.read(ctx, object.OpGetRange, key, func(data []byte) ([]byte, error) {
		part, ok := object.Slice(data, offset, length)
		if !ok {
			return nil, object.Fail(object.OpGetRange, key, object.ErrRange, fmt.Errorf("offset %d, size %d", offset, len(data)))
		}
		return part, nil
	})
}

func (s *Store) read(ctx context.Context, op object.Op, key string, part func([]byte) ([]byte, error)) (o object.Object, err error) {
	if err := begin(ctx, op, key); err != nil {
		return o, err
	}
	defer func() {
		object.Report(ctx, object.Request{Command: object.GetObject, Received: int64(len(o.Data)), Err: err})
	}()
	s.mu.RLock()
	b, ok := s.mu.objects.Get(key)
	s.mu.RUnlock()
	if !ok {
		return o, object.Fail(op, key, object.ErrNotFound, nil)
	}
	data, err := part(b.data)
	if err != nil {
		return o, err
	}
	return object.Object{Data: slices.Clone(data), ETag: tag(b.version), Size: int64(len(b.data))}, nil
}

func begin(ctx context.Context, op object.Op, key string) error {
	if err := object.CheckKey(op, key); err != nil {
		return err
	}
	return object.FailContext(ctx, op, key, false)
}

// Put creates or replaces the object.
func (s *Store) Put(ctx context.Context, key string, data []byte) (string, error) {
	return s.write(ctx, object.OpPut, key, data, func(blob, bool) error { return nil })
}

// PutIfAbsent creates the object if the key is free.
func (s *Store) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	return s.write(ctx, object.OpPutIfAbsent, key, data, func(_ blob, exists bool) error {
		if exists {
			return object.ErrExists
		}
		return nil
	})
}

// PutIfMatch replaces the object if its version tag is still etag.
func (s *Store) PutIfMatch(ctx context.Context, key, etag string, data []byte) (string, error) {
	return s.write(ctx, object.OpPutIfMatch, key, data, func(old blob, exists bool) error {
		if !exists || tag(old.version) != etag {
			return object.ErrChanged
		}
		return nil
	})
}

func (s *Store) write(ctx context.Context, op object.Op, key string, data []byte, check func(blob, bool) error) (etag string, err error) {
	if err := begin(ctx, op, key); err != nil {
		return "", err
	}
	defer func() {
		object.Report(ctx, object.Request{Command: object.PutObject, Sent: int64(len(data)), Err: err})
	}()
	data = slices.Clone(data)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writeLocked(op, key, data, check)
}

func (s *Store) writeLocked(op object.Op, key string, data []byte, check func(blob, bool) error) (string, error) {
	old, exists := s.mu.objects.Get(key)
	if err := check(old, exists); err != nil {
		return "", object.Fail(op, key, err, nil)
	}
	if !exists {
		if other, clash := s.clashLocked(key); clash {
			return "", object.Fail(op, key, errNested, fmt.Errorf("with %s", other))
		}
	}
	s.mu.version++
	s.mu.objects.Set(key, blob{data: data, version: s.mu.version})
	return tag(s.mu.version), nil
}

// errNested holds mem to what a file system can hold, so that code tested here works there.
var errNested = fmt.Errorf("an object and a folder cannot have one name")

// clashLocked finds an object that is a folder of key, or that has key as a folder.
func (s *Store) clashLocked(key string) (other string, clash bool) {
	for i := range len(key) {
		if key[i] == '/' {
			if _, ok := s.mu.objects.Get(key[:i]); ok {
				return key[:i], true
			}
		}
	}
	s.mu.objects.Ascend(key+"/", func(k string, _ blob) bool {
		other, clash = k, strings.HasPrefix(k, key+"/")
		return false
	})
	return other, clash
}

// List yields the objects in key order, a page of 1,000 at a time: it is not one snapshot of the store.
func (s *Store) List(ctx context.Context, prefix, startAfter string) iter.Seq2[object.Info, error] {
	return func(yield func(object.Info, error) bool) {
		if err := object.CheckPrefix(prefix); err != nil {
			yield(object.Info{}, err)
			return
		}
		after := startAfter
		for more := true; more; {
			if err := object.FailContext(ctx, object.OpList, prefix, false); err != nil {
				yield(object.Info{}, err)
				return
			}
			var page []object.Info
			page, more = s.page(prefix, after)
			object.Report(ctx, object.Request{Command: object.ListObjectsV2})
			for _, info := range page {
				if !yield(info, nil) {
					return
				}
				after = info.Key
			}
		}
	}
}

func (s *Store) page(prefix, startAfter string) (page []object.Info, more bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.mu.objects.Ascend(max(prefix, startAfter), func(key string, b blob) bool {
		switch {
		case !strings.HasPrefix(key, prefix):
			return key < prefix
		case key <= startAfter:
			return true
		case len(page) == object.PageKeys:
			more = true
			return false
		}
		page = append(page, object.Info{Key: key, Size: int64(len(b.data)), ETag: tag(b.version)})
		return true
	})
	return page, more
}

// Delete removes the keys.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if err := object.CheckKey(object.OpDelete, key); err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(keys, object.PageKeys) {
		if err := object.FailContext(ctx, object.OpDelete, batch[0], false); err != nil {
			return err
		}
		s.remove(batch)
		object.Report(ctx, object.Request{Command: object.DeleteObjects})
	}
	return nil
}

func (s *Store) remove(keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		s.mu.objects.Delete(key)
	}
}
