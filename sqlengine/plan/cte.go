package plan

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// maxExpansions bounds how often the queries of common table expressions are planned in a statement: those that depend on
// an outer row are planned at every reference, which multiplies with nesting.
const maxExpansions = 1000

// cteScope is the common table expressions visible at one place; inner ones hide outer ones.
type cteScope struct {
	def  *cteDef
	next *cteScope
}

// cteDef is one common table expression and what was planned of it.
type cteDef struct {
	cte   *ast.CTE
	rec   bool      // of WITH RECURSIVE
	outer *frame    // what encloses the query that has the WITH
	scope *cteScope // visible inside
	work  *workDef  // while its recursive members are planned
	once  *SharedQuery
	out   output // of once
}

// withCTEs makes the WITH clause of a statement's top level visible until the returned function is called.
func (p *planner) withCTEs(w *ast.With) func() { return p.with(w, nil) }

// with is withCTEs for a query that outer encloses.
func (p *planner) with(w *ast.With, outer *frame) func() {
	if w == nil {
		return func() {}
	}
	saved := p.ctes
	for i := range w.CTEs {
		p.ctes = &cteScope{def: &cteDef{cte: &w.CTEs[i], rec: w.Recursive, outer: outer, scope: p.ctes}, next: p.ctes}
	}
	return func() { p.ctes = saved }
}

// checkCTEs checks that the names of a WITH clause differ.
func checkCTEs(w *ast.With) error {
	if w == nil {
		return nil
	}
	seen := make(map[string]bool, len(w.CTEs))
	for i := range w.CTEs {
		name := strings.ToLower(w.CTEs[i].Name)
		if seen[name] {
			return base.Errorf(errno.NonUniqTable, "Not unique table/alias: '%s'", w.CTEs[i].Name)
		}
		seen[name] = true
	}
	return nil
}

// cteRef plans a reference to a common table expression; ok is false when the name is not one.
func (p *planner) cteRef(t *ast.TableName, outer *frame) (n logical, sc *scope, ok bool, err error) {
	for s := p.ctes; s != nil; s = s.next {
		if !strings.EqualFold(s.def.cte.Name, t.Name) {
			continue
		}
		p.targets.derived++
		n, out, err := p.expand(s.def, outer)
		p.targets.derived--
		if err != nil {
			return nil, nil, true, err
		}
		names := s.def.cte.Columns
		if s.def.work != nil {
			names = nil // the working table has them already
		}
		sc, err := outputScope(out, aliasOf(t), names, outer)
		return n, sc, true, err
	}
	return nil, nil, false, nil
}

// expand plans the query of a common table expression for one reference to it: in place when it is the only one, or cheap
// to run again, or depends on an outer row; else as a query that runs once. A recursive one names itself and so runs once:
// a LIMIT outside of it does not end it, as in MySQL.
func (p *planner) expand(d *cteDef, at *frame) (logical, output, error) {
	switch {
	case d.work != nil:
		n, out := p.workTable(d.work)
		return n, out, nil
	case d.once != nil:
		n, out := p.shared(d)
		return n, out, nil
	}
	if p.expansions++; p.expansions > maxExpansions {
		return nil, output{}, base.Errorf(errno.NestingTooHigh, "Too high level of nesting for select")
	}
	saved := p.ctes
	border := &frame{scope: &scope{outer: d.outer}, through: true}
	n, out, err := p.cteQuery(d, border)
	p.ctes = saved
	switch {
	case err != nil:
		return nil, output{}, err
	case border.free:
		for f := at; f != nil && f != d.outer; f = f.scope.outer {
			f.free = true
		}
		return n, out, nil
	case p.references(d.cte.Name) < 2 || cheap(n):
		return n, out, nil
	}
	root, err := p.finish(n, out)
	if err != nil {
		return nil, output{}, err
	}
	d.once, d.out = &SharedQuery{Name: d.cte.Name, Plan: root}, out
	n, out = p.shared(d)
	return n, out, nil
}

func (p *planner) cteQuery(d *cteDef, border *frame) (logical, output, error) {
	p.ctes = d.scope
	if d.rec && refersTo(d.cte.Query, d.cte.Name) > 0 {
		return p.recursive(d, border)
	}
	return p.query(d.cte.Query, border)
}

// shared returns a reader of a query that runs once.
func (p *planner) shared(d *cteDef) (logical, output) {
	n := &lShared{of: d.once}
	out := output{cols: append([]Column(nil), d.out.cols...)}
	for range out.cols {
		n.ids = append(n.ids, p.newCol())
	}
	out.ids = n.ids
	return n, out
}

// references returns how many table names of the statement are name.
func (p *planner) references(name string) int {
	if p.tableNames == nil {
		p.tableNames = map[string]int{}
		ast.Inspect(p.stmt, func(n any) bool {
			if t, ok := n.(*ast.TableName); ok && t != nil && t.Schema == "" {
				p.tableNames[strings.ToLower(t.Name)]++
			}
			return true
		})
	}
	return p.tableNames[strings.ToLower(name)]
}

// refersTo counts the references in q to the table name that no WITH clause inside q hides.
func refersTo(q any, name string) int {
	n := 0
	ast.Inspect(q, func(node any) bool {
		switch x := node.(type) {
		case *ast.TableName:
			if x.Schema == "" && strings.EqualFold(x.Name, name) {
				n++
			}
		case *ast.Select:
			return !hides(x.With, name, &n)
		case *ast.SetOp:
			return !hides(x.With, name, &n)
		}
		return true
	})
	return n
}

// hides reports whether a WITH clause defines name, and adds the references to the outer one that its own queries have.
func hides(w *ast.With, name string, n *int) bool {
	if w == nil {
		return false
	}
	for i := range w.CTEs {
		if strings.EqualFold(w.CTEs[i].Name, name) {
			if !w.Recursive {
				i++
			}
			for _, c := range w.CTEs[:i] {
				*n += refersTo(c.Query, name)
			}
			return true
		}
	}
	return false
}

// cheap reports whether n may as well be run at every reference: rows of one table as they are, or constants.
func cheap(n logical) bool {
	switch n := n.(type) {
	case *lScan, *lShared:
		return true
	case *lValues:
		for _, row := range n.rows {
			for _, e := range row {
				if !movable(e) {
					return false
				}
			}
		}
		return true
	case *lFilter:
		for _, e := range n.preds {
			if !movable(e) {
				return false
			}
		}
		return cheap(n.input)
	case *lProject:
		for _, e := range n.exprs {
			if !movable(e) {
				return false
			}
		}
		return cheap(n.input)
	}
	return false
}

// lShared reads a query that runs once.
type lShared struct {
	of  *SharedQuery
	ids []colID
}

func (n *lShared) cols() []colID { return n.ids }

func (p *planner) physShared(n *lShared) (Node, layout, error) {
	return &Shared{Of: n.of, Out: n.of.Plan.Schema()}, n.ids, nil
}
