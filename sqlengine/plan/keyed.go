package plan

import (
	"math"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// KeySet is the keys that the left rows of a join have. The left rows are read first, and a scan on the right side then
// reads the rows that have one of their keys, instead of all: rows with other keys would find no partner.
//
// Source: docs/decisions/0015-decorrelation.md.
type KeySet struct {
	Table *catalog.Table
	Index *catalog.Index // nil: the primary key
	Keys  []expr.Expr    // over the left columns: the values of the first columns of the key
	Max   int            // of more keys than that, the scan takes no notice
	Cost  float64        // estimated, of reading by them; 0: they are more than Max, if estimates are right
}

// Parts are the key parts whose values Keys are.
func (s *KeySet) Parts() []catalog.KeyPart {
	if s.Index != nil {
		return s.Index.Parts[:len(s.Keys)]
	}
	return s.Table.Primary[:len(s.Keys)]
}

// Whole reports whether at most one row has each key.
func (s *KeySet) Whole() bool {
	if s.Index != nil {
		return s.Index.Unique && len(s.Keys) == len(s.Index.Parts)
	}
	return len(s.Keys) == len(s.Table.Primary)
}

// keyedScan is a scan below the right side of a join that can be handed the keys of the left rows.
type keyedScan struct {
	scan  *lScan
	index *catalog.Index
	keys  []expr.Expr // of the left side, for the first columns of the key
	per   float64     // rows of the table that have one key
	cost  float64     // of reading those
	max   float64     // so many keys cost as much as all rows would
}

// keyed returns the scan for which the equalities of a join are worth most; nil when there is none.
func (p *planner) keyed(on []expr.Expr, right logical) (best *keyedScan) {
	given := p.givenColumns(on, right)
	for scan, cols := range given {
		whole := p.cost(scan)
		rest := max(p.cost(right)-whole, 0) + p.estimate(right)*costBuild
		try := func(ix *catalog.Index, parts []catalog.KeyPart, unique bool) {
			k := p.keyedBy(scan, cols, ix, parts, unique)
			if k == nil {
				return
			}
			k.max = (whole + rest) / (k.cost + rest*k.per/p.scanRows(scan))
			if best == nil || k.max > best.max || k.max == best.max && k.less(best) {
				best = k
			}
		}
		if !scan.hints.bars(nil) {
			try(nil, scan.table.Primary, true)
		}
		for i := range scan.table.Indexes {
			if ix := &scan.table.Indexes[i]; (!ix.Invisible || p.UseInvisible) && !scan.hints.bars(ix) {
				try(ix, ix.Parts, ix.Unique)
			}
		}
	}
	if best != nil && best.max < 1 {
		return nil
	}
	return best
}

// less makes the choice among scans that are worth the same one of the plan, not of a map's order.
func (k *keyedScan) less(other *keyedScan) bool { return k.scan.ids[0] < other.scan.ids[0] }

// givenColumns returns, by scan below right, which of its columns, by position, the equalities give a value, which is one
// over the columns of the other side and of the column's own class.
func (p *planner) givenColumns(on []expr.Expr, right logical) map[*lScan]map[int]expr.Expr {
	var out map[*lScan]map[int]expr.Expr
	var own idSet
	for _, c := range on {
		args, ok := expr.AsCall(c, "=")
		if !ok {
			continue
		}
		for k := range args {
			id, ok := expr.AsColumn(args[k])
			if !ok {
				continue
			}
			if own == nil {
				own = newIDSet(right.cols()...)
			}
			if !own[id] || anyOf(args[1-k], own) || !readsColumn(args[1-k]) || !movable(args[1-k]) {
				continue
			}
			scan, at := origin(right, id)
			if scan == nil {
				continue
			}
			x, y, ok, err := expr.HashKeys(args[1-k], args[k])
			if err != nil || !ok || !isColumn(y, id) || x.Type().Class() != y.Type().Class() {
				continue
			}
			if out == nil {
				out = map[*lScan]map[int]expr.Expr{}
			}
			if out[scan] == nil {
				out[scan] = map[int]expr.Expr{}
			}
			out[scan][at] = x
		}
	}
	return out
}

// keyedBy returns what a key of a scan is worth when some of its columns are given; nil when its first is not.
func (p *planner) keyedBy(scan *lScan, given map[int]expr.Expr, ix *catalog.Index, parts []catalog.KeyPart, unique bool) *keyedScan {
	k := &keyedScan{scan: scan, index: ix, per: p.scanRows(scan)}
	var fixed []valueCount
	for _, part := range parts {
		id, ok := keyColumn(scan, part)
		e := given[scan.table.ColumnByID(part.Column)]
		if !ok || e == nil {
			break
		}
		k.keys, fixed = append(k.keys, e), append(fixed, valueCount{id, 1})
	}
	if len(k.keys) == 0 {
		return nil
	}
	if k.per = max(k.per*p.fixedShare(fixed), 1); unique && len(k.keys) == len(parts) {
		k.per = 1
	}
	k.cost = costLookup + k.per*costFetch
	if scan.table.Partitioning != nil { // each may have a key
		k.cost += costLookup * float64(len(scan.table.PartTables())-1)
	}
	if ix != nil {
		k.cost += k.per * costLookup
	}
	return k
}

// origin follows a column of n down to the scan that it comes from, over nodes for which it makes no difference whether rows
// with other values of the column are there; nil when there is no such scan.
func origin(n logical, id colID) (*lScan, int) {
	switch n := n.(type) {
	case *lScan:
		for i, x := range n.ids {
			if x == id && n.keys == nil {
				return n, i
			}
		}
	case *lFilter:
		if !anyVolatile(n.preds) {
			return origin(n.input, id)
		}
	case *lProject:
		return projectOrigin(n, id)
	case *lAggregate:
		for i, x := range n.kids {
			if c, ok := expr.AsColumn(n.keys[i]); ok && x == id {
				return origin(n.input, c)
			}
		}
	case *lDistinct:
		for _, x := range n.ids {
			if x == id {
				return origin(n.input, id)
			}
		}
	case *lJoin:
		if n.kind == FullJoin || anyVolatile(n.on) {
			return nil, 0
		}
		if scan, i := origin(n.left, id); scan != nil || n.kind != InnerJoin {
			return scan, i
		}
		return origin(n.right, id)
	}
	return nil, 0
}

func projectOrigin(n *lProject, id colID) (*lScan, int) {
	if anyVolatile(n.exprs) {
		return nil, 0
	}
	for i, x := range n.ids {
		if x == id {
			if c, ok := expr.AsColumn(n.exprs[i]); ok {
				return origin(n.input, c)
			}
			return nil, 0
		}
	}
	if n.keep {
		return origin(n.input, id)
	}
	return nil, 0
}

// keyable reports whether there is a column of n that begins a key of the table it comes from.
func keyable(n logical) bool {
	for _, id := range n.cols() {
		scan, at := origin(n, id)
		if scan == nil {
			continue
		}
		col := scan.table.Columns[at].ID
		if len(scan.table.Primary) > 0 && scan.table.Primary[0].Column == col {
			return true
		}
		for i := range scan.table.Indexes {
			if scan.table.Indexes[i].Parts[0].Column == col {
				return true
			}
		}
	}
	return false
}

// keyCount estimates how many different keys rows of the left side have.
func (p *planner) keyCount(k *keyedScan, rows float64) float64 {
	values := 1.0
	for _, e := range k.keys {
		id, ok := expr.AsColumn(e)
		if !ok {
			return rows
		}
		s, ok := p.stats(id)
		if !ok {
			return rows
		}
		values *= max(s.Distinct, 1)
	}
	return min(values, rows)
}

// keyedCost is what right costs when its scan k is handed so many keys, and which share of its rows that leaves.
func (p *planner) keyedCost(right logical, k *keyedScan, keys float64) (cost, share float64) {
	share = min(keys*k.per/p.scanRows(k.scan), 1)
	rest := max(p.cost(right)-p.cost(k.scan), 0)
	return rest*share + keys*k.cost, share
}

// keyedJoin is what an inner join costs when left's keys are handed to a scan below right; infinite when there is none.
func (p *planner) keyedJoin(on []expr.Expr, left, right logical) float64 {
	k := p.keyed(on, right)
	if k == nil {
		return math.Inf(1)
	}
	rows := p.estimate(left)
	cost, share := p.keyedCost(right, k, p.keyCount(k, rows))
	return p.cost(left) + cost + rows*costProbe + p.estimate(right)*share*costBuild
}

// keyedTry is how many times more keys than pay are estimated at most for a scan that is to be handed them nevertheless: they
// are counted before they are used, and estimates err.
const keyedTry = 32

// handKeys hands the keys of a join's left rows to the scan below its right side for which they are worth most; nil when
// there is none. The right side has not been made physical yet.
func (p *planner) handKeys(n *lJoin) *keyedScan {
	k, keys := p.handed(n)
	if k == nil || keys > k.max {
		return nil
	}
	p.estimate(n) // before the right side shrinks
	_, share := p.keyedCost(n.right, k, keys)
	p.shrink(n.right, k.scan, share)
	k.hand(4 * keys)
	k.scan.keys.Cost = keys * k.cost
	return k
}

// mayHandKeys is handKeys for more keys than pay, if estimates are right, once the joins below have had theirs.
func (p *planner) mayHandKeys(n *lJoin) *keyedScan {
	k, keys := p.handed(n)
	if k == nil || k.scan.node == nil || k.scan.node.Text != nil || n.kind == InnerJoin || keys > keyedTry*k.max {
		return nil // the sides of an inner join are as estimates say
	}
	k.hand(0)
	k.scan.node.Keys = k.scan.keys
	return k
}

func (p *planner) handed(n *lJoin) (k *keyedScan, keys float64) {
	if n.kind == FullJoin || n.nullAware || p.Plain {
		return nil, 0
	}
	if k = p.keyed(n.on, n.right); k != nil {
		keys = p.keyCount(k, p.estimate(n.left))
	}
	return k, keys
}

func (k *keyedScan) hand(keys float64) {
	k.scan.keys = &KeySet{Table: k.scan.table, Index: k.index, Max: int(min(max(k.max, keys), math.MaxInt32))}
}

// shrink notes that a scan below n yields but a share of its rows, and reports whether there it is.
func (p *planner) shrink(n logical, scan *lScan, share float64) bool {
	found := n == logical(scan)
	for _, c := range inputs(n) {
		found = found || p.shrink(c, scan, share)
	}
	if found {
		p.sized(n, max(p.estimate(n)*share, 1))
	}
	return found
}

// inputs are the inputs of the nodes that origin goes through.
func inputs(n logical) []logical {
	switch n := n.(type) {
	case *lFilter:
		return []logical{n.input}
	case *lProject:
		return []logical{n.input}
	case *lAggregate:
		return []logical{n.input}
	case *lDistinct:
		return []logical{n.input}
	case *lJoin:
		return []logical{n.left, n.right}
	}
	return nil
}
