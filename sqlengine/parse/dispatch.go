package parse

import (
	"strings"

	"github.com/s3sql/s3sql/sqlengine/ast"
)

// statement reads one statement; its first word says which parser does it. A new statement is a new entry here.
//
//lint:long one case a statement
func (p *parser) statement() ast.Statement {
	p.enter()
	defer p.leave()
	t := p.tok()
	if t.kind != tWord && !isOp(t, "(") {
		p.fail("expected a statement")
	}
	switch w := strings.ToUpper(p.text(t)); w {
	case "(", "SELECT", "VALUES", "TABLE":
		return p.intoOf(ast.Pos(t.pos), p.query())
	case "PREPARE":
		return p.prepare()
	case "EXECUTE":
		return p.execute()
	case "DEALLOCATE":
		return p.deallocate()
	case "WITH":
		return p.withStatement()
	case "INSERT", "REPLACE":
		return p.insert()
	case "UPDATE":
		return p.update(nil)
	case "DELETE":
		return p.delete(nil)
	case "CREATE":
		return p.create()
	case "DROP":
		return p.drop()
	case "TRUNCATE":
		at := p.at()
		p.i++
		p.accept("TABLE")
		return &ast.Truncate{At: at, Table: p.tableName()}
	case "LOAD":
		return p.load()
	case "COPY":
		return p.copy()
	case "SHOW":
		return p.show()
	case "DESCRIBE", "DESC", "EXPLAIN":
		return p.explain()
	case "SET":
		return p.set()
	case "BEGIN":
		p.i++
		p.accept("WORK")
		return &ast.Begin{}
	case "START":
		return p.start()
	case "COMMIT", "ROLLBACK":
		return p.endTransaction()
	case "SAVEPOINT":
		p.i++
		return &ast.Savepoint{Name: p.name("a savepoint")}
	case "RELEASE":
		p.i++
		p.expect("SAVEPOINT")
		return &ast.Savepoint{Name: p.name("a savepoint"), Release: true}
	case "USE":
		at := p.at()
		p.i++
		return &ast.Use{At: at, Database: p.name("a database")}
	case "CHECK", "ANALYZE", "OPTIMIZE", "REPAIR", "CHECKSUM":
		return p.tableAdmin()
	case "KILL":
		return p.kill()
	case "LOCK":
		return p.lock()
	case "UNLOCK":
		return p.unlock()
	case "FLUSH":
		return p.flush()
	case "DO":
		return p.do()
	case "GRANT", "REVOKE":
		p.accounts(w)
	case "ALTER":
		return p.alter()
	case "RENAME":
		return p.rename()
	case "VACUUM":
		return p.vacuum()
	case "SEARCH":
		return p.search()
	case "WARM":
		return p.warm()
	case "VERIFY", "PURGE":
		return p.auditAdmin()
	case "RESET", "ESTIMATE":
		return p.costs()
	case "INSTALL", "UNINSTALL":
		return p.plugin()
	case "TEST", "RUN":
		return p.runObject()
	case "CALL", "HELP", "HANDLER", "XA", "ATTACH", "RESTORE", "PUBLISH":
		p.unsupported(w)
	}
	p.fail("expected a statement")
	return nil
}

// withStatement reads a statement that starts with WITH.
func (p *parser) withStatement() ast.Statement {
	with := p.with()
	switch {
	case p.is("UPDATE"):
		return p.update(with)
	case p.is("DELETE"):
		return p.delete(with)
	}
	return p.intoOf(p.at(), p.queryAfter(with))
}

// explain reads EXPLAIN and DESCRIBE, of a statement or of a table's columns.
func (p *parser) explain() ast.Statement {
	x := &ast.Explain{At: p.at()}
	p.i++
	x.Analyze = p.accept("ANALYZE")
	if !x.Analyze {
		p.acceptAny("EXTENDED", "PARTITIONS")
	}
	format := p.is("FORMAT") && isOp(p.peek(1), "=")
	if format {
		p.i += 2
		if p.tok().kind == tString {
			x.Format = strings.ToUpper(p.str("a format"))
		} else {
			x.Format = strings.ToUpper(p.name("a format"))
		}
	}
	switch t := p.tok(); {
	case t.kw == "SELECT" || t.kw == "INSERT" || t.kw == "REPLACE" || t.kw == "UPDATE" || t.kw == "DELETE" || t.kw == "WITH" ||
		t.kw == "TABLE" || t.kw == "VALUES" || isOp(t, "("):
		x.Stmt = p.statement()
		return x
	case format || x.Analyze || !isName(t):
		p.fail("expected SELECT, INSERT, UPDATE or DELETE")
	}
	s := &ast.Show{At: x.At, Kind: "COLUMNS", Table: p.tableName()}
	if t := p.tok(); t.kind == tString {
		s.Like = new(string)
		*s.Like = p.stringValue()
	} else if isName(t) {
		s.Like = new(string)
		*s.Like = p.name("a column")
	}
	return s
}

func (p *parser) drop() ast.Statement {
	if p.is("DROP", "PREPARE") {
		return p.deallocate()
	}
	at := p.at()
	p.i++
	temporary := p.accept("TEMPORARY")
	switch {
	case p.accept("TABLE"), p.accept("TABLES"):
	case temporary:
		p.fail("expected TABLE")
	case p.accept("DATABASE"), p.accept("SCHEMA"):
		d := &ast.DropDatabase{At: at, IfExists: p.accept("IF", "EXISTS")}
		d.Name = p.name("a database")
		return d
	case p.accept("INDEX"):
		return p.dropIndex(at)
	case p.accept("VIEW"):
		return p.dropView(at)
	default:
		if o := p.dropObject(at); o != nil {
			return o
		}
		p.unsupportedObject("DROP")
	}
	d := &ast.DropTable{At: at, Temporary: temporary, IfExists: p.accept("IF", "EXISTS")}
	for ok := true; ok; ok = p.acceptOp(",") {
		d.Tables = append(d.Tables, p.tableName())
	}
	p.acceptAny("RESTRICT", "CASCADE")
	return d
}

// unsupportedObject stops at the kind of object behind CREATE or DROP if s3sql knows it by name only.
func (p *parser) unsupportedObject(verb string) {
	for n := range 4 {
		switch w := strings.ToUpper(p.text(p.peek(n))); w {
		case "USER", "ROLE":
			p.accounts(verb + " " + w)
		case "INDEX", "VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "CHECKPOINT", "BRANCH", "CONSUMER",
			"TABLESPACE", "SERVER":
			p.unsupported(verb + " " + w)
		}
	}
	p.fail("expected TABLE or DATABASE")
}
