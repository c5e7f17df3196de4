package exec

import (
	"errors"
	"math"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// sortOp orders all rows of its input; equal rows keep their order. With a limit it holds no more than the first rows. Rows
// that do not fit into memory become sorted runs in a file, which are merged.
type sortOp struct {
	in    Operator
	ec    *Context
	plan  *plan.Sort
	keys  []sortKey
	limit int // rows to keep; 0 all
	none  bool
	acc   account

	rows   *keyedRows
	order  []sortEntry
	at     int
	sorted bool
	file   *spillFile
	runs   [][]blockRef
	merge  *runMerger
	idx    []int32
	out    vec.Batch
}

func newSort(n *plan.Sort, ec *Context) (Operator, error) {
	in, err := Build(n.Input, ec)
	return &sortOp{in: in, ec: ec, plan: n, keys: newSortKeys(n.Keys), acc: account{ec: ec, soft: true}}, err
}

// topMax is the largest number of rows for which the smallest are kept while reading.
const topMax = 1 << 20

func (o *sortOp) Open() error {
	if err := o.drop(); err != nil {
		return err
	}
	limit, err := rowCount(o.ec, o.plan.Limit, math.MaxInt64)
	if err != nil {
		return err
	}
	offset, err := rowCount(o.ec, o.plan.Offset, 0)
	if err != nil {
		return err
	}
	o.limit, o.none = 0, limit == 0
	if limit < topMax && offset < topMax {
		o.limit = int(limit + offset)
	}
	return o.in.Open()
}

func (o *sortOp) Close() error {
	return errors.Join(o.drop(), o.in.Close())
}

func (o *sortOp) drop() error {
	o.acc.free()
	err := o.file.close()
	o.rows, o.order, o.at, o.sorted, o.file, o.runs, o.merge = nil, nil, 0, false, nil, nil, nil
	return err
}

func (o *sortOp) Next() (*vec.Batch, error) {
	if o.none {
		return nil, nil
	}
	if !o.sorted {
		if err := o.consume(); err != nil {
			return nil, err
		}
		o.sorted = true
	}
	if o.merge != nil {
		return o.merged()
	}
	n := min(len(o.order)-o.at, vec.MaxRows)
	if n == 0 {
		return nil, nil
	}
	if err := o.ec.Ctx.Err(); err != nil {
		return nil, err
	}
	o.idx = o.idx[:0]
	for _, e := range o.order[o.at : o.at+n] {
		o.idx = append(o.idx, e.row)
	}
	o.at += n
	gatherAll(&o.out, o.rows.rows.cols, o.idx)
	return &o.out, nil
}

// gatherAll makes b the rows idx of cols.
func gatherAll(b *vec.Batch, cols []*vec.Vector, idx []int32) {
	if b.Cols == nil {
		b.Cols = make([]*vec.Vector, len(cols))
		for i := range b.Cols {
			b.Cols[i] = &vec.Vector{}
		}
	}
	b.N, b.Sel = len(idx), nil
	for c, col := range cols {
		gather(b.Cols[c], col, idx, false)
	}
}

// consume reads and sorts the input.
func (o *sortOp) consume() error {
	o.rows = newKeyedRows(o.plan.Input.Schema(), o.keys)
	top := topRows{o: o}
	for {
		b, err := o.in.Next()
		if err != nil {
			return err
		}
		if b == nil {
			break
		}
		if err := o.rows.eval(o.ec.Expr, b); err != nil {
			return err
		}
		if o.limit > 0 && o.runs == nil {
			err = top.add(b)
		} else {
			err = o.rows.add(b, b.Sel, &o.acc)
		}
		if err != nil {
			return err
		}
		if o.rows.rows.n > math.MaxInt32-vec.MaxRows {
			return base.Errorf(errno.CapacityExceeded, "a sort holds at most %d rows", math.MaxInt32)
		}
		if o.full() {
			if err := o.spill(); err != nil {
				return err
			}
		}
	}
	if o.runs != nil {
		return o.mergeRuns()
	}
	if err := o.acc.grow(int64(o.rows.rows.n) * 32); err != nil { // the entries, and as many to move them to
		return err
	}
	var err error
	o.order, err = o.rows.sorted(o.ec)
	if o.limit > 0 && len(o.order) > o.limit {
		o.order = o.order[:o.limit]
	}
	return err
}
