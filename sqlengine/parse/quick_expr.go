package parse

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

func itoa(i int) string { return strconv.Itoa(i) }

type parser struct {
	sql   string
	t     []tok
	i     int
	depth int
	names []string
}

type bail struct{ err error }

func (p *parser) cur() tok  { return p.t[p.i] }
func (p *parser) next() tok { t := p.t[p.i]; p.i++; return t }
func (p *parser) at() ast.Pos {
	return ast.Pos(p.cur().pos)
}
func (p *parser) fail(hint string) { panic(bail{syntaxError(p.sql, p.cur().pos, hint)}) }
func (p *parser) isKw(words ...string) bool {
	for k, w := range words {
		if p.i+k >= len(p.t) || p.t[p.i+k].kind != tIdent || p.t[p.i+k].up != w {
			return false
		}
	}
	return true
}
func (p *parser) kw(words ...string) bool {
	if p.isKw(words...) {
		p.i += len(words)
		return true
	}
	return false
}
func (p *parser) want(words ...string) {
	if !p.kw(words...) {
		p.fail("expected " + strings.Join(words, " "))
	}
}
func (p *parser) isOp(op string) bool { return p.cur().kind == tOp && p.cur().text == op }
func (p *parser) op(op string) bool {
	if p.isOp(op) {
		p.i++
		return true
	}
	return false
}
func (p *parser) wantOp(op string) {
	if !p.op(op) {
		p.fail("expected '" + op + "'")
	}
}

var reserved = map[string]bool{}

func init() {
	for _, w := range strings.Fields("SELECT FROM WHERE GROUP HAVING ORDER LIMIT UNION INTERSECT EXCEPT JOIN INNER LEFT RIGHT FULL CROSS NATURAL ON USING AND OR XOR NOT AS IN IS BETWEEN LIKE REGEXP RLIKE CASE WHEN THEN ELSE END SET VALUES INTO INSERT UPDATE DELETE CREATE DROP TABLE INDEX KEY PRIMARY UNIQUE DEFAULT NULL TRUE FALSE DISTINCT ALL EXISTS INTERVAL BY DESC ASC DIV MOD FOR WITH LOCK WINDOW OVER COLLATE BINARY CONVERT") {
		reserved[w] = true
	}
}

func (p *parser) ident() string {
	t := p.cur()
	if t.kind == tQuoted || t.kind == tIdent && !reserved[t.up] {
		p.i++
		return t.text
	}
	p.fail("expected a name")
	return ""
}

func (p *parser) expr() ast.Expr {
	p.depth++
	if p.depth > 200 {
		p.fail("expressions are nested more than 200 deep")
	}
	defer func() { p.depth-- }()
	return p.binary(0)
}

func (p *parser) binOp(level int) string {
	t := p.cur()
	m := func(list ...string) string {
		for _, o := range list {
			if t.kind == tOp && t.text == o || t.kind == tIdent && t.up == o {
				return o
			}
		}
		return ""
	}
	switch level {
	case 0:
		return m("OR", "||")
	case 1:
		return m("XOR")
	case 2:
		return m("AND", "&&")
	case 5:
		return m("|")
	case 6:
		return m("&")
	case 7:
		return m("<<", ">>")
	case 8:
		return m("+", "-")
	case 9:
		return m("*", "/", "DIV", "%", "MOD")
	case 10:
		return m("^")
	}
	return ""
}

func (p *parser) binary(level int) ast.Expr {
	switch level {
	case 3:
		if p.isKw("NOT") {
			at := p.at()
			p.i++
			return &ast.Unary{At: at, Op: "NOT", X: p.binary(3)}
		}
		return p.binary(4)
	case 4:
		return p.comparison()
	case 11:
		return p.unary()
	}
	l := p.binary(level + 1)
	for {
		op := p.binOp(level)
		if op == "" {
			return l
		}
		at := p.at()
		p.i++
		switch op {
		case "||":
			op = "OR"
		case "&&":
			op = "AND"
		case "MOD":
			op = "%"
		}
		l = &ast.Binary{At: at, Op: op, L: l, R: p.binary(level + 1)}
	}
}

