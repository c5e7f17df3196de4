package plan

import (
	"math/bits"

	"github.com/s3sql/s3sql/sqlengine/expr"
)

// Costs of handling one row, in units of what a scan spends on it.
const (
	costProbe  = 4
	costBuild  = 10
	costOut    = 3
	costLookup = 50
	costPair   = 1 // of nested loops
)

// maxExhaustive is the most relations for which every order of joining is looked at, and maxConsidered the most joins: where
// each relation is joined to each, there are more orders than among ten in a row.
const (
	maxExhaustive = 10
	maxConsidered = 5000
)

// reorder chooses the order of joins: exhaustively for a few relations, greedily for many. Semi, anti and left joins move
// among the inner joins, each after the relations its condition reads.
//
// Source: Moerkotte and Neumann, "Analysis of Two Existing and One New Dynamic Programming Algorithm for the Generation of
// Optimal Bushy Join Trees without Cross Products", VLDB 2006; Fegaras, "A New Heuristic for Optimizing Large Queries", 1998.
func (p *planner) reorder(n logical) logical {
	switch x := n.(type) {
	case *lFilter:
		if _, ok := x.input.(*lJoin); ok && transparent(x) {
			return p.joinOrder(n)
		}
		x.input = p.reorder(x.input)
	case *lProject:
		x.input = p.reorder(x.input)
	case *lJoin:
		if x.kind != FullJoin {
			return p.joinOrder(n)
		}
		x.left, x.right = p.reorder(x.left), p.reorder(x.right)
	case *lAggregate:
		x.input = p.reorder(x.input)
	case *lDistinct:
		x.input = p.reorder(x.input)
	case *lSort:
		x.input = p.reorder(x.input)
	case *lLimit:
		x.input = p.reorder(x.input)
	case *lApply:
		x.left, x.right = p.reorder(x.left), p.reorder(x.right)
	case *lRecursive:
		x.seed = p.reorder(x.seed)
		for i := range x.parts {
			x.parts[i] = p.reorder(x.parts[i])
		}
	case *lSetOp:
		for i := range x.inputs {
			x.inputs[i] = p.reorder(x.inputs[i])
		}
	}
	return n
}

// relSet is a set of relations of a joinGraph, by number.
type relSet uint64

func (s relSet) holds(t relSet) bool { return s&t == t }
func (s relSet) one() bool           { return bits.OnesCount64(uint64(s)) == 1 }
func (s relSet) first() int          { return bits.TrailingZeros64(uint64(s)) }

// relation is one input of the joins that are put in order. One of a kind other than InnerJoin is the right side of such a
// join, which may come once the relations of need are there.
type relation struct {
	node logical
	kind JoinKind
	join *lJoin // of another kind: what it was written as
	need relSet
	rows float64
	cost float64
}

// condition is a condition of the inner joins, or of a filter above them.
type condition struct {
	e     expr.Expr
	reads relSet
	class int // of columns equal to each other; -1 none
}

type joinGraph struct {
	p       *planner
	rels    []relation
	owner   map[colID]int // relation of a column
	conds   []condition
	classes [][]expr.Expr // columns that are equal to each other, by class
	classOf map[colID]int
	near    []relSet // by relation: those it has a condition with
}

// joinPlan is an order of joining some of the relations.
type joinPlan struct {
	left, right *joinPlan // nil for one relation
	set         relSet
	rows, cost  float64
}

// maxRelations is the most relations that are put in order together.
const maxRelations = 64

func (p *planner) joinOrder(n logical) logical {
	g := &joinGraph{p: p, owner: map[colID]int{}, classOf: map[colID]int{}}
	var list []expr.Expr
	g.collect(n, &list)
	if len(g.rels) > maxRelations {
		return n
	}
	for _, e := range list {
		g.addCondition(e)
	}
	g.settleSingles()
	for i := range g.rels {
		if j := g.rels[i].join; j != nil {
			for _, e := range j.on {
				g.rels[i].need |= g.reads(e) &^ (1 << i)
			}
		}
	}
	g.connect()
	var best *joinPlan
	if len(g.rels) <= maxExhaustive {
		best = g.exhaustive()
	}
	if best == nil {
		best = g.greedy()
	}
	if best == nil {
		return n
	}
	out := g.build(best)
	return filtered(out, g.constants())
}

