package plan

import (
	"github.com/s3sql/s3sql/sqlengine/expr"
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
