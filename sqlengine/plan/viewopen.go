package plan

import (
	"slices"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// A statement that writes through a view works on the tables below it: the view is laid open, its FROM and WHERE put in its
// place and its columns made names of what they select (MySQL reference manual, "Updatable and Insertable Views").

// opening collects the relations of a FROM whose views are laid open; nil where views are planned as queries.
type opening struct {
	rels  []*opened
	on    []expr.Expr // the conditions of its joins
	outer bool        // one of them is an outer join
}

// opened is a relation of such a FROM: a table, a view laid open, or one that only can be read.
type opened struct {
	alias string
	view  *catalog.View // nil: it is no view, or not one that can be laid open
	parts []part        // the tables below, in the order they are written
	fixed []fixedPart   // the relations below that can only be read
	outer bool          // an outer join is among them: only inner joins can be written
	cols  []scopeCol
	where []expr.Expr // what every row of the view satisfies
	check []expr.Expr // what WITH CHECK OPTION asks of rows that are written through it
}

// part is a table below a view.
type part struct {
	table *catalog.Table
	ids   []colID
	named []int // the partitions of a PARTITION clause; nil none
}

type fixedPart struct {
	alias string
	ids   []colID
}

// several reports whether the relation joins others.
func (o *opened) several() bool { return len(o.parts)+len(o.fixed) > 1 }

// writable reports whether rows of it may change.
func (o *opened) writable() bool { return len(o.parts) > 0 && !o.outer }

// of returns the table that has a column; nil if none.
func (o *opened) of(id colID) *part {
	for i := range o.parts {
		if slices.Contains(o.parts[i].ids, id) {
			return &o.parts[i]
		}
	}
	return nil
}

// fix adds a relation that can only be read.
func (o *opening) fix(sc *scope) {
	if o == nil || len(sc.cols) == 0 {
		return
	}
	f := fixedPart{alias: sc.cols[0].Table}
	for i := range sc.cols {
		f.ids = append(f.ids, sc.cols[i].id)
	}
	o.rels = append(o.rels, &opened{alias: f.alias, fixed: []fixedPart{f}, cols: sc.cols})
}

func (o *opening) addTable(n *lScan, sc *scope) {
	if o != nil {
		o.rels = append(o.rels, &opened{alias: n.alias, parts: []part{{n.table, n.ids, n.named}}, cols: sc.cols})
	}
}

// joined notes a join.
func (o *opening) joined(n *lJoin) {
	if o != nil {
		o.on, o.outer = append(o.on, n.on...), o.outer || n.kind != InnerJoin
	}
}

// named returns the relation with an alias; nil if there is none.
func (o *opening) named(alias string) *opened {
	for _, r := range o.rels {
		if strings.EqualFold(r.alias, alias) {
			return r
		}
	}
	return nil
}

// mergeable returns the SELECT of a view that can be laid open; nil of one that has to be computed as a whole.
func mergeable(v *catalog.View, q ast.Query) *ast.Select {
	sel, ok := q.(*ast.Select)
	if !ok || v.Algorithm == "TEMPTABLE" || sel.Distinct || len(sel.GroupBy) > 0 || sel.Having != nil || sel.Limit != nil ||
		len(sel.From) == 0 || len(sel.Windows) > 0 {
		return nil
	}
	plain := true
	for _, it := range sel.Items {
		ast.Inspect(it.Expr, func(n any) bool {
			c, ok := n.(*ast.Call)
			plain = plain && !(ok && (c.Over != nil || expr.IsAggregate(c.Name)))
			_, inner := n.(ast.Query)
			return !inner
		})
	}
	if !plain {
		return nil
	}
	return sel
}

// open lays a view open. ok is false when it cannot be: it is then planned as a query.
//
// Errors: as view.
func (p *planner) openView(t *ast.TableName, v *catalog.View, outer *frame) (n logical, sc *scope, ok bool, err error) {
	leave, err := p.enterView(t, v)
	if err != nil {
		return nil, nil, false, err
	}
	defer leave()
	q, err := p.ParseQuery(v.SQL)
	if err != nil {
		return nil, nil, false, p.invalidView(v)
	}
	sel := mergeable(v, q)
	if sel == nil {
		return nil, nil, false, nil
	}
	p.stmt = sel
	above := p.open
	p.open = &opening{}
	o := &opened{alias: aliasOf(t), view: v}
	own := p.targets.own
	p.targets.own = true
	n, sc, ok, err = p.openSelect(o, sel)
	p.targets.own = own
	p.open = above
	if err != nil {
		return nil, nil, false, p.viewError(v, err)
	}
	if !ok {
		return nil, nil, false, nil
	}
	for i := range sc.cols {
		c := &sc.cols[i]
		c.Name, c.Table, c.schema, c.Hidden, c.merged = v.Columns[i], o.alias, p.Database, false, false
	}
	sc.outer, o.cols = outer, sc.cols
	if above != nil {
		above.rels = append(above.rels, o)
	}
	return n, sc, true, nil
}

// openSelect plans FROM and WHERE of a view and makes its select list a scope.
func (p *planner) openSelect(o *opened, sel *ast.Select) (logical, *scope, bool, error) {
	defer p.with(sel.With, nil)()
	n, from, err := p.from(sel.From, nil)
	if err != nil {
		return nil, nil, false, err
	}
	b := &binder{p: p, scope: from, clause: "field list"}
	conds := p.open.on
	if sel.Where != nil {
		where := *b
		where.clause = "where clause"
		e, err := where.expr(sel.Where)
		if err != nil {
			return nil, nil, false, err
		}
		preds := conjuncts(e)
		n, conds = &lFilter{input: n, preds: preds}, append(conds, preds...)
	}
	o.collect(p.open, conds)
	items, err := b.items(sel.Items)
	if err != nil {
		return nil, nil, false, err
	}
	if len(items) != len(o.view.Columns) {
		return nil, nil, false, errViewColumns()
	}
	sc := &scope{}
	for _, it := range items {
		if correlated(it.expr) {
			return nil, nil, false, nil
		}
		c := scopeCol{Column: it.col}
		if id, ok := expr.AsColumn(it.expr); ok {
			c.id = id
		} else {
			c.def, c.OrgTable, c.OrgName = it.expr, "", ""
		}
		sc.cols = append(sc.cols, c)
	}
	return n, sc, true, nil
}

// collect puts together what is below a view, and what its rows satisfy. LOCAL asks for the conditions of the view itself,
// CASCADED for those of all views below, too; what they ask for themselves always counts.
func (o *opened) collect(in *opening, own []expr.Expr) {
	o.outer = in.outer
	o.where = append(o.where, own...)
	var below []expr.Expr
	for _, r := range in.rels {
		o.parts, o.fixed = append(o.parts, r.parts...), append(o.fixed, r.fixed...)
		o.outer = o.outer || r.outer
		o.where, below = append(o.where, r.where...), append(below, r.check...)
	}
	switch o.view.CheckOption {
	case "CASCADED":
		o.check = o.where
	case "LOCAL":
		o.check = append(append(o.check, own...), below...)
	default:
		o.check = below
	}
}

// correlated reports whether a subquery of e names columns of the query around it.
func correlated(e expr.Expr) bool {
	if s, ok := e.(*Subquery); ok && (len(s.Args) > 0 || s.Free) {
		return true
	}
	return slices.ContainsFunc(e.Children(), correlated)
}

// settleColumns computes what the columns of an opened view select as columns of their own: an outer join makes them NULL.
func (p *planner) settleColumns(n logical, sc *scope) (logical, *scope) {
	proj := &lProject{input: n, keep: true}
	out := &scope{cols: slices.Clone(sc.cols), outer: sc.outer}
	for i := range out.cols {
		c := &out.cols[i]
		if c.def == nil {
			continue
		}
		id := p.newCol()
		proj.ids, proj.exprs = append(proj.ids, id), append(proj.exprs, c.def)
		c.id, c.def = id, nil
	}
	if len(proj.ids) == 0 {
		return n, sc
	}
	return proj, out
}

// UpdatableView reports whether rows can be changed through a view, as MySQL decides when the view is made.
//
// Errors: those of planning the view.
func UpdatableView(env Env, v *catalog.View) (bool, error) {
	env.Inside = nil
	p := &planner{Env: env, nextSlot: len(env.Params)}
	p.open = &opening{}
	_, _, ok, err := p.openView(&ast.TableName{Name: v.Name}, v, nil)
	if err != nil || !ok {
		return false, err
	}
	o := p.open.rels[0]
	if !o.writable() {
		return false, nil
	}
	for _, r := range p.targets.reads {
		if !o.several() && r.table == o.parts[0].table.ID {
			return false, nil
		}
	}
	return true, nil
}

// notUpdatable is error 1288.
func notUpdatable(alias, verb string) error {
	return base.Errorf(errno.NonUpdatable, "The target table %s of the %s is not updatable", alias, verb)
}

// notInsertable is error 1471.
func notInsertable(alias, verb string) error {
	return base.Errorf(errno.NonInsertable, "The target table %s of the %s is not insertable-into", alias, verb)
}

func fixedColumn(name string) error {
	return base.Errorf(errno.FixedColumn, "Column '%s' is not updatable", name)
}
