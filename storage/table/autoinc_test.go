package table

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
)

func next(t testing.TB, tx *Tx, n int) uint64 {
	t.Helper()
	first, err := tx.NextAutoInc(1, n)
	must(t, err)
	return first
}

// insertNext commits one row under the next value.
func insertNext(t testing.TB, db *DB) uint64 {
	t.Helper()
	tx := begin(t, db, TxOptions{Fresh: None})
	id := next(t, tx, 1)
	must(t, tx.Put(1, k(int(id)), rowOf(1)))
	commit(t, tx)
	return id
}

func TestAutoIncIsExactAlone(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	for want := uint64(1); want <= 12; want++ {
		db := openTest(t, store)
		if got := insertNext(t, db); got != want {
			t.Fatalf("value %d, want %d", got, want)
		}
		if want%4 == 0 {
			must(t, db.Checkpoint(context.Background()))
		}
		must(t, db.Close(context.Background()))
	}
}

func TestAutoIncBlocksAndExplicitValues(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	db := openTest(t, store)
	tx := begin(t, db, TxOptions{})
	if first := next(t, tx, 5); first != 1 {
		t.Errorf("first of five: %d", first)
	}
	if first := next(t, tx, 1); first != 6 {
		t.Errorf("after five: %d", first)
	}
	must(t, tx.BumpAutoInc(1, 100))
	must(t, tx.BumpAutoInc(1, 50))
	if v := next(t, tx, 2); v != 101 {
		t.Errorf("after an explicit 100: %d", v)
	}
	if m := tx.AutoInc(1); m != 102 {
		t.Errorf("mark %d", m)
	}
	tx.Rollback()
	if v := insertNext(t, db); v != 103 {
		t.Errorf("after a rollback: %d", v)
	}
	tx = begin(t, db, TxOptions{})
	must(t, tx.BumpAutoInc(1, 500)) // ALTER TABLE … AUTO_INCREMENT = 501
	must(t, tx.BumpAutoInc(2, 70))  // of a table without rows
	commit(t, tx)
	must(t, db.Checkpoint(context.Background()))
	db = openTest(t, store)
	if v := insertNext(t, db); v != 501 {
		t.Errorf("after a recorded mark of 500: %d", v)
	}
	if m := begin(t, db, TxOptions{ReadOnly: true}).AutoInc(2); m != 70 {
		t.Errorf("mark of the empty table: %d", m)
	}
	tx = begin(t, db, TxOptions{})
	must(t, tx.DropTable(1))
	if v := next(t, tx, 1); v != 1 {
		t.Errorf("in a truncated table: %d", v)
	}
	tx.Rollback()
	if v := insertNext(t, db); v != 502 {
		t.Errorf("after a truncation that was rolled back: %d", v)
	}
	tx = begin(t, db, TxOptions{})
	must(t, tx.DropTable(1))
	commit(t, tx)
	if v := insertNext(t, db); v != 1 {
		t.Errorf("after a truncation: %d", v)
	}
	tx = begin(t, db, TxOptions{})
	must(t, tx.BumpAutoInc(1, 1<<64-1))
	if _, err := tx.NextAutoInc(1, 1); !errors.Is(err, base.ErrInvalid) {
		t.Errorf("past the end: %v", err)
	}
}

// TestAutoIncOutOfOrder commits the later values first: the mark does not go back.
func TestAutoIncOutOfOrder(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	db := openTest(t, store)
	a, b := begin(t, db, TxOptions{}), begin(t, db, TxOptions{})
	for _, tx := range []*Tx{a, b} {
		must(t, tx.Put(1, k(int(next(t, tx, 1))), rowOf(1)))
	}
	commit(t, b)
	commit(t, a)
	if v := insertNext(t, openTest(t, store)); v != 3 {
		t.Errorf("value %d, want 3", v)
	}
}

// TestAutoIncOfTwoProcesses lets two processes insert in turn: no value is handed out twice, and once they know of each
// other they hardly ever collide.
func TestAutoIncOfTwoProcesses(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	dbs := []*DB{openTest(t, store), openTest(t, store)}
	var mu sync.Mutex
	seen := map[uint64]bool{}
	conflicts := 0
	var wg sync.WaitGroup
	for _, db := range dbs {
		wg.Go(func() {
			for range 200 {
				for {
					tx := begin(t, db, TxOptions{Fresh: None, TrackReads: true})
					id := next(t, tx, 1)
					_, taken := tx.Peek(1, k(int(id)))
					if taken {
						t.Errorf("value %d is taken in the snapshot", id)
						return
					}
					must(t, tx.Put(1, k(int(id)), rowOf(1)))
					_, err := tx.Commit(context.Background())
					mu.Lock()
					if err == nil {
						if seen[id] {
							t.Errorf("value %d was handed out twice", id)
						}
						seen[id] = true
						mu.Unlock()
						break
					}
					conflicts++
					mu.Unlock()
					if !errors.Is(err, base.ErrConflict) {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	if conflicts > 40 {
		t.Errorf("%d conflicts for 400 rows", conflicts)
	}
	t.Logf("%d conflicts for 400 rows", conflicts)
}

// TestAutoIncOfAnEarlierTransaction commits values that another process took before it knew of a reservation, into the midst of that:
// nobody hands them out again.
func TestAutoIncOfAnEarlierTransaction(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	a, b := openTest(t, store), openTest(t, store)
	insertNext(t, a)
	begin(t, b, TxOptions{}).Rollback()
	insertNext(t, b)
	early := begin(t, b, TxOptions{})
	first := next(t, early, 30)
	begin(t, a, TxOptions{}).Rollback()
	id := insertNext(t, a) // the first of a block
	if id <= first || id >= first+20 {
		t.Fatalf("%d is not among the values from %d", id, first)
	}
	must(t, early.Insert(1, k(int(id)+1), rowOf(7)))
	must(t, early.Insert(1, k(int(id)+2), rowOf(7)))
	commit(t, early)
	begin(t, a, TxOptions{}).Rollback()
	for range 40 {
		tx := begin(t, a, TxOptions{Fresh: None})
		v := next(t, tx, 1)
		if _, taken := tx.Peek(1, k(int(v))); taken {
			t.Errorf("%d is handed out, and has a row", v)
		}
		must(t, tx.Insert(1, k(int(v)), rowOf(1)))
		commit(t, tx)
	}
}

// TestAutoIncOfAnotherTable numbers the rows of a table by the counter of another, as hidden keys and partitions do.
func TestAutoIncOfAnotherTable(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	for round := range 3 {
		db := openTest(t, store)
		tx := begin(t, db, TxOptions{})
		id, err := tx.NextAutoInc(7, 2)
		must(t, err)
		if want := uint64(2*round + 1); id != want {
			t.Errorf("round %d: %d, want %d", round, id, want)
		}
		must(t, tx.Put(8, k(int(id)), rowOf(1)))
		must(t, tx.Put(8, k(int(id)+1), rowOf(1)))
		if info, err := tx.Commit(context.Background()); err != nil || !info.Written {
			t.Fatal(info, err)
		}
		tx = begin(t, db, TxOptions{})
		_, err = tx.NextAutoInc(9, 2)
		must(t, err)
		if info, err := tx.Commit(context.Background()); err != nil || info.Written {
			t.Error("values reserved for no row were written", info, err)
		}
		must(t, db.Close(context.Background()))
	}
}
