package exec

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// distinctOp drops rows that have come before.
type distinctOp struct {
	in    Operator
	acc   account
	types []base.Type
	seen  *keyTable
	ids   []uint32
	sel   []int32
	out   vec.Batch
}

func newDistinct(n *plan.Distinct, ec *Context) (Operator, error) {
	in, err := Build(n.Input, ec)
	return &distinctOp{in: in, acc: account{ec: ec}, types: columnTypes(n.Schema())}, err
}

func columnTypes(cols []plan.Column) []base.Type {
	out := make([]base.Type, len(cols))
	for i := range cols {
		out[i] = cols[i].Type
	}
	return out
}

func (o *distinctOp) Open() error {
	o.acc.free()
	o.seen = newKeyTable(o.types)
	return o.in.Open()
}

func (o *distinctOp) Close() error {
	o.acc.free()
	o.seen = nil
	return o.in.Close()
}

func (o *distinctOp) Next() (*vec.Batch, error) {
	for {
		b, err := o.in.Next()
		if err != nil || b == nil {
			return nil, err
		}
		o.ids = resize(o.ids, b.Rows())
		next := uint32(o.seen.n)
		o.seen.put(b.Cols, b, o.ids)
		if err := o.acc.grow(o.seen.takeBytes()); err != nil {
			return nil, err
		}
		o.sel = o.sel[:0]
		for k, id := range o.ids {
			if id == next { // new keys are numbered as they come
				next++
				o.sel = append(o.sel, int32(b.Row(k)))
			}
		}
		switch len(o.sel) {
		case 0:
			continue
		case b.N:
			return b, nil
		}
		o.out = vec.Batch{Cols: b.Cols, N: b.N, Sel: o.sel}
		return &o.out, nil
	}
}
