package parse

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/xwb1989/sqlparser"
)

// number returns the number of a stand-in.
func (e *emitter) number(s, prefix string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(s, prefix))
	if err != nil || !strings.HasPrefix(s, prefix) {
		e.broken("'" + s + "'")
	}
	return n
}

// token returns the token that the identifier stand-in s is for.
func (e *emitter) token(s string) *token { return &e.p.toks[e.number(s, "i")] }

func (e *emitter) identText(s string) string { return e.p.nameText(e.token(s)) }

func (e *emitter) identPos(s string) ast.Pos { return ast.Pos(e.token(s).pos) }

// convert turns an expression of the core into ours. Every node the core can make of what flat writes has a case; any other is
// an error.
//
//lint:long one case a node
func (e *emitter) convert(n sqlparser.Expr) ast.Expr {
	switch n := n.(type) {
	case *sqlparser.SQLVal:
		return e.value(n)
	case *sqlparser.NullVal:
		return &ast.Literal{}
	case *sqlparser.ColName:
		return e.column(n)
	case *sqlparser.ParenExpr:
		return e.convert(n.Expr)
	case sqlparser.ValTuple:
		return e.tuple(n)
	case *sqlparser.AndExpr:
		return e.binary("AND", n.Left, n.Right)
	case *sqlparser.OrExpr:
		return e.binary("OR", n.Left, n.Right)
	case *sqlparser.NotExpr:
		x := e.convert(n.Expr)
		return &ast.Unary{At: x.Position(), Op: "NOT", X: x}
	case *sqlparser.ComparisonExpr:
		return e.comparison(n)
	case *sqlparser.RangeCond:
		x := e.convert(n.Left)
		return &ast.Between{At: x.Position(), X: x, Lo: e.convert(n.From), Hi: e.convert(n.To), Not: n.Operator == sqlparser.NotBetweenStr}
	case *sqlparser.IsExpr:
		x := e.convert(n.Expr)
		what := strings.ToUpper(strings.TrimPrefix(n.Operator, "is "))
		return &ast.Is{At: x.Position(), X: x, Not: strings.HasPrefix(what, "NOT "), What: strings.TrimPrefix(what, "NOT ")}
	case *sqlparser.BinaryExpr:
		return e.binary(strings.ToUpper(n.Operator), n.Left, n.Right)
	case *sqlparser.UnaryExpr:
		return e.unary(n)
	case *sqlparser.CollateExpr:
		x := e.convert(n.Expr)
		return &ast.Collate{At: x.Position(), X: x, Name: strings.ToLower(e.identText(n.Charset))}
	case *sqlparser.FuncExpr:
		return e.call(n)
	case *sqlparser.CaseExpr:
		c := &ast.Case{Operand: e.optional(n.Expr), Else: e.optional(n.Else)}
		for _, w := range n.Whens {
			c.Whens = append(c.Whens, ast.When{Cond: e.convert(w.Cond), Then: e.convert(w.Val)})
		}
		c.At = c.Whens[0].Cond.Position()
		return c
	}
	e.broken(fmt.Sprintf("%T", n))
	return nil
}

func (e *emitter) optional(n sqlparser.Expr) ast.Expr {
	if n == nil {
		return nil
	}
	return e.convert(n)
}

func (e *emitter) where(n *sqlparser.Where) ast.Expr {
	if n == nil {
		return nil
	}
	return e.convert(n.Expr)
}

func (e *emitter) exprs(list []sqlparser.Expr) []ast.Expr {
	if list == nil {
		return nil
	}
	out := make([]ast.Expr, len(list))
	for i, x := range list {
		out[i] = e.convert(x)
	}
	return out
}

// value returns the literal or placeholder that a bind stands for.
func (e *emitter) value(n *sqlparser.SQLVal) ast.Expr {
	if n.Type != sqlparser.ValArg {
		e.broken("a literal")
	}
	i := e.number(string(n.Val), ":l")
	if t := &e.p.toks[i]; t.kind == tParam || t.kind == tNamed {
		return e.p.param(t)
	}
	at := parser{sql: e.p.sql, toks: e.p.toks, i: i}
	return at.literal()
}