// collect takes a tree of joins apart.
func (g *joinGraph) collect(n logical, conds *[]expr.Expr) {
	switch x := n.(type) {
	case *lFilter:
		if _, ok := x.input.(*lJoin); ok && transparent(x) {
			g.collect(x.input, conds)
			*conds = append(*conds, x.preds...)
			return
		}
	case *lJoin:
		switch {
		case x.kind == FullJoin || x.straight || anyVolatile(x.on):
		case x.kind == InnerJoin:
			g.collect(x.left, conds)
			g.collect(x.right, conds)
			*conds = append(*conds, x.on...)
			return
		default:
			g.collect(x.left, conds)
			g.add(g.p.reorder(x.right), x.kind, x)
			return
		}
		x.left, x.right = g.p.reorder(x.left), g.p.reorder(x.right)
		g.add(n, InnerJoin, nil)
		return
	}
	g.add(g.p.reorder(n), InnerJoin, nil)
}

// transparent reports whether the conditions of a filter may be evaluated among those of the joins below.
func transparent(n *lFilter) bool { return !anySubquery(n.preds) && !anyVolatile(n.preds) }

func anyVolatile(list []expr.Expr) bool {
	for _, e := range list {
		if volatile(e) {
			return true
		}
	}
	return false
}

func (g *joinGraph) add(n logical, kind JoinKind, j *lJoin) {
	for _, id := range n.cols() {
		g.owner[id] = len(g.rels)
	}
	g.rels = append(g.rels, relation{node: n, kind: kind, join: j, rows: g.p.estimate(n), cost: g.p.cost(n)})
}

func (g *joinGraph) reads(e expr.Expr) (s relSet) {
	if id, ok := expr.AsColumn(e); ok {
		if i, ok := g.owner[id]; ok {
			s |= 1 << i
		}
		return s
	}
	for _, c := range e.Children() {
		s |= g.reads(c)
	}
	return s
}

func (g *joinGraph) addCondition(e expr.Expr) {
	c := condition{e: e, reads: g.reads(e), class: -1}
	if a, b, ok := equalColumns(e); ok {
		if args, _ := expr.AsCall(e, "="); sameType(args[0], args[1]) {
			c.class = g.merge(a, b, args)
		}
	}
	g.conds = append(g.conds, c)
}

// merge notes that two columns are equal.
func (g *joinGraph) merge(a, b colID, args []expr.Expr) int {
	ca, okA := g.classOf[a]
	cb, okB := g.classOf[b]
	switch {
	case okA && okB && ca != cb:
		for _, e := range g.classes[cb] {
			id, _ := expr.AsColumn(e)
			g.classOf[id] = ca
		}
		g.classes[ca], g.classes[cb] = append(g.classes[ca], g.classes[cb]...), nil
		for i := range g.conds {
			if g.conds[i].class == cb {
				g.conds[i].class = ca
			}
		}
		return ca
	case okA:
		if !okB {
			g.classOf[b], g.classes[ca] = ca, append(g.classes[ca], args[1])
		}
		return ca
	case okB:
		g.classOf[a], g.classes[cb] = cb, append(g.classes[cb], args[0])
		return cb
	}
	g.classes = append(g.classes, []expr.Expr{args[0], args[1]})
	g.classOf[a], g.classOf[b] = len(g.classes)-1, len(g.classes)-1
	return len(g.classes) - 1
}

// settleSingles puts the conditions that read one relation alone on it. Those on the right side of an outer join are met
// above the join.
func (g *joinGraph) settleSingles() {
	var rest []condition
	for _, c := range g.conds {
		if c.reads.one() && g.rels[c.reads.first()].kind == InnerJoin {
			rel := &g.rels[c.reads.first()]
			rel.node = filtered(rel.node, []expr.Expr{c.e})
			rel.rows = g.p.estimate(rel.node)
			continue
		}
		rest = append(rest, c)
	}
	g.conds = rest
}

// constants are conditions that read no relation.
func (g *joinGraph) constants() (out []expr.Expr) {
	for _, c := range g.conds {
		if c.reads == 0 {
			out = append(out, c.e)
		}
	}
	return out
}

