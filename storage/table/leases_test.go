package table

import (
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
)

// leaseClock is shiftClock that waits, as whoever holds a lease does until it has to be renewed.
type leaseClock struct{ shiftClock }

func (c *leaseClock) Sleep(d time.Duration, done <-chan struct{}) bool {
	return base.SystemClock{}.Sleep(d, done)
}

// TestMaintenanceLeases lets two processes write one table: what one is at, the other leaves alone; alone, none asks.
func TestMaintenanceLeases(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store, clock := newMemStore(), new(leaseClock)
	small := func(o *Options) {
		o.NoMaintenance = false
		withSegments(o)
		o.Clock = clock
		o.limits.flush, o.limits.record = 1000, 1<<20
	}
	a := openTest(t, store, small)
	next := 0
	// fill commits rows until a flush is due, and waits for what comes of it.
	fill := func(db *DB, commits int) (leases, flushed int) {
		t.Helper()
		store.take()
		for range commits {
			tx := begin(t, db, TxOptions{})
			for range 10 {
				must(t, tx.Insert(7, k(next), rowOf(next)))
				next++
			}
			_, err := tx.Commit(ctx)
			must(t, err)
			db.work.tasks.Wait()
		}
		for _, call := range store.take() {
			switch {
			case strings.Contains(call, "lease/"):
				leases++
			case strings.HasPrefix(call, "PUT data/"):
				flushed++
			}
		}
		return leases, flushed
	}
	if leases, flushed := fill(a, 20); leases != 0 || flushed == 0 {
		t.Fatalf("alone: %d requests for leases, %d segments", leases, flushed)
	}
	b := openTest(t, store, small)
	fill(b, 1)
	must(t, a.Flush(ctx, 7))
	if leases, flushed := fill(a, 12); leases == 0 || flushed == 0 {
		t.Errorf("in company: %d requests for leases, %d segments", leases, flushed)
	}

	must(t, a.Flush(ctx, 7))
	held, err := b.leases.Acquire(ctx, "maint:7", "b", 0)
	must(t, err)
	if leases, flushed := fill(a, 12); leases == 0 || flushed != 0 {
		t.Errorf("while the other is at it: %d requests for leases, %d segments", leases, flushed)
	}
	if leases, flushed := fill(a, 60); flushed == 0 {
		t.Errorf("overdue: %d requests for leases, and no segment", leases)
	}
	_, err = held.Release(ctx)
	must(t, err)

	must(t, a.Flush(ctx, 7))
	if _, err = b.leases.Acquire(ctx, "maint:7", "b", 0); err != nil {
		t.Fatal(err)
	}
	must(t, b.leases.Close(ctx)) // it has crashed
	fill(a, 12)
	clock.move(2 * time.Minute)
	if _, flushed := fill(a, 40); flushed == 0 {
		t.Error("nothing is flushed after the holder's time is up")
	}
	checkReplayed(t, a, store)
	checkReplayed(t, openTest(t, store, small), store)
}
