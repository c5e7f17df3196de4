package table

import (
	"math"
	"testing"

	"github.com/s3sql/s3sql/internal/vec"
)

// TestSummary describes columns of segments without a request, and samples a table that has them.
func TestSummary(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	db := openTest(t, store, withSegments)
	for part := range 4 {
		tx := begin(t, db, TxOptions{})
		for i := part; i < 4000; i += 4 {
			val := i % 500
			if i%10 == 0 {
				val = -val // NULL in column 2
			}
			must(t, tx.Insert(7, k(i), rowOf(val)))
		}
		commit(t, tx)
		must(t, db.Flush(t.Context(), 7))
	}
	tx := begin(t, db, TxOptions{ReadOnly: true, Fresh: None})
	store.take()
	n, ok := tx.Summary(7, 1)
	if !ok || n.Rows != 4000 || n.Nulls != 0 || n.Min.Int() != -490 || n.Max.Int() != 499 || math.Abs(n.Distinct/500-1) > 0.5 {
		t.Errorf("%+v %v", n, ok)
	}
	s, ok := tx.Summary(7, 2)
	if !ok || s.Nulls < 300 || s.Nulls > 400 || s.Max.Text() != "v99" {
		t.Errorf("%+v %v", s, ok)
	}
	if later, ok := tx.Summary(7, 99); !ok || later.Nulls != 4000 || !later.Min.IsNull() {
		t.Errorf("a column that no segment has: %+v %v", later, ok)
	}
	if calls := store.take(); len(calls) > 0 {
		t.Errorf("it asks the store: %q", calls)
	}
	rows := 0
	must(t, tx.Sample(t.Context(), 7, 1000, testCols, func(b *vec.Batch) { rows += b.N }))
	if rows < 1000 || rows > 3000 {
		t.Errorf("a sample of %d rows", rows)
	}
}
