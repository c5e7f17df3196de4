package expr

import (
	"fmt"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
)

// testParser reads the small expression language of testdata/*.txt: enough of SQL to write expectations down.
type testParser struct {
	t    *testing.T
	toks []string
	at   int
}

func parseExpr(t *testing.T, s string) (e Expr, err error) {
	t.Helper()
	p := &testParser{t: t, toks: tokens(s)}
	defer func() {
		if r := recover(); r != nil {
			if pe, ok := r.(parseError); ok {
				e, err = nil, pe.err
				return
			}
			panic(r)
		}
	}()
	e = p.expr(0)
	if p.at < len(p.toks) {
		return nil, fmt.Errorf("left over: %v", p.toks[p.at:])
	}
	return e, nil
}

type parseError struct{ err error }

func tokens(s string) (out []string) {
	for i := 0; i < len(s); {
		c := s[i]
		j := i + 1
		switch {
		case c == ' ':
			i++
			continue
		case c == '\'':
			for j < len(s) && (s[j] != '\'' || j+1 < len(s) && s[j+1] == '\'') {
				if s[j] == '\'' {
					j++
				}
				j++
			}
			j++
		case c >= '0' && c <= '9' || c == '.':
			for j < len(s) && (s[j] >= '0' && s[j] <= '9' || s[j] == '.' || s[j]|0x20 == 'e' || (s[j] == '-' || s[j] == '+') && s[j-1]|0x20 == 'e') {
				j++
			}
		case c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_':
			for j < len(s) && (s[j]|0x20 >= 'a' && s[j]|0x20 <= 'z' || s[j] == '_' || s[j] >= '0' && s[j] <= '9') {
				j++
			}
		default:
			for _, op := range []string{"->>", "<=>", "->", "<=", ">=", "<>", "<<", ">>"} {
				if strings.HasPrefix(s[i:], op) {
					j = i + len(op)
					break
				}
			}
		}
		out = append(out, s[i:min(j, len(s))])
		i = j
	}
	return out
}

func (p *testParser) peek() string {
	if p.at < len(p.toks) {
		return strings.ToUpper(p.toks[p.at])
	}
	return ""
}

func (p *testParser) take(words ...string) bool {
	for i, w := range words {
		if p.at+i >= len(p.toks) || strings.ToUpper(p.toks[p.at+i]) != w {
			return false
		}
	}
	p.at += len(words)
	return true
}

func (p *testParser) need(w string) {
	if !p.take(w) {
		panic(parseError{fmt.Errorf("want %s at %q", w, p.peek())})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(parseError{err})
	}
	return v
}

var precedence = map[string]int{"OR": 1, "XOR": 2, "AND": 3, "=": 5, "<=>": 5, "<>": 5, "<": 5, "<=": 5, ">": 5, ">=": 5, "IS": 5,
	"IN": 5, "LIKE": 5, "REGEXP": 5, "BETWEEN": 5, "|": 6, "&": 7, "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "DIV": 10,
	"%": 10, "^": 11, "COLLATE": 12, "->": 13, "->>": 13}

func (p *testParser) expr(level int) Expr {
	x := p.unary()
	for {
		op := p.peek()
		if op == "NOT" {
			p.at++
			inner := &testParser{t: p.t, toks: p.toks, at: p.at}
			x = must(Call("NOT", inner.infix(x, inner.peek())))
			p.at = inner.at
			continue
		}
		pr, ok := precedence[op]
		if !ok || pr <= level {
			return x
		}
		x = p.infix(x, op)
	}
}

func (p *testParser) infix(x Expr, op string) Expr {
	p.at++
	switch op {
	case "IS":
		not := p.take("NOT")
		what := p.peek()
		p.at++
		e := must(Call("IS "+what, x))
		if not {
			e = must(Call("NOT", e))
		}
		return e
	case "IN":
		return must(In(x, p.list()))
	case "BETWEEN":
		lo := p.expr(5)
		p.need("AND")
		return must(Call("BETWEEN", x, lo, p.expr(5)))
	case "LIKE":
		args := []Expr{x, p.expr(5)}
		if p.take("ESCAPE") {
			args = append(args, p.unary())
		}
		return must(Call("LIKE", args...))
	case "COLLATE":
		name := p.toks[p.at]
		p.at++
		return must(Collate(x, name))
	case "+", "-":
		if p.take("INTERVAL") {
			n := p.expr(0)
			unit := p.peek()
			p.at++
			return must(DateAdd(x, n, unit, op == "-"))
		}
	}
	return must(Call(op, x, p.expr(precedence[op])))
}

func (p *testParser) list() []Expr {
	p.need("(")
	var out []Expr
	for !p.take(")") {
		out = append(out, p.expr(0))
		p.take(",")
	}
	return out
}

