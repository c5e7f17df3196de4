package parse

import (
	"strings"

	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// copy reads COPY table [(column, …)] FROM 'file' [WITH (option = value, …)], which is LOAD DATA LOCAL with the defaults of CSV:
// fields in quotes where they need it, quotes doubled in them, an empty field without quotes is NULL; and with the errors of INSERT.
func (p *parser) copy() ast.Statement {
	s := &ast.LoadData{At: p.at(), Local: true, Strict: true, Format: ast.LoadFormat{FieldEnd: ",", Enclosed: `"`, Optionally: true, LineEnd: "\n", HasNull: true}}
	p.i++
	if p.isOp("(") {
		p.unsupported("COPY (SELECT …) TO")
	}
	s.Table = p.tableName()
	if p.isOp("(") {
		s.Fields = p.loadItems()
	}
	if p.is("TO") {
		p.unsupported("COPY … TO")
	}
	p.expect("FROM")
	s.File = p.str("a file name")
	if p.accept("WITH") {
		p.copyOptions(s)
	}
	return s
}

// copyOptions reads the options of COPY.
func (p *parser) copyOptions(s *ast.LoadData) {
	p.expectOp("(")
	for ok := true; ok; ok = p.acceptOp(",") {
		name := strings.ToLower(p.anyName("an option"))
		p.expectOp("=")
		switch name {
		case "format":
			p.copyFormat(s)
		case "header":
			s.Skip = 0
			if p.boolean() {
				s.Skip = 1
			}
		case "delimiter":
			s.Format.FieldEnd = p.separator("a string")
		case "quote":
			s.Format.Enclosed = p.separator("a character")
		case "escape":
			s.Format.Escaped = p.separator("a character")
		case "null":
			s.Format.Null = p.str("a string")
		case "newline":
			s.Format.LineEnd = p.separator("a string")
		default:
			p.failCode(errno.WrongArguments, "COPY has no option '%s'; valid: format, header, delimiter, quote, escape, null, newline", name)
		}
	}
	p.expectOp(")")
}

func (p *parser) copyFormat(s *ast.LoadData) {
	switch format := strings.ToLower(p.str("'csv' or 'tsv'")); format {
	case "csv":
	case "tsv":
		s.Format.FieldEnd = "\t"
	default:
		p.failCode(errno.WrongArguments, "COPY reads format 'csv' or 'tsv', not '%s'", format)
	}
}

// boolean reads TRUE, FALSE, 0 or 1.
func (p *parser) boolean() bool {
	switch {
	case p.accept("TRUE"):
		return true
	case p.accept("FALSE"):
		return false
	}
	return p.int(1) == 1
}
