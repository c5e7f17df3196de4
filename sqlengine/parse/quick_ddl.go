package parse

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

func (p *parser) createTable(at ast.Pos) ast.Statement {
	c := &ast.CreateTable{At: at, Temporary: p.kw("TEMPORARY"), Text: p.sql}
	p.want("TABLE")
	c.IfNotExists = p.kw("IF", "NOT", "EXISTS")
	c.Table = p.tableName()
	p.wantOp("(")
	for {
		p.tableElement(c)
		if !p.op(",") {
			break
		}
	}
	p.wantOp(")")
	for p.cur().kind == tIdent {
		o := ast.Option{At: p.at()}
		p.kw("DEFAULT")
		o.Name = strings.ToLower(p.next().text)
		if o.Name == "character" {
			p.want("SET")
			o.Name = "character set"
		}
		p.op("=")
		if t := p.cur(); t.kind == tIdent {
			o.Value = str(p.at(), t.text)
			p.i++
		} else {
			o.Value = p.primary()
		}
		c.Options = append(c.Options, o)
		p.op(",")
	}
	return c
}

func (p *parser) tableElement(c *ast.CreateTable) {
	at := p.at()
	name := ""
	if p.kw("CONSTRAINT") {
		if t := p.cur(); t.kind == tQuoted || t.kind == tIdent && !reserved[t.up] {
			name = p.ident()
		}
	}
	d := ast.IndexDef{At: at, Name: name}
	switch {
	case p.kw("PRIMARY", "KEY"):
		d.Kind = "PRIMARY"
	case p.kw("UNIQUE", "KEY"), p.kw("UNIQUE", "INDEX"), p.kw("UNIQUE"):
		d.Kind = "UNIQUE"
	case p.kw("KEY"), p.kw("INDEX"):
		d.Kind = "INDEX"
	default:
		c.Columns = append(c.Columns, p.column())
		return
	}
	if !p.isOp("(") {
		d.Name = p.ident()
	}
	p.wantOp("(")
	for {
		ic := ast.IndexColumn{Name: p.ident()}
		if p.op("(") {
			ic.Length = p.int()
			p.wantOp(")")
		}
		ic.Desc = p.kw("DESC")
		p.kw("ASC")
		d.Columns = append(d.Columns, ic)
		if !p.op(",") {
			break
		}
	}
	p.wantOp(")")
	c.Indexes = append(c.Indexes, d)
}

func (p *parser) column() ast.ColumnDef {
	d := ast.ColumnDef{At: p.at(), Name: p.ident()}
	start := p.cur().pos
	d.Type, d.TypeText = p.typ()
	d.TypeText = p.sql[start:p.t[p.i-1].end]
	for {
		switch {
		case p.kw("NOT", "NULL"):
			d.NotNull = true
		case p.kw("NULL"):
			d.Null = true
		case p.kw("DEFAULT"):
			start := p.cur().pos
			d.Default = p.binary(8)
			d.DefaultText = p.sql[start:p.t[p.i-1].end]
		case p.kw("ON", "UPDATE"):
			p.primary()
			d.OnUpdateNow = true
		case p.kw("AUTO_INCREMENT"):
			d.AutoIncrement = true
		case p.kw("PRIMARY", "KEY"), p.kw("KEY"):
			d.PrimaryKey = true
		case p.kw("UNIQUE", "KEY"), p.kw("UNIQUE"):
			d.Unique = true
		case p.kw("COMMENT"):
			d.Comment = p.next().text
		case p.kw("COLLATE"):
			d.Type.Collation = p.ident()
		case p.kw("CHARACTER", "SET"), p.kw("CHARSET"):
			p.ident()
		case p.kw("INVISIBLE"):
			d.Invisible = true
		case p.kw("VISIBLE"):
		default:
			return d
		}
	}
}

var typeIDs = map[string]base.TypeID{"TINYINT": base.TypeTinyInt, "SMALLINT": base.TypeSmallInt, "MEDIUMINT": base.TypeMediumInt, "INT": base.TypeInt,
	"INTEGER": base.TypeInt, "BIGINT": base.TypeBigInt, "DECIMAL": base.TypeDecimal, "NUMERIC": base.TypeDecimal, "FLOAT": base.TypeFloat,
	"DOUBLE": base.TypeDouble, "REAL": base.TypeDouble, "CHAR": base.TypeChar, "VARCHAR": base.TypeVarchar, "TINYTEXT": base.TypeTinyText, "TEXT": base.TypeText,
	"MEDIUMTEXT": base.TypeMediumText, "LONGTEXT": base.TypeLongText, "BINARY": base.TypeBinary, "VARBINARY": base.TypeVarbinary,
	"TINYBLOB": base.TypeTinyBlob, "BLOB": base.TypeBlob, "MEDIUMBLOB": base.TypeMediumBlob, "LONGBLOB": base.TypeLongBlob, "DATE": base.TypeDate,
	"TIME": base.TypeTime, "DATETIME": base.TypeDateTime, "TIMESTAMP": base.TypeTimestamp, "YEAR": base.TypeYear, "JSON": base.TypeJSON,
	"ENUM": base.TypeEnum, "SET": base.TypeSet, "BIT": base.TypeBit, "UUID": base.TypeUUID, "VECTOR": base.TypeVector, "BOOL": base.TypeTinyInt, "BOOLEAN": base.TypeTinyInt}

func (p *parser) typ() (base.Type, string) {
	t := p.next()
	id, ok := typeIDs[t.up]
	if !ok || t.kind != tIdent {
		p.i--
		p.fail("expected a type")
	}
	out := base.Type{ID: id, Bool: strings.HasPrefix(t.up, "BOOL")}
	p.kw("PRECISION")
	var args []int
	if p.op("(") {
		if id == base.TypeEnum || id == base.TypeSet {
			for {
				out.Elems = append(out.Elems, p.next().text)
				if !p.op(",") {
					break
				}
			}
		} else {
			args = append(args, p.int())
			if p.op(",") {
				args = append(args, p.int())
			}
		}
		p.wantOp(")")
	}
	switch id {
	case base.TypeDecimal:
		out.Precision = 10
		if len(args) > 0 {
			out.Precision = uint8(args[0])
		}
		if len(args) > 1 {
			out.Scale = uint8(args[1])
		}
	case base.TypeTime, base.TypeDateTime, base.TypeTimestamp:
		if len(args) > 0 {
			out.Scale = uint8(args[0])
		}
	case base.TypeTinyInt:
		out.Bool = out.Bool || len(args) == 1 && args[0] == 1
	case base.TypeChar, base.TypeBinary, base.TypeBit:
		out.Length = 1
		fallthrough
	case base.TypeVarchar, base.TypeVarbinary, base.TypeVector:
		if len(args) > 0 {
			out.Length = args[0]
		}
	}
	for {
		switch {
		case p.kw("UNSIGNED"):
			out.Unsigned = true
		case p.kw("SIGNED"), p.kw("ZEROFILL"):
		default:
			return out, ""
		}
	}
}
