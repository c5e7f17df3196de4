package exec

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// rowsOp yields rows that are held as values.
type rowsOp struct {
	ec     *Context // nil: nothing to cancel
	schema []plan.Column
	rows   [][]base.Value
	at     int
	out    vec.Batch
}

// FromRows returns an operator that yields rows that are ready. It needs no Open.
func FromRows(cols []plan.Column, rows [][]base.Value) Operator {
	return &rowsOp{schema: cols, rows: rows}
}

func (o *rowsOp) Open() error {
	o.at = 0
	return nil
}

func (o *rowsOp) Close() error { return nil }

func (o *rowsOp) Next() (*vec.Batch, error) {
	if o.ec != nil {
		if err := o.ec.Ctx.Err(); err != nil {
			return nil, err
		}
	}
	n := min(len(o.rows)-o.at, vec.MaxRows)
	if n == 0 {
		return nil, nil
	}
	if o.out.Cols == nil {
		o.out.Cols = make([]*vec.Vector, len(o.schema))
		for c := range o.out.Cols {
			o.out.Cols[c] = newColumn(o.schema[c].Type)
		}
	}
	for c, col := range o.out.Cols {
		col.Resize(n)
		for i, row := range o.rows[o.at : o.at+n] {
			if err := setValue(col, i, row[c]); err != nil {
				return nil, err
			}
		}
	}
	o.out.N = n
	o.at += n
	return &o.out, nil
}

// setValue stores v, converted where it is of another class than the column.
func setValue(col *vec.Vector, i int, v base.Value) error {
	if v.IsNull() {
		col.SetNull(i)
		return nil
	}
	_, scale := v.Decimal()
	if v.Class() == col.Class && (col.Class != base.Decimal || scale == col.Scale) {
		col.Set(i, v)
		return nil
	}
	conv, ok := toClass(v, col)
	if !ok {
		return base.Errorf(errno.Unknown, "a value of class %s stands in a column of class %s", v.Class(), col.Class)
	}
	col.Set(i, conv)
	return nil
}

// valuesOp evaluates constant rows.
type valuesOp struct {
	rowsOp
	plan *plan.Values
}

func newValues(n *plan.Values, ec *Context) Operator {
	return &valuesOp{rowsOp: rowsOp{ec: ec, schema: n.Out}, plan: n}
}

func (o *valuesOp) Open() error {
	o.at, o.rows = 0, make([][]base.Value, len(o.plan.Rows))
	for i, exprs := range o.plan.Rows {
		row := make([]base.Value, len(exprs))
		for c, e := range exprs {
			v, err := expr.Scalar(o.ec.Expr, e)
			if err != nil {
				return err
			}
			row[c] = v
		}
		o.rows[i] = row
	}
	return nil
}

func (o *valuesOp) Close() error {
	o.rows = nil
	return nil
}
