package parse

import (
	"iter"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// Parsed is a statement and its placeholders: one name each, "" for a positional one.
type Parsed struct {
	Stmt       ast.Statement
	ParamNames []string
}

// Parse parses one statement.
func Parse(sql string) (out *Parsed, err error) {
	t, err := lex(sql)
	if err != nil {
		return nil, err
	}
	p := &parser{sql: sql, t: t}
	defer func() {
		if r := recover(); r != nil {
			b, ok := r.(bail)
			if !ok {
				panic(r)
			}
			err = b.err
		}
	}()
	if p.cur().kind == tEOF || p.isOp(";") && len(t) == 2 {
		return nil, base.Errorf(base.CodeEmptyQuery, "Query was empty")
	}
	s := p.statement()
	p.op(";")
	if p.cur().kind != tEOF {
		p.fail("")
	}
	return &Parsed{Stmt: s, ParamNames: p.names}, nil
}

// Expr parses an expression alone.
func Expr(sql string) (e ast.Expr, err error) {
	r, err := Parse("SELECT " + sql)
	if err != nil {
		return nil, err
	}
	return r.Stmt.(*ast.Select).Items[0].Expr, nil
}

// Split cuts a script into statements.
func Split(sql string) iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		t, err := lex(sql)
		if err != nil {
			yield(sql, 0)
			return
		}
		start := 0
		for i, k := range t {
			if k.kind == tOp && k.text == ";" || k.kind == tEOF {
				if i > start && !yield(sql[t[start].pos:k.pos], t[start].pos) {
					return
				}
				start = i + 1
			}
		}
	}
}

func (p *parser) statement() ast.Statement {
	at := p.at()
	if p.startsQuery() {
		return p.query()
	}
	switch p.cur().up {
	case "INSERT", "REPLACE":
		return p.insert()
	case "UPDATE":
		return p.update()
	case "DELETE":
		return p.delete()
	case "CREATE":
		p.i++
		if p.kw("DATABASE") || p.kw("SCHEMA") {
			c := &ast.CreateDatabase{At: at, IfNotExists: p.kw("IF", "NOT", "EXISTS")}
			c.Name = p.ident()
			return c
		}
		return p.createTable(at)
	case "DROP":
		p.i++
		d := &ast.DropTable{At: at}
		p.want("TABLE")
		d.IfExists = p.kw("IF", "EXISTS")
		d.Tables = append(d.Tables, p.tableName())
		for p.op(",") {
			d.Tables = append(d.Tables, p.tableName())
		}
		return d
	case "TRUNCATE":
		p.i++
		p.kw("TABLE")
		return &ast.Truncate{At: at, Table: p.tableName()}
	case "BEGIN":
		p.i++
		p.kw("WORK")
		return &ast.Begin{}
	case "START":
		p.i++
		p.want("TRANSACTION")
		b := &ast.Begin{}
		for p.cur().kind == tIdent {
			switch {
			case p.kw("READ", "ONLY"):
				b.ReadOnly = true
			case p.kw("READ", "WRITE"):
				b.ReadWrite = true
			case p.kw("WITH", "CONSISTENT", "SNAPSHOT"):
				b.Snapshot = true
			default:
				p.fail("")
			}
			p.op(",")
		}
		return b
	case "COMMIT":
		p.i++
		return &ast.Commit{}
	case "ROLLBACK":
		p.i++
		r := &ast.Rollback{}
		if p.kw("TO") {
			p.kw("SAVEPOINT")
			r.To = p.ident()
		}
		return r
	case "SAVEPOINT":
		p.i++
		return &ast.Savepoint{Name: p.ident()}
	case "RELEASE":
		p.i++
		p.want("SAVEPOINT")
		return &ast.Savepoint{Name: p.ident(), Release: true}
	case "SET":
		p.i++
		return p.set(at)
	case "SHOW":
		p.i++
		return p.show(at)
	case "DESCRIBE", "DESC", "EXPLAIN":
		p.i++
		if t := p.cur(); t.up == "SELECT" || t.up == "INSERT" || t.up == "UPDATE" || t.up == "DELETE" || t.up == "REPLACE" || t.up == "WITH" || t.text == "(" {
			return &ast.Explain{At: at, Stmt: p.statement()}
		}
		return &ast.Show{At: at, Kind: "COLUMNS", Table: p.tableName()}
	case "USE":
		p.i++
		return &ast.Use{At: at, Database: p.ident()}
	case "CHECK":
		p.i++
		p.want("STORE")
		return &ast.CheckStore{At: at}
	}
	p.fail("")
	return nil
}

