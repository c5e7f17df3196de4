package plan

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// assign binds @name := value. What reads the variable further on in the statement has the type of the value.
func (b *binder) assign(e *ast.Assign) (expr.Expr, error) {
	x, err := b.expr(e.Value)
	if err != nil {
		return nil, err
	}
	b.p.volatile = true
	if b.p.assigned == nil {
		b.p.assigned = map[string]base.Type{}
	}
	t := x.Type()
	if old, ok := b.p.assigned[e.Name]; ok {
		t = expr.UnionType(old, t)
	}
	b.p.assigned[e.Name] = t
	return expr.AssignVar(e.Name, x), nil
}

// userVarType returns the type that a read of a user variable has, which the session holds as t. One without a value that the
// statement assigns to further on is text, which every value converts to.
func (p *planner) userVarType(name string, t base.Type) base.Type {
	if now, ok := p.assigned[name]; ok {
		return now
	}
	if t.ID != base.TypeNull || p.stmt == nil {
		return t
	}
	found := false
	ast.Inspect(p.stmt, func(n any) bool {
		a, ok := n.(*ast.Assign)
		found = found || ok && a.Name == name
		return !found
	})
	if found {
		return base.Type{ID: base.TypeLongText}
	}
	return t
}

// late takes the items that assign to user variables out of a SELECT's list, when nothing below depends on them: they are
// computed for the rows that are returned, in their order. Without an ORDER BY the order is that of the rows anyway.
func late(items []item, keys []SortKey, distinct bool) bool {
	if len(keys) == 0 || distinct {
		return false
	}
	assigns := false
	for _, it := range items {
		assigns = assigns || expr.Assigns(it.expr)
	}
	for _, k := range keys {
		if j := sameItem(k.Expr, items); expr.Assigns(k.Expr) || j >= 0 && expr.Assigns(items[j].expr) {
			return false
		}
	}
	return assigns
}