func (e *emitter) column(n *sqlparser.ColName) ast.Expr {
	name := n.Name.String()
	if name[0] == 'z' {
		return e.lifted[e.number(name, "z")]
	}
	first := name
	ref := &ast.ColumnRef{Name: e.identText(name)}
	if q := n.Qualifier; !q.Name.IsEmpty() {
		first = q.Name.String()
		ref.Table = e.identText(first)
		if !q.Qualifier.IsEmpty() {
			first = q.Qualifier.String()
			ref.Schema = e.identText(first)
		}
	}
	ref.At = e.identPos(first)
	return ref
}

func (e *emitter) tuple(n sqlparser.ValTuple) ast.Expr {
	items := e.exprs(n)
	return &ast.Tuple{At: items[0].Position(), Items: items}
}

func (e *emitter) binary(op string, l, r sqlparser.Expr) ast.Expr {
	b := &ast.Binary{Op: op, L: e.convert(l), R: e.convert(r)}
	b.At = b.L.Position()
	return b
}

func (e *emitter) unary(n *sqlparser.UnaryExpr) ast.Expr {
	x := e.convert(n.Expr)
	switch n.Operator {
	case sqlparser.UPlusStr:
		return x
	case sqlparser.UMinusStr:
		return negate(x.Position(), x)
	case sqlparser.BangStr:
		return &ast.Unary{At: x.Position(), Op: "NOT", X: x}
	case sqlparser.TildaStr:
		return &ast.Unary{At: x.Position(), Op: "~", X: x}
	case sqlparser.BinaryStr:
		return &ast.Unary{At: x.Position(), Op: "BINARY", X: x}
	}
	e.broken("operator '" + n.Operator + "'")
	return nil
}

func (e *emitter) comparison(n *sqlparser.ComparisonExpr) ast.Expr {
	x := e.convert(n.Left)
	at := x.Position()
	switch op := n.Operator; op {
	case sqlparser.InStr, sqlparser.NotInStr:
		in := &ast.In{At: at, X: x, Not: op == sqlparser.NotInStr}
		switch r := n.Right.(type) {
		case sqlparser.ValTuple:
			in.List = e.exprs(r)
		case *sqlparser.Subquery:
			in.Query = e.query(r)
		default:
			e.broken(fmt.Sprintf("%T", r))
		}
		return in
	case sqlparser.LikeStr, sqlparser.NotLikeStr, sqlparser.RegexpStr, sqlparser.NotRegexpStr:
		return &ast.Like{At: at, X: x, Pattern: e.convert(n.Right), Escape: e.optional(n.Escape), Not: strings.HasPrefix(op, "not"),
			Regexp: strings.HasSuffix(op, "regexp")}
	case sqlparser.NotEqualStr:
		return &ast.Binary{At: at, Op: "<>", L: x, R: e.convert(n.Right)}
	default:
		return &ast.Binary{At: at, Op: op, L: x, R: e.convert(n.Right)}
	}
}

// query returns the query that was lifted out of (select z1).
func (e *emitter) query(n *sqlparser.Subquery) ast.Query {
	if s, ok := n.Select.(*sqlparser.Select); ok && len(s.SelectExprs) == 1 {
		if item, ok := s.SelectExprs[0].(*sqlparser.AliasedExpr); ok {
			if sub, ok := e.convert(item.Expr).(*ast.Subquery); ok {
				return sub.Query
			}
		}
	}
	e.broken("a subquery")
	return nil
}

func (e *emitter) call(n *sqlparser.FuncExpr) ast.Expr {
	name := n.Name.String()
	c := &ast.Call{At: e.identPos(name), Name: strings.ToUpper(e.identText(name)), Distinct: n.Distinct}
	for _, a := range n.Exprs {
		switch a := a.(type) {
		case *sqlparser.AliasedExpr:
			c.Args = append(c.Args, e.convert(a.Expr))
		case *sqlparser.StarExpr:
			c.Args = append(c.Args, &ast.Star{At: c.At})
		default:
			e.broken(fmt.Sprintf("%T", a))
		}
	}
	return c
}

func (e *emitter) order(n sqlparser.OrderBy) []ast.OrderItem {
	if n == nil {
		return nil
	}
	out := make([]ast.OrderItem, len(n))
	for i, o := range n {
		out[i] = ast.OrderItem{Expr: e.convert(o.Expr), Desc: o.Direction == sqlparser.DescScr}
	}
	return out
}

func (e *emitter) limitOf(n *sqlparser.Limit) *ast.Limit {
	if n == nil {
		return nil
	}
	return &ast.Limit{Count: e.optional(n.Rowcount), Offset: e.optional(n.Offset)}
}
