package parse

import (
	"slices"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/sqlengine/ast"
)

// objectKinds are the kinds of objects that are always there; plugins may have more.
var objectKinds = []string{"ALERT", "AUDIT", "BUDGET", "CACHE", "METRICS", "REPLICATION", "SECRET"}

// otherKinds are the words behind CREATE, ALTER, DROP and SHOW CREATE that mean what is no such object.
var otherKinds = []string{"AGGREGATE", "BRANCH", "CHECKPOINT", "CONSUMER", "DATABASE", "DEFINER", "EVENT", "FULLTEXT", "FUNCTION", "INDEX", "INSTANCE",
	"LOGFILE", "PREPARE", "PROCEDURE", "RESOURCE", "ROLE", "SCHEMA", "SERVER", "SPATIAL", "TABLE", "TABLES", "TABLESPACE", "TEMPORARY",
	"TRIGGER", "UNDO", "UNIQUE", "USER", "VIEW"}

// kind reads the kind of an object, "" if none is next: a kind that is always there, or another word that a name follows and what
// may follow that.
func (p *parser) kind(after ...string) string {
	t, next := p.tok(), p.peek(2)
	if t.kind != tWord {
		return ""
	}
	w := strings.ToUpper(p.text(t))
	known := slices.Contains(objectKinds, w) && (isName(p.peek(1)) || p.isWord(p.peek(1), "IF"))
	if !known {
		if t.kw != "" || slices.Contains(otherKinds, w) || !isName(p.peek(1)) || p.isWord(p.peek(1), "IF") {
			return ""
		}
		ends := next.kind == tEOF || isOp(next, ";")
		if !ends && !slices.ContainsFunc(after, func(w string) bool { return p.isWord(next, w) }) {
			return ""
		}
	}
	p.i++
	return w
}

// createObject reads what follows CREATE [OR REPLACE] of an object; nil if it is none.
func (p *parser) createObject(at ast.Pos) ast.Statement {
	start := p.i
	c := &ast.CreateObject{At: at, Replace: p.accept("OR", "REPLACE")}
	if c.Kind = p.kind("ON", "FOR", "AS", "WITH"); c.Kind == "" {
		p.i = start
		return nil
	}
	c.IfNotExists = p.accept("IF", "NOT", "EXISTS")
	c.Name = p.name("a name")
	if c.Kind == "REPLICATION" {
		p.replication(c)
		return c
	}
	if p.accept("ON") {
		p.objectOn(c)
	}
	if p.accept("FOR") {
		for ok := true; ok; ok = p.acceptOp(",") {
			c.For = append(c.For, p.expectAny("INSERT", "UPDATE", "DELETE", "SELECT"))
		}
	}
	if p.accept("AS") {
		c.Text = &ast.Option{At: p.at(), Value: p.objectValue()}
	}
	if p.accept("WITH") {
		c.Options = p.objectOptions()
	}
	return c
}

// objectOn reads the tables, or the condition, behind ON.
func (p *parser) objectOn(c *ast.CreateObject) {
	switch {
	case p.accept("ALL", "TABLES"):
		c.All = true
		if p.accept("EXCEPT") {
			c.Except = p.tableList()
		}
	case p.is("METRIC") && isName(p.peek(1)):
		p.i++
		c.Metric = &ast.Condition{Metric: strings.ToLower(p.name("a metric"))}
		for _, op := range []string{"<=", ">=", "<", ">"} {
			if p.acceptOp(op) {
				c.Metric.Op = op
				break
			}
		}
		if c.Metric.Op == "" {
			p.fail("expected <, <=, > or >=")
		}
		c.Metric.Value = p.float()
	default:
		c.Tables = p.tableList()
	}
}

// float reads a number, with its sign.
func (p *parser) float() float64 {
	sign := ""
	if p.acceptOp("-") {
		sign = "-"
	}
	f, err := strconv.ParseFloat(sign+p.text(p.tok()), 64)
	if p.tok().kind != tNumber || err != nil {
		p.fail("expected a number")
	}
	p.i++
	return f
}

// objectOptions reads options whose values may be secrets and words as well.
func (p *parser) objectOptions() []ast.Option { return p.optionList(p.objectValue) }

