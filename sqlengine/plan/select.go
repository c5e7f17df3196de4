package plan

import (
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

func itoa(i int) string { return strconv.Itoa(i) }

// item is one bound element of a select list.
type item struct {
	col  Column
	expr expr.Expr
}

// selectBlock plans one SELECT: FROM, WHERE, GROUP BY, HAVING, windows, select list, DISTINCT, ORDER BY, LIMIT, in this order.
func (p *planner) selectBlock(s *ast.Select, outer *frame) (logical, output, error) {
	n, sc, err := p.lockedFrom(s, outer)
	if err != nil {
		return nil, output{}, err
	}
	sc.matches = matchesOf(s)
	if s.Where != nil {
		e, err := (&binder{p: p, scope: sc, clause: "where clause"}).expr(s.Where)
		if err != nil {
			return nil, output{}, err
		}
		n = &lFilter{input: n, preds: conjuncts(e)}
	}
	aggs := &aggCollector{p: p, grouped: len(s.GroupBy) > 0}
	b := &binder{p: p, scope: sc, clause: "field list", aggs: aggs, rollup: s.Rollup}
	if len(s.GroupBy) > 0 {
		b.same = map[string]expr.Expr{}
	}
	if err := b.windows(s.Windows); err != nil {
		return nil, output{}, err
	}
	items, err := b.items(s.Items)
	if err != nil {
		return nil, output{}, err
	}
	var having expr.Expr
	if s.Having != nil {
		if having, err = b.having(s, items); err == nil {
			err = b.wins.refuse(having, items)
		}
		if err != nil {
			return nil, output{}, err
		}
	}
	out := output{}
	for _, it := range items {
		out.cols = append(out.cols, it.col)
	}
	keys, err := b.orderKeys(s.OrderBy, out, items)
	if err != nil {
		return nil, output{}, err
	}
	if len(s.GroupBy) > 0 || len(aggs.aggs) > 0 {
		g, err := p.group(n, s.GroupBy, b, items)
		if err != nil {
			return nil, output{}, err
		}
		if err := g.rewrite(items, keys, &having); err != nil {
			return nil, output{}, err
		}
		if err := b.wins.over(g); err != nil {
			return nil, output{}, err
		}
		n = g.node
		if g.rolled && len(s.OrderBy) == 0 {
			if n, err = g.order(); err != nil {
				return nil, output{}, err
			}
		}
	}
	if having != nil {
		n = &lFilter{input: n, preds: conjuncts(having)}
	}
	if n, err = p.window(n, b.wins); err != nil {
		return nil, output{}, err
	}
	return p.projectSelect(n, s, items, keys, out, b)
}

// lockedFrom plans the FROM clause with the locks on its tables.
func (p *planner) lockedFrom(s *ast.Select, outer *frame) (logical, *scope, error) {
	lock, straight := p.lock, p.straight
	p.lock, p.straight = lockOf(s), s.Straight
	defer func() { p.lock, p.straight = lock, straight }()
	n, sc, err := p.from(s.From, outer)
	if err == nil {
		err = p.lock.check()
	}
	return n, sc, err
}

// projectSelect computes the select list and the sort keys and puts DISTINCT, ORDER BY and LIMIT above it.
func (p *planner) projectSelect(n logical, s *ast.Select, items []item, keys []SortKey, out output, b *binder) (logical, output, error) {
	proj := &lProject{input: n}
	for i := range keys {
		keys[i].Expr = expr.Settle(keys[i].Expr)
	}
	for i := range items {
		items[i].expr = expr.Settle(items[i].expr)
	}
	if late(items, keys, s.Distinct) {
		return p.projectLate(n, s, items, keys, out, b)
	}
	for i, it := range items {
		e := p.asColumn(proj, it.expr)
		id, _ := expr.AsColumn(e)
		out.ids = append(out.ids, id)
		out.cols[i].Type, out.cols[i].Nullable = it.expr.Type(), it.expr.Nullable()
	}
	above := &lProject{keep: true} // sort keys that DISTINCT must not see
	for i := range keys {
		e, ok := overItems(keys[i].Expr, items, out)
		switch {
		case ok && s.Distinct:
			keys[i].Expr = p.asColumn(above, e)
		case s.Distinct:
			return nil, out, b.orderNotInSelect(keys[i].Expr, i+1, items, out)
		default:
			if j := sameItem(keys[i].Expr, items); j < 0 {
				e = keys[i].Expr
			}
			keys[i].Expr = p.asColumn(proj, e)
		}
	}
	if len(proj.ids) > 0 {
		proj.keep = true
		n = proj
	}
	if s.Distinct {
		n = &lDistinct{input: n, ids: uniqueIDs(out.ids)}
		if len(above.ids) > 0 {
			above.input = n
			n = above
		}
	}
	n, err := p.orderLimit(n, keys, s.Limit, b)
	return n, out, err
}

// projectLate is projectSelect with the select list above ORDER BY and LIMIT.
func (p *planner) projectLate(n logical, s *ast.Select, items []item, keys []SortKey, out output, b *binder) (logical, output, error) {
	below := &lProject{input: n, keep: true}
	for i := range keys {
		keys[i].Expr = p.asColumn(below, keys[i].Expr)
	}
	if len(below.ids) > 0 {
		n = below
	}
	n, err := p.orderLimit(n, keys, s.Limit, b)
	if err != nil {
		return nil, out, err
	}
	above := &lProject{input: n, keep: true}
	for i, it := range items {
		id, _ := expr.AsColumn(p.asColumn(above, it.expr))
		out.ids = append(out.ids, id)
		out.cols[i].Type, out.cols[i].Nullable = it.expr.Type(), it.expr.Nullable()
	}
	return above, out, nil
}

// orderNotInSelect returns the error for a sort key that SELECT DISTINCT does not have.
func (b *binder) orderNotInSelect(e expr.Expr, n int, items []item, out output) error {
	for {
		var next expr.Expr
		for _, c := range e.Children() {
			if _, ok := overItems(c, items, out); !ok {
				next = c
			}
		}
		if next == nil {
			break
		}
		e = next
	}
	if id, ok := expr.AsColumn(e); ok && newIDSet(b.aggs.ids...)[id] {
		return base.Errorf(errno.AggregateNotInSelect,
			"Expression #%d of ORDER BY clause is not in SELECT list, contains aggregate function; this is incompatible with DISTINCT", n)
	}
	return base.Errorf(errno.OrderNotInSelect, "Expression #%d of ORDER BY clause is not in SELECT list, references column '%s' "+
		"which is not in SELECT list; this is incompatible with DISTINCT", n, b.scope.fullName(e))
}

func uniqueIDs(ids []colID) []colID {
	seen := map[colID]bool{}
	var out []colID
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

// overItems rewrites e to read select-list items alone; ok is false if it reads anything else.
func overItems(e expr.Expr, items []item, out output) (_ expr.Expr, ok bool) {
	if j := sameItem(e, items); j >= 0 {
		return expr.Column(out.ids[j], out.cols[j].Type, out.cols[j].Name, out.cols[j].Nullable), true
	}
	if _, column := expr.AsColumn(e); column {
		return nil, false
	}
	children := e.Children()
	if len(children) == 0 {
		return e, true
	}
	over := make([]expr.Expr, len(children))
	for i, c := range children {
		if over[i], ok = overItems(c, items, out); !ok {
			return nil, false
		}
	}
	return e.WithChildren(over), true
}

func sameItem(e expr.Expr, items []item) int {
	e = expr.Settle(e)
	for i := range items {
		if expr.Equal(e, items[i].expr) {
			return i
		}
	}
	return -1
}

// items binds a select list, expanding * and t.*.
func (b *binder) items(list []ast.SelectItem) ([]item, error) {
	var out []item
	defer func() { b.earlier = nil }()
	for _, si := range list {
		b.earlier = out
		if star, ok := si.Expr.(*ast.Star); ok {
			cols, err := b.star(star)
			if err != nil {
				return nil, err
			}
			out = append(out, cols...)
			continue
		}
		e, err := b.expr(si.Expr)
		if err == nil {
			err = aliasLength(si.Alias)
		}
		if err != nil {
			return nil, err
		}
		col := Column{Name: si.Alias, Type: e.Type(), Nullable: e.Nullable()}
		if ref, ok := si.Expr.(*ast.ColumnRef); ok {
			if c, err := b.scope.find(ref); err == nil && c != nil {
				name := c.Name
				col = c.Column
				if col.Name = si.Alias; si.Alias == "" {
					col.Name = name
				}
			}
		}
		if col.Name == "" {
			col.Name = itemName(si)
		}
		col.Hidden = false
		out = append(out, item{col: col, expr: e})
	}
	return out, nil
}

// itemName is the column name of an unaliased item: its text, as MySQL shows it.
func itemName(si ast.SelectItem) string {
	if ref, ok := si.Expr.(*ast.ColumnRef); ok {
		return ref.Name
	}
	if l, ok := si.Expr.(*ast.Literal); ok && l.Value.Class() == base.String {
		return l.Value.Text()
	}
	if c, ok := si.Expr.(*ast.Call); ok && c.Name == "NAME_CONST" && len(c.Args) == 2 {
		if l, ok := c.Args[0].(*ast.Literal); ok && !l.Value.IsNull() {
			return expr.Format(l.Value, l.Type)
		}
	}
	return strings.TrimSpace(si.Text)
}

func (b *binder) star(star *ast.Star) ([]item, error) {
	var out []item
	for i := range b.scope.cols {
		c := &b.scope.cols[i]
		if c.Hidden || star.Table == "" && c.merged {
			continue
		}
		if star.Table != "" && !strings.EqualFold(star.Table, c.Table) || star.Schema != "" && !strings.EqualFold(star.Schema, c.schema) {
			continue
		}
		if c.shut != nil {
			return nil, c.shut
		}
		out = append(out, item{col: c.Column, expr: c.ref()})
	}
	if len(out) == 0 {
		if star.Table != "" {
			return nil, base.Errorf(errno.BadTable, "Unknown table '%s'", star.Table)
		}
		return nil, base.Errorf(errno.NoTables, "No tables used")
	}
	return out, nil
}

// having binds HAVING, where a select-list alias may stand for its expression: an unqualified name means a group key,
// else an alias, else a column (MySQL reference manual, "SELECT Statement").
func (b *binder) having(s *ast.Select, items []item) (expr.Expr, error) {
	saved := b.clause
	wins := b.wins
	b.clause, b.aliases, b.wins = "having clause", items, nil
	for _, it := range items {
		hidden := false
		for _, g := range s.GroupBy {
			ref, ok := g.(*ast.ColumnRef)
			hidden = hidden || ok && strings.EqualFold(ref.Name, it.col.Name)
		}
		if !hidden {
			b.prefer = append(b.prefer, it)
		}
	}
	defer func() { b.clause, b.aliases, b.prefer, b.named, b.wins = saved, nil, nil, nil, wins }()
	named := idSet{}
	for _, it := range items {
		if id, ok := expr.AsColumn(it.expr); ok {
			named[id] = true
		}
	}
	for _, g := range s.GroupBy {
		if ref, ok := g.(*ast.ColumnRef); ok {
			if c, err := b.scope.find(ref); err == nil && c != nil {
				named[c.id] = true
			}
		}
	}
	b.named = func(id colID) bool { return named[id] }
	return b.expr(s.Having)
}

func (b *binder) orderKeys(list []ast.OrderItem, out output, items []item) ([]SortKey, error) {
	saved := b.clause
	b.clause = "order clause"
	defer func() { b.clause = saved }()
	keys := make([]SortKey, 0, len(list))
	for _, o := range list {
		e, err := b.orderKey(o.Expr, out, items)
		if err != nil {
			return nil, err
		}
		keys = append(keys, SortKey{Expr: e, Desc: o.Desc})
	}
	return keys, nil
}

// orderKey binds one ORDER BY expression: a position, an alias of the select list, or an expression.
func (b *binder) orderKey(e ast.Expr, out output, items []item) (expr.Expr, error) {
	at := func(i int) expr.Expr {
		if items != nil {
			return items[i].expr
		}
		return expr.Column(out.ids[i], out.cols[i].Type, out.cols[i].Name, out.cols[i].Nullable)
	}
	if n, ok := ordinal(e); ok {
		if n < 1 || n > len(out.cols) {
			return nil, base.Errorf(errno.BadField, "Unknown column '%d' in 'order clause'", n)
		}
		return at(n - 1), nil
	}
	if ref, ok := e.(*ast.ColumnRef); ok {
		named := make([]item, len(out.cols))
		for i := range out.cols {
			named[i] = item{col: out.cols[i], expr: at(i)}
		}
		if i, err := aliased(named, ref, b.clause); err != nil {
			return nil, err
		} else if i >= 0 {
			return at(i), nil
		}
	}
	b.aliases = items
	defer func() { b.aliases = nil }()
	return b.expr(e)
}

// ordinal returns the number of an integer literal in ORDER BY or GROUP BY.
func ordinal(e ast.Expr) (int, bool) {
	l, ok := e.(*ast.Literal)
	if !ok || l.Value.Class() != base.Int {
		return 0, false
	}
	return int(l.Value.Int()), true
}
