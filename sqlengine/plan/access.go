package plan

import (
	"math"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// maxPoints bounds the keys that IN lists may multiply to before a range or a full scan is used instead.
const maxPoints = 1024

// physScan chooses how to read a table and which columns.
func (p *planner) physScan(n *lScan, want idSet) (Node, layout, error) {
	need := want.clone()
	if err := p.useGenerated(n); err != nil {
		return nil, nil, err
	}
	text, filters := p.textAccess(n)
	for _, f := range filters {
		need.addExpr(f)
	}
	virtual, err := p.virtualColumns(n, need)
	if err != nil {
		return nil, nil, err
	}
	node := &Scan{Table: n.table, Alias: n.alias, Lock: n.lock, Keys: n.keys, Text: text, Est: 1000, hints: n.hints}
	if rows := p.rows(n.table.ID); rows >= 0 {
		node.Est = max(rows, 1)
	}
	var l layout
	for i, id := range n.ids {
		if !need[id] {
			continue
		}
		c := &n.table.Columns[i]
		node.Cols, l = append(node.Cols, i), append(l, id)
		node.Out = append(node.Out, Column{Name: c.Name, Table: n.alias, OrgTable: n.table.Name, OrgName: c.Name,
			Type: c.Type, Nullable: !c.NotNull, Hidden: c.Hidden || c.Invisible})
	}
	if !p.Plain && text == nil {
		node.Access, _ = p.bestAccess(n, node.Est)
	}
	if node.Parts, err = p.scanParts(n); err != nil {
		return nil, nil, err
	}
	if node.Virtual, err = placeVirtual(node.Cols, virtual); err != nil {
		return nil, nil, err
	}
	if !p.Plain && text == nil {
		node.Conds = scanConds(n)
		if node.Early, err = l.placeAnd(earlyFilters(n)); err != nil {
			return nil, nil, err
		}
	}
	p.covering(node)
	node.Filter, err = l.placeAnd(filters)
	node.Read = node.Est
	node.Est, n.node = p.estimate(n), node
	return node, l, err
}

// bestAccess compares the primary key with every index and returns the access expected to read the fewest rows.
func (p *planner) bestAccess(n *lScan, rows float64) (Access, float64) {
	var best Access
	bestEst := rows
	if !n.hints.bars(nil) {
		best, bestEst = p.keyAccess(n, n.table.Primary, true, rows)
	}
	if n.hints != nil && n.hints.force && !best.narrow() {
		bestEst = math.Inf(1)
	}
	if best.Points != nil && bestEst <= float64(len(best.Points)) {
		return best, bestEst
	}
	for i := range n.table.Indexes {
		ix := &n.table.Indexes[i]
		if ix.Invisible && !p.UseInvisible || n.hints.bars(ix) {
			continue
		}
		a, est := p.keyAccess(n, ix.Parts, ix.Unique, rows)
		est *= 2 // each index entry costs a second lookup
		if est < bestEst && a.narrow() {
			a.Index = ix
			best, bestEst = a, est
		}
	}
	return best, min(bestEst, rows)
}

// narrow reports whether the access leaves rows out.
func (a *Access) narrow() bool { return a.Points != nil || a.Eq != nil || a.Lo != nil || a.Hi != nil }

// keyAccess works out which part of one key the filters leave.
func (p *planner) keyAccess(n *lScan, parts []catalog.KeyPart, unique bool, rows float64) (Access, float64) {
	points := [][]expr.Expr{nil}
	var fixed []valueCount
	left := func() float64 { return p.fixedShare(fixed) } // asked for only where it matters: it may take a sample
	for i, part := range parts {
		id, ok := keyColumn(n, part)
		if !ok {
			return partial(points, i, rows*left())
		}
		values := equalTo(n.filters, id)
		if len(values) == 0 || len(points)*len(values) > maxPoints {
			a, est := partial(points, i, rows*left())
			if len(points) == 1 {
				a.Lo, a.LoOpen, a.Hi, a.HiOpen = bounds(n.filters, id)
				if a.Lo != nil || a.Hi != nil {
					est *= p.rangeShare(n.filters, id)
				}
			}
			return a, max(est, 1)
		}
		var next [][]expr.Expr
		for _, pt := range points {
			for _, v := range values {
				next = append(next, append(append([]expr.Expr(nil), pt...), v))
			}
		}
		points = next
		fixed = append(fixed, valueCount{id, len(values)})
	}
	est := float64(len(points))
	if !unique {
		est = max(est, rows*left())
	}
	return Access{Points: points}, est
}

// valueCount is a column and how many values conditions allow it.
type valueCount struct {
	id colID
	n  int
}

// fixedShare is the share of rows that have the allowed values.
func (p *planner) fixedShare(fixed []valueCount) float64 {
	share := 1.0
	for _, f := range fixed {
		if s, ok := p.stats(f.id); ok && s.Distinct > 0 {
			share *= min(float64(f.n)/s.Distinct, 1)
		} else {
			share *= min(float64(f.n)*defaultEqual, 1)
		}
	}
	return share
}

// rangeShare is the share of rows that comparisons with constants leave of a column.
func (p *planner) rangeShare(filters []expr.Expr, id colID) float64 {
	var own []expr.Expr
	for _, f := range filters {
		if c, ok := restricted(f); ok && c == id {
			own = append(own, f)
		}
	}
	return p.selectivity(own)
}

// partial is the access of a key whose first k columns are fixed to one value each, or to a few, which est rows have.
func partial(points [][]expr.Expr, k int, est float64) (Access, float64) {
	switch {
	case k == 0:
		return Access{}, est
	case len(points) == 1:
		return Access{Eq: points[0]}, max(est, 1)
	}
	return Access{Points: points}, max(est, 1)
}

// keyColumn returns the logical column of a key part that can be looked up: one stored whole, in the order of its type.
func keyColumn(n *lScan, part catalog.KeyPart) (colID, bool) {
	i := n.table.ColumnByID(part.Column)
	if i < 0 || part.Prefix > 0 {
		return 0, false
	}
	if n.table.Columns[i].Type.Class() == base.JSON {
		return 0, false
	}
	return n.ids[i], true
}

// equalTo returns the values that one filter allows column id: from id = v, or id IN (v, …).
func equalTo(filters []expr.Expr, id colID) []expr.Expr {
	for _, f := range filters {
		if args, ok := expr.AsCall(f, "="); ok {
			if v := otherSide(args, id); v != nil {
				return []expr.Expr{v}
			}
		}
	}
	for _, f := range filters {
		if args, ok := expr.AsCall(f, "IN"); ok && isColumn(args[0], id) && allConstant(args[1:]) {
			return args[1:]
		}
	}
	return nil
}

// bounds returns the tightest single bounds that the filters put on column id. Only the first bound of each side is
// used; the others stay in the filter.
func bounds(filters []expr.Expr, id colID) (lo expr.Expr, loOpen bool, hi expr.Expr, hiOpen bool) {
	setLo := func(e expr.Expr, open bool) {
		if lo == nil {
			lo, loOpen = e, open
		}
	}
	setHi := func(e expr.Expr, open bool) {
		if hi == nil {
			hi, hiOpen = e, open
		}
	}
	for _, f := range filters {
		if args, ok := expr.AsCall(f, "BETWEEN"); ok && isColumn(args[0], id) && allConstant(args[1:]) {
			setLo(args[1], false)
			setHi(args[2], false)
		}
		for _, op := range []string{"<", "<=", ">", ">="} {
			args, ok := expr.AsCall(f, op)
			if !ok {
				continue
			}
			v := otherSide(args, id)
			if v == nil {
				continue
			}
			if less := op[0] == '<'; less == isColumn(args[0], id) {
				setHi(v, len(op) == 1)
			} else {
				setLo(v, len(op) == 1)
			}
		}
	}
	return lo, loOpen, hi, hiOpen
}

// otherSide returns the constant compared with column id, whichever side it stands on.
func otherSide(args []expr.Expr, id colID) expr.Expr {
	switch {
	case isColumn(args[0], id) && constant(args[1]):
		return args[1]
	case isColumn(args[1], id) && constant(args[0]):
		return args[0]
	}
	return nil
}

func isColumn(e expr.Expr, id colID) bool {
	c, ok := expr.AsColumn(e)
	return ok && c == id
}

func allConstant(list []expr.Expr) bool {
	for _, e := range list {
		if !constant(e) {
			return false
		}
	}
	return true
}

// constant reports whether e has one value during an execution: no columns, no volatile functions, no subqueries.
func constant(e expr.Expr) bool {
	if _, ok := expr.AsColumn(e); ok || !movable(e) {
		return false
	}
	return allConstant(e.Children())
}

// ordered reports whether n yields its rows in the order of keys, and turns a key-ordered scan round where that is
// what it takes.
func ordered(n Node, keys []SortKey) bool {
	scan, cols := sortedScan(n, keys)
	if scan == nil || scan.Access.Index != nil || scan.Access.Points != nil ||
		!keptOrder(scan, scan.Table.Primary, scan.Access.Eq, cols) {
		return false
	}
	scan.Reverse = keys[0].Desc
	if scan.Parts != nil {
		scan.Parts.Order = cols
	}
	return true
}

// sortedScan returns the scan that the columns of sort keys come from, and which of its columns they are; nil where a key is no column,
// or they differ in direction.
func sortedScan(n Node, keys []SortKey) (*Scan, []int) {
	cols := make([]int, len(keys))
	for i, k := range keys {
		c, ok := expr.AsColumn(k.Expr)
		if !ok || k.Desc != keys[0].Desc {
			return nil, nil
		}
		cols[i] = c
	}
	if scan := sourceScan(n, cols); scan != nil && scan.Text == nil {
		return scan, cols
	}
	return nil, cols
}

// keptOrder reports whether a key with these parts, the first of which are equal to values, comes in the order of cols, columns
// of a scan.
func keptOrder(n *Scan, parts []catalog.KeyPart, values []expr.Expr, cols []int) bool {
	fixed := len(values)
	for i, e := range values {
		if !sameValues(e.Type(), n.Table.Columns[n.Table.ColumnByID(parts[i].Column)].Type) {
			return false // several keys may be equal to it, each with rows in order
		}
	}
	if len(cols) > len(parts)-fixed {
		return false
	}
	for i, c := range cols {
		col, part := &n.Table.Columns[n.Cols[c]], parts[fixed+i]
		if col.ID != part.Column || part.Prefix > 0 || col.Type.Class() == base.JSON {
			return false
		}
	}
	return true
}

// sourceScan follows columns through projections and filters down to the scan they come from.
func sourceScan(n Node, cols []int) *Scan {
	switch n := n.(type) {
	case *Scan:
		return n
	case *Filter:
		return sourceScan(n.Input, cols)
	case *Project:
		for i, c := range cols {
			src, ok := expr.AsColumn(n.Exprs[c])
			if !ok {
				return nil
			}
			cols[i] = src
		}
		return sourceScan(n.Input, cols)
	}
	return nil
}
