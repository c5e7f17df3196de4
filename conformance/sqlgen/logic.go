package sqlgen

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Statement is one statement of a script and what is known about its answer.
type Statement struct {
	*Tree
	Query   bool // it answers with rows
	Ordered bool // in one order only
}

// Logic writes scripts like those of the sqllogictest collection: expressions, aggregates and groups on small tables, and
// conditions on tables that differ in nothing but their indexes.
type Logic struct {
	r *rand.Rand
	// Slash says that a division of integers is a division, as in MySQL; SQLite's cuts off.
	Slash bool
	// Spaced says that a blank may stand between a function's name and its parenthesis.
	Spaced bool
	// Signed is the name of the integer type in CAST.
	Signed string
}

// NewLogic returns a writer of scripts in MySQL's dialect.
func NewLogic(seed uint64) *Logic {
	return &Logic{r: rand.New(rand.NewPCG(seed, 11)), Slash: true, Signed: "SIGNED"}
}

func (g *Logic) n(n int) int              { return g.r.IntN(n) }
func (g *Logic) chance(percent int) bool  { return g.r.IntN(100) < percent }
func (g *Logic) pick(s ...string) string  { return s[g.r.IntN(len(s))] }
func (g *Logic) small(columns int) string { return fmt.Sprint("col", g.n(columns)) }

// Small returns the statements that make tab0, tab1 and tab2, of three integer columns and a few rows each, some of it NULL
// where nulls is set.
func (g *Logic) Small(nulls bool) (script []*Tree) {
	for i := range 3 {
		script = append(script, Text(fmt.Sprintf("CREATE TABLE tab%d(col0 INTEGER, col1 INTEGER, col2 INTEGER)", i)))
	}
	for i := range 3 {
		for range 3 {
			v := make([]string, 3)
			for k := range v {
				v[k] = fmt.Sprint(g.n(100))
				if nulls && g.chance(15) {
					v[k] = "NULL"
				}
			}
			script = append(script, Text(fmt.Sprintf("INSERT INTO tab%d VALUES(%s)", i, strings.Join(v, ","))))
		}
	}
	return script
}

// source is a FROM clause and the columns that it offers.
type source struct {
	from    *Tree
	columns []string
}

// from returns one to three of the small tables, joined in one of the ways that need no condition.
func (g *Logic) from() source {
	n := 1
	if g.chance(25) {
		n = 2 + g.n(2)
	}
	s := source{from: seq()}
	for i := range n {
		table := fmt.Sprint("tab", g.n(3))
		alias := fmt.Sprint("cor", i)
		if n == 1 && g.chance(40) {
			alias = table
		}
		text := table
		if alias != table {
			text += g.pick(" AS ", " ") + alias
		}
		if i > 0 {
			text = g.pick(", ", " CROSS JOIN ") + text
		}
		s.from.parts = append(s.from.parts, part{text: text})
		for k := range 3 {
			s.columns = append(s.columns, fmt.Sprintf("%s.col%d", alias, k))
			if n == 1 {
				s.columns = append(s.columns, fmt.Sprint("col", k))
			}
		}
	}
	if n > 1 && !strings.Contains(s.from.String(), ",") && g.chance(30) {
		// A condition on the last join; the others have none.
		s.from.parts = append(s.from.parts, part{text: " ON "}, part{tree: g.condition(s.columns, 1)})
		k := len(s.from.parts) - 3
		s.from.parts[k].text = strings.Replace(s.from.parts[k].text, "CROSS JOIN", g.pick("INNER JOIN", "LEFT JOIN", "LEFT OUTER JOIN", "JOIN"), 1)
	}
	return s
}

