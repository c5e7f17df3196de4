package table

import (
	"context"

	"github.com/s3sql/s3sql/internal/vec"
)

// sampleBatch is how many rows of a sample lie together: one batch.
const sampleBatch = 1024

// Sample calls fn with batches of rows from all over the table, about limit rows in all, or all rows of a table that has no
// more. It is for planning: not a tracked read.
// Cost: none for rows in memory; of a table with segments the first rows are read, as a scan does: Summary describes those.
// Errors: Corrupt, ctx.Err(), those of the store.
func (tx *Tx) Sample(ctx context.Context, table uint32, limit int, cols []ScanCol, fn func(*vec.Batch)) error {
	v := tx.view(table)
	var b vec.Batch
	if v.rows <= limit || len(v.parts) == 0 {
		s := tx.db.files.scan(v, ScanSpec{Cols: cols})
		for n := 0; n < limit; n += b.N {
			if _, ok, err := s.Next(ctx, &b); err != nil || !ok {
				return err
			}
			fn(&b)
		}
		return nil
	}
	runs := max(limit/sampleBatch, 2)
	for i := range runs {
		if err := ctx.Err(); err != nil {
			return err
		}
		p, from := v.rowAt(i * max(v.base-sampleBatch, 0) / (runs - 1))
		b = vec.Batch{N: min(sampleBatch, p.rows()-from)}
		built, at, err := columnsOf(p, cols, from, b.N)
		if err != nil {
			return err
		}
		for c, col := range built {
			b.Cols = append(b.Cols, col.slice(cols[c], at, b.N))
		}
		fn(&b)
	}
	return nil
}

// rowAt returns the part that holds row i of all rows in parts, and the row's place there.
func (v *version) rowAt(i int) (p part, at int) {
	for _, p = range v.parts {
		if i < p.rows() {
			return p, i
		}
		i -= p.rows()
	}
	return p, p.rows() - 1
}

// columnsOf returns columns of a part and where in them its row from is. Only n rows are decoded, and not kept, unless the part
// has its columns decoded anyway.
func columnsOf(p part, cols []ScanCol, from, n int) (out []*column, at int, err error) {
	if p.ready(cols) {
		out, err = p.columns(cols)
		return out, from, err
	}
	out, err = buildColumns(cols, n, func(i int) string { return p.row(from + i) })
	return out, 0, err
}
