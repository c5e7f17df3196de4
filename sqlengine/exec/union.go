package exec

import (
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// unionOp yields the rows of its inputs one after the other. An input is opened when its turn comes.
type unionOp struct {
	ins  []Operator
	at   int
	open bool // ins[at] is
}

func newUnion(n *plan.Union, ec *Context) (Operator, error) {
	o := &unionOp{}
	for _, in := range n.Inputs {
		op, err := Build(in, ec)
		if err != nil {
			return nil, err
		}
		o.ins = append(o.ins, op)
	}
	return o, nil
}

func (o *unionOp) Open() error {
	o.at, o.open = 0, false
	return nil
}

func (o *unionOp) Next() (*vec.Batch, error) {
	for o.at < len(o.ins) {
		if !o.open {
			o.open = true
			if err := o.ins[o.at].Open(); err != nil {
				return nil, err
			}
		}
		b, err := o.ins[o.at].Next()
		if err != nil || b != nil {
			return b, err
		}
		if err := o.ins[o.at].Close(); err != nil {
			return nil, err
		}
		o.at, o.open = o.at+1, false
	}
	return nil, nil
}

func (o *unionOp) Close() error {
	if !o.open {
		return nil
	}
	o.open = false
	return o.ins[o.at].Close()
}
