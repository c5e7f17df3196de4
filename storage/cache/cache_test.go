package cache

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/faults"
	"github.com/s3sql/s3sql/storage/object/mem"
)

const kib, mib = 1 << 10, 1 << 20

// bench is a store with faults whose requests are counted, and objects in it.
type bench struct {
	mem    *mem.Store
	faults *faults.Store
	store  object.Store
	ledger *object.Ledger
	log    *logs
}

func newBench() *bench {
	b := &bench{mem: mem.New(), ledger: object.NewLedger(0), log: &logs{}}
	b.faults = faults.New(b.mem, base.SystemClock{}, base.SystemRand{}, faults.Plan{})
	b.store = object.Metered(b.faults, b.ledger)
	return b
}

// object puts random bytes of that size under the key.
func (b *bench) object(t testing.TB, key string, size int) (Object, []byte) {
	t.Helper()
	data := make([]byte, size)
	seed := sha256.Sum256([]byte(key))
	_, _ = rand.NewChaCha8(seed).Read(data)
	if _, err := b.mem.Put(t.Context(), key, data); err != nil {
		t.Fatal(err)
	}
	return Object{Key: key, Size: int64(size), SHA256: sha256.Sum256(data)}, data
}

func (b *bench) cache(t testing.TB, opts Options) *Cache {
	t.Helper()
	opts.Logger = slog.New(slog.NewTextHandler(b.log, nil))
	c, err := New(b.store, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

func (b *bench) gets() int64 { return b.ledger.Total().Requests(object.GetObject) }

// logs keeps what is logged.
type logs struct {
	mu    sync.Mutex
	lines []string
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(p))
	return len(p), nil
}

// count returns how many lines have text in them.
func (l *logs) count(text string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// read fails unless the ranges read are those of data, and returns the GETs it took.
func (b *bench) read(t testing.TB, c *Cache, obj Object, data []byte, ranges ...Range) int64 {
	t.Helper()
	before := b.gets()
	out, err := c.Read(t.Context(), obj, ranges)
	if err != nil {
		t.Fatal(err)
	}
	if len(out) != len(ranges) {
		t.Fatalf("%d results for %d ranges", len(out), len(ranges))
	}
	for i, r := range ranges {
		if !bytes.Equal(out[i], data[r.Off:r.Off+r.Len]) {
			t.Fatalf("range %v of %s is wrong", r, obj.Key)
		}
	}
	return b.gets() - before
}

func TestRangesAndRequests(t *testing.T) {
	t.Parallel()
	b := newBench()
	c := b.cache(t, Options{})
	obj, data := b.object(t, "data/a", 20*mib)
	for _, tt := range []struct {
		name   string
		ranges []Range
		gets   int64
		bytes  int64
	}{
		{"none", nil, 0, 0},
		{"empty", []Range{{5, 0}, {20 * mib, 0}}, 0, 0},
		{"one", []Range{{7, 100}}, 1, 100},
		{"last byte and an empty one", []Range{{20*mib - 1, 1}, {3, 0}}, 1, 1},
		{"touching, unsorted", []Range{{100, 50}, {0, 100}}, 1, 150},
		{"overlapping, the same, contained", []Range{{0, 100}, {50, 100}, {0, 100}, {60, 5}}, 1, 150},
		{"gap of 256 KiB", []Range{{0, 10}, {10 + 256*kib, 10}}, 1, 20 + 256*kib},
		{"a larger gap", []Range{{0, 10}, {11 + 256*kib, 10}}, 2, 20},
		{"8 MiB", []Range{{1, 8 * mib}}, 1, 8 * mib},
		{"8 MiB and a byte", []Range{{1, 8*mib + 1}}, 2, 8*mib + 1},
		{"all, and a range over a border", []Range{{0, 20 * mib}, {8*mib - 5, 10}, {16 * mib, 3}}, 3, 20 * mib},
	} {
		before := b.ledger.Total().Of(object.GetObject)
		gets := b.read(t, c, obj, data, tt.ranges...)
		received := b.ledger.Total().Of(object.GetObject).Received - before.Received
		if gets != tt.gets || received != tt.bytes {
			t.Errorf("%s: %d GETs of %d bytes, want %d of %d", tt.name, gets, received, tt.gets, tt.bytes)
		}
	}
}

func TestRandomRanges(t *testing.T) {
	t.Parallel()
	b := newBench()
	obj, data := b.object(t, "data/a", 10*mib)
	plain, disk := b.cache(t, Options{}), b.cache(t, Options{Dir: t.TempDir()})
	r := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		ranges := make([]Range, r.IntN(6))
		for i := range ranges {
			off := r.Int64N(obj.Size)
			ranges[i] = Range{off, r.Int64N(min(obj.Size-off, 1<<r.IntN(24)) + 1)}
		}
		b.read(t, plain, obj, data, ranges...)
		b.read(t, disk, obj, data, ranges...)
	}
}

func TestDamagedObjects(t *testing.T) {
	t.Parallel()
	b := newBench()
	obj, _ := b.object(t, "data/a", 1000)
	with := func(change func(o *Object)) Object { o := obj; change(&o); return o }
	for _, dir := range []string{"", t.TempDir()} {
		c := b.cache(t, Options{Dir: dir})
		for name, tt := range map[string]struct {
			obj      Object
			r        Range
			sentinel error
			text     string
		}{
			"missing":         {with(func(o *Object) { o.Key = "data/b" }), Range{3, 5}, object.ErrNotFound, "segment object is missing"},
			"shorter":         {with(func(o *Object) { o.Size = 2000 }), Range{500, 1000}, base.ErrCorrupt, "offset"},
			"ends before":     {with(func(o *Object) { o.Size = 600 * kib }), Range{500 * kib, 1000}, object.ErrRange, "offset 512000"},
			"longer":          {with(func(o *Object) { o.Size = 999 }), Range{0, 10}, base.ErrCorrupt, "1000 bytes instead of 999"},
			"outside":         {obj, Range{990, 11}, base.ErrCorrupt, "offset 990"},
			"before":          {obj, Range{-1, 1}, base.ErrCorrupt, "offset -1"},
			"negative":        {obj, Range{1, -1}, base.ErrCorrupt, "offset 1"},
			"overflow":        {obj, Range{5, 1<<63 - 1}, base.ErrCorrupt, "offset 5"},
			"overflow in off": {obj, Range{1<<63 - 1, 1<<63 - 1}, base.ErrCorrupt, "offset"},
		} {
			_, err := c.Read(t.Context(), tt.obj, []Range{tt.r})
			if base.KindOf(err) != base.KindCorrupt || !errors.Is(err, tt.sentinel) || !strings.Contains(err.Error(), tt.obj.Key) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%s (dir %t): %v", name, dir != "", err)
			}
		}
	}
	bad := with(func(o *Object) { o.SHA256[0]++ })
	if _, err := b.cache(t, Options{Dir: t.TempDir()}).Read(t.Context(), bad, []Range{{0, 1}}); base.KindOf(err) != base.KindCorrupt {
		t.Errorf("another hash: %v", err)
	}
}

