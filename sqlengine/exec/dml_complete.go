package exec

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// complete fills defaults and generated values in and converts every value to its column's type.
func (in *inserter) complete(values []base.Value, dflt []bool, left int) (row []base.Value, generated uint64, err error) {
	if row = in.again; row == nil {
		row = make([]base.Value, len(in.t.Columns))
	} else {
		clear(row)
	}
	for i := range in.t.Columns {
		col := &in.t.Columns[i]
		j := in.given[i]
		if in.plain[i] && !dflt[j] && expr.AsIs(&values[j], &col.Type) {
			row[i] = values[j]
			continue
		}
		var v base.Value
		switch {
		case col.Generated != nil, in.readsRow(i) && (j < 0 || dflt[j]):
			continue // computed below, from the others
		case col.Hidden:
			id, err := in.tx.NextAutoInc(in.t.HiddenCounter, 1)
			if err != nil {
				return nil, 0, err
			}
			row[i] = base.NewUint(id)
			continue
		case j >= 0 && !dflt[j]:
			v = values[j]
		case i == in.auto:
		case in.plan.Defaults[i] == nil:
			if row[i], err = in.noDefault(i, j < 0); err != nil {
				return nil, 0, err
			}
			continue
		default:
			if v, err = expr.Scalar(in.ec.Expr, in.plan.Defaults[i]); err != nil {
				return nil, 0, err
			}
		}
		if i == in.auto {
			if v, generated, err = in.autoValue(v, col, left); err != nil {
				return nil, 0, err
			}
		}
		if row[i], err = in.assign(v, col, in.rowNo); err != nil {
			return nil, 0, err
		}
	}
	if err := in.rowDefaults(row, dflt); err != nil {
		return nil, 0, err
	}
	return row, generated, in.derive(row, in.rowNo)
}

// readsRow reports whether the default of a column reads others.
func (in *inserter) readsRow(i int) bool {
	return i < len(in.plan.RowDefaults) && in.plan.RowDefaults[i]
}

// rowDefaults evaluates the defaults that read other columns of the row, in the order of the columns.
func (in *inserter) rowDefaults(row []base.Value, dflt []bool) error {
	for i, yes := range in.plan.RowDefaults {
		if j := in.given[i]; !yes || j >= 0 && !dflt[j] {
			continue
		}
		v, err := in.plan.Defaults[i].Eval(in.ec.Expr, rowBatch(in.t, row))
		if err != nil {
			return err
		}
		if row[i], err = in.assign(v.Value(0), &in.t.Columns[i], in.rowNo); err != nil {
			return err
		}
	}
	return nil
}

// noDefault is what a column without a default stores where no value is given: an error, or else the default of its type.
// everywhere says that no row has a value for it, of which one warning tells.
func (in *inserter) noDefault(i int, everywhere bool) (base.Value, error) {
	err := base.Errorf(errno.NoDefault, "Field '%s' doesn't have a default value", in.t.Columns[i].Name)
	if in.plan.View != "" && in.given[i] < 0 {
		err = base.Errorf(errno.ViewNoDefault, "Field of view '%s' underlying table doesn't have a default value", in.plan.View)
	}
	if in.ec.Strict && !in.plan.Ignore {
		return base.Value{}, err
	}
	if in.out.Records == 1 || !everywhere {
		in.warn(err)
	}
	return expr.Zero(in.t.Columns[i].Type), nil
}
