package plan

import (
	"slices"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// aggCollector gathers the aggregate calls of one SELECT; equal calls share one column.
type aggCollector struct {
	p       *planner
	grouped bool // there is a GROUP BY
	aggs    []expr.Agg
	ids     []colID
}

func (a *aggCollector) add(g expr.Agg) expr.Expr {
	for i := range a.aggs {
		if a.aggs[i].Equal(g) {
			return expr.Column(a.ids[i], g.Type(), g.String(), g.Nullable())
		}
	}
	id := a.p.newCol()
	a.aggs, a.ids = append(a.aggs, g), append(a.ids, id)
	return expr.Column(id, g.Type(), g.String(), g.Nullable())
}

// refuse is an error if arguments of an aggregate read another, which they can by an alias.
func (a *aggCollector) refuse(args []expr.Expr, items []item) error {
	used := idSet{}
	for _, e := range args {
		used.addExpr(e)
	}
	for i := range items {
		in := idSet{}
		if in.addExpr(items[i].expr); in.any(a.ids) && used.any(a.ids) {
			return base.Errorf(errno.IllegalReference, "Reference '%s' not supported (reference to group function)", items[i].col.Name)
		}
	}
	return nil
}

// function binds a call: an aggregate where one may stand, else a scalar function.
func (b *binder) function(e *ast.Call) (expr.Expr, error) {
	if e.Over != nil {
		return b.windowCall(e)
	}
	if f := b.scope.facts[e.Name]; f != nil && e.Schema == "" && len(e.Args) == 0 {
		return f, nil
	}
	if e.Name == "GROUPING" && e.Schema == "" {
		return b.grouping(e)
	}
	if isTextFunction(e.Name) && e.Schema == "" {
		return b.textFunction(e)
	}
	if !expr.IsAggregate(e.Name) {
		return b.scalarCall(e)
	}
	if f := b.aggregatedAt(e); f != nil {
		if f.b.inAgg {
			return nil, base.Errorf(errno.InvalidGroupFunc, "Invalid use of group function")
		}
		g, err := f.b.aggregate(e)
		if err != nil {
			return nil, err
		}
		return b.scope.outer.carry(b.p, f, g), nil
	}
	if b.aggs == nil {
		return nil, base.Errorf(errno.InvalidGroupFunc, "Invalid use of group function")
	}
	return b.aggregate(e)
}

// aggregate binds an aggregate call of this query.
func (b *binder) aggregate(e *ast.Call) (expr.Expr, error) {
	inner := *b
	inner.aggs, inner.wins, inner.prefer, inner.named, inner.inAgg = nil, nil, nil, nil, true
	var args []expr.Expr
	if len(e.Args) != 1 || !isStar(e.Args[0]) {
		var err error
		if args, err = inner.exprs(e.Args); err != nil {
			return nil, err
		}
		if err = b.aggs.refuse(args, b.aliases); err != nil {
			return nil, err
		}
		for _, a := range args {
			if err = b.called.refuse(a, b.aliases); err != nil {
				return nil, err
			}
		}
	}
	if b.aggs.grouped || e.Distinct && !extreme(e.Name) { // MySQL's temporary table holds what goes in
		for i := range args {
			args[i] = expr.Settle(args[i])
		}
	}
	opts := expr.AggOptions{Distinct: e.Distinct}
	if e.Separator != nil {
		opts.Separator = e.Separator
	}
	for _, o := range e.OrderBy {
		k, err := inner.expr(o.Expr)
		if err != nil {
			return nil, err
		}
		opts.OrderBy = append(opts.OrderBy, expr.AggOrder{Expr: k, Desc: o.Desc})
	}
	g, err := expr.NewAgg(e.Name, args, opts)
	if err != nil {
		return nil, err
	}
	return b.aggs.add(g), nil
}

// extreme reports whether an aggregate is MIN or MAX, of which DISTINCT changes nothing.
func extreme(name string) bool {
	return strings.EqualFold(name, "MIN") || strings.EqualFold(name, "MAX")
}

func isStar(e ast.Expr) bool {
	_, ok := e.(*ast.Star)
	return ok
}

func (b *binder) scalarCall(e *ast.Call) (expr.Expr, error) {
	if len(e.Args) == 2 {
		if iv, ok := e.Args[1].(*ast.Interval); ok {
			switch e.Name {
			case "DATE_ADD", "ADDDATE":
				return b.interval(e.Args[0], iv, false)
			case "DATE_SUB", "SUBDATE":
				return b.interval(e.Args[0], iv, true)
			}
		}
	}
	if b.p.Function != nil && !expr.Known(e.Name) {
		if f := b.p.Function(e.Name); f != nil {
			args, err := b.exprs(e.Args)
			if err != nil {
				return nil, err
			}
			return expr.CallCustom(f, args...)
		}
	}
	return b.call(e.Name, e.Args...)
}

// grouping is a SELECT's aggregation and how expressions above it are rewritten.
type grouping struct {
	node *lAggregate
	b    *binder
	keys int // written keys
	// exprs are the keys over the input of the aggregation.
	exprs []expr.Expr
	// rolled says WITH ROLLUP; level then counts the keys that a group has.
	rolled bool
	level  colID
	// fixed are the columns of the input that the keys determine; nil until one is asked for.
	fixed idSet
}

// group plans GROUP BY over n.
func (p *planner) group(n logical, by []ast.Expr, b *binder, items []item) (*grouping, error) {
	agg := &lAggregate{input: n, aggs: b.aggs.aggs, aids: b.aggs.ids}
	kb := &binder{p: p, scope: b.scope, clause: "group statement", same: b.same}
	for _, e := range by {
		k, err := kb.groupKey(e, items)
		if err != nil {
			return nil, err
		}
		used := idSet{}
		if used.addExpr(k); used.any(b.aggs.ids) {
			name := k.String()
			if i := sameItem(k, items); i >= 0 {
				name = items[i].col.Name
			}
			return nil, base.Errorf(errno.WrongGroupField, "Can't group on '%s'", name)
		}
		if err := b.wins.refuse(k, items); err != nil {
			return nil, err
		}
		agg.keys, agg.kids = append(agg.keys, expr.Settle(k)), append(agg.kids, p.newCol())
	}
	g := &grouping{node: agg, b: b, keys: len(by), exprs: agg.keys}
	if b.rollup {
		g.rollup(p)
	}
	return g, nil
}

// groupKey binds one GROUP BY expression: a position, a column, or an alias when no column has the name.
func (b *binder) groupKey(e ast.Expr, items []item) (expr.Expr, error) {
	if n, ok := ordinal(e); ok {
		if n < 1 || n > len(items) {
			return nil, base.Errorf(errno.BadField, "Unknown column '%d' in 'group statement'", n)
		}
		return items[n-1].expr, nil
	}
	if ref, ok := e.(*ast.ColumnRef); ok && ref.Table == "" {
		c, err := b.scope.find(ref)
		if err != nil {
			return nil, b.inClause(err)
		}
		for i := range items {
			if c == nil && strings.EqualFold(items[i].col.Name, ref.Name) {
				return items[i].expr, nil
			}
		}
	}
	b.aliases = items
	defer func() { b.aliases = nil }()
	return b.expr(e)
}

// rewrite turns the expressions above the aggregation into ones over its output.
func (g *grouping) rewrite(items []item, keys []SortKey, having *expr.Expr) error {
	was := make([]expr.Expr, len(items))
	for i := range items {
		was[i] = items[i].expr
		e, err := g.over(items[i].expr, i+1, "SELECT list")
		if err != nil {
			return err
		}
		items[i].expr = e
	}
	for i := range keys {
		if j := slices.Index(was, keys[i].Expr); j >= 0 { // a subquery is equal to itself only
			keys[i].Expr = items[j].expr
			continue
		}
		e, err := g.over(keys[i].Expr, i+1, "ORDER BY clause")
		if err != nil {
			return err
		}
		keys[i].Expr = e
	}
	if *having == nil {
		return nil
	}
	e, err := g.over(*having, 1, "HAVING clause")
	*having = e
	return err
}

// over rewrites e to read the aggregation's output: group keys and aggregates by column, and a column that the keys
// determine by its value in any row of the group.
func (g *grouping) over(e expr.Expr, n int, where string) (expr.Expr, error) {
	for i, k := range g.exprs {
		if expr.Equal(e, k) || expr.Equal(expr.Settle(e), k) {
			return expr.Column(g.node.kids[i], k.Type(), k.String(), k.Nullable() || g.rolled), nil
		}
	}
	if c, ok := e.(*groupingCall); ok {
		return g.groupingOver(c)
	}
	if args, ok := expr.AsCall(e, "ANY_VALUE"); ok && g.ofRows(args[0]) {
		return g.anyValue(args[0])
	}
	if id, ok := expr.AsColumn(e); ok {
		for _, a := range g.node.aids {
			if a == id {
				return e, nil
			}
		}
		if g.b.wins.has(id) {
			return e, nil
		}
		if g.rolled { // a row that sums up has no value of it
			return nil, g.notGrouped(e, n, where)
		}
		if g.fixed == nil {
			g.fixed = determined(g.node.input, g.node.keys)
		}
		if !g.fixed[id] {
			return nil, g.notGrouped(e, n, where)
		}
		return g.anyValue(e)
	}
	children := e.Children()
	if len(children) == 0 {
		return e, nil
	}
	out := make([]expr.Expr, len(children))
	for i, c := range children {
		x, err := g.over(c, n, where)
		if err != nil {
			return nil, err
		}
		out[i] = x
	}
	return e.WithChildren(out), nil
}

// anyValue is the value of e in some row of the group.
func (g *grouping) anyValue(e expr.Expr) (expr.Expr, error) {
	any, err := expr.NewAgg("ANY_VALUE", []expr.Expr{e}, expr.AggOptions{})
	if err != nil {
		return nil, err
	}
	col := g.b.aggs.add(any)
	g.node.aggs, g.node.aids = g.b.aggs.aggs, g.b.aggs.ids
	return col, nil
}

// ofRows reports whether e reads no aggregate.
func (g *grouping) ofRows(e expr.Expr) bool {
	used := idSet{}
	used.addExpr(e)
	return !used.any(g.node.aids)
}

func (g *grouping) notGrouped(e expr.Expr, n int, where string) error {
	name := g.b.scope.fullName(e)
	if g.keys == 0 {
		return base.Errorf(errno.MixOfGroupFunc, "In aggregated query without GROUP BY, expression #%d of %s contains nonaggregated column '%s'; this is incompatible with sql_mode=only_full_group_by",
			n, where, name)
	}
	return base.Errorf(errno.WrongFieldGroup, "Expression #%d of %s is not in GROUP BY clause and contains nonaggregated column '%s' which is not functionally dependent on columns in GROUP BY clause; this is incompatible with sql_mode=only_full_group_by",
		n, where, name)
}
