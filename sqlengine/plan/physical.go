package plan

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// layout says which logical column each position of a node's rows holds.
type layout []colID

func (l layout) pos(id colID) int {
	for i, x := range l {
		if x == id {
			return i
		}
	}
	return -1
}

func sameLayout(l layout, ids []colID) bool {
	if len(l) != len(ids) {
		return false
	}
	for i := range l {
		if l[i] != ids[i] {
			return false
		}
	}
	return true
}

// place turns the column numbers of e into positions in l.
func (l layout) place(e expr.Expr) (expr.Expr, error) {
	if e == nil {
		return nil, nil
	}
	if id, ok := expr.AsColumn(e); ok {
		i := l.pos(id)
		if i < 0 {
			return nil, base.Errorf(errno.Unknown, "column %s is not available where it is used", e)
		}
		return expr.Renumber(e, i), nil
	}
	children := e.Children()
	if len(children) == 0 {
		return e, nil
	}
	out, err := l.placeAll(children)
	if err != nil {
		return nil, err
	}
	return e.WithChildren(out), nil
}

func (l layout) placeAll(list []expr.Expr) ([]expr.Expr, error) {
	if list == nil {
		return nil, nil
	}
	out := make([]expr.Expr, len(list))
	for i, e := range list {
		x, err := l.place(e)
		if err != nil {
			return nil, err
		}
		out[i] = x
	}
	return out, nil
}

func conjunction(preds []expr.Expr) (expr.Expr, error) {
	var out expr.Expr
	for _, pr := range preds {
		if out == nil {
			out = pr
			continue
		}
		e, err := expr.Call("AND", out, pr)
		if err != nil {
			return nil, err
		}
		out = e
	}
	return out, nil
}

func (l layout) placeAnd(preds []expr.Expr) (expr.Expr, error) {
	e, err := conjunction(preds)
	if err != nil {
		return nil, err
	}
	return l.place(e)
}

// physical makes the physical plan of n. want are the columns the parent reads; the node may yield more.
func (p *planner) physical(n logical, want idSet) (Node, layout, error) {
	switch n := n.(type) {
	case *lScan:
		return p.physScan(n, want)
	case *lVirtual:
		return p.physVirtual(n)
	case *lValues:
		return p.physValues(n)
	case *lFilter:
		return p.physFilter(n, want)
	case *lProject:
		return p.physProject(n, want)
	case *lJoin:
		return p.physJoin(n, want)
	case *lAggregate:
		return p.physAggregate(n)
	case *lWindow:
		return p.physWindow(n, want)
	case *lDistinct:
		return p.physDistinct(n)
	case *lSort:
		return p.physSort(n, want)
	case *lLimit:
		return p.physLimit(n, want)
	case *lSetOp:
		return p.physSetOp(n)
	case *lExpand:
		return p.physExpand(n, want)
	case *lApply:
		return p.physApply(n, want)
	case *lTableFunc:
		return p.physTableFunc(n)
	case *lShared:
		return p.physShared(n)
	case *lWork:
		return p.physWork(n)
	case *lRecursive:
		return p.physRecursive(n)
	}
	return nil, nil, base.Errorf(errno.Unknown, "unknown logical node %T", n)
}

func (p *planner) physVirtual(n *lVirtual) (Node, layout, error) {
	l := layout(n.ids)
	f, err := l.placeAnd(n.filters)
	return &Virtual{Name: n.name, Source: n.source, Current: n.current, Keys: n.wanted(), Filter: f, Out: n.out}, l, err
}

// wanted returns what the filters ask of each key of the source: the other side of an equality, if that is one string
// during execution. Equality of the key's type must be that of the column, which strings give each other.
func (n *lVirtual) wanted() []expr.Expr {
	keyed, ok := n.source.(KeyedSource)
	if !ok {
		return nil
	}
	var want []expr.Expr
	for k, col := range keyed.Keys() {
		for _, f := range n.filters {
			args, ok := expr.AsCall(f, "=")
			if !ok {
				continue
			}
			for i, a := range args {
				other := args[1-i]
				if id, ok := expr.AsColumn(a); ok && id == n.ids[col] && expr.Immutable(other) && other.Type().Class() == base.String {
					if want == nil {
						want = make([]expr.Expr, len(keyed.Keys()))
					}
					want[k] = other
				}
			}
		}
	}
	return want
}

func (p *planner) physValues(n *lValues) (Node, layout, error) {
	out := make([]Column, len(n.ids))
	for i := range n.ids {
		out[i] = exprColumn(n.rows[0][i])
	}
	return &Values{Rows: n.rows, Out: out}, n.ids, nil
}

func exprColumn(e expr.Expr) Column {
	return Column{Name: e.String(), Type: e.Type(), Nullable: e.Nullable()}
}

func (p *planner) physFilter(n *lFilter, want idSet) (Node, layout, error) {
	need := want.clone()
	for _, pr := range n.preds {
		need.addExpr(pr)
	}
	in, l, err := p.physical(n.input, need)
	if err != nil {
		return nil, nil, err
	}
	pred, err := l.placeAnd(n.preds)
	return &Filter{Input: in, Pred: pred, Est: p.estimate(n)}, l, err
}

