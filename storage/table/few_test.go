package table

import "testing"

// TestKeepFew has a table flushed by its rows, before and after it is emptied and the database opened again.
func TestKeepFew(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	db := openTest(t, store, withSegments, func(o *Options) { o.limits.flush, o.limits.foldBytes = 1<<20, 1<<20 })
	step := func(fn func(tx *Tx)) {
		tx := db.begin(TxOptions{})
		fn(tx)
		commit(t, tx)
	}
	step(func(tx *Tx) {
		must(t, tx.Insert(7, k(1), textRow("before")))
		must(t, tx.KeepFew(7, 3))
		must(t, tx.DropTable(7))
		must(t, tx.Insert(7, k(2), textRow("a")))
	})
	full := func() bool { return db.state.Load().table(7).full(db.opts.limits) }
	if v := db.state.Load().table(7); v.rowsMax != 3 || !v.unfolded || full() {
		t.Fatalf("at most %d rows, unfolded %v, full %v", v.rowsMax, v.unfolded, full())
	}
	step(func(tx *Tx) {
		must(t, tx.Insert(7, k(3), textRow("a")))
		must(t, tx.Delete(7, k(2)))
		must(t, tx.Insert(7, k(4), textRow("a")))
	})
	if !full() {
		t.Error("three changes do not make it full")
	}
	must(t, db.Flush(t.Context(), 7))
	if v := db.state.Load().table(7); full() || v.segs == nil || v.rows != 2 {
		t.Errorf("full %v after a flush, %d rows", full(), v.rows)
	}
	step(func(tx *Tx) { must(t, tx.DropTable(7)) })
	must(t, db.Checkpoint(t.Context()))
	db = openTest(t, store, withSegments, func(o *Options) { o.Create = false })
	if v := db.state.Load().table(7); v.rowsMax != 3 || !v.unfolded || !db.state.Load().few {
		t.Errorf("opened again: at most %d rows, unfolded %v", v.rowsMax, v.unfolded)
	}
	step(func(tx *Tx) { must(t, tx.KeepFew(7, 0)) })
	if v := db.state.Load().table(7); v.rowsMax != 0 {
		t.Errorf("at most %d rows after it was taken back", v.rowsMax)
	}
}
