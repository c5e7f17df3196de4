package segment

import (
	"cmp"
	"slices"

	"github.com/s3sql/s3sql/internal/base"
)

// Nulls says which rows a Bound wants as to NULL.
type Nulls uint8

// What a Bound can want.
const (
	AnyNull Nulls = iota // NULL or not; Min and Max do not matter
	NotNull
	IsNull
)

// Bound is a condition on a column: with NotNull, a value between Min and Max (NULL: unbounded), of the column's class, a
// DECIMAL of any scale.
type Bound struct {
	ID               uint32
	Min, Max         base.Value
	MinOpen, MaxOpen bool // the bound itself does not count
	Null             Nulls
	Missing          base.Value // of the rows of a segment that does not have the column
}

// Span is the rows [From, From+N).
type Span struct{ From, N int }

// MayMeet reports whether rows of the segment can meet all bounds, by what the description says of its columns. A bound whose
// values do not compare with those of the column excludes nothing.
func (m *Meta) MayMeet(all []Bound) bool {
	for i := range all {
		q := &all[i]
		k, ok := slices.BinarySearchFunc(m.Columns, q.ID, func(c ColumnStats, id uint32) int { return cmp.Compare(c.ID, id) })
		switch {
		case ok && !q.mayMeet(&bounds{min: m.Columns[k].Min, max: m.Columns[k].Max, nulls: m.Columns[k].Nulls}, m.Rows):
			return false
		case !ok && len(m.Columns) > 0 && !q.missingMeets():
			return false
		}
	}
	return true
}

// missingMeets reports whether the rows of a segment without the column can meet q.
func (q *Bound) missingMeets() bool {
	b := bounds{min: q.Missing, max: q.Missing}
	if q.Missing.IsNull() {
		b.nulls = 1
	}
	return q.mayMeet(&b, 1)
}

// Prune returns the spans of rows that can meet all bounds, ascending and apart: whole pages, by the page index. A bound whose
// values do not compare with those of the column excludes nothing.
//
// Cost: no request. Errors: Corrupt (the page index).
func (r *Reader) Prune(all []Bound) ([]Span, error) {
	indexes := make([][]bounds, len(all))
	for i := range all {
		c := r.find(all[i].ID)
		if c == nil {
			if !r.Raw() && !all[i].missingMeets() {
				return nil, nil
			}
			continue
		}
		var err error
		if indexes[i], err = c.index(); err != nil {
			return nil, err
		}
	}
	var out []Span
pages:
	for p := range r.Pages() {
		from, n := r.PageRows(p)
		for i := range all {
			if indexes[i] != nil && !all[i].mayMeet(&indexes[i][p], n) {
				continue pages
			}
		}
		if k := len(out) - 1; k >= 0 && out[k].From+out[k].N == from {
			out[k].N += n
		} else {
			out = append(out, Span{from, n})
		}
	}
	return out, nil
}

// mayMeet reports whether one of n rows with those bounds can meet q.
func (q *Bound) mayMeet(b *bounds, n int) bool {
	switch q.Null {
	case IsNull:
		return b.nulls > 0
	case AnyNull:
		return true
	}
	if b.nulls == n || b.min.IsNull() {
		return b.nulls < n
	}
	return q.reaches(q.Min, b.max, 1, q.MinOpen) && q.reaches(q.Max, b.min, -1, q.MaxOpen)
}

// reaches reports whether a page that goes as far as end, up (1) or down (-1), has values at or past limit.
func (q *Bound) reaches(limit, end base.Value, up int, open bool) bool {
	if limit.IsNull() || limit.Class() != end.Class() || limit.Class() == base.JSON {
		return true
	}
	c := compare(end, limit) * up
	return c > 0 || c == 0 && (!open || limit.Class() == base.String || limit.Class() == base.Bytes || limit.Class() == base.Float)
}
