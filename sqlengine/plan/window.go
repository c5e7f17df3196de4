package plan

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// windowCollector gathers the window calls of one SELECT; equal calls share one column.
type windowCollector struct {
	names windowNames
	calls []windowCall
	ids   []colID
}

// windowCall is a call with its window.
type windowCall struct {
	WindowCall
	partition []expr.Expr
	order     []SortKey
}

// has reports whether id is the column of a window call.
func (w *windowCollector) has(id colID) bool {
	if w != nil {
		for _, x := range w.ids {
			if x == id {
				return true
			}
		}
	}
	return false
}

// refuse is an error if e reads a window call, which its clause may not, not even by an alias.
func (w *windowCollector) refuse(e expr.Expr, items []item) error {
	if w == nil || len(w.ids) == 0 {
		return nil
	}
	used := idSet{}
	if used.addExpr(e); !used.any(w.ids) {
		return nil
	}
	name := e.String()
	for i := range items {
		in := idSet{}
		if in.addExpr(items[i].expr); in.any(w.ids) {
			name = items[i].col.Name
			break
		}
	}
	return base.Errorf(errno.WindowAliasUse, "You cannot use the alias '%s' of an expression containing a window function in this context.'", name)
}

// windows makes b collect window calls over the windows that a WINDOW clause names, all of which are checked, also those
// that no call uses.
func (b *binder) windows(defs []ast.NamedWindow) error {
	w := &windowCollector{names: defs}
	if err := w.names.check(); err != nil {
		return err
	}
	b.wins, b.called = w, w
	for i := range defs {
		spec, err := w.names.resolve(defs[i].Spec, defs[i].Name)
		if err != nil {
			return err
		}
		trial := *b
		trial.aggs = &aggCollector{p: b.p}
		if _, err := trial.window(&spec); err != nil {
			return err
		}
	}
	return nil
}

// windowCall binds f(…) OVER ….
func (b *binder) windowCall(e *ast.Call) (expr.Expr, error) {
	if b.wins == nil {
		return nil, base.Errorf(errno.WindowFuncUse, "You cannot use the window function '%s' in this context.'", strings.ToLower(e.Name))
	}
	spec, err := b.wins.names.resolve(e.Over, unnamedWindow)
	if err != nil {
		return nil, err
	}
	c, err := b.window(&spec)
	if err != nil {
		return nil, err
	}
	inner := *b
	inner.wins = nil
	if expr.IsAggregate(e.Name) {
		err = inner.windowAggregate(e, &c)
	} else {
		err = inner.windowFunction(e, &c)
	}
	if err != nil {
		return nil, err
	}
	return b.wins.add(b.p, c), nil
}

func (w *windowCollector) add(p *planner, c windowCall) expr.Expr {
	at := -1
	for i := range w.calls {
		if w.calls[i].equal(&c) {
			at = i
		}
	}
	if at < 0 {
		at = len(w.calls)
		w.calls, w.ids = append(w.calls, c), append(w.ids, p.newCol())
	}
	return expr.Column(w.ids[at], c.Type, c.String(), c.Nullable)
}

func (c *windowCall) equal(d *windowCall) bool {
	if c.Name != d.Name || (c.Agg == nil) != (d.Agg == nil) || c.Agg != nil && !c.Agg.Equal(*d.Agg) || !sameExprs(c.Args, d.Args) ||
		!sameMaybe(c.N, d.N) || !sameExprs(c.partition, d.partition) || !sameKeys(c.order, d.order) {
		return false
	}
	return c.Frame.equal(&d.Frame)
}

func sameMaybe(a, b expr.Expr) bool { return a == nil && b == nil || expr.Equal(a, b) }

func sameExprs(a, b []expr.Expr) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !expr.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

func sameKeys(a, b []SortKey) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Desc != b[i].Desc || !expr.Equal(a[i].Expr, b[i].Expr) {
			return false
		}
	}
	return true
}

// window binds a window: its keys and its frame.
func (b *binder) window(spec *windowSpec) (windowCall, error) {
	c := windowCall{WindowCall: WindowCall{Window: spec.name}}
	if err := spec.checkPositions(); err != nil {
		return c, err
	}
	if spec.frame != nil {
		if err := spec.checkFrame(); err != nil {
			return c, err
		}
	}
	inner := *b
	inner.wins = nil
	inner.clause = "window partition by"
	var err error
	if c.partition, err = inner.exprs(spec.partition); err != nil {
		return c, nestedWindow(err, spec.name)
	}
	settleAll(c.partition)
	inner.clause = "window order by"
	for _, o := range spec.order {
		k, err := inner.expr(o.Expr)
		if err != nil {
			return c, nestedWindow(err, spec.name)
		}
		c.order = append(c.order, SortKey{Expr: expr.Settle(k), Desc: o.Desc})
	}
	return c, b.frame(spec, &c)
}

func settleAll(list []expr.Expr) {
	for i := range list {
		list[i] = expr.Settle(list[i])
	}
}

