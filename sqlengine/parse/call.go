package parse

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// special reports whether the arguments of a function are not a plain list of expressions.
func special(name string) bool {
	switch name {
	case "CAST", "CONVERT", "EXTRACT", "TRIM", "POSITION", "SUBSTRING", "SUBSTR", "MID", "GROUP_CONCAT", "MATCH", "VALUES", "DEFAULT",
		"CHAR", "ROW", "TIMESTAMPADD", "TIMESTAMPDIFF", "INTERVAL", "EXISTS", "JSON_VALUE", "GET_FORMAT",
		"WEIGHT_STRING":
		return true
	}
	return false
}

// call reads name(…), with the OVER clause behind it.
func (p *parser) call(schema string) ast.Expr {
	at, name := p.at(), strings.ToUpper(p.nameText(p.tok()))
	p.i++
	p.enter()
	defer p.leave()
	p.expectOp("(")
	if schema == "" && special(name) {
		if e := p.specialCall(at, name); e != nil {
			return e
		}
	}
	c := &ast.Call{At: at, Schema: schema, Name: name}
	p.arguments(c)
	p.expectOp(")")
	p.over(c)
	return c
}

// specialCall reads the arguments and the closing parenthesis of a function with a syntax of its own; nil if this call of it is
// an ordinary one.
//
//lint:long one case a function
func (p *parser) specialCall(at ast.Pos, name string) ast.Expr {
	var e ast.Expr
	switch name {
	case "CAST":
		e = p.cast(at)
	case "CONVERT":
		c := &ast.Cast{At: at, X: p.expr()}
		if p.accept("USING") {
			c.Charset = p.charset("a character set")
		} else {
			p.expectOp(",")
			c.Type = p.castType()
		}
		e = c
	case "EXTRACT":
		u := text(p.at(), p.unit())
		p.expect("FROM")
		e = &ast.Call{At: at, Name: name, Args: []ast.Expr{u, p.expr()}}
	case "TIMESTAMPADD", "TIMESTAMPDIFF":
		u := text(p.at(), p.unit())
		p.expectOp(",")
		e = &ast.Call{At: at, Name: name, Args: append([]ast.Expr{u}, p.exprList()...)}
	case "GET_FORMAT":
		u := text(p.at(), p.expectAny("DATE", "TIME", "DATETIME", "TIMESTAMP"))
		p.expectOp(",")
		e = &ast.Call{At: at, Name: name, Args: []ast.Expr{u, p.expr()}}
	case "TRIM":
		e = p.trim(at)
	case "POSITION":
		l := p.bit(1)
		p.expect("IN")
		e = &ast.Call{At: at, Name: "LOCATE", Args: []ast.Expr{l, p.expr()}}
	case "SUBSTRING", "SUBSTR", "MID":
		c := &ast.Call{At: at, Name: name, Args: []ast.Expr{p.expr()}}
		for _, w := range [...]string{"FROM", "FOR"} {
			if p.accept(w) || p.acceptOp(",") {
				c.Args = append(c.Args, p.expr())
			}
		}
		e = c
	case "MATCH":
		return p.match(at)
	case "VALUES":
		e = &ast.ValuesOf{At: at, Column: p.columnName()}
	case "DEFAULT":
		e = &ast.Default{At: at, Column: p.columnName()}
	case "ROW":
		e = &ast.Tuple{At: at, Items: p.exprList()}
	case "CHAR":
		c := &ast.Call{At: at, Name: name, Args: p.exprList()}
		e = c
		if p.accept("USING") {
			e = &ast.Cast{At: at, X: c, Charset: p.charset("a character set")}
		}
	case "JSON_VALUE":
		e = p.jsonValue(at)
	case "WEIGHT_STRING":
		e = p.weightString(at)
	default:
		return nil
	}
	p.expectOp(")")
	return e
}

func (p *parser) cast(at ast.Pos) ast.Expr {
	c := &ast.Cast{At: at, X: p.expr()}
	if p.accept("AT", "TIME", "ZONE") {
		p.unsupported("AT TIME ZONE")
	}
	p.expect("AS")
	c.Type = p.castType()
	c.Array = p.accept("ARRAY")
	return c
}

// trim reads [BOTH|LEADING|TRAILING] [what] FROM x, or x. The tree has TRIM(x), TRIM(x, what) or TRIM(side, what, x).
func (p *parser) trim(at ast.Pos) ast.Expr {
	c := &ast.Call{At: at, Name: "TRIM"}
	sideAt := p.at()
	side := p.acceptAny("BOTH", "LEADING", "TRAILING")
	var what ast.Expr = text(at, " ")
	if side == "" || !p.is("FROM") {
		what = p.expr()
	}
	if side == "" && !p.is("FROM") {
		c.Args = []ast.Expr{what}
		return c
	}
	p.expect("FROM")
	if x := p.expr(); side == "" {
		c.Args = []ast.Expr{x, what}
	} else {
		c.Args = []ast.Expr{text(sideAt, side), what, x}
	}
	return c
}

// match reads (columns) AGAINST (words [mode]); the opening parenthesis has been read.
func (p *parser) match(at ast.Pos) ast.Expr {
	m := &ast.Match{At: at}
	for ok := true; ok; ok = p.acceptOp(",") {
		m.Columns = append(m.Columns, p.columnName())
	}
	p.expectOp(")")
	p.expect("AGAINST")
	p.expectOp("(")
	m.Against, m.Mode = p.bit(1), p.matchMode()
	p.expectOp(")")
	return m
}

