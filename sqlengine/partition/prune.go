package partition

import (
	"math"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// maxPoints bounds the rows of values that pruning looks up one by one.
const maxPoints = 1024

// Prune returns the positions, in order, of the partitions that can have rows for which all conditions hold. named are those
// that the statement names; nil is all of them.
func (f *Func) Prune(ctx *expr.Context, conds []Cond, named []int) []int {
	quiet := *ctx // a value that does not fit is told of when rows are compared with it
	quiet.Warn = nil
	set := f.together(&quiet, conds)
	out := make([]int, 0, 4)
	if named == nil {
		for i := range f.def.Parts {
			if set == nil || set[i] {
				out = append(out, i)
			}
		}
		return out
	}
	for _, i := range named {
		if set == nil || set[i] {
			out = append(out, i)
		}
	}
	return out
}

// together returns the partitions that conditions leave which all hold; nil is all partitions.
func (f *Func) together(ctx *expr.Context, conds []Cond) []bool {
	if len(conds) == 0 {
		return nil
	}
	b := box{}
	var set []bool
	for i := range conds {
		if conds[i].Op == Either {
			set = both(set, f.either(ctx, conds[i].Any))
		} else {
			b.add(ctx, f, &conds[i])
		}
	}
	return both(set, f.ofBox(ctx, b))
}

func (f *Func) either(ctx *expr.Context, any [][]Cond) []bool {
	out := make([]bool, len(f.def.Parts))
	for _, conds := range any {
		set := f.together(ctx, conds)
		if set == nil {
			return nil
		}
		for i, yes := range set {
			out[i] = out[i] || yes
		}
	}
	return out
}

// both returns what two sets have in common; nil is everything.
func both(a, b []bool) []bool {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	for i := range a {
		a[i] = a[i] && b[i]
	}
	return a
}

// ofBox returns the partitions that have values of a box.
func (f *Func) ofBox(ctx *expr.Context, b box) []bool {
	for _, s := range b {
		if s.fixed && len(s.points) == 0 {
			return make([]bool, len(f.def.Parts))
		}
	}
	if f.x != nil {
		set := f.ofPoints(ctx, b)
		if set == nil {
			set = f.ofImage(ctx, b)
		}
		return both(set, f.ofSpan(b[OfFunc]))
	}
	switch f.def.Method {
	case catalog.PartitionRange:
		return f.ofPrefixes(b)
	case catalog.PartitionList:
		return f.ofList(func(r *listRow) bool {
			for c, i := range f.cols {
				if !b[i].allows(f, i, r.cells[c]) {
					return false
				}
			}
			return true
		})
	}
	return f.ofPoints(ctx, b)
}

// ofPoints looks up every row of values of a box whose columns all have few; nil if it is another.
func (f *Func) ofPoints(ctx *expr.Context, b box) []bool {
	n := 1
	for _, i := range f.cols {
		s := b[i]
		if s == nil || !s.fixed || n*len(s.points) > maxPoints {
			return nil
		}
		n *= len(s.points)
	}
	set := make([]bool, len(f.def.Parts))
	row := make([]base.Value, len(f.types))
	for k := range n {
		for _, i := range f.cols {
			points := b[i].points
			row[i] = points[k%len(points)]
			k /= len(points)
		}
		part, err := f.Locate(ctx, row)
		if err != nil {
			return nil
		}
		if part >= 0 {
			set[part] = true
		}
	}
	return set
}

// ofImage uses that the partitioning expression grows with its only column: its values lie between those of the ends.
func (f *Func) ofImage(ctx *expr.Context, b box) []bool {
	if len(f.cols) != 1 || !f.grows() {
		return nil
	}
	s := b[f.cols[0]]
	if s == nil || s.fixed || s.lo == nil && s.hi == nil {
		return nil
	}
	return f.ofSpan(&span{lo: f.image(ctx, s.lo, 1), hi: f.image(ctx, s.hi, -1)})
}

// grows reports whether a larger value of the column never gives a smaller one of the expression.
func (f *Func) grows() bool {
	if _, ok := expr.AsColumn(f.x); ok {
		return true
	}
	for _, name := range []string{"YEAR", "TO_DAYS", "TO_SECONDS", "UNIX_TIMESTAMP"} {
		if args, ok := expr.AsCall(f.x, name); ok {
			_, column := expr.AsColumn(args[0])
			return column && len(args) == 1
		}
	}
	return false
}

// image is the value of the expression at an edge; nil, no edge, if it has none. An open edge is the next value inwards.
func (f *Func) image(ctx *expr.Context, e *edge, inwards int64) *edge {
	if e == nil {
		return nil
	}
	i := f.cols[0]
	v := e.v
	if e.open {
		v = step(v, f.types[i], inwards)
	}
	row := make([]base.Value, len(f.types))
	row[i] = v
	out, err := f.value(ctx, row)
	if err != nil || out.IsNull() {
		return nil
	}
	return &edge{v: out}
}

// step returns the value next to v that a column of type t can have, or v where that is not clear.
func step(v base.Value, t base.Type, by int64) base.Value {
	switch v.Class() {
	case base.Int:
		if n := v.Int(); n != math.MaxInt64 && n != math.MinInt64 {
			return base.NewInt(n + by)
		}
	case base.Uint:
		if n := v.Uint(); n != math.MaxUint64 && n != 0 {
			return base.NewUint(n + uint64(by))
		}
	case base.Date:
		return base.NewDate(v.Int() + by)
	case base.DateTime:
		unit := int64(1)
		for s := t.Scale; s < 6; s++ {
			unit *= 10
		}
		return base.NewDateTime(v.Int() + by*unit)
	}
	return v
}

// ofSpan returns the partitions for a span of values of the partitioning expression.
func (f *Func) ofSpan(s *span) []bool {
	switch {
	case s == nil:
		return nil
	case s.fixed:
		set := make([]bool, len(f.def.Parts))
		for _, v := range s.points {
			if i := f.ofValue(v); i >= 0 {
				set[i] = true
			}
		}
		return set
	case s.lo == nil && s.hi == nil:
		return nil
	case f.def.Method == catalog.PartitionRange:
		return f.between(make([]bool, len(f.upper)), f.loKey(OfFunc, s.lo), f.hiKey(OfFunc, s.hi))
	case f.def.Method == catalog.PartitionList:
		return f.ofList(func(r *listRow) bool { return s.allows(f, OfFunc, r.cells[0]) })
	}
	return f.ofFew(s)
}

// ofFew looks up the integers of a span if they are fewer than the partitions.
func (f *Func) ofFew(s *span) []bool {
	if s.lo == nil || s.hi == nil || s.lo.v.Class() != s.hi.v.Class() {
		return nil
	}
	lo, hi := s.lo.v.Int(), s.hi.v.Int()
	width := uint64(hi) - uint64(lo)
	if s.hi.v.Class() == base.Uint && hi < lo || lo <= hi && width >= uint64(len(f.def.Parts)) {
		return nil
	}
	set := make([]bool, len(f.def.Parts))
	for n := lo; n <= hi; n++ {
		set[f.ofValue(base.NewInt(n))] = true
		if n == math.MaxInt64 {
			break
		}
	}
	return set
}

// between adds the RANGE partitions that have keys from lo on and below hi.
func (f *Func) between(set []bool, lo, hi string) []bool {
	for i := range f.upper {
		if f.upper[i] > lo && (i == 0 || f.upper[i-1] < hi) && lo < hi {
			set[i] = true
		}
	}
	return set
}

func (f *Func) ofList(has func(*listRow) bool) []bool {
	set := make([]bool, len(f.def.Parts))
	for i := range f.rows {
		set[f.rows[i].part] = set[f.rows[i].part] || has(&f.rows[i])
	}
	return set
}

// ofPrefixes returns the RANGE COLUMNS partitions of a box: the leading columns that have few values, and the one after them.
func (f *Func) ofPrefixes(b box) []bool {
	prefixes := []string{""}
	for _, i := range f.cols {
		s := b[i]
		if s == nil || !s.fixed || len(prefixes)*len(s.points) > maxPoints {
			return f.ofRanges(prefixes, i, s)
		}
		var next []string
		for _, p := range prefixes {
			for _, v := range s.points {
				next = append(next, p+f.key(i, v))
			}
		}
		prefixes = next
	}
	return f.ofRanges(prefixes, -1, nil)
}

func (f *Func) ofRanges(prefixes []string, col int, s *span) []bool {
	ranged := s != nil && !s.fixed && (s.lo != nil || s.hi != nil)
	if !ranged && len(prefixes) == 1 && prefixes[0] == "" {
		return nil
	}
	set := make([]bool, len(f.upper))
	for _, p := range prefixes {
		if ranged {
			f.between(set, p+f.loKey(col, s.lo), p+f.hiKey(col, s.hi))
			continue
		}
		f.between(set, p, p+maxKey)
	}
	return set
}