// short is a store that gives fewer bytes than asked for, without an error.
type short struct{ object.Store }

func (s short) GetRange(ctx context.Context, key string, off, n int64) (object.Object, error) {
	o, err := s.Store.GetRange(ctx, key, off, n)
	o.Data = o.Data[:len(o.Data)/2]
	return o, err
}

func TestShortReadIsAnError(t *testing.T) {
	t.Parallel()
	b := newBench()
	obj, _ := b.object(t, "data/a", 1000)
	b.store = short{b.store}
	_, err := b.cache(t, Options{}).Read(t.Context(), obj, []Range{{10, 100}})
	if base.KindOf(err) != base.KindCorrupt || !strings.Contains(err.Error(), "50 bytes at offset 10 instead of 100 (object data/a)") {
		t.Error(err)
	}
}

func TestStoreErrorsPass(t *testing.T) {
	t.Parallel()
	b := newBench()
	obj, data := b.object(t, "data/a", 20*mib)
	c := b.cache(t, Options{})
	b.faults.FailNext(object.OpGetRange, faults.None, faults.Unavailable)
	if _, err := c.Read(t.Context(), obj, []Range{{0, obj.Size}}); !errors.Is(err, object.ErrUnavailable) {
		t.Error(err)
	}
	b.faults.FailNext(object.OpGetRange, faults.TornBody)
	if _, err := c.Read(t.Context(), obj, []Range{{0, 10}}); !errors.Is(err, object.ErrUnavailable) {
		t.Error(err)
	}
	b.read(t, c, obj, data, Range{0, obj.Size})
}

