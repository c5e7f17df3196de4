package exec

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// expandOp yields each batch of its input once for every level of WITH ROLLUP.
type expandOp struct {
	in    Operator
	ec    *Context
	plan  *plan.Expand
	b     *vec.Batch // of the input; nil when the next one is due
	level int        // keys that the next batch keeps
	keys  []*vec.Vector
	nulls []vec.Vector
	count vec.Vector
	out   vec.Batch
}

func newExpand(n *plan.Expand, ec *Context) (Operator, error) {
	in, err := Build(n.Input, ec)
	return &expandOp{in: in, ec: ec, plan: n, keys: make([]*vec.Vector, len(n.Keys)), nulls: make([]vec.Vector, len(n.Keys))}, err
}

func (o *expandOp) Open() error {
	o.b = nil
	return o.in.Open()
}

func (o *expandOp) Close() error {
	o.b, o.out = nil, vec.Batch{}
	return o.in.Close()
}

func (o *expandOp) Next() (*vec.Batch, error) {
	if o.b == nil {
		b, err := o.in.Next()
		if err != nil || b == nil {
			return nil, err
		}
		if err := evalAll(o.ec.Expr, o.plan.Keys, b, o.keys); err != nil {
			return nil, err
		}
		o.b, o.level = b, len(o.keys)
	}
	o.out = vec.Batch{Cols: append(append(o.out.Cols[:0], o.b.Cols...), o.keys...), N: o.b.N, Sel: o.b.Sel}
	for c := o.level; c < len(o.keys); c++ {
		col := &o.nulls[c]
		if col.Class != o.keys[c].Class {
			*col = vec.Vector{Class: o.keys[c].Class}
		}
		col.Scale = o.keys[c].Scale
		col.Resize(o.b.N)
		if col.Class != base.Null {
			col.Nulls = allSet(col.Nulls, o.b.N)
		}
		o.out.Cols[len(o.b.Cols)+c] = col
	}
	o.count.Class = base.Int
	o.count.Resize(o.b.N)
	for i := range o.count.I64 {
		o.count.I64[i] = int64(o.level)
	}
	o.out.Cols = append(o.out.Cols, &o.count)
	if o.level--; o.level < 0 {
		o.b = nil
	}
	return &o.out, nil
}
