package plan

import (
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// Target is one of the tables that a statement changes. The columns of the table stand at First and after it in the rows of
// the source; they are NULL throughout where an outer join found no row.
type Target struct {
	Table *catalog.Table
	Alias string
	First int
}

// MultiUpdate changes rows of the tables that Source joins. The Column of an assignment is a position in Source's rows.
// Each row of a table changes once, by the first joined row that has it.
type MultiUpdate struct {
	Targets []Target
	Ignore  bool
	Source  Node
	Set     []Assignment
}

// MultiDelete removes from Targets the rows that Source joins.
type MultiDelete struct {
	Targets []Target
	Ignore  bool
	Source  Node
}

// joined is the FROM of a statement over several tables.
type joined struct {
	node logical
	sc   *scope
	from []ast.TableExpr
}

func (p *planner) joined(from []ast.TableExpr) (*joined, error) {
	n, sc, err := p.from(from, nil)
	return &joined{node: n, sc: sc, from: from}, err
}

// where adds a condition.
func (p *planner) where(j *joined, where ast.Expr) error {
	if where == nil {
		return nil
	}
	e, err := (&binder{p: p, scope: j.sc, clause: "where clause"}).expr(where)
	if err == nil {
		j.node = &lFilter{input: j.node, preds: conjuncts(e)}
	}
	return err
}

// named returns the table expression of FROM that an alias names.
func named(list []ast.TableExpr, schema, alias string) ast.TableExpr {
	for _, t := range list {
		switch t := t.(type) {
		case *ast.TableName:
			if strings.EqualFold(aliasOf(t), alias) && (schema == "" || t.Alias == "" && (t.Schema == "" || strings.EqualFold(t.Schema, schema))) {
				return t
			}
		case *ast.Derived:
			if schema == "" && strings.EqualFold(t.Alias, alias) {
				return t
			}
		case *ast.TableFunc:
			if schema == "" && strings.EqualFold(t.Alias, alias) {
				return t
			}
		case *ast.Join:
			if hit := named([]ast.TableExpr{t.L, t.R}, schema, alias); hit != nil {
				return hit
			}
		}
	}
	return nil
}

// joinTarget returns the base table behind an alias, and the logical columns of its rows. ok is false for an alias that FROM
// does not have. Error 1288 for what cannot be changed.
func (p *planner) joinTarget(j *joined, schema, alias, verb string) (t *catalog.Table, ids []colID, ok bool, err error) {
	te := named(j.from, schema, alias)
	if te == nil {
		return nil, nil, false, nil
	}
	fixed := base.Errorf(errno.NonUpdatable, "The target table %s of the %s is not updatable", alias, verb)
	name, isTable := te.(*ast.TableName)
	if !isTable || p.isCTE(name) || p.Virtual != nil && p.Virtual(name.Schema, name.Name) != nil {
		return nil, nil, true, fixed
	}
	if t, err = p.lookupTable(name); err != nil {
		return nil, nil, true, err
	}
	for i := range j.sc.cols {
		if c := &j.sc.cols[i]; strings.EqualFold(c.Table, alias) {
			ids = append(ids, c.id)
		}
	}
	if len(ids) != len(t.Columns) {
		return nil, nil, true, fixed
	}
	return t, ids, true, nil
}

// isCTE reports whether a name means a common table expression.
func (p *planner) isCTE(t *ast.TableName) bool {
	for s := p.ctes; s != nil && t.Schema == ""; s = s.next {
		if strings.EqualFold(s.def.cte.Name, t.Name) {
			return true
		}
	}
	return false
}

func (p *planner) multiDelete(s *ast.Delete) (*MultiDelete, error) {
	if err := refuseReturning(s.Returning, "DELETE"); err != nil {
		return nil, err
	}
	j, err := p.joined(s.From)
	if err != nil {
		return nil, err
	}
	n := &MultiDelete{Ignore: s.Ignore}
	var want []colID
	for i, name := range s.Targets {
		for _, before := range s.Targets[:i] {
			if strings.EqualFold(before.Name, name.Name) && strings.EqualFold(before.Schema, name.Schema) {
				return nil, base.Errorf(errno.NonUniqTable, "Not unique table/alias: '%s'", name.Name)
			}
		}
		t, ids, ok, err := p.joinTarget(j, name.Schema, name.Name, "DELETE")
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, base.Errorf(errno.UnknownTable, "Unknown table '%s' in MULTI DELETE", name.Name)
		}
		n.Targets = append(n.Targets, Target{Table: t, Alias: name.Name, First: len(want)})
		want = append(want, ids...)
		p.targets.add(t, name.Name)
	}
	if err := p.where(j, s.Where); err != nil {
		return nil, err
	}
	n.Source, err = p.exactly(pushdown(j.node, nil), want)
	return n, err
}

