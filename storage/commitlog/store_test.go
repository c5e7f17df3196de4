package commitlog

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/object"
)

// fakeStore is a store in memory whose every call a test can intercept.
type fakeStore struct {
	mu     sync.Mutex
	objs   map[string][]byte
	counts map[string]int

	// hook, if set, runs before each call, without the lock. apply does the call's work and may be used once or never;
	// what hook returns is what the caller gets.
	hook func(ctx context.Context, op, key string, apply func() error) error
}

func newFakeStore() *fakeStore {
	return &fakeStore{objs: map[string][]byte{}, counts: map[string]int{}}
}

func (s *fakeStore) do(ctx context.Context, op, key string, work func() error) error {
	apply := func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		return work()
	}
	s.mu.Lock()
	s.counts[op]++
	hook := s.hook
	s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", object.ErrUnknown, err)
	}
	if hook != nil {
		return dress(op, key, hook(ctx, op, key, apply))
	}
	return dress(op, key, apply())
}

// dress makes of a sentinel what a real store returns.
func dress(op, key string, err error) error {
	ops := map[string]object.Op{"GET": object.OpGet, "PUT": object.OpPutIfAbsent, "LIST": object.OpList}
	var e *base.Error
	if errors.As(err, &e) {
		return err
	}
	for _, sentinel := range []error{object.ErrUnknown, object.ErrExists, object.ErrConflict, object.ErrUnavailable,
		object.ErrDenied, object.ErrNotFound} {
		if errors.Is(err, sentinel) {
			return object.Fail(ops[op], key, sentinel, err)
		}
	}
	return err
}

func (s *fakeStore) count(op string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[op]
}

func (s *fakeStore) setHook(h func(ctx context.Context, op, key string, apply func() error) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = h
}

func (s *fakeStore) put(key string, data []byte) error {
	if _, ok := s.objs[key]; ok {
		return object.ErrExists
	}
	s.objs[key] = slices.Clone(data)
	return nil
}

func (s *fakeStore) Get(ctx context.Context, key string) (o object.Object, err error) {
	err = s.do(ctx, "GET", key, func() error {
		data, ok := s.objs[key]
		if !ok {
			return object.ErrNotFound
		}
		o = object.Object{Data: slices.Clone(data), Size: int64(len(data))}
		return nil
	})
	var torn tornError
	if errors.As(err, &torn) {
		o.Data, err = o.Data[:len(o.Data)*int(torn)/100], nil
	}
	return o, err
}

// tornError makes Get return that many percent of the body.
type tornError int

func (tornError) Error() string { return "torn body" }

func (s *fakeStore) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	return "", s.do(ctx, "PUT", key, func() error { return s.put(key, data) })
}

func (s *fakeStore) List(ctx context.Context, prefix, startAfter string) iter.Seq2[object.Info, error] {
	return func(yield func(object.Info, error) bool) {
		var keys []string
		err := s.do(ctx, "LIST", startAfter, func() error {
			keys = slices.Sorted(maps.Keys(s.objs))
			return nil
		})
		if err != nil {
			yield(object.Info{}, err)
			return
		}
		for _, k := range keys {
			if strings.HasPrefix(k, prefix) && k > startAfter && !yield(object.Info{Key: k}, nil) {
				return
			}
		}
	}
}

func (s *fakeStore) GetRange(context.Context, string, int64, int64) (object.Object, error) {
	return object.Object{}, errors.ErrUnsupported
}
func (s *fakeStore) Put(context.Context, string, []byte) (string, error) {
	return "", errors.ErrUnsupported
}
func (s *fakeStore) PutIfMatch(context.Context, string, string, []byte) (string, error) {
	return "", errors.ErrUnsupported
}
func (s *fakeStore) Delete(context.Context, ...string) error { return errors.ErrUnsupported }

var _ object.Store = (*fakeStore)(nil)

