package plan

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// decorrelate turns subqueries into joins where the result is the same: EXISTS, IN and quantified comparisons that stand as
// conditions into semi and anti joins, scalar subqueries that yield one row whatever happens into left joins. What it
// leaves runs for each row, or once.
//
// Source: Galindo-Legaria and Joshi, "Orthogonal Optimization of Subqueries and Aggregation", SIGMOD 2001.
func (p *planner) decorrelate(n logical) logical {
	switch n := n.(type) {
	case *lFilter:
		n.input = p.decorrelate(n.input)
		return p.unnestFilter(n)
	case *lProject:
		n.input = p.decorrelate(n.input)
		for i, e := range n.exprs {
			p.unnestScalars(&n.input, &e)
			n.exprs[i] = e
		}
	case *lJoin:
		n.left, n.right = p.decorrelate(n.left), p.decorrelate(n.right)
		if n.kind == InnerJoin {
			if sub, plain := divide(n.on, hasSubquery); len(sub) > 0 {
				n.on = plain
				return p.unnestFilter(&lFilter{input: n, preds: sub})
			}
		}
	case *lAggregate:
		n.input = p.decorrelate(n.input)
	case *lDistinct:
		n.input = p.decorrelate(n.input)
	case *lSort:
		n.input = p.decorrelate(n.input)
	case *lLimit:
		n.input = p.decorrelate(n.input)
	case *lApply:
		n.left, n.right = p.decorrelate(n.left), p.decorrelate(n.right)
	case *lRecursive:
		n.seed = p.decorrelate(n.seed)
		for i := range n.parts {
			n.parts[i] = p.decorrelate(n.parts[i])
		}
	case *lSetOp:
		for i := range n.inputs {
			n.inputs[i] = p.decorrelate(n.inputs[i])
		}
	}
	return n
}

func hasSubquery(e expr.Expr) bool {
	if _, ok := e.(*Subquery); ok {
		return true
	}
	for _, c := range e.Children() {
		if hasSubquery(c) {
			return true
		}
	}
	return false
}

func (p *planner) unnestFilter(n *lFilter) logical {
	var stay []expr.Expr
	for _, pr := range n.preds {
		if !hasSubquery(pr) {
			stay = append(stay, pr)
			continue
		}
		if in := p.unnestCondition(n.input, pr); in != nil {
			n.input = in
			continue
		}
		p.unnestScalars(&n.input, &pr)
		stay = append(stay, pr)
	}
	if len(stay) == 0 {
		return n.input
	}
	n.preds = stay
	return n
}

// unnestCondition returns the semi or anti join that a condition on in is; nil when there is none.
func (p *planner) unnestCondition(in logical, pr expr.Expr) logical {
	not := false
	for {
		args, ok := expr.AsCall(pr, "NOT")
		if !ok {
			break
		}
		pr, not = args[0], !not
	}
	s, ok := pr.(*Subquery)
	if !ok || len(s.X) > 0 && anySubquery(s.X) {
		return nil
	}
	switch s.Kind {
	case ExistsSubquery:
		return p.unnestExists(in, s, not)
	case QuantifiedSubquery:
		op, all := s.Op, s.All
		if not {
			op, all = negated[op], !all
		}
		if op == "" || op == "<=>" {
			return nil
		}
		return p.unnestQuantified(in, s, op, all)
	}
	return nil
}

func anySubquery(list []expr.Expr) bool {
	for _, e := range list {
		if hasSubquery(e) {
			return true
		}
	}
	return false
}

