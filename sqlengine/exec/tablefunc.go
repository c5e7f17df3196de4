package exec

import (
	"slices"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// tableFuncOp yields the rows of a table function, which it collects when it is opened.
type tableFuncOp struct {
	filteredRows
	plan *plan.TableFunc
	acc  account
}

func newTableFunc(n *plan.TableFunc, ec *Context) Operator {
	return &tableFuncOp{filteredRows: newFilteredRows(ec, n.Out, n.Filter), plan: n, acc: account{ec: ec}}
}

func (o *tableFuncOp) Open() error {
	if err := o.Close(); err != nil {
		return err
	}
	o.at = 0
	args := make([]base.Value, len(o.plan.Args))
	for i, e := range o.plan.Args {
		v, err := expr.Scalar(o.ec.Expr, e)
		if err != nil {
			return err
		}
		args[i] = v
	}
	return o.plan.Func.Rows(o.ec.Expr, args, func(row []base.Value) error {
		o.rows = append(o.rows, slices.Clone(row))
		bytes := int64(0)
		for _, v := range row {
			bytes += 40
			if c := v.Class(); c == base.String || c == base.Bytes || c == base.JSON {
				bytes += int64(len(v.Text()))
			}
		}
		return o.acc.grow(bytes)
	})
}

func (o *tableFuncOp) Close() error {
	o.acc.free()
	o.rows = nil
	return nil
}
