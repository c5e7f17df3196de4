package table

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/object"
)

var errCrash = fmt.Errorf("the process died: %w", object.ErrUnavailable)

// TestCrashBetweenCalls stops the world before and after every single call that a run makes of the store, and reopens
// what is there then: everything that was acknowledged is there, and each transaction is there as a whole or not at all.
func TestCrashBetweenCalls(t *testing.T) {
	t.Parallel()
	total := 0
	for at := 0; ; at++ {
		store := newMemStore()
		var mu sync.Mutex
		calls, dead := 0, false
		store.setHook(func(string, string, bool) error {
			mu.Lock()
			defer mu.Unlock()
			if calls == at {
				dead = true
			}
			calls++
			if dead {
				return errCrash
			}
			return nil
		})
		acked, tried := crashRun(t, store)
		store.setHook(nil)
		db := openTest(t, store)
		tx := begin(t, db, TxOptions{})
		for i := range tried {
			_, x := tx.Peek(1, k(i))
			_, y := tx.Peek(2, k(i))
			if x != y {
				t.Fatalf("crash at call %d: half of transaction %d is there", at, i)
			}
			if i < acked && !x {
				t.Fatalf("crash at call %d: acknowledged transaction %d is lost", at, i)
			}
		}
		if n := tx.RowCount(1); n < acked || n > tried {
			t.Fatalf("crash at call %d: %d rows, %d acknowledged, %d tried", at, n, acked, tried)
		}
		tx.Rollback()
		write(t, db, 3, 1, 1) // and it goes on
		if !dead {
			total = at
			break
		}
	}
	if total < 40 {
		t.Errorf("only %d points to crash at", total)
	}
}

// crashRun opens, commits pairs of rows, checkpoints and reopens, until something fails.
func crashRun(t *testing.T, store *memStore) (acked, tried int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for range 3 {
		db, err := Open(ctx, store, testOptions())
		if err != nil {
			return acked, tried
		}
		defer func() { cancel(); _ = db.Close(ctx) }()
		for range 4 {
			tx, err := db.Begin(ctx, TxOptions{})
			if err != nil {
				return acked, tried
			}
			must(t, tx.Put(1, k(tried), rowOf(tried)))
			must(t, tx.Put(2, k(tried), rowOf(tried)))
			tried++
			if _, err := tx.Commit(ctx); err != nil {
				return acked, tried
			}
			acked++
		}
		if db.Checkpoint(ctx) != nil {
			return acked, tried
		}
	}
	return acked, tried
}

// TestTwoWritersUnderFaults lets two processes increment one row on a store that loses replies, reports conflicts and
// fails, and compares the row with what was acknowledged.
func TestTwoWritersUnderFaults(t *testing.T) {
	t.Parallel()
	for seed := range 8 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			store := newMemStore()
			write(t, openTest(t, store), 1, 1, 0)
			var mu sync.Mutex
			rng := rand.New(rand.NewPCG(uint64(seed), 9))
			store.setHook(func(op, _ string, after bool) error {
				mu.Lock()
				defer mu.Unlock()
				switch n := rng.IntN(20); {
				case op == "PUT" && !after && n == 0:
					return fmt.Errorf("put: %w", object.ErrConflict)
				case op == "PUT" && n == 1: // before: nothing happened; after: the reply is lost
					return fmt.Errorf("put: %w", object.ErrUnknown)
				}
				return nil
			})
			var wg sync.WaitGroup
			acked, unknown := make([]int, 2), make([]int, 2)
			for p := range 2 {
				db := openTest(t, store, func(o *Options) { o.NoMaintenance = false })
				for range 2 {
					wg.Go(func() {
						for range 25 {
							ok, unsure := increment(t, db)
							mu.Lock()
							acked[p] += ok
							unknown[p] += unsure
							mu.Unlock()
						}
					})
				}
			}
			wg.Wait()
			store.setHook(nil)
			tx := begin(t, openTest(t, store), TxOptions{})
			got, ok := counterValue(t, tx)
			sum := acked[0] + acked[1]
			if !ok || got < sum || got > sum+unknown[0]+unknown[1] {
				t.Errorf("counter %d, acknowledged %d, unknown %v", got, sum, unknown)
			}
		})
	}
}

func counterValue(t *testing.T, tx *Tx) (int, bool) {
	s := tx.Scan(context.Background(), 1, ScanSpec{Cols: testCols[1:2], Lo: k(1), Hi: k(2)})
	var b vec.Batch
	_, ok, err := s.Next(context.Background(), &b)
	if err != nil || !ok {
		t.Error(ok, err)
		return 0, false
	}
	return int(b.Cols[0].Value(0).Int()), true
}

func increment(t *testing.T, db *DB) (acked, unknown int) {
	ctx := context.Background()
	for {
		tx, err := db.Begin(ctx, TxOptions{Fresh: None, TrackReads: true})
		if err != nil {
			t.Error(err)
			return 0, 0
		}
		v, ok := counterValue(t, tx)
		if !ok {
			return 0, 0
		}
		if err := tx.Put(1, k(1), rowOf(v+1)); err != nil {
			t.Error(err)
			return 0, 0
		}
		_, err = tx.Commit(ctx)
		switch {
		case err == nil:
			return 1, 0
		case errors.Is(err, base.ErrConflict):
		case errors.Is(err, base.ErrCommitUnknown):
			return 0, 1
		default:
			t.Error(err)
			return 0, 0
		}
	}
}

// TestReadersBesideWriter is for the race detector: readers of shared versions beside a writer that folds them, and
// transactions that branch off the same delta.
func TestReadersBesideWriter(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := openTest(t, newMemStore())
	write(t, db, 1, 0, 1)
	var wg sync.WaitGroup
	for r := range 3 {
		wg.Go(func() {
			for i := range 150 {
				tx := begin(t, db, TxOptions{Fresh: None, ReadOnly: r > 0})
				if r == 0 {
					must(t, tx.Put(1, k(1000+i), rowOf(i)))
				}
				n := tx.RowCount(1)
				got := len(scanAll(t, tx, 1, ScanSpec{Cols: testCols, WithKeys: true, Reverse: i%2 == 0}))
				if got != n {
					t.Errorf("%d rows scanned, %d counted", got, n)
				}
				if _, ok := tx.Peek(1, k(0)); !ok {
					t.Error("the first row is gone")
				}
				tx.Rollback()
			}
		})
	}
	wg.Go(func() {
		for i := range 300 {
			write(t, db, 1, i%97, i)
			if i%50 == 0 {
				must(t, db.Checkpoint(ctx))
			}
		}
	})
	wg.Wait()
}