// nestedWindow says of a window call among the keys of a window what MySQL says of it.
func nestedWindow(err error, window string) error {
	if e, ok := err.(*base.Error); ok && e.Number == errno.WindowFuncUse.Number {
		return base.Errorf(errno.WindowNested, "You cannot nest a window function in the specification of window '%s'.", window)
	}
	return err
}

// windowAggregate binds an aggregate over a window.
func (b *binder) windowAggregate(e *ast.Call, c *windowCall) error {
	switch {
	case e.Name == "GROUP_CONCAT":
		return base.Errorf(errno.NotSupported, "This version of MySQL doesn't yet support 'group_concat as window function'")
	case e.Distinct:
		return base.Errorf(errno.NotSupported, "This version of MySQL doesn't yet support '<window function>(DISTINCT ..)'")
	}
	var args []expr.Expr
	if len(e.Args) != 1 || !isStar(e.Args[0]) {
		var err error
		if args, err = b.exprs(e.Args); err != nil {
			return err
		}
		settleAll(args)
	}
	g, err := expr.NewAgg(e.Name, args, expr.AggOptions{})
	if err != nil {
		return err
	}
	c.Name, c.Agg, c.Type, c.Nullable = g.Name(), &g, g.Type(), g.Nullable()
	return nil
}

var (
	typeRank  = base.Type{ID: base.TypeBigInt, Unsigned: true}
	typeShare = base.Type{ID: base.TypeDouble}
)

// windowFunction binds a function that is nothing but a window function.
func (b *binder) windowFunction(e *ast.Call, c *windowCall) error {
	c.Name = e.Name
	least, most := 0, 0
	c.Type = typeRank
	switch e.Name {
	case "ROW_NUMBER", "RANK", "DENSE_RANK":
	case "PERCENT_RANK", "CUME_DIST":
		c.Type = typeShare
	case "NTILE":
		least, most = 1, 1
	case "FIRST_VALUE", "LAST_VALUE":
		least, most = 1, 1
	case "NTH_VALUE":
		least, most = 2, 2
	case "LAG", "LEAD":
		least, most = 1, 3
	default:
		return base.Errorf(errno.FuncNotExist, "FUNCTION %s does not exist", e.Name)
	}
	if len(e.Args) < least || len(e.Args) > most || e.Distinct {
		return base.Errorf(errno.Parse, "%s takes %d to %d arguments", e.Name, least, most)
	}
	args, err := b.exprs(e.Args)
	if err != nil {
		return err
	}
	settleAll(args)
	switch e.Name {
	case "NTILE":
		c.N, c.Nullable = args[0], true
	case "FIRST_VALUE", "LAST_VALUE", "NTH_VALUE", "LAG", "LEAD":
		if len(args) > 1 {
			c.N = args[1]
		}
		c.Type, c.Nullable, c.Args = args[0].Type(), true, args[:1]
		if len(args) == 3 {
			err = c.withDefault(args[2])
		}
	}
	if err != nil || c.N == nil {
		return err
	}
	return c.checkN()
}

// withDefault adds the value that LAG and LEAD have where there is no row.
func (c *windowCall) withDefault(def expr.Expr) error {
	c.Type = expr.UnionType(c.Type, def.Type())
	c.Nullable = c.Args[0].Nullable() || def.Nullable()
	args, err := mapExprs([]expr.Expr{c.Args[0], def}, func(e expr.Expr) (expr.Expr, error) { return expr.Cast(e, c.Type) })
	c.Args = args
	return err
}

// checkN looks at the number that a function is given: MySQL takes a literal, a placeholder or a variable.
func (c *windowCall) checkN() error {
	if !expr.Immutable(c.N) && !expr.IsVariable(c.N) {
		return c.BadN()
	}
	if v, ok := expr.Constant(c.N); ok {
		_, err := c.Number(v)
		return err
	}
	return nil
}

// over rewrites what the calls read to the output of an aggregation.
func (w *windowCollector) over(g *grouping) error {
	for i := range w.calls {
		c := &w.calls[i]
		err := c.rewrite(func(e expr.Expr) (expr.Expr, error) { return g.over(e, i+1, "SELECT list") })
		if err != nil {
			return err
		}
	}
	return nil
}

// rewrite replaces the expressions of the call and of its window.
func (c *windowCall) rewrite(f func(expr.Expr) (expr.Expr, error)) error {
	var err error
	if c.partition, err = mapExprs(c.partition, f); err != nil {
		return err
	}
	order := make([]SortKey, len(c.order))
	for i, k := range c.order {
		if order[i].Expr, err = f(k.Expr); err != nil {
			return err
		}
		order[i].Desc = k.Desc
	}
	c.order = order
	c.WindowCall, err = c.WindowCall.rewrite(f)
	return err
}

func mapExprs(list []expr.Expr, f func(expr.Expr) (expr.Expr, error)) ([]expr.Expr, error) {
	out := make([]expr.Expr, len(list))
	for i, e := range list {
		x, err := f(e)
		if err != nil {
			return nil, err
		}
		out[i] = x
	}
	return out, nil
}
