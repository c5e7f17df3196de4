package table

import (
	"context"
	"testing"

	"github.com/s3sql/s3sql/internal/vec"
)

// TestSample takes rows from all over a table, its first and last ones too, whether or not they have been decoded.
func TestSample(t *testing.T) {
	t.Parallel()
	db := openTest(t, newMemStore(), func(o *Options) { o.limits = defaultLimits() })
	tx := begin(t, db, TxOptions{})
	const rows = 100_000
	for i := range rows {
		must(t, tx.Put(7, k(i), rowOf(i)))
	}
	commit(t, tx)
	tx = begin(t, db, TxOptions{ReadOnly: true})
	for _, limit := range []int{1, 4096, 20_000, rows, 2 * rows} {
		seen := map[int64]bool{}
		least, most, batches := int64(rows), int64(0), 0
		err := tx.Sample(context.Background(), 7, limit, testCols, func(b *vec.Batch) {
			batches++
			for i := range b.N {
				v := b.Cols[1].Value(i).Int()
				if got := cells(b, i); got != wantCells(int(v)) || seen[v] {
					t.Fatalf("a row is %s, seen %v", got, seen[v])
				}
				seen[v] = true
				least, most = min(least, v), max(most, v)
			}
		})
		must(t, err)
		want := min(max(limit, 2*sampleBatch), rows)
		if least != 0 || most != rows-1 || len(seen) < want/2 || len(seen) > want+sampleBatch {
			t.Errorf("of a limit of %d: %d rows, from %d to %d", limit, len(seen), least, most)
		}
		if limit == 20_000 {
			scanAll(t, tx, 7, ScanSpec{Cols: testCols, WithKeys: true}) // from now on columns are decoded
		}
	}
}