// number returns an expression over columns, without aggregates.
func (g *Logic) number(columns []string, depth int) *Tree {
	t := func(parts ...any) *Tree { return node("number", "", parts...) }
	sign := g.pick("", "", "", "+ ", "- ", "- ", "+ + ", "- + ", "+ - ", "- - ")
	if depth <= 0 || g.chance(30) {
		switch {
		case len(columns) > 0 && g.chance(50):
			return t(sign, t(g.pick(columns...)))
		case g.chance(6):
			return t("NULL")
		}
		return t(sign, t(fmt.Sprint(g.n(100))))
	}
	a := func() *Tree { return g.number(columns, depth-1) }
	switch g.n(16) {
	case 0:
		return t(sign, "( ", a(), " )")
	case 1:
		return t(sign, "CAST( ", a(), " AS ", g.Signed, " )")
	case 2:
		return t(sign, "COALESCE( ", list(", ", 1, a(), a(), a()), " )")
	case 3:
		return t(sign, "NULLIF( ", a(), ", ", a(), " )")
	case 4:
		return t(sign, "CASE ", a(), " WHEN ", a(), " THEN ", a(), maybe(" WHEN ", a(), " THEN ", a()), maybe(" ELSE ", a()), " END")
	case 5:
		return t(sign, "CASE WHEN ", g.condition(columns, depth-1), " THEN ", a(), maybe(" ELSE ", a()), " END")
	case 6:
		return t(sign, "ABS( ", a(), " )")
	case 7, 8:
		return t(a(), g.divide(), a())
	case 9, 10, 11:
		return t(a(), " * ", a())
	case 12, 13:
		return t(a(), " + ", a())
	}
	return t(a(), " - ", a())
}

func (g *Logic) divide() string {
	if g.Slash {
		return g.pick(" DIV ", " DIV ", " / ")
	}
	return " / "
}

// condition returns a truth value over columns.
func (g *Logic) condition(columns []string, depth int) *Tree {
	return g.conditionOf(depth, func(d int) *Tree { return g.number(columns, d) })
}

// conditionOf returns a truth value over what value returns.
func (g *Logic) conditionOf(depth int, value func(depth int) *Tree) *Tree {
	t := func(parts ...any) *Tree { return node("condition", "", parts...) }
	not := ""
	if g.chance(30) {
		not = "NOT "
	}
	v := func() *Tree { return value(min(depth, 1)) }
	if depth > 0 && g.chance(25) {
		c := func() *Tree { return g.conditionOf(depth-1, value) }
		switch g.n(4) {
		case 0:
			return t(not, "( ", c(), " )")
		case 1:
			return t("( ", c(), " )", g.pick(" AND ", " OR "), "( ", c(), " )")
		}
		return t(c(), g.pick(" AND ", " OR "), c())
	}
	switch g.n(9) {
	case 0:
		return t(not, v(), g.pick(" IS NULL", " IS NOT NULL"))
	case 1:
		return t(not, v(), g.pick(" ", " NOT "), "BETWEEN ", v(), " AND ", v())
	case 2, 3:
		return t(not, v(), g.pick(" ", " NOT "), "IN ( ", list(", ", 1, v(), v(), v()), " )")
	case 4:
		return t(not, "( ", v(), " )", g.comparison(), "( ", v(), " )")
	}
	return t(not, v(), g.comparison(), v())
}

func (g *Logic) comparison() string { return g.pick(" = ", " <> ", " < ", " <= ", " > ", " >= ") }

// aggregate returns an expression of aggregates and constants.
func (g *Logic) aggregate(columns []string, depth int) *Tree {
	t := func(parts ...any) *Tree { return node("aggregate", "", parts...) }
	sign := g.pick("", "", "", "+ ", "- ", "- + ", "- - ")
	if depth <= 0 || g.chance(40) {
		switch g.n(8) {
		case 0, 1:
			return t(sign, "COUNT( * )")
		case 2:
			return t(sign, t(fmt.Sprint(g.n(100))))
		}
		return t(sign, t(g.pick("COUNT", "MIN", "MAX", "SUM", "SUM", "AVG"), "( ", g.pick("", "", "ALL ", "DISTINCT "), g.number(columns, 1), " )"))
	}
	a := func() *Tree { return g.aggregate(columns, depth-1) }
	switch g.n(9) {
	case 0:
		return t(sign, "( ", a(), " )")
	case 1:
		return t(sign, "CAST( ", a(), " AS ", g.Signed, " )")
	case 2:
		return t(sign, "COALESCE( ", list(", ", 1, a(), a()), " )")
	case 3:
		return t(sign, "NULLIF( ", a(), ", ", a(), " )")
	case 4:
		return t(a(), g.divide(), a())
	case 5, 6:
		return t(a(), " * ", a())
	}
	return t(a(), g.pick(" + ", " - "), a())
}

