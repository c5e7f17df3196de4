package plan

import (
	"slices"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// updating is an UPDATE of several tables as it is planned.
type updating struct {
	p    *planner
	j    *joined
	b    *binder
	out  *MultiUpdate
	want layout // of the rows of the source: the targets', then what else the values read
	from []*opened
}

// column makes the table that has a column a target and returns the position of the column in the rows.
//
// Errors: 1054, 1052, 1288, 1348.
func (u *updating) column(ref *ast.ColumnRef) (int, error) {
	c, err := u.j.sc.find(ref)
	if err == nil && c == nil {
		_, err = u.b.column(ref)
	}
	if err != nil {
		return 0, err
	}
	if c == nil {
		return 0, base.Errorf(errno.BadField, "Unknown column '%s' in 'field list'", refName(ref))
	}
	if c.def != nil {
		return 0, fixedColumn(c.Name)
	}
	if c.shut != nil {
		return 0, c.shut
	}
	if i := u.want.pos(c.id); i >= 0 {
		return i, nil
	}
	for _, o := range u.j.open.rels {
		if at := o.of(c.id); at != nil && o.writable() {
			return u.target(o, at, c.id)
		}
		for _, f := range o.fixed {
			if slices.Contains(f.ids, c.id) {
				return 0, notUpdatable(f.alias, "UPDATE")
			}
		}
		if o.of(c.id) != nil {
			return 0, notUpdatable(o.alias, "UPDATE")
		}
	}
	alias := c.Table
	return 0, notUpdatable(alias, "UPDATE")
}

func (u *updating) target(o *opened, at *part, id colID) (int, error) {
	u.out.Targets = append(u.out.Targets, Target{Table: at.table, Alias: o.alias, First: len(u.want), Named: at.named})
	u.from = append(u.from, o)
	u.want = append(u.want, at.ids...)
	return u.want.pos(id), u.p.targets.add(changed{at.table, o.alias, o.view, "UPDATE"})
}

// oneTableEach returns error 1393 if two tables below one view would change.
func (u *updating) oneTableEach() error {
	for i, o := range u.from {
		if slices.Contains(u.from[:i], o) {
			return u.p.severalTables(o)
		}
	}
	return nil
}

// value binds the value of an assignment to the column at a position.
func (u *updating) value(at int, it ast.SetItem) (expr.Expr, error) {
	t := u.out.targetOf(at)
	c := &t.Table.Columns[at-t.First]
	if d, ok := it.Value.(*ast.Default); ok && d.Column == nil {
		return u.defaultOf(it.Column)
	}
	if c.Generated != nil {
		return nil, generatedValue(t.Table, c)
	}
	e, err := u.b.expr(it.Value)
	if err != nil {
		return nil, err
	}
	return expr.Storing(e, c.Type), nil
}

// defaultOf is DEFAULT(column) of any table of the statement.
func (u *updating) defaultOf(ref *ast.ColumnRef) (expr.Expr, error) {
	c, err := u.j.sc.find(ref)
	if err != nil {
		return nil, err
	}
	for _, o := range u.j.open.rels {
		if c == nil || c.def != nil || o.of(c.id) == nil {
			continue
		}
		at := o.of(c.id)
		defaults, err := u.p.defaults(at.table)
		if err != nil {
			return nil, err
		}
		e := defaults[slices.Index(at.ids, c.id)]
		if e == nil {
			err = base.Errorf(errno.NoDefault, "Field '%s' doesn't have a default value", ref.Name)
		}
		return e, err
	}
	return nil, base.Errorf(errno.BadField, "Unknown column '%s' in 'field list'", refName(ref))
}

// finish binds the values and what views ask for, and plans the source.
func (u *updating) finish(set []ast.SetItem) (*MultiUpdate, error) {
	n := u.out
	used := idSet{}
	values := make([]expr.Expr, len(set))
	for i, it := range set {
		var err error
		if values[i], err = u.value(n.Set[i].Column, it); err != nil {
			return nil, err
		}
		used.addExpr(values[i])
	}
	for _, o := range u.from {
		for _, e := range o.check {
			used.addExpr(e)
		}
	}
	for _, id := range u.j.node.cols() {
		if used[id] && u.want.pos(id) < 0 {
			u.want = append(u.want, id)
		}
	}
	for i := range n.Set {
		var err error
		if n.Set[i].Value, err = u.want.place(values[i]); err != nil {
			return nil, err
		}
	}
	for i, o := range u.from {
		var err error
		if n.Targets[i].Check, err = u.p.viewCheck(o, u.want); err != nil {
			return nil, err
		}
	}
	var err error
	n.Source, err = u.p.exactly(pushdown(u.j.node, nil), u.want)
	return n, err
}