// between returns the conditions that join l and r: those first met by both together, and for columns that are known to be
// equal over others, an equality of two of them.
func (g *joinGraph) between(l, r relSet) (on []expr.Expr, counted []expr.Expr) {
	var seen uint64
	special := r.one() && g.rels[r.first()].kind != InnerJoin
	for _, c := range g.conds {
		if c.reads == 0 || !(l | r).holds(c.reads) || l.holds(c.reads) || r.holds(c.reads) && !special {
			continue
		}
		on = append(on, c.e)
		if c.class >= 0 && c.class < 64 {
			if seen&(1<<c.class) != 0 {
				continue
			}
			seen |= 1 << c.class
		}
		counted = append(counted, c.e)
	}
	for i, class := range g.classes {
		if special || i >= 64 || seen&(1<<i) != 0 || len(class) < 3 {
			continue
		}
		if e := g.derived(class, l, r); e != nil {
			on, counted = append(on, e), append(counted, e)
		}
	}
	return on, counted
}

// derived is an equality between a column of l and one of r; nil if the class has none in one of them.
func (g *joinGraph) derived(class []expr.Expr, l, r relSet) expr.Expr {
	var a, b expr.Expr
	for _, e := range class {
		switch s := g.reads(e); {
		case l.holds(s) && a == nil && g.rels[s.first()].kind == InnerJoin:
			a = e
		case r.holds(s) && b == nil && g.rels[s.first()].kind == InnerJoin:
			b = e
		}
	}
	if a == nil || b == nil {
		return nil
	}
	e, err := expr.Call("=", a, b)
	if err != nil {
		return nil
	}
	return e
}

// combine joins two plans; nil when that is not allowed. cross allows a join without condition.
func (g *joinGraph) combine(l, r *joinPlan, cross bool) *joinPlan {
	g.p.considered++
	if r.set.one() {
		if rel := &g.rels[r.set.first()]; rel.kind != InnerJoin {
			return g.special(l, r, rel)
		}
	}
	if l.set.one() && g.rels[l.set.first()].kind != InnerJoin {
		return nil
	}
	on, counted := g.between(l.set, r.set)
	if len(on) == 0 && !cross {
		return nil
	}
	out := &joinPlan{left: l, right: r, set: l.set | r.set}
	out.rows = max(l.rows*r.rows*g.p.joinShare(counted), 1)
	out.cost = l.cost + r.cost + out.rows*costOut
	if hashed(on) {
		out.cost += max(l.rows, r.rows)*costProbe + min(l.rows, r.rows)*costBuild
	} else {
		out.cost += l.rows*r.rows*costPair + r.rows*costBuild
	}
	for _, swap := range []bool{false, true} {
		from, to := l, r
		if swap {
			from, to = r, l
		}
		if !to.set.one() {
			continue
		}
		if c := from.cost + from.rows*costLookup + out.rows*costOut; c < out.cost && g.p.lookedUp(g.rels[to.set.first()].node, on) {
			out.cost, out.left, out.right = c, from, to
		}
	}
	return out
}

// special joins l to the right side of a semi, anti or left join.
func (g *joinGraph) special(l, r *joinPlan, rel *relation) *joinPlan {
	if !l.set.holds(rel.need) || l.set.one() && g.rels[l.set.first()].kind != InnerJoin {
		return nil
	}
	out := &joinPlan{left: l, right: r, set: l.set | r.set}
	out.rows = g.p.joinRows(rel.kind, l.rows, rel.rows, rel.join.on, rel.node)
	out.cost = l.cost + out.rows*costOut
	if hashed(rel.join.on) {
		hash := rel.cost + l.rows*costProbe + rel.rows*costBuild
		if look := l.rows * costLookup; look < hash && !rel.join.nullAware && g.p.lookedUp(rel.node, rel.join.on) {
			hash = look
		}
		out.cost += hash
	} else {
		out.cost += rel.cost + l.rows*rel.rows*costPair
	}
	return out
}

func hashed(on []expr.Expr) bool {
	for _, c := range on {
		if args, ok := expr.AsCall(c, "="); ok && readsColumn(args[0]) && readsColumn(args[1]) {
			return true
		}
	}
	return false
}

