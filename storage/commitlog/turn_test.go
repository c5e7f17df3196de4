package commitlog

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// slowStore answers as S3 does: a PUT takes 100 ms, the rest 63 ms, and works halfway.
func slowStore() *fakeStore {
	store := newFakeStore()
	store.setHook(func(_ context.Context, op, _ string, apply func() error) error {
		d := 63 * time.Millisecond
		if op == "PUT" {
			d = 100 * time.Millisecond
		}
		time.Sleep(d / 2)
		err := apply()
		time.Sleep(d / 2)
		return err
	})
	return store
}

// busy commits with eight callers on each of n logs for a minute, and returns what each log got.
func busy(t *testing.T, store *fakeStore, n int) []int64 {
	counts := make([]atomic.Int64, n)
	end := time.Now().Add(time.Minute)
	var wg sync.WaitGroup
	for i := range n {
		l := Open(store, Config{DB: testDB, Rand: newSeededRand(uint64(i), 9)}, 0, newModel())
		for c := range 8 {
			wg.Go(func() {
				for k := 0; time.Now().Before(end); k++ {
					if _, err := l.Commit(context.Background(), put(l.Head(), fmt.Sprint(i, c, k), "x")); err != nil {
						t.Error(err)
					}
					counts[i].Add(1)
				}
			})
		}
	}
	wg.Wait()
	got := make([]int64, n)
	for i := range counts {
		got[i] = counts[i].Load()
	}
	return got
}

// TestNobodyStarves: processes that always have something to commit leave each other a share.
func TestNobodyStarves(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 4} {
		synctest.Test(t, func(t *testing.T) {
			got, sum := busy(t, slowStore(), n), int64(0)
			for _, c := range got {
				sum += c
			}
			for i, c := range got {
				if c*int64(n)*4 < sum {
					t.Errorf("log %d of %d got %d of %d commits", i, n, c, sum)
				}
			}
			t.Logf("%d logs: %v", n, got)
		})
	}
}

// TestAloneIsNotSlowed: a single process loses little to the turns it offers.
func TestAloneIsNotSlowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := slowStore()
		got := busy(t, store, 1)[0]
		if n := store.count("PUT"); n < 480 || got < 4*480 { // 600 PUTs without turns, half of the callers in each
			t.Errorf("%d commits in %d PUTs a minute", got, n)
		}
		if n := store.count("GET"); n != 0 {
			t.Errorf("%d GETs", n)
		}
	})
}