func (p *planner) multiUpdate(s *ast.Update) (*MultiUpdate, error) {
	if err := refuseReturning(s.Returning, "UPDATE"); err != nil {
		return nil, err
	}
	if s.OrderBy != nil || s.Limit != nil {
		clause := "ORDER BY"
		if s.OrderBy == nil {
			clause = "LIMIT"
		}
		return nil, base.Errorf(errno.WrongUsage, "Incorrect usage of UPDATE and %s", clause)
	}
	j, err := p.joined(s.From)
	if err != nil {
		return nil, err
	}
	n := &MultiUpdate{Ignore: s.Ignore}
	var want layout
	b := &binder{p: p, scope: j.sc, clause: "field list"}
	for _, it := range s.Set {
		c, err := j.sc.find(it.Column)
		if err != nil {
			return nil, err
		}
		if c == nil {
			_, err := b.column(it.Column)
			return nil, err
		}
		pos, err := p.updateTarget(n, &want, j, c)
		if err != nil {
			return nil, err
		}
		n.Set = append(n.Set, Assignment{Column: pos})
	}
	if err := p.where(j, s.Where); err != nil {
		return nil, err
	}
	used := idSet{}
	values := make([]expr.Expr, len(s.Set))
	for i, it := range s.Set {
		if values[i], err = p.setValue(b, n.targetOf(n.Set[i].Column).Table, it); err != nil {
			return nil, err
		}
		used.addExpr(values[i])
	}
	for i := range j.sc.cols {
		if id := j.sc.cols[i].id; used[id] && want.pos(id) < 0 {
			want = append(want, id)
		}
	}
	for i := range n.Set {
		if n.Set[i].Value, err = want.place(values[i]); err != nil {
			return nil, err
		}
	}
	n.Source, err = p.exactly(pushdown(j.node, nil), want)
	return n, err
}

// targetOf returns the target whose columns take position pos of the rows; nil if none does.
func (n *MultiUpdate) targetOf(pos int) *Target {
	for i := range n.Targets {
		if t := &n.Targets[i]; pos >= t.First && pos < t.First+len(t.Table.Columns) {
			return t
		}
	}
	return nil
}

// updateTarget makes the table that has column c a target and returns the position of the column in the rows.
func (p *planner) updateTarget(n *MultiUpdate, want *layout, j *joined, c *scopeCol) (int, error) {
	if i := want.pos(c.id); i >= 0 {
		return i, nil
	}
	alias := c.Table
	for i := range j.sc.cols { // of a column that USING has merged, the table it comes from
		if alias == "" && j.sc.cols[i].id == c.id {
			alias = j.sc.cols[i].Table
		}
	}
	t, ids, _, err := p.joinTarget(j, "", alias, "UPDATE")
	if err != nil {
		return 0, err
	}
	if t == nil {
		return 0, base.Errorf(errno.NonUpdatable, "The target table %s of the UPDATE is not updatable", alias)
	}
	n.Targets = append(n.Targets, Target{Table: t, Alias: alias, First: len(*want)})
	*want = append(*want, ids...)
	p.targets.add(t, alias)
	return want.pos(c.id), nil
}

// setValue binds the value of an assignment to a column of t.
func (p *planner) setValue(b *binder, t *catalog.Table, it ast.SetItem) (expr.Expr, error) {
	defaults, err := p.defaults(t)
	if err != nil {
		return nil, err
	}
	if d, ok := it.Value.(*ast.Default); ok && d.Column == nil {
		return defaultOf(t, defaults, &ast.ColumnRef{Name: it.Column.Name})
	}
	bb := *b
	bb.defaultOf = func(ref *ast.ColumnRef) (expr.Expr, error) { return defaultOf(t, defaults, ref) }
	return bb.expr(it.Value)
}
