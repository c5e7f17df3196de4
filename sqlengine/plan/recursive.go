package plan

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// workDef is the working table of a recursive query while it is planned.
type workDef struct {
	key  *WorkTable
	name string
	cols []Column
}

// lWork reads the working table.
type lWork struct {
	of  *workDef
	ids []colID
}

func (n *lWork) cols() []colID { return n.ids }

func (p *planner) workTable(w *workDef) (logical, output) {
	n := &lWork{of: w}
	out := output{cols: append([]Column(nil), w.cols...)}
	for range out.cols {
		n.ids = append(n.ids, p.newCol())
	}
	out.ids = n.ids
	return n, out
}

func (p *planner) physWork(n *lWork) (Node, layout, error) { return n.of.key, n.ids, nil }

// lRecursive is a recursive common table expression: rows of the seed, then what the parts make of the rows of the step
// before, until there are none.
type lRecursive struct {
	name     string
	key      *WorkTable
	seed     logical
	seedIDs  []colID
	parts    []logical
	partIDs  [][]colID
	distinct bool
	ids      []colID
	out      []Column
}

func (n *lRecursive) cols() []colID { return n.ids }

func (p *planner) physRecursive(n *lRecursive) (Node, layout, error) {
	out := &Recursive{Name: n.name, Work: n.key, Distinct: n.distinct, Out: n.out}
	var err error
	if out.Seed, err = p.exactly(n.seed, n.seedIDs); err != nil {
		return nil, nil, err
	}
	for i, part := range n.parts {
		node, err := p.exactly(part, n.partIDs[i])
		if err != nil {
			return nil, nil, err
		}
		out.Parts = append(out.Parts, node)
	}
	return out, n.ids, nil
}

// recursive plans a recursive common table expression.
func (p *planner) recursive(d *cteDef, border *frame) (logical, output, error) {
	r, err := splitRecursive(d.cte)
	if err != nil {
		return nil, output{}, err
	}
	seed, sout, err := p.query(r.seed, border)
	if err != nil {
		return nil, output{}, err
	}
	n := &lRecursive{name: d.cte.Name, seed: seed, seedIDs: sout.ids, distinct: r.distinct}
	out := output{}
	if len(d.cte.Columns) > 0 && len(d.cte.Columns) != len(sout.cols) {
		return nil, output{}, errViewColumns()
	}
	for i, c := range sout.cols {
		c = Column{Name: c.Name, Type: columnType(c.Type), Nullable: true}
		if len(d.cte.Columns) > 0 {
			c.Name = d.cte.Columns[i]
		}
		out.cols, out.ids = append(out.cols, c), append(out.ids, p.newCol())
	}
	n.ids, n.out = out.ids, out.cols
	n.key = &WorkTable{Name: d.cte.Name, Out: out.cols}
	d.work = &workDef{key: n.key, name: d.cte.Name, cols: out.cols}
	self := &cteScope{def: d, next: d.scope}
	defer func() { d.work = nil }()
	for _, part := range r.parts {
		p.ctes = self
		l, pout, err := p.query(part, border)
		if err != nil {
			return nil, output{}, err
		}
		if len(pout.cols) != len(out.cols) {
			return nil, output{}, base.Errorf(errno.WrongColumnCount, "The used SELECT statements have a different number of columns")
		}
		n.parts, n.partIDs = append(n.parts, l), append(n.partIDs, pout.ids)
	}
	return p.recursiveLimit(n, out, r)
}

// recursiveLimit applies the LIMIT behind the members, which ends the recursion as soon as there are enough rows.
func (p *planner) recursiveLimit(n *lRecursive, out output, r *recursion) (logical, output, error) {
	b := &binder{p: p, scope: &scope{}, clause: "limit clause"}
	l, err := p.orderLimit(n, nil, r.limit, b)
	return l, out, err
}

// columnType is the type of a column that holds values of t: NULL alone has none of its own.
func columnType(t base.Type) base.Type {
	if t.ID == base.TypeNull {
		return base.Type{ID: base.TypeVarbinary}
	}
	return t
}

// recursion is the members of a recursive query.
type recursion struct {
	seed     ast.Query
	parts    []*ast.Select
	distinct bool
	limit    *ast.Limit
}