func (p *parser) comparison() ast.Expr {
	l := p.binary(5)
	for {
		at := p.at()
		not := false
		if p.isKw("NOT") && (p.t[p.i+1].up == "IN" || p.t[p.i+1].up == "LIKE" || p.t[p.i+1].up == "BETWEEN" || p.t[p.i+1].up == "REGEXP" || p.t[p.i+1].up == "RLIKE") {
			p.i++
			not = true
		}
		switch {
		case p.kw("IS"):
			n := p.kw("NOT")
			t := p.next()
			switch t.up {
			case "NULL", "TRUE", "FALSE", "UNKNOWN":
			default:
				p.i--
				p.fail("expected NULL, TRUE, FALSE or UNKNOWN")
			}
			l = &ast.Is{At: at, X: l, Not: n, What: t.up}
		case p.kw("IN"):
			p.wantOp("(")
			e := &ast.In{At: at, X: l, Not: not}
			if p.startsQuery() {
				e.Query = p.query()
			} else {
				e.List = p.exprList()
			}
			p.wantOp(")")
			l = e
		case p.kw("BETWEEN"):
			lo := p.binary(5)
			p.want("AND")
			l = &ast.Between{At: at, X: l, Lo: lo, Hi: p.binary(5), Not: not}
		case p.isKw("LIKE"), p.isKw("REGEXP"), p.isKw("RLIKE"):
			re := p.next().up != "LIKE"
			e := &ast.Like{At: at, X: l, Pattern: p.binary(5), Not: not, Regexp: re}
			if p.kw("ESCAPE") {
				e.Escape = p.binary(5)
			}
			l = e
		default:
			op := ""
			if p.cur().kind == tOp {
				switch p.cur().text {
				case "=", "<=>", "<>", "<", "<=", ">", ">=":
					op = p.cur().text
				case "!=":
					op = "<>"
				}
			}
			if op == "" {
				return l
			}
			p.i++
			if p.isKw("ANY") || p.isKw("SOME") || p.isKw("ALL") {
				all := p.next().up == "ALL"
				p.wantOp("(")
				q := p.query()
				p.wantOp(")")
				l = &ast.Quantified{At: at, X: l, Op: op, All: all, Query: q}
				continue
			}
			l = &ast.Binary{At: at, Op: op, L: l, R: p.binary(5)}
		}
	}
}

func (p *parser) unary() ast.Expr {
	at := p.at()
	switch {
	case p.op("-"):
		return &ast.Unary{At: at, Op: "NEG", X: p.unary()}
	case p.op("+"):
		return p.unary()
	case p.op("~"):
		return &ast.Unary{At: at, Op: "~", X: p.unary()}
	case p.op("!"):
		return &ast.Unary{At: at, Op: "NOT", X: p.unary()}
	case p.kw("BINARY"):
		return &ast.Unary{At: at, Op: "BINARY", X: p.unary()}
	case p.kw("INTERVAL"):
		x := p.expr()
		return &ast.Interval{At: at, X: x, Unit: p.next().up}
	}
	e := p.primary()
	for {
		switch {
		case p.kw("COLLATE"):
			e = &ast.Collate{At: at, X: e, Name: p.ident()}
		case p.isOp("->"), p.isOp("->>"):
			op := p.next().text
			e = &ast.Binary{At: at, Op: op, L: e, R: p.primary()}
		default:
			return e
		}
	}
}

func (p *parser) exprList() []ast.Expr {
	out := []ast.Expr{p.expr()}
	for p.op(",") {
		out = append(out, p.expr())
	}
	return out
}

func str(at ast.Pos, s string) *ast.Literal {
	return &ast.Literal{At: at, Value: base.NewString(s), Type: base.Type{ID: base.TypeVarchar, Length: len(s)}}
}

