package table

import (
	"context"

	"github.com/s3sql/s3sql/internal/vec"
)

// sampleBatch is how many rows of a part go into one batch of a sample.
const sampleBatch = 1024

// Sample calls fn with batches of rows from all over the table, about limit rows in all, or all rows of a table that has no
// more. It is for planning: not a tracked read.
// Cost: none.
// Errors: Corrupt, ctx.Err().
func (tx *Tx) Sample(ctx context.Context, table uint32, limit int, cols []ScanCol, fn func(*vec.Batch)) error {
	v := tx.view(table)
	var b vec.Batch
	if v.rows <= limit || len(v.parts) == 0 {
		s := newScanner(v, ScanSpec{Cols: cols})
		for n := 0; n < limit; n += b.N {
			if _, ok, err := s.Next(ctx, &b); err != nil || !ok {
				return err
			}
			fn(&b)
		}
		return nil
	}
	parts := max(min(limit/chunkRowsMax, len(v.parts)), 2)
	for i := range parts {
		at := 0
		if len(v.parts) > 1 {
			at = i * (len(v.parts) - 1) / (parts - 1)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		p := v.parts[at]
		built, err := p.columns(cols)
		if err != nil {
			return err
		}
		for from := 0; from < p.rows(); from += sampleBatch {
			b = vec.Batch{N: min(sampleBatch, p.rows()-from)}
			for c, col := range built {
				b.Cols = append(b.Cols, col.slice(cols[c], from, b.N))
			}
			fn(&b)
		}
	}
	return nil
}
