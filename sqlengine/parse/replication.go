package parse

import (
	"strings"

	"github.com/s3sql/s3sql/sqlengine/ast"
)

// replication reads what follows CREATE REPLICATION name: TO target ['address'] [WITH (…)] (items).
func (p *parser) replication(c *ast.CreateObject) {
	p.expect("TO")
	c.Target = strings.ToUpper(p.name("a target"))
	if !p.is("WITH") && !isOp(p.tok(), "(") {
		c.Address = &ast.Option{At: p.at(), Value: p.objectValue()}
	}
	if p.accept("WITH") {
		c.Options = p.objectOptions()
	}
	p.expectOp("(")
	for ok := true; ok; ok = p.acceptOp(",") {
		c.Items = append(c.Items, p.replicationItem())
	}
	p.expectOp(")")
	if c.Options == nil && p.accept("WITH") {
		c.Options = p.objectOptions()
	}
}

func (p *parser) replicationItem() *ast.ReplicationItem {
	it := &ast.ReplicationItem{At: p.at()}
	switch {
	case p.accept("ALL", "TABLES"):
		if p.accept("EXCEPT") {
			it.Except = append(it.Except, p.tableName())
			for p.comma() {
				it.Except = append(it.Except, p.tableName())
			}
		}
	case p.accept("TABLE"):
		it.Table = p.tableName()
		if p.accept("INTO") {
			it.Into = p.name("a destination")
		}
	default:
		p.fail("expected TABLE name or ALL TABLES")
	}
	if p.accept("FOR") {
		for ok := true; ok; ok = p.comma() {
			it.For = append(it.For, p.expectAny("INSERT", "UPDATE", "DELETE"))
		}
	}
	if it.Table != nil && p.accept("AS") {
		p.transform(it)
	}
	return it
}

// comma reads a comma unless the next item of the replication follows.
func (p *parser) comma() bool {
	if next := p.peek(1); p.isWord(next, "TABLE") || p.isWord(next, "ALL") {
		return false
	}
	return p.acceptOp(",")
}

// transform reads SELECT list [WHERE condition].
func (p *parser) transform(it *ast.ReplicationItem) {
	p.expect("SELECT")
	from := p.i
	it.List = []ast.SelectItem{p.rowItem()}
	for p.comma() {
		it.List = append(it.List, p.rowItem())
	}
	it.Select = p.since(from)
	if p.is("FROM") {
		p.fail("a transform selects from the row that has changed: it has no FROM")
	}
	if p.accept("WHERE") {
		from = p.i
		it.Cond = p.expr()
		it.Where = p.since(from)
	}
}

// Transform reads the text of the SELECT list of a replication, and of its condition, which may be "".
func Transform(list, where string) (items []ast.SelectItem, cond ast.Expr, err error) {
	p, err := newParser(list)
	if err != nil {
		return nil, nil, err
	}
	err = p.guard(func() {
		for ok := true; ok; ok = p.acceptOp(",") {
			items = append(items, p.rowItem())
		}
		if p.tok().kind != tEOF {
			p.fail("")
		}
	})
	if err == nil && where != "" {
		cond, err = Expr(where)
	}
	return items, cond, err
}

// runObject reads TEST REPLICATION name and RUN REPLICATION name [UNTIL CAUGHT UP].
func (p *parser) runObject() ast.Statement {
	r := &ast.RunObject{At: p.at(), Test: p.accept("TEST")}
	if !r.Test {
		p.expect("RUN")
	}
	r.Kind = p.expectAny("REPLICATION")
	r.Name = p.name("a replication")
	if !r.Test && p.accept("UNTIL") {
		p.expect("CAUGHT", "UP")
		r.Until = true
	}
	return r
}
