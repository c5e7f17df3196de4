package table

import (
	"context"

	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/commitlog"
)

// Get returns the row of a key, in the encoding of docs/format/row.md. The row is never written again.
// Cost: none.
func (tx *Tx) Get(table uint32, key string) (row string, ok bool) {
	if tx.opts.TrackReads && table < LocalFirst {
		tx.mu.Lock()
		tx.mu.points = append(tx.mu.points, pointRead{table, key})
		tx.mu.Unlock()
	}
	if o := tx.own[table]; o != nil {
		if e := o.writes.get(key); e != nil {
			return e.row, !e.dead
		}
		return o.base.get(key)
	}
	return tx.table(table).get(key)
}

// Scan starts a scan. Writes that follow do not show in it.
// Cost: none.
func (tx *Tx) Scan(_ context.Context, table uint32, spec ScanSpec) *Scanner {
	s := newScanner(tx.view(table), spec)
	if tx.opts.TrackReads && table < LocalFirst {
		s.read = &readRange{table: table, empty: true}
		tx.mu.Lock()
		tx.mu.ranges = append(tx.mu.ranges, s.read)
		tx.mu.Unlock()
	}
	return s
}

// Count returns the number of rows with Lo ≤ key < Hi of the spec. Without bounds it does not look at the rows.
// Errors: ctx.Err().
func (tx *Tx) Count(ctx context.Context, table uint32, spec ScanSpec) (int, error) {
	if spec.Lo == "" && spec.Hi == "" {
		if tx.opts.TrackReads {
			tx.mu.Lock()
			tx.mu.ranges = append(tx.mu.ranges, &readRange{table: table})
			tx.mu.Unlock()
		}
		return tx.RowCount(table), nil
	}
	spec.Cols, spec.WithKeys = nil, false
	s := tx.Scan(ctx, table, spec)
	var b vec.Batch
	n := 0
	for {
		_, ok, err := s.Next(ctx, &b)
		if err != nil || !ok {
			return n, err
		}
		n += b.N
	}
}

// RowCount returns the exact number of rows of the table, for planning: it is not a tracked read.
func (tx *Tx) RowCount(table uint32) int { return tx.view(table).rows }

// ByteCount returns the bytes of the table's keys and rows, for planning.
func (tx *Tx) ByteCount(table uint32) int { return tx.view(table).bytes }

// view returns the table as the transaction sees it, its own writes included.
func (tx *Tx) view(table uint32) *version {
	if o := tx.own[table]; o != nil {
		tx.mu.Lock()
		defer tx.mu.Unlock()
		return o.view()
	}
	return tx.table(table)
}

// reads returns what the transaction has read.
func (tx *Tx) reads() []commitlog.KeyRange {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if len(tx.mu.points)+len(tx.mu.ranges) == 0 {
		return nil
	}
	if len(tx.mu.ranges) == 0 && len(tx.mu.points) <= 8 { // an ordinary statement: 3 of its 61 allocations less
		out := make([]commitlog.KeyRange, len(tx.mu.points))
		for i, p := range tx.mu.points {
			out[i] = commitlog.PointRange(p.table, p.key)
		}
		return out
	}
	all := make([]*readRange, 0, len(tx.mu.points)+len(tx.mu.ranges))
	for _, p := range tx.mu.points {
		all = append(all, &readRange{table: p.table, lo: p.key, hi: successor(p.key)})
	}
	all = append(all, tx.mu.ranges...)
	merged := coalesce(all)
	out := make([]commitlog.KeyRange, len(merged))
	for i, r := range merged {
		out[i] = commitlog.KeyRange{Table: r.table, Lo: r.lo, Hi: r.hi}
	}
	return out
}
