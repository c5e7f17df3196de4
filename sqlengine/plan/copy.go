package plan

import (
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// rewrite replaces the parts of e that f has a replacement for, from the outside in; f returns nil to go on inside.
func rewrite(e expr.Expr, f func(expr.Expr) expr.Expr) expr.Expr {
	if e == nil {
		return nil
	}
	if x := f(e); x != nil {
		return x
	}
	children := e.Children()
	var out []expr.Expr
	for i, c := range children {
		x := rewrite(c, f)
		if x != c && out == nil {
			out = append([]expr.Expr(nil), children...)
		}
		if out != nil {
			out[i] = x
		}
	}
	if out == nil {
		return e
	}
	return e.WithChildren(out)
}

// copier copies a logical plan under new column numbers. Parameters that stand for outer columns are replaced by what
// params has for them.
type copier struct {
	p      *planner
	ids    map[colID]colID
	params map[int]expr.Expr
	failed bool // something cannot be copied
}

func (c *copier) fresh(ids []colID) []colID {
	out := make([]colID, len(ids))
	for i, id := range ids {
		out[i] = c.p.newCol()
		c.ids[id] = out[i]
		if src, ok := c.p.sources[id]; ok {
			c.p.sources[out[i]] = src
		}
	}
	return out
}

func (c *copier) expr(e expr.Expr) expr.Expr {
	return rewrite(e, func(e expr.Expr) expr.Expr {
		if id, ok := expr.AsColumn(e); ok {
			if to, ok := c.ids[id]; ok {
				return expr.Renumber(e, to)
			}
			return e
		}
		if i, ok := expr.AsParam(e); ok {
			return c.params[i]
		}
		if s, ok := e.(*Subquery); ok && s.Free {
			c.failed = true
		}
		return nil
	})
}

func (c *copier) exprs(list []expr.Expr) []expr.Expr {
	out := make([]expr.Expr, len(list))
	for i, e := range list {
		out[i] = c.expr(e)
	}
	return out
}

func (c *copier) columns(ids []colID) []colID {
	out := make([]colID, len(ids))
	for i, id := range ids {
		out[i] = id
		if to, ok := c.ids[id]; ok {
			out[i] = to
		}
	}
	return out
}

// node copies n; nil when there is a node below that it does not know.
//
//lint:long one flat switch over the nodes
func (c *copier) node(n logical) logical {
	switch n := n.(type) {
	case *lScan:
		out := *n
		out.ids, out.filters = c.fresh(n.ids), c.exprs(n.filters)
		return &out
	case *lVirtual:
		out := *n
		out.ids, out.filters = c.fresh(n.ids), c.exprs(n.filters)
		return &out
	case *lShared:
		return &lShared{of: n.of, ids: c.fresh(n.ids)}
	case *lValues:
		out := &lValues{ids: c.fresh(n.ids)}
		for _, row := range n.rows {
			out.rows = append(out.rows, c.exprs(row))
		}
		return out
	case *lFilter:
		if in := c.node(n.input); in != nil {
			return &lFilter{input: in, preds: c.exprs(n.preds)}
		}
	case *lProject:
		if in := c.node(n.input); in != nil {
			exprs := c.exprs(n.exprs)
			return &lProject{input: in, keep: n.keep, ids: c.fresh(n.ids), exprs: exprs}
		}
	case *lJoin:
		left := c.node(n.left)
		if left == nil {
			return nil
		}
		if right := c.node(n.right); right != nil {
			out := *n
			out.left, out.right, out.on = left, right, c.exprs(n.on)
			return &out
		}
	case *lAggregate:
		if in := c.node(n.input); in != nil {
			return c.aggregate(n, in)
		}
	case *lDistinct:
		if in := c.node(n.input); in != nil {
			return &lDistinct{input: in, ids: c.columns(n.ids)}
		}
	case *lSort:
		if in := c.node(n.input); in != nil {
			out := &lSort{input: in, limit: c.expr(n.limit), offset: c.expr(n.offset)}
			for _, k := range n.keys {
				out.keys = append(out.keys, SortKey{Expr: c.expr(k.Expr), Desc: k.Desc})
			}
			return out
		}
	case *lLimit:
		if in := c.node(n.input); in != nil {
			return &lLimit{input: in, count: c.expr(n.count), offset: c.expr(n.offset)}
		}
	case *lSetOp:
		return c.setOp(n)
	}
	return nil
}

func (c *copier) aggregate(n *lAggregate, in logical) logical {
	out := *n
	out.input, out.keys, out.aggs = in, c.exprs(n.keys), nil
	for _, a := range n.aggs {
		out.aggs = append(out.aggs, a.WithChildren(c.exprs(a.Children())))
	}
	out.kids, out.aids = c.fresh(n.kids), c.fresh(n.aids)
	return &out
}

func (c *copier) setOp(n *lSetOp) logical {
	out := &lSetOp{op: n.op, all: n.all}
	for i, in := range n.inputs {
		x := c.node(in)
		if x == nil {
			return nil
		}
		out.inputs, out.in = append(out.inputs, x), append(out.in, c.columns(n.in[i]))
	}
	out.ids = c.fresh(n.ids)
	return out
}
