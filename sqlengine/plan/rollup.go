package plan

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// Expand yields its input len(Keys)+1 times: with all keys beside the columns, then with the last one NULL, and so on until
// all are. Output: the input's columns, the keys, and how many of them are not replaced. It makes the groups of WITH ROLLUP.
type Expand struct {
	Input Node
	Keys  []expr.Expr
	Out   []Column
}

// Schema returns the columns the node yields.
func (n *Expand) Schema() []Column { return n.Out }

// Children returns the input.
func (n *Expand) Children() []Node { return []Node{n.Input} }

type lExpand struct {
	input logical
	keys  []expr.Expr
	ids   []colID // of keys
	level colID
}

func (n *lExpand) cols() []colID {
	in := n.input.cols()
	out := append(append(make([]colID, 0, len(in)+len(n.ids)+1), in...), n.ids...)
	return append(out, n.level)
}

func (p *planner) physExpand(n *lExpand, want idSet) (Node, layout, error) {
	need := want.clone()
	for _, k := range n.keys {
		need.addExpr(k)
	}
	in, l, err := p.physical(n.input, need)
	if err != nil {
		return nil, nil, err
	}
	out := &Expand{Input: in, Out: append([]Column(nil), in.Schema()...)}
	if out.Keys, err = l.placeAll(n.keys); err != nil {
		return nil, nil, err
	}
	for _, k := range out.Keys {
		c := exprColumn(k)
		c.Nullable = true
		out.Out = append(out.Out, c)
	}
	out.Out = append(out.Out, Column{Name: "level", Type: levelType})
	return out, append(append(append(layout(nil), l...), n.ids...), n.level), nil
}

var levelType = base.Type{ID: base.TypeBigInt}

// rollup makes an aggregation one WITH ROLLUP.
func (g *grouping) rollup(p *planner) {
	ex := &lExpand{input: g.node.input, keys: g.node.keys, level: p.newCol()}
	keys := make([]expr.Expr, 0, len(ex.keys)+1)
	for _, k := range ex.keys {
		id := p.newCol()
		ex.ids = append(ex.ids, id)
		keys = append(keys, expr.Column(id, k.Type(), k.String(), true))
	}
	g.level = p.newCol()
	g.node.input = ex
	g.node.keys = append(keys, expr.Column(ex.level, levelType, "level", false))
	g.node.kids = append(g.node.kids, g.level)
	g.rolled = true
}

// isTotal returns an expression that is 1 in the rows that sum over key i.
func (g *grouping) isTotal(i int) (expr.Expr, error) {
	return expr.Call("<=", expr.Column(g.level, levelType, "level", false), expr.Const(base.NewInt(int64(i)), levelType))
}

// order sorts the groups by their keys, each followed by the row that sums it up.
func (g *grouping) order() (logical, error) {
	n := &lSort{input: g.node}
	for i, k := range g.exprs {
		total, err := g.isTotal(i)
		if err != nil {
			return nil, err
		}
		n.keys = append(n.keys, SortKey{Expr: total}, SortKey{Expr: expr.Column(g.node.kids[i], k.Type(), k.String(), true)})
	}
	return n, nil
}

// groupingCall is GROUPING(…) before the groups are known.
type groupingCall struct{ args []expr.Expr }

// Type is that of GROUPING.
func (c *groupingCall) Type() base.Type       { return levelType }
func (c *groupingCall) Nullable() bool        { return false }
func (c *groupingCall) Children() []expr.Expr { return c.args }
func (c *groupingCall) String() string        { return "grouping(" + list(c.args) + ")" }
func (c *groupingCall) Eval(*expr.Context, *vec.Batch) (*vec.Vector, error) {
	return nil, errGroupFunc()
}

// WithChildren returns a copy with other arguments.
func (c *groupingCall) WithChildren(args []expr.Expr) expr.Expr { return &groupingCall{args} }

func errGroupFunc() error {
	return base.Errorf(errno.InvalidGroupFunc, "Invalid use of group function")
}

// grouping binds GROUPING(…), which only a SELECT WITH ROLLUP has, outside of aggregates.
func (b *binder) grouping(e *ast.Call) (expr.Expr, error) {
	if !b.rollup || b.aggs == nil {
		return nil, errGroupFunc()
	}
	if len(e.Args) == 0 || len(e.Args) > 64 {
		return nil, base.Errorf(errno.WrongParamCount, "Incorrect parameter count in the call to native function '%s'", strings.ToLower(e.Name))
	}
	inner := *b
	inner.aggs = nil
	args := make([]expr.Expr, len(e.Args))
	for i, a := range e.Args {
		x, err := inner.groupKey(a, b.aliases)
		if err != nil {
			return nil, err
		}
		args[i] = x
	}
	return &groupingCall{args}, nil
}

// groupingOver turns GROUPING(a, b) into one bit for each argument, the last one lowest: 1 in the rows that sum over it.
func (g *grouping) groupingOver(c *groupingCall) (expr.Expr, error) {
	out := expr.Const(base.NewInt(0), levelType)
	for n, a := range c.args {
		i := 0
		for i < len(g.exprs) && !expr.Equal(a, g.exprs[i]) && !expr.Equal(expr.Settle(a), g.exprs[i]) {
			i++
		}
		if i == len(g.exprs) {
			return nil, base.Errorf(errno.GroupingArgument, "Argument #%d of GROUPING function is not in GROUP BY", n+1)
		}
		total, err := g.isTotal(i)
		if err != nil {
			return nil, err
		}
		twice, err := expr.Call("*", out, expr.Const(base.NewInt(2), levelType))
		if err != nil {
			return nil, err
		}
		if out, err = expr.Call("+", twice, total); err != nil {
			return nil, err
		}
	}
	return out, nil
}