func (p *testParser) unary() Expr {
	tok := p.peek()
	raw := p.toks[p.at]
	p.at++
	switch {
	case tok == "-":
		return must(Call("NEG", p.expr(11)))
	case tok == "~":
		return must(Call("~", p.unary()))
	case tok == "NOT":
		return must(Call("NOT", p.expr(4)))
	case tok == "(":
		e := p.expr(0)
		p.need(")")
		return e
	case tok == "NULL":
		return Const(base.Value{}, base.Type{})
	case tok == "TRUE" || tok == "FALSE":
		return Const(base.NewBool(tok == "TRUE"), typeBool)
	case tok == "CASE":
		return p.caseExpr()
	case tok == "CAST":
		p.need("(")
		x := p.expr(0)
		p.need("AS")
		t := p.castType()
		p.need(")")
		return must(Cast(x, t))
	case raw[0] == '\'':
		s := strings.ReplaceAll(raw[1:len(raw)-1], "''", "'")
		return Const(base.NewString(s), base.Type{ID: base.TypeVarchar, Length: charCount(s)})
	case raw[0] >= '0' && raw[0] <= '9' || raw[0] == '.':
		return number(raw)
	case tok == "X" && p.at < len(p.toks) && p.toks[p.at][0] == '\'':
		s := p.toks[p.at]
		p.at++
		v := must(Scalar(&Context{}, must(Call("UNHEX", Const(base.NewString(s[1:len(s)-1]), typeLongText)))))
		return Const(v, base.Type{ID: base.TypeVarbinary, Length: len(v.Text())})
	case (tok == "DATE" || tok == "TIME" || tok == "TIMESTAMP") && p.at < len(p.toks) && p.toks[p.at][0] == '\'':
		x := p.unary()
		t := map[string]base.Type{"DATE": typeDate, "TIME": {ID: base.TypeTime}, "TIMESTAMP": {ID: base.TypeDateTime}}[tok]
		if s := x.String(); strings.Contains(s, ".") {
			t.Scale = uint8(len(s) - strings.IndexByte(s, '.') - 2)
		}
		return Const(must(Scalar(&Context{}, must(Cast(x, t)))), t)
	}
	return must(Call(tok, p.list()...))
}

func number(s string) Expr {
	coef, scale, _, ok := base.ParseDecimal(s)
	switch {
	case strings.ContainsAny(s, "eE") || !ok:
		v := must(Scalar(&Context{}, must(Cast(Const(base.NewString(s), typeLongText), typeDouble))))
		return Const(v, typeDouble)
	case scale > 0 || strings.Contains(s, "."):
		digits := len(strings.Trim(strings.Replace(s, ".", "", 1), ""))
		return Const(base.NewDecimal(coef, scale), typeDecimal(digits, int(scale)))
	case coef.Hi != 0:
		return Const(base.NewDecimal(coef, 0), typeDecimal(len(s), 0))
	case int64(coef.Lo) < 0:
		return Const(base.NewUint(coef.Lo), typeUint)
	}
	return Const(base.NewInt(int64(coef.Lo)), typeInt)
}

func (p *testParser) caseExpr() Expr {
	var operand, els Expr
	if p.peek() != "WHEN" {
		operand = p.expr(0)
	}
	var whens []When
	for p.take("WHEN") {
		c := p.expr(0)
		p.need("THEN")
		whens = append(whens, When{c, p.expr(0)})
	}
	if p.take("ELSE") {
		els = p.expr(0)
	}
	p.need("END")
	return must(Case(operand, whens, els))
}

func (p *testParser) castType() base.Type {
	name := p.peek()
	p.at++
	var nums []int
	if p.take("(") {
		for !p.take(")") {
			var n int
			_, _ = fmt.Sscan(p.toks[p.at], &n)
			nums = append(nums, n)
			p.at++
			p.take(",")
		}
	}
	nums = append(nums, 0, 0)
	switch name {
	case "SIGNED":
		return typeInt
	case "UNSIGNED":
		return typeUint
	case "DECIMAL":
		if nums[0] == 0 {
			nums[0] = 10
		}
		return typeDecimal(nums[0], nums[1])
	case "CHAR":
		return base.Type{ID: base.TypeVarchar, Length: nums[0]}
	case "BINARY":
		return base.Type{ID: base.TypeVarbinary, Length: nums[0]}
	case "DATE":
		return typeDate
	case "TIME":
		return base.Type{ID: base.TypeTime, Scale: uint8(nums[0])}
	case "DATETIME":
		return base.Type{ID: base.TypeDateTime, Scale: uint8(nums[0])}
	case "DOUBLE":
		return typeDouble
	case "FLOAT":
		return base.Type{ID: base.TypeFloat}
	case "JSON":
		return typeJSON
	}
	panic(parseError{fmt.Errorf("unknown type %s", name)})
}
