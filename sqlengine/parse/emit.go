package parse

import (
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/sqlengine/ast"
)

// emitter writes the text that the core parses. Names, literals and lifted parts are stand-ins:
//
//	i7   the identifier of token 7        t2   table reference 2 of tables
//	:l7  the literal or placeholder of token 7        z3   expression 3 of lifted
type emitter struct {
	p      *parser
	buf    []byte
	spots  []spot
	lifted []ast.Expr
	tables []ast.TableExpr
	// straight says of each join of FROM, in the order of the text, whether it is a STRAIGHT_JOIN.
	straight []bool
}

// spot says that the core's text from offset at on comes from token tok.
type spot struct{ at, tok int }

// full stands for FULL in the condition of a join, which is written as a left join: ON full and (…), USING (full, …).
const full = "full_join"

func (e *emitter) mark() { e.spots = append(e.spots, spot{len(e.buf), e.p.i}) }

func (e *emitter) raw(s string) {
	e.mark()
	e.buf = append(e.buf, s...)
}

func (e *emitter) numbered(prefix string, n int) {
	e.mark()
	e.buf = append(append(e.buf, ' '), prefix...)
	e.buf = strconv.AppendInt(e.buf, int64(n), 10)
}

// ident writes the current token as an identifier and reads it.
func (e *emitter) ident() {
	e.numbered("i", e.p.i)
	e.p.i++
}

// name is ident for a token that must be a name.
func (e *emitter) name(what string) {
	if !isName(e.p.tok()) {
		e.p.fail("expected " + what)
	}
	e.ident()
}

func (e *emitter) lift(x ast.Expr) {
	e.numbered("z", len(e.lifted))
	e.lifted = append(e.lifted, x)
}

func (e *emitter) table(t ast.TableExpr) {
	e.numbered("t", len(e.tables))
	e.tables = append(e.tables, t)
}

// expr reads an expression. It is written for the core if the core's grammar has it, and read here and lifted as a whole if not:
// XOR, chains of comparisons, assignments, ANY, MEMBER OF.
func (e *emitter) expr() {
	p := e.p
	start, written, spots, lifted, depth := p.i, len(e.buf), len(e.spots), len(e.lifted), p.depth
	f := flat{emitter: e}
	if f.expr() {
		return
	}
	p.i, p.depth = start, depth
	e.buf, e.spots, e.lifted = e.buf[:written], e.spots[:spots], e.lifted[:lifted]
	e.lift(p.expr())
}

func (e *emitter) exprList() {
	for ok := true; ok; {
		e.expr()
		if ok = e.p.isOp(","); ok {
			e.raw(",")
			e.p.i++
		}
	}
}

// flat reads one expression as operands with operators between them, leaving precedence to the core. Its methods return
// false when the core cannot read the expression.
type flat struct {
	*emitter
	compared bool // the segment since the last AND, OR or NOT has a comparison
	between  int  // BETWEENs that wait for their AND
	liked    bool // an ESCAPE may follow
}

// expr reads a whole expression, nested ones included.
func (f *flat) expr() bool {
	p := f.p
	p.enter()
	defer p.leave()
	for n := 0; ; n++ {
		p.chain(n)
		if !f.prefixes(n == 0) || !f.operand() {
			return false
		}
		more, ok := f.operator()
		if !ok {
			return false
		}
		if !more {
			return true
		}
	}
}

// prefixes writes the operators in front of an operand. NOT may stand where a comparison may start.
func (f *flat) prefixes(first bool) bool {
	p := f.p
	logic := first || f.afterLogic()
	for n := p.depth; ; n++ {
		if n > maxDepth {
			p.fail("nested more than " + strconv.Itoa(maxDepth) + " levels deep")
		}
		switch t := p.tok(); {
		case t.kw == "NOT" && logic:
			f.raw(" not")
		case t.kind == tOp && (t.kw == "-" || t.kw == "+" || t.kw == "~" || t.kw == "!"):
			f.raw(" " + t.kw)
			logic = false
		case t.kw == "BINARY":
			f.raw(" binary")
			logic = false
		default:
			return true
		}
		p.i++
	}
}

func (f *flat) afterLogic() bool {
	switch f.p.toks[f.p.i-1].kw {
	case "AND", "&&", "OR", "||":
		return !f.compared
	}
	return false
}

