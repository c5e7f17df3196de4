package parse

import (
	"strings"

	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// show reads SHOW.
//
//lint:long one case a kind
func (p *parser) show() ast.Statement {
	s := &ast.Show{At: p.at()}
	p.i++
	extended := p.accept("EXTENDED")
	s.Full = p.accept("FULL")
	s.Scope = p.acceptAny("GLOBAL", "SESSION", "LOCAL")
	if s.Scope == "LOCAL" {
		s.Scope = "SESSION"
	}
	w := strings.ToUpper(p.text(p.tok()))
	p.i++
	switch w {
	case "TABLES":
		s.Kind = w
		p.showFrom(s)
	case "TABLE":
		p.expect("STATUS")
		s.Kind = "TABLE STATUS"
		p.showFrom(s)
	case "OPEN":
		p.expect("TABLES")
		s.Kind = "OPEN TABLES"
		p.showFrom(s)
	case "TRIGGERS", "EVENTS":
		s.Kind = w
		p.showFrom(s)
	case "PROCEDURE", "FUNCTION":
		if p.is("CODE") {
			p.unsupported("SHOW " + w + " CODE")
		}
		p.expect("STATUS")
		s.Kind = w + " STATUS"
	case "PROFILES":
		s.Kind = w
	case "DATABASES", "SCHEMAS":
		s.Kind = "DATABASES"
	case "COLUMNS", "FIELDS":
		s.Kind = "COLUMNS"
		p.showTable(s)
	case "INDEX", "INDEXES", "KEYS":
		s.Kind = "INDEX"
		p.showTable(s)
	case "CREATE":
		p.showCreate(s)
		return s
	case "VARIABLES", "STATUS", "WARNINGS", "ERRORS", "COLLATION", "ENGINES", "PROCESSLIST", "PRIVILEGES", "PLUGINS":
		s.Kind = w
	case "STORAGE":
		p.expect("ENGINES")
		s.Kind = "ENGINES"
	case "CHARSET":
		s.Kind = "CHARACTER SET"
	case "CHARACTER":
		p.expect("SET")
		s.Kind = "CHARACTER SET"
	case "GRANTS":
		s.Kind = w
		p.showGrants()
		return s
	case "COUNT":
		p.showCount(s)
		return s
	case "COSTS", "METRICS", "REPORT":
		s.Kind = w
	case "COST":
		return p.costOf(s.At)
	case "ALERTS", "AUDITS", "BUDGETS", "CACHES", "REPLICATIONS", "SECRETS":
		s.Kind, s.From = "OBJECTS", strings.TrimSuffix(w, "S")
	default:
		p.i--
		p.showOther(s, w)
	}
	p.showFilter(s)
	if extended && s.Kind != "TABLES" && s.Kind != "COLUMNS" && s.Kind != "INDEX" {
		p.failCode(errno.Parse, "You have an error in your SQL syntax: SHOW EXTENDED is for TABLES, COLUMNS and INDEX")
	}
	return s
}

// showOther reads the objects of a kind that a plugin may have added, SHOW GREETINGS, and refuses other words: as not supported what MySQL has.
func (p *parser) showOther(s *ast.Show, w string) {
	switch w {
	case "BINARY", "BINLOG", "MASTER", "REPLICA", "REPLICAS", "SLAVE", "PROFILE", "ENGINE", "CONSUMERS":
		p.unsupported("SHOW " + w)
	}
	kind, ok := strings.CutSuffix(w, "S")
	next := p.peek(1)
	if t := p.tok(); ok && t.kind == tWord && t.kw == "" && len(kind) > 2 && (next.kind == tEOF || isOp(next, ";") || p.isWord(next, "LIKE")) {
		p.i++
		s.Kind, s.From = "OBJECTS", kind
		return
	}
	p.fail("expected TABLES, COLUMNS, CREATE TABLE, INDEX, DATABASES, VARIABLES, STATUS or WARNINGS")
}

// showFrom reads [FROM database].
func (p *parser) showFrom(s *ast.Show) {
	if p.acceptAny("FROM", "IN") != "" {
		s.From = p.name("a database")
	}
}

// showTable reads FROM table [FROM database].
func (p *parser) showTable(s *ast.Show) {
	p.expectAny("FROM", "IN")
	s.Table = p.tableName()
	if p.acceptAny("FROM", "IN") != "" {
		s.Table.Schema = p.name("a database")
	}
}

func (p *parser) showCreate(s *ast.Show) {
	switch w := strings.ToUpper(p.text(p.tok())); w {
	case "PROCEDURE", "FUNCTION", "TRIGGER", "EVENT":
		p.unsupported("SHOW CREATE " + w)
	case "USER":
		p.accounts("SHOW CREATE USER")
	}
	if kind := p.kind(); kind != "" {
		s.Kind, s.From, s.Table = "CREATE OBJECT", kind, &ast.TableName{Name: p.name("a name")}
		return
	}
	switch kind := p.expectAny("TABLE", "DATABASE", "SCHEMA", "VIEW"); kind {
	case "TABLE", "VIEW":
		s.Kind = "CREATE " + kind
		s.Table = p.tableName()
	default:
		s.Kind = "CREATE DATABASE"
		p.accept("IF", "NOT", "EXISTS")
		s.From = p.name("a database")
	}
}

// showGrants reads and drops FOR user.
func (p *parser) showGrants() {
	if !p.accept("FOR") {
		return
	}
	if p.accept("CURRENT_USER") {
		if p.acceptOp("(") {
			p.expectOp(")")
		}
		return
	}
	if p.tok().kind == tString {
		p.str("a user")
	} else {
		p.name("a user")
	}
	if p.tok().kind == tUser {
		p.i++
	}
}

// showCount reads COUNT(*) WARNINGS and COUNT(*) ERRORS.
func (p *parser) showCount(s *ast.Show) {
	p.expectOp("(")
	p.expectOp("*")
	p.expectOp(")")
	s.Kind = "COUNT " + p.expectAny("WARNINGS", "ERRORS")
}

// noFilter reports whether MySQL's grammar has no LIKE and WHERE for a kind.
func noFilter(kind string) bool {
	switch kind {
	case "WARNINGS", "ERRORS", "ENGINES", "PLUGINS", "PRIVILEGES", "PROCESSLIST", "PROFILES":
		return true
	}
	return false
}

// showFilter reads LIKE, WHERE and LIMIT.
func (p *parser) showFilter(s *ast.Show) {
	switch {
	case noFilter(s.Kind):
	case p.accept("LIKE"):
		like := p.str("a string")
		s.Like = &like
	case p.accept("WHERE"):
		s.Where = p.expr()
	}
	if s.Kind == "WARNINGS" || s.Kind == "ERRORS" {
		s.Limit = p.limit()
	}
	if s.Full && s.Kind != "TABLES" && s.Kind != "COLUMNS" && s.Kind != "PROCESSLIST" {
		p.failCode(errno.Parse, "You have an error in your SQL syntax: SHOW FULL is for TABLES, COLUMNS and PROCESSLIST")
	}
}
