package exec

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// filteredRows yields those of the rows in memory for which a condition is TRUE.
type filteredRows struct {
	rowsOp
	filter expr.Expr
	kept   vec.Batch
	sel    []int32
}

func newFilteredRows(ec *Context, schema []plan.Column, filter expr.Expr) filteredRows {
	return filteredRows{rowsOp: rowsOp{ec: ec, schema: schema}, filter: filter}
}

func (o *filteredRows) Next() (*vec.Batch, error) {
	for {
		b, err := o.rowsOp.Next()
		if err != nil || b == nil {
			return nil, err
		}
		out, err := keepTrue(o.ec, o.filter, b, &o.kept, &o.sel)
		if err != nil || out != nil {
			return out, err
		}
	}
}

// virtualOp yields the rows of a virtual table.
type virtualOp struct {
	filteredRows
	plan *plan.Virtual
}

func newVirtual(n *plan.Virtual, ec *Context) Operator {
	return &virtualOp{filteredRows: newFilteredRows(ec, n.Out, n.Filter), plan: n}
}

func (o *virtualOp) Open() (err error) {
	o.at, o.rows = 0, nil
	keyed, ok := o.plan.Source.(plan.KeyedSource)
	if !ok || o.plan.Keys == nil {
		o.rows, err = o.plan.Source.Rows(o.ec.Expr)
		return err
	}
	want := make([]base.Value, len(o.plan.Keys))
	for i, e := range o.plan.Keys {
		if e == nil {
			continue
		}
		if want[i], err = expr.Scalar(o.ec.Expr, e); err != nil || want[i].IsNull() {
			return err // = NULL is true of no row
		}
	}
	o.rows, err = keyed.RowsOf(o.ec.Expr, want)
	return err
}

func (o *virtualOp) Close() error {
	o.rows = nil
	return nil
}
