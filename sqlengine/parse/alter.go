package parse

import (
	"strings"

	"github.com/s3sql/s3sql/sqlengine/ast"
)

// alter reads ALTER TABLE, ALTER VIEW and ALTER DATABASE.
func (p *parser) alter() ast.Statement {
	at := p.at()
	p.i++
	if v := p.view(at, true); v != nil {
		return v
	}
	switch {
	case p.accept("TABLE"):
		a := &ast.AlterTable{At: at, Table: p.tableName()}
		p.alterActions(a)
		return a
	case p.accept("FULLTEXT", "INDEX"), p.accept("FULLTEXT", "KEY"):
		return p.alterText(at)
	case p.accept("DATABASE"), p.accept("SCHEMA"):
		d := &ast.CreateDatabase{At: at, Alter: true}
		if isName(p.tok()) && !p.is("ENCRYPTION") && !p.is("CHARSET") {
			d.Name = p.name("a database")
		}
		if !p.databaseOption(d) {
			p.fail("expected an option of the database")
		}
		for p.databaseOption(d) {
		}
		return d
	}
	if o := p.alterObject(at); o != nil {
		return o
	}
	p.unsupportedObject("ALTER")
	return nil
}

// alterText reads ALTER FULLTEXT INDEX name ON table SET (…) | REBUILD.
func (p *parser) alterText(at ast.Pos) ast.Statement {
	c := ast.AlterAction{At: at, Kind: ast.RebuildText, Name: p.name("an index")}
	p.expect("ON")
	a := &ast.AlterTable{At: at, Table: p.tableName()}
	if p.expectAny("SET", "REBUILD") == "SET" {
		c.Kind, c.Index = ast.TextOptions, &ast.IndexDef{At: at, Kind: "FULLTEXT", Options: p.withOptions()}
	}
	a.Actions = append(a.Actions, c)
	return a
}

// alterActions reads the changes, which commas separate; table options among them need none.
func (p *parser) alterActions(a *ast.AlterTable) {
	if t := p.tok(); t.kind == tEOF || isOp(t, ";") {
		return // MySQL: an ALTER TABLE without a change is fine
	}
	for ok := true; ok; ok = p.acceptOp(",") {
		if p.skipHow() {
			continue
		}
		if p.tableOptionsOf(a) {
			p.alterPartitions(a) // PARTITION BY needs no comma before it
			continue
		}
		if p.alterPartitions(a) {
			continue
		}
		p.alterAction(a)
	}
	if len(a.Actions) > 1 {
		p.partitionsAlone(a)
	}
}

// skipHow reads ALGORITHM, LOCK and VALIDATION, which say how a server is to work.
func (p *parser) skipHow() bool {
	switch {
	case p.accept("ALGORITHM"):
		p.acceptOp("=")
		p.expectAny("DEFAULT", "INSTANT", "INPLACE", "COPY")
	case p.accept("LOCK"):
		p.acceptOp("=")
		p.expectAny("DEFAULT", "NONE", "SHARED", "EXCLUSIVE")
	case p.accept("WITH", "VALIDATION"), p.accept("WITHOUT", "VALIDATION"):
	default:
		return false
	}
	return true
}

// tableOptionsOf reads table options up to the next comma; false if none is next.
func (p *parser) tableOptionsOf(a *ast.AlterTable) bool {
	var list []ast.Option
	switch {
	case p.is("SET") && isOp(p.peek(1), "("):
		p.i++
		list = p.tableWith()
	case p.is("RESET") && isOp(p.peek(1), "("):
		p.i++
		list = p.resetOptions()
	default:
		for p.tableOption(&list) {
		}
	}
	for i := range list {
		a.Actions = append(a.Actions, ast.AlterAction{At: list[i].At, Kind: ast.TableOption, Option: &list[i]})
	}
	return len(list) > 0
}

// resetOptions reads (name, …): options that go.
func (p *parser) resetOptions() (list []ast.Option) {
	p.expectOp("(")
	for ok := true; ok; ok = p.acceptOp(",") {
		o := ast.Option{At: p.at(), Name: strings.ToLower(p.anyName("an option"))}
		p.tableWithName(o.Name)
		list = append(list, o)
	}
	p.expectOp(")")
	return list
}