var negated = map[string]string{"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}

// inside copies the tree of a subquery with the outer columns in the place of their parameters; nil when it cannot be.
func (p *planner) inside(s *Subquery) (tree logical, ids []colID, outer idSet) {
	if s.SubqueryBody.tree == nil || s.Free {
		return nil, nil, nil
	}
	c := &copier{p: p, ids: map[colID]colID{}, params: map[int]expr.Expr{}}
	outer = idSet{}
	for i, slot := range s.Slots {
		if volatile(s.Args[i]) || hasSubquery(s.Args[i]) {
			return nil, nil, nil
		}
		c.params[slot] = s.Args[i]
		outer.addExpr(s.Args[i])
	}
	if tree = c.node(s.SubqueryBody.tree); tree == nil || c.failed {
		return nil, nil, nil
	}
	return tree, c.columns(s.out.ids), outer
}

func (p *planner) unnestExists(in logical, s *Subquery, not bool) logical {
	if s.Once {
		return nil // runs once, and stops at the first row
	}
	tree, _, outer := p.inside(s)
	if tree = existence(tree); tree == nil {
		return nil
	}
	u := unnester{p: p, outer: outer}
	tree, on, ok := u.pull(tree)
	if !ok || len(on) == 0 {
		return nil
	}
	kind := SemiJoin
	if not {
		kind = AntiJoin
	}
	return &lJoin{kind: kind, left: in, right: p.decorrelate(tree), on: on}
}

// existence drops what makes no difference to whether there is a row; nil if there always is one, or that is unclear.
func existence(n logical) logical {
	for {
		switch x := n.(type) {
		case *lProject:
			for _, e := range x.exprs {
				if !movable(e) {
					return nil
				}
			}
			n = x.input
		case *lDistinct:
			n = x.input
		case *lSort:
			n = x.input
		case *lLimit:
			if count, ok := expr.ConstInt(x.count); !ok || count < 1 || x.offset != nil {
				return nil
			}
			n = x.input
		case *lAggregate:
			if len(x.keys) == 0 {
				return nil
			}
			return x
		default:
			return n
		}
	}
}

// unnestQuantified makes x op ANY (rows) a semi join and x op ALL (rows) an anti join with the rows that speak against it.
func (p *planner) unnestQuantified(in logical, s *Subquery, op string, all bool) logical {
	tree, ids, outer := p.inside(s)
	if tree == nil {
		return nil
	}
	equality := op == "=" && !all || op == "<>" && all
	if s.Once && !equality || len(s.X) > 1 && !equality {
		return nil
	}
	u := unnester{p: p, outer: outer}
	tree, on, ok := u.pull(tree)
	if !ok {
		return nil
	}
	conds, known, err := comparisons(s, ids, op, all)
	if err != nil {
		return nil
	}
	if len(on) == 0 && !hashable(conds) {
		return nil
	}
	j := &lJoin{kind: SemiJoin, left: in, right: p.decorrelate(tree)}
	switch {
	case !all:
	case equality && known: // NOT NULL on both sides
		j.kind = AntiJoin
	case equality && len(on) == 0:
		j.kind, j.nullAware = AntiJoin, true
	default:
		j.kind = AntiJoin
		against, err := conjunction(conds)
		if err == nil {
			if against, err = expr.Call("IS FALSE", against); err == nil {
				against, err = expr.Call("NOT", against)
			}
		}
		if err != nil {
			return nil
		}
		conds = []expr.Expr{against}
	}
	j.on = append(conds, on...)
	return j
}

// comparisons returns, of ANY, the conditions that a row meets which makes it TRUE; of ALL, those of a row against it, unless
// they are FALSE. known says that they cannot be NULL.
func comparisons(s *Subquery, ids []colID, op string, all bool) (conds []expr.Expr, known bool, err error) {
	if all {
		op = negated[op]
	}
	known = true
	for i, x := range s.X {
		c := s.out.cols[i]
		cond, err := expr.Call(op, x, expr.Column(ids[i], c.Type, c.Name, c.Nullable))
		if err != nil {
			return nil, false, err
		}
		conds, known = append(conds, cond), known && !x.Nullable() && !c.Nullable
	}
	return conds, known, nil
}

// hashable reports whether all conditions are equalities of two sides that read columns and can be hashed.
func hashable(conds []expr.Expr) bool {
	for _, c := range conds {
		args, ok := expr.AsCall(c, "=")
		if !ok || !readsColumn(args[0]) || !readsColumn(args[1]) || volatile(c) {
			return false
		}
		if _, _, ok, err := expr.HashKeys(args[0], args[1]); err != nil || !ok {
			return false
		}
	}
	return true
}

// unnestScalars replaces the scalar subqueries of an expression over in by columns of left joins.
func (p *planner) unnestScalars(in *logical, e *expr.Expr) {
	if !hasSubquery(*e) {
		return
	}
	*e = rewrite(*e, func(x expr.Expr) expr.Expr {
		s, ok := x.(*Subquery)
		if !ok {
			return nil
		}
		if s.Kind == ScalarSubquery && !s.Once {
			if n, v := p.unnestScalar(*in, s); n != nil {
				*in = n
				return v
			}
		}
		return s
	})
}

func (p *planner) unnestScalar(in logical, s *Subquery) (logical, expr.Expr) {
	tree, ids, outer := p.inside(s)
	if tree == nil {
		return nil, nil
	}
	c := s.out.cols[s.Column]
	value := expr.Column(ids[s.Column], c.Type, c.Name, true)
	for { // projections are computed above the join
		pr, ok := tree.(*lProject)
		if !ok {
			break
		}
		for i, id := range pr.ids {
			if !movable(pr.exprs[i]) {
				return nil, nil
			}
			value = rewrite(value, func(e expr.Expr) expr.Expr {
				if at, ok := expr.AsColumn(e); ok && at == id {
					return pr.exprs[i]
				}
				return nil
			})
		}
		tree = pr.input
	}
	u := unnester{p: p, outer: outer}
	if a, ok := tree.(*lAggregate); ok && len(a.keys) == 0 {
		return u.scalarAggregate(in, a, value, s.Result)
	}
	return u.scalarRow(in, tree, value, s.Result)
}

// emptyValue is what an aggregate that is never NULL yields for no rows; ok is false when that is not known.
func emptyValue(a expr.Agg) (v base.Value, ok bool) {
	switch a.Name() {
	case "COUNT", "BIT_OR", "BIT_XOR":
		return base.NewInt(0), true
	case "BIT_AND":
		return base.NewUint(^uint64(0)), true
	}
	return v, false
}
