package parse

import (
	"slices"
	"strings"

	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// from writes table references. The core sees the joins and their conditions; each table, subquery or function with its alias and
// hints is one stand-in.
func (e *emitter) from() {
	p := e.p
	e.factor()
	var open openJoins
	for n := 0; ; n++ {
		p.chain(n)
		isFull := p.is("FULL", "JOIN") || p.is("FULL", "OUTER", "JOIN")
		switch {
		case p.isOp(","):
			open = openJoins{}
			e.raw(",")
			p.i++
		case p.is("ON") && !p.is("ON", "DUPLICATE"):
			open.close(e)
			p.i++
			e.raw(" on (")
			e.expr()
			e.raw(")")
			continue
		case p.is("USING"):
			open.close(e)
			p.i++
			e.raw(" using ")
			e.using()
			continue
		default:
			join := p.joinWords()
			if join == "" {
				return
			}
			e.straight = append(e.straight, join == straight)
			if join == straight {
				join = " join"
			}
			e.raw(join)
			if open.last = !isFull && !strings.HasPrefix(join, " natural"); open.last {
				open.at = append(open.at, len(e.buf))
			}
		}
		e.factor()
		if isFull {
			e.fullCondition()
		}
	}
}

// openJoins are the joins of a list that have no condition yet: where their right sides start in the core's text.
type openJoins struct {
	at   []int
	last bool // the last join is one of them
}

// close gives the next condition to the innermost of them. When joins with conditions of their own have come since, they are
// its right side: a JOIN b LEFT JOIN c ON … ON … is a JOIN (b LEFT JOIN c ON …) ON …, which the core reads with parentheses
// alone.
func (o *openJoins) close(e *emitter) {
	n := len(o.at) - 1
	if n < 0 {
		return
	}
	at := o.at[n]
	o.at = o.at[:n]
	if !o.last {
		e.buf = slices.Insert(e.buf, at, '(')
		for i := range e.spots {
			if e.spots[i].at >= at {
				e.spots[i].at++
			}
		}
		e.raw(")")
	}
	o.last = false
}

// straight is what joinWords returns of STRAIGHT_JOIN, which the core does not know with USING.
const straight = " straight_join"

// joinWords reads the key words of a join and returns those of the core, or straight.
func (p *parser) joinWords() string {
	natural := ""
	if p.accept("NATURAL") {
		natural = " natural"
	}
	switch {
	case p.accept("JOIN"), p.accept("INNER", "JOIN"):
		return natural + " join"
	case natural == "" && p.accept("CROSS", "JOIN"):
		return " join"
	case natural == "" && p.accept("STRAIGHT_JOIN"):
		return straight
	case p.accept("LEFT", "JOIN"), p.accept("LEFT", "OUTER", "JOIN"):
		return natural + " left join"
	case p.accept("RIGHT", "JOIN"), p.accept("RIGHT", "OUTER", "JOIN"):
		return natural + " right join"
	case natural == "" && (p.accept("FULL", "JOIN") || p.accept("FULL", "OUTER", "JOIN")):
		return " left join"
	}
	if p.is("LEFT") || p.is("RIGHT") || p.is("INNER") || p.is("CROSS") || natural != "" {
		p.i++
		p.fail("expected JOIN")
	}
	return ""
}

func (e *emitter) using() { e.columnList(false) }

// columnList writes (column, …); qualified drops the tables that may stand before the columns.
func (e *emitter) columnList(qualified bool) {
	p := e.p
	p.expectOp("(")
	e.raw("(")
	for {
		for qualified && isOp(p.peek(1), ".") {
			p.anyName("a column")
			p.i++
		}
		e.name("a column")
		if !p.isOp(",") {
			break
		}
		e.raw(",")
		p.i++
	}
	p.expectOp(")")
	e.raw(")")
}

// fullCondition writes the condition of a FULL JOIN, which must follow at once, with its mark.
func (e *emitter) fullCondition() {
	p := e.p
	if p.accept("USING") {
		e.raw(" using (" + full + ",")
		at := len(e.buf)
		e.using()
		e.buf = append(e.buf[:at], e.buf[at+1:]...) // one list
		return
	}
	p.expect("ON")
	e.raw(" on " + full + " = (")
	e.expr()
	e.raw(")")
}

// factor writes one operand of a join.
func (e *emitter) factor() {
	p, at := e.p, e.p.at()
	switch {
	case p.isOp("(") && !p.queryAt(p.i):
		p.enter()
		p.i++
		e.raw("(")
		e.from()
		p.expectOp(")")
		e.raw(")")
		p.leave()
	case p.isOp("("), p.is("LATERAL"):
		d := &ast.Derived{At: at, Lateral: p.accept("LATERAL")}
		d.Query = p.parenQuery()
		d.Alias = p.tableAlias()
		if d.Alias == "" {
			p.failCode(errno.DerivedAlias, "Every derived table must have its own alias")
		}
		if p.isOp("(") {
			d.Columns = p.nameList("a column")
		}
		e.table(d)
	case isOp(p.peek(1), "(") && (isName(p.tok()) || p.is("JSON_TABLE")):
		e.table(p.tableFunc())
	default:
		e.table(p.tableRef())
	}
}

// tableName reads [schema.]name.
func (p *parser) tableName() *ast.TableName {
	t := &ast.TableName{At: p.at(), Name: p.name("a table")}
	if p.acceptOp(".") {
		t.Schema, t.Name = t.Name, p.anyName("a table")
	}
	return t
}

// tableRef reads a table name with partitions, a time to read as of, an alias and index hints.
func (p *parser) tableRef() *ast.TableName {
	t := p.tableName()
	if p.accept("PARTITION") {
		t.Partitions = p.nameList("a partition")
	}
	if p.accept("FOR", "SYSTEM_TIME") {
		p.expect("AS", "OF")
		t.AsOf = &ast.AsOf{Kind: p.expectAny("TIMESTAMP", "COMMIT", "CHECKPOINT")}
		if t.AsOf.Kind == "CHECKPOINT" && isName(p.tok()) {
			t.AsOf.Value = text(p.at(), p.name("a checkpoint"))
		} else {
			t.AsOf.Value = p.bit(1)
		}
	}
	t.Alias = p.tableAlias()
	for {
		h := ast.IndexHint{Kind: p.acceptAny("USE", "FORCE", "IGNORE")}
		if h.Kind == "" {
			return t
		}
		p.expectAny("INDEX", "KEY")
		if p.accept("FOR") {
			if h.For = p.expectAny("JOIN", "ORDER", "GROUP"); h.For != "JOIN" {
				p.expect("BY")
				h.For += " BY"
			}
		}
		p.expectOp("(")
		for !p.acceptOp(")") {
			if p.accept("PRIMARY") {
				h.Indexes = append(h.Indexes, "PRIMARY")
			} else {
				h.Indexes = append(h.Indexes, p.name("an index"))
			}
			if !p.acceptOp(",") && !p.isOp(")") {
				p.fail("expected ',' or ')'")
			}
		}
		t.Hints = append(t.Hints, h)
		p.acceptOp(",")
	}
}

// tableAlias reads [AS] alias of a table, "" if there is none. Words that may follow a table are not taken for one.
func (p *parser) tableAlias() string {
	if p.accept("AS") {
		if p.tok().kind == tString {
			return p.stringValue()
		}
		return p.name("an alias")
	}
	t := p.tok()
	if !isName(t) || p.is("RETURNING") || p.is("FULL", "JOIN") || p.is("FULL", "OUTER") {
		return ""
	}
	return p.name("an alias")
}

// tableFunc reads a table function with its alias.
func (p *parser) tableFunc() *ast.TableFunc {
	f := &ast.TableFunc{At: p.at(), Name: strings.ToUpper(p.anyName("a function"))}
	p.expectOp("(")
	switch {
	case f.Name == "JSON_TABLE":
		f.Args = []ast.Expr{p.expr()}
		p.expectOp(",")
		f.Args = append(f.Args, text(p.at(), p.str("a JSON path")))
		f.Columns = p.jsonColumns()
	case !p.isOp(")"):
		f.Args = p.exprList()
	}
	p.expectOp(")")
	f.Alias = p.tableAlias()
	if f.Name == "JSON_TABLE" && f.Alias == "" {
		p.failCode(errno.TableFuncAlias, "Every table function must have an alias.")
	}
	return f
}

// jsonColumns reads COLUMNS (…) of JSON_TABLE.
func (p *parser) jsonColumns() []ast.JSONColumn {
	p.enter()
	defer p.leave()
	p.expect("COLUMNS")
	p.expectOp("(")
	var list []ast.JSONColumn
	for ok := true; ok; ok = p.acceptOp(",") {
		var c ast.JSONColumn
		if p.accept("NESTED") {
			p.accept("PATH")
			c.Path = p.str("a JSON path")
			c.Nested = p.jsonColumns()
			list = append(list, c)
			continue
		}
		c.Name = p.name("a column")
		if c.Ordinality = p.accept("FOR", "ORDINALITY"); !c.Ordinality {
			c.Type, _ = p.columnType()
			c.Exists = p.accept("EXISTS")
			p.expect("PATH")
			c.Path = p.str("a JSON path")
			p.jsonFallbacks(&c)
		}
		list = append(list, c)
	}
	p.expectOp(")")
	return list
}

func (p *parser) jsonFallbacks(c *ast.JSONColumn) {
	for {
		f := &ast.JSONFallback{Kind: p.acceptAny("NULL", "ERROR", "DEFAULT")}
		if f.Kind == "" {
			return
		}
		if f.Kind == "DEFAULT" {
			f.Value = p.str("a string")
		}
		p.expect("ON")
		if p.expectAny("EMPTY", "ERROR") == "EMPTY" {
			c.OnEmpty = f
		} else {
			c.OnError = f
		}
	}
}