func (p *parser) primary() ast.Expr {
	at := p.at()
	t := p.cur()
	switch t.kind {
	case tNumber:
		p.i++
		return number(at, t.text)
	case tString:
		p.i++
		return str(at, t.text)
	case tHex:
		p.i++
		h := t.text
		if len(h)%2 == 1 {
			h = "0" + h
		}
		b, _ := hex.DecodeString(h)
		return &ast.Literal{At: at, Value: base.NewBytes(string(b)), Type: base.Type{ID: base.TypeVarbinary, Length: len(b)}}
	case tParam:
		p.i++
		p.names = append(p.names, "")
		return &ast.Param{At: at, Index: len(p.names) - 1}
	case tNamed:
		p.i++
		p.names = append(p.names, t.text)
		return &ast.Param{At: at, Index: len(p.names) - 1, Name: t.text}
	case tUserVar:
		p.i++
		return &ast.Variable{At: at, Name: t.text}
	case tSysVar:
		p.i++
		v := &ast.Variable{At: at, Name: t.text, System: true}
		for _, s := range []string{"session", "global", "local"} {
			if strings.HasPrefix(v.Name, s+".") {
				v.Scope, v.Name = s, v.Name[len(s)+1:]
			}
		}
		return v
	case tOp:
		if t.text == "(" {
			p.i++
			if p.startsQuery() {
				q := p.query()
				p.wantOp(")")
				return &ast.Subquery{At: at, Query: q}
			}
			list := p.exprList()
			p.wantOp(")")
			if len(list) == 1 {
				return list[0]
			}
			return &ast.Tuple{At: at, Items: list}
		}
		if t.text == "*" {
			p.i++
			return &ast.Star{At: at}
		}
		p.fail("")
	case tIdent:
		if e := p.word(at, t); e != nil {
			return e
		}
	case tQuoted:
	default:
		p.fail("")
	}
	return p.nameOrCall(at)
}

func number(at ast.Pos, s string) ast.Expr {
	if strings.ContainsAny(s, "eE") {
		f, _ := strconv.ParseFloat(s, 64)
		return &ast.Literal{At: at, Value: base.NewFloat(f), Type: base.Type{ID: base.TypeDouble}}
	}
	if !strings.Contains(s, ".") {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return &ast.Literal{At: at, Value: base.NewInt(n), Type: base.Type{ID: base.TypeBigInt}}
		}
		if n, err := strconv.ParseUint(s, 10, 64); err == nil {
			return &ast.Literal{At: at, Value: base.NewUint(n), Type: base.Type{ID: base.TypeBigInt, Unsigned: true}}
		}
	}
	coef, scale, _, ok := base.ParseDecimal(s)
	if !ok {
		f, _ := strconv.ParseFloat(s, 64)
		return &ast.Literal{At: at, Value: base.NewFloat(f), Type: base.Type{ID: base.TypeDouble}}
	}
	return &ast.Literal{At: at, Value: base.NewDecimal(coef, scale), Type: base.Type{ID: base.TypeDecimal, Precision: uint8(min(38, len(s))), Scale: scale}}
}

func (p *parser) word(at ast.Pos, t tok) ast.Expr {
	switch t.up {
	case "NULL":
		p.i++
		return &ast.Literal{At: at}
	case "TRUE", "FALSE":
		p.i++
		return &ast.Literal{At: at, Value: base.NewBool(t.up == "TRUE"), Type: base.Type{ID: base.TypeTinyInt, Bool: true}}
	case "CASE":
		p.i++
		return p.caseExpr(at)
	case "EXISTS":
		p.i++
		p.wantOp("(")
		q := p.query()
		p.wantOp(")")
		return &ast.Exists{At: at, Query: q}
	case "NOT":
		p.i++
		return &ast.Unary{At: at, Op: "NOT", X: p.binary(3)}
	case "DEFAULT":
		p.i++
		d := &ast.Default{At: at}
		if p.op("(") {
			d.Column = &ast.ColumnRef{Name: p.ident()}
			p.wantOp(")")
		}
		return d
	case "VALUES":
		p.i++
		p.wantOp("(")
		v := &ast.ValuesOf{At: at, Column: &ast.ColumnRef{Name: p.ident()}}
		p.wantOp(")")
		return v
	case "CAST", "CONVERT":
		if p.t[p.i+1].kind == tOp && p.t[p.i+1].text == "(" {
			p.i += 2
			c := &ast.Cast{At: at, X: p.expr()}
			if t.up == "CAST" {
				p.want("AS")
				c.Type = p.castType()
			} else if p.kw("USING") {
				c.Charset = p.next().text
			} else {
				p.wantOp(",")
				c.Type = p.castType()
			}
			p.wantOp(")")
			return c
		}
	case "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_USER", "LOCALTIME", "LOCALTIMESTAMP", "UTC_TIMESTAMP":
		if !(p.t[p.i+1].kind == tOp && p.t[p.i+1].text == "(") {
			p.i++
			return &ast.Call{At: at, Name: t.up}
		}
	case "LEFT", "RIGHT", "IF", "REPLACE", "INSERT", "MOD", "INTERVAL":
		if p.t[p.i+1].kind == tOp && p.t[p.i+1].text == "(" {
			p.i++
			return p.call(at, t.up)
		}
	case "DATE", "TIMESTAMP", "TIME":
		if p.t[p.i+1].kind == tString {
			p.i++
			return &ast.Cast{At: at, X: str(at, p.next().text), Type: map[string]base.Type{"DATE": {ID: base.TypeDate},
				"TIMESTAMP": {ID: base.TypeDateTime, Scale: 6}, "TIME": {ID: base.TypeTime, Scale: 6}}[t.up]}
		}
	}
	return nil
}