// matchMode reads how a full-text query is meant.
func (p *parser) matchMode() string {
	switch {
	case p.accept("IN", "BOOLEAN", "MODE"):
		return "BOOLEAN"
	case p.accept("IN", "NATURAL", "LANGUAGE", "MODE"):
		if !p.accept("WITH", "QUERY", "EXPANSION") {
			return "NATURAL"
		}
		return "EXPANSION"
	case p.accept("WITH", "QUERY", "EXPANSION"):
		return "EXPANSION"
	}
	return "NATURAL"
}

// jsonValue reads JSON_VALUE(doc, path [RETURNING type] [… ON EMPTY] [… ON ERROR]).
func (p *parser) jsonValue(at ast.Pos) ast.Expr {
	v := &ast.JSONValue{At: at, Doc: p.expr(), Type: base.Type{ID: base.TypeVarchar, Length: 512}}
	p.expectOp(",")
	v.Path = p.expr()
	if p.accept("RETURNING") {
		v.Type = p.castType()
	}
	for v.OnError == nil {
		d := &ast.JSONDefault{Kind: p.acceptAny("NULL", "ERROR", "DEFAULT")}
		if d.Kind == "" {
			break
		}
		if d.Kind == "DEFAULT" {
			d.Value = p.bit(1)
		}
		p.expect("ON")
		if v.OnEmpty == nil && p.accept("EMPTY") {
			v.OnEmpty = d
		} else {
			p.expect("ERROR")
			v.OnError = d
		}
	}
	return v
}

// weightString reads WEIGHT_STRING(x [AS CHAR|BINARY (n)]); the tree has WEIGHT_STRING(x, 'CHAR', n).
func (p *parser) weightString(at ast.Pos) ast.Expr {
	c := &ast.Call{At: at, Name: "WEIGHT_STRING", Args: []ast.Expr{p.expr()}}
	if p.accept("AS") {
		kindAt := p.at()
		c.Args = append(c.Args, text(kindAt, p.expectAny("CHAR", "BINARY")))
		p.expectOp("(")
		c.Args = append(c.Args, p.expr())
		p.expectOp(")")
	}
	return c
}

// takesDistinct are the aggregates that MySQL's grammar lets have DISTINCT, and takesAll those besides that may have ALL.
var (
	takesDistinct = map[string]bool{"COUNT": true, "SUM": true, "AVG": true, "MIN": true, "MAX": true, "GROUP_CONCAT": true}
	takesAll      = map[string]bool{"BIT_AND": true, "BIT_OR": true, "BIT_XOR": true, "STD": true, "STDDEV": true, "STDDEV_POP": true,
		"STDDEV_SAMP": true, "VARIANCE": true, "VAR_POP": true, "VAR_SAMP": true, "JSON_ARRAYAGG": true, "JSON_OBJECTAGG": true}
)

// quantifier reads DISTINCT or ALL before the arguments of a call, where the function may have one.
func (p *parser) quantifier(function string) (distinct bool) {
	switch {
	case p.is("DISTINCT") && takesDistinct[function]:
		p.i++
		return true
	case p.is("ALL") && (takesDistinct[function] || takesAll[function]):
		p.i++
	}
	return false
}

// arguments reads what stands between the parentheses of an ordinary call.
func (p *parser) arguments(c *ast.Call) {
	if p.isOp(")") {
		return
	}
	if p.isOp("*") && c.Name == "COUNT" {
		c.Args = []ast.Expr{&ast.Star{At: p.at()}}
		p.i++
		return
	}
	c.Distinct = p.quantifier(c.Name)
	c.Args = p.exprList()
	if c.Name != "GROUP_CONCAT" {
		return
	}
	if p.is("ORDER") {
		c.OrderBy = p.orderBy()
	}
	if p.accept("SEPARATOR") {
		s := p.str("a string")
		c.Separator = &s
	}
}

// orderBy reads ORDER BY and its list.
func (p *parser) orderBy() []ast.OrderItem {
	p.expect("ORDER", "BY")
	var list []ast.OrderItem
	for ok := true; ok; ok = p.acceptOp(",") {
		o := ast.OrderItem{Expr: p.expr()}
		if o.Desc = p.accept("DESC"); !o.Desc {
			p.accept("ASC")
		}
		list = append(list, o)
	}
	return list
}

// limit reads LIMIT count, LIMIT offset, count or LIMIT count OFFSET offset; nil if none is next.
func (p *parser) limit() *ast.Limit {
	if !p.accept("LIMIT") {
		return nil
	}
	l := &ast.Limit{Count: p.limitValue()}
	switch {
	case p.acceptOp(","):
		l.Offset, l.Count = l.Count, p.limitValue()
	case p.accept("OFFSET"):
		l.Offset = p.limitValue()
	}
	return l
}

func (p *parser) limitValue() ast.Expr {
	switch t := p.tok(); t.kind {
	case tParam, tNamed, tUser:
		return p.primary()
	case tNumber:
		if l := p.literal(); l.Value.Class() == base.Int || l.Value.Class() == base.Uint {
			return l
		}
		p.i--
	}
	p.fail("expected a number of rows")
	return nil
}