//lint:long one case a change
func (p *parser) alterAction(a *ast.AlterTable) {
	c := ast.AlterAction{At: p.at()}
	switch {
	case p.accept("ADD"):
		p.alterAdd(a, c)
		return
	case p.accept("DROP"):
		p.alterDrop(&c)
	case p.accept("MODIFY"):
		p.accept("COLUMN")
		c.Kind, c.Column = ast.ChangeColumn, p.placedColumn(&c)
		c.Name = c.Column.Name
	case p.accept("CHANGE"):
		p.accept("COLUMN")
		c.Kind, c.Name = ast.ChangeColumn, p.name("a column")
		c.Column = p.placedColumn(&c)
	case p.accept("ALTER"):
		p.alterAlter(&c)
	case p.accept("RENAME"):
		p.alterRename(&c)
	case p.accept("CONVERT", "TO"):
		c.Kind = ast.ConvertCharset
		if !p.accept("CHARACTER", "SET") {
			p.expect("CHARSET")
		}
		c.Name = p.charsetOrDefault()
		if p.accept("COLLATE") {
			p.acceptOp("=")
			c.NewName = p.charset("a collation")
		}
	case p.accept("FORCE"):
		c.Kind = ast.ForceRebuild
	case p.accept("ENABLE", "KEYS"), p.accept("DISABLE", "KEYS"):
		c.Kind = ast.SwitchKeys
	case p.accept("ORDER", "BY"):
		c.Kind = ast.OrderRows
		p.orderNames()
	case p.is("DISCARD") || p.is("IMPORT"):
		p.unsupported("ALTER TABLE … TABLESPACE")
	default:
		p.fail("expected ADD, DROP, MODIFY, CHANGE, ALTER, RENAME or a table option")
	}
	a.Actions = append(a.Actions, c)
}

// orderNames reads the columns of ORDER BY. MySQL notes that it has no effect where rows stand in the order of a key.
func (p *parser) orderNames() {
	for {
		p.name("a column")
		p.acceptAny("ASC", "DESC")
		if !isOp(p.tok(), ",") || !isName(p.peek(1)) || p.peek(2).kind == tWord && !p.isWord(p.peek(2), "ASC") && !p.isWord(p.peek(2), "DESC") {
			return
		}
		p.i++
	}
}

// placedColumn reads a column definition with FIRST or AFTER behind it.
func (p *parser) placedColumn(c *ast.AlterAction) *ast.ColumnDef {
	d := p.columnDef()
	if c.First = p.accept("FIRST"); !c.First && p.accept("AFTER") {
		c.After = p.name("a column")
	}
	return &d
}

// alterAdd reads what follows ADD: one column, several in parentheses, a key or a constraint.
func (p *parser) alterAdd(a *ast.AlterTable, c ast.AlterAction) {
	column := p.accept("COLUMN")
	if p.acceptOp("(") {
		for ok := true; ok; ok = p.acceptOp(",") {
			p.addElement(a)
		}
		p.expectOp(")")
		return
	}
	if !column && !p.startsColumn() {
		p.addElement(a)
		return
	}
	c.Kind, c.Column = ast.AddColumn, p.placedColumn(&c)
	a.Actions = append(a.Actions, c)
}

// startsColumn reports whether a column definition is next, rather than a key or a constraint.
func (p *parser) startsColumn() bool {
	for _, w := range []string{"CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "FULLTEXT", "SPATIAL", "KEY", "INDEX"} {
		if p.is(w) {
			return false
		}
	}
	return true
}

// addElement reads an element as it stands in CREATE TABLE and makes an action of it.
func (p *parser) addElement(a *ast.AlterTable) {
	at := p.at()
	var c ast.CreateTable
	p.element(&c)
	for i := range c.Columns {
		a.Actions = append(a.Actions, ast.AlterAction{At: at, Kind: ast.AddColumn, Column: &c.Columns[i]})
	}
	for i := range c.Indexes {
		a.Actions = append(a.Actions, ast.AlterAction{At: at, Kind: ast.AddIndex, Index: &c.Indexes[i]})
	}
	for i := range c.Checks {
		a.Actions = append(a.Actions, ast.AlterAction{At: at, Kind: ast.AddCheck, Check: &c.Checks[i]})
	}
	for i := range c.ForeignKeys {
		a.Actions = append(a.Actions, ast.AlterAction{At: at, Kind: ast.AddForeignKey, Foreign: &c.ForeignKeys[i]})
	}
}

