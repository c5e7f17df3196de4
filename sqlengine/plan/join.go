package plan

import (
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// physJoin chooses between a lookup by primary key, a hash join and nested loops, the side that is held in memory, and whether
// it is read by the keys of the other one.
func (p *planner) physJoin(n *lJoin, want idSet) (Node, layout, error) {
	need := want.clone()
	for _, c := range n.on {
		need.addExpr(c)
	}
	n = p.oriented(n)
	lookup := !p.Plain && (n.kind == InnerJoin || n.kind == LeftJoin) && p.lookupPays(n.on, p.estimate(n.left), n.right)
	var hand *keyedScan
	if !lookup {
		hand = p.handKeys(n)
	}
	left, ll, err := p.physical(n.left, need)
	if err != nil {
		return nil, nil, err
	}
	right, rl, err := p.physical(n.right, need)
	if err != nil {
		return nil, nil, err
	}
	if !lookup && hand == nil {
		hand = p.mayHandKeys(n)
	}
	both := append(append(layout(nil), ll...), rl...)
	lk, rk, safe, rest, err := equiKeys(n.on, ll, rl)
	if err != nil {
		return nil, nil, err
	}
	on, err := both.placeAnd(rest)
	if err != nil {
		return nil, nil, err
	}
	out := joinSchema(n.kind, left, right)
	if n.kind == SemiJoin || n.kind == AntiJoin {
		out = left.Schema()
	}
	if lookup {
		if keys := lookupKeys(right, lk, rk); keys != nil {
			on, err := both.placeAnd(n.on)
			return &Lookup{Kind: n.kind, Left: left, Right: right.(*Scan), Keys: keys, On: on, Out: out, Est: p.estimate(n)}, both, err
		}
	}
	node := &Join{Kind: n.kind, Left: left, Right: right, LeftKeys: lk, RightKeys: rk, NullSafe: safe, NullAware: n.nullAware,
		On: on, Out: out, Est: p.estimate(n)}
	if hand != nil {
		node.Keys = hand.scan.keys
		if node.Keys.Keys, err = ll.placeAll(hand.keys); err != nil {
			return nil, nil, err
		}
	}
	if n.kind == SemiJoin || n.kind == AntiJoin {
		return node, ll, nil
	}
	return node, both, nil
}

// oriented returns an inner join with its sides so that the right one is looked up, or read by the keys of the left one, or
// else held in memory.
func (p *planner) oriented(n *lJoin) *lJoin {
	if n.kind != InnerJoin || n.straight || p.Plain {
		return n
	}
	l, r := p.estimate(n.left), p.estimate(n.right)
	swap := l < r // the hash table is built on the smaller side
	switch {
	case p.lookupPays(n.on, l, n.right):
		swap = false
	case p.lookupPays(n.on, r, n.left):
		swap = true
	default:
		hash := p.cost(n.left) + p.cost(n.right) + max(l, r)*costProbe + min(l, r)*costBuild
		right, left := p.keyedJoin(n.on, n.left, n.right), p.keyedJoin(n.on, n.right, n.left)
		if min(left, right) < hash {
			swap = left < right
		}
	}
	if !swap {
		return n
	}
	out := &lJoin{kind: n.kind, left: n.right, right: n.left, on: n.on}
	p.sized(out, p.estimate(n))
	return out
}

// lookupPays reports whether looking the rows of n up by key for each of rows is cheaper than reading and hashing n.
func (p *planner) lookupPays(on []expr.Expr, rows float64, n logical) bool {
	scan, ok := n.(*lScan)
	return ok && p.lookedUp(n, on) && rows*costLookup < p.scanRows(scan)+p.estimate(n)*costBuild
}

func joinSchema(kind JoinKind, left, right Node) []Column {
	l := append([]Column(nil), left.Schema()...)
	r := append([]Column(nil), right.Schema()...)
	if kind == LeftJoin || kind == FullJoin {
		for i := range r {
			r[i].Nullable = true
		}
	}
	if kind == FullJoin {
		for i := range l {
			l[i].Nullable = true
		}
	}
	return append(l, r...)
}

// equiKeys splits ON into equalities between one side and the other, placed over each side, and the rest.
func equiKeys(on []expr.Expr, ll, rl layout) (lk, rk []expr.Expr, safe []bool, rest []expr.Expr, err error) {
	l, r := newIDSet(ll...), newIDSet(rl...)
	for _, c := range on {
		nullSafe := false
		args, ok := expr.AsCall(c, "=")
		if !ok {
			args, ok = expr.AsCall(c, "<=>")
			nullSafe = true
		}
		if !ok || !readsColumn(args[0]) || !readsColumn(args[1]) {
			rest = append(rest, c)
			continue
		}
		a, b := args[0], args[1]
		if within(a, r) && within(b, l) {
			a, b = b, a
		}
		if !within(a, l) || !within(b, r) {
			rest = append(rest, c)
			continue
		}
		a, b, ok, err = expr.HashKeys(a, b)
		if err != nil {
			return nil, nil, nil, nil, err
		}
		if !ok {
			rest = append(rest, c)
			continue
		}
		if a, err = ll.place(a); err == nil {
			b, err = rl.place(b)
		}
		if err != nil {
			return nil, nil, nil, nil, err
		}
		lk, rk, safe = append(lk, a), append(rk, b), append(safe, nullSafe)
	}
	return lk, rk, safe, rest, nil
}

func readsColumn(e expr.Expr) bool {
	s := idSet{}
	s.addExpr(e)
	return len(s) > 0
}

// lookupKeys orders the left keys as the right table's primary key; nil when they do not cover it exactly.
func lookupKeys(right Node, lk, rk []expr.Expr) []expr.Expr {
	scan, ok := right.(*Scan)
	if !ok || scan.Access.Points != nil || scan.Access.Index != nil || scan.Text != nil {
		return nil
	}
	keys := make([]expr.Expr, len(scan.Table.Primary))
	for i, part := range scan.Table.Primary {
		for j, k := range rk {
			c, ok := expr.AsColumn(k)
			if !ok || scan.Table.Columns[scan.Cols[c]].ID != part.Column || part.Prefix > 0 {
				continue
			}
			if lk[j].Type().Class() == k.Type().Class() {
				keys[i] = lk[j]
			}
		}
		if keys[i] == nil {
			return nil
		}
	}
	return keys
}

// Rows estimates how many rows a node yields.
func Rows(n Node) float64 {
	switch n := n.(type) {
	case *Scan:
		return n.Est
	case *Virtual:
		return 100
	case *Values:
		return float64(len(n.Rows))
	case *Filter:
		if n.Est > 0 {
			return n.Est
		}
		return max(Rows(n.Input)/3, 1)
	case *Join:
		if n.Est > 0 {
			return n.Est
		}
		l, r := Rows(n.Left), Rows(n.Right)
		switch {
		case n.Kind == SemiJoin || n.Kind == AntiJoin:
			return max(l/2, 1)
		case len(n.LeftKeys) == 0:
			return l * r
		}
		return max(l, r)
	case *Lookup:
		if n.Est > 0 {
			return n.Est
		}
		return Rows(n.Left)
	case *Aggregate:
		if n.Est > 0 {
			return n.Est
		}
		if len(n.Keys) == 0 {
			return 1
		}
		return max(Rows(n.Input)/10, 1)
	case *Limit:
		if v, ok := expr.ConstInt(n.Count); ok {
			return min(Rows(n.Input), float64(v))
		}
		return Rows(n.Input)
	case *Union:
		total := 0.0
		for _, in := range n.Inputs {
			total += Rows(in)
		}
		return total
	}
	if c := n.Children(); len(c) > 0 {
		return Rows(c[0])
	}
	return 1
}
