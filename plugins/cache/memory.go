package cache

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// memory keeps values in the order of their use, or of their arrival, and lets the first go.
type memory struct {
	cfg Config
	mu  struct {
		sync.Mutex
		order     *list.List // of *memoryValue, the first to go in front
		m         map[string]*list.Element
		bytes     int64
		evictions int64
	}
}

type memoryValue struct {
	key     string
	value   []byte
	expires time.Time // zero: never
}

// valueOverhead is about what a value takes beside its bytes.
const valueOverhead = 200

func openMemory(cfg Config) (Driver, error) {
	m := &memory{cfg: cfg}
	m.reset()
	return m, nil
}

func (m *memory) reset() {
	m.mu.order, m.mu.m, m.mu.bytes = list.New(), map[string]*list.Element{}, 0
}

func (m *memory) Get(_ context.Context, key string) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.mu.m[key]
	if e == nil {
		return nil, false, nil
	}
	v := e.Value.(*memoryValue)
	if !v.expires.IsZero() && !m.cfg.Now().Before(v.expires) {
		m.removeLocked(e)
		return nil, false, nil
	}
	if m.cfg.Eviction != "fifo" {
		m.mu.order.MoveToBack(e)
	}
	return v.value, true, nil
}

func (m *memory) Put(_ context.Context, key string, value []byte, ttl time.Duration) error {
	size := int64(len(value) + len(key) + valueOverhead)
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.mu.m[key]; e != nil {
		m.removeLocked(e)
	}
	if m.cfg.MaxBytes > 0 && size > m.cfg.MaxBytes {
		return nil
	}
	v := &memoryValue{key: key, value: value}
	if ttl > 0 {
		v.expires = m.cfg.Now().Add(ttl)
	}
	m.mu.m[key] = m.mu.order.PushBack(v)
	m.mu.bytes += size
	for m.mu.order.Len() > 1 && (m.cfg.MaxEntries > 0 && m.mu.order.Len() > m.cfg.MaxEntries || m.cfg.MaxBytes > 0 && m.mu.bytes > m.cfg.MaxBytes) {
		m.removeLocked(m.mu.order.Front())
		m.mu.evictions++
	}
	return nil
}

func (m *memory) removeLocked(e *list.Element) {
	v := m.mu.order.Remove(e).(*memoryValue)
	delete(m.mu.m, v.key)
	m.mu.bytes -= int64(len(v.value) + len(v.key) + valueOverhead)
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.mu.m[key]; e != nil {
		m.removeLocked(e)
	}
	return nil
}

func (m *memory) Clear(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reset()
	return nil
}

// Size is Counted.
func (m *memory) Size() (int, int64, int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mu.order.Len(), m.mu.bytes, m.mu.evictions
}

// expire forgets what is past its time.
func (m *memory) expire(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for e := m.mu.order.Front(); e != nil; {
		next := e.Next()
		if v := e.Value.(*memoryValue); !v.expires.IsZero() && !now.Before(v.expires) {
			m.removeLocked(e)
		}
		e = next
	}
}
