package parse

import (
	"strings"

	"github.com/s3sql/s3sql/sqlengine/ast"
)

// set reads every form of SET.
func (p *parser) set() ast.Statement {
	s := &ast.SetVariables{At: p.at()}
	p.i++
	for first := true; first || p.acceptOp(","); first = false {
		scope := ""
		if !isAssign(p.peek(1)) {
			switch scope = strings.ToLower(p.acceptAny("SESSION", "LOCAL", "GLOBAL", "PERSIST_ONLY", "PERSIST")); scope {
			case "local":
				scope = "session"
			}
		}
		if first && scope == "" {
			p.refuseSet()
		}
		if first && p.accept("TRANSACTION") {
			return p.setTransaction(strings.ToUpper(scope))
		}
		s.Items = append(s.Items, p.assignment(scope)...)
	}
	return s
}

// refuseSet refuses SET PASSWORD, SET ROLE and SET DEFAULT ROLE.
func (p *parser) refuseSet() {
	switch w := strings.ToUpper(p.text(p.tok())); {
	case (w == "PASSWORD" || w == "ROLE") && !isAssign(p.peek(1)), w == "PASSWORD":
		p.accounts("SET " + w)
	case p.is("DEFAULT", "ROLE"):
		p.accounts("SET DEFAULT ROLE")
	}
}

func isAssign(t *token) bool { return isOp(t, "=") || isOp(t, ":=") }

// assignment reads one element of SET: a variable and its value, NAMES or CHARACTER SET.
func (p *parser) assignment(scope string) []ast.SetVariable {
	at := p.at()
	switch {
	case scope == "" && p.accept("NAMES"):
		items := []ast.SetVariable{p.setCharset(at, "names")}
		if p.accept("COLLATE") {
			items = append(items, p.setCharset(at, "collation_connection"))
		}
		return items
	case scope == "" && (p.accept("CHARACTER", "SET") || p.accept("CHARSET")):
		client := p.setCharset(at, "character_set_client")
		results := client
		results.Var.Name = "character_set_results"
		return []ast.SetVariable{client, results}
	}
	v := ast.Variable{At: at, System: true, Scope: scope}
	switch t := p.tok(); t.kind {
	case tUser, tSys:
		v = *p.variable()
	case tWord, tQuoted:
		v.Name = strings.ToLower(p.name("a variable"))
		if p.acceptOp(".") {
			v.Name += "." + strings.ToLower(p.anyName("a variable"))
		}
	default:
		p.fail("expected a variable")
	}
	if !isAssign(p.tok()) {
		p.fail("expected '='")
	}
	p.i++
	it := ast.SetVariable{Var: v}
	if !v.System {
		it.Value = p.expr()
		return []ast.SetVariable{it}
	}
	it.Value = p.settingValue()
	return []ast.SetVariable{it}
}

// settingValue reads the value of a system variable: DEFAULT gives nil and a bare word is a string.
func (p *parser) settingValue() ast.Expr {
	t, at := p.tok(), p.at()
	end := p.peek(1).kind == tEOF || isOp(p.peek(1), ",") || isOp(p.peek(1), ";")
	switch {
	case !end || t.kind != tWord:
		return p.expr()
	case p.accept("DEFAULT"):
		return nil
	case t.kw == "ON" || t.kw == "ALL" || t.kw == "BINARY" || t.kw == "ROW" || t.kw == "SYSTEM" || t.kw == "":
		p.i++
		return text(at, p.nameText(t))
	}
	return p.expr()
}

// setCharset reads the name of a character set or collation, or DEFAULT.
func (p *parser) setCharset(at ast.Pos, name string) ast.SetVariable {
	it := ast.SetVariable{Var: ast.Variable{At: at, Name: name, System: true}}
	if vt := p.at(); !p.accept("DEFAULT") {
		it.Value = text(vt, p.charset("a character set"))
	}
	return it
}
