package parse

import (
	"strings"

	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

func (p *parser) create() ast.Statement {
	at, start := p.at(), p.i
	p.i++
	if v := p.view(at, false); v != nil {
		return v
	}
	if o := p.createObject(at); o != nil {
		return o
	}
	temporary := p.accept("TEMPORARY")
	switch {
	case p.accept("TABLE"):
	case temporary:
		p.fail("expected TABLE")
	case p.accept("DATABASE"), p.accept("SCHEMA"):
		return p.createDatabase(at)
	case p.accept("INDEX"):
		return p.createIndex(at, "INDEX")
	case p.accept("UNIQUE", "INDEX"):
		return p.createIndex(at, "UNIQUE")
	case p.accept("FULLTEXT", "INDEX"):
		return p.createIndex(at, "FULLTEXT")
	case p.accept("SPATIAL", "INDEX"):
		return p.createIndex(at, "SPATIAL")
	default:
		p.unsupportedObject("CREATE")
	}
	c := &ast.CreateTable{At: at, Temporary: temporary, IfNotExists: p.accept("IF", "NOT", "EXISTS"), Table: p.tableName()}
	p.tableBody(c)
	c.Text = p.since(start)
	return c
}

func (p *parser) createDatabase(at ast.Pos) ast.Statement {
	c := &ast.CreateDatabase{At: at, IfNotExists: p.accept("IF", "NOT", "EXISTS")}
	c.Name = p.name("a database")
	for p.databaseOption(c) {
	}
	return c
}

// databaseOption reads an option of CREATE or ALTER DATABASE, if there is one.
func (p *parser) databaseOption(d *ast.CreateDatabase) bool {
	p.accept("DEFAULT")
	switch {
	case p.accept("CHARACTER", "SET"), p.accept("CHARSET"):
		p.acceptOp("=")
		d.Charset = p.charsetOrDefault()
	case p.accept("COLLATE"):
		p.acceptOp("=")
		d.Collation = p.charset("a collation")
	case p.accept("ENCRYPTION"):
		p.acceptOp("=")
		d.Encryption = p.str("'Y' or 'N'")
	case p.accept("READ", "ONLY"):
		p.acceptOp("=")
		d.ReadOnly = !p.accept("DEFAULT") && p.int(1) == 1
	default:
		return false
	}
	return true
}

// tableBody reads what follows the name: LIKE, or elements, options and a query.
func (p *parser) tableBody(c *ast.CreateTable) {
	if p.accept("LIKE") {
		c.Like = p.tableName()
		return
	}
	if p.isOp("(") && p.peek(1).kw == "LIKE" {
		p.i += 2
		c.Like = p.tableName()
		p.expectOp(")")
		return
	}
	if p.isOp("(") && !p.queryAt(p.i) {
		p.i++
		for ok := true; ok; ok = p.acceptOp(",") {
			p.element(c)
		}
		p.expectOp(")")
	}
	p.tableOptions(c)
	if p.is("PARTITION") {
		c.Partition = p.partitionBy()
	}
	c.QueryMode = p.acceptAny("IGNORE", "REPLACE")
	switch as := p.accept("AS"); {
	case as || c.QueryMode != "", p.is("SELECT"), p.is("WITH"), p.is("VALUES"), p.is("TABLE"), p.isOp("("):
		c.Query = p.query()
	case len(c.Columns) == 0:
		if p.tok().kind != tEOF && !p.isOp(";") {
			p.fail("expected '(', LIKE or SELECT")
		}
		p.failCode(errno.TableNoColumns, "A table must have at least 1 column")
	}
}

// element reads a column, a key or a constraint.
func (p *parser) element(c *ast.CreateTable) {
	at, constraint := p.at(), ""
	named := p.accept("CONSTRAINT")
	if named && isName(p.tok()) {
		constraint = p.name("a constraint")
	}
	ix := ast.IndexDef{At: at, Name: constraint}
	switch {
	case p.accept("PRIMARY", "KEY"):
		ix.Kind, ix.Name = "PRIMARY", ""
	case p.accept("UNIQUE"):
		p.acceptAny("KEY", "INDEX")
		ix.Kind = "UNIQUE"
	case p.accept("FOREIGN", "KEY"):
		c.ForeignKeys = append(c.ForeignKeys, p.foreignKey(at, constraint))
		return
	case p.is("CHECK"):
		c.Checks = append(c.Checks, p.check(at, constraint))
		return
	case named:
		p.fail("expected PRIMARY KEY, UNIQUE, FOREIGN KEY or CHECK")
	case p.accept("FULLTEXT"), p.accept("SPATIAL"):
		ix.Kind = p.toks[p.i-1].kw
		p.acceptAny("KEY", "INDEX")
	case p.accept("KEY"), p.accept("INDEX"):
		ix.Kind = "INDEX"
	default:
		c.Columns = append(c.Columns, p.columnDef())
		return
	}
	p.index(&ix)
	c.Indexes = append(c.Indexes, ix)
}

// index reads [name] [USING type] (parts) options.
func (p *parser) index(ix *ast.IndexDef) {
	if isName(p.tok()) {
		if name := p.name("an index"); ix.Kind != "PRIMARY" {
			ix.Name = name
		}
	}
	p.indexType(ix)
	p.expectOp("(")
	for ok := true; ok; ok = p.acceptOp(",") {
		ix.Columns = append(ix.Columns, p.keyPart())
	}
	p.expectOp(")")
	p.indexOptions(ix)
}

func (p *parser) indexType(ix *ast.IndexDef) bool {
	at := p.at()
	if !p.accept("USING") {
		return false
	}
	ix.Options = append(ix.Options, ast.Option{At: at, Name: "using", Value: text(p.at(), p.expectAny("BTREE", "HASH", "RTREE"))})
	return true
}

func (p *parser) indexOptions(ix *ast.IndexDef) {
	for {
		o := ast.Option{At: p.at()}
		switch {
		case p.indexType(ix):
			continue
		case p.accept("COMMENT"):
			o.Name, o.Value = "comment", text(p.at(), p.str("a string"))
		case p.accept("KEY_BLOCK_SIZE"):
			p.acceptOp("=")
			o.Name, o.Value = "key_block_size", p.literal()
		case p.accept("WITH", "PARSER"):
			o.Name, o.Value = "parser", text(p.at(), p.name("a parser"))
		case p.accept("VISIBLE"):
			o.Name = "visible"
		case p.accept("INVISIBLE"):
			o.Name = "invisible"
		case p.is("WITH") && isOp(p.peek(1), "("):
			p.i++
			ix.Options = append(ix.Options, p.withOptions()...)
			continue
		default:
			return
		}
		ix.Options = append(ix.Options, o)
	}
}

// withOptions reads the options of tables and indexes.
func (p *parser) withOptions() []ast.Option { return p.optionList(p.unary) }

// optionList reads (name = value, …).
func (p *parser) optionList(value func() ast.Expr) []ast.Option {
	p.expectOp("(")
	var list []ast.Option
	for ok := true; ok; ok = p.acceptOp(",") {
		o := ast.Option{At: p.at(), Name: strings.ToLower(p.anyName("an option"))}
		p.expectOp("=")
		o.Value = value()
		list = append(list, o)
	}
	p.expectOp(")")
	return list
}

// tableWith reads the list behind WITH, or SET, of a table.
func (p *parser) tableWith() []ast.Option {
	list := p.withOptions()
	for i := range list {
		p.tableWithName(list[i].Name)
	}
	return list
}

// tableWithName checks the name of an option that stands in such a list.
func (p *parser) tableWithName(name string) {
	if name != "ttl" {
		p.failCode(errno.WrongArguments, "a table has no option '%s'; valid: ttl", name)
	}
}

// keyPart reads column[(length)] or (expression), with ASC or DESC.
func (p *parser) keyPart() ast.IndexColumn {
	var c ast.IndexColumn
	if p.isOp("(") {
		c.Expr, c.Text = p.inParens()
	} else {
		c.Name = p.name("a column")
		if p.acceptOp("(") {
			if c.Length = p.int(65535); c.Length == 0 {
				p.failCode(errno.WrongSubKey, "Key part '%s' length cannot be 0", c.Name)
			}
			p.expectOp(")")
		}
	}
	if c.Desc = p.accept("DESC"); !c.Desc {
		p.accept("ASC")
	}
	return c
}

func (p *parser) columnParts() []string {
	p.expectOp("(")
	var list []string
	for ok := true; ok; ok = p.acceptOp(",") {
		list = append(list, p.keyPart().Name)
	}
	p.expectOp(")")
	return list
}

// foreignKey reads [name] (columns) REFERENCES …; FOREIGN KEY has been read.
func (p *parser) foreignKey(at ast.Pos, name string) ast.ForeignKeyDef {
	index := ""
	if isName(p.tok()) {
		index = p.name("a name")
	}
	columns := p.columnParts()
	f := p.references()
	f.At, f.Name, f.Index, f.Columns = at, name, index, columns
	return *f
}

// references reads REFERENCES table (columns) [MATCH …] [ON DELETE …] [ON UPDATE …].
func (p *parser) references() *ast.ForeignKeyDef {
	f := &ast.ForeignKeyDef{At: p.at()}
	p.expect("REFERENCES")
	f.RefTable = p.tableName()
	if p.isOp("(") {
		f.RefColumns = p.columnParts()
	}
	if p.accept("MATCH") {
		p.expectAny("FULL", "PARTIAL", "SIMPLE")
	}
	for {
		switch {
		case p.accept("ON", "DELETE"):
			f.OnDelete = p.action()
		case p.accept("ON", "UPDATE"):
			f.OnUpdate = p.action()
		default:
			return f
		}
	}
}

func (p *parser) action() string {
	switch {
	case p.accept("NO", "ACTION"):
		return "NO ACTION"
	case p.accept("SET", "NULL"):
		return "SET NULL"
	case p.accept("SET", "DEFAULT"):
		return "SET DEFAULT"
	}
	return p.expectAny("RESTRICT", "CASCADE")
}

// check reads CHECK (expression) [[NOT] ENFORCED].
func (p *parser) check(at ast.Pos, name string) ast.CheckDef {
	c := ast.CheckDef{At: at, Name: name}
	p.expect("CHECK")
	c.Expr, c.Text = p.inParens()
	if p.accept("NOT", "ENFORCED") {
		c.NotEnforced = true
	} else {
		p.accept("ENFORCED")
	}
	return c
}

// inParens reads (expression) and returns its text too, without the parentheses.
func (p *parser) inParens() (ast.Expr, string) {
	p.expectOp("(")
	start := p.i
	e := p.expr()
	text := p.since(start)
	p.expectOp(")")
	return e, text
}

// tableOptions reads ENGINE = x and its like; commas between them are optional. A word is a string.
func (p *parser) tableOptions(c *ast.CreateTable) {
	for p.tableOption(&c.Options) || p.acceptOp(",") {
	}
}

// tableOption reads one option, or one list of WITH; false if none is next.
func (p *parser) tableOption(list *[]ast.Option) bool {
	o := ast.Option{At: p.at()}
	if p.accept("DEFAULT") && !p.is("CHARACTER") && !p.is("CHARSET") && !p.is("COLLATE") {
		p.fail("expected CHARACTER SET or COLLATE")
	}
	switch {
	case p.is("WITH") && isOp(p.peek(1), "("):
		p.i++
		*list = append(*list, p.tableWith()...)
		return true
	case p.accept("CHARACTER", "SET"), p.accept("CHARSET"):
		o.Name = "charset"
	case p.accept("DATA", "DIRECTORY"):
		o.Name = "data directory"
	case p.accept("INDEX", "DIRECTORY"):
		o.Name = "index directory"
	default:
		w := p.acceptAny("ENGINE", "COLLATE", "COMMENT", "AUTO_INCREMENT", "ROW_FORMAT", "AVG_ROW_LENGTH", "CHECKSUM", "COMPRESSION",
			"CONNECTION", "DELAY_KEY_WRITE", "ENCRYPTION", "INSERT_METHOD", "KEY_BLOCK_SIZE", "MAX_ROWS", "MIN_ROWS", "PACK_KEYS", "PASSWORD",
			"STATS_AUTO_RECALC", "STATS_PERSISTENT", "STATS_SAMPLE_PAGES", "TABLESPACE", "SECONDARY_ENGINE", "AUTOEXTEND_SIZE",
			"ENGINE_ATTRIBUTE")
		if w == "" {
			return false
		}
		o.Name = strings.ToLower(w)
	}
	p.acceptOp("=")
	o.Value = p.optionValue()
	*list = append(*list, o)
	return true
}

func (p *parser) optionValue() ast.Expr {
	at := p.at()
	if p.tok().kind == tString {
		return p.literal()
	}
	if s, ok := p.size(); ok {
		return number(at, s)
	}
	if p.is("DEFAULT") || p.is("BINARY") {
		p.i++
		return text(at, strings.ToLower(p.toks[p.i-1].kw))
	}
	return text(at, p.name("a value"))
}
