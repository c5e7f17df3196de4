package exec

import (
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// projectOp computes expressions over its input.
type projectOp struct {
	in    Operator
	ec    *Context
	exprs []expr.Expr
	out   vec.Batch
	byRow bool // an expression assigns to a user variable, which others may read
}

func newProject(n *plan.Project, ec *Context) (Operator, error) {
	in, err := Build(n.Input, ec)
	o := &projectOp{in: in, ec: ec, exprs: n.Exprs, out: vec.Batch{Cols: make([]*vec.Vector, len(n.Exprs))}}
	for _, e := range n.Exprs {
		o.byRow = o.byRow || expr.Assigns(e)
	}
	return o, err
}

func (o *projectOp) Open() error  { return o.in.Open() }
func (o *projectOp) Close() error { return o.in.Close() }

func (o *projectOp) Next() (*vec.Batch, error) {
	b, err := o.in.Next()
	if err != nil || b == nil {
		return nil, err
	}
	if o.byRow && b.Rows() > 0 {
		return o.rowByRow(b)
	}
	if err := evalAll(o.ec.Expr, o.exprs, b, o.out.Cols); err != nil {
		return nil, err
	}
	o.out.N, o.out.Sel = b.N, b.Sel
	return &o.out, nil
}

// rowByRow computes all expressions for one row before the next row's.
func (o *projectOp) rowByRow(b *vec.Batch) (*vec.Batch, error) {
	for c, e := range o.exprs {
		o.out.Cols[c] = newColumn(e.Type())
		o.out.Cols[c].Resize(b.N)
	}
	err := expr.EachRow(b, func(one *vec.Batch, i int) error {
		for c, e := range o.exprs {
			v, err := e.Eval(o.ec.Expr, one)
			if err != nil {
				return err
			}
			if err := setValue(o.out.Cols[c], i, v.Value(0)); err != nil {
				return err
			}
		}
		return nil
	})
	o.out.N, o.out.Sel = b.N, b.Sel
	return &o.out, err
}