// splitRecursive tells the members apart and checks what MySQL forbids in recursive ones.
//
// Errors: 3573 to 3577, 1235.
func splitRecursive(c *ast.CTE) (*recursion, error) {
	top, ok := c.Query.(*ast.SetOp)
	if !ok || top.Op != "UNION" {
		return nil, base.Errorf(errno.CTENoUnion, "Recursive Common Table Expression '%s' should contain a UNION", c.Name)
	}
	if top.OrderBy != nil {
		return nil, base.Errorf(errno.NotSupported, "ORDER BY over UNION in recursive Common Table Expression is not supported")
	}
	r := &recursion{limit: top.Limit}
	var members []ast.Query
	r.members(top, &members)
	first := len(members)
	for i, m := range members {
		recursive := refersTo(m, c.Name) > 0
		if recursive && first == len(members) {
			first = i
		}
		if i == 0 && recursive || i > first && !recursive {
			return nil, base.Errorf(errno.CTENoSeed,
				"Recursive Common Table Expression '%s' should have one or more non-recursive query blocks followed by one or more recursive ones", c.Name)
		}
	}
	r.seed = members[0]
	for _, m := range members[1:first] {
		r.seed = &ast.SetOp{At: top.At, Op: "UNION", All: !r.distinct, L: r.seed, R: m}
	}
	for _, m := range members[first:] {
		s, ok := m.(*ast.Select)
		if !ok {
			return nil, base.Errorf(errno.CTENoUnion, "Recursive Common Table Expression '%s' should contain a UNION", c.Name)
		}
		if err := checkRecursive(s, c.Name); err != nil {
			return nil, err
		}
		r.parts = append(r.parts, s)
	}
	return r, nil
}

// members lists the operands of unions, from left to right.
func (r *recursion) members(s *ast.SetOp, out *[]ast.Query) {
	r.distinct = r.distinct || !s.All
	for _, q := range []ast.Query{s.L, s.R} {
		if u, ok := q.(*ast.SetOp); ok && u.Op == "UNION" && u.With == nil && u.OrderBy == nil && u.Limit == nil {
			r.members(u, out)
			continue
		}
		*out = append(*out, q)
	}
}

func checkRecursive(s *ast.Select, name string) error {
	if s.Distinct || s.OrderBy != nil || s.Limit != nil {
		return base.Errorf(errno.NotSupported,
			"ORDER BY / LIMIT / SELECT DISTINCT in recursive query block of Common Table Expression is not supported")
	}
	if len(s.GroupBy) > 0 || s.Having != nil || aggregates(s) {
		return base.Errorf(errno.CTEAggregation,
			"Recursive Common Table Expression '%s' can contain neither aggregation nor window functions in recursive query block", name)
	}
	direct, filled := 0, 0
	for _, t := range s.From {
		d, f := namedIn(t, name, false)
		direct, filled = direct+d, filled+f
	}
	switch {
	case direct != 1 || refersTo(s, name) != 1:
		return base.Errorf(errno.CTESingleReference,
			"In recursive query block of Recursive Common Table Expression '%s', the recursive table must be referenced only once, and not in any subquery", name)
	case filled > 0:
		return base.Errorf(errno.CTEJoinOrder,
			"In recursive query block of Recursive Common Table Expression '%s', the recursive table must neither be in the right argument of a LEFT JOIN, nor be forced to be non-first with join order hints", name)
	}
	return nil
}

// namedIn counts the references to a table in a FROM item itself, and those of them that an outer join may fill with NULLs.
func namedIn(t ast.TableExpr, name string, null bool) (direct, filled int) {
	switch t := t.(type) {
	case *ast.TableName:
		if t.Schema == "" && strings.EqualFold(t.Name, name) {
			if null {
				return 1, 1
			}
			return 1, 0
		}
	case *ast.Join:
		ld, lf := namedIn(t.L, name, null || t.Kind == "RIGHT" || t.Kind == "FULL")
		rd, rf := namedIn(t.R, name, null || t.Kind == "LEFT" || t.Kind == "FULL")
		return ld + rd, lf + rf
	}
	return 0, 0
}

// aggregates reports whether a SELECT has aggregate or window functions of its own.
func aggregates(s *ast.Select) bool {
	found := false
	ast.Inspect(s, func(n any) bool {
		switch n := n.(type) {
		case *ast.Select:
			return n == s
		case *ast.SetOp, *ast.ValuesList:
			return false
		case *ast.Call:
			found = found || n.Over != nil || expr.IsAggregate(n.Name)
		}
		return !found
	})
	return found
}
