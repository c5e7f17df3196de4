package plan

import (
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// simplify returns conditions that are TRUE for the same rows as those given, and that more can be done with: what all
// branches of an OR demand stands for itself, and an OR of equalities of one column is an IN.
func simplify(preds []expr.Expr) []expr.Expr {
	var out []expr.Expr
	for _, pr := range preds {
		if _, or := expr.AsCall(pr, "OR"); !or {
			out = append(out, pr)
			continue
		}
		common, rest := factor(disjuncts(pr))
		out = append(out, common...)
		if rest == nil {
			continue
		}
		if in := asIn(rest); in != nil {
			out = append(out, in)
			continue
		}
		if e := join("OR", rest); e != nil {
			out = append(out, e)
		} else {
			return preds
		}
	}
	return out
}

// disjuncts splits a condition at its ORs.
func disjuncts(e expr.Expr) []expr.Expr {
	args, ok := expr.AsCall(e, "OR")
	if !ok {
		return []expr.Expr{e}
	}
	var out []expr.Expr
	for _, a := range args {
		out = append(out, disjuncts(a)...)
	}
	return out
}

// factor takes the conditions that stand in every branch out of them. No branch is left when one of them has no other.
func factor(branches []expr.Expr) (common, rest []expr.Expr) {
	parts := make([][]expr.Expr, len(branches))
	for i, b := range branches {
		parts[i] = conjuncts(b)
	}
	for _, c := range parts[0] {
		everywhere := true
		for _, other := range parts[1:] {
			everywhere = everywhere && has(other, c)
		}
		if everywhere && !has(common, c) {
			common = append(common, c)
		}
	}
	if len(common) == 0 {
		return nil, branches
	}
	for _, list := range parts {
		var own []expr.Expr
		for _, c := range list {
			if !has(common, c) {
				own = append(own, c)
			}
		}
		if len(own) == 0 {
			return common, nil
		}
		rest = append(rest, join("AND", own))
	}
	return common, rest
}

func has(list []expr.Expr, e expr.Expr) bool {
	for _, x := range list {
		if expr.Equal(x, e) {
			return true
		}
	}
	return false
}

// join combines conditions; nil if it cannot.
func join(op string, list []expr.Expr) expr.Expr {
	out := list[0]
	for _, e := range list[1:] {
		if out == nil || e == nil {
			return nil
		}
		x, err := expr.Call(op, out, e)
		if err != nil {
			return nil
		}
		out = x
	}
	return out
}

// asIn turns column = constant OR column = constant … into one IN, when the constants are of the column's own kind, so that
// each is compared in the same way.
func asIn(branches []expr.Expr) expr.Expr {
	if len(branches) < 2 {
		return nil
	}
	var col expr.Expr
	var list []expr.Expr
	for _, b := range branches {
		args, ok := expr.AsCall(b, "=")
		if !ok {
			return nil
		}
		c, v := args[0], args[1]
		if _, ok := expr.AsColumn(c); !ok {
			c, v = v, c
		}
		if _, ok := expr.AsColumn(c); !ok || !constant(v) || !sameValues(c.Type(), v.Type()) || col != nil && !expr.Equal(col, c) {
			return nil
		}
		col, list = c, append(list, v)
	}
	in, err := expr.In(col, list)
	if err != nil {
		return nil
	}
	return in
}

// implied returns what a condition demands of the columns in ids alone: for an OR, the OR of what each branch demands; nil when
// it demands nothing.
func implied(pr expr.Expr, ids idSet) expr.Expr {
	if _, or := expr.AsCall(pr, "OR"); !or {
		return nil
	}
	var out []expr.Expr
	for _, b := range disjuncts(pr) {
		var own []expr.Expr
		for _, c := range conjuncts(b) {
			if within(c, ids) && readsColumn(c) && movable(c) {
				own = append(own, c)
			}
		}
		if len(own) == 0 {
			return nil
		}
		out = append(out, join("AND", own))
	}
	list := simplify([]expr.Expr{join("OR", out)})
	return join("AND", list)
}

// transitive adds what equalities of columns say of constants: from a = b and a = 3 follows b = 3.
func transitive(preds []expr.Expr) []expr.Expr {
	type pair struct{ a, b expr.Expr }
	var same []pair
	for _, pr := range preds {
		args, ok := expr.AsCall(pr, "=")
		if !ok {
			continue
		}
		_, x := expr.AsColumn(args[0])
		_, y := expr.AsColumn(args[1])
		if x && y && sameType(args[0], args[1]) {
			same = append(same, pair{args[0], args[1]}, pair{args[1], args[0]})
		}
	}
	if len(same) == 0 {
		return preds
	}
	for i := 0; i < len(preds) && len(preds) < 200; i++ {
		id, ok := restricted(preds[i])
		if !ok {
			continue
		}
		for _, s := range same {
			if !isColumn(s.a, id) {
				continue
			}
			next := rewrite(preds[i], func(e expr.Expr) expr.Expr {
				if isColumn(e, id) {
					return s.b
				}
				return nil
			})
			if !has(preds, next) {
				preds = append(preds[:len(preds):len(preds)], next)
			}
		}
	}
	return preds
}

// sameType reports whether the values of two columns that are equal are the same value of the same type.
func sameType(a, b expr.Expr) bool {
	x, y := a.Type(), b.Type()
	return x.Class() == y.Class() && x.Scale == y.Scale && x.ID == y.ID && exactType(x) && exactType(y)
}

// restricted returns the only column of a condition that compares it with constants.
func restricted(pr expr.Expr) (id colID, ok bool) {
	for _, op := range []string{"=", "<", "<=", ">", ">=", "BETWEEN", "IN"} {
		args, is := expr.AsCall(pr, op)
		if !is {
			continue
		}
		for i, a := range args {
			if c, col := expr.AsColumn(a); col && (i == 0 || len(args) == 2) && allConstant(args[:i]) && allConstant(args[i+1:]) {
				return c, true
			}
		}
	}
	return 0, false
}
