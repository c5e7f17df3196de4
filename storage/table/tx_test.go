package table

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/commitlog"
)

func wantConflict(t testing.TB, err error) {
	t.Helper()
	var e *base.Error
	if !errors.As(err, &e) || e.Number != 1213 || !e.Retryable() {
		t.Fatalf("got %v, want a conflict", err)
	}
}

// TestAnomalies runs two transactions that start from the same snapshot of rows 1 and 2 and commit one after the other,
// in one process and in two.
func TestAnomalies(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	get := func(tx *Tx, key int) { tx.Peek(1, k(key)) }
	scan := func(tx *Tx, lo, hi string, reverse bool) {
		s := tx.Scan(ctx, 1, ScanSpec{Lo: lo, Hi: hi, Reverse: reverse})
		var b vec.Batch
		for ok := true; ok; _, ok, _ = s.Next(ctx, &b) {
		}
	}
	put := func(tx *Tx, key int) { _ = tx.Put(1, k(key), rowOf(9)) }
	del := func(tx *Tx, key int) { _ = tx.Delete(1, k(key)) }
	tests := []struct {
		name          string
		first, second func(tx *Tx)
		snapshot      bool // second commits under snapshot isolation
		serializable  bool // and under serializable
	}{
		{"lost update", func(tx *Tx) { get(tx, 1); put(tx, 1) }, func(tx *Tx) { get(tx, 1); put(tx, 1) }, false, false},
		{"blind writes of one row", func(tx *Tx) { put(tx, 1) }, func(tx *Tx) { put(tx, 1) }, false, false},
		{"two inserts of one key", func(tx *Tx) { put(tx, 5) }, func(tx *Tx) { put(tx, 5) }, false, false},
		{"update of a deleted row", func(tx *Tx) { del(tx, 1) }, func(tx *Tx) { put(tx, 1) }, false, false},
		{"delete of an updated row", func(tx *Tx) { put(tx, 1) }, func(tx *Tx) { del(tx, 1) }, false, false},
		{"two deletes of one row", func(tx *Tx) { del(tx, 1) }, func(tx *Tx) { del(tx, 1) }, false, false},
		{"different rows", func(tx *Tx) { put(tx, 1) }, func(tx *Tx) { put(tx, 2) }, true, true},
		{"write skew", func(tx *Tx) { get(tx, 2); put(tx, 1) }, func(tx *Tx) { get(tx, 1); put(tx, 2) }, true, false},
		{"phantom in a range", func(tx *Tx) { put(tx, 15) }, func(tx *Tx) { scan(tx, k(10), k(20), false); put(tx, 2) }, true, false},
		{"phantom in a reverse range", func(tx *Tx) { put(tx, 15) }, func(tx *Tx) { scan(tx, k(10), k(20), true); put(tx, 2) }, true, false},
		{"phantom in the whole table", func(tx *Tx) { put(tx, 15) }, func(tx *Tx) { scan(tx, "", "", false); put(tx, 2) }, true, false},
		{"counted rows", func(tx *Tx) { put(tx, 15) }, func(tx *Tx) { _, _ = tx.Count(ctx, 1, ScanSpec{}); put(tx, 2) }, true, false},
		{"insert beside a range", func(tx *Tx) { put(tx, 20) }, func(tx *Tx) { scan(tx, k(10), k(20), false); put(tx, 2) }, true, true},
		{"row read as absent", func(tx *Tx) { put(tx, 15) }, func(tx *Tx) { get(tx, 15); put(tx, 2) }, true, false},
		{"row deleted in a range", func(tx *Tx) { del(tx, 1) }, func(tx *Tx) { scan(tx, k(0), k(2), false); put(tx, 2) }, true, false},
		{"drop against a write", func(tx *Tx) { put(tx, 1) }, func(tx *Tx) { _ = tx.DropTable(1) }, false, false},
		{"write against a drop", func(tx *Tx) { _ = tx.DropTable(1) }, func(tx *Tx) { put(tx, 77) }, false, false},
		{"read against a drop", func(tx *Tx) { _ = tx.DropTable(1) }, func(tx *Tx) { get(tx, 1); _ = tx.Put(2, k(1), "") }, true, false},
		{"other tables", func(tx *Tx) { put(tx, 1) }, func(tx *Tx) { _ = tx.Put(2, k(1), "") }, true, true},
	}
	for _, tc := range tests {
		for _, serializable := range []bool{false, true} {
			for _, other := range []bool{false, true} {
				t.Run(tc.name, func(t *testing.T) {
					t.Parallel()
					store := newMemStore()
					db := openTest(t, store)
					write(t, db, 1, 1, 1)
					write(t, db, 1, 2, 2)
					db2 := db
					if other {
						db2 = openTest(t, store)
					}
					a := begin(t, db, TxOptions{Serializable: serializable})
					b := begin(t, db2, TxOptions{Serializable: serializable})
					tc.first(a)
					tc.second(b)
					commit(t, a)
					_, err := b.Commit(ctx)
					if want := tc.snapshot && !serializable || tc.serializable && serializable; !want {
						wantConflict(t, err)
					} else {
						must(t, err)
					}
				})
			}
		}
	}
}

