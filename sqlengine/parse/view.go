package parse

import (
	"strings"

	"github.com/s3sql/s3sql/sqlengine/ast"
)

// view reads CREATE and ALTER VIEW behind the first word; nil, with nothing read, when it is another statement.
func (p *parser) view(at ast.Pos, alter bool) ast.Statement {
	start := p.i
	v := &ast.CreateView{At: at, Alter: alter}
	v.Replace = !alter && p.accept("OR", "REPLACE")
	if p.accept("ALGORITHM") {
		p.acceptOp("=")
		v.Algorithm = p.expectAny("UNDEFINED", "MERGE", "TEMPTABLE")
	}
	if p.accept("DEFINER") {
		p.acceptOp("=")
		v.Definer = p.user()
	}
	if p.accept("SQL", "SECURITY") {
		v.Security = p.expectAny("DEFINER", "INVOKER")
	}
	if !p.accept("VIEW") {
		p.i = start
		return nil
	}
	v.Name = p.tableName()
	if p.isOp("(") {
		v.Columns = p.nameList("a column")
	}
	p.expect("AS")
	p.checkOption(v)
	v.QueryAt = p.at()
	from := p.i
	v.Query = p.query()
	v.Text = p.since(from)
	return v
}

// user reads a definer: 'name'@'host', name, CURRENT_USER.
func (p *parser) user() string {
	if p.accept("CURRENT_USER") {
		if p.acceptOp("(") {
			p.expectOp(")")
		}
		return ""
	}
	name := ""
	if p.tok().kind == tString {
		name = p.str("a user")
	} else {
		name = p.name("a user")
	}
	host := "%"
	if t := p.tok(); strings.HasPrefix(p.text(t), "@") {
		host = strings.Trim(p.text(t)[1:], "'\"`")
		p.i++
	}
	return name + "@" + host
}

// checkOption takes WITH … CHECK OPTION from the end of the statement, where the query's own grammar would stop.
func (p *parser) checkOption(v *ast.CreateView) {
	end := len(p.toks) - 1
	for end > p.i && isOp(&p.toks[end-1], ";") {
		end--
	}
	if end-p.i < 4 || !p.isWord(&p.toks[end-1], "OPTION") || !p.isWord(&p.toks[end-2], "CHECK") {
		return
	}
	k := end - 3
	v.CheckOption = "CASCADED"
	if p.isWord(&p.toks[k], "CASCADED") || p.isWord(&p.toks[k], "LOCAL") {
		v.CheckOption = strings.ToUpper(p.text(&p.toks[k]))
		k--
	}
	if !p.isWord(&p.toks[k], "WITH") {
		p.failAt(k, "expected WITH")
	}
	eof := p.toks[len(p.toks)-1]
	eof.pos, eof.end = p.toks[k].pos, p.toks[k].pos
	p.toks = append(append([]token(nil), p.toks[:k]...), eof)
}

func (p *parser) dropView(at ast.Pos) ast.Statement {
	d := &ast.DropView{At: at, IfExists: p.accept("IF", "EXISTS")}
	for ok := true; ok; ok = p.acceptOp(",") {
		d.Names = append(d.Names, p.tableName())
	}
	p.acceptAny("RESTRICT", "CASCADE")
	return d
}
