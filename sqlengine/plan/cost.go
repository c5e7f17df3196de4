package plan

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// Costs of handling one row, in units of what a scan spends on it.
const (
	costProbe  = 4
	costBuild  = 10
	costOut    = 3
	costLookup = 100 // of a key, to where its rows begin
	costFetch  = 30  // of a row there
	costPair   = 1   // of nested loops
)

// cost estimates what yielding the rows of n takes, in rows scanned.
func (p *planner) cost(n logical) float64 {
	switch n := n.(type) {
	case *lScan:
		rows := p.scanRows(n)
		if a, est := p.bestAccess(n, rows); a.Points != nil || a.Eq != nil || a.Lo != nil || a.Hi != nil {
			return min(est*2, rows)
		}
		return rows
	case *lFilter:
		return p.cost(n.input) + p.estimate(n.input)
	case *lProject:
		return p.cost(n.input)
	case *lJoin:
		l, r := p.estimate(n.left), p.estimate(n.right)
		return p.cost(n.left) + p.cost(n.right) + l*costProbe + r*costBuild + p.estimate(n)*costOut
	case *lAggregate:
		return p.cost(n.input) + p.estimate(n.input)*costBuild
	case *lDistinct:
		return p.cost(n.input) + p.estimate(n.input)*costBuild
	case *lSort:
		return p.cost(n.input) + p.estimate(n.input)*costBuild
	case *lLimit:
		return p.cost(n.input)
	case *lSetOp:
		total := 0.0
		for _, in := range n.inputs {
			total += p.cost(in)
		}
		return total
	}
	return p.estimate(n)
}

// sized notes how many rows n is taken to yield.
func (p *planner) sized(n logical, rows float64) {
	if p.est == nil {
		p.est = map[logical]float64{}
	}
	p.est[n] = rows
}

// lookedUp reports whether the equalities of a join give a whole key of the table that n reads.
func (p *planner) lookedUp(n logical, on []expr.Expr) bool {
	scan, ok := n.(*lScan)
	if !ok || scan.hints.bars(nil) {
		return false
	}
	own := newIDSet(scan.ids...)
	given := func(part catalog.KeyPart) bool {
		i := scan.table.ColumnByID(part.Column)
		if i < 0 || part.Prefix > 0 {
			return false
		}
		for _, c := range on {
			args, ok := expr.AsCall(c, "=")
			if !ok {
				continue
			}
			for k := range args {
				if isColumn(args[k], scan.ids[i]) && !anyOf(args[1-k], own) && args[1-k].Type().Class() == args[k].Type().Class() {
					return true
				}
			}
		}
		return false
	}
	for _, part := range scan.table.Primary {
		if !given(part) {
			return false
		}
	}
	return len(scan.table.Primary) > 0
}

func anyOf(e expr.Expr, ids idSet) bool {
	used := idSet{}
	used.addExpr(e)
	for id := range used {
		if ids[id] {
			return true
		}
	}
	return false
}
