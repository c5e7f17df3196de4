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
}

func newProject(n *plan.Project, ec *Context) (Operator, error) {
	in, err := Build(n.Input, ec)
	return &projectOp{in: in, ec: ec, exprs: n.Exprs, out: vec.Batch{Cols: make([]*vec.Vector, len(n.Exprs))}}, err
}

func (o *projectOp) Open() error  { return o.in.Open() }
func (o *projectOp) Close() error { return o.in.Close() }

func (o *projectOp) Next() (*vec.Batch, error) {
	b, err := o.in.Next()
	if err != nil || b == nil {
		return nil, err
	}
	if err := evalAll(o.ec.Expr, o.exprs, b, o.out.Cols); err != nil {
		return nil, err
	}
	o.out.N, o.out.Sel = b.N, b.Sel
	return &o.out, nil
}
