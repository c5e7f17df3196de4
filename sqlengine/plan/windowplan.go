package plan

import (
	"slices"

	"github.com/s3sql/s3sql/sqlengine/expr"
)

// lWindow computes window calls. sort is the order that it needs; nil when its input has it already.
type lWindow struct {
	input     logical
	partition []expr.Expr // columns
	order     []SortKey   // over columns
	sort      []SortKey
	calls     []WindowCall
	ids       []colID // of calls
}

func (n *lWindow) cols() []colID {
	in := n.input.cols()
	return append(append(make([]colID, 0, len(in)+len(n.ids)), in...), n.ids...)
}

// window puts the calls that w has gathered above n: one node for each pair of partition and order, those that one sort
// serves behind one another.
func (p *planner) window(n logical, w *windowCollector) (logical, error) {
	if w == nil || len(w.calls) == 0 {
		return n, nil
	}
	proj := &lProject{input: n, keep: true}
	var groups []*lWindow
	for i := range w.calls {
		c := &w.calls[i]
		err := c.rewrite(func(e expr.Expr) (expr.Expr, error) {
			if expr.Immutable(e) {
				return e, nil
			}
			return p.sharedColumn(proj, e), nil
		})
		if err != nil {
			return nil, err
		}
		g := &lWindow{partition: partitionKeys(c.partition)}
		g.order = orderWithin(c.order, g.partition)
		at := slices.IndexFunc(groups, func(x *lWindow) bool {
			return sameSet(x.partition, g.partition) && sameKeys(x.order, g.order)
		})
		if at < 0 {
			at = len(groups)
			groups = append(groups, g)
		}
		groups[at].calls, groups[at].ids = append(groups[at].calls, c.WindowCall), append(groups[at].ids, w.ids[i])
	}
	if len(proj.ids) > 0 {
		n = proj
	}
	return stackWindows(n, groups), nil
}

// stackWindows puts the windows above n, those that one sort serves behind one another.
func stackWindows(n logical, groups []*lWindow) logical {
	for len(groups) > 0 {
		var rest []*lWindow
		first := largest(groups)
		shared := sharedSort(groups[first], groups)
		groups[first].input, groups[first].sort = n, shared
		n = groups[first]
		for i, g := range groups {
			switch {
			case i == first:
			case servedBy(g, shared):
				g.input = n
				n = g
			default:
				rest = append(rest, g)
			}
		}
		groups = rest
	}
	return n
}

// sharedColumn is asColumn with one column for equal expressions, which EXPLAIN shows by their text.
func (p *planner) sharedColumn(proj *lProject, e expr.Expr) expr.Expr {
	if _, ok := expr.AsColumn(e); ok {
		return e
	}
	at := slices.IndexFunc(proj.exprs, func(x expr.Expr) bool { return expr.Equal(x, e) })
	if at < 0 {
		at = len(proj.ids)
		p.asColumn(proj, e)
	}
	return expr.Column(proj.ids[at], e.Type(), e.String(), e.Nullable())
}