func (p *parser) set(at ast.Pos) ast.Statement {
	if p.kw("NAMES") {
		return &ast.SetVariables{At: at, Items: []ast.SetVariable{{Var: ast.Variable{Name: "names", System: true}, Value: str(at, p.next().text)}}}
	}
	s := &ast.SetVariables{At: at}
	for {
		v := ast.Variable{System: true}
		if p.isKw("SESSION") || p.isKw("GLOBAL") || p.isKw("LOCAL") {
			v.Scope = strings.ToLower(p.next().up)
		}
		if p.kw("TRANSACTION") {
			st := &ast.SetTransaction{Scope: strings.ToUpper(v.Scope)}
			for p.cur().kind == tIdent {
				switch {
				case p.kw("ISOLATION", "LEVEL"):
					st.Isolation = p.next().up
					if st.Isolation != "SERIALIZABLE" {
						st.Isolation += " " + p.next().up
					}
				case p.kw("READ", "ONLY"):
					st.Access = "READ ONLY"
				case p.kw("READ", "WRITE"):
					st.Access = "READ WRITE"
				default:
					p.fail("")
				}
				p.op(",")
			}
			return st
		}
		switch t := p.next(); t.kind {
		case tUserVar:
			v = ast.Variable{Name: t.text}
		case tSysVar:
			p.i--
			v = *p.primary().(*ast.Variable)
		case tIdent:
			v.Name = strings.ToLower(t.text)
		default:
			p.i--
			p.fail("expected a variable")
		}
		if !p.op(":=") {
			p.wantOp("=")
		}
		it := ast.SetVariable{Var: v}
		if t := p.cur(); v.System && t.kind == tIdent && p.t[p.i+1].kind != tOp {
			p.i++
			if t.up != "DEFAULT" {
				it.Value = str(ast.Pos(t.pos), t.text)
			}
		} else if v.System && t.kind == tIdent && t.up == "ON" {
			p.i++
			it.Value = str(ast.Pos(t.pos), "ON")
		} else {
			it.Value = p.expr()
		}
		s.Items = append(s.Items, it)
		if !p.op(",") {
			return s
		}
	}
}

func (p *parser) show(at ast.Pos) ast.Statement {
	s := &ast.Show{At: at}
	s.Full = p.kw("FULL")
	if p.isKw("GLOBAL") || p.isKw("SESSION") {
		s.Scope = p.next().up
	}
	switch w := p.next().up; w {
	case "TABLES", "DATABASES", "VARIABLES", "WARNINGS", "ERRORS", "STATUS", "ENGINES":
		s.Kind = w
		if w == "TABLES" && (p.kw("FROM") || p.kw("IN")) {
			s.From = p.ident()
		}
	case "SCHEMAS":
		s.Kind = "DATABASES"
	case "COLUMNS", "FIELDS", "INDEX", "INDEXES", "KEYS":
		s.Kind = "COLUMNS"
		if w[0] == 'I' || w[0] == 'K' {
			s.Kind = "INDEX"
		}
		if !p.kw("FROM") {
			p.want("IN")
		}
		s.Table = p.tableName()
		if p.kw("FROM") || p.kw("IN") {
			s.Table.Schema = p.ident()
		}
	case "CREATE":
		p.want("TABLE")
		s.Kind = "CREATE TABLE"
		s.Table = p.tableName()
	default:
		p.i--
		p.fail("")
	}
	if p.kw("LIKE") {
		l := p.next().text
		s.Like = &l
	}
	if p.kw("WHERE") {
		s.Where = p.expr()
	}
	s.Limit = p.limit()
	return s
}
