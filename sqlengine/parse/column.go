package parse

import (
	"fmt"
	"strings"

	"github.com/s3sql/s3sql/sqlengine/ast"
)

// columnDef reads name type attributes, in any order.
func (p *parser) columnDef() ast.ColumnDef {
	c := ast.ColumnDef{At: p.at(), Name: p.name("a column")}
	c.Type, c.TypeText = p.columnType()
	if strings.EqualFold(c.TypeText, "SERIAL") {
		c.NotNull, c.AutoIncrement, c.Unique = true, true, true
	}
	for p.attribute(&c) || p.constraint(&c) {
	}
	return c
}

// attribute reads one attribute of a column; false if none is next.
//
//lint:long one case an attribute
func (p *parser) attribute(c *ast.ColumnDef) bool {
	switch {
	case p.accept("NOT", "NULL"):
		c.NotNull, c.Null = true, false // of both, the last one counts
	case p.accept("NULL"):
		c.NotNull, c.Null = false, true
	case p.accept("DEFAULT"):
		c.Default, c.DefaultText = p.defaultValue()
	case p.accept("ON", "UPDATE"):
		c.OnUpdateNow, c.OnUpdateScale = true, p.now().precision()
	case p.accept("AUTO_INCREMENT"):
		c.AutoIncrement = true
	case p.accept("SERIAL", "DEFAULT", "VALUE"):
		c.NotNull, c.AutoIncrement, c.Unique = true, true, true
	case p.accept("PRIMARY", "KEY"), p.accept("KEY"), p.accept("PRIMARY"):
		c.PrimaryKey = true
	case p.accept("UNIQUE"):
		p.accept("KEY")
		c.Unique = true
	case p.accept("COMMENT"):
		c.Comment = p.str("a string")
	case p.accept("COLLATE"):
		c.Type.Collation = p.charset("a collation")
	case p.accept("INVISIBLE"):
		c.Invisible = true
	case p.accept("VISIBLE"):
	case p.accept("ENCRYPTED"):
		c.Encrypted = true
	case p.accept("COLUMN_FORMAT"):
		p.expectAny("FIXED", "DYNAMIC", "DEFAULT")
	case p.accept("STORAGE"):
		p.expectAny("DISK", "MEMORY", "DEFAULT")
	case p.accept("ENGINE_ATTRIBUTE"), p.accept("SECONDARY_ENGINE_ATTRIBUTE"):
		p.acceptOp("=")
		p.str("a string")
	case p.accept("SRID"):
		p.int(1<<32 - 1)
	default:
		return false
	}
	return true
}

// constraint reads GENERATED, CHECK or REFERENCES; false if none is next.
func (p *parser) constraint(c *ast.ColumnDef) bool {
	at := p.at()
	switch {
	case p.accept("GENERATED", "ALWAYS", "AS"), p.accept("AS"):
		c.Generated, c.GeneratedText = p.inParens()
		switch {
		case p.accept("STORED"):
			c.Stored = true
		default:
			p.accept("VIRTUAL")
		}
	case p.is("CHECK"):
		c.Check = append(c.Check, p.check(at, ""))
	case p.accept("CONSTRAINT"):
		name := ""
		if isName(p.tok()) {
			name = p.name("a constraint")
		}
		c.Check = append(c.Check, p.check(at, name))
	case p.is("REFERENCES"):
		f := p.references()
		f.Columns = []string{c.Name}
		c.References = f
	default:
		return false
	}
	return true
}

// defaultValue reads a constant with an optional sign, CURRENT_TIMESTAMP in its spellings, or (expression).
func (p *parser) defaultValue() (ast.Expr, string) {
	start := p.i
	var e ast.Expr
	switch t := p.tok(); {
	case p.isOp("("):
		e = p.paren()
	case t.kw == "CURRENT_TIMESTAMP", t.kw == "LOCALTIME", t.kw == "LOCALTIMESTAMP", p.is("NOW"):
		n := p.now()
		return n.call, n.text()
	case t.kind == tOp && (t.kw == "-" || t.kw == "+"):
		if p.peek(1).kind != tNumber {
			p.i++
			p.fail("expected a number")
		}
		e = p.unary()
	case t.kind == tWord && t.kw != "NULL" && t.kw != "TRUE" && t.kw != "FALSE" && !(t.kw == "" && p.peek(1).kind == tString):
		// CURRENT_DATE, UUID() and so on: MySQL wants parentheses around them, older clients leave them out.
		if !isOp(p.peek(1), "(") && !bareCall(t.kw) {
			p.fail("expected a constant, CURRENT_TIMESTAMP or an expression in parentheses")
		}
		e = p.primary()
	default:
		e = p.primary()
	}
	return e, p.since(start)
}

// moment is CURRENT_TIMESTAMP, or one of its synonyms, as a DEFAULT.
type moment struct{ call *ast.Call }

// precision returns the digits of a second.
func (m moment) precision() int {
	if len(m.call.Args) == 0 {
		return 0
	}
	return int(m.call.Args[0].(*ast.Literal).Value.Int())
}

// text is how MySQL writes it.
func (m moment) text() string {
	if n := m.precision(); n > 0 {
		return fmt.Sprintf("CURRENT_TIMESTAMP(%d)", n)
	}
	return "CURRENT_TIMESTAMP"
}

// now reads CURRENT_TIMESTAMP, NOW() and their synonyms with an optional precision.
func (p *parser) now() moment {
	c := &ast.Call{At: p.at(), Name: p.expectAny("CURRENT_TIMESTAMP", "NOW", "LOCALTIME", "LOCALTIMESTAMP")}
	if p.isOp("(") || c.Name == "NOW" {
		p.expectOp("(")
		if !p.isOp(")") {
			at := p.at()
			c.Args = []ast.Expr{number(at, p.text(p.tok()))}
			p.int(6)
		}
		p.expectOp(")")
	}
	return moment{c}
}
