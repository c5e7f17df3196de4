package plan

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
)

// Statistics describes the columns of tables. It is asked only where a choice depends on the answer.
type Statistics interface {
	// Column describes the values of column i of t; ok is false when nothing is known.
	Column(t *catalog.Table, i int) (s ColumnStats, ok bool)
}

// ColumnStats describes the values of a column, about.
type ColumnStats struct {
	Min, Max base.Value // NULL when there is no value
	Nulls    float64    // the share of rows that are NULL
	Distinct float64    // how many different values there are
}

// source is the table column that a logical column comes from.
type source struct {
	table  *catalog.Table
	column int
}

func (p *planner) sourced(id colID, t *catalog.Table, i int) {
	if p.sources == nil {
		p.sources = map[colID]source{}
	}
	p.sources[id] = source{t, i}
}

// stats describes the values of a logical column; ok is false when it is no column of a table, or nothing is known.
func (p *planner) stats(id colID) (s ColumnStats, ok bool) {
	src, ok := p.sources[id]
	if !ok || p.Statistics == nil {
		return s, false
	}
	return p.Statistics.Column(src.table, src.column)
}
