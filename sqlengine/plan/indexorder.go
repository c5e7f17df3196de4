package plan

import (
	"math"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

const (
	// fetchCost is what a row costs that is fetched by its key, beside one that a scan comes across.
	fetchCost = 4
	// unknownLimit is how many rows a LIMIT is taken to ask for that is a parameter.
	unknownLimit = 20
)

// byIndex makes the scan below n read an index in the order of the keys of a sort, where that is expected to read fewer rows, and
// reports whether it has. The sort is n's parent then no more. An index that the scan reads by anyway gives its order for nothing;
// another one reads as many entries as it takes to find the rows that the LIMIT asks for.
func (p *planner) byIndex(n Node, keys []SortKey, s *lSort) bool {
	scan, cols := sortedScan(n, keys)
	if scan == nil || scan.Parts != nil || scan.Keys != nil || scan.Virtual != nil || scan.Limit != nil {
		return false
	}
	best, bestCost := Access{}, math.Inf(1)
	for i := range scan.Table.Indexes {
		ix := &scan.Table.Indexes[i]
		if ix.Invisible && !p.UseInvisible || scan.hints.bars(ix) {
			continue
		}
		if a, cost := p.orderAccess(scan, ix, cols, s); cost < bestCost {
			best, bestCost = a, cost
		}
	}
	if bestCost >= readCost(scan) {
		return false
	}
	best.Ordered = true
	scan.Access, scan.Reverse, scan.First = best, keys[0].Desc, int(min(sought(s), 1<<20))
	return true
}

// readCost is what a scan costs that reads as it does.
func readCost(n *Scan) float64 {
	switch a := &n.Access; {
	case a.Index != nil:
		return math.Inf(1) // of the same rows in another order; orderAccess has to agree
	case a.narrow():
		return n.Est
	}
	return max(n.Read, 1)
}

// sought returns how many rows a sort is asked for; infinite without a LIMIT.
func sought(s *lSort) float64 {
	if s.limit == nil {
		return math.Inf(1)
	}
	n := 0.0
	for _, e := range []expr.Expr{s.limit, s.offset} {
		if e == nil {
			continue
		}
		if v, ok := expr.ConstInt(e); ok {
			n += float64(v)
		} else {
			n += unknownLimit
		}
	}
	return n
}

// orderAccess returns how the rows of a scan are read through an index in the order of cols, and what that costs; infinite where
// the index does not have the order.
func (p *planner) orderAccess(n *Scan, ix *catalog.Index, cols []int, s *lSort) (Access, float64) {
	a := Access{Index: ix}
	var fixed []expr.Expr // what its first columns are equal to
	switch have := &n.Access; {
	case len(have.Points) == 1 && sameLeading(have.Index, ix, len(have.Points[0])):
		a.Points, fixed = have.Points, have.Points[0]
	case have.Points == nil && have.Index == ix:
		a, fixed = *have, have.Eq
	case have.Index != nil || have.narrow():
		return a, math.Inf(1)
	}
	if !keptOrder(n, ix.Parts, fixed, cols) {
		return a, math.Inf(1)
	}
	rows := n.Est // what the access leaves, where it is narrow
	if !a.narrow() {
		share := max(n.Est, 1) / max(n.Read, 1)
		rows = min(max(n.Read, 1), sought(s)/share)
	}
	cost := fetchCost
	if Covers(n.Table, ix, n.Cols) {
		cost = 1
	}
	return a, float64(cost) * rows
}

// covering makes a scan by an index read another one that begins with the same columns, where that one has all columns asked for.
func (p *planner) covering(n *Scan) {
	a := &n.Access
	if a.Index == nil || n.Virtual != nil || Covers(n.Table, a.Index, n.Cols) {
		return
	}
	fixed := len(a.Eq) + 1
	if a.Points != nil {
		if fixed = len(a.Points[0]); a.Index.Unique && fixed == len(a.Index.Parts) {
			return
		}
	} else if a.Lo == nil && a.Hi == nil {
		fixed--
	}
	for i := range n.Table.Indexes {
		ix := &n.Table.Indexes[i]
		if (!ix.Invisible || p.UseInvisible) && !n.hints.bars(ix) && sameLeading(a.Index, ix, fixed) && Covers(n.Table, ix, n.Cols) {
			if a.Points == nil || !ix.Unique || fixed < len(ix.Parts) {
				a.Index = ix
				return
			}
		}
	}
}

// sameLeading reports whether the first n columns of two indexes are the same.
func sameLeading(a, b *catalog.Index, n int) bool {
	if a == nil || len(a.Parts) < n || len(b.Parts) < n {
		return false
	}
	for i := range n {
		if a.Parts[i] != b.Parts[i] {
			return false
		}
	}
	return true
}

// Covers reports whether the entries of an index, which lead to the primary key, have the columns of its table at the given
// positions.
func Covers(t *catalog.Table, ix *catalog.Index, cols []int) bool {
	for _, c := range cols {
		col := &t.Columns[c]
		if !KeptInKeys(col.Type) || KeyPosition(ix.Parts, col.ID) < 0 && KeyPosition(t.Primary, col.ID) < 0 {
			return false
		}
	}
	return true
}

// KeyPosition returns the place of a column among the parts of a key that have all of it; -1 none.
func KeyPosition(parts []catalog.KeyPart, id uint32) int {
	for i, p := range parts {
		if p.Column == id && p.Prefix == 0 {
			return i
		}
	}
	return -1
}

// KeptInKeys reports whether the key of a value says what the value is.
func KeptInKeys(t base.Type) bool {
	switch t.Class() {
	case base.Int, base.Uint, base.Date, base.Time, base.DateTime, base.Bytes:
		return true
	case base.String:
		return t.Collation == "" || collation.Of(t.Collation).Binary()
	}
	return false // a DOUBLE loses the sign of zero, a DECIMAL its zeros
}
