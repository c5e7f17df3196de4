package parse

import (
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// queryAt reports whether a query in parentheses starts at token i, rather than an expression or a join in parentheses.
func (p *parser) queryAt(i int) bool {
	start := i
	for isOp(&p.toks[i], "(") {
		i++
	}
	t := &p.toks[i]
	if i == start || t.kw != "SELECT" && t.kw != "WITH" && t.kw != "TABLE" && !(t.kw == "VALUES" && p.toks[i+1].kw == "ROW") {
		return false
	}
	for i--; i > start; i-- { // ((query) …: what follows the inner parentheses decides
		m := p.toks[i].match
		if m < 0 {
			return true
		}
		switch t := &p.toks[m+1]; t.kw {
		case ")", "UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT":
		default:
			return false
		}
	}
	return true
}

// parenQuery reads a query in parentheses. One that an expression was read over already is not parsed again, or the cost
// would double with every level of nesting.
func (p *parser) parenQuery() ast.Query {
	start := p.i
	if d, ok := p.done[start]; ok {
		p.i = d.end
		return d.query
	}
	p.expectOp("(")
	q := p.query()
	p.noInto()
	p.expectOp(")")
	if p.done == nil {
		p.done = map[int]parsedPart{}
	}
	p.done[start] = parsedPart{q, p.i}
	return q
}

// query reads [WITH …] and terms with set operators between them, and the ORDER BY, LIMIT and locks of the whole.
func (p *parser) query() ast.Query {
	p.enter()
	defer p.leave()
	var with *ast.With
	if p.is("WITH") {
		with = p.with()
	}
	return p.queryAfter(with)
}

func (p *parser) queryAfter(with *ast.With) ast.Query {
	at := p.at()
	t := terms{parser: p}
	q := t.setOps(1)
	order, limit := []ast.OrderItem(nil), (*ast.Limit)(nil)
	if t.last != nil && t.ops > 0 { // the tail of the last SELECT is that of the whole
		order, t.last.OrderBy = t.last.OrderBy, nil
		limit, t.last.Limit = t.last.Limit, nil
	} else if t.last == nil {
		if p.is("ORDER") {
			order = p.orderBy()
		}
		limit = p.limit()
		p.into()
	}
	if with == nil && order == nil && limit == nil {
		return q
	}
	return attach(at, q, with, order, limit)
}

// attach gives a query a WITH and a tail. A query in parentheses that has its own becomes a derived table.
func attach(at ast.Pos, q ast.Query, with *ast.With, order []ast.OrderItem, limit *ast.Limit) ast.Query {
	tail := order != nil || limit != nil
	switch q := q.(type) {
	case *ast.Select:
		if (with == nil || q.With == nil) && !(tail && (q.OrderBy != nil || q.Limit != nil)) {
			if with != nil {
				q.With = with
			}
			if tail {
				q.OrderBy, q.Limit = order, limit
			}
			return q
		}
	case *ast.SetOp:
		if (with == nil || q.With == nil) && !(tail && (q.OrderBy != nil || q.Limit != nil)) {
			if with != nil {
				q.With = with
			}
			if tail {
				q.OrderBy, q.Limit = order, limit
			}
			return q
		}
	case *ast.ValuesList:
		if with == nil && q.OrderBy == nil && q.Limit == nil {
			q.OrderBy, q.Limit = order, limit
			return q
		}
	}
	return &ast.Select{At: at, With: with, Items: []ast.SelectItem{{At: at, Expr: &ast.Star{At: at}, Text: "*"}},
		From: []ast.TableExpr{&ast.Derived{At: at, Query: q, Alias: "query"}}, OrderBy: order, Limit: limit}
}

// terms reads the operands of set operators by precedence: INTERSECT binds closer than UNION and EXCEPT.
type terms struct {
	*parser
	last *ast.Select // the last term, if it is a SELECT without parentheses
	ops  int
}

func (t *terms) setOp() (string, int) {
	switch kw := t.tok().kw; kw {
	case "UNION", "EXCEPT":
		return kw, 1
	case "INTERSECT":
		return kw, 2
	}
	return "", 0
}

func (t *terms) setOps(least int) ast.Query {
	at := t.at()
	l := t.term()
	for {
		op, prec := t.setOp()
		if prec == 0 || prec < least {
			return l
		}
		if t.last != nil && (t.last.OrderBy != nil || t.last.Limit != nil) {
			t.fail("a SELECT with ORDER BY or LIMIT needs parentheses here")
		}
		t.i++
		t.ops++
		t.chain(t.ops)
		s := &ast.SetOp{At: at, Op: op, All: t.accept("ALL"), L: l}
		if !s.All {
			t.accept("DISTINCT")
		}
		s.R = t.setOps(prec + 1)
		l = s
	}
}

func (t *terms) term() ast.Query {
	at := t.at()
	t.last = nil
	switch {
	case t.isOp("("):
		return t.parenQuery()
	case t.is("SELECT"):
		t.last = t.selectBlock()
		return t.last
	case t.accept("VALUES"):
		v := &ast.ValuesList{At: at}
		for ok := true; ok; ok = t.acceptOp(",") {
			t.expect("ROW")
			t.expectOp("(")
			v.Rows = append(v.Rows, t.exprList())
			t.expectOp(")")
		}
		return v
	case t.accept("TABLE"):
		return &ast.Select{At: at, Items: []ast.SelectItem{{At: at, Expr: &ast.Star{At: at}, Text: "*"}},
			From: []ast.TableExpr{t.tableName()}}
	}
	t.fail("expected SELECT")
	return nil
}

// with reads WITH [RECURSIVE] name [(columns)] AS (query), ….
func (p *parser) with() *ast.With {
	p.expect("WITH")
	w := &ast.With{Recursive: p.accept("RECURSIVE")}
	for ok := true; ok; ok = p.acceptOp(",") {
		c := ast.CTE{At: p.at(), Name: p.name("a name")}
		if p.isOp("(") {
			c.Columns = p.nameList("a column")
		}
		p.expect("AS")
		c.Query = p.parenQuery()
		w.CTEs = append(w.CTEs, c)
	}
	return w
}
