package plan

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// estimate returns how many rows a logical node is taken to yield. Conditions have been pushed down.
func (p *planner) estimate(n logical) float64 {
	if rows, ok := p.est[n]; ok {
		return rows
	}
	rows := p.estimateNew(n)
	p.sized(n, rows)
	return rows
}

//lint:long one flat switch over the nodes
func (p *planner) estimateNew(n logical) float64 {
	switch n := n.(type) {
	case *lScan:
		rows := p.scanRows(n)
		if a, est := p.bestAccess(n, rows); a.Points != nil && est <= float64(len(a.Points)) {
			return max(est, 1)
		}
		return max(rows*p.selectivity(n.filters), 1)
	case *lVirtual:
		return 100
	case *lShared:
		return Rows(n.of.Plan)
	case *lApply:
		return max(p.estimate(n.left)*p.estimate(n.right), 1)
	case *lValues:
		return float64(len(n.rows))
	case *lFilter:
		return max(p.estimate(n.input)*p.selectivity(n.preds), 1)
	case *lProject:
		return p.estimate(n.input)
	case *lJoin:
		l, r := p.estimate(n.left), p.estimate(n.right)
		return p.joinRows(n.kind, l, r, n.on, n.right)
	case *lAggregate:
		return p.groups(n.keys, p.estimate(n.input))
	case *lDistinct:
		return max(p.estimate(n.input)*0.9, 1)
	case *lSort:
		return p.estimate(n.input)
	case *lLimit:
		rows := p.estimate(n.input)
		if v, ok := expr.ConstInt(n.count); ok {
			return min(rows, float64(v))
		}
		return rows
	case *lSetOp:
		total := 0.0
		for _, in := range n.inputs {
			total += p.estimate(in)
		}
		return total
	}
	return 1000
}

// scanRows is the number of rows of a table.
func (p *planner) scanRows(n *lScan) float64 {
	if rows := p.rows(n.table.ID); rows >= 0 {
		return max(rows, 1)
	}
	return 1000
}

// groups estimates how many different values the keys have among rows.
func (p *planner) groups(keys []expr.Expr, rows float64) float64 {
	if len(keys) == 0 {
		return 1
	}
	out := 1.0
	for _, k := range keys {
		d := rows / 10
		if id, ok := expr.AsColumn(k); ok {
			if s, ok := p.stats(id); ok {
				d = s.Distinct
			}
		}
		out *= max(d, 1)
	}
	return max(min(out, rows), 1)
}

// joinRows estimates the rows of a join of l and r rows.
func (p *planner) joinRows(kind JoinKind, l, r float64, on []expr.Expr, right logical) float64 {
	switch kind {
	case SemiJoin, AntiJoin:
		share := p.matchShare(r, on, right)
		if kind == AntiJoin {
			share = max(1-share, 0.05)
		}
		return max(l*share, 1)
	}
	rows := l * r * p.joinShare(on)
	switch kind {
	case LeftJoin:
		rows = max(rows, l)
	case FullJoin:
		rows = max(rows, l+r)
	}
	return max(rows, 1)
}

// matchShare estimates for which share of left rows there is a right one: of the values that the right key has in its table,
// those that are left.
func (p *planner) matchShare(r float64, on []expr.Expr, right logical) float64 {
	share := 1.0
	own := newIDSet(right.cols()...)
	for _, c := range on {
		args, ok := expr.AsCall(c, "=")
		if !ok {
			share *= 0.9
			continue
		}
		var inner, outer float64
		for _, a := range args {
			id, ok := expr.AsColumn(a)
			if !ok {
				continue
			}
			if s, ok := p.stats(id); ok && own[id] {
				inner = min(s.Distinct, r)
			} else if ok {
				outer = s.Distinct
			}
		}
		if inner > 0 && outer > 0 {
			share = min(share, inner/outer)
		} else {
			share = min(share, 0.5)
		}
	}
	return max(min(share, 1), 0.001)
}

// joinShare estimates which share of all pairs meets the conditions. Equalities with a whole key of a table meet one of its
// rows each, whatever their columns say by themselves.
func (p *planner) joinShare(on []expr.Expr) float64 {
	var eq []expr.Expr
	share := 1.0
	for _, c := range on {
		if _, _, ok := equalColumns(c); ok {
			eq = append(eq, c)
		} else {
			share *= p.share(c)
		}
	}
	if len(eq) < 2 {
		for _, c := range eq {
			share *= p.share(c)
		}
		return share
	}
	product := 1.0
	tables := map[*catalog.Table]idSet{} // by table: its columns in equalities
	for _, c := range eq {
		product *= p.share(c)
		a, b, _ := equalColumns(c)
		for _, id := range []colID{a, b} {
			if src, ok := p.sources[id]; ok {
				if tables[src.table] == nil {
					tables[src.table] = idSet{}
				}
				tables[src.table][src.column] = true
			}
		}
	}
	for t, cols := range tables {
		if rows := p.rows(t.ID); rows > 0 && holdsKey(t, cols) {
			product = max(product, 1/rows)
		}
	}
	return share * product
}

// holdsKey reports whether the columns, by position, contain a unique key of t.
func holdsKey(t *catalog.Table, cols idSet) bool {
	whole := func(parts []catalog.KeyPart) bool {
		for _, part := range parts {
			if i := t.ColumnByID(part.Column); i < 0 || !cols[i] || part.Prefix > 0 {
				return false
			}
		}
		return len(parts) > 0
	}
	if whole(t.Primary) {
		return true
	}
	for i := range t.Indexes {
		if t.Indexes[i].Unique && whole(t.Indexes[i].Parts) {
			return true
		}
	}
	return false
}
