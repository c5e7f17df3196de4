package exec

import (
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// winReach is how far beyond a row functions look: rows, to the end of its group of peers, or of its partition.
type winReach struct {
	rows      int
	peers     bool
	partition bool
}

// offsetMax keeps row numbers from overflowing.
const offsetMax = 1 << 40

// winFrame computes the frames of rows one after the other. Both ends only ever move forward within a partition.
type winFrame struct {
	plan       *plan.Frame
	startN     int // rows or groups from the row at hand
	endN       int
	lo, hi     []int // of the rows of the segment
	start, end int   // where the search for the next row's frame begins

	row, atStart, atEnd    pageCursor // of group numbers
	key, startKey, endKey  pageCursor
	startValue, endValue   pageCursor
	compare                compareFunc
	ranged                 bool
	searchStart, searchEnd bool // the ends are searched for
}

// needsGroups reports whether a call looks at the groups of peers.
func needsGroups(c *plan.WindowCall) bool {
	switch c.Name {
	case "RANK", "DENSE_RANK", "PERCENT_RANK", "CUME_DIST":
		return true
	case "ROW_NUMBER", "NTILE", "LAG", "LEAD":
		return false
	}
	return c.Frame.Unit != plan.RowsFrame && (c.Frame.Start.Kind != plan.UnboundedPreceding || c.Frame.End.Kind != plan.UnboundedFollowing)
}

// frameOf returns the frame of a call, shared with the calls that have the same.
func (o *windowOp) frameOf(c *plan.WindowCall) (*winFrame, error) {
	f := &winFrame{plan: &c.Frame}
	var err error
	if f.startN, err = o.offset(c, &c.Frame.Start); err != nil {
		return nil, err
	}
	if f.endN, err = o.offset(c, &c.Frame.End); err != nil {
		return nil, err
	}
	for _, g := range o.frames {
		if g.plan == f.plan || g.plan.String() == f.plan.String() && g.startN == f.startN && g.endN == f.endN && !ranged(g.plan) && !ranged(f.plan) {
			return g, nil
		}
	}
	f.ranged = ranged(f.plan)
	searched := func(b *plan.FrameBound) bool {
		return f.plan.Unit != plan.RowsFrame && b.Kind != plan.UnboundedPreceding && b.Kind != plan.UnboundedFollowing
	}
	f.searchStart, f.searchEnd = searched(&f.plan.Start), searched(&f.plan.End)
	o.cursors(f)
	o.reachOf(f)
	o.frames = append(o.frames, f)
	return f, nil
}

func ranged(f *plan.Frame) bool { return f.Unit == plan.RangeFrame && f.Key != nil }

// cursors opens what the frame reads.
func (o *windowOp) cursors(f *winFrame) {
	groups := len(o.plan.Input.Schema())
	if f.searchStart || f.searchEnd {
		f.row, f.atStart, f.atEnd = newPageCursor(&o.pages, groups), newPageCursor(&o.pages, groups), newPageCursor(&o.pages, groups)
	}
	if !f.ranged {
		return
	}
	column := func(e expr.Expr) pageCursor {
		c, _ := expr.AsColumn(e)
		return newPageCursor(&o.pages, c)
	}
	f.compare = comparer(f.plan.Key.Type())
	f.key, f.startKey, f.endKey = column(f.plan.Key), column(f.plan.Key), column(f.plan.Key)
	if f.plan.Start.Value != nil {
		f.startValue = column(f.plan.Start.Value)
	}
	if f.plan.End.Value != nil {
		f.endValue = column(f.plan.End.Value)
	}
}

// reachOf notes how far the frame looks ahead.
func (o *windowOp) reachOf(f *winFrame) {
	for _, b := range []*plan.FrameBound{&f.plan.Start, &f.plan.End} {
		switch {
		case b.Kind == plan.UnboundedFollowing, b.Kind == plan.Following && f.plan.Unit != plan.RowsFrame:
			o.reach.partition = true
		case f.plan.Unit != plan.RowsFrame && b.Kind != plan.UnboundedPreceding:
			o.reach.peers = true
		}
	}
	o.reach.rows = max(o.reach.rows, f.startN, f.endN)
}

// offset evaluates the offset of a bound: the rows or groups from the row at hand, negative for PRECEDING.
func (o *windowOp) offset(c *plan.WindowCall, b *plan.FrameBound) (int, error) {
	if b.Offset == nil {
		return 0, nil
	}
	v, err := expr.Scalar(o.ec.Expr, b.Offset)
	if err != nil {
		return 0, err
	}
	n, err := c.Offset(v)
	if b.Kind == plan.Preceding {
		return -int(min(n, offsetMax)), err
	}
	return int(min(n, offsetMax)), err
}

func (f *winFrame) reset(first int) { f.start, f.end = first, first }

// oldest returns the first row that the search for later frames looks at.
func (f *winFrame) oldest() int {
	switch {
	case f.searchStart && f.searchEnd:
		return min(f.start, f.end)
	case f.searchStart:
		return f.start
	case f.searchEnd:
		return f.end
	}
	return offsetMax
}

// compute sets lo and hi for the rows of seg.
func (f *winFrame) compute(seg winSegment) {
	n := seg.to - seg.from
	f.lo, f.hi = resize(f.lo, n), resize(f.hi, n)
	switch {
	case f.plan.Start.Kind == plan.UnboundedPreceding:
		fillInts(f.lo, seg.first)
	case !f.searchStart:
		for k := range f.lo {
			f.lo[k] = min(max(seg.from+k+f.startN, seg.first), seg.end)
		}
	case f.plan.Start.Value != nil:
		f.rangeStarts(seg)
	default:
		f.groupStarts(seg)
	}
	switch {
	case f.plan.End.Kind == plan.UnboundedFollowing:
		fillInts(f.hi, seg.end)
	case !f.searchEnd:
		for k := range f.hi {
			f.hi[k] = min(max(seg.from+k+f.endN+1, seg.first), seg.end)
		}
	case f.plan.End.Value != nil:
		f.rangeEnds(seg)
	default:
		f.groupEnds(seg)
	}
}

func fillInts(s []int, v int) {
	for i := range s {
		s[i] = v
	}
}

func (c *pageCursor) number(row int) int64 {
	i := c.seek(row)
	return c.v.I64[i]
}

func (f *winFrame) groupStarts(seg winSegment) {
	for k := range f.lo {
		f.lo[k] = f.groupStart(f.row.number(seg.from+k)+int64(f.startN), seg.end)
	}
}

// groupStart moves the start to the first row of group g or later.
func (f *winFrame) groupStart(g int64, end int) int {
	for f.start < end && f.atStart.number(f.start) < g && f.atStart.store.err == nil {
		f.start++
	}
	return f.start
}

func (f *winFrame) groupEnds(seg winSegment) {
	for k := range f.hi {
		f.hi[k] = f.groupEnd(f.row.number(seg.from+k)+int64(f.endN), seg.end)
	}
}

// groupEnd moves the end to the first row behind group g.
func (f *winFrame) groupEnd(g int64, end int) int {
	for f.end < end && f.atEnd.number(f.end) <= g && f.atEnd.store.err == nil {
		f.end++
	}
	return f.end
}

// rangeStarts finds the first rows whose keys are not before the bound. A row without a key has its peers for a frame.
func (f *winFrame) rangeStarts(seg winSegment) {
	for k := range f.lo {
		row := seg.from + k
		if i := f.key.seek(row); f.key.v.IsNull(int(i)) {
			f.lo[k] = f.groupStart(f.row.number(row), seg.end)
			continue
		}
		v := f.startValue.seek(row)
		for f.start < seg.end && f.key.store.err == nil {
			side, null := f.side(&f.startKey, f.start, f.startValue.v, v, &f.plan.Start)
			if null && f.plan.Desc || !null && side >= 0 {
				break
			}
			f.start++
		}
		f.lo[k] = f.start
	}
}

// rangeEnds finds the first rows whose keys are behind the bound.
func (f *winFrame) rangeEnds(seg winSegment) {
	for k := range f.hi {
		row := seg.from + k
		if i := f.key.seek(row); f.key.v.IsNull(int(i)) {
			f.hi[k] = f.groupEnd(f.row.number(row), seg.end)
			continue
		}
		v := f.endValue.seek(row)
		for f.end < seg.end && f.key.store.err == nil {
			side, null := f.side(&f.endKey, f.end, f.endValue.v, v, &f.plan.End)
			if null && f.plan.Desc || !null && side > 0 {
				break
			}
			f.end++
		}
		f.hi[k] = f.end
	}
}

// side says whether the key of a row comes before (-1), at (0) or behind (1) the bound, row i of value. null says that the
// row has no key: such rows stand at the low end of the order. A bound that is NULL lies beyond all keys.
func (f *winFrame) side(key *pageCursor, row int, value *vec.Vector, i int32, b *plan.FrameBound) (side int, null bool) {
	j := key.seek(row)
	if key.v.IsNull(int(j)) {
		return 0, true
	}
	if value.IsNull(int(i)) {
		if b.Kind == plan.Preceding {
			return 1, false
		}
		return -1, false
	}
	c := f.compare(key.v, j, value, i)
	if f.plan.Desc {
		c = -c
	}
	return c, false
}
