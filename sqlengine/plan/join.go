package plan

import (
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// lookupFactor is how many times cheaper reading a row in a scan is than looking it up by key.
const lookupFactor = 8

// physJoin chooses between a lookup by primary key, a hash join and nested loops.
func (p *planner) physJoin(n *lJoin, want idSet) (Node, layout, error) {
	need := want.clone()
	for _, c := range n.on {
		need.addExpr(c)
	}
	left, ll, err := p.physical(n.left, need)
	if err != nil {
		return nil, nil, err
	}
	right, rl, err := p.physical(n.right, need)
	if err != nil {
		return nil, nil, err
	}
	if n.kind == InnerJoin && !p.Plain && Rows(left) < Rows(right) && !p.canLookup(n, ll, right, rl) {
		left, right, ll, rl = right, left, rl, ll // build the hash table on the smaller side
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
	if keys := lookupKeys(right, lk, rk); keys != nil && !p.Plain && (n.kind == InnerJoin || n.kind == LeftJoin) && Rows(left)*lookupFactor < tableRows(p, right) {
		on, err := both.placeAnd(n.on)
		return &Lookup{Kind: n.kind, Left: left, Right: right.(*Scan), Keys: keys, On: on, Out: out}, both, err
	}
	if n.kind == SemiJoin || n.kind == AntiJoin {
		both, out = ll, left.Schema()
	}
	return &Join{Kind: n.kind, Left: left, Right: right, LeftKeys: lk, RightKeys: rk, NullSafe: safe, NullAware: n.nullAware, On: on, Out: out}, both, nil
}

// canLookup reports whether the join as written can look the right side up by key cheaply.
func (p *planner) canLookup(n *lJoin, ll layout, right Node, rl layout) bool {
	lk, rk, _, _, err := equiKeys(n.on, ll, rl)
	return err == nil && lookupKeys(right, lk, rk) != nil
}

func tableRows(p *planner, n Node) float64 {
	if s, ok := n.(*Scan); ok {
		return max(p.rows(s.Table.ID), 0)
	}
	return 0
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
	if !ok || scan.Access.Points != nil || scan.Access.Index != nil {
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
		return max(Rows(n.Input)/3, 1)
	case *Join:
		l, r := Rows(n.Left), Rows(n.Right)
		switch {
		case n.Kind == SemiJoin || n.Kind == AntiJoin:
			return max(l/2, 1)
		case len(n.LeftKeys) == 0:
			return l * r
		}
		return max(l, r)
	case *Lookup:
		return Rows(n.Left)
	case *Aggregate:
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
