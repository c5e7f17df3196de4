package parse

import (
	"fmt"

	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/xwb1989/sqlparser"
)

// from turns a FROM clause of the core into ours. FROM DUAL, which the core makes of no FROM too, is empty.
func (e *emitter) fromOf(n sqlparser.TableExprs) []ast.TableExpr {
	if len(n) == 1 {
		if a, ok := n[0].(*sqlparser.AliasedTableExpr); ok {
			if t, ok := a.Expr.(sqlparser.TableName); ok && t.Name.String() == "dual" {
				return nil
			}
		}
	}
	out := make([]ast.TableExpr, len(n))
	for i, t := range n {
		out[i] = e.tableExpr(t)
	}
	return out
}

func (e *emitter) tableExpr(n sqlparser.TableExpr) ast.TableExpr {
	switch n := n.(type) {
	case *sqlparser.AliasedTableExpr:
		if t, ok := n.Expr.(sqlparser.TableName); ok {
			return e.tables[e.number(t.Name.String(), "t")]
		}
	case *sqlparser.ParenTableExpr:
		t := e.tableExpr(n.Exprs[0])
		for _, r := range n.Exprs[1:] {
			t = &ast.Join{At: t.Position(), Kind: "CROSS", L: t, R: e.tableExpr(r)}
		}
		return t
	case *sqlparser.JoinTableExpr:
		return e.join(n)
	}
	e.broken(fmt.Sprintf("%T", n))
	return nil
}

func (e *emitter) join(n *sqlparser.JoinTableExpr) ast.TableExpr {
	j := &ast.Join{Kind: "INNER", L: e.tableExpr(n.LeftExpr)}
	if len(e.straight) == 0 {
		e.broken("a join")
	}
	j.Straight, e.straight = e.straight[0], e.straight[1:] // in the order of the text, of which this is the next
	j.R = e.tableExpr(n.RightExpr)
	j.At = j.L.Position()
	switch n.Join {
	case sqlparser.NaturalJoinStr:
		j.Natural = true
	case sqlparser.LeftJoinStr:
		j.Kind = "LEFT"
	case sqlparser.RightJoinStr:
		j.Kind = "RIGHT"
	case sqlparser.NaturalLeftJoinStr:
		j.Kind, j.Natural = "LEFT", true
	case sqlparser.NaturalRightJoinStr:
		j.Kind, j.Natural = "RIGHT", true
	case sqlparser.JoinStr:
		if n.Condition.On == nil && n.Condition.Using == nil {
			j.Kind = "CROSS"
		}
	default:
		e.broken("'" + n.Join + "'")
	}
	if on := n.Condition.On; on != nil {
		if c, ok := on.(*sqlparser.ComparisonExpr); ok && isFull(c.Left) {
			j.Kind, on = "FULL", c.Right
		}
		j.On = e.convert(on)
	}
	for _, c := range n.Condition.Using {
		if c.EqualString(full) {
			j.Kind = "FULL"
			continue
		}
		j.Using = append(j.Using, e.identText(c.String()))
	}
	return j
}

func isFull(n sqlparser.Expr) bool {
	c, ok := n.(*sqlparser.ColName)
	return ok && c.Name.EqualString(full)
}
