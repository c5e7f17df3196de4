package lease

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/dir"
	"github.com/s3sql/s3sql/storage/object/faults"
	"github.com/s3sql/s3sql/storage/object/mem"
)

var rewrite = flag.Bool("rewrite", false, "write the golden file anew")

// testClock moves when a test says so, and by what waits take.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func newTestClock() *testClock { return &testClock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Sleep of a keeper waits to be ended; that of a waiter takes no time but on the clock.
func (c *testClock) Sleep(d time.Duration, done <-chan struct{}) bool {
	if d >= 10*time.Second {
		<-done
		return false
	}
	c.advance(d)
	return true
}

func manager(t *testing.T, store object.Store, clock base.Clock) *Manager {
	t.Helper()
	m := New(store, Options{Clock: clock, Rand: base.SystemRand{}})
	t.Cleanup(func() {
		if err := m.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return m
}

func acquire(t *testing.T, m *Manager, wait time.Duration) *Lease {
	t.Helper()
	l, err := m.Acquire(context.Background(), "job", "7", wait)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func release(t *testing.T, l *Lease, want bool) {
	t.Helper()
	if was, err := l.Release(context.Background()); err != nil || was != want {
		t.Errorf("release %t, %v", was, err)
	}
}

func TestOneHolder(t *testing.T) {
	t.Parallel()
	store, clock := mem.New(), newTestClock()
	a, b := manager(t, store, clock), manager(t, store, clock)
	l := acquire(t, a, 0)
	if _, err := b.Acquire(context.Background(), "job", "8", 3*time.Second); !errors.Is(err, ErrHeld) {
		t.Fatalf("the second holder: %v", err)
	}
	if r, err := b.Look(context.Background(), "job"); err != nil || r.Owner != "7" || r.Epoch != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	release(t, l, true)
	release(t, l, false)
	if l.Held() {
		t.Error("held after the release")
	}
	second := acquire(t, b, 0)
	if r, err := a.Look(context.Background(), "job"); err != nil || r.Epoch != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	release(t, second, true)
	if r, err := a.Look(context.Background(), "never"); err != nil || r.Holder != "" {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestTakeover lets a holder die: another takes the lease after it has watched it for its time to live, or when the time written
// in it is long past.
func TestTakeover(t *testing.T) {
	t.Parallel()
	for name, sleep := range map[string][]time.Duration{"watched": {time.Second, 31 * time.Second}, "long past": {2 * time.Minute}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, clock := mem.New(), newTestClock()
			dead, b := manager(t, store, clock), manager(t, store, clock)
			l := acquire(t, dead, 0)
			for i, d := range sleep {
				clock.advance(d)
				got, err := b.Acquire(context.Background(), "job", "8", 0)
				if last := i == len(sleep)-1; last != (err == nil) || !last && !errors.Is(err, ErrHeld) {
					t.Fatalf("after %v: %v, %v", d, got, err)
				}
			}
			if l.Held() {
				t.Error("the dead holder thinks that it holds the lease")
			}
			release(t, l, false)
			if r, err := b.Look(context.Background(), "job"); err != nil || r.Owner != "8" || r.Epoch != 2 {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}

// TestRenewed keeps a lease beyond its time to live.
func TestRenewed(t *testing.T) {
	t.Parallel()
	store, clock := mem.New(), newTestClock()
	a, b := manager(t, store, clock), manager(t, store, clock)
	l := acquire(t, a, 0)
	for range 20 {
		clock.advance(10 * time.Second)
		l.renew()
		if _, err := b.Acquire(context.Background(), "job", "8", 0); !errors.Is(err, ErrHeld) {
			t.Fatalf("taken from a holder that lives: %v", err)
		}
		if !l.Held() {
			t.Fatal("lost")
		}
	}
	release(t, l, true)
}

// TestKeeper runs the real keeper: it renews in the background, and ends with the last lease.
func TestKeeper(t *testing.T) {
	t.Parallel()
	store := mem.New()
	a := New(store, Options{Clock: base.SystemClock{}, Rand: base.SystemRand{}, TTL: 300 * time.Millisecond, Skew: time.Millisecond})
	b := manager(t, store, base.SystemClock{})
	l := acquire(t, a, 0)
	end := time.Now().Add(time.Second)
	for time.Now().Before(end) {
		if _, err := b.Acquire(context.Background(), "job", "8", 50*time.Millisecond); !errors.Is(err, ErrHeld) {
			t.Fatalf("taken from a holder that lives: %v", err)
		}
	}
	release(t, l, true)
	if a.mu.keeper != nil {
		t.Error("a keeper without a lease")
	}
	if err := a.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if _, err := a.Acquire(context.Background(), "job", "7", 0); base.KindOf(err) != base.KindClosed {
		t.Errorf("a closed manager: %v", err)
	}
}

// TestFaults loses replies of every write.
func TestFaults(t *testing.T) {
	t.Parallel()
	ops := []object.Op{object.OpPutIfAbsent, object.OpPutIfMatch}
	for _, f := range []faults.Fault{faults.LostReply, faults.Timeout, faults.Conflict} {
		for _, op := range ops {
			t.Run(f.String()+" "+op.String(), func(t *testing.T) {
				t.Parallel()
				store, clock := faults.New(mem.New(), newTestClock(), base.SystemRand{}, faults.Plan{}), newTestClock()
				a, b := manager(t, store, clock), manager(t, store, clock)
				for range 3 {
					store.FailNext(op, f)
					l := acquire(t, a, 0)
					if _, err := b.Acquire(context.Background(), "job", "8", 0); !errors.Is(err, ErrHeld) {
						t.Fatalf("two holders: %v", err)
					}
					store.FailNext(object.OpPutIfMatch, f)
					l.renew()
					if !l.Held() {
						t.Fatal("lost by a lost reply")
					}
					release(t, l, true)
				}
			})
		}
	}
}

// TestRace has many handles on one directory count with a lease around the read and the write.
func TestRace(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var inside, total atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		store, err := dir.Open(folder, dir.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		m := New(store, Options{Clock: base.SystemClock{}, Rand: base.SystemRand{}})
		wg.Go(func() {
			for range 5 {
				l, err := m.Acquire(context.Background(), "job", "x", -1)
				if err != nil {
					t.Error(err)
					return
				}
				if inside.Add(1) != 1 {
					t.Error("two holders at once")
				}
				total.Add(1)
				inside.Add(-1)
				if was, err := l.Release(context.Background()); err != nil || !was {
					t.Error(was, err)
				}
			}
			if err := m.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if total.Load() != 40 {
		t.Errorf("%d turns", total.Load())
	}
}

// TestRequests counts what the comments promise.
func TestRequests(t *testing.T) {
	t.Parallel()
	ledger := object.NewLedger(0)
	m := manager(t, object.Metered(mem.New(), ledger), newTestClock())
	var l *Lease
	for _, step := range []struct {
		name      string
		run       func()
		puts, all int64
	}{
		{"acquire a new name", func() { l = acquire(t, m, 0) }, 1, 1},
		{"release", func() { release(t, l, true) }, 1, 1},
		{"acquire again", func() { l = acquire(t, m, 0) }, 1, 1},
		{"look", func() { _, _ = m.Look(context.Background(), "job") }, 0, 1},
		{"renew", func() { l.renew() }, 1, 1},
	} {
		before := ledger.Total()
		step.run()
		after := ledger.Total()
		puts, all := int64(0), after.Total().Requests-before.Total().Requests
		for c, u := range after.All() {
			if c == object.PutObject {
				puts = u.Requests
			}
		}
		for c, u := range before.All() {
			if c == object.PutObject {
				puts -= u.Requests
			}
		}
		if puts != step.puts || all != step.all {
			t.Errorf("%s: %d PUTs, %d requests", step.name, puts, all)
		}
	}
}

func TestWaitEndsWithContext(t *testing.T) {
	t.Parallel()
	store := mem.New()
	a, b := manager(t, store, base.SystemClock{}), manager(t, store, base.SystemClock{})
	l := acquire(t, a, 0)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := b.Acquire(ctx, "job", "8", -1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	release(t, l, true)
}

func TestKeys(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, name := range []string{"a", "A", "a.b", "a/b", "a b", ".", "..", "a.2eb", "ä", strings.Repeat("x", 300), strings.Repeat("ä", 64), "x:1-y_2"} {
		key := Key(name)
		if err := object.CheckKey(object.OpPut, key); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if other, ok := seen[strings.ToLower(key)]; ok {
			t.Errorf("%q and %q share %s", name, other, key)
		}
		seen[strings.ToLower(key)] = name
	}
}

func goldenRecord() Record {
	return Record{Name: "job 1", Epoch: 3, Holder: "00112233445566778899aabbccddeeff", Owner: "7",
		Expires: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), TTLMillis: 30000}
}

// TestGolden reads and writes what version 1 has written, byte for byte.
func TestGolden(t *testing.T) {
	t.Parallel()
	data, err := Encode(goldenRecord())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "lease.v1")
	if *rewrite {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(want, data) {
		t.Errorf("differs from version 1: %v", err)
	}
	if got, err := Decode(Key("job 1"), want); err != nil || got != goldenRecord() {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := Decode(Key("job 2"), want); !errors.Is(err, base.ErrCorrupt) {
		t.Errorf("under another's key: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	data, err := Encode(goldenRecord())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Decode(Key("job 1"), data)
		if err != nil && !errors.Is(err, base.ErrCorrupt) {
			t.Fatal(err)
		}
		if err == nil && r.Name != "job 1" {
			t.Fatalf("%+v", r)
		}
	})
}