// operand writes one operand. What the core's grammar lacks is read by primary and lifted.
func (f *flat) operand() bool {
	p := f.p
	t := p.tok()
	switch t.kind {
	case tParam, tNamed, tNumber, tHex, tBit:
		f.numbered(":l", p.i)
		p.i++
		return true
	case tString, tIntro:
		f.numbered(":l", p.i)
		p.literal()
		return true
	case tQuoted:
		return f.path()
	case tWord:
		return f.word(t)
	case tOp:
		if t.kw == "(" && !p.queryAt(p.i) {
			p.i++
			return f.list("(") && f.close()
		}
	case tUser:
		if isOp(p.peek(1), ":=") {
			return false
		}
	}
	f.lift(p.primary())
	return true
}

// list writes open and expressions with commas between them.
func (f *flat) list(open string) bool {
	f.raw(open)
	for {
		inner := flat{emitter: f.emitter}
		if !inner.expr() {
			return false
		}
		if !f.p.isOp(",") {
			return true
		}
		f.raw(",")
		f.p.i++
	}
}

func (f *flat) close() bool {
	f.p.expectOp(")")
	f.raw(")")
	return true
}

func (f *flat) word(t *token) bool {
	p := f.p
	switch t.kw {
	case "NULL":
		f.raw(" null")
		p.i++
		return true
	case "CASE":
		return f.caseExpr()
	case "":
		if isOp(p.peek(1), "(") {
			return f.call(t)
		}
		if p.peek(1).kind == tString && (p.is("DATE") || p.is("TIME") || p.is("TIMESTAMP")) {
			break
		}
		return f.path()
	default:
		if isOp(p.peek(1), "(") && callable(t.kw) && !special(t.kw) {
			return f.call(t)
		}
	}
	f.lift(p.primary())
	return true
}

// path writes a column name of up to three parts. With -> behind it, it is lifted.
func (f *flat) path() bool {
	p, n := f.p, 1
	for isOp(p.peek(n), ".") && n < 5 {
		n += 2
	}
	if next := p.peek(n); next.kind == tOp && (next.kw == "(" || next.kw == "->" || next.kw == "->>" || next.kw == ".") || n == 1 && p.tok().kw != "" {
		f.lift(p.postfix(p.primary()))
		return true
	}
	f.name("an expression")
	for p.acceptOp(".") {
		f.raw(".")
		if k := p.tok().kind; k != tWord && k != tQuoted && k != tIntro {
			p.fail("expected a name")
		}
		f.ident()
	}
	return true
}

// call writes f(…). Functions with a syntax of their own and window functions are lifted.
func (f *flat) call(t *token) bool {
	p := f.p
	if f.specialName(t) || f.windowed() {
		f.lift(p.primary())
		return true
	}
	f.ident()
	p.i++
	if p.isOp(")") {
		f.raw("(")
		return f.close()
	}
	if p.isOp("*") && p.isWord(&p.toks[p.i-2], "COUNT") {
		f.raw("(*")
		p.i++
		return f.close()
	}
	open := "("
	if (p.is("DISTINCT") || p.is("ALL")) && p.quantifier(strings.ToUpper(p.text(t))) {
		open = "(distinct"
	}
	return f.list(open) && f.close()
}

// specialName is special for a token, without making a string of it.
func (f *flat) specialName(t *token) bool {
	var buf [16]byte
	n := int(t.end - t.pos)
	if n > len(buf) {
		return false
	}
	for i := range n {
		c := f.p.sql[int(t.pos)+i]
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		buf[i] = c
	}
	return special(string(buf[:n]))
}

// windowed reports whether an OVER clause, or one that leads to it, follows the call that starts here, or has to.
func (f *flat) windowed() bool {
	p := f.p
	m := int(p.peek(1).match)
	return m >= 0 && (p.isWord(&p.toks[m+1], "OVER") || p.tok().kw != "" && windowOnly(p.tok().kw))
}

func (f *flat) caseExpr() bool {
	p := f.p
	f.raw(" case")
	p.i++
	part := func(kw string) bool {
		f.raw(kw)
		inner := flat{emitter: f.emitter}
		return inner.expr()
	}
	if !p.is("WHEN") && !part(" ") {
		return false
	}
	for n := 0; p.accept("WHEN"); n++ {
		if !part(" when ") {
			return false
		}
		p.expect("THEN")
		if !part(" then ") {
			return false
		}
	}
	if p.toks[p.i-1].kw == "CASE" || !p.is("ELSE") && !p.is("END") {
		p.fail("expected WHEN, ELSE or END")
	}
	if p.accept("ELSE") && !part(" else ") {
		return false
	}
	p.expect("END")
	f.raw(" end")
	return true
}
