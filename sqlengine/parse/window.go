package parse

import (
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// windowOnly reports whether a function has no meaning without OVER.
func windowOnly(name string) bool {
	switch name {
	case "ROW_NUMBER", "RANK", "DENSE_RANK", "PERCENT_RANK", "CUME_DIST", "NTILE", "LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE", "NTH_VALUE":
		return true
	}
	return false
}

// overAllowed reports whether OVER may follow a call of the function: MySQL's grammar has it behind the window functions and
// the aggregates only.
func overAllowed(name string) bool {
	switch name {
	case "COUNT", "SUM", "AVG", "MIN", "MAX", "BIT_AND", "BIT_OR", "BIT_XOR", "STD", "STDDEV", "STDDEV_POP", "STDDEV_SAMP", "VARIANCE",
		"VAR_POP", "VAR_SAMP", "GROUP_CONCAT", "JSON_ARRAYAGG", "JSON_OBJECTAGG":
		return true
	}
	return windowOnly(name)
}

// over reads the clauses that make a call a window function.
func (p *parser) over(c *ast.Call) {
	if c.Name == "NTH_VALUE" && p.accept("FROM", "LAST") {
		p.unsupported("NTH_VALUE … FROM LAST")
	} else if c.Name == "NTH_VALUE" {
		p.accept("FROM", "FIRST")
	}
	switch c.Name {
	case "LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE", "NTH_VALUE":
		if p.accept("IGNORE", "NULLS") {
			p.unsupported(c.Name + " … IGNORE NULLS")
		}
		p.accept("RESPECT", "NULLS")
	}
	if windowOnly(c.Name) && !p.is("OVER") {
		p.fail("expected OVER")
	}
	if !overAllowed(c.Name) || !p.accept("OVER") {
		return
	}
	if p.isOp("(") {
		c.Over = p.window()
		return
	}
	c.Over = &ast.Window{At: p.at(), Ref: true, Name: p.name("a window or '('")}
}

// windows reads the definitions of a WINDOW clause.
func (p *parser) windows() []ast.NamedWindow {
	var list []ast.NamedWindow
	for ok := true; ok; ok = p.acceptOp(",") {
		w := ast.NamedWindow{Name: p.name("a window")}
		p.expect("AS")
		w.Spec = p.window()
		list = append(list, w)
	}
	return list
}

// window reads (name PARTITION BY … ORDER BY … frame).
func (p *parser) window() *ast.Window {
	w := &ast.Window{At: p.at()}
	p.expectOp("(")
	if isName(p.tok()) {
		w.Name = p.name("a window")
	}
	if p.accept("PARTITION", "BY") {
		w.Partition = p.exprList()
	}
	if p.is("ORDER") {
		w.OrderBy = p.orderBy()
	}
	w.Frame = p.frame()
	p.expectOp(")")
	return w
}

// frame reads ROWS|RANGE|GROUPS and its bounds; nil if none is next.
func (p *parser) frame() *ast.Frame {
	unit := p.acceptAny("ROWS", "RANGE", "GROUPS")
	if unit == "" {
		return nil
	}
	f := &ast.Frame{Unit: unit, End: ast.Bound{Kind: "CURRENT ROW"}}
	if p.accept("BETWEEN") {
		f.Start = p.bound()
		p.expect("AND")
		f.End = p.bound()
	} else {
		at := p.i
		if f.Start = p.bound(); f.Start.Kind == "FOLLOWING" || f.Start.Kind == "UNBOUNDED FOLLOWING" { // only BETWEEN has these
			p.i = at
			p.fail("expected a start of the frame")
		}
	}
	if p.is("EXCLUDE") {
		p.unsupported("EXCLUDE")
	}
	return f
}

func (p *parser) bound() ast.Bound {
	if p.accept("CURRENT", "ROW") {
		return ast.Bound{Kind: "CURRENT ROW"}
	}
	if p.accept("UNBOUNDED") {
		return ast.Bound{Kind: "UNBOUNDED " + p.expectAny("PRECEDING", "FOLLOWING")}
	}
	b := ast.Bound{Offset: p.bit(1)}
	b.Kind = p.expectAny("PRECEDING", "FOLLOWING")
	return b
}
