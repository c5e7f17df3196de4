package sqlengine

import (
	"context"
	"sync"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// sampleRows is how many rows of a table its statistics are made from at most.
const sampleRows = 64 << 10

// statistics keeps what is known of columns. It is shared by sessions.
type statistics struct {
	mu sync.Mutex
	m  map[statsKey]columnStats // guarded by mu
}

type statsKey struct{ table, column uint32 }

// columnStats is a column's statistics and the size that its table had then.
type columnStats struct {
	plan.ColumnStats
	version any
	rows    int
}

// txStatistics serves the statistics of the tables that a transaction sees.
type txStatistics struct {
	ctx context.Context
	all *statistics
	tx  *table.Tx
}

var _ plan.Statistics = txStatistics{}

// Column describes column i of t: as remembered, unless the table has grown or shrunk a lot since, or from a sample.
func (s txStatistics) Column(t *catalog.Table, i int) (plan.ColumnStats, bool) {
	rows := s.tx.RowCount(t.ID)
	if rows == 0 || t.Columns[i].Type.Class() == base.JSON {
		return plan.ColumnStats{}, false
	}
	key := statsKey{t.ID, t.Columns[i].ID}
	s.all.mu.Lock()
	have, ok := s.all.m[key]
	s.all.mu.Unlock()
	version := s.tx.Version(t.ID)
	if ok && (have.version == version || rows <= have.rows+have.rows/4 && rows >= have.rows-have.rows/4 && rows > 1000) {
		return have.ColumnStats, true
	}
	st, err := sampleColumn(s.ctx, s.tx, t, i, rows)
	if err != nil {
		return plan.ColumnStats{}, false // planning goes on without; reading the column reports the error
	}
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	if s.all.m == nil || len(s.all.m) > 10_000 {
		s.all.m = map[statsKey]columnStats{}
	}
	s.all.m[key] = columnStats{st, version, rows}
	return st, true
}

// sampleColumn describes a column by the rows of a sample.
func sampleColumn(ctx context.Context, tx *table.Tx, t *catalog.Table, i, rows int) (plan.ColumnStats, error) {
	col := &t.Columns[i]
	d := digest{typ: col.Type, binary: expr.BinaryCollation(col.Type.Collation)}
	err := tx.Sample(ctx, t.ID, sampleRows, []table.ScanCol{{ID: col.ID, Type: col.Type}}, d.add)
	if err != nil {
		return plan.ColumnStats{}, err
	}
	return d.stats(rows), nil
}

// digest gathers a column's values. The batches of the sample go in turn to two halves, whose overlap tells how many
// values there are that neither has (Lincoln and Petersen's estimate of a population).
type digest struct {
	typ      base.Type
	binary   bool
	min, max base.Value
	n, nulls int
	batches  int
	seen     [2]map[uint64]struct{}
	key      []byte
}

func (d *digest) add(b *vec.Batch) {
	v := b.Cols[0]
	half := d.batches & 1
	d.batches++
	if d.seen[half] == nil {
		d.seen[half] = map[uint64]struct{}{}
	}
	for i := range b.N {
		d.n++
		if v.IsNull(i) {
			d.nulls++
			continue
		}
		d.key = expr.AppendKey(d.key[:0], d.typ, v, i)
		d.seen[half][hash(d.key)] = struct{}{}
		d.bounds(v, i)
	}
}

// bounds widens min and max.
func (d *digest) bounds(v *vec.Vector, i int) {
	switch v.Class {
	case base.String, base.Bytes:
		return // ranges of texts are not interpolated
	}
	x := v.Value(i)
	if d.min.IsNull() || expr.Compare(x, d.min, d.typ) < 0 {
		d.min = x
	}
	if d.max.IsNull() || expr.Compare(x, d.max, d.typ) > 0 {
		d.max = x
	}
}

// hash is FNV-1a.
func hash(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

func (d *digest) stats(rows int) plan.ColumnStats {
	s := plan.ColumnStats{Min: d.min, Max: d.max}
	if d.n == 0 {
		return s
	}
	s.Nulls = float64(d.nulls) / float64(d.n)
	a, b := float64(len(d.seen[0])), float64(len(d.seen[1]))
	both := 0.0
	for k := range d.seen[0] {
		if _, ok := d.seen[1][k]; ok {
			both++
		}
	}
	seen := a + b - both
	s.Distinct = seen
	if d.n < rows {
		s.Distinct = min(seen*float64(rows)/float64(d.n), max(seen, a*b/max(both, 1)))
		if both == 0 {
			s.Distinct = seen * float64(rows) / float64(d.n)
		}
	}
	s.Distinct = max(min(s.Distinct, float64(rows)), 1)
	return s
}