func (g *Logic) alias(percent int) *Tree {
	if !g.chance(percent) {
		return seq()
	}
	return maybe(g.pick(" AS ", " AS ", " "), g.small(3))
}

func (g *Logic) quantifier() *Tree {
	if g.chance(60) {
		return seq()
	}
	return maybe(g.pick("ALL ", "DISTINCT ", "DISTINCT "))
}

// Select returns a query of expressions over the small tables.
func (g *Logic) Select() Statement {
	s := g.from()
	items := []*Tree{}
	if g.chance(15) {
		items = append(items, Text("*"))
	} else {
		for range 1 + g.n(2)*g.n(2) {
			items = append(items, seq(g.number(s.columns, 2), g.alias(40)))
		}
	}
	q := seq("SELECT ", g.quantifier(), list(", ", 1, items...), " FROM ", s.from)
	if g.chance(45) {
		q.parts = append(q.parts, part{tree: maybe(" WHERE ", g.condition(s.columns, 2))})
	}
	return Statement{Tree: q, Query: true}
}

// Aggregate returns a query of one row of aggregates over the small tables.
func (g *Logic) Aggregate() Statement {
	s := g.from()
	items := []*Tree{}
	for range 1 + g.n(2)*g.n(2) {
		items = append(items, seq(g.aggregate(s.columns, 2), g.alias(40)))
	}
	q := seq("SELECT ", g.quantifier(), list(", ", 1, items...), " FROM ", s.from)
	if g.chance(30) {
		q.parts = append(q.parts, part{tree: maybe(" WHERE ", g.condition(s.columns, 2))})
	}
	return Statement{Tree: q, Query: true}
}

// Grouped returns a query with GROUP BY over the small tables, whose expressions are made of the columns of the groups.
func (g *Logic) Grouped() Statement {
	s := g.from()
	var keys []*Tree
	var by []string
	for range 1 + g.n(2)*g.n(2) {
		c := g.pick(s.columns...)
		keys = append(keys, Text(c))
		by = append(by, c)
	}
	items := []*Tree{}
	aggregates := false
	for range 1 + g.n(2)*g.n(2) {
		item, aggregate := g.grouped(s.columns, by)
		items, aggregates = append(items, seq(item, g.alias(40))), aggregates || aggregate
	}
	quantifier := g.quantifier()
	if aggregates {
		quantifier = seq() // MariaDB forgets the DISTINCT of some of these
	}
	q := seq("SELECT ", quantifier, list(", ", 1, items...), " FROM ", s.from)
	if g.chance(30) {
		q.parts = append(q.parts, part{tree: maybe(" WHERE ", g.condition(s.columns, 1))})
	}
	q.parts = append(q.parts, part{text: " GROUP BY "}, part{tree: list(", ", 1, keys...)})
	if g.chance(30) {
		having := g.conditionOf(1, func(d int) *Tree {
			e, _ := g.grouped(s.columns, by)
			return e
		})
		q.parts = append(q.parts, part{tree: maybe(" HAVING ", having)})
	}
	return Statement{Tree: q, Query: true}
}

// grouped returns an expression of a group's columns, or of aggregates over all columns.
func (g *Logic) grouped(columns, by []string) (e *Tree, aggregate bool) {
	if g.chance(30) {
		return g.aggregate(columns, 1), true
	}
	return g.number(by, 2), false
}
