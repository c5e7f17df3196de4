package plan

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/partition"
)

// Rules are what the rows of a table keep to, as expressions over a row of all its columns.
type Rules struct {
	// Generated computes the generated columns; each may read those before it.
	Generated []Assignment
	Checks    []CheckRule
	// Expired is TRUE for a row that is past its time; nil: the table has no ttl.
	Expired expr.Expr
	// Parts says which partition a row belongs to; nil: the table has none.
	Parts *partition.Func
}

// CheckRule is an enforced CHECK constraint.
type CheckRule struct {
	Name   string
	Broken expr.Expr // TRUE for a row that is to be refused: NULL is no reason
}

// TableRules binds the generated columns, the enforced CHECK constraints and the ttl of t.
//
// Errors: those of parsing and binding, which the DDL that made them has ruled out.
func TableRules(env Env, t *catalog.Table) (*Rules, error) {
	p := &planner{Env: env, nextSlot: len(env.Params)}
	r := &Rules{}
	var err error
	if r.Generated, err = p.generated(t); err != nil {
		return nil, err
	}
	if r.Parts, err = p.partFunc(t); err != nil {
		return nil, err
	}
	if t.TTL != "" {
		if r.Expired, err = p.expiry(t, false); err != nil {
			return nil, err
		}
	}
	for _, c := range t.Checks {
		if c.NotEnforced {
			continue
		}
		e, err := p.rowText(t, c.SQL, "check constraint "+c.Name+" expression")
		if err != nil {
			return nil, err
		}
		if e, err = expr.Call("NOT", e); err != nil {
			return nil, err
		}
		r.Checks = append(r.Checks, CheckRule{Name: c.Name, Broken: e})
	}
	return r, nil
}

// generated binds the expressions of generated columns, over a row of the table.
func (p *planner) generated(t *catalog.Table) ([]Assignment, error) {
	var out []Assignment
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Generated == nil {
			continue
		}
		e, err := p.rowText(t, c.Generated.SQL, "generated column function")
		if err != nil {
			return nil, err
		}
		out = append(out, Assignment{Column: i, Value: expr.Storing(e, c.Type)})
	}
	return out, nil
}

// allGenerated is generated with the expressions over columns that cannot be read: not all of them are needed.
func (p *planner) allGenerated(t *catalog.Table) ([]Assignment, error) {
	defer func(saved func(*catalog.Table, *catalog.Column) error) { p.Readable = saved }(p.Readable)
	p.Readable = nil
	return p.generated(t)
}

func (p *planner) rowText(t *catalog.Table, sql, clause string) (expr.Expr, error) {
	x, err := p.ParseExpr(sql)
	if err != nil {
		return nil, err
	}
	return p.rowExpr(t, x, clause)
}

// RowExpr binds an expression over a row of t, whose columns it refers to by position. clause is named by messages.
//
// Errors: 1054 unknown column, ErrSubquery; those of binding.
func RowExpr(env Env, t *catalog.Table, e ast.Expr, clause string) (expr.Expr, error) {
	p := &planner{Env: env, nextSlot: len(env.Params), rowOnly: true}
	return p.rowExpr(t, e, clause)
}

func (p *planner) rowExpr(t *catalog.Table, e ast.Expr, clause string) (expr.Expr, error) {
	return (&binder{p: p, scope: p.columnsOf(t), clause: clause}).expr(e)
}

// columnsOf is the columns of t, numbered by position.
func (p *planner) columnsOf(t *catalog.Table) *scope {
	sc := &scope{}
	for i := range t.Columns {
		c := &t.Columns[i]
		sc.cols = append(sc.cols, scopeCol{id: i, schema: p.Database, shut: p.shut(t, c), Column: Column{Name: c.Name, Table: t.Name, OrgTable: t.Name,
			OrgName: c.Name, Type: c.Type, Nullable: !c.NotNull, Hidden: c.Hidden}})
	}
	return sc
}

