package parse

import (
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/xwb1989/sqlparser"
)

// selectBlock reads one SELECT up to its locks: the clauses go to the core together, except WINDOW, ROLLUP and the locks.
func (p *parser) selectBlock() *ast.Select {
	s := &ast.Select{At: p.at()}
	e := &emitter{p: p, buf: make([]byte, 0, 256)}
	p.expect("SELECT")
	e.raw("select ")
	p.modifiers(s)
	if s.Distinct {
		e.raw("distinct ")
	}
	s.Items = e.items()
	p.into()
	if p.accept("FROM") {
		e.raw(" from ")
		if p.accept("DUAL") { // stands alone
			e.raw("dual")
		} else {
			e.from()
		}
	}
	e.whereClause()
	if p.accept("GROUP", "BY") {
		e.raw(" group by ")
		e.exprList()
		s.Rollup = p.accept("WITH", "ROLLUP")
	}
	if p.accept("HAVING") {
		e.raw(" having ")
		e.expr()
	}
	if p.accept("WINDOW") {
		s.Windows = p.windows()
	}
	e.tail(true)
	p.into()
	p.locks(s)
	p.into()

	n, ok := e.core().(*sqlparser.Select)
	if !ok || len(n.SelectExprs) != len(s.Items) {
		e.broken("SELECT")
	}
	for i, x := range n.SelectExprs {
		if a, ok := x.(*sqlparser.AliasedExpr); ok {
			s.Items[i].Expr = e.convert(a.Expr)
		}
	}
	s.From = e.fromOf(n.From)
	s.Where, s.Having = e.where(n.Where), e.where(n.Having)
	s.GroupBy = e.exprs(n.GroupBy)
	s.OrderBy, s.Limit = e.order(n.OrderBy), e.limitOf(n.Limit)
	return s
}

// modifiers reads what may stand between SELECT and its list.
func (p *parser) modifiers(s *ast.Select) {
	for {
		switch p.acceptAny("ALL", "DISTINCT", "DISTINCTROW", "SQL_CALC_FOUND_ROWS", "HIGH_PRIORITY", "STRAIGHT_JOIN", "SQL_SMALL_RESULT",
			"SQL_BIG_RESULT", "SQL_BUFFER_RESULT", "SQL_CACHE", "SQL_NO_CACHE") {
		case "":
			return
		case "DISTINCT", "DISTINCTROW":
			s.Distinct = true
		case "STRAIGHT_JOIN":
			s.Straight = true
		case "SQL_CALC_FOUND_ROWS":
			s.CalcFound = true
		case "SQL_CACHE":
			s.Cache = "SQL_CACHE"
		case "SQL_NO_CACHE":
			s.Cache = "SQL_NO_CACHE"
		}
	}
}

// items writes a select list. Stars are read here; the core sees an expression for each.
func (e *emitter) items() []ast.SelectItem {
	p := e.p
	var list []ast.SelectItem
	for {
		start := p.i
		it := ast.SelectItem{At: p.at()}
		if star := p.star(); star != nil {
			it.Expr = star
			e.raw("*")
		} else {
			e.expr()
			it.Text = p.since(start)
			it.Alias = p.alias()
		}
		if it.Text == "" {
			it.Text = p.since(start)
		}
		list = append(list, it)
		if !p.isOp(",") {
			return list
		}
		e.raw(",")
		p.i++
	}
}

// star reads *, t.* or s.t.*; nil if none is next.
func (p *parser) star() *ast.Star {
	at := p.at()
	switch {
	case p.acceptOp("*"):
		return &ast.Star{At: at}
	case isName(p.tok()) && isOp(p.peek(1), ".") && isOp(p.peek(2), "*"):
		s := &ast.Star{At: at, Table: p.name("a table")}
		p.i += 2
		return s
	case isName(p.tok()) && isOp(p.peek(1), ".") && isOp(p.peek(3), ".") && isOp(p.peek(4), "*"):
		s := &ast.Star{At: at, Schema: p.name("a schema")}
		p.i++
		s.Table = p.anyName("a table")
		p.i += 2
		return s
	}
	return nil
}

// alias reads [AS] alias of a select item, "" if there is none. It may be a string.
func (p *parser) alias() string {
	as := p.accept("AS")
	switch t := p.tok(); {
	case t.kind == tString:
		return p.stringValue()
	case isName(t) && (as || !p.is("RETURNING")):
		return p.name("an alias")
	case as:
		p.fail("expected an alias")
	}
	return ""
}

func (e *emitter) whereClause() {
	if e.p.accept("WHERE") {
		e.raw(" where ")
		e.expr()
	}
}

// tail writes ORDER BY and LIMIT, with an offset where one is allowed.
func (e *emitter) tail(offset bool) {
	p := e.p
	if p.is("ORDER") {
		p.expect("ORDER", "BY")
		e.raw(" order by ")
		for {
			e.expr()
			if p.accept("DESC") {
				e.raw(" desc")
			} else {
				p.accept("ASC")
			}
			if !p.isOp(",") {
				break
			}
			e.raw(",")
			p.i++
		}
	}
	if l := p.limit(); l != nil {
		e.raw(" limit ")
		if l.Offset != nil && !offset {
			p.i--
			p.fail("LIMIT takes one number here")
		}
		if l.Offset != nil {
			e.lift(l.Offset)
			e.raw(",")
		}
		e.lift(l.Count)
	}
}

// locks reads FOR UPDATE, FOR SHARE and LOCK IN SHARE MODE.
func (p *parser) locks(s *ast.Select) {
	for {
		switch {
		case p.accept("LOCK", "IN", "SHARE", "MODE"):
			s.Lock = "SHARE"
		case p.accept("FOR"):
			s.Lock = p.expectAny("UPDATE", "SHARE")
			if p.accept("OF") {
				for ok := true; ok; ok = p.acceptOp(",") {
					s.LockOf = append(s.LockOf, p.name("a table"))
				}
			}
			switch {
			case p.accept("NOWAIT"):
				s.LockWait = "NOWAIT"
			case p.accept("SKIP", "LOCKED"):
				s.LockWait = "SKIP LOCKED"
			}
		default:
			return
		}
	}
}