// physProject computes the wanted expressions, and passes the wanted input columns on where the projection keeps them.
func (p *planner) physProject(n *lProject, want idSet) (Node, layout, error) {
	need := idSet{}
	own := newIDSet(n.ids...)
	for i, id := range n.ids {
		if want[id] || expr.Assigns(n.exprs[i]) {
			need.addExpr(n.exprs[i])
		}
	}
	if n.keep {
		for _, id := range n.input.cols() {
			if want[id] && !own[id] {
				need[id] = true
			}
		}
	}
	in, inLayout, err := p.physical(n.input, need)
	if err != nil {
		return nil, nil, err
	}
	node := &Project{Input: in}
	var l layout
	if n.keep {
		for i, id := range inLayout {
			if want[id] && !own[id] {
				c := in.Schema()[i]
				node.Exprs = append(node.Exprs, expr.Column(i, c.Type, c.Name, c.Nullable))
				node.Out, l = append(node.Out, c), append(l, id)
			}
		}
	}
	for i, id := range n.ids {
		if !want[id] && !expr.Assigns(n.exprs[i]) {
			continue
		}
		e, err := inLayout.place(n.exprs[i])
		if err != nil {
			return nil, nil, err
		}
		node.Exprs, node.Out, l = append(node.Exprs, e), append(node.Out, exprColumn(e)), append(l, id)
	}
	return node, l, nil
}

func (p *planner) physAggregate(n *lAggregate) (Node, layout, error) {
	need := idSet{}
	for _, k := range n.keys {
		need.addExpr(k)
	}
	for _, a := range n.aggs {
		for _, e := range a.Children() {
			need.addExpr(e)
		}
	}
	in, l, err := p.physical(n.input, need)
	if err != nil {
		return nil, nil, err
	}
	node := &Aggregate{Input: in, Est: p.estimate(n)}
	if node.Keys, err = l.placeAll(n.keys); err != nil {
		return nil, nil, err
	}
	for _, k := range node.Keys {
		node.Out = append(node.Out, exprColumn(k))
	}
	for _, a := range n.aggs {
		args, err := l.placeAll(a.Children())
		if err != nil {
			return nil, nil, err
		}
		g := a.WithChildren(args)
		node.Aggs = append(node.Aggs, g)
		node.Out = append(node.Out, Column{Name: a.String(), Type: a.Type(), Nullable: a.Nullable()})
	}
	if !p.Plain {
		anyOrder(node)
	}
	return node, layout(n.cols()), nil
}

func (p *planner) physDistinct(n *lDistinct) (Node, layout, error) {
	in, err := p.exactly(n.input, n.ids)
	if err != nil {
		return nil, nil, err
	}
	return &Distinct{Input: in}, n.ids, nil
}

func (p *planner) physSort(n *lSort, want idSet) (Node, layout, error) {
	need := want.clone()
	for _, k := range n.keys {
		need.addExpr(k.Expr)
	}
	in, l, err := p.physical(n.input, need)
	if err != nil {
		return nil, nil, err
	}
	keys, err := l.placeKeys(n.keys)
	if err != nil {
		return nil, nil, err
	}
	if !p.Plain && (textOrdered(in, keys) || ordered(in, keys) || p.byIndex(in, keys, n)) {
		return in, l, nil
	}
	return &Sort{Input: in, Keys: keys, Limit: n.limit, Offset: n.offset}, l, nil
}

func (p *planner) physLimit(n *lLimit, want idSet) (Node, layout, error) {
	in, l, err := p.physical(n.input, want)
	if err != nil {
		return nil, nil, err
	}
	if scan, _ := textSource(in, nil); scan != nil && !n.all && n.count != nil {
		scan.Text.Best = []expr.Expr{n.count}
		if n.offset != nil {
			scan.Text.Best = append(scan.Text.Best, n.offset)
		}
	}
	return &Limit{Input: in, Count: n.count, Offset: n.offset, All: n.all}, l, nil
}

func (p *planner) physSetOp(n *lSetOp) (Node, layout, error) {
	ins := make([]Node, len(n.inputs))
	for i, in := range n.inputs {
		node, err := p.exactly(in, n.in[i])
		if err != nil {
			return nil, nil, err
		}
		ins[i] = node
	}
	out := make([]Column, len(n.ids))
	for i := range out {
		out[i] = ins[0].Schema()[i]
		out[i].Nullable = out[i].Nullable || ins[1].Schema()[i].Nullable
	}
	if n.op == "UNION" {
		return &Union{Inputs: ins, Out: out}, n.ids, nil
	}
	return &SetOp{Except: n.op == "EXCEPT", All: n.all, Left: ins[0], Right: ins[1], Out: out}, n.ids, nil
}

// exactly makes a physical plan of n that yields ids, in order.
func (p *planner) exactly(n logical, ids []colID) (Node, error) {
	in, l, err := p.physical(n, newIDSet(ids...))
	if err != nil || sameLayout(l, ids) {
		return in, err
	}
	proj := &Project{Input: in}
	for _, id := range ids {
		i := l.pos(id)
		if i < 0 {
			return nil, base.Errorf(errno.Unknown, "a column is missing from the rows below")
		}
		c := in.Schema()[i]
		proj.Exprs, proj.Out = append(proj.Exprs, expr.Column(i, c.Type, c.Name, c.Nullable)), append(proj.Out, c)
	}
	return proj, nil
}
