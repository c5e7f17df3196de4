package plan

import (
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// idSet is a set of logical columns.
type idSet map[colID]bool

func newIDSet(ids ...colID) idSet {
	s := make(idSet, len(ids))
	for _, id := range ids {
		s[id] = true
	}
	return s
}

func (s idSet) addExpr(e expr.Expr) {
	if e == nil {
		return
	}
	if id, ok := expr.AsColumn(e); ok {
		s[id] = true
		return
	}
	for _, c := range e.Children() {
		s.addExpr(c)
	}
}

// any reports whether one of ids is in s.
func (s idSet) any(ids []colID) bool {
	for _, id := range ids {
		if s[id] {
			return true
		}
	}
	return false
}

func (s idSet) clone() idSet {
	out := make(idSet, len(s))
	for id := range s {
		out[id] = true
	}
	return out
}

// within reports whether every column e reads is in s.
func within(e expr.Expr, s idSet) bool {
	if id, ok := expr.AsColumn(e); ok {
		return s[id]
	}
	for _, c := range e.Children() {
		if !within(c, s) {
			return false
		}
	}
	return true
}

// conjuncts splits a condition at its ANDs.
func conjuncts(e expr.Expr) []expr.Expr {
	if args, ok := expr.AsCall(e, "AND"); ok {
		var out []expr.Expr
		for _, a := range args {
			out = append(out, conjuncts(a)...)
		}
		return out
	}
	return []expr.Expr{e}
}

// pushdown moves conditions towards the scans. preds are conditions over n's columns that n's parent wants to hold.
func pushdown(n logical, preds []expr.Expr) logical {
	switch n := n.(type) {
	case *lFilter:
		return pushdown(n.input, append(append([]expr.Expr(nil), n.preds...), preds...))
	case *lScan:
		n.filters = simplify(append(n.filters, preds...))
		return n
	case *lVirtual:
		n.filters = append(n.filters, preds...)
		return n
	case *lJoin:
		return pushJoin(n, preds)
	case *lApply:
		return pushApply(n, preds)
	case *lTableFunc:
		n.filters = append(n.filters, preds...)
		return n
	case *lProject:
		return pushProject(n, preds)
	case *lSort:
		if n.limit == nil {
			n.input = pushdown(n.input, preds)
			return n
		}
	case *lDistinct:
		down, stay := divide(preds, func(pr expr.Expr) bool { return !volatile(pr) && exact(pr) })
		n.input = pushdown(n.input, down)
		return filtered(n, stay)
	case *lAggregate:
		return pushAggregate(n, preds)
	case *lWindow:
		return pushWindow(n, preds)
	case *lSetOp:
		return pushSetOp(n, preds)
	}
	pushInputs(n)
	return filtered(n, preds)
}

// pushInputs pushes nothing through n, and starts afresh below it.
func pushInputs(n logical) {
	switch n := n.(type) {
	case *lSort:
		n.input = pushdown(n.input, nil)
	case *lLimit:
		n.input = pushdown(n.input, nil)
	case *lExpand:
		n.input = pushdown(n.input, nil)
	case *lRecursive:
		n.seed = pushdown(n.seed, nil)
		for i := range n.parts {
			n.parts[i] = pushdown(n.parts[i], nil)
		}
	}
}

func filtered(n logical, preds []expr.Expr) logical {
	if len(preds) == 0 {
		return n
	}
	return &lFilter{input: n, preds: preds}
}

// pushProject moves conditions below a projection by putting the computed expressions in their place, unless those may
// not be evaluated twice or at another time (RAND(), UUID(), subqueries).
func pushProject(n *lProject, preds []expr.Expr) logical {
	var down, stay []expr.Expr
	for _, pr := range preds {
		if e, ok := substitute(pr, n); ok {
			down = append(down, e)
		} else {
			stay = append(stay, pr)
		}
	}
	n.input = pushdown(n.input, down)
	return filtered(n, stay)
}

func substitute(e expr.Expr, n *lProject) (expr.Expr, bool) {
	if id, ok := expr.AsColumn(e); ok {
		for i := range n.ids {
			if n.ids[i] == id {
				return n.exprs[i], movable(n.exprs[i])
			}
		}
		return e, true
	}
	children := e.Children()
	if len(children) == 0 {
		return e, true
	}
	out := make([]expr.Expr, len(children))
	for i, c := range children {
		x, ok := substitute(c, n)
		if !ok {
			return nil, false
		}
		out[i] = x
	}
	return e.WithChildren(out), true
}

// movable reports whether e may be evaluated again elsewhere with the same result.
func movable(e expr.Expr) bool {
	if _, ok := e.(*Subquery); ok || expr.Volatile(e) {
		return false
	}
	for _, c := range e.Children() {
		if !movable(c) {
			return false
		}
	}
	return true
}

// volatile reports whether e may have another value each time it is evaluated.
func volatile(e expr.Expr) bool {
	if expr.Volatile(e) {
		return true
	}
	for _, c := range e.Children() {
		if volatile(c) {
			return true
		}
	}
	return false
}

// exact reports whether e has the same value for all rows whose columns compare as equal: not so for the columns of a
// collation that holds different texts for equal, of which a group shows only one.
func exact(e expr.Expr) bool {
	if _, ok := expr.AsColumn(e); ok {
		return exactType(e.Type())
	}
	for _, c := range e.Children() {
		if !exact(c) {
			return false
		}
	}
	return true
}

func divide(preds []expr.Expr, first func(expr.Expr) bool) (yes, no []expr.Expr) {
	for _, pr := range preds {
		if first(pr) {
			yes = append(yes, pr)
		} else {
			no = append(no, pr)
		}
	}
	return yes, no
}

// pushAggregate moves conditions on group keys below the aggregation.
func pushAggregate(n *lAggregate, preds []expr.Expr) logical {
	keys := newIDSet(n.kids...)
	proj := &lProject{ids: n.kids, exprs: n.keys}
	var down, stay []expr.Expr
	for _, pr := range preds {
		if len(n.keys) > 0 && within(pr, keys) && movable(pr) && exact(pr) {
			if e, ok := substitute(pr, proj); ok {
				down = append(down, e)
				continue
			}
		}
		stay = append(stay, pr)
	}
	n.input = pushdown(n.input, down)
	return filtered(n, stay)
}

func pushSetOp(n *lSetOp, preds []expr.Expr) logical {
	for i, in := range n.inputs {
		var down []expr.Expr
		if n.op == "UNION" {
			for _, pr := range preds {
				down = append(down, renumber(pr, n.ids, n.in[i]))
			}
		}
		n.inputs[i] = pushdown(in, down)
	}
	if n.op == "UNION" {
		return n
	}
	return filtered(n, preds)
}

// renumber replaces columns from[i] by to[i].
func renumber(e expr.Expr, from, to []colID) expr.Expr {
	if id, ok := expr.AsColumn(e); ok {
		for i := range from {
			if from[i] == id {
				return expr.Renumber(e, to[i])
			}
		}
		return e
	}
	children := e.Children()
	if len(children) == 0 {
		return e
	}
	out := make([]expr.Expr, len(children))
	for i, c := range children {
		out[i] = renumber(c, from, to)
	}
	return e.WithChildren(out)
}

// pushJoin distributes conditions over a join: to the side they read, into ON, or above. Below the side that an outer
// join fills with NULLs only ON conditions may move; below the preserved side only WHERE conditions.
func pushJoin(n *lJoin, preds []expr.Expr) logical {
	if n.kind == InnerJoin { // one list of conditions
		preds, n.on = transitive(simplify(append(append([]expr.Expr(nil), n.on...), preds...))), nil
	} else {
		preds = simplify(preds)
	}
	l, r := newIDSet(n.left.cols()...), newIDSet(n.right.cols()...)
	if n.kind == LeftJoin && rejectsNull(preds, r) {
		n.kind = InnerJoin
	}
	var left, right, on, above []expr.Expr
	for _, pr := range preds {
		switch {
		case n.kind == FullJoin || volatile(pr):
			above = append(above, pr)
		case within(pr, l):
			left = append(left, pr)
		case n.kind == InnerJoin && within(pr, r):
			right = append(right, pr)
		case n.kind == InnerJoin:
			on = append(on, pr)
			if e := implied(pr, l); e != nil {
				left = append(left, e)
			}
			if e := implied(pr, r); e != nil {
				right = append(right, e)
			}
		default:
			above = append(above, pr)
		}
	}
	for _, c := range n.on {
		switch {
		case n.kind == FullJoin || n.nullAware || volatile(c):
			on = append(on, c)
		case within(c, r):
			right = append(right, c)
		case within(c, l) && (n.kind == InnerJoin || n.kind == SemiJoin):
			left = append(left, c)
		default:
			on = append(on, c)
		}
	}
	n.on = on
	n.left, n.right = pushdown(n.left, left), pushdown(n.right, right)
	return filtered(n, above)
}

// rejectsNull reports whether one of the conditions is never TRUE when all columns of ids are NULL: then the outer join
// below is an inner join.
func rejectsNull(preds []expr.Expr, ids idSet) bool {
	for _, pr := range preds {
		for _, op := range []string{"=", "<", "<=", ">", ">=", "<>", "LIKE", "BETWEEN"} {
			if args, ok := expr.AsCall(pr, op); ok && anyColumn(args, ids) {
				return true
			}
		}
		if args, ok := expr.AsCall(pr, "NOT"); ok {
			if inner, ok := expr.AsCall(args[0], "IS NULL"); ok && anyColumn(inner, ids) {
				return true
			}
		}
	}
	return false
}

func anyColumn(args []expr.Expr, ids idSet) bool {
	for _, a := range args {
		if id, ok := expr.AsColumn(a); ok && ids[id] {
			return true
		}
	}
	return false
}
