package plan

import (
	"math/bits"

	"github.com/s3sql/s3sql/sqlengine/expr"
)

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
	// keyed says that there is a scan in node that could be read by the keys of other rows.
	keyed bool
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

func (g *joinGraph) add(n logical, kind JoinKind, j *lJoin) {
	for _, id := range n.cols() {
		g.owner[id] = len(g.rels)
	}
	g.rels = append(g.rels, relation{node: n, kind: kind, join: j, rows: g.p.estimate(n), cost: g.p.cost(n), keyed: keyable(n)})
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
