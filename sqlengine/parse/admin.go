package parse

import (
	"strings"

	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// tableAdmin reads ANALYZE, CHECKSUM, OPTIMIZE and REPAIR TABLE, and CHECK TABLE or CHECK STORE.
func (p *parser) tableAdmin() ast.Statement {
	s := &ast.TableAdmin{At: p.at(), Kind: strings.ToUpper(p.text(p.tok()))}
	p.i++
	if s.Kind == "CHECK" && p.accept("STORE") {
		return &ast.CheckStore{At: s.At}
	}
	if s.Kind != "CHECK" && s.Kind != "CHECKSUM" {
		p.acceptAny("NO_WRITE_TO_BINLOG", "LOCAL")
	}
	if p.expectAny("TABLE", "TABLES") == "" {
		return nil
	}
	s.Tables = p.tableList()
	switch s.Kind {
	case "ANALYZE":
		if w := p.acceptAny("UPDATE", "DROP"); w != "" {
			p.unsupported("ANALYZE TABLE … " + w + " HISTOGRAM")
		}
	case "CHECK":
		for p.accept("FOR", "UPGRADE") || p.acceptAny("QUICK", "FAST", "MEDIUM", "EXTENDED", "CHANGED") != "" {
			continue
		}
	case "CHECKSUM":
		p.acceptAny("QUICK", "EXTENDED")
	case "REPAIR":
		for p.acceptAny("QUICK", "EXTENDED", "USE_FRM") != "" {
			continue
		}
	}
	return s
}

func (p *parser) tableList() []*ast.TableName {
	list := []*ast.TableName{p.tableName()}
	for p.acceptOp(",") {
		list = append(list, p.tableName())
	}
	return list
}

// vacuum reads VACUUM [WITH (retention = 'duration')].
func (p *parser) vacuum() ast.Statement {
	s := &ast.Vacuum{At: p.at()}
	p.i++
	if p.accept("WITH") {
		p.expectOp("(")
		p.expect("RETENTION")
		p.expectOp("=")
		s.Retention = p.str("a duration")
		p.expectOp(")")
	}
	return s
}

func (p *parser) kill() ast.Statement {
	s := &ast.Kill{At: p.at()}
	p.i++
	s.Query = p.acceptAny("CONNECTION", "QUERY") == "QUERY"
	s.ID = p.expr()
	return s
}

// lock reads LOCK TABLES.
func (p *parser) lock() ast.Statement {
	s := &ast.LockTables{At: p.at()}
	p.i++
	if p.accept("INSTANCE") {
		p.unsupported("LOCK INSTANCE")
	}
	p.expectAny("TABLES", "TABLE")
	for ok := true; ok; ok = p.acceptOp(",") {
		t := p.tableName()
		if p.accept("AS") || isName(p.tok()) {
			t.Alias = p.name("an alias")
		}
		p.accept("LOW_PRIORITY")
		if p.expectAny("READ", "WRITE") == "READ" {
			p.accept("LOCAL")
		}
		s.Tables = append(s.Tables, t)
	}
	return s
}

func (p *parser) unlock() ast.Statement {
	at := p.at()
	p.i++
	if p.accept("INSTANCE") {
		p.unsupported("UNLOCK INSTANCE")
	}
	p.expectAny("TABLES", "TABLE")
	return &ast.UnlockTables{At: at}
}

// flush reads the forms of FLUSH that ask a server to forget or reopen something, which is always so here.
func (p *parser) flush() ast.Statement {
	s := &ast.Flush{At: p.at()}
	p.i++
	if p.accept("CACHE") {
		f := &ast.FlushCache{At: s.At, Name: p.name("a cache")}
		if p.accept("TABLE") {
			f.Table = p.tableName()
		}
		return f
	}
	p.acceptAny("NO_WRITE_TO_BINLOG", "LOCAL")
	for ok := true; ok; ok = p.acceptOp(",") {
		switch w := p.acceptAny("TABLES", "TABLE", "BINARY", "ENGINE", "ERROR", "GENERAL", "SLOW", "RELAY", "LOGS", "STATUS", "PRIVILEGES", "HOSTS",
			"USER_RESOURCES", "OPTIMIZER_COSTS"); w {
		case "":
			p.fail("expected TABLES, LOGS, STATUS or PRIVILEGES")
		case "BINARY", "ENGINE", "ERROR", "GENERAL", "SLOW", "RELAY":
			p.expect("LOGS")
		case "TABLES", "TABLE":
			if isName(p.tok()) {
				s.Tables = p.tableList()
			}
			if p.is("WITH") || p.is("FOR") {
				p.unsupported("FLUSH TABLES WITH READ LOCK")
			}
		}
	}
	return s
}

func (p *parser) do() ast.Statement {
	s := &ast.Do{At: p.at()}
	p.i++
	for ok := true; ok; ok = p.acceptOp(",") {
		s.Exprs = append(s.Exprs, p.expr())
	}
	return s
}

// accounts refuses the statements about users and roles.
func (p *parser) accounts(what string) {
	p.failCode(errno.NotSupported, "%s is not supported: a database has no users of its own; who may open its store decides the store", what)
}

// search reads SEARCH words [mode] IN table, … [LIMIT n [OFFSET m]].
func (p *parser) search() ast.Statement {
	s := &ast.Search{At: p.at()}
	p.i++
	s.Words, s.Mode = p.bit(1), p.matchMode()
	p.expect("IN")
	s.Tables = p.tableList()
	s.Limit = p.limit()
	return s
}
