package table

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
)

// memStore is a store whose every call can be counted, delayed, failed or made the last one.
type memStore struct {
	mu    sync.Mutex
	objs  map[string]memObj
	etag  int
	calls []string // "GET key", in order of arrival

	// hook is asked before and after each call takes effect: an error is what the caller gets. After a write a hook's
	// error means that the write happened and its reply was lost.
	hook func(op, key string, after bool) error
	// latency of each call. rounds is how many calls came one after the other: a call is in the round after that of
	// the last call that had ended when it began.
	latency time.Duration
	rounds  int
}

type memObj struct {
	data []byte
	etag string
}

func newMemStore() *memStore { return &memStore{objs: make(map[string]memObj)} }

func (m *memStore) do(ctx context.Context, op, key string, fn func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	m.calls = append(m.calls, op+" "+key)
	hook, latency, round := m.hook, m.latency, m.rounds+1
	m.mu.Unlock()
	if latency > 0 {
		time.Sleep(latency)
	}
	if hook != nil {
		if err := hook(op, key, false); err != nil {
			return err
		}
	}
	m.mu.Lock()
	err := fn()
	m.rounds = max(m.rounds, round)
	m.mu.Unlock()
	if err == nil && hook != nil {
		err = hook(op, key, true)
	}
	return err
}

func (m *memStore) Get(ctx context.Context, key string) (o object.Object, err error) {
	err = m.do(ctx, "GET", key, func() error {
		x, ok := m.objs[key]
		if !ok {
			return fmt.Errorf("get %s: %w", key, object.ErrNotFound)
		}
		o = object.Object{Data: append([]byte(nil), x.data...), ETag: x.etag, Size: int64(len(x.data))}
		return nil
	})
	return o, err
}

func (m *memStore) GetRange(ctx context.Context, key string, offset, length int64) (object.Object, error) {
	o, err := m.Get(ctx, key)
	if err == nil {
		o.Data = o.Data[min(offset, int64(len(o.Data))):min(offset+length, int64(len(o.Data)))]
	}
	return o, err
}

func (m *memStore) put(ctx context.Context, op, key string, data []byte, check func(memObj, bool) error) (tag string, err error) {
	err = m.do(ctx, op, key, func() error {
		old, ok := m.objs[key]
		if err := check(old, ok); err != nil {
			return fmt.Errorf("put %s: %w", key, err)
		}
		m.etag++
		tag = fmt.Sprint(m.etag)
		m.objs[key] = memObj{append([]byte(nil), data...), tag}
		return nil
	})
	return tag, err
}

func (m *memStore) Put(ctx context.Context, key string, data []byte) (string, error) {
	return m.put(ctx, "PUT", key, data, func(memObj, bool) error { return nil })
}

func (m *memStore) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	return m.put(ctx, "PUT", key, data, func(_ memObj, ok bool) error {
		if ok {
			return object.ErrExists
		}
		return nil
	})
}

func (m *memStore) PutIfMatch(ctx context.Context, key, etag string, data []byte) (string, error) {
	return m.put(ctx, "PUT", key, data, func(old memObj, ok bool) error {
		if !ok || old.etag != etag {
			return object.ErrChanged
		}
		return nil
	})
}

func (m *memStore) List(ctx context.Context, prefix, startAfter string) iter.Seq2[object.Info, error] {
	return func(yield func(object.Info, error) bool) {
		var infos []object.Info
		err := m.do(ctx, "LIST", prefix, func() error {
			for k, o := range m.objs {
				if strings.HasPrefix(k, prefix) && k > startAfter {
					infos = append(infos, object.Info{Key: k, Size: int64(len(o.data)), ETag: o.etag})
				}
			}
			return nil
		})
		if err != nil {
			yield(object.Info{}, err)
			return
		}
		sort.Slice(infos, func(i, j int) bool { return infos[i].Key < infos[j].Key })
		for _, i := range infos {
			if !yield(i, nil) {
				return
			}
		}
	}
}

func (m *memStore) Delete(ctx context.Context, keys ...string) error {
	return m.do(ctx, "DELETE", strings.Join(keys, ","), func() error {
		for _, k := range keys {
			delete(m.objs, k)
		}
		return nil
	})
}

// take returns the calls since the last take.
func (m *memStore) take() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.calls
	m.calls = nil
	return c
}

func (m *memStore) setHook(h func(op, key string, after bool) error) {
	m.mu.Lock()
	m.hook = h
	m.mu.Unlock()
}

// set replaces an object behind the database's back; nil data removes it.
func (m *memStore) set(key string, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if data == nil {
		delete(m.objs, key)
		return
	}
	m.etag++
	m.objs[key] = memObj{data, fmt.Sprint(m.etag)}
}

func (m *memStore) get(key string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]byte(nil), m.objs[key].data...)
}

// snapshot copies the store.
func (m *memStore) snapshot() *memStore {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := newMemStore()
	c.etag = m.etag
	for k, o := range m.objs {
		c.objs[k] = o
	}
	return c
}

// quickClock never waits.
type quickClock struct{}

func (quickClock) Now() time.Time { return base.SystemClock{}.Now() }

func (quickClock) Sleep(time.Duration, <-chan struct{}) bool {
	runtime.Gosched()
	return true
}