// fakeClock never waits.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func newFakeClock() *fakeClock { return &fakeClock{now: time.Unix(1_700_000_000, 0)} }

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Sleep(d time.Duration, done <-chan struct{}) bool {
	select {
	case <-done:
		return false
	default:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return true
}

type seededRand struct {
	mu sync.Mutex
	r  *rand.Rand
}

func newSeededRand(a, b uint64) *seededRand { return &seededRand{r: rand.New(rand.NewPCG(a, b))} }

func (s *seededRand) Read(p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(p) > 0 {
		var w [8]byte
		binary.LittleEndian.PutUint64(w[:], s.r.Uint64())
		p = p[copy(p, w[:]):]
	}
}

// model is an Applier with first-committer-wins conflicts, a check of the order, and the rows.
type model struct {
	mu      sync.Mutex
	head    uint64
	micros  int64
	writes  map[KeyRange]uint64 // point to the sequence number of its last write
	rows    map[KeyRange]string
	metas   []string // of all transactions, in log order
	own     int      // transactions that came as own
	applied error    // what Apply returns
	bad     []string // broken invariants
}

func newModel() *model {
	return &model{writes: map[KeyRange]uint64{}, rows: map[KeyRange]string{}}
}

func (m *model) Validate(t *Txn) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, w := range t.Tables {
		for _, o := range w.Ops {
			if m.writes[PointRange(w.Table, o.Key)] > t.Snapshot {
				return base.Errorf(errno.Deadlock, "row was written after snapshot %d", t.Snapshot)
			}
		}
	}
	for _, r := range t.Reads {
		for k, seq := range m.writes {
			if k.Table == r.Table && r.Contains(k.Lo) && seq > t.Snapshot {
				return base.Errorf(errno.Deadlock, "what it read was written after snapshot %d", t.Snapshot)
			}
		}
	}
	return nil
}

func (m *model) Apply(rec *Record, own bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.applied != nil {
		return m.applied
	}
	if rec.Seq != m.head+1 {
		m.bad = append(m.bad, fmt.Sprintf("record %d applied after %d", rec.Seq, m.head))
	}
	if rec.Micros < m.micros {
		m.bad = append(m.bad, fmt.Sprintf("record %d goes back in time", rec.Seq))
	}
	m.head, m.micros = rec.Seq, rec.Micros
	for _, t := range rec.Txns {
		if own {
			m.own++
		}
		m.metas = append(m.metas, t.Meta)
		for _, w := range t.Tables {
			for _, o := range w.Ops {
				k := PointRange(w.Table, o.Key)
				if m.writes[k] > t.Snapshot {
					m.bad = append(m.bad, fmt.Sprintf("lost update: %q in record %d", t.Meta, rec.Seq))
				}
				m.writes[k], m.rows[k] = rec.Seq, o.Row
			}
		}
	}
	return nil
}

func (m *model) row(table uint32, key string) (row string, head uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rows[PointRange(table, key)], m.head
}

func (m *model) list() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.metas)
}

func (m *model) check(t *testing.T) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range m.bad {
		t.Error(b)
	}
}

var testDB = ID{1, 2, 3}

// testLog opens a log with its model on store; it is closed when the test ends.
func testLog(t *testing.T, store object.Store, seed uint64) (*Log, *model) {
	t.Helper()
	m := newModel()
	l := Open(store, Config{DB: testDB, Clock: newFakeClock(), Rand: newSeededRand(seed, 1)}, 0, m)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := l.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
		m.check(t)
	})
	return l, m
}

// put is a transaction that writes one row, named meta in the log.
func put(snapshot uint64, key, meta string) *Txn {
	return &Txn{Snapshot: snapshot, Meta: meta, Tables: []TableWrite{{Table: 1, Ops: []Op{{Key: key, Row: meta}}}}}
}

// logged returns the metas of all transactions in the store, in order, read by a fresh reader.
func logged(t *testing.T, store object.Store) []string {
	t.Helper()
	recs, err := ReadTail(context.Background(), store, testDB, 0)
	if err != nil {
		t.Fatalf("ReadTail: %v", err)
	}
	slices.SortFunc(recs, func(a, b *Record) int { return cmp.Compare(a.Seq, b.Seq) })
	var metas []string
	for _, r := range recs {
		for _, txn := range r.Txns {
			metas = append(metas, txn.Meta)
		}
	}
	return metas
}
