package sqlengine

import (
	"context"
	"sync"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// sampleRows is how many rows of a table its statistics are made from at most.
const sampleRows = 16 << 10

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
	rows := tableRows(s.tx, t)
	if c := &t.Columns[i]; rows == 0 || c.Type.Class() == base.JSON || c.Encrypted != "" { // sealed values say nothing
		return plan.ColumnStats{}, false
	}
	key := statsKey{t.ID, t.Columns[i].ID}
	s.all.mu.Lock()
	have, ok := s.all.m[key]
	s.all.mu.Unlock()
	version := versionOf(s.tx, t)
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

// versionOf is a comparable value that tells versions of a table apart; of one with partitions only as far as the first that
// has rows tells.
func versionOf(tx *table.Tx, t *catalog.Table) any {
	for _, id := range t.RowTables() {
		if tx.RowCount(id) > 0 {
			return tx.Version(id)
		}
	}
	return tx.Version(t.ID)
}

// summary describes a column by what the segments of its table, or of a sample of its partitions, say of themselves; ok is false when
// most rows are in memory.
func summary(tx *table.Tx, t *catalog.Table, i, rows int) (st plan.ColumnStats, ok bool) {
	var all, nulls int
	for _, id := range spreadParts(t) {
		s, ok := tx.Summary(id, t.Columns[i].ID)
		if !ok {
			if tx.RowCount(id) == 0 {
				continue
			}
			return st, false
		}
		all, nulls = all+s.Rows, nulls+s.Nulls
		st.Distinct = max(st.Distinct, s.Distinct)
		if st.Min.IsNull() || !s.Min.IsNull() && base.KeyOf(s.Min) < base.KeyOf(st.Min) {
			st.Min = s.Min
		}
		if st.Max.IsNull() || !s.Max.IsNull() && base.KeyOf(s.Max) > base.KeyOf(st.Max) {
			st.Max = s.Max
		}
	}
	if all == 0 {
		return st, false
	}
	switch t.Columns[i].Type.Class() {
	case base.String, base.Bytes: // ranges of texts are not interpolated
		st.Min, st.Max = base.Value{}, base.Value{}
	}
	st.Nulls, st.Distinct = float64(nulls)/float64(all), min(st.Distinct, float64(rows))
	return st, true
}

// sampleColumn describes a column by the rows of a sample.
func sampleColumn(ctx context.Context, tx *table.Tx, t *catalog.Table, i, rows int) (plan.ColumnStats, error) {
	if st, ok := summary(tx, t, i, rows); ok {
		return st, nil
	}
	col := &t.Columns[i]
	d := digest{typ: col.Type}
	ids := spreadParts(t)
	for _, id := range ids {
		limit := sampleRows / len(ids)
		if err := tx.Sample(ctx, id, limit, []table.ScanCol{{ID: col.ID, Type: col.Type}}, d.add); err != nil {
			return plan.ColumnStats{}, err
		}
	}
	return d.stats(rows), nil
}