// TestScanReadsWhatItReturned proves that a scan that was not finished conflicts only with changes of what it returned.
func TestScanReadsWhatItReturned(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, reverse := range []bool{false, true} {
		for _, tc := range []struct {
			key      int
			last     bool // change the last row returned instead of key
			conflict bool
		}{{1, false, !reverse}, {2000, false, reverse}, {0, true, true}} {
			db := openTest(t, newMemStore())
			tx := begin(t, db, TxOptions{})
			for i := range 2000 {
				must(t, tx.Put(1, k(i+1), rowOf(i)))
			}
			commit(t, tx)
			a := begin(t, db, TxOptions{Serializable: true})
			var b vec.Batch
			keys, ok, err := a.Scan(ctx, 1, ScanSpec{Reverse: reverse, WithKeys: true}).Next(ctx, &b)
			if !ok || err != nil || b.N >= 2000 {
				t.Fatal(b.N, ok, err)
			}
			changed := k(tc.key)
			if tc.last {
				changed = keys[len(keys)-1]
			}
			other := begin(t, db, TxOptions{})
			must(t, other.Put(1, changed, ""))
			commit(t, other)
			must(t, a.Put(2, k(1), ""))
			if _, err := a.Commit(ctx); (err != nil) != tc.conflict {
				t.Errorf("reverse=%v, row %d changed: %v", reverse, tc.key, err)
			}
		}
	}
}

func TestSnapshotIsStable(t *testing.T) {
	t.Parallel()
	db := openTest(t, newMemStore())
	model := map[int]int{}
	for i := range 40 {
		write(t, db, 7, i, i)
		model[i] = i
	}
	old := begin(t, db, TxOptions{ReadOnly: true})
	for i := range 100 { // folds, splits and deletes under the reader
		write(t, db, 7, i, 1500)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		check(t, old, 7, model, rng)
	}
	old.Rollback()
}

func TestOwnWrites(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := openTest(t, newMemStore())
	write(t, db, 1, 1, 1)
	tx := begin(t, db, TxOptions{})
	v0 := tx.Version(1)
	if tx.Version(1) != v0 {
		t.Error("the version changed without a write")
	}
	s := tx.Scan(ctx, 1, ScanSpec{Cols: testCols, WithKeys: true})
	must(t, tx.Put(1, k(2), rowOf(2)))
	v1 := tx.Version(1)
	if v1 == v0 {
		t.Error("the version did not change with a write")
	}
	var b vec.Batch
	if _, ok, err := s.Next(ctx, &b); !ok || err != nil || b.N != 1 {
		t.Errorf("a scan saw a write that came after it: %d rows, %v", b.N, err)
	}
	sp := tx.Savepoint()
	must(t, tx.Delete(1, k(1)))
	if _, ok := tx.Peek(1, k(1)); ok || tx.RowCount(1) != 1 {
		t.Error("a deleted row is visible")
	}
	must(t, tx.RollbackTo(sp))
	if _, ok := tx.Peek(1, k(1)); !ok || tx.RowCount(1) != 2 {
		t.Error("a rolled back delete is visible")
	}
	if v := tx.Version(1); v == v0 || v == v1 {
		t.Error("a version came back")
	}
	tx.Rollback()
	tx = begin(t, db, TxOptions{})
	if tx.RowCount(1) != 1 {
		t.Error("a rolled back row is visible")
	}
	if info := commit(t, tx); info.Written || info.Seq != 1 {
		t.Errorf("an empty commit: %+v", info)
	}
	if _, err := tx.Commit(ctx); !errors.Is(err, base.ErrClosed) {
		t.Errorf("second commit: %v", err)
	}
	if err := tx.Put(1, k(1), ""); !errors.Is(err, base.ErrClosed) {
		t.Errorf("put after commit: %v", err)
	}
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	store := newMemStore()
	db := openTest(t, store)
	write(t, db, 1, 1, 1)
	number := func(err error) uint16 {
		var e *base.Error
		if !errors.As(err, &e) {
			t.Fatalf("got %v", err)
		}
		return e.Number
	}
	tx := begin(t, db, TxOptions{ReadOnly: true})
	if n := number(tx.Put(1, k(1), "")); n != 1792 {
		t.Errorf("put in a read-only transaction: %d", n)
	}
	ro := openTest(t, store, func(o *Options) { o.ReadOnly = true })
	store.take()
	tx = begin(t, ro, TxOptions{})
	for _, err := range []error{tx.Put(1, k(1), ""), tx.Delete(1, k(1)), tx.DropTable(1), tx.BumpAutoInc(1, 3), ro.Checkpoint(ctx)} {
		if n := number(err); n != 1290 {
			t.Errorf("write to a read-only database: %d", n)
		}
	}
	commit(t, tx)
	for _, c := range store.take() {
		if c[:3] != "GET" {
			t.Errorf("a read-only database called %s", c)
		}
	}
}

