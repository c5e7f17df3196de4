package parse

import (
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/xwb1989/sqlparser"
)

func (p *parser) newEmitter() *emitter {
	return &emitter{p: p, buf: make([]byte, 0, 256)}
}

// insert reads INSERT and REPLACE.
func (p *parser) insert() ast.Statement {
	s := &ast.Insert{At: p.at(), Replace: p.is("REPLACE")}
	p.i++
	p.acceptAny("LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY")
	s.Ignore = p.accept("IGNORE")
	p.accept("INTO")
	s.Table = p.tableName()
	if p.accept("PARTITION") {
		s.Table.Partitions = p.nameList("a partition")
	}
	e := p.newEmitter()
	e.raw("insert into ")
	e.table(s.Table)
	if p.isOp("(") && !p.queryAt(p.i) {
		e.columns()
	}
	set := false
	var given givenRows
	switch {
	case p.is("VALUES") && !p.is("VALUES", "ROW") || p.is("VALUE"):
		p.i++
		e.raw(" values ")
		given = e.rows()
	case p.accept("SET"):
		set = true
		e.raw(" set ")
		e.assignments()
	default:
		s.Query = p.query()
		e.raw(" select 1")
	}
	if s.Query == nil && p.accept("AS") {
		s.RowAlias = p.name("an alias")
		if p.isOp("(") {
			s.ColAlias = p.nameList("a column")
		}
	}
	if p.is("ON") {
		p.expect("ON", "DUPLICATE", "KEY", "UPDATE")
		e.raw(" on duplicate key update ")
		e.assignments()
	}
	s.Returning = p.returning()
	e.finishInsert(s, set, given)
	return s
}

func (e *emitter) finishInsert(s *ast.Insert, set bool, given givenRows) {
	n, ok := e.core().(*sqlparser.Insert)
	if !ok {
		e.broken("INSERT")
	}
	for _, c := range n.Columns {
		s.Columns = append(s.Columns, e.identText(c.String()))
	}
	if rows, ok := n.Rows.(sqlparser.Values); ok {
		if set {
			given = make(givenRows, len(rows))
		}
		s.Rows = given.with(rows, e)
	} else if set || s.Query == nil {
		e.broken("INSERT")
	}
	s.OnDup = e.sets(sqlparser.UpdateExprs(n.OnDup))
}

// columns writes (a, b, t.c); an empty list is left out, as it means the same.
func (e *emitter) columns() {
	if p := e.p; isOp(p.peek(1), ")") {
		p.i += 2
		return
	}
	e.raw(" ")
	e.columnList(true)
}

// assignments writes a = x, t.b = y, ….
func (e *emitter) assignments() {
	p := e.p
	for {
		e.name("a column")
		for p.acceptOp(".") {
			e.raw(".")
			if k := p.tok().kind; k != tWord && k != tQuoted && k != tIntro {
				p.fail("expected a column")
			}
			e.ident()
		}
		if !p.acceptOp(":=") {
			p.expectOp("=")
		}
		e.raw(" = ")
		e.expr()
		if !p.isOp(",") {
			return
		}
		e.raw(",")
		p.i++
	}
}

func (e *emitter) sets(n sqlparser.UpdateExprs) []ast.SetItem {
	var out []ast.SetItem
	for _, u := range n {
		ref, ok := e.column(u.Name).(*ast.ColumnRef)
		if !ok {
			e.broken("an assignment")
		}
		out = append(out, ast.SetItem{Column: ref, Value: e.convert(u.Expr)})
	}
	return out
}

func (p *parser) update(with *ast.With) ast.Statement {
	s := &ast.Update{At: p.at(), With: with}
	p.i++
	p.accept("LOW_PRIORITY")
	s.Ignore = p.accept("IGNORE")
	e := p.newEmitter()
	e.raw("update ")
	e.from()
	p.expect("SET")
	e.raw(" set ")
	e.assignments()
	e.whereClause()
	e.tail(false)
	s.Returning = p.returning()
	n, ok := e.core().(*sqlparser.Update)
	if !ok {
		e.broken("UPDATE")
	}
	s.From, s.Set, s.Where = e.fromOf(n.TableExprs), e.sets(n.Exprs), e.where(n.Where)
	s.OrderBy, s.Limit = e.order(n.OrderBy), e.limitOf(n.Limit)
	return s
}

func (p *parser) delete(with *ast.With) ast.Statement {
	s := &ast.Delete{At: p.at(), With: with}
	p.i++
	for p.acceptAny("LOW_PRIORITY", "QUICK") != "" {
	}
	s.Ignore = p.accept("IGNORE")
	e := p.newEmitter()
	e.raw("delete ")
	switch start := p.i; {
	case !p.accept("FROM"): // DELETE t1, t2 FROM …
		p.targets(s)
		p.expect("FROM")
	case p.usingAhead(): // DELETE FROM t1, t2 USING …
		p.i = start + 1
		p.targets(s)
		p.expect("USING")
	default:
		e.raw("from ")
		e.table(p.tableRef())
		e.whereClause()
		e.tail(false)
		s.Returning = p.returning()
		e.finishDelete(s)
		return s
	}
	e.raw("t from ") // the targets have been read
	e.from()
	e.whereClause()
	s.Returning = p.returning()
	e.finishDelete(s)
	return s
}

func (e *emitter) finishDelete(s *ast.Delete) {
	n, ok := e.core().(*sqlparser.Delete)
	if !ok {
		e.broken("DELETE")
	}
	s.From, s.Where = e.fromOf(n.TableExprs), e.where(n.Where)
	s.OrderBy, s.Limit = e.order(n.OrderBy), e.limitOf(n.Limit)
}

// usingAhead reports whether a list of tables with USING behind it comes next.
func (p *parser) usingAhead() bool {
	for i := p.i; ; i++ {
		switch t := &p.toks[i]; {
		case t.kw == "USING":
			return true
		case !isName(t) && !isOp(t, ".") && !isOp(t, ",") && !isOp(t, "*"):
			return false
		}
	}
}

// targets reads the tables that a DELETE of several tables deletes from: t, s.t or t.*.
func (p *parser) targets(s *ast.Delete) {
	for ok := true; ok; ok = p.acceptOp(",") {
		t := &ast.TableName{At: p.at(), Name: p.name("a table")}
		if p.isOp(".") && !isOp(p.peek(1), "*") {
			p.i++
			t.Schema, t.Name = t.Name, p.anyName("a table")
		}
		if p.acceptOp(".") {
			p.expectOp("*")
		}
		s.Targets = append(s.Targets, t)
	}
}

// returning reads RETURNING and its list; nil if none is next.
func (p *parser) returning() []ast.SelectItem {
	if !p.accept("RETURNING") {
		return nil
	}
	var list []ast.SelectItem
	for ok := true; ok; ok = p.acceptOp(",") {
		list = append(list, p.rowItem())
	}
	return list
}

// rowItem reads an item of a list over a row.
func (p *parser) rowItem() ast.SelectItem {
	start := p.i
	it := ast.SelectItem{At: p.at()}
	if star := p.star(); star != nil {
		it.Expr = star
		it.Text = p.since(start)
		return it
	}
	it.Expr = p.expr()
	it.Text = p.since(start)
	it.Alias = p.alias()
	return it
}
