package table

import (
	"strings"
	"sync/atomic"
	"testing"
)

// TestBulkBesideFlush deletes a row of a table that has no segment yet while a flush is writing it, and has another edit come before that
// of the flush: the row stays deleted.
func TestBulkBesideFlush(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(t *testing.T, db *DB){
		"few": func(t *testing.T, db *DB) {
			tx := db.begin(TxOptions{})
			must(t, tx.KeepFew(7, 1000))
			commit(t, tx)
		},
		"bulk": func(t *testing.T, db *DB) {
			tx := db.begin(TxOptions{})
			for i := range 40 {
				must(t, tx.Insert(7, k(1000+i), textRow(strings.Repeat("x", 100))))
			}
			must(t, tx.Relieve(t.Context()))
			commit(t, tx)
			if db.state.Load().table(7).segs == nil {
				t.Fatal("the transaction has written no segment")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newMemStore()
			db := openTest(t, store, withSegments)
			tx := db.begin(TxOptions{})
			for i := range 20 {
				must(t, tx.Insert(7, k(i), textRow("row")))
			}
			commit(t, tx)
			if v := db.state.Load().table(7); !v.unfolded || v.segs != nil {
				t.Fatal("the table is not one that waits for its first flush")
			}
			var begun atomic.Bool
			store.hook = func(op, key string, after bool) error {
				if op == "PUT" && strings.HasPrefix(key, "data/7/") && !after && begun.CompareAndSwap(false, true) {
					tx := db.begin(TxOptions{})
					must(t, tx.Delete(7, k(3)))
					must(t, tx.Update(7, k(4), textRow("new")))
					commit(t, tx)
					edit(t, db)
				}
				return nil
			}
			must(t, db.Flush(t.Context(), 7))
			for _, db := range []*DB{db, openTest(t, store, withSegments)} {
				tx = db.begin(TxOptions{ReadOnly: true})
				rows := 0
				must(t, tx.Range(t.Context(), 7, k(0), k(1000), func(key, row string) bool {
					rows++
					if key == k(3) || key == k(4) && row != textRow("new") {
						t.Errorf("the row of %x is back", key)
					}
					return true
				}))
				if rows != 19 || tx.RowCount(7) != 19 && name == "few" {
					t.Errorf("%d rows, %d counted, want 19", rows, tx.RowCount(7))
				}
			}
		})
	}
}