func (p *parser) castType() base.Type {
	w := p.next().up
	switch w {
	case "SIGNED", "UNSIGNED":
		_ = p.kw("INTEGER") || p.kw("INT")
		return base.Type{ID: base.TypeBigInt, Unsigned: w == "UNSIGNED"}
	case "CHAR":
		t := base.Type{ID: base.TypeVarchar}
		if p.op("(") {
			t.Length = p.int()
			p.wantOp(")")
		} else {
			t = base.Type{ID: base.TypeLongText}
		}
		return t
	case "BINARY":
		return base.Type{ID: base.TypeLongBlob}
	}
	p.i--
	t, _ := p.typ()
	return t
}

func (p *parser) int() int {
	t := p.next()
	n, err := strconv.Atoi(t.text)
	if t.kind != tNumber || err != nil {
		p.i--
		p.fail("expected an integer")
	}
	return n
}

func (p *parser) caseExpr(at ast.Pos) ast.Expr {
	c := &ast.Case{At: at}
	if !p.isKw("WHEN") {
		c.Operand = p.expr()
	}
	for p.kw("WHEN") {
		w := ast.When{Cond: p.expr()}
		p.want("THEN")
		w.Then = p.expr()
		c.Whens = append(c.Whens, w)
	}
	if p.kw("ELSE") {
		c.Else = p.expr()
	}
	p.want("END")
	return c
}

func (p *parser) nameOrCall(at ast.Pos) ast.Expr {
	name := p.ident()
	if p.isOp("(") {
		return p.call(at, strings.ToUpper(name))
	}
	ref := &ast.ColumnRef{At: at, Name: name}
	for p.op(".") {
		if p.op("*") {
			return &ast.Star{At: at, Schema: ref.Table, Table: ref.Name}
		}
		t := p.next()
		if t.kind != tIdent && t.kind != tQuoted {
			p.i--
			p.fail("expected a name")
		}
		ref.Schema, ref.Table, ref.Name = ref.Table, ref.Name, t.text
	}
	return ref
}

func (p *parser) call(at ast.Pos, name string) ast.Expr {
	p.wantOp("(")
	c := &ast.Call{At: at, Name: name}
	if p.op(")") {
		return c
	}
	c.Distinct = p.kw("DISTINCT")
	c.Args = p.exprList()
	if p.kw("ORDER", "BY") {
		c.OrderBy = p.orderList()
	}
	if p.kw("SEPARATOR") {
		s := p.next().text
		c.Separator = &s
	}
	p.wantOp(")")
	return c
}

func (p *parser) orderList() []ast.OrderItem {
	var out []ast.OrderItem
	for {
		o := ast.OrderItem{Expr: p.expr()}
		if p.kw("DESC") {
			o.Desc = true
		} else {
			p.kw("ASC")
		}
		out = append(out, o)
		if !p.op(",") {
			return out
		}
	}
}