func TestFreshness(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	store := newMemStore()
	writer := openTest(t, store)
	write(t, writer, 1, 1, 1)
	before := base.SystemClock{}.Now()
	db := openTest(t, store, func(o *Options) { o.MaxStaleness = 1 << 40 })
	store.take()
	calls := func(opts TxOptions, want int, rows int) {
		t.Helper()
		tx := begin(t, db, opts)
		if got := len(store.take()); got != want || tx.RowCount(1) != rows {
			t.Errorf("%+v: %d requests, %d rows; want %d, %d", opts, got, tx.RowCount(1), want, rows)
		}
		tx.Rollback()
	}
	calls(TxOptions{Since: before}, 0, 1) // Open has proved it
	calls(TxOptions{Fresh: Bounded}, 0, 1)
	calls(TxOptions{}, 1, 1)
	write(t, writer, 1, 2, 2)
	store.take()
	calls(TxOptions{Fresh: None}, 0, 1)
	calls(TxOptions{Fresh: Bounded}, 0, 1)

	// A statement that wrote nothing proves that what it read still holds.
	stale := begin(t, db, TxOptions{Fresh: None, TrackReads: true})
	stale.Peek(1, k(2))
	wantConflict(t, stale.ProveFresh(ctx))
	stale.Rollback()
	store.take()
	calls(TxOptions{Fresh: None}, 0, 2)
	write(t, writer, 1, 3, 3)
	unrelated := begin(t, db, TxOptions{Fresh: None, TrackReads: true})
	unrelated.Peek(1, k(2))
	must(t, unrelated.ProveFresh(ctx))
	unrelated.Rollback()
	store.take()
	calls(TxOptions{}, 1, 3)

	// An autocommit write asks nothing first.
	write(t, db, 1, 9, 9)
	if c := store.take(); len(c) != 1 || c[0][:3] != "PUT" {
		t.Errorf("an autocommit write made %q", c)
	}
	// One that lost a race on what it read is told so.
	lost := begin(t, db, TxOptions{Fresh: None, TrackReads: true})
	lost.Peek(1, k(10))
	must(t, lost.Put(2, k(1), ""))
	write(t, writer, 1, 10, 1)
	_, err := lost.Commit(ctx)
	wantConflict(t, err)
}

func TestWindowForgets(t *testing.T) {
	t.Parallel()
	db := openTest(t, newMemStore())
	write(t, db, 1, 1, 1)
	size := func() int {
		db.mu.Lock()
		defer db.mu.Unlock()
		return len(db.mu.window.recs)
	}
	ro := begin(t, db, TxOptions{ReadOnly: true})
	write(t, db, 1, 2, 1)
	if n := size(); n != 0 {
		t.Errorf("%d records are kept with no transaction that could commit", n)
	}
	a := begin(t, db, TxOptions{})
	write(t, db, 1, 2, 1)
	write(t, db, 1, 3, 1)
	b := begin(t, db, TxOptions{})
	write(t, db, 1, 4, 1)
	must(t, b.Put(1, k(4), ""))
	_, err := b.Commit(context.Background())
	wantConflict(t, err)
	if n := size(); n != 3 {
		t.Errorf("%d records, want 3", n)
	}
	must(t, a.Put(1, k(1), rowOf(3)))
	commit(t, a)
	if n := size(); n != 0 {
		t.Errorf("%d records are left", n)
	}
	ro.Rollback()
	ro.Rollback()
}

func TestDependOn(t *testing.T) {
	t.Parallel()
	db := openTest(t, newMemStore())
	tx := begin(t, db, TxOptions{})
	tx.DependOn(1, k(1))
	tx.DependOn(1, k(1))
	if tx.Changed() {
		t.Error("a dependency counts as a change")
	}
	must(t, tx.Put(2, k(1), ""))
	if !tx.Changed() {
		t.Error("a row does not count as a change")
	}
	write(t, db, 1, 1, 1)
	_, err := tx.Commit(context.Background())
	wantConflict(t, err)
}

// TestForgottenSnapshot validates a transaction whose caller has left, and whose snapshot was given up: what it would
// have to be compared with is gone.
func TestForgottenSnapshot(t *testing.T) {
	t.Parallel()
	db := openTest(t, newMemStore())
	write(t, db, 1, 1, 1)
	left := &commitlog.Txn{Snapshot: db.Head(), Tables: []commitlog.TableWrite{{Table: 1, Ops: []commitlog.Op{{Key: k(1)}}}}}
	must(t, db.Validate(left))
	write(t, db, 1, 1, 2)
	wantConflict(t, db.Validate(left))
}

// TestPruneKeepsLaterWrites forgets an early write of a row that a later commit has written again.
func TestPruneKeepsLaterWrites(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := openTest(t, newMemStore())
	write(t, db, 1, 0, 0)
	a := begin(t, db, TxOptions{})
	write(t, db, 1, 1, 1)
	b := begin(t, db, TxOptions{})
	write(t, db, 1, 1, 2)
	must(t, a.Put(1, k(1), rowOf(3)))
	_, err := a.Commit(ctx) // builds the index and, as the oldest, lets go of the first write
	wantConflict(t, err)
	must(t, b.Put(1, k(1), rowOf(3)))
	_, err = b.Commit(ctx)
	wantConflict(t, err)
}
