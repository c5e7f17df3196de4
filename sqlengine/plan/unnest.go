package plan

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// unnester moves the conditions of a subquery that read outer columns to its top, from where they become those of a join.
type unnester struct {
	p     *planner
	outer idSet
}

func (u *unnester) reads(e expr.Expr) bool {
	if e == nil {
		return false
	}
	if id, ok := expr.AsColumn(e); ok {
		return u.outer[id]
	}
	for _, c := range e.Children() {
		if u.reads(c) {
			return true
		}
	}
	return false
}

func (u *unnester) anyReads(list []expr.Expr) bool {
	for _, e := range list {
		if u.reads(e) {
			return true
		}
	}
	return false
}

// pull takes the conditions that read outer columns out of n and returns them; ok is false when something else reads them, or
// they cannot be taken out.
func (u *unnester) pull(n logical) (_ logical, on []expr.Expr, ok bool) {
	switch x := n.(type) {
	case *lFilter:
		return u.pullFilter(x)
	case *lProject:
		in, on, ok := u.pull(x.input)
		if !ok || u.anyReads(x.exprs) {
			return nil, nil, false
		}
		x.input, x.keep = in, x.keep || len(on) > 0
		return x, on, true
	case *lJoin:
		return u.pullJoin(x)
	case *lAggregate:
		in, on, ok := u.pull(x.input)
		if !ok || u.anyReads(x.keys) || u.aggregatesRead(x) || len(on) > 0 && len(x.keys) == 0 {
			return nil, nil, false
		}
		x.input = in
		on, ok = u.groupBy(x, on)
		return x, on, ok
	case *lDistinct:
		in, on, ok := u.pull(x.input)
		if !ok {
			return nil, nil, false
		}
		x.input = in
		used := idSet{}
		for _, c := range on {
			used.addExpr(c)
		}
		for id := range used {
			if !u.outer[id] {
				x.ids = append(x.ids, id)
			}
		}
		x.ids = uniqueIDs(x.ids)
		return x, on, true
	case *lSort:
		if x.limit == nil && x.offset == nil {
			return u.pull(x.input)
		}
	}
	return n, nil, !u.below(n)
}

func (u *unnester) pullFilter(n *lFilter) (logical, []expr.Expr, bool) {
	in, on, ok := u.pull(n.input)
	if !ok {
		return nil, nil, false
	}
	var stay []expr.Expr
	for _, pr := range n.preds {
		switch {
		case !u.reads(pr):
			stay = append(stay, pr)
		case volatile(pr) || hasSubquery(pr):
			return nil, nil, false
		default:
			on = append(on, pr)
		}
	}
	return filtered(in, stay), on, true
}

func (u *unnester) pullJoin(n *lJoin) (logical, []expr.Expr, bool) {
	if n.kind == FullJoin {
		return n, nil, !u.below(n)
	}
	left, on, ok := u.pull(n.left)
	if !ok {
		return nil, nil, false
	}
	n.left = left
	if n.kind != InnerJoin {
		return n, on, !u.anyReads(n.on) && !u.below(n.right)
	}
	right, more, ok := u.pull(n.right)
	if !ok {
		return nil, nil, false
	}
	n.right, on = right, append(on, more...)
	outer, own := divide(n.on, u.reads)
	for _, c := range outer {
		if volatile(c) || hasSubquery(c) {
			return nil, nil, false
		}
	}
	n.on = own
	return n, append(on, outer...), true
}

func (u *unnester) aggregatesRead(n *lAggregate) bool {
	for _, a := range n.aggs {
		if u.anyReads(a.Children()) {
			return true
		}
	}
	return false
}

// groupBy makes equalities with outer columns group keys of n, so that a group is what the subquery had for one outer row. It
// returns the equalities over the keys; ok is false when there is another condition.
func (u *unnester) groupBy(n *lAggregate, on []expr.Expr) (out []expr.Expr, ok bool) {
	for _, c := range on {
		op := "="
		args, ok := expr.AsCall(c, op)
		if !ok {
			op = "<=>"
			if args, ok = expr.AsCall(c, op); !ok {
				return nil, false
			}
		}
		outer, inner := args[0], args[1]
		if u.reads(inner) {
			outer, inner = inner, outer
		}
		own := idSet{}
		if own.addExpr(outer); u.reads(inner) || !readsColumn(inner) || !within(outer, u.outer) || hasSubquery(c) {
			return nil, false
		}
		a, b, ok, err := expr.HashKeys(outer, inner)
		if err != nil || !ok {
			return nil, false
		}
		id := u.p.newCol()
		n.keys, n.kids = append(n.keys, b), append(n.kids, id)
		eq, err := expr.Call(op, a, expr.Column(id, b.Type(), b.String(), b.Nullable()))
		if err != nil {
			return nil, false
		}
		out = append(out, eq)
	}
	return out, true
}

// below reports whether n or something below it may read an outer column.
func (u *unnester) below(n logical) bool { return anyExpr(n, u.reads) }