// connect notes which relations have a condition with each other.
func (g *joinGraph) connect() {
	g.near = make([]relSet, len(g.rels))
	link := func(s relSet) {
		for i := range g.rels {
			if s&(1<<i) != 0 {
				g.near[i] |= s
			}
		}
	}
	for _, c := range g.conds {
		link(c.reads)
	}
	for _, class := range g.classes {
		var s relSet
		for _, e := range class {
			s |= g.reads(e)
		}
		link(s)
	}
	for i, rel := range g.rels {
		if rel.kind != InnerJoin && rel.need == 0 {
			link(1<<len(g.rels) - 1)
		} else if rel.kind != InnerJoin {
			link(rel.need | 1<<i)
		}
	}
}

// whole reports whether all relations are connected by conditions.
func (g *joinGraph) whole() bool {
	seen := relSet(1)
	for {
		next := seen
		for i := range g.rels {
			if seen&(1<<i) != 0 {
				next |= g.near[i]
			}
		}
		if next == seen {
			return seen == 1<<len(g.rels)-1
		}
		seen = next
	}
}

// exhaustive looks at all orders; nil when there are too many.
func (g *joinGraph) exhaustive() *joinPlan {
	n := len(g.rels)
	cross := []bool{false, true}
	if g.whole() {
		cross = cross[:1]
	}
	near, start := make([]relSet, 1<<n), g.p.considered
	best := make([]*joinPlan, 1<<n)
	for i := range g.rels {
		best[1<<i] = &joinPlan{set: 1 << i, rows: g.rels[i].rows, cost: g.rels[i].cost}
	}
	for s := relSet(1); s < 1<<n; s++ {
		near[s] = near[s&(s-1)] | g.near[s.first()]
		if s.one() {
			continue
		}
		if g.p.considered-start > maxConsidered {
			return nil
		}
		for _, cross := range cross {
			for sub := (s - 1) & s; sub > 0; sub = (sub - 1) & s {
				l, r := best[sub], best[s&^sub]
				if l == nil || r == nil || !cross && near[sub]&r.set == 0 {
					continue
				}
				if r.set > l.set && !(r.set.one() && g.rels[r.set.first()].kind != InnerJoin) {
					continue // an inner join is looked at once
				}
				if j := g.combine(l, r, cross); j != nil && (best[s] == nil || j.cost < best[s].cost) {
					best[s] = j
				}
			}
			if best[s] != nil {
				break
			}
		}
	}
	return best[1<<n-1]
}

// greedy joins, again and again, the two plans whose join has the fewest rows.
func (g *joinGraph) greedy() *joinPlan {
	var list []*joinPlan
	for i := range g.rels {
		list = append(list, &joinPlan{set: 1 << i, rows: g.rels[i].rows, cost: g.rels[i].cost})
	}
	for len(list) > 1 {
		var best *joinPlan
		var at [2]int
		for _, cross := range []bool{false, true} {
			for i := range list {
				for j := range list {
					if i == j || i > j && !(list[j].set.one() && g.rels[list[j].set.first()].kind != InnerJoin) {
						continue
					}
					if x := g.combine(list[i], list[j], cross); x != nil && (best == nil || x.rows < best.rows || x.rows == best.rows && x.cost < best.cost) {
						best, at = x, [2]int{i, j}
					}
				}
			}
			if best != nil {
				break
			}
		}
		if best == nil {
			return nil
		}
		list[at[0]] = best
		list = append(list[:at[1]], list[at[1]+1:]...)
	}
	return list[0]
}

// build makes the tree of joins that a plan stands for.
func (g *joinGraph) build(j *joinPlan) logical {
	if j.left == nil {
		return g.rels[j.set.first()].node
	}
	left, right := g.build(j.left), g.build(j.right)
	on, _ := g.between(j.left.set, j.right.set)
	if j.right.set.one() {
		if rel := &g.rels[j.right.set.first()]; rel.kind != InnerJoin {
			out := &lJoin{kind: rel.kind, left: left, right: right, on: rel.join.on, nullAware: rel.join.nullAware}
			g.p.sized(out, j.rows)
			return filtered(out, on)
		}
	}
	out := &lJoin{kind: InnerJoin, left: left, right: right, on: on}
	g.p.sized(out, j.rows)
	return out
}
