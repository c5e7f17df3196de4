package plan

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// Apply is a dependent join: for each left row the expressions of Args are stored at Slots and Right is run anew.
type Apply struct {
	Kind        JoinKind // InnerJoin or LeftJoin
	Left, Right Node
	Args        []expr.Expr // over left columns
	Slots       []int       // parameter numbers
	On          expr.Expr   // over left columns, then right columns
	Out         []Column
}

// Schema returns the columns the node yields.
func (n *Apply) Schema() []Column { return n.Out }

// Children returns the inputs.
func (n *Apply) Children() []Node { return []Node{n.Left, n.Right} }

// lApply is a join whose right side names columns of the left one: LATERAL, and the arguments of table functions.
type lApply struct {
	kind        JoinKind
	left, right logical
	args        []expr.Expr
	slots       []int
	on          []expr.Expr
}

func (n *lApply) cols() []colID {
	l, r := n.left.cols(), n.right.cols()
	return append(append(make([]colID, 0, len(l)+len(r)), l...), r...)
}

// beside plans t, which stands to the right of tables whose columns are left: its lateral parts see them, and then what lat
// has. The frame tells which of them they use.
func (p *planner) beside(left *scope, t ast.TableExpr, outer, lat *frame) (logical, *scope, *frame, error) {
	f := &frame{scope: &scope{cols: left.cols, outer: lat}, through: true}
	n, sc, err := p.tableExpr(t, outer, f)
	return n, sc, f, err
}

// dependent makes a join one that runs its right side row by row when that names columns of the left one.
func dependent(j *lJoin, f *frame) logical {
	if len(f.args) == 0 {
		return j
	}
	return &lApply{kind: j.kind, left: j.left, right: j.right, on: j.on, args: f.args, slots: f.slots}
}

// noLateral returns error 3668 if the right side of a RIGHT or FULL JOIN names columns of the left one.
func noLateral(t *ast.Join, f *frame) error {
	if len(f.args) == 0 || t.Kind != "RIGHT" && t.Kind != "FULL" {
		return nil
	}
	name := ""
	switch r := t.R.(type) {
	case *ast.Derived:
		name = r.Alias
	case *ast.TableFunc:
		name = r.Alias
	}
	return base.Errorf(errno.LateralJoinType, "INNER or LEFT JOIN must be used for LATERAL references made by '%s'", name)
}

// pushApply distributes conditions over a dependent join, as pushJoin does.
func pushApply(n *lApply, preds []expr.Expr) logical {
	l, r := newIDSet(n.left.cols()...), newIDSet(n.right.cols()...)
	if n.kind == LeftJoin && rejectsNull(preds, r) {
		n.kind = InnerJoin
	}
	var left, right, on, above []expr.Expr
	for _, pr := range preds {
		switch {
		case volatile(pr):
			above = append(above, pr)
		case within(pr, l):
			left = append(left, pr)
		case n.kind == InnerJoin && within(pr, r):
			right = append(right, pr)
		default:
			above = append(above, pr)
		}
	}
	for _, c := range n.on {
		switch {
		case !volatile(c) && within(c, r):
			right = append(right, c)
		case !volatile(c) && within(c, l) && n.kind == InnerJoin:
			left = append(left, c)
		default:
			on = append(on, c)
		}
	}
	n.on = on
	n.left, n.right = pushdown(n.left, left), pushdown(n.right, right)
	return filtered(n, above)
}

func (p *planner) physApply(n *lApply, want idSet) (Node, layout, error) {
	need := want.clone()
	for _, e := range n.on {
		need.addExpr(e)
	}
	right, rl, err := p.physical(n.right, need)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range n.args {
		need.addExpr(e)
	}
	left, ll, err := p.physical(n.left, need)
	if err != nil {
		return nil, nil, err
	}
	out := &Apply{Kind: n.kind, Left: left, Right: right, Slots: n.slots, Out: joinSchema(n.kind, left, right)}
	if out.Args, err = ll.placeAll(n.args); err != nil {
		return nil, nil, err
	}
	both := append(append(layout(nil), ll...), rl...)
	out.On, err = both.placeAnd(n.on)
	return out, both, err
}
