package commitlog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
)

// fill appends n records of one transaction each.
func fill(t *testing.T, l *Log, n int) {
	t.Helper()
	for range n {
		name := fmt.Sprint(l.Head() + 1)
		if _, err := l.Commit(context.Background(), put(l.Head(), "k"+name, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRefreshRequests(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ behind, gets, lists int }{{0, 1, 0}, {1, 2, 0}, {2, 2, 1}, {3, 3, 1}, {300, 300, 1}} {
		store := newFakeStore()
		rival, _ := testLog(t, store, 2)
		l, m := testLog(t, store, 1)
		fill(t, rival, c.behind)
		head, err := l.Refresh(context.Background())
		if err != nil || head != uint64(c.behind) || len(m.list()) != c.behind {
			t.Errorf("%d behind: Refresh gave %d, %v; %d applied", c.behind, head, err, len(m.list()))
		}
		if g, n := store.count("GET"), store.count("LIST"); g != c.gets || n != c.lists {
			t.Errorf("%d behind: %d GET and %d LIST, want %d and %d", c.behind, g, n, c.gets, c.lists)
		}
		if l.Current().IsZero() {
			t.Errorf("%d behind: being current is not recorded", c.behind)
		}
	}
}

// TestRefreshIsShared: the callers that come while a probe is under way share the next one, and not that one.
func TestRefreshIsShared(t *testing.T) {
	t.Parallel()
	store := newFakeStore()
	rival, _ := testLog(t, store, 2)
	l, m := testLog(t, store, 1)
	reached, pass := make(chan struct{}), make(chan struct{})
	store.setHook(func(_ context.Context, op, _ string, apply func() error) error {
		err := apply() // the answer is made before the rival commits
		if op == "GET" {
			reached <- struct{}{}
			<-pass
		}
		return err
	})
	done := make(chan uint64, 200)
	ask := func() {
		head, err := l.Refresh(context.Background())
		if err != nil {
			t.Error(err)
		}
		done <- head
	}
	go ask()
	<-reached
	fill(t, rival, 1)
	for range 100 {
		go ask()
	}
	for waiting := 0; waiting < 100; time.Sleep(50 * time.Microsecond) {
		l.mu.Lock()
		if l.mu.next != nil {
			waiting = l.mu.next.waiters
		}
		l.mu.Unlock()
	}
	pass <- struct{}{}
	if head := <-done; head != 0 {
		t.Errorf("the first caller got head %d", head)
	}
	for range 2 { // record 1, and nothing after it
		<-reached
		pass <- struct{}{}
	}
	for range 100 {
		if head := <-done; head != 1 {
			t.Errorf("a later caller got head %d: it shared a request that had started before it came", head)
		}
	}
	if got := m.list(); len(got) != 1 {
		t.Errorf("applied %q", got)
	}
	if n := store.count("GET"); n != 3 {
		t.Errorf("101 callers took %d GETs, want 3", n)
	}
}

func TestRefreshCancel(t *testing.T) {
	t.Parallel()
	store := newFakeStore()
	l, _ := testLog(t, store, 1)
	reached := make(chan struct{}, 10)
	var stopped atomic.Int32
	store.setHook(func(ctx context.Context, _, _ string, _ func() error) error {
		reached <- struct{}{}
		<-ctx.Done()
		stopped.Add(1)
		return ctx.Err()
	})
	ctx, cancel := context.WithCancel(context.Background())
	errs := make(chan error, 2)
	for range 2 { // one probe under way, and one that waits for it
		go func() {
			_, err := l.Refresh(ctx)
			errs <- err
		}()
	}
	<-reached
	cancel()
	for range 2 {
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("Refresh: %v", err)
		}
	}
	store.setHook(nil)
	if _, err := l.Refresh(context.Background()); err != nil {
		t.Errorf("Refresh after a cancelled one: %v", err)
	}
	if stopped.Load() == 0 {
		t.Error("the request went on after its last caller had left")
	}
}

func TestRefreshErrors(t *testing.T) {
	t.Parallel()
	store := newFakeStore()
	rival, _ := testLog(t, store, 2)
	fill(t, rival, 3)
	l, m := testLog(t, store, 1)
	store.setHook(func(_ context.Context, _, _ string, _ func() error) error { return object.ErrUnavailable })
	if _, err := l.Refresh(context.Background()); !errors.Is(err, object.ErrUnavailable) {
		t.Errorf("store away: %v", err)
	}
	store.setHook(nil)
	good := slices.Clone(store.objs[Key(2)])
	for name, bad := range map[string][]byte{"damaged": append(good[:len(good)-1:len(good)-1], good[len(good)-1]^1), "torn": good[:30],
		"empty": {}, "another record": store.objs[Key(3)]} {
		store.mu.Lock()
		store.objs[Key(2)] = bad
		store.mu.Unlock()
		_, err := l.Refresh(context.Background())
		if !errors.Is(err, base.ErrCorrupt) || !strings.Contains(err.Error(), Key(2)) {
			t.Errorf("%s: %v; want a corrupt error that names the object", name, err)
		}
		if l.Head() != 1 {
			t.Errorf("%s: head is %d, want 1", name, l.Head())
		}
		if _, err := l.Commit(context.Background(), put(1, "x", "x")); err == nil || base.KindOf(err) == base.KindConflict {
			t.Errorf("%s: commit over an unreadable record: %v", name, err)
		}
		if !slices.Equal(store.objs[Key(2)], bad) {
			t.Errorf("%s: the object was overwritten", name)
		}
	}
	store.objs[Key(2)] = good
	if head, err := l.Refresh(context.Background()); err != nil || head != 3 || len(m.list()) != 3 {
		t.Errorf("after the repair: %d, %v", head, err)
	}
	other := Open(store, Config{DB: ID{9}}, 0, newModel())
	if _, err := other.Refresh(context.Background()); !errors.Is(err, base.ErrCorrupt) || !strings.Contains(err.Error(), testDB.String()) {
		t.Errorf("record of another database: %v", err)
	}
}

func TestReadTail(t *testing.T) {
	t.Parallel()
	store := newFakeStore()
	l, _ := testLog(t, store, 2)
	if recs, err := ReadTail(context.Background(), store, testDB, 0); err != nil || len(recs) != 0 {
		t.Errorf("tail of an empty log: %v, %v", recs, err)
	}
	fill(t, l, 300)
	recs, err := ReadTail(context.Background(), store, testDB, 10)
	if err != nil || len(recs) != 290 {
		t.Fatalf("tail: %d records, %v", len(recs), err)
	}
	if any, err := ReadTail(context.Background(), store, ID{}, 10); err != nil || len(any) != 290 {
		t.Errorf("tail of a database whose identity is not known yet: %d records, %v", len(any), err)
	}
	if _, err := ReadTail(context.Background(), store, ID{9}, 10); !errors.Is(err, base.ErrCorrupt) {
		t.Errorf("tail of another database: %v", err)
	}
	for i, r := range recs {
		if r.Seq != uint64(11+i) {
			t.Fatalf("record %d of the tail is %d", i, r.Seq)
		}
	}
	delete(store.objs, Key(200))
	if _, err := ReadTail(context.Background(), store, testDB, 10); !errors.Is(err, base.ErrCorrupt) || !strings.Contains(err.Error(), Key(200)) {
		t.Errorf("tail with a hole: %v", err)
	}
	if _, err := ReadTail(context.Background(), store, testDB, 199); !errors.Is(err, base.ErrFenced) {
		t.Errorf("tail whose start has been cleaned up: %v", err)
	}
	store.objs[Prefix+"1"] = nil
	if _, err := ReadTail(context.Background(), store, testDB, 250); !errors.Is(err, base.ErrCorrupt) {
		t.Errorf("tail with a foreign object: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := ReadTail(ctx, store, testDB, 200); !errors.Is(err, context.Canceled) {
		t.Errorf("tail with an ended context: %v", err)
	}
}

// TestSleeper: a process sleeps, the log goes on and its beginning is cleaned up. The slot after the sleeper's head is
// free again, and taking it would lose the commit.
func TestSleeper(t *testing.T) {
	t.Parallel()
	store, clock := newFakeStore(), newFakeClock()
	m := newModel()
	l := Open(store, Config{DB: testDB, Clock: clock}, 0, m)
	fill(t, l, 1)
	rival, _ := testLog(t, store, 2)
	if _, err := rival.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	fill(t, rival, 9)
	for seq := uint64(1); seq <= 5; seq++ {
		delete(store.objs, Key(seq))
	}
	clock.Sleep(time.Hour, nil)
	before := len(store.objs)
	if _, err := l.Commit(context.Background(), put(1, "x", "x")); !errors.Is(err, base.ErrFenced) {
		t.Errorf("commit after the sleep: %v, want it fenced", err)
	}
	if _, err := l.Refresh(context.Background()); !errors.Is(err, base.ErrFenced) {
		t.Errorf("refresh after the sleep: %v, want it fenced", err)
	}
	if len(store.objs) != before {
		t.Error("something was written")
	}

	idle := Open(store, Config{DB: testDB, Clock: clock}, 10, &model{head: 10, writes: map[KeyRange]uint64{}, rows: map[KeyRange]string{}})
	clock.Sleep(time.Hour, nil)
	lists, gets := store.count("LIST"), store.count("GET")
	fill(t, idle, 2)
	if n, g := store.count("LIST")-lists, store.count("GET")-gets; n != 1 || g != 0 {
		t.Errorf("two commits after an idle hour took %d LIST and %d GET, want 1 and 0", n, g)
	}
}

// TestIdle: nothing runs and nothing is asked for when nobody calls.
func TestIdle(t *testing.T) {
	t.Parallel()
	store := newFakeStore()
	l, _ := testLog(t, store, 1)
	fill(t, l, 1)
	l.tasks.Wait()
	if n := store.count("PUT") + store.count("GET") + store.count("LIST"); n != 1 {
		t.Errorf("one commit took %d requests", n)
	}
	if err := l.Close(context.Background()); err != nil || store.count("PUT") != 1 {
		t.Errorf("Close of an idle log: %v, %d PUTs", err, store.count("PUT"))
	}
}
