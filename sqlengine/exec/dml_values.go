package exec

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// evaluateOver computes the values of one row of VALUES whose expressions name columns: those to the left have their new value,
// the others their default.
func (in *inserter) evaluateOver(exprs []expr.Expr, values []base.Value, dflt []bool) error {
	row, err := in.defaultRow()
	if err != nil {
		return err
	}
	schema := tableSchema(in.t)
	for j, e := range exprs {
		values[j], dflt[j] = base.Value{}, e == nil
		if e == nil {
			continue
		}
		b, err := oneRow(schema, row)
		if err != nil {
			return err
		}
		v, err := e.Eval(in.ec.Expr, b)
		if err != nil {
			return err
		}
		values[j] = v.Value(0)
		// What does not fit is reported when the row is complete.
		at := in.plan.Target[j]
		if conv, _, err := expr.Assign(values[j], in.t.Columns[at].Type, false, in.t.Columns[at].Name, in.rowNo+1); err == nil {
			row[at] = conv
		}
	}
	return nil
}

// defaultRow is a row as it is before its first value is assigned.
func (in *inserter) defaultRow() ([]base.Value, error) {
	row := make([]base.Value, len(in.t.Columns))
	for i := range in.t.Columns {
		col := &in.t.Columns[i]
		e := in.plan.Defaults[i]
		if e == nil {
			if col.NotNull {
				row[i] = expr.Zero(col.Type)
			}
			continue
		}
		v, err := expr.Scalar(in.ec.Expr, e)
		if err != nil {
			return nil, err
		}
		if row[i], _, err = expr.Assign(v, col.Type, false, col.Name, in.rowNo+1); err != nil {
			return nil, err
		}
	}
	return row, nil
}
