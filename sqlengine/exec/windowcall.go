package exec

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// winCall computes one function, segment by segment.
type winCall interface {
	// begin starts a page of which n rows will be computed.
	begin(n int)
	// reset starts a partition.
	reset(first int)
	eval(seg winSegment) error
	// result returns the values of the rows since begin.
	result() *vec.Vector
	// oldest returns the first row that it will look at when row next is computed, or after.
	oldest(next int) int
	// bytes estimates the memory it holds beside its result.
	bytes() int64
}

// newCall makes what computes c; width is the number of the input's columns.
func (o *windowOp) newCall(c *plan.WindowCall, width int) (winCall, error) {
	n := int64(1)
	if c.N != nil {
		v, err := expr.Scalar(o.ec.Expr, c.N)
		if err != nil {
			return nil, err
		}
		if n, err = c.Number(v); err != nil {
			return nil, err
		}
	}
	var frame *winFrame
	var err error
	switch c.Name {
	case "ROW_NUMBER", "RANK", "DENSE_RANK", "NTILE", "PERCENT_RANK":
		o.reach.partition = o.reach.partition || c.Name == "NTILE" || c.Name == "PERCENT_RANK"
		return &rankCall{name: c.Name, n: n, typ: c.Type, group: newPageCursor(&o.pages, width)}, nil
	case "CUME_DIST":
		o.reach.partition = true
		peers := &plan.WindowCall{Frame: plan.Frame{Unit: plan.GroupsFrame, End: plan.FrameBound{Kind: plan.CurrentRow}}}
		frame, err = o.frameOf(peers)
		return &rankCall{name: c.Name, typ: c.Type, frame: frame}, err
	case "LAG", "LEAD":
		by := -int(min(n, offsetMax))
		if c.Name == "LEAD" {
			by = -by
			o.reach.rows = max(o.reach.rows, by)
		}
		v := o.newValueCall(c)
		v.by = by
		return v, nil
	}
	if frame, err = o.frameOf(c); err != nil {
		return nil, err
	}
	if c.Agg != nil {
		return o.newAggCall(c, frame), nil
	}
	v := o.newValueCall(c)
	v.frame, v.nth = frame, int(min(n, offsetMax))
	return v, nil
}

// rankCall is the functions that look at the place of a row in its partition alone.
type rankCall struct {
	name  string
	n     int64 // buckets of NTILE
	typ   base.Type
	group pageCursor
	frame *winFrame // CUME_DIST: up to the last peer

	out     *vec.Vector
	at      int
	groups  int64 // seen in the partition
	current int64 // the group at hand
	rank    int64
}

func (c *rankCall) begin(n int) {
	if c.out == nil {
		c.out = newColumn(c.typ)
	}
	c.out.Resize(n)
	c.at = 0
}

func (c *rankCall) reset(int)           { c.groups, c.current, c.rank = 0, -1, 0 }
func (c *rankCall) result() *vec.Vector { return c.out }
func (c *rankCall) oldest(next int) int { return next }
func (c *rankCall) bytes() int64        { return 0 }

func (c *rankCall) eval(seg winSegment) error {
	size := int64(seg.end - seg.first)
	for row := seg.from; row < seg.to; row++ {
		place := int64(row - seg.first)
		switch c.name {
		case "ROW_NUMBER":
			c.out.I64[c.at] = place + 1
		case "NTILE":
			c.out.I64[c.at] = bucket(place, size, c.n)
		case "CUME_DIST":
			c.out.F64[c.at] = float64(c.frame.hi[row-seg.from]-seg.first) / float64(size)
		default:
			if g := c.group.number(row); g != c.current {
				c.current, c.rank = g, place+1
				c.groups++
			}
			switch {
			case c.name == "RANK":
				c.out.I64[c.at] = c.rank
			case c.name == "DENSE_RANK":
				c.out.I64[c.at] = c.groups
			case size > 1:
				c.out.F64[c.at] = float64(c.rank-1) / float64(size-1)
			default:
				c.out.F64[c.at] = 0
			}
		}
		c.at++
	}
	return nil
}

// bucket is the number of the bucket, of n that differ by one row at most, larger ones first.
func bucket(place, size, n int64) int64 {
	small, large := size/n, size%n
	if border := large * (small + 1); place >= border {
		return large + (place-border)/small + 1
	}
	return place/(small+1) + 1
}