// objectValue reads a constant, SECRET name, or a word that stands for itself.
func (p *parser) objectValue() ast.Expr {
	at := p.at()
	if p.is("SECRET") && isName(p.peek(1)) {
		p.i++
		return &ast.Secret{At: at, Name: p.name("a secret")}
	}
	if isName(p.tok()) && (isOp(p.peek(1), ",") || isOp(p.peek(1), ")")) {
		return text(at, p.name("a value"))
	}
	return p.unary()
}

// alterObject reads what follows ALTER of an object; nil if it is none.
func (p *parser) alterObject(at ast.Pos) ast.Statement {
	kind := p.kind("SET", "PAUSE", "RESUME")
	if kind == "" {
		return nil
	}
	a := &ast.AlterObject{At: at, Kind: kind, Name: p.name("a name")}
	actions := []string{"SET", "PAUSE", "RESUME"}
	if kind == "REPLICATION" {
		actions = append(actions, "RETRY", "RESYNC")
	}
	switch a.Action = p.expectAny(actions...); a.Action {
	case "SET":
		a.Options = p.objectOptions()
	case "RETRY":
		p.expect("FAILED")
	case "RESYNC":
		if p.accept("TABLE") {
			a.Table = p.tableName()
		}
	}
	return a
}

// dropObject reads what follows DROP of an object; nil if it is none.
func (p *parser) dropObject(at ast.Pos) ast.Statement {
	kind := p.kind()
	if kind == "" {
		return nil
	}
	d := &ast.DropObject{At: at, Kind: kind, IfExists: p.accept("IF", "EXISTS")}
	d.Name = p.name("a name")
	return d
}

// warm reads WARM CACHE name AS query.
func (p *parser) warm() ast.Statement {
	w := &ast.WarmCache{At: p.at()}
	p.i++
	p.expect("CACHE")
	w.Name = p.name("a cache")
	p.expect("AS")
	start := p.i
	p.query()
	w.Text = p.since(start)
	return w
}

// auditAdmin reads VERIFY AUDIT name and PURGE AUDIT name BEFORE time.
func (p *parser) auditAdmin() ast.Statement {
	a := &ast.AuditAdmin{At: p.at()}
	purge := p.accept("PURGE")
	if !purge {
		p.expect("VERIFY")
	}
	if purge && (p.is("BINARY") || p.is("MASTER")) {
		p.unsupported("PURGE BINARY LOGS")
	}
	p.expect("AUDIT")
	a.Name = p.name("an audit")
	if purge {
		p.expect("BEFORE")
		a.Before = p.expr()
	}
	return a
}

// costs reads RESET COSTS and ESTIMATE COST FOR n DAYS.
func (p *parser) costs() ast.Statement {
	at := p.at()
	if p.accept("RESET") {
		if !p.is("COSTS") {
			p.unsupported("RESET " + strings.ToUpper(p.text(p.tok())))
		}
		p.i++
		return &ast.ResetCosts{At: at}
	}
	p.expect("ESTIMATE", "COST", "FOR")
	n := p.int(36_500)
	p.expectAny("DAYS", "DAY")
	return &ast.EstimateCost{At: at, Days: n}
}

// costOf reads the statement behind SHOW COST OF.
func (p *parser) costOf(at ast.Pos) ast.Statement {
	p.expect("OF")
	start := p.i
	p.statement()
	return &ast.CostOf{At: at, Text: p.since(start)}
}

// plugin reads INSTALL PLUGIN and UNINSTALL PLUGIN.
func (p *parser) plugin() ast.Statement {
	s := &ast.InstallPlugin{At: p.at(), Uninstall: p.accept("UNINSTALL")}
	if !s.Uninstall {
		p.expect("INSTALL")
	}
	if p.is("COMPONENT") {
		p.unsupported("COMPONENT")
	}
	p.expect("PLUGIN")
	s.Name = p.name("a plugin")
	if !s.Uninstall && p.accept("SONAME") {
		p.unsupported("SONAME: a plugin is registered in Go, plugins.Register")
	}
	if !s.Uninstall && p.accept("WITH") {
		s.Options = p.objectOptions()
	}
	return s
}
