package exec

import (
	"slices"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// tableFuncOp yields the rows of a table function, which it collects when it is opened.
type tableFuncOp struct {
	rowsOp
	plan *plan.TableFunc
	acc  account
	kept vec.Batch
	sel  []int32
}

func newTableFunc(n *plan.TableFunc, ec *Context) Operator {
	return &tableFuncOp{rowsOp: rowsOp{ec: ec, schema: n.Out}, plan: n, acc: account{ec: ec}}
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

func (o *tableFuncOp) Next() (*vec.Batch, error) {
	for {
		b, err := o.rowsOp.Next()
		if err != nil || b == nil {
			return nil, err
		}
		out, err := keepTrue(o.ec, o.plan.Filter, b, &o.kept, &o.sel)
		if err != nil || out != nil {
			return out, err
		}
	}
}

func (o *tableFuncOp) Close() error {
	o.acc.free()
	o.rows = nil
	return nil
}