// Fixed reports whether e has one value during a statement: it reads no column and is not volatile.
func Fixed(e expr.Expr) bool { return constant(e) }

// RowColumns returns the positions of the columns that an expression over a row reads.
func RowColumns(e expr.Expr) map[int]bool {
	s := idSet{}
	s.addExpr(e)
	return s
}

// ErrSubquery is the error for a query inside an expression over a row.
var ErrSubquery = base.Errorf(errno.NotSupported, "a subquery is not allowed in an expression over a row")

// virtualColumns adds to need what the needed virtual columns of a scan are computed from, and returns the expressions of
// the needed ones over whole rows, in order.
func (p *planner) virtualColumns(n *lScan, need idSet) ([]Assignment, error) {
	if !n.table.HasVirtual() {
		return nil, nil
	}
	all, err := p.allGenerated(n.table)
	if err != nil {
		return nil, err
	}
	var out []Assignment
	for k := len(all) - 1; k >= 0; k-- {
		a := all[k]
		if !n.table.Columns[a.Column].Virtual() || !need[n.ids[a.Column]] {
			continue
		}
		for i := range RowColumns(a.Value) {
			if err := p.shut(n.table, &n.table.Columns[i]); err != nil {
				return nil, err
			}
			need[n.ids[i]] = true
		}
		out = append([]Assignment{a}, out...)
	}
	return out, nil
}

// placeVirtual makes assignments to positions of cols of those to positions of whole rows.
func placeVirtual(cols []int, list []Assignment) ([]Assignment, error) {
	l := layout(cols)
	for i, a := range list {
		e, err := l.place(a.Value)
		if err != nil {
			return nil, err
		}
		list[i] = Assignment{Column: l.pos(a.Column), Value: e}
	}
	return list, nil
}

// useGenerated puts generated columns that lead a key in the place of their expressions in the filters of a scan, so that
// the key serves them: what a functional key part is for.
func (p *planner) useGenerated(n *lScan) error {
	keyed := map[uint32]bool{}
	for i := range n.table.Indexes {
		keyed[n.table.Indexes[i].Parts[0].Column] = true
	}
	if len(n.filters) == 0 || !n.table.HasGenerated() {
		return nil
	}
	all, err := p.allGenerated(n.table)
	if err != nil {
		return err
	}
	filters := append([]expr.Expr(nil), n.filters...)
	for _, a := range all {
		c := &n.table.Columns[a.Column]
		if !keyed[c.ID] {
			continue
		}
		e := atColumns(a.Value, n.ids)
		if t := e.Type(); t.Class() != c.Type.Class() || t.Collation != c.Type.Collation {
			continue
		}
		col := expr.Column(n.ids[a.Column], c.Type, c.Name, !c.NotNull)
		for i := range filters {
			filters[i] = replaceEqual(filters[i], e, col)
		}
	}
	n.filters = filters
	return nil
}

// atColumns replaces column i of e by ids[i].
func atColumns(e expr.Expr, ids []colID) expr.Expr {
	if i, ok := expr.AsColumn(e); ok {
		return expr.Renumber(e, ids[i])
	}
	return mapChildren(e, func(c expr.Expr) expr.Expr { return atColumns(c, ids) })
}

// replaceEqual replaces the parts of e that are equal to from.
func replaceEqual(e, from, to expr.Expr) expr.Expr {
	if expr.Equal(e, from) {
		return to
	}
	return mapChildren(e, func(c expr.Expr) expr.Expr { return replaceEqual(c, from, to) })
}

func mapChildren(e expr.Expr, f func(expr.Expr) expr.Expr) expr.Expr {
	children := e.Children()
	if len(children) == 0 {
		return e
	}
	out := make([]expr.Expr, len(children))
	changed := false
	for i, c := range children {
		out[i] = f(c)
		changed = changed || out[i] != c
	}
	if !changed {
		return e
	}
	return e.WithChildren(out)
}
