package parse

import (
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/xwb1989/sqlparser"
)

// givenRows are the rows of VALUES: those of nothing but constants and placeholders, which need no grammar, and nil for each
// that the core reads. An INSERT of many rows is parsed in half the time so.
type givenRows [][]ast.Expr

// rows writes (…), (), …; ROW may stand before each.
func (e *emitter) rows() (given givenRows) {
	p, written := e.p, false
	for {
		p.accept("ROW")
		p.expectOp("(")
		row := p.constants()
		if given = append(given, row); row == nil {
			if written {
				e.raw(",")
			}
			written = true
			e.raw("(")
			if !p.isOp(")") {
				e.exprList()
			}
			e.raw(")")
		}
		p.expectOp(")")
		if !p.acceptOp(",") {
			break
		}
	}
	if !written {
		e.raw("()") // the core wants a row
	}
	return given
}

// with returns all rows, those in their places that the core has read.
func (g givenRows) with(read sqlparser.Values, e *emitter) [][]ast.Expr {
	next := 0
	for i := range g {
		if g[i] == nil {
			g[i] = e.exprs(read[next])
			next++
		}
	}
	return g
}

// constants reads a row of constants and placeholders up to its parenthesis; nil, having read nothing, when it is another.
func (p *parser) constants() []ast.Expr {
	start := p.i
	var out []ast.Expr
	for {
		e := p.constant()
		switch {
		case e == nil || !p.isOp(",") && !p.isOp(")"):
			p.i = start
			return nil
		case p.isOp(")"):
			return append(out, e)
		}
		out = append(out, e)
		p.i++
	}
}

// constant reads a constant with an optional minus, or a placeholder; nil if the next token begins something else.
func (p *parser) constant() ast.Expr {
	switch t := p.tok(); {
	case t.kind == tString, t.kind == tNumber, t.kind == tHex, t.kind == tBit, t.kind == tParam, t.kind == tNamed:
		return p.primary()
	case t.kind == tWord && t.kw == "NULL":
		p.i++
		return &ast.Literal{}
	case isOp(t, "-") && p.peek(1).kind == tNumber:
		p.i++
		x := p.literal()
		return negate(x.Position(), x)
	}
	return nil
}