// partitionKeys drops keys that are constant or repeated.
func partitionKeys(keys []expr.Expr) []expr.Expr {
	var out []expr.Expr
	for _, k := range keys {
		if !expr.Immutable(k) && !containsExpr(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// orderWithin drops keys that are constant within a partition or repeated.
func orderWithin(keys []SortKey, partition []expr.Expr) []SortKey {
	seen := slices.Clone(partition)
	var out []SortKey
	for _, k := range keys {
		if !expr.Immutable(k.Expr) && !containsExpr(seen, k.Expr) {
			out, seen = append(out, k), append(seen, k.Expr)
		}
	}
	return out
}

func containsExpr(list []expr.Expr, e expr.Expr) bool {
	return slices.ContainsFunc(list, func(x expr.Expr) bool { return expr.Equal(x, e) })
}

func sameSet(a, b []expr.Expr) bool {
	if len(a) != len(b) {
		return false
	}
	for _, e := range a {
		if !containsExpr(b, e) {
			return false
		}
	}
	return true
}

// largest returns the window with the most keys, the first of several.
func largest(groups []*lWindow) int {
	best := 0
	for i, g := range groups {
		if len(g.partition)+len(g.order) > len(groups[best].partition)+len(groups[best].order) {
			best = i
		}
	}
	return best
}

// sharedSort is the order for g: its partition keys, those that most of the other windows have first, then its order.
func sharedSort(g *lWindow, all []*lWindow) []SortKey {
	uses := func(e expr.Expr) int {
		n := 0
		for _, x := range all {
			if containsExpr(x.partition, e) {
				n++
			}
		}
		return n
	}
	keys := slices.Clone(g.partition)
	slices.SortStableFunc(keys, func(a, b expr.Expr) int { return uses(b) - uses(a) })
	out := []SortKey{}
	for _, k := range keys {
		out = append(out, SortKey{Expr: k})
	}
	return append(out, g.order...)
}

// servedBy reports whether rows in the order of sort are in one that g can use: its partition keys come first, in whatever
// direction, and then its order.
func servedBy(g *lWindow, sort []SortKey) bool {
	k := len(g.partition)
	if k+len(g.order) > len(sort) {
		return false
	}
	for _, s := range sort[:k] {
		if !containsExpr(g.partition, s.Expr) {
			return false
		}
	}
	return sameKeys(g.order, sort[k:k+len(g.order)])
}

// pushWindow moves conditions on the keys of the partitions below the window: they take or leave whole partitions.
func pushWindow(n *lWindow, preds []expr.Expr) logical {
	keys := idSet{}
	for _, k := range n.partition {
		keys.addExpr(k)
	}
	down, stay := divide(preds, func(pr expr.Expr) bool {
		return len(keys) > 0 && within(pr, keys) && movable(pr) && exact(pr)
	})
	n.input = pushdown(n.input, down)
	return filtered(n, stay)
}

// physWindow computes the wanted calls.
func (p *planner) physWindow(n *lWindow, want idSet) (Node, layout, error) {
	need := want.clone()
	var calls []WindowCall
	var ids []colID
	for i := range n.ids {
		delete(need, n.ids[i])
		if want[n.ids[i]] {
			calls, ids = append(calls, n.calls[i]), append(ids, n.ids[i])
		}
	}
	if len(calls) == 0 {
		return p.physical(n.input, need)
	}
	for i := range calls {
		calls[i].reads(need)
	}
	for _, k := range n.partition {
		need.addExpr(k)
	}
	for _, k := range append(slices.Clone(n.sort), n.order...) {
		need.addExpr(k.Expr)
	}
	in, l, err := p.physical(n.input, need)
	if err != nil {
		return nil, nil, err
	}
	sort, err := l.placeKeys(n.sort)
	if err != nil {
		return nil, nil, err
	}
	if len(sort) > 0 && !ordered(in, sort) {
		in = &Sort{Input: in, Keys: sort}
	}
	node := &Window{Input: in}
	if node.Partition, err = l.placeAll(n.partition); err != nil {
		return nil, nil, err
	}
	if node.Order, err = l.placeKeys(n.order); err != nil {
		return nil, nil, err
	}
	node.Out = slices.Clone(in.Schema())
	for _, c := range calls {
		if c, err = c.rewrite(l.place); err != nil {
			return nil, nil, err
		}
		node.Calls = append(node.Calls, c)
		node.Out = append(node.Out, Column{Name: c.String(), Type: c.Type, Nullable: c.Nullable})
	}
	return node, append(slices.Clone(l), ids...), nil
}

// placeKeys is place for sort keys.
func (l layout) placeKeys(keys []SortKey) ([]SortKey, error) {
	out := make([]SortKey, len(keys))
	for i, k := range keys {
		e, err := l.place(k.Expr)
		if err != nil {
			return nil, err
		}
		out[i] = SortKey{Expr: e, Desc: k.Desc}
	}
	return out, nil
}
