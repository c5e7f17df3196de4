package parse

import (
	"strings"

	"github.com/s3sql/s3sql/sqlengine/ast"
)

func (p *parser) startsQuery() bool {
	i := p.i
	for i < len(p.t) && p.t[i].kind == tOp && p.t[i].text == "(" {
		i++
	}
	return p.t[i].up == "SELECT" && p.t[i].kind == tIdent || p.t[i].up == "WITH" && p.t[i].kind == tIdent
}

func (p *parser) query() ast.Query {
	p.depth++
	if p.depth > 100 {
		p.fail("queries are nested too deeply")
	}
	defer func() { p.depth-- }()
	var with *ast.With
	if p.kw("WITH") {
		with = &ast.With{Recursive: p.kw("RECURSIVE")}
		for {
			c := ast.CTE{At: p.at(), Name: p.ident()}
			if p.op("(") {
				c.Columns = p.names2()
				p.wantOp(")")
			}
			p.want("AS")
			p.wantOp("(")
			c.Query = p.query()
			p.wantOp(")")
			with.CTEs = append(with.CTEs, c)
			if !p.op(",") {
				break
			}
		}
	}
	q := p.setOp()
	order, limit := p.tail()
	switch n := q.(type) {
	case *ast.Select:
		if order != nil {
			n.OrderBy = order
		}
		if limit != nil {
			n.Limit = limit
		}
		n.With = with
		if p.kw("FOR", "UPDATE") {
			n.Lock = "UPDATE"
		} else if p.kw("FOR", "SHARE") {
			n.Lock = "SHARE"
		}
	case *ast.SetOp:
		n.OrderBy, n.Limit, n.With = order, limit, with
	}
	return q
}

func (p *parser) names2() []string {
	out := []string{p.ident()}
	for p.op(",") {
		out = append(out, p.ident())
	}
	return out
}

func (p *parser) tail() (order []ast.OrderItem, limit *ast.Limit) {
	if p.kw("ORDER", "BY") {
		order = p.orderList()
	}
	return order, p.limit()
}

func (p *parser) limit() *ast.Limit {
	if !p.kw("LIMIT") {
		return nil
	}
	l := &ast.Limit{Count: p.expr()}
	if p.kw("OFFSET") {
		l.Offset = p.expr()
	} else if p.op(",") {
		l.Offset, l.Count = l.Count, p.expr()
	}
	return l
}

func (p *parser) setOp() ast.Query {
	l := p.intersect()
	for p.isKw("UNION") || p.isKw("EXCEPT") {
		at, op := p.at(), p.next().up
		all := p.kw("ALL")
		p.kw("DISTINCT")
		l = &ast.SetOp{At: at, Op: op, All: all, L: l, R: p.intersect()}
	}
	return l
}

func (p *parser) intersect() ast.Query {
	l := p.term()
	for p.isKw("INTERSECT") {
		at := p.at()
		p.i++
		all := p.kw("ALL")
		p.kw("DISTINCT")
		l = &ast.SetOp{At: at, Op: "INTERSECT", All: all, L: l, R: p.term()}
	}
	return l
}

func (p *parser) term() ast.Query {
	if p.op("(") {
		q := p.query()
		p.wantOp(")")
		return q
	}
	return p.selectBlock()
}

func (p *parser) selectBlock() *ast.Select {
	s := &ast.Select{At: p.at()}
	p.want("SELECT")
	for {
		switch {
		case p.kw("DISTINCT"), p.kw("DISTINCTROW"):
			s.Distinct = true
			continue
		case p.kw("ALL"):
			continue
		case p.kw("SQL_CALC_FOUND_ROWS"):
			s.CalcFound = true
			continue
		case p.kw("SQL_NO_CACHE"), p.kw("HIGH_PRIORITY"):
			continue
		}
		break
	}
	for {
		start := p.cur()
		it := ast.SelectItem{At: p.at(), Expr: p.expr()}
		it.Text = p.sql[start.pos:p.t[p.i-1].end]
		if p.kw("AS") {
			if p.cur().kind == tString {
				it.Alias = p.next().text
			} else {
				it.Alias = p.ident()
			}
		} else if t := p.cur(); t.kind == tQuoted || t.kind == tString || t.kind == tIdent && !reserved[t.up] {
			it.Alias = t.text
			p.i++
		}
		s.Items = append(s.Items, it)
		if !p.op(",") {
			break
		}
	}
	if p.kw("FROM") {
		s.From = p.fromList()
	}
	if p.kw("WHERE") {
		s.Where = p.expr()
	}
	if p.kw("GROUP", "BY") {
		s.GroupBy = p.exprList()
		s.Rollup = p.kw("WITH", "ROLLUP")
	}
	if p.kw("HAVING") {
		s.Having = p.expr()
	}
	if p.isKw("ORDER") || p.isKw("LIMIT") {
		// belongs to this block only when nothing combines it with another
		save, names := p.i, len(p.names)
		p.tail()
		if p.isKw("UNION") || p.isKw("EXCEPT") || p.isKw("INTERSECT") {
			p.i = save
			p.fail("ORDER BY or LIMIT before UNION needs parentheses")
		}
		p.i, p.names = save, p.names[:names]
	}
	return s
}

