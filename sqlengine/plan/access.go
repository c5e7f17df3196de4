package plan

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// maxPoints bounds the keys that IN lists may multiply to before a range or a full scan is used instead.
const maxPoints = 1024

// physScan chooses how to read a table and which columns.
func (p *planner) physScan(n *lScan, want idSet) (Node, layout, error) {
	need := want.clone()
	for _, f := range n.filters {
		need.addExpr(f)
	}
	node := &Scan{Table: n.table, Alias: n.alias, Est: 1000}
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
	if !p.Plain {
		node.Access, node.Est = bestAccess(n, node.Est)
	}
	var err error
	node.Filter, err = l.placeAnd(n.filters)
	if len(n.filters) > 0 && node.Access.Points == nil && node.Access.Eq == nil {
		node.Est = max(node.Est/3, 1)
	}
	return node, l, err
}

// bestAccess compares the primary key with every index and returns the access expected to read the fewest rows.
func bestAccess(n *lScan, rows float64) (Access, float64) {
	best, bestEst := keyAccess(n, n.table.Primary, true, rows)
	for i := range n.table.Indexes {
		ix := &n.table.Indexes[i]
		a, est := keyAccess(n, ix.Parts, ix.Unique, rows)
		est *= 2 // each index entry costs a second lookup
		if est < bestEst && (a.Points != nil || a.Eq != nil || a.Lo != nil || a.Hi != nil) {
			a.Index = ix
			best, bestEst = a, est
		}
	}
	return best, bestEst
}

// keyAccess works out which part of one key the filters leave.
func keyAccess(n *lScan, parts []catalog.KeyPart, unique bool, rows float64) (Access, float64) {
	points := [][]expr.Expr{nil}
	for i, part := range parts {
		id, ok := keyColumn(n, part)
		if !ok {
			return partial(points, i, rows)
		}
		values := equalTo(n.filters, id)
		if len(values) == 0 || len(points)*len(values) > maxPoints {
			a, est := partial(points, i, rows)
			if len(points) == 1 {
				a.Lo, a.LoOpen, a.Hi, a.HiOpen = bounds(n.filters, id)
				if a.Lo != nil {
					est /= 3
				}
				if a.Hi != nil {
					est /= 3
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
	}
	est := float64(len(points))
	if !unique {
		est = max(est, rows/100)
	}
	return Access{Points: points}, est
}

// partial is the access of a key whose first k columns are fixed to one value each, or to a few.
func partial(points [][]expr.Expr, k int, rows float64) (Access, float64) {
	switch {
	case k == 0:
		return Access{}, rows
	case len(points) == 1:
		return Access{Eq: points[0]}, max(rows/100, 1)
	}
	return Access{Points: points}, min(float64(len(points))*max(rows/100, 1), rows)
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
	cols := make([]int, len(keys))
	for i, k := range keys {
		c, ok := expr.AsColumn(k.Expr)
		if !ok || k.Desc != keys[0].Desc {
			return false
		}
		cols[i] = c
	}
	scan := sourceScan(n, cols)
	if scan == nil || scan.Access.Index != nil || scan.Access.Points != nil {
		return false
	}
	for i, e := range scan.Access.Eq {
		col := &scan.Table.Columns[scan.Table.ColumnByID(scan.Table.Primary[i].Column)]
		if !sameValues(e.Type(), col.Type) {
			return false // several keys may be equal to it, each with rows in order
		}
	}
	parts := scan.Table.Primary[len(scan.Access.Eq):]
	if len(cols) > len(parts) {
		return false
	}
	for i, c := range cols {
		col := scan.Table.Columns[scan.Cols[c]]
		if col.ID != parts[i].Column || parts[i].Prefix > 0 {
			return false
		}
	}
	scan.Reverse = keys[0].Desc
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
