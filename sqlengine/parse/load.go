package parse

import (
	"strings"

	"github.com/s3sql/s3sql/sqlengine/ast"
)

const maxSkip = 1 << 31

// load reads LOAD DATA.
func (p *parser) load() ast.Statement {
	s := &ast.LoadData{At: p.at(), Format: ast.LoadFormat{FieldEnd: "\t", Escaped: "\\", LineEnd: "\n"}}
	p.i++
	if p.is("XML") || p.is("INDEX") {
		p.unsupported("LOAD " + strings.ToUpper(p.text(p.tok())))
	}
	p.expect("DATA")
	p.acceptAny("LOW_PRIORITY", "CONCURRENT")
	s.Local = p.accept("LOCAL")
	p.expect("INFILE")
	s.File = p.str("a file name")
	switch {
	case p.accept("REPLACE"):
		s.Replace = true
	case p.accept("IGNORE"):
		s.Ignore = true
	}
	p.expect("INTO", "TABLE")
	s.Table = p.tableName()
	if p.accept("PARTITION") {
		s.Table.Partitions = p.nameList("a partition")
	}
	if p.accept("CHARACTER", "SET") || p.accept("CHARSET") {
		if p.tok().kind == tString {
			s.Charset = strings.ToLower(p.stringValue())
		} else {
			s.Charset = strings.ToLower(p.anyName("a character set"))
		}
	}
	p.loadFormat(&s.Format)
	if p.accept("IGNORE") {
		s.Skip = p.int(maxSkip)
		p.expectAny("LINES", "ROWS")
	}
	if p.isOp("(") {
		s.Fields = p.loadItems()
	}
	if p.accept("SET") {
		s.Set = p.setItems()
	}
	return s
}

// loadFormat reads FIELDS … and LINES ….
func (p *parser) loadFormat(f *ast.LoadFormat) {
	if p.acceptAny("FIELDS", "COLUMNS") != "" {
		for more := true; more; more = p.is("TERMINATED") || p.is("OPTIONALLY") || p.is("ENCLOSED") || p.is("ESCAPED") {
			switch {
			case p.accept("TERMINATED", "BY"):
				f.FieldEnd = p.separator("a string")
			case p.accept("OPTIONALLY", "ENCLOSED", "BY"):
				f.Optionally, f.Enclosed = true, p.separator("a character")
			case p.accept("ENCLOSED", "BY"):
				f.Enclosed = p.separator("a character")
			case p.accept("ESCAPED", "BY"):
				f.Escaped = p.separator("a character")
			default:
				p.fail("expected TERMINATED, ENCLOSED or ESCAPED BY")
			}
		}
	}
	if !p.accept("LINES") {
		return
	}
	for n := 0; ; n++ {
		switch {
		case p.accept("STARTING", "BY"):
			f.LineStart = p.separator("a string")
		case p.accept("TERMINATED", "BY"):
			f.LineEnd = p.separator("a string")
		case n == 0:
			p.fail("expected STARTING or TERMINATED")
		default:
			return
		}
	}
}

// separator reads a string, or a hexadecimal or bit literal that stands for one.
func (p *parser) separator(what string) string {
	if t := p.tok(); t.kind == tHex || t.kind == tBit {
		p.i++
		return p.bytesValue(t)
	}
	return p.str(what)
}

// loadItems reads (column, @variable, …).
func (p *parser) loadItems() []ast.LoadItem {
	p.expectOp("(")
	list := []ast.LoadItem{}
	for !p.acceptOp(")") {
		if len(list) > 0 {
			p.expectOp(",")
		}
		it := ast.LoadItem{At: p.at()}
		if p.tok().kind == tUser {
			it.Name, it.Variable = p.variable().Name, true
		} else {
			for it.Name = p.name("a column"); p.acceptOp("."); {
				it.Name = p.anyName("a column")
			}
		}
		list = append(list, it)
	}
	return list
}

// setItems reads column = expression, ….
func (p *parser) setItems() []ast.SetItem {
	var list []ast.SetItem
	for ok := true; ok; ok = p.acceptOp(",") {
		ref := &ast.ColumnRef{At: p.at(), Name: p.name("a column")}
		for p.acceptOp(".") {
			ref.Schema, ref.Table, ref.Name = ref.Table, ref.Name, p.anyName("a column")
		}
		if !p.acceptOp(":=") {
			p.expectOp("=")
		}
		it := ast.SetItem{Column: ref}
		if at := p.at(); p.is("DEFAULT") && !isOp(p.peek(1), "(") {
			p.i++
			it.Value = &ast.Default{At: at}
		} else {
			it.Value = p.expr()
		}
		list = append(list, it)
	}
	return list
}
