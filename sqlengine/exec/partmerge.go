package exec

import (
	"container/heap"
	"math"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// mergeFirst is how many rows a partition is asked for first: a LIMIT often takes few of each.
const mergeFirst = 16

// mergeOp reads the partitions of a table side by side, each in the order of its key, and yields their rows in that order.
type mergeOp struct {
	ec     *Context
	plan   *plan.Scan
	single *scanOp // when one partition is left: no merging
	runs   partRuns
	out    vec.Batch
	left   int64 // rows until the limit
}

func newPartMerge(n *plan.Scan, ec *Context) Operator {
	return &mergeOp{ec: ec, plan: n, single: newTableScan(n, ec)}
}

func (o *mergeOp) Open() (err error) {
	if err = o.Close(); err != nil {
		return err
	}
	o.left = math.MaxInt64
	tables := o.single.choose()
	if len(tables) <= 1 {
		return o.single.open(tables)
	}
	if o.left, err = rowCount(o.ec, o.plan.Limit, math.MaxInt64); err != nil {
		return err
	}
	o.runs = partRuns{order: o.plan.Parts.Order, desc: o.plan.Reverse, compare: make([]compareFunc, len(o.plan.Parts.Order))}
	for i, c := range o.runs.order {
		o.runs.compare[i] = comparer(o.plan.Out[c].Type)
	}
	for _, t := range tables {
		r := &partRun{op: newTableScan(o.plan, o.ec)}
		r.op.first = mergeFirst
		if err := r.op.open([]*catalog.Table{t}); err != nil {
			return err
		}
		if ok, err := r.next(); err != nil {
			return err
		} else if ok {
			o.runs.list = append(o.runs.list, r)
		}
	}
	heap.Init(&o.runs)
	return nil
}

func (o *mergeOp) Close() error {
	for _, r := range o.runs.list {
		if err := r.op.Close(); err != nil {
			return err
		}
	}
	o.runs.list, o.out = nil, vec.Batch{}
	return o.single.Close()
}

func (o *mergeOp) Next() (*vec.Batch, error) {
	if o.runs.order == nil {
		return o.single.Next()
	}
	if err := o.ec.Ctx.Err(); err != nil {
		return nil, err
	}
	n := int(min(vec.MaxRows, o.left))
	cols := make([]*vec.Vector, len(o.plan.Out))
	for i, c := range o.plan.Out {
		cols[i] = vec.New(c.Type.Class(), c.Type.Scale, n)
	}
	k := 0
	for ; k < n && len(o.runs.list) > 0; k++ {
		r := o.runs.list[0]
		for i, c := range cols {
			c.Set(k, r.b.Cols[i].Value(int(r.row)))
		}
		ok, err := r.next()
		if err != nil {
			return nil, err
		}
		if ok {
			heap.Fix(&o.runs, 0)
		} else {
			heap.Pop(&o.runs)
		}
	}
	if k == 0 {
		return nil, nil
	}
	for _, c := range cols {
		c.Len = k
	}
	o.left -= int64(k)
	o.out = vec.Batch{N: k, Cols: cols}
	return &o.out, nil
}

// partRun is the rows of one partition.
type partRun struct {
	op  *scanOp
	b   *vec.Batch
	k   int
	row int32 // of b: the next one
}

// next moves to the next row; ok is false at the end.
func (r *partRun) next() (ok bool, err error) {
	if r.k++; r.b == nil || r.k >= r.b.Rows() {
		if r.b, err = r.op.Next(); err != nil || r.b == nil {
			return false, err
		}
		r.k = 0
	}
	r.row = int32(r.b.Row(r.k))
	return true, nil
}

// partRuns is a heap of partitions by their next rows.
type partRuns struct {
	list    []*partRun
	order   []int
	compare []compareFunc
	desc    bool
}

var _ heap.Interface = (*partRuns)(nil)

func (h *partRuns) Len() int      { return len(h.list) }
func (h *partRuns) Swap(i, j int) { h.list[i], h.list[j] = h.list[j], h.list[i] }
func (h *partRuns) Push(any)      {} // partitions only ever leave

// Pop removes the last run.
func (h *partRuns) Pop() any {
	last := h.list[len(h.list)-1]
	h.list = h.list[:len(h.list)-1]
	return last
}

// Less compares the next rows of two runs; no part of a primary key is NULL.
func (h *partRuns) Less(i, j int) bool {
	a, b := h.list[i], h.list[j]
	for k, c := range h.order {
		if d := h.compare[k](a.b.Cols[c], a.row, b.b.Cols[c], b.row); d != 0 {
			return d < 0 != h.desc
		}
	}
	return false
}