// valueCall is the functions that take the value of another row.
type valueCall struct {
	o     *windowOp
	name  string
	typ   base.Type
	arg   winArg
	def   winArg
	by    int       // LAG, LEAD
	frame *winFrame // of the others
	nth   int

	out *vec.Vector
	at  int
	idx []int32
}

func (o *windowOp) newValueCall(c *plan.WindowCall) *valueCall {
	v := &valueCall{o: o, name: c.Name, typ: c.Type, arg: newWinArg(o, c.Args[:1])}
	if len(c.Args) > 1 {
		v.def = newWinArg(o, c.Args[1:])
	}
	return v
}

func (c *valueCall) begin(int)           { c.out, c.at = newColumn(c.typ), 0 }
func (c *valueCall) reset(int)           {}
func (c *valueCall) result() *vec.Vector { return c.out }
func (c *valueCall) bytes() int64        { return 0 }

func (c *valueCall) oldest(next int) int {
	if c.frame == nil {
		return next + min(c.by, 0)
	}
	n := len(c.frame.lo)
	switch {
	case n == 0:
		return next
	case c.name == "LAST_VALUE":
		return min(next, c.frame.hi[n-1]-1)
	}
	return min(next, c.frame.lo[n-1])
}

// place returns the row whose value the k-th row of the segment takes, -1 if there is none.
func (c *valueCall) place(seg winSegment, k int) int {
	row := seg.from + k + c.by
	if c.frame != nil {
		lo, hi := c.frame.lo[k], c.frame.hi[k]
		switch c.name {
		case "FIRST_VALUE":
			row = lo
		case "LAST_VALUE":
			row = hi - 1
		default:
			row = lo + c.nth - 1
		}
		if row < lo || row >= hi {
			return -1
		}
		return row
	}
	if row < seg.first || row >= seg.end {
		return -1
	}
	return row
}

// eval copies values run by run: rows of one page, or none.
func (c *valueCall) eval(seg winSegment) error {
	rows := seg.to - seg.from
	for k := 0; k < rows; {
		row := c.place(seg, k)
		page := pageOf(row)
		c.idx = c.idx[:0]
		from := k
		for k < rows && pageOf(row) == page {
			c.idx = append(c.idx, int32(row-page*vec.MaxRows))
			if k++; k < rows {
				row = c.place(seg, k)
			}
		}
		arg := &c.arg
		if page < 0 {
			if c.def.exprs == nil {
				appendNulls(c.out, c.at, k-from)
				c.at += k - from
				continue
			}
			arg, page = &c.def, seg.from/vec.MaxRows
			for i := range c.idx {
				c.idx[i] = int32(seg.from + from + i - page*vec.MaxRows)
			}
		}
		v, err := arg.eval(page)
		if err != nil {
			return err
		}
		appendColumn(c.out, v[0], c.at, k-from, c.idx)
		c.at += k - from
	}
	return nil
}

func pageOf(row int) int {
	if row < 0 {
		return -1
	}
	return row / vec.MaxRows
}

// winArg evaluates arguments page by page.
type winArg struct {
	o     *windowOp
	exprs []expr.Expr
	agg   *expr.Agg
	page  int
	rows  int
	vecs  []*vec.Vector
}

func newWinArg(o *windowOp, exprs []expr.Expr) winArg { return winArg{o: o, exprs: exprs, page: -1} }

// eval returns the arguments for all rows of a page.
func (a *winArg) eval(page int) ([]*vec.Vector, error) {
	n := a.o.pages.rows(page)
	if page == a.page && n == a.rows {
		return a.vecs, nil
	}
	cols, err := a.o.pages.load(page)
	if err != nil {
		return nil, err
	}
	b := &vec.Batch{Cols: cols, N: n}
	if a.agg != nil {
		a.vecs, err = a.agg.Eval(a.o.ec.Expr, b)
	} else {
		a.vecs = resize(a.vecs, len(a.exprs))
		err = evalAll(a.o.ec.Expr, a.exprs, b, a.vecs)
	}
	a.page, a.rows = page, n
	if err != nil {
		a.page = -1
	}
	return a.vecs, err
}
