package sqlengine

import (
	"slices"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/sqlengine/system"
	"github.com/s3sql/s3sql/storage/table"
)

// virtualChange runs an UPDATE or DELETE of a virtual table that can be changed; ok is false for any other table.
func (r *run) virtualChange(stmt ast.Statement) (v *plan.VirtualTable, ok bool) {
	var from []ast.TableExpr
	switch n := stmt.(type) {
	case *ast.Update:
		from = n.From
	case *ast.Delete:
		if from = n.From; len(n.Targets) > 0 {
			return nil, false
		}
	}
	if len(from) != 1 {
		return nil, false
	}
	name, ok := from[0].(*ast.TableName)
	if !ok || !strings.EqualFold(name.Schema, system.Schema) {
		return nil, false
	}
	v = r.s.virtual(name.Schema, name.Name)
	return v, v != nil && v.Change != nil
}

// changeVirtual finds the rows of such a statement by a query, with the new values behind the old ones, and changes each.
func (r *run) changeVirtual(v *plan.VirtualTable, stmt ast.Statement, tx *table.Tx) (*Result, error) {
	q := &ast.Select{}
	at := make([]int, len(v.Columns)) // for each column, the item that has its new value
	for i, c := range v.Columns {
		q.Items, at[i] = append(q.Items, ast.SelectItem{Expr: &ast.ColumnRef{Name: c.Name}}), i
	}
	deleting := false
	switch n := stmt.(type) {
	case *ast.Update:
		q.From, q.Where, q.OrderBy, q.Limit = n.From, n.Where, n.OrderBy, n.Limit
		for _, set := range n.Set {
			i := slices.IndexFunc(v.Columns, func(c plan.Column) bool { return strings.EqualFold(c.Name, set.Column.Name) })
			if i < 0 {
				return nil, base.Errorf(errno.BadField, "Unknown column '%s' in '%s.%s'", set.Column.Name, v.Schema, v.Name)
			}
			at[i] = len(q.Items)
			q.Items = append(q.Items, ast.SelectItem{Expr: set.Value})
		}
	case *ast.Delete:
		q.From, q.Where, q.OrderBy, q.Limit, deleting = n.From, n.Where, n.OrderBy, n.Limit, true
	}
	env, err := r.env(tx)
	if err != nil {
		return nil, err
	}
	p, err := plan.Query(env, q)
	if err != nil {
		return nil, err
	}
	op, err := r.open(p, tx)
	if err != nil {
		return nil, err
	}
	found, err := exec.Rows(op)
	if err != nil {
		return nil, err
	}
	changed := uint64(0)
	for _, row := range found {
		old, now := row[:len(at)], make([]base.Value, len(at))
		same := true
		for i := range at {
			if now[i] = row[at[i]]; at[i] != i {
				if now[i], _, err = expr.Assign(now[i], v.Columns[i].Type, true, v.Columns[i].Name, int(changed)+1); err != nil {
					return nil, err
				}
			}
			same = same && now[i] == old[i]
		}
		if deleting {
			now = nil
		} else if same {
			continue
		}
		if err := v.Change(r.ec.Expr, old, now); err != nil {
			return nil, err
		}
		changed++
	}
	return &Result{AffectedRows: changed}, nil
}
