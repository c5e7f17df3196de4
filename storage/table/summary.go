package table

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/segment"
)

// Summary describes the values that a column has in the segments of a table.
type Summary struct {
	Rows     int        // of the segments, those that are gone included
	Nulls    int        // of them NULL
	Min, Max base.Value // bounds; of texts the first 32 bytes; NULL when unknown, or when there is no value
	Distinct float64    // about how many values there are
}

// Summary describes a column of a table from what its segments say of themselves; ok is false when it has none, or when most of its
// rows are in memory, where Sample sees them. It is for planning: not a tracked read.
// Cost: none.
func (tx *Tx) Summary(table, column uint32) (s Summary, ok bool) {
	v := tx.view(table)
	if v.segs == nil {
		return s, false
	}
	var seen segment.Sketch
	known := true
	for _, g := range v.segs.all() {
		s.Rows += g.meta.Rows
		c := g.column(column)
		if c == nil { // it is older than the column
			s.Nulls += g.meta.Rows
			continue
		}
		s.Nulls += c.Nulls
		seen.Merge(&c.Distinct)
		if c.Min.IsNull() || c.Max.IsNull() {
			known = known && c.Nulls == g.meta.Rows
			continue
		}
		if s.Min.IsNull() || base.KeyOf(c.Min) < base.KeyOf(s.Min) {
			s.Min = c.Min
		}
		if s.Max.IsNull() || base.KeyOf(c.Max) > base.KeyOf(s.Max) {
			s.Max = c.Max
		}
	}
	if !known {
		s.Min, s.Max = base.Value{}, base.Value{}
	}
	s.Distinct = min(seen.Estimate(), float64(s.Rows-s.Nulls))
	return s, 2*s.Rows >= v.rows
}

func (g *seg) column(id uint32) *segment.ColumnStats {
	for i := range g.meta.Columns {
		if g.meta.Columns[i].ID == id {
			return &g.meta.Columns[i]
		}
	}
	return nil
}