func (p *parser) alterDrop(c *ast.AlterAction) {
	what := ""
	switch {
	case p.accept("PRIMARY", "KEY"):
		c.Kind = ast.DropPrimary
		return
	case p.accept("INDEX"), p.accept("KEY"):
		c.Kind, what = ast.DropIndex, "an index"
	case p.accept("FOREIGN", "KEY"):
		c.Kind, what = ast.DropForeignKey, "a constraint"
	case p.accept("CHECK"):
		c.Kind, what = ast.DropCheck, "a constraint"
	case p.accept("CONSTRAINT"):
		c.Kind, what = ast.DropConstraint, "a constraint"
	default:
		p.accept("COLUMN")
		c.Kind, what = ast.DropColumn, "a column"
	}
	c.Name = p.name(what)
	p.acceptAny("RESTRICT", "CASCADE")
}

// alterAlter reads what follows ALTER: a column, an index or a constraint.
func (p *parser) alterAlter(c *ast.AlterAction) {
	switch {
	case p.accept("INDEX"):
		c.Kind, c.Name = ast.IndexVisible, p.name("an index")
		c.Off = p.expectAny("VISIBLE", "INVISIBLE") == "INVISIBLE"
		return
	case p.accept("CHECK"):
		c.Kind, c.Name = ast.Enforce, p.name("a constraint")
		p.enforced(c)
		return
	case p.accept("CONSTRAINT"):
		c.Kind, c.Name = ast.EnforceAny, p.name("a constraint")
		p.enforced(c)
		return
	}
	p.accept("COLUMN")
	c.Name = p.name("a column")
	switch {
	case p.accept("SET", "DEFAULT"):
		c.Kind = ast.SetDefault
		c.Default, c.Text = p.defaultValue()
	case p.accept("SET"):
		c.Kind = ast.ColumnVisible
		c.Off = p.expectAny("VISIBLE", "INVISIBLE") == "INVISIBLE"
	default:
		p.expect("DROP", "DEFAULT")
		c.Kind = ast.DropDefault
	}
}

func (p *parser) enforced(c *ast.AlterAction) {
	c.Off = p.accept("NOT")
	p.expect("ENFORCED")
}

func (p *parser) alterRename(c *ast.AlterAction) {
	switch {
	case p.accept("COLUMN"):
		c.Kind, c.Name = ast.RenameColumn, p.name("a column")
	case p.accept("INDEX"), p.accept("KEY"):
		c.Kind, c.Name = ast.RenameIndex, p.name("an index")
	default:
		if !p.accept("TO") && !p.accept("AS") {
			p.acceptOp("=")
		}
		c.Kind, c.Table = ast.RenameTo, p.tableName()
		return
	}
	p.expect("TO")
	c.NewName = p.name("a name")
}

// createIndex reads CREATE [UNIQUE] INDEX name ON t (parts); it is an ALTER TABLE. The words up to INDEX have been read.
func (p *parser) createIndex(at ast.Pos, kind string) ast.Statement {
	ix := &ast.IndexDef{At: at, Kind: kind, Name: p.name("an index")}
	p.indexType(ix)
	p.expect("ON")
	a := &ast.AlterTable{At: at, Table: p.tableName()}
	p.index(ix)
	for p.skipHow() {
	}
	a.Actions = []ast.AlterAction{{At: at, Kind: ast.AddIndex, Index: ix}}
	return a
}

// dropIndex reads DROP INDEX name ON t, which is an ALTER TABLE.
func (p *parser) dropIndex(at ast.Pos) ast.Statement {
	c := ast.AlterAction{At: at, Kind: ast.DropIndex}
	c.Name = p.name("an index")
	p.expect("ON")
	a := &ast.AlterTable{At: at, Table: p.tableName(), Actions: []ast.AlterAction{c}}
	for p.skipHow() {
	}
	return a
}

// rename reads RENAME TABLE a TO b, c TO d.
func (p *parser) rename() ast.Statement {
	r := &ast.RenameTables{At: p.at()}
	p.i++
	if p.is("USER") {
		p.unsupported("RENAME USER")
	}
	if p.acceptAny("TABLE", "TABLES") == "" {
		p.fail("expected TABLE")
	}
	for ok := true; ok; ok = p.acceptOp(",") {
		r.From = append(r.From, p.tableName())
		p.expect("TO")
		r.To = append(r.To, p.tableName())
	}
	return r
}
