package commitlog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
)

// gate holds PUTs back until the test lets them go.
type gate struct {
	reached chan struct{} // one a PUT
	pass    chan error    // nil lets it through, an error is returned instead
}

func newGate(s *fakeStore) *gate {
	g := &gate{reached: make(chan struct{}, 100), pass: make(chan error)}
	s.setHook(func(ctx context.Context, op, _ string, apply func() error) error {
		if op != "PUT" {
			return apply()
		}
		g.reached <- struct{}{}
		select {
		case err := <-g.pass:
			if err != nil {
				return err
			}
			return apply()
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", object.ErrUnknown, ctx.Err())
		}
	})
	return g
}

// waitQueued waits until n members are queued.
func waitQueued(l *Log, n int) {
	for {
		l.mu.Lock()
		got := len(l.mu.queue)
		l.mu.Unlock()
		if got == n {
			return
		}
		time.Sleep(50 * time.Microsecond)
	}
}

type answer struct {
	c   Committed
	err error
}

func commitAsync(ctx context.Context, l *Log, t *Txn) chan answer {
	ch := make(chan answer, 1)
	go func() {
		c, err := l.Commit(ctx, t)
		ch <- answer{c, err}
	}()
	return ch
}

func TestGroupCommitSharesPuts(t *testing.T) {
	t.Parallel()
	store := newFakeStore()
	store.setHook(func(_ context.Context, op, _ string, apply func() error) error {
		if op == "PUT" {
			time.Sleep(20 * time.Millisecond)
		}
		return apply()
	})
	l, m := testLog(t, store, 1)
	var wg sync.WaitGroup
	for i := range 1000 {
		wg.Go(func() {
			if _, err := l.Commit(context.Background(), put(0, fmt.Sprint(i), fmt.Sprint(i))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := store.count("PUT"); n > 20 {
		t.Errorf("1,000 concurrent commits took %d PUTs, want at most 20", n)
	}
	if got := logged(t, store); len(got) != 1000 || !slices.Equal(got, m.list()) {
		t.Errorf("the log holds %d transactions, %d were applied, want 1000 in one order", len(got), len(m.list()))
	}
	if n := store.count("GET"); n > store.count("PUT") { // the reader of the check above
		t.Errorf("the commits took %d GETs", n)
	}
}

// TestBatchOutcomes: members queued behind one PUT; each gets its own outcome.
func TestBatchOutcomes(t *testing.T) {
	t.Parallel()
	store := newFakeStore()
	g := newGate(store)
	l, _ := testLog(t, store, 1)
	ctx := context.Background()
	first := commitAsync(ctx, l, put(0, "a", "first"))
	<-g.reached

	reader := put(0, "r", "reader")
	reader.Reads = []KeyRange{{Table: 1, Lo: "b", Hi: "c"}}
	pointReader := put(0, "p", "point")
	pointReader.Reads = []KeyRange{PointRange(1, "zz"), PointRange(1, "b")}
	drop := &Txn{Meta: "drop", Tables: []TableWrite{{Table: 2, Drop: true}}}
	twos := []*Txn{put(0, "a", "a again"), put(0, "b", "b1"), put(0, "b", "b2"), reader, pointReader, drop,
		{Meta: "in dropped", Tables: []TableWrite{{Table: 2, Ops: []Op{{Key: "x"}}}}},
		{Meta: "reads dropped", Reads: []KeyRange{{Table: 2}}, Tables: []TableWrite{{Table: 3, Ops: []Op{{Key: "x"}}}}},
		{Meta: "other table", Tables: []TableWrite{{Table: 4, AutoInc: 7, Ops: []Op{{Key: "a"}}}}}}
	var answers []chan answer
	for i, txn := range twos {
		answers = append(answers, commitAsync(ctx, l, txn))
		waitQueued(l, i+1)
	}
	g.pass <- nil
	<-g.reached
	waitQueued(l, 5) // those that conflict with an earlier member
	g.pass <- nil
	<-g.reached // the dropped table's: the model knows no drops
	g.pass <- nil

	if a := <-first; a.err != nil || a.c.Seq != 1 || a.c.Shared != 1 || a.c.Bytes == 0 || a.c.Own == 0 {
		t.Errorf("first: %+v, %v", a.c, a.err)
	}
	want := map[string]string{"a again": "conflict", "b1": "2", "b2": "conflict", "reader": "conflict", "point": "conflict",
		"drop": "2", "in dropped": "3", "reads dropped": "conflict", "other table": "2"}
	for i, ch := range answers {
		a := <-ch
		got := fmt.Sprint(a.c.Seq)
		if errors.Is(a.err, base.ErrConflict) {
			got = "conflict"
		}
		if got != want[twos[i].Meta] {
			t.Errorf("%s: %s (%v), want %s", twos[i].Meta, got, a.err, want[twos[i].Meta])
		}
		if a.c.Seq == 2 && a.c.Shared != 3 {
			t.Errorf("%s shared its record with %d", twos[i].Meta, a.c.Shared)
		}
	}
}

func TestBatchIsBounded(t *testing.T) {
	t.Parallel()
	store := newFakeStore()
	g := newGate(store)
	l := Open(store, Config{DB: testDB, BatchBytes: 10_000, MaxRecordBytes: 20_000}, 0, newModel())
	ctx := context.Background()
	var answers []chan answer
	for i := range 11 {
		txn := put(0, fmt.Sprint(i), fmt.Sprint(i))
		txn.Tables[0].Ops[0].Row = strings.Repeat("x", 3000)
		answers = append(answers, commitAsync(ctx, l, txn))
		if i == 0 {
			<-g.reached
		} else {
			waitQueued(l, i)
		}
	}
	go func() {
		for range 5 {
			g.pass <- nil
		}
	}()
	var seqs []uint64
	for _, ch := range answers {
		seqs = append(seqs, (<-ch).c.Seq)
	}
	if want := []uint64{1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5}; !slices.Equal(seqs, want) {
		t.Errorf("records %v, want %v", seqs, want)
	}
	txn := put(0, "big", "big")
	txn.Tables[0].Ops[0].Row = strings.Repeat("x", 20_000)
	if _, err := l.Commit(ctx, txn); base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), "20000") {
		t.Errorf("a transaction above the limit: %v", err)
	}
	if _, err := l.Commit(ctx, put(0, "", "no key")); err == nil {
		t.Error("an operation without a key is accepted")
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	store := newFakeStore()
	g := newGate(store)
	l, m := testLog(t, store, 1)
	ended, end := context.WithCancel(context.Background())
	end()
	if _, err := l.Commit(ended, put(0, "x", "never")); !errors.Is(err, context.Canceled) || errors.Is(err, base.ErrCommitUnknown) {
		t.Errorf("commit with an ended context: %v", err)
	}
	ctx1, cancel1 := context.WithCancel(context.Background())
	ctx2, cancel2 := context.WithCancel(context.Background())
	flying := commitAsync(ctx1, l, put(0, "a", "flying"))
	<-g.reached
	queued := commitAsync(ctx2, l, put(0, "b", "queued"))
	waitQueued(l, 1)
	stays := commitAsync(context.Background(), l, put(0, "c", "stays"))
	waitQueued(l, 2)
	cancel1()
	cancel2()
	if a := <-flying; !errors.Is(a.err, context.Canceled) || !errors.Is(a.err, base.ErrCommitUnknown) {
		t.Errorf("cancelled in flight: %v, want CommitUnknown", a.err)
	}
	if a := <-queued; !errors.Is(a.err, context.Canceled) || errors.Is(a.err, base.ErrCommitUnknown) {
		t.Errorf("cancelled in the queue: %v, want ctx.Err()", a.err)
	}
	g.pass <- nil // the PUT does not run under the caller's context
	<-g.reached
	g.pass <- nil
	if a := <-stays; a.err != nil {
		t.Errorf("the one that stayed: %v", a.err)
	}
	if got := m.list(); !slices.Equal(got, []string{"flying", "stays"}) {
		t.Errorf("applied %q", got)
	}
}

// TestCancelBeforeNextSlot: a member whose caller has left does not try another slot.
func TestCancelBeforeNextSlot(t *testing.T) {
	t.Parallel()
	store := newFakeStore()
	rival, _ := testLog(t, store, 2)
	if _, err := rival.Commit(context.Background(), put(0, "other", "rival")); err != nil {
		t.Fatal(err)
	}
	g := newGate(store)
	l, _ := testLog(t, store, 1)
	ctx, cancel := context.WithCancel(context.Background())
	a := commitAsync(ctx, l, put(0, "a", "left"))
	<-g.reached
	cancel()
	<-a
	g.pass <- nil
	if err := l.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if got := logged(t, store); !slices.Equal(got, []string{"rival"}) {
		t.Errorf("the log holds %q", got)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	store := newFakeStore()
	g := newGate(store)
	l := Open(store, Config{DB: testDB}, 0, newModel())
	a := commitAsync(context.Background(), l, put(0, "a", "a"))
	<-g.reached
	b := commitAsync(context.Background(), l, put(0, "b", "b"))
	waitQueued(l, 1)
	closed := make(chan error)
	go func() { closed <- l.Close(context.Background()) }()
	g.pass <- nil
	<-g.reached
	select {
	case err := <-closed:
		t.Fatalf("Close returned before the queue was empty: %v", err)
	default:
	}
	g.pass <- nil
	if err := <-closed; err != nil || (<-a).err != nil || (<-b).err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, err := l.Commit(context.Background(), put(0, "c", "c")); !errors.Is(err, base.ErrClosed) {
		t.Errorf("Commit after Close: %v", err)
	}
	if _, err := l.Refresh(context.Background()); !errors.Is(err, base.ErrClosed) {
		t.Errorf("Refresh after Close: %v", err)
	}
}

func TestCloseIsBounded(t *testing.T) {
	t.Parallel()
	store := newFakeStore()
	g := newGate(store)
	l := Open(store, Config{DB: testDB}, 0, newModel())
	a := commitAsync(context.Background(), l, put(0, "a", "a"))
	<-g.reached
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := l.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Close: %v", err)
	}
	if got := <-a; !errors.Is(got.err, base.ErrCommitUnknown) {
		t.Errorf("the commit that was cut off: %v", got.err)
	}
}

func BenchmarkCommit(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			store := newFakeStore()
			l := Open(store, Config{DB: testDB}, 0, discard{})
			row := strings.Repeat("r", 60)
			b.ReportAllocs()
			b.SetParallelism(callers)
			work := func() {
				t := &Txn{Tables: []TableWrite{{Table: 1, Ops: []Op{{Key: "key-0001", Row: row}}}}}
				if _, err := l.Commit(context.Background(), t); err != nil {
					b.Error(err)
				}
			}
			if callers == 1 {
				for b.Loop() {
					work()
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					work()
				}
			})
		})
	}
}

type discard struct{}

func (discard) Validate(*Txn) error       { return nil }
func (discard) Apply(*Record, bool) error { return nil }
