package partition

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// OfFunc stands for the partitioning expression in the place of a column.
const OfFunc = -1

// Op is what a Cond asks of its column.
type Op uint8

// The operators.
const (
	Equal   Op = iota // to one of Args
	SameAs            // <=> Args[0]
	IsNull            // no Args
	Above             // > Args[0]
	AtLeast           // >= Args[0]
	Below             // < Args[0]
	AtMost            // <= Args[0]
	Either            // one of Any
	Nothing           // never true
	NotNull           // of a scan only: partitions are not told apart by it
)

// Cond is a condition on a column by which rows are divided, or on the partitioning expression.
type Cond struct {
	Op   Op
	Col  int         // position in the table, or OfFunc
	Args []expr.Expr // each has one value during an execution
	Any  [][]Cond    // of Either: conditions that hold together, one list of which does
}

// span is what conditions leave of the values of a column.
type span struct {
	fixed  bool // only points, which may be NULL
	points []base.Value
	lo, hi *edge // NULL is not between them
}

// edge is an end of a span.
type edge struct {
	v    base.Value
	open bool // v itself is outside
}

// box is what conditions that hold together leave, by column; a column that is not there can have any value.
type box map[int]*span

// add narrows the box by a condition. One whose values do not follow the order of the column leaves it as it is: the scan
// looks at the whole condition row by row.
func (b box) add(ctx *expr.Context, f *Func, c *Cond) {
	t := base.Type{}
	if c.Col >= 0 {
		t = f.types[c.Col]
	} else {
		t = f.x.Type()
	}
	s := b[c.Col]
	if s == nil {
		s = &span{}
		b[c.Col] = s
	}
	switch c.Op {
	case Nothing:
		s.fix(nil)
	case IsNull:
		s.fix([]base.Value{{}})
	case Equal, SameAs:
		points := make([]base.Value, 0, len(c.Args))
		for _, e := range c.Args {
			v, err := expr.Scalar(ctx, e)
			if err != nil {
				return // reading the rows reports it
			}
			if v.IsNull() {
				if c.Op == SameAs {
					points = append(points, v)
				}
				continue
			}
			at := expr.KeyBoundOf(v, e.Type(), t)
			if !at.OK {
				return
			}
			if at.Side == 0 {
				points = append(points, at.Near)
			}
		}
		s.fix(points)
	default:
		s.bound(ctx, f, c, t)
	}
}

// fix leaves the given points. Of two lists the shorter one says more.
func (s *span) fix(points []base.Value) {
	if !s.fixed || len(points) < len(s.points) {
		s.fixed, s.points = true, points
	}
}

// bound narrows a span by a comparison.
func (s *span) bound(ctx *expr.Context, f *Func, c *Cond, t base.Type) {
	v, err := expr.Scalar(ctx, c.Args[0])
	if err != nil {
		return
	}
	if v.IsNull() {
		s.fix(nil)
		return
	}
	at := expr.KeyBoundOf(v, c.Args[0].Type(), t)
	if !at.OK {
		return
	}
	e := &edge{v: at.Near}
	if c.Op == Above || c.Op == AtLeast {
		e.open = at.Side > 0 || at.Side == 0 && c.Op == Above
		if s.lo == nil || f.loKey(c.Col, e) > f.loKey(c.Col, s.lo) {
			s.lo = e
		}
		return
	}
	e.open = at.Side < 0 || at.Side == 0 && c.Op == Below
	if s.hi == nil || f.hiKey(c.Col, e) < f.hiKey(c.Col, s.hi) {
		s.hi = e
	}
}

// key is the key of a value of a column, or of the partitioning expression.
func (f *Func) key(col int, v base.Value) string {
	if col >= 0 {
		return string(base.AppendKey(nil, catalog.KeyValue(f.types[col], v)))
	}
	return string(base.AppendKey(nil, v))
}

// loKey is the first key within an edge; without one, the first that is not NULL.
func (f *Func) loKey(col int, e *edge) string {
	if e == nil {
		return base.PrefixEnd(string(base.AppendKey(nil, base.Value{})))
	}
	k := f.key(col, e.v)
	if e.open {
		k = base.PrefixEnd(k)
	}
	return k
}

// hiKey is the first key beyond an edge.
func (f *Func) hiKey(col int, e *edge) string {
	if e == nil {
		return maxKey
	}
	k := f.key(col, e.v)
	if !e.open {
		k = base.PrefixEnd(k)
	}
	return k
}

// allows reports whether a value of a column, given by its key, is within the span; nil allows any.
func (s *span) allows(f *Func, col int, key string) bool {
	switch {
	case s == nil:
		return true
	case s.fixed:
		for _, v := range s.points {
			if f.key(col, v) == key {
				return true
			}
		}
		return false
	case s.lo == nil && s.hi == nil:
		return true
	}
	return key >= f.loKey(col, s.lo) && key < f.hiKey(col, s.hi)
}
