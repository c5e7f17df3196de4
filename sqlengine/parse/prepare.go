package parse

import (
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// prepare reads PREPARE name FROM 'text'|@variable.
func (p *parser) prepare() ast.Statement {
	s := &ast.Prepare{At: p.at()}
	p.i++
	s.Name = p.name("a name")
	p.expect("FROM")
	if p.tok().kind == tUser {
		s.Var = p.variable()
		return s
	}
	text := p.str("a string or a user variable")
	s.Text = &text
	return s
}

// execute reads EXECUTE name [USING @a, …].
func (p *parser) execute() ast.Statement {
	s := &ast.Execute{At: p.at()}
	p.i++
	s.Name = p.name("a name")
	if p.accept("USING") {
		s.Using = p.userVariables()
	}
	return s
}

func (p *parser) userVariables() []*ast.Variable {
	var list []*ast.Variable
	for ok := true; ok; ok = p.acceptOp(",") {
		if p.tok().kind != tUser {
			p.fail("expected a user variable")
		}
		list = append(list, p.variable())
	}
	return list
}

// deallocate reads the name of DEALLOCATE PREPARE and DROP PREPARE, whose first word is next.
func (p *parser) deallocate() ast.Statement {
	s := &ast.Deallocate{At: p.at()}
	p.i++
	p.expect("PREPARE")
	s.Name = p.name("a name")
	return s
}

// into reads INTO @a, … where a query may have it. Only the query of the whole statement may; see intoOf.
func (p *parser) into() {
	if !p.is("INTO") {
		return
	}
	if p.isWord(p.peek(1), "OUTFILE") || p.isWord(p.peek(1), "DUMPFILE") {
		p.unsupported("SELECT … INTO OUTFILE")
	}
	if p.intoVars != nil {
		p.fail("INTO is given already")
	}
	p.intoTok = p.i
	p.i++
	p.intoVars = p.userVariables()
}

// intoOf makes the statement of a query that had an INTO.
func (p *parser) intoOf(at ast.Pos, q ast.Query) ast.Statement {
	if p.intoVars == nil {
		return q
	}
	return &ast.SelectInto{At: at, Query: q, Vars: p.intoVars}
}

// noInto fails at an INTO that stands in a query inside another statement.
func (p *parser) noInto() {
	if p.intoVars != nil {
		p.i = p.intoTok
		p.fail("INTO belongs to the outermost SELECT")
	}
}