// anyExpr reports whether test holds for an expression of n or of a node below it, or may: for nodes that it does not know.
//
//lint:long one flat switch over the nodes
func anyExpr(n logical, test func(expr.Expr) bool) bool {
	any := func(list []expr.Expr) bool {
		for _, e := range list {
			if test(e) {
				return true
			}
		}
		return false
	}
	switch n := n.(type) {
	case *lScan:
		return any(n.filters)
	case *lVirtual:
		return any(n.filters)
	case *lShared:
		return false
	case *lValues:
		for _, row := range n.rows {
			if any(row) {
				return true
			}
		}
		return false
	case *lFilter:
		return any(n.preds) || anyExpr(n.input, test)
	case *lProject:
		return any(n.exprs) || anyExpr(n.input, test)
	case *lJoin:
		return any(n.on) || anyExpr(n.left, test) || anyExpr(n.right, test)
	case *lAggregate:
		for _, a := range n.aggs {
			if any(a.Children()) {
				return true
			}
		}
		return any(n.keys) || anyExpr(n.input, test)
	case *lDistinct:
		return anyExpr(n.input, test)
	case *lSort:
		for _, k := range n.keys {
			if test(k.Expr) {
				return true
			}
		}
		return test(n.limit) || test(n.offset) || anyExpr(n.input, test)
	case *lLimit:
		return test(n.count) || test(n.offset) || anyExpr(n.input, test)
	case *lSetOp:
		for _, in := range n.inputs {
			if anyExpr(in, test) {
				return true
			}
		}
		return false
	}
	return true
}

// scalarAggregate joins in to the groups of a, which aggregated all rows of the subquery. An outer row without a group is one
// whose subquery had no rows: its aggregates are NULL, but counts are 0.
func (u *unnester) scalarAggregate(in logical, a *lAggregate, value expr.Expr, t base.Type) (logical, expr.Expr) {
	input, on, ok := u.pull(a.input)
	if !ok || len(on) == 0 || u.aggregatesRead(a) {
		return nil, nil
	}
	a.input = input
	if on, ok = u.groupBy(a, on); !ok {
		return nil, nil
	}
	for i, g := range a.aggs {
		var empty expr.Expr = expr.Column(a.aids[i], g.Type(), g.String(), true)
		if !g.Nullable() {
			v, ok := emptyValue(g)
			if !ok {
				return nil, nil
			}
			var err error
			if empty, err = expr.Call("COALESCE", empty, expr.Const(v, g.Type())); err != nil {
				return nil, nil
			}
		}
		value = rewrite(value, func(e expr.Expr) expr.Expr {
			if id, ok := expr.AsColumn(e); ok && id == a.aids[i] {
				return empty
			}
			return nil
		})
	}
	return u.leftJoin(in, a, on, value, t)
}

// scalarRow joins in to the one row that a key of the subquery's table determines.
func (u *unnester) scalarRow(in, tree logical, value expr.Expr, t base.Type) (logical, expr.Expr) {
	tree, on, ok := u.pull(tree)
	if !ok || len(on) == 0 {
		return nil, nil
	}
	n := tree
	if f, ok := n.(*lFilter); ok {
		n = f.input
	}
	scan, ok := n.(*lScan)
	if !ok || !u.unique(scan, on) {
		return nil, nil
	}
	all := idSet{}
	for _, id := range scan.ids {
		all[id] = true
	}
	if !nullWhenMissing(value, all) {
		return nil, nil
	}
	return u.leftJoin(in, tree, on, value, t)
}

// unique reports whether at most one row of scan meets the conditions for one outer row.
func (u *unnester) unique(scan *lScan, on []expr.Expr) bool {
	d := &dependence{fixed: idSet{}}
	for _, c := range on {
		args, ok := expr.AsCall(c, "=")
		if !ok {
			continue
		}
		for i := range args {
			if id, ok := expr.AsColumn(args[i]); ok && !u.outer[id] && within(args[1-i], u.outer) && sameValues(args[1-i].Type(), args[i].Type()) {
				d.fixed[id] = true
			}
		}
	}
	d.table(scan)
	for _, rule := range d.rules {
		rule()
	}
	return len(d.fixed) > 0 && d.has(scan.ids...)
}

// nullWhenMissing reports whether e is NULL when the columns of ids are: only then may it be computed above an outer join.
func nullWhenMissing(e expr.Expr, ids idSet) bool {
	id, ok := expr.AsColumn(e)
	return ok && ids[id]
}

func (u *unnester) leftJoin(in, right logical, on []expr.Expr, value expr.Expr, t base.Type) (logical, expr.Expr) {
	value = rewrite(value, func(e expr.Expr) expr.Expr { // a column is NULL where its row is missing
		if id, ok := expr.AsColumn(e); ok && !u.outer[id] {
			return expr.Column(id, e.Type(), e.String(), true)
		}
		return nil
	})
	if hasSubquery(value) {
		return nil, nil
	}
	if value.Type().Class() != t.Class() {
		return nil, nil
	}
	return &lJoin{kind: LeftJoin, left: in, right: u.p.decorrelate(right), on: on}, value
}
