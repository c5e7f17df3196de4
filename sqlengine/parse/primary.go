package parse

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// primary reads an operand: a constant, a placeholder, a variable, a name, a call, a CASE or something in parentheses.
func (p *parser) primary() ast.Expr {
	t, at := p.tok(), p.at()
	switch t.kind {
	case tString, tNumber, tHex, tBit, tIntro:
		return p.literal()
	case tParam, tNamed:
		p.i++
		return p.param(t)
	case tUser, tSys:
		return p.variable()
	case tQuoted:
		return p.column()
	case tWord:
		return p.word()
	case tOp:
		switch t.kw {
		case "(":
			return p.paren()
		case "{":
			return p.escape(at)
		}
	}
	p.fail("expected an expression")
	return nil
}

func (p *parser) param(t *token) *ast.Param {
	return &ast.Param{At: ast.Pos(t.pos), Index: int(t.match), Name: p.names[t.match]}
}

// paren reads a subquery, an expression in parentheses or a row.
func (p *parser) paren() ast.Expr {
	at := p.at()
	if p.queryAt(p.i) {
		return &ast.Subquery{At: at, Query: p.parenQuery()}
	}
	p.i++
	list := p.exprList()
	p.expectOp(")")
	if len(list) == 1 {
		return list[0]
	}
	return &ast.Tuple{At: at, Items: list}
}

// escape reads the ODBC forms {d '…'}, {t '…'}, {ts '…'} and {fn f(…)}.
func (p *parser) escape(at ast.Pos) ast.Expr {
	p.i++
	var e ast.Expr
	switch p.expectAny("D", "T", "TS", "FN") {
	case "D":
		e = p.temporal(at, "DATE")
	case "T":
		e = p.temporal(at, "TIME")
	case "TS":
		e = p.temporal(at, "TIMESTAMP")
	default:
		p.enter()
		defer p.leave()
		e = p.primary()
	}
	p.expectOp("}")
	return e
}

// word reads what starts with an unquoted word.
func (p *parser) word() ast.Expr {
	t, at := p.tok(), p.at()
	call := isOp(p.peek(1), "(")
	switch t.kw {
	case "NULL":
		p.i++
		return &ast.Literal{At: at}
	case "TRUE", "FALSE":
		p.i++
		return boolean(at, t.kw == "TRUE")
	case "CASE":
		return p.caseExpr()
	case "EXISTS":
		p.i++
		return &ast.Exists{At: at, Query: p.parenQuery()}
	case "INTERVAL":
		return p.interval()
	case "DEFAULT":
		p.i++
		d := &ast.Default{At: at}
		if p.acceptOp("(") {
			d.Column = p.columnName()
			p.expectOp(")")
		}
		return d
	case "":
		if k := p.peek(1).kind; k == tString && p.peek(1).pos >= t.end {
			for _, w := range [...]string{"DATE", "TIME", "TIMESTAMP"} {
				if p.accept(w) {
					return p.temporal(at, w)
				}
			}
		}
	}
	switch {
	case call && (t.kw == "" || callable(t.kw)) || t.kw == "CAST":
		return p.call("")
	case bareCall(t.kw):
		p.i++
		return &ast.Call{At: at, Name: t.kw}
	}
	return p.column()
}

func boolean(at ast.Pos, v bool) *ast.Literal {
	return &ast.Literal{At: at, Value: base.NewBool(v), Type: base.Type{ID: base.TypeTinyInt, Bool: true}}
}

// column reads a column name, or a call of schema.function.
func (p *parser) column() ast.Expr {
	at := p.at()
	if p.tok().kw != "" {
		p.fail("expected an expression")
	}
	if isOp(p.peek(1), ".") && isOp(p.peek(3), "(") {
		schema := p.name("a name")
		p.i++
		return p.call(schema)
	}
	ref := &ast.ColumnRef{At: at, Name: p.name("an expression")}
	for p.isOp(".") {
		if p.i++; ref.Schema != "" {
			p.fail("expected no further part of the name")
		}
		ref.Schema, ref.Table, ref.Name = ref.Table, ref.Name, p.anyName("a name")
	}
	return ref
}

// columnName reads a column name where no other expression may stand.
func (p *parser) columnName() *ast.ColumnRef {
	if !isName(p.tok()) {
		p.fail("expected a column")
	}
	ref, ok := p.column().(*ast.ColumnRef)
	if !ok {
		p.fail("expected a column")
	}
	return ref
}

func (p *parser) caseExpr() ast.Expr {
	c := &ast.Case{At: p.at()}
	p.i++
	if !p.is("WHEN") {
		c.Operand = p.expr()
	}
	for p.accept("WHEN") {
		w := ast.When{Cond: p.expr()}
		p.expect("THEN")
		w.Then = p.expr()
		c.Whens = append(c.Whens, w)
	}
	if len(c.Whens) == 0 {
		p.fail("expected WHEN")
	}
	if p.accept("ELSE") {
		c.Else = p.expr()
	}
	p.expect("END")
	return c
}

// interval reads INTERVAL x unit, or the function INTERVAL(x, a, b, …).
func (p *parser) interval() ast.Expr {
	at := p.at()
	p.i++
	if p.isOp("(") && p.commaIn(p.i) {
		p.i++
		list := p.exprList()
		p.expectOp(")")
		return &ast.Call{At: at, Name: "INTERVAL", Args: list}
	}
	x := p.expr()
	return &ast.Interval{At: at, X: x, Unit: p.unit()}
}

// commaIn reports whether the parentheses that open at token i hold a list.
func (p *parser) commaIn(i int) bool {
	for j := i + 1; j < int(p.toks[i].match); j++ {
		switch t := &p.toks[j]; {
		case isOp(t, ","):
			return true
		case isOp(t, "("):
			j = int(t.match)
		}
	}
	return false
}

// unit reads the unit of an interval, in upper case.
func (p *parser) unit() string {
	w := strings.ToUpper(p.text(p.tok()))
	switch w = strings.TrimPrefix(w, "SQL_TSI_"); w {
	case "MICROSECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "SECOND_MICROSECOND",
		"MINUTE_MICROSECOND", "MINUTE_SECOND", "HOUR_MICROSECOND", "HOUR_SECOND", "HOUR_MINUTE", "DAY_MICROSECOND", "DAY_SECOND",
		"DAY_MINUTE", "DAY_HOUR", "YEAR_MONTH":
		p.i++
		return w
	}
	p.fail("expected a unit of time")
	return ""
}
