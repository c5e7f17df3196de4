package plan

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// rowValue is a bound operand of a comparison: a scalar, or a row of operands.
type rowValue struct {
	scalar expr.Expr
	items  []rowValue // of a row; two or more
}

func (v rowValue) width() int { return max(len(v.items), 1) }

// flat appends the scalars of a row from left to right.
func (v rowValue) flat(dst []expr.Expr) []expr.Expr {
	if v.items == nil {
		return append(dst, v.scalar)
	}
	for _, it := range v.items {
		dst = it.flat(dst)
	}
	return dst
}

// isRow reports whether an operand may be a row: a tuple or a subquery.
func isRow(e ast.Expr) bool {
	switch e.(type) {
	case *ast.Tuple, *ast.Subquery:
		return true
	}
	return false
}

// row binds an operand that may be a row. A row of one is a scalar.
func (b *binder) row(e ast.Expr) (rowValue, error) {
	var v rowValue
	switch e := e.(type) {
	case *ast.Tuple:
		for _, item := range e.Items {
			x, err := b.row(item)
			if err != nil {
				return v, err
			}
			v.items = append(v.items, x)
		}
	case *ast.Subquery:
		cols, err := b.subqueryRow(e)
		if err != nil {
			return v, err
		}
		for _, c := range cols {
			v.items = append(v.items, rowValue{scalar: c})
		}
	default:
		x, err := b.expr(e)
		return rowValue{scalar: x}, err
	}
	if len(v.items) == 1 {
		return v.items[0], nil
	}
	return v, nil
}

// sameShape checks that two operands have the same columns at every level.
func sameShape(l, r rowValue) error {
	if len(l.items) != len(r.items) {
		return errOperandColumns(l.width())
	}
	for i := range l.items {
		if err := sameShape(l.items[i], r.items[i]); err != nil {
			return err
		}
	}
	return nil
}

func errOperandColumns(n int) error {
	return base.Errorf(errno.OperandColumns, "Operand should contain %d column(s)", n)
}

// comparison binds l op r where one side may be a row.
func (b *binder) comparison(op string, l, r ast.Expr) (expr.Expr, error) {
	lv, err := b.row(l)
	if err != nil {
		return nil, err
	}
	rv, err := b.row(r)
	if err != nil {
		return nil, err
	}
	return compareRows(op, lv, rv)
}

func compareRows(op string, l, r rowValue) (expr.Expr, error) {
	if err := sameShape(l, r); err != nil {
		return nil, err
	}
	if l.items == nil {
		return expr.Call(op, l.scalar, r.scalar)
	}
	return RowCompare(op, l.flat(nil), r.flat(nil))
}

// RowCompare returns the comparison of two rows of equal length (MySQL reference manual, "Comparison Functions and Operators"):
// (a,b) = (x,y) is a=x AND b=y; (a,b) < (x,y) is a<x OR (a=x AND b<y).
func RowCompare(op string, l, r []expr.Expr) (expr.Expr, error) {
	switch op {
	case "=", "<=>":
		return eachOf("AND", op, l, r)
	case "<>":
		return eachOf("OR", op, l, r)
	case "<", "<=", ">", ">=":
	default:
		return nil, errOperandColumns(1)
	}
	last := len(l) - 1
	out, err := expr.Call(op, l[last], r[last])
	for i := last - 1; i >= 0 && err == nil; i-- {
		var first, same expr.Expr
		if first, err = expr.Call(op[:1], l[i], r[i]); err != nil {
			break
		}
		if same, err = expr.Call("=", l[i], r[i]); err != nil {
			break
		}
		if out, err = expr.Call("AND", same, out); err == nil {
			out, err = expr.Call("OR", first, out)
		}
	}
	return out, err
}

func eachOf(logic, op string, l, r []expr.Expr) (expr.Expr, error) {
	var out expr.Expr
	for i := range l {
		x, err := expr.Call(op, l[i], r[i])
		if err == nil && out != nil {
			x, err = expr.Call(logic, out, x)
		}
		if err != nil {
			return nil, err
		}
		out = x
	}
	return out, nil
}

// inRows binds x IN (list) for a row x: an OR of comparisons.
func (b *binder) inRows(x rowValue, list []ast.Expr) (expr.Expr, error) {
	var out expr.Expr
	for _, e := range list {
		item, err := b.row(e)
		if err != nil {
			return nil, err
		}
		eq, err := compareRows("=", x, item)
		if err == nil && out != nil {
			eq, err = expr.Call("OR", out, eq)
		}
		if err != nil {
			return nil, err
		}
		out = eq
	}
	return out, nil
}