func (p *parser) fromList() []ast.TableExpr {
	out := []ast.TableExpr{p.tableRef()}
	for p.op(",") {
		out = append(out, p.tableRef())
	}
	return out
}

func (p *parser) tableRef() ast.TableExpr {
	l := p.tableFactor()
	for {
		at := p.at()
		j := &ast.Join{At: at, Kind: "INNER", L: l}
		switch {
		case p.kw("JOIN"), p.kw("INNER", "JOIN"), p.kw("STRAIGHT_JOIN"):
		case p.kw("CROSS", "JOIN"):
			j.Kind = "CROSS"
		case p.isKw("LEFT"), p.isKw("RIGHT"), p.isKw("FULL"):
			j.Kind = p.next().up
			p.kw("OUTER")
			p.want("JOIN")
		case p.isKw("NATURAL"):
			p.i++
			j.Natural = true
			if p.isKw("LEFT") || p.isKw("RIGHT") || p.isKw("INNER") {
				j.Kind = p.next().up
			}
			p.kw("OUTER")
			p.want("JOIN")
		default:
			return l
		}
		j.R = p.tableFactor()
		if p.kw("ON") {
			j.On = p.expr()
		} else if p.kw("USING") {
			p.wantOp("(")
			j.Using = p.names2()
			p.wantOp(")")
		} else if j.Kind != "CROSS" && j.Kind != "INNER" && !j.Natural {
			p.fail("expected ON or USING")
		}
		l = j
	}
}

func (p *parser) alias() string {
	if p.kw("AS") {
		return p.ident()
	}
	if t := p.cur(); t.kind == tQuoted || t.kind == tIdent && !reserved[t.up] {
		p.i++
		return t.text
	}
	return ""
}

func (p *parser) tableFactor() ast.TableExpr {
	at := p.at()
	if p.isOp("(") {
		if p.startsQuery() {
			p.i++
			q := p.query()
			p.wantOp(")")
			d := &ast.Derived{At: at, Query: q, Alias: p.alias()}
			if d.Alias != "" && p.op("(") {
				d.Columns = p.names2()
				p.wantOp(")")
			}
			return d
		}
		p.i++
		t := p.tableRef()
		p.wantOp(")")
		return t
	}
	t := p.tableName()
	t.Alias = p.alias()
	return t
}

func (p *parser) tableName() *ast.TableName {
	t := &ast.TableName{At: p.at(), Name: p.ident()}
	if p.op(".") {
		t.Schema = t.Name
		t.Name = p.next().text
	}
	return t
}

func (p *parser) insert() ast.Statement {
	s := &ast.Insert{At: p.at(), Replace: p.next().up == "REPLACE"}
	s.Ignore = p.kw("IGNORE")
	p.kw("INTO")
	s.Table = p.tableName()
	if p.isOp("(") && !p.startsQuery() {
		p.i++
		if !p.isOp(")") {
			s.Columns = p.names2()
		}
		p.wantOp(")")
	}
	switch {
	case p.kw("VALUES"), p.kw("VALUE"):
		for {
			p.wantOp("(")
			row := []ast.Expr{}
			if !p.isOp(")") {
				row = p.exprList()
			}
			p.wantOp(")")
			s.Rows = append(s.Rows, row)
			if !p.op(",") {
				break
			}
		}
	case p.kw("SET"):
		var row []ast.Expr
		for _, it := range p.setList() {
			s.Columns = append(s.Columns, it.Column.Name)
			row = append(row, it.Value)
		}
		s.Rows = [][]ast.Expr{row}
	case p.startsQuery():
		s.Query = p.query()
	default:
		p.fail("expected VALUES, SET or SELECT")
	}
	if p.kw("AS") {
		s.RowAlias = p.ident()
		if p.op("(") {
			s.ColAlias = p.names2()
			p.wantOp(")")
		}
	}
	if p.kw("ON", "DUPLICATE") {
		p.want("KEY")
		p.want("UPDATE")
		s.OnDup = p.setList()
	}
	return s
}

func (p *parser) setList() []ast.SetItem {
	var out []ast.SetItem
	for {
		e := p.nameOrCall(p.at())
		c, ok := e.(*ast.ColumnRef)
		if !ok {
			p.fail("expected a column")
		}
		p.wantOp("=")
		out = append(out, ast.SetItem{Column: c, Value: p.expr()})
		if !p.op(",") {
			return out
		}
	}
}

func (p *parser) update() ast.Statement {
	s := &ast.Update{At: p.at()}
	p.i++
	s.Ignore = p.kw("IGNORE")
	s.From = p.fromList()
	p.want("SET")
	s.Set = p.setList()
	if p.kw("WHERE") {
		s.Where = p.expr()
	}
	s.OrderBy, s.Limit = p.tail()
	return s
}

func (p *parser) delete() ast.Statement {
	s := &ast.Delete{At: p.at()}
	p.i++
	s.Ignore = p.kw("IGNORE")
	p.want("FROM")
	s.From = p.fromList()
	if p.kw("WHERE") {
		s.Where = p.expr()
	}
	s.OrderBy, s.Limit = p.tail()
	return s
}

var _ = strings.ToUpper
