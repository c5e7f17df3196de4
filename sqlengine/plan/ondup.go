package plan

import (
	"slices"
	"strconv"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// insertQuery plans the source of INSERT … SELECT, with extra columns behind those that are inserted.
func (p *planner) insertQuery(n *Insert, s *ast.Insert, extra []ast.SelectItem) error {
	q := s.Query
	if len(extra) > 0 {
		sel := *q.(*ast.Select)
		sel.Items = append(append([]ast.SelectItem(nil), sel.Items...), extra...)
		q = &sel
	}
	l, out, err := p.query(q, nil)
	if err != nil {
		return err
	}
	if len(out.cols) != len(n.Target)+len(extra) {
		return base.Errorf(errno.WrongValueCount, "Column count doesn't match value count at row 1")
	}
	for _, i := range n.Target {
		if c := &n.Table.Columns[i]; c.Generated != nil {
			return generatedValue(n.Table, c)
		}
	}
	if n.Source, err = p.finish(l, out); err == nil {
		n.Source = storing(n.Source, n)
	}
	return err
}

// storing puts the conversions over the rows of a query that its columns need for the columns they are stored in.
func storing(source Node, n *Insert) Node {
	proj, changed := &Project{Input: source, Out: slices.Clone(source.Schema())}, false
	for i := range proj.Out {
		c := &proj.Out[i]
		col := expr.Column(i, c.Type, c.Name, c.Nullable)
		e := col
		if i < len(n.Target) {
			e = expr.Storing(col, n.Table.Columns[n.Target[i]].Type)
		}
		changed = changed || e != col
		c.Type, c.Nullable = e.Type(), e.Nullable()
		proj.Exprs = append(proj.Exprs, e)
	}
	if !changed {
		return source
	}
	return proj
}

// onDup binds ON DUPLICATE KEY UPDATE: bare and table-qualified names mean the old row, VALUES(col) and the row alias the new one.
// Behind a SELECT without grouping, names may also mean columns of its tables: extra are those that do, in the order of their
// positions behind old and new row.
func (p *planner) onDup(n *Insert, w *written, s *ast.Insert) (extra []ast.SelectItem, err error) {
	width := len(n.Table.Columns)
	sc := &scope{cols: append(slices.Clone(w.names.cols), newRowColumns(n, w, s)...)}
	from, err := p.sourceColumns(s)
	if err != nil {
		return nil, err
	}
	for i, c := range from {
		c.id = 2*width + i
		sc.cols = append(sc.cols, c)
	}
	b := &binder{p: p, scope: sc, clause: "field list", defaultOf: w.defaultOf}
	b.values = func(ref *ast.ColumnRef) (expr.Expr, error) {
		i, c, err := w.find(&ast.ColumnRef{Name: ref.Name})
		if err != nil {
			return nil, err
		}
		return expr.Column(width+i, c.Type, c.Name, true), nil
	}
	defer func(saved targets) { p.targets = saved }(p.targets)
	if err := p.targets.add(changed{w.table, w.alias, w.view, "INSERT"}); err != nil {
		return nil, err
	}
	if n.OnDup, err = assignments(b, w, s.OnDup); err != nil {
		return nil, err
	}
	return p.placeExtra(n, from)
}

// newRowColumns are the names that a row alias and its column aliases give to the new row.
func newRowColumns(n *Insert, w *written, s *ast.Insert) (out []scopeCol) {
	if s.RowAlias == "" {
		return nil
	}
	width := len(n.Table.Columns)
	for j, i := range n.Target {
		c := &n.Table.Columns[i]
		name := w.nameOf(i)
		if len(s.ColAlias) > j {
			name = s.ColAlias[j]
		}
		// merged: a bare name means the old row, unless only a column alias has it
		_, _, unknown := w.find(&ast.ColumnRef{Name: name})
		out = append(out, scopeCol{id: width + i, merged: unknown == nil, Column: Column{Name: name, Table: s.RowAlias, Type: c.Type, Nullable: true}})
	}
	return out
}

// sourceColumns are the columns of the tables that an INSERT … SELECT reads, where ON DUPLICATE KEY UPDATE may name them.
func (p *planner) sourceColumns(s *ast.Insert) ([]scopeCol, error) {
	sel, ok := s.Query.(*ast.Select)
	if !ok || sel.Distinct || len(sel.GroupBy) > 0 || len(sel.From) == 0 {
		return nil, nil
	}
	defer p.withCTEs(sel.With)()
	_, sc, err := p.from(sel.From, nil)
	if err != nil {
		return nil, err
	}
	return sc.cols, nil
}

// placeExtra makes the source columns that the assignments name columns of the source, and the assignments name those.
func (p *planner) placeExtra(n *Insert, from []scopeCol) (extra []ast.SelectItem, err error) {
	first := 2 * len(n.Table.Columns)
	l := make(layout, first)
	for i := range l {
		l[i] = i
	}
	used := idSet{}
	for _, a := range n.OnDup {
		used.addExpr(a.Value)
	}
	for i := range from {
		if !used[first+i] {
			continue
		}
		c := &from[i]
		l = append(l, first+i)
		extra = append(extra, ast.SelectItem{Expr: &ast.ColumnRef{Table: c.Table, Name: c.Name}, Alias: "(on duplicate " + strconv.Itoa(i) + ")"})
	}
	if len(extra) == 0 {
		return nil, nil
	}
	for i := range n.OnDup {
		if n.OnDup[i].Value, err = l.place(n.OnDup[i].Value); err != nil {
			return nil, err
		}
	}
	return extra, nil
}
