package plan

import (
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// Target is one of the tables that a statement changes. The columns of the table stand at First and after it in the rows of
// the source; they are NULL throughout where an outer join found no row.
type Target struct {
	Table *catalog.Table
	Alias string
	First int
	Check *ViewCheck // of the view that it is changed through; nil: none
	Named []int      // the partitions that rows may go to; nil: all
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
	open *opening
}

func (p *planner) joined(from []ast.TableExpr) (*joined, error) {
	p.open = &opening{}
	n, sc, err := p.from(from, nil)
	j := &joined{node: n, sc: sc, open: p.open}
	p.open = nil
	return j, err
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
		o := j.open.named(name.Name)
		switch {
		case o == nil || name.Schema != "" && !p.unaliased(o, name):
			return nil, base.Errorf(errno.UnknownTable, "Unknown table '%s' in MULTI DELETE", name.Name)
		case !o.writable():
			return nil, notUpdatable(o.alias, "DELETE")
		case o.several():
			return nil, p.deleteJoin(o)
		}
		t := o.parts[0].table
		n.Targets = append(n.Targets, Target{Table: t, Alias: name.Name, First: len(want)})
		want = append(want, o.parts[0].ids...)
		if err := p.targets.add(changed{t, o.alias, o.view, "DELETE"}); err != nil {
			return nil, err
		}
	}
	if err := p.where(j, s.Where); err != nil {
		return nil, err
	}
	n.Source, err = p.exactly(pushdown(j.node, nil), want)
	return n, err
}

// unaliased reports whether a name with its schema means a relation: one with an alias has no schema.
func (p *planner) unaliased(o *opened, t *ast.TableName) bool {
	own := ""
	switch {
	case o.view != nil:
		own = o.view.Name
	case len(o.parts) > 0:
		own = o.parts[0].table.Name
	}
	return strings.EqualFold(t.Schema, p.Database) && strings.EqualFold(own, t.Name)
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
	u := &updating{p: p, j: j, out: &MultiUpdate{Ignore: s.Ignore}, b: &binder{p: p, scope: j.sc, clause: "field list"}}
	u.b.defaultOf = u.defaultOf
	for _, it := range s.Set {
		at, err := u.column(it.Column)
		if err != nil {
			return nil, err
		}
		u.out.Set = append(u.out.Set, Assignment{Column: at})
	}
	if err := u.oneTableEach(); err != nil {
		return nil, err
	}
	if err := p.where(j, s.Where); err != nil {
		return nil, err
	}
	return u.finish(s.Set)
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