// slow is a store whose GETs wait until they are let go, and that knows how many wait at most.
type slow struct {
	object.Store
	gate      chan struct{}
	now, most atomic.Int64
}

func (s *slow) GetRange(ctx context.Context, key string, off, n int64) (object.Object, error) {
	now := s.now.Add(1)
	defer s.now.Add(-1)
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
	}
	select {
	case <-s.gate:
	case <-ctx.Done():
		return object.Object{}, object.FailContext(ctx, object.OpGetRange, key, false)
	}
	return s.Store.GetRange(ctx, key, off, n)
}

func TestEightGetsAtATime(t *testing.T) {
	t.Parallel()
	b := newBench()
	obj, data := b.object(t, "data/a", 4*mib)
	s := &slow{Store: b.store, gate: make(chan struct{})}
	b.store = s
	c := b.cache(t, Options{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			ranges := make([]Range, 13)
			for i := range ranges {
				ranges[i] = Range{int64(i) * 300 * kib, 10}
			}
			b.read(t, c, obj, data, ranges...)
		})
	}
	for s.now.Load() < 8 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(10 * time.Millisecond)
	close(s.gate)
	wg.Wait()
	if s.most.Load() != 8 || b.gets() != 39 {
		t.Errorf("%d GETs at a time, want 8; %d in all, want 39", s.most.Load(), b.gets())
	}
}

func TestCanceledRead(t *testing.T) {
	t.Parallel()
	b := newBench()
	obj, data := b.object(t, "data/a", 20*mib)
	s := &slow{Store: b.store, gate: make(chan struct{})}
	b.store = s
	c := b.cache(t, Options{Dir: t.TempDir()})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := c.Read(ctx, obj, []Range{{0, obj.Size}})
		done <- err
	}()
	for s.now.Load() < 3 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	c.Put(obj, data)
	if _, err := c.Read(ctx, obj, []Range{{0, 1}}); !errors.Is(err, context.Canceled) { // while it verifies the file
		t.Error(err)
	}
	close(s.gate)
	if gets := b.read(t, c, obj, data, Range{0, 1}); gets != 0 {
		t.Errorf("%d GETs, want none: the file is there and right", gets)
	}
}

func TestClosedCache(t *testing.T) {
	t.Parallel()
	b := newBench()
	obj, data := b.object(t, "data/a", 1000)
	c := b.cache(t, Options{Dir: t.TempDir()})
	b.read(t, c, obj, data, Range{0, 10})
	for range 2 {
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.Read(t.Context(), obj, []Range{{0, 1}})
	var e *base.Error
	if !errors.As(err, &e) || e.Number != errno.Closed.Number {
		t.Error(err)
	}
	c.Put(obj, data)
	c.Forget(obj.Key)
	if _, err := New(b.store, Options{DirBytes: -1}); base.KindOf(err) != base.KindInvalid {
		t.Error(err)
	}
}

func BenchmarkWarmHit(b *testing.B) {
	for _, size := range []int64{4 * kib, 64 * kib, mib} {
		b.Run(fmt.Sprintf("%dKiB", size/kib), func(b *testing.B) {
			s := newBench()
			obj, data := s.object(b, "data/a", 16*mib)
			c := s.cache(b, Options{Dir: b.TempDir()})
			c.Put(obj, data)
			s.read(b, c, obj, data, Range{0, 1})
			b.SetBytes(size)
			b.ReportAllocs()
			r := []Range{{5 * mib, size}}
			for b.Loop() {
				if _, err := c.Read(b.Context(), obj, r); err != nil {
					b.Fatal(err)
				}
			}
			if s.gets() != 0 {
				b.Fatal("the store was asked")
			}
		})
	}
}
