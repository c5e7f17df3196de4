package parse

import (
	"strings"
	"unicode/utf8"

	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// This file is MySQL's expression grammar (sql_yacc.yy: expr, bool_pri, predicate, bit_expr) by precedence climbing. It reads
// the expressions that the core cannot (emit.go) and those inside lifted clauses.

// expr reads an expression.
func (p *parser) expr() ast.Expr {
	p.enter()
	defer p.leave()
	if t := p.tok(); t.kind == tUser && isOp(p.peek(1), ":=") {
		v := p.variable()
		p.i++
		return &ast.Assign{At: v.At, Name: v.Name, Value: p.expr()}
	}
	return p.logic(1)
}

func (p *parser) exprList() []ast.Expr {
	list := []ast.Expr{p.expr()}
	for p.acceptOp(",") {
		list = append(list, p.expr())
	}
	return list
}

// logicOp returns the logical operator that comes next and its precedence, 0 if none does.
func (p *parser) logicOp() (string, int) {
	switch t := p.tok(); t.kw {
	case "OR", "||":
		return "OR", 1
	case "XOR":
		return "XOR", 2
	case "AND", "&&":
		return "AND", 3
	}
	return "", 0
}

func (p *parser) logic(least int) ast.Expr {
	l := p.not()
	for n := 0; ; n++ {
		op, prec := p.logicOp()
		if prec == 0 || prec < least {
			return l
		}
		p.chain(n)
		p.i++
		l = &ast.Binary{At: l.Position(), Op: op, L: l, R: p.logic(prec + 1)}
	}
}

func (p *parser) not() ast.Expr {
	at := p.at()
	if !p.accept("NOT") {
		return p.comparison()
	}
	p.enter()
	defer p.leave()
	return &ast.Unary{At: at, Op: "NOT", X: p.not()}
}

// comparisonOp returns the comparison operator that t is, spelled as the tree spells it.
func comparisonOp(t *token) string {
	if t.kind != tOp {
		return ""
	}
	switch t.kw {
	case "=", "<=>", "<>", "<", "<=", ">", ">=":
		return t.kw
	case "!=":
		return "<>"
	}
	return ""
}

// comparison reads bool_pri: predicates with IS and comparison operators between them, which nest to the left.
func (p *parser) comparison() ast.Expr {
	l := p.predicate()
	for n := 0; ; n++ {
		p.chain(n)
		if p.accept("IS") {
			is := &ast.Is{At: l.Position(), X: l, Not: p.accept("NOT")}
			is.What = p.expectAny("NULL", "TRUE", "FALSE", "UNKNOWN")
			l = is
			continue
		}
		op := comparisonOp(p.tok())
		if op == "" {
			return l
		}
		p.i++
		if isOp(p.peek(1), "(") && (p.is("ANY") || p.is("SOME") || p.is("ALL")) {
			q := &ast.Quantified{At: l.Position(), X: l, Op: op, All: p.is("ALL")}
			p.i++
			q.Query = p.parenQuery()
			l = q
			continue
		}
		l = &ast.Binary{At: l.Position(), Op: op, L: l, R: p.predicate()}
	}
}

// predicate reads an operand with IN, BETWEEN, LIKE, REGEXP or MEMBER OF behind it.
func (p *parser) predicate() ast.Expr {
	x := p.bit(1)
	not := false
	if p.is("NOT") {
		switch p.peek(1).kw {
		case "IN", "BETWEEN", "LIKE", "REGEXP", "RLIKE":
			not = true
			p.i++
		default:
			return x
		}
	}
	switch {
	case p.accept("IN"):
		return p.in(x, not)
	case p.accept("BETWEEN"):
		b := &ast.Between{At: x.Position(), X: x, Not: not, Lo: p.bit(1)}
		p.expect("AND")
		p.enter()
		defer p.leave()
		b.Hi = p.predicate()
		return b
	case p.accept("LIKE"):
		l := &ast.Like{At: x.Position(), X: x, Not: not, Pattern: p.bit(1)}
		if p.accept("ESCAPE") {
			l.Escape = p.bit(1)
		}
		return l
	case p.accept("REGEXP"), p.accept("RLIKE"):
		return &ast.Like{At: x.Position(), X: x, Not: not, Regexp: true, Pattern: p.bit(1)}
	case p.accept("MEMBER", "OF"), p.is("MEMBER") && isOp(p.peek(1), "("):
		p.accept("MEMBER")
		p.expectOp("(")
		m := &ast.Binary{At: x.Position(), Op: "MEMBER OF", L: x, R: p.expr()}
		p.expectOp(")")
		return m
	case p.accept("SOUNDS", "LIKE"):
		r := p.bit(1)
		return &ast.Binary{At: x.Position(), Op: "=", L: &ast.Call{At: x.Position(), Name: "SOUNDEX", Args: []ast.Expr{x}},
			R: &ast.Call{At: r.Position(), Name: "SOUNDEX", Args: []ast.Expr{r}}}
	}
	return x
}

func (p *parser) in(x ast.Expr, not bool) ast.Expr {
	e := &ast.In{At: x.Position(), X: x, Not: not}
	if p.queryAt(p.i) {
		e.Query = p.parenQuery()
		return e
	}
	p.expectOp("(")
	e.List = p.exprList()
	p.expectOp(")")
	return e
}

// bitOp returns the operator of a bit_expr that comes next and its precedence, 0 if none does.
func (p *parser) bitOp() (string, int) {
	switch t := p.tok(); t.kw {
	case "|":
		return "|", 1
	case "&":
		return "&", 2
	case "<<", ">>":
		return t.kw, 3
	case "+", "-":
		return t.kw, 4
	case "*", "/", "DIV", "%":
		return t.kw, 5
	case "MOD":
		return "%", 5
	case "^":
		return "^", 6
	}
	return "", 0
}

func (p *parser) bit(least int) ast.Expr {
	l := p.unary()
	for n := 0; ; n++ {
		op, prec := p.bitOp()
		if prec == 0 || prec < least {
			return l
		}
		p.chain(n)
		p.i++
		l = &ast.Binary{At: l.Position(), Op: op, L: l, R: p.bit(prec + 1)}
	}
}

func (p *parser) unary() ast.Expr {
	t, at := p.tok(), p.at()
	op := t.kw
	switch {
	case t.kind == tOp && (op == "-" || op == "+" || op == "~" || op == "!"):
	case p.is("BINARY"):
	default:
		return p.postfix(p.primary())
	}
	p.i++
	p.enter()
	defer p.leave()
	x := p.unary()
	switch op {
	case "-":
		return negate(at, x)
	case "+":
		return x
	case "!":
		op = "NOT"
	}
	return &ast.Unary{At: at, Op: op, X: x}
}

// postfix reads COLLATE, -> and ->> behind an operand.
func (p *parser) postfix(x ast.Expr) ast.Expr {
	for n := 0; ; n++ {
		p.chain(n)
		switch {
		case p.accept("COLLATE"):
			x = &ast.Collate{At: x.Position(), X: x, Name: p.charset("a collation")}
		case p.isOp("->"), p.isOp("->>"):
			op := p.tok().kw
			p.i++
			if k := p.tok().kind; k != tString && k != tParam && k != tNamed {
				p.fail("expected a JSON path")
			}
			x = &ast.Binary{At: x.Position(), Op: op, L: x, R: p.primary()}
		default:
			return x
		}
	}
}

// charset reads the name of a character set or collation, in lower case: a name, a string or the word BINARY.
func (p *parser) charset(what string) string {
	if p.accept("BINARY") {
		return "binary"
	}
	if p.tok().kind == tString {
		return strings.ToLower(p.str(what))
	}
	return strings.ToLower(p.name(what))
}

// charsetOrDefault reads a character set where DEFAULT may stand for one, which it returns as "default".
func (p *parser) charsetOrDefault() string {
	if p.accept("DEFAULT") {
		return "default"
	}
	return p.charset("a character set")
}

// maxVariableName is the length of the longest name of a user variable (MySQL reference manual, "Identifier Length Limits").
const maxVariableName = 64

func (p *parser) variable() *ast.Variable {
	t, at := p.tok(), p.at()
	p.i++
	s := p.text(t)[1:]
	if t.kind == tSys {
		v := &ast.Variable{At: at, System: true, Name: strings.ToLower(strings.Trim(s[1:], "`"))}
		if scope, name, ok := strings.Cut(v.Name, "."); ok {
			switch scope {
			case "session", "local":
				v.Scope, v.Name = "session", name
			case "global", "persist", "persist_only":
				v.Scope, v.Name = scope, name
			}
		}
		return v
	}
	switch s[0] {
	case '`':
		s = strings.ReplaceAll(s[1:len(s)-1], "``", "`")
	case '\'', '"':
		s = unquote(s)
	}
	if utf8.RuneCountInString(s) > maxVariableName {
		p.failCode(errno.IllegalUserVar, "User variable name '%s' is illegal", s)
	}
	return &ast.Variable{At: at, Name: strings.ToLower(s)}
}
