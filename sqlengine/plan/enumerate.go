package plan

import (
	"math"

	"github.com/s3sql/s3sql/sqlengine/expr"
)

// maxExhaustive is the most relations for which every order of joining is looked at, and maxConsidered the most joins: where
// each relation is joined to each, there are more orders than among ten in a row.
const (
	maxExhaustive = 10
	maxConsidered = 5000
)

// joinPlan is an order of joining some of the relations.
type joinPlan struct {
	left, right *joinPlan // nil for one relation
	set         relSet
	rows, cost  float64
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
		rel := &g.rels[to.set.first()]
		if c := from.cost + from.rows*costLookup + out.rows*costOut; c < out.cost && g.p.lookedUp(rel.node, on) {
			out.cost, out.left, out.right = c, from, to
		}
		if c := from.cost + g.keyedCost(rel, on, from.rows) + from.rows*costProbe + out.rows*costOut; c < out.cost {
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
		if keyed := g.keyedCost(rel, rel.join.on, l.rows) + l.rows*costProbe; keyed < hash && !rel.join.nullAware {
			hash = keyed
		}
		out.cost += hash
	} else {
		out.cost += rel.cost + l.rows*rel.rows*costPair
	}
	return out
}

// keyedCost is what reading a relation by the keys of so many rows costs, and holding what is read.
func (g *joinGraph) keyedCost(rel *relation, on []expr.Expr, rows float64) float64 {
	if !rel.keyed || rows*costLookup > rel.cost*keyedTry {
		return math.Inf(1)
	}
	k := g.p.keyed(on, rel.node)
	if k == nil {
		return math.Inf(1)
	}
	cost, share := g.p.keyedCost(rel.node, k, g.p.keyCount(k, rows))
	return cost + rel.rows*share*costBuild
}

func hashed(on []expr.Expr) bool {
	for _, c := range on {
		if args, ok := expr.AsCall(c, "="); ok && readsColumn(args[0]) && readsColumn(args[1]) {
			return true
		}
	}
	return false
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
