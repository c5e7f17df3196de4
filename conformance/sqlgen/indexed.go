package sqlgen

import (
	"fmt"
	"strings"
)

// indexedColumns are the columns of the tables that differ in their indexes: texts are col2 and col5, and only the others
// are indexed.
const indexedColumns = "pk INTEGER PRIMARY KEY, col0 INTEGER, col1 FLOAT, col2 TEXT, col3 INTEGER, col4 FLOAT, col5 TEXT"

// Indexed returns the statements that make tab0 to tab4 with the same rows and different indexes; tab0 has none but its key.
func (g *Logic) Indexed(rows int) (script []*Tree) {
	say := func(format string, args ...any) { script = append(script, Text(fmt.Sprintf(format, args...))) }
	span := max(100, rows*rows)
	say("CREATE TABLE tab0(%s)", indexedColumns)
	used := map[string]bool{}
	fresh := func(make func() string) string { // values differ within a column, so that every index may be unique
		for {
			if v := make(); !used[v] {
				used[v] = true
				return v
			}
		}
	}
	for i := range rows {
		integer := func(c string) string {
			return fresh(func() string { return fmt.Sprintf("%s%d", c, g.n(span)) })[1:]
		}
		real := func(c string) string {
			return fresh(func() string { return fmt.Sprintf("%s%d.%d", c, g.n(span), g.n(100)) })[1:]
		}
		say("INSERT INTO tab0 VALUES(%d,%s,%s,'%s',%s,%s,'%s')", i, integer("a"), real("b"), g.word(), integer("c"), real("d"), g.word())
	}
	for t := 1; t < 5; t++ {
		say("CREATE TABLE tab%d(%s)", t, indexedColumns)
		for i := range 1 + g.n(4) {
			unique := g.pick("", "", "UNIQUE ")
			var keys []string
			for _, c := range g.r.Perm(4)[:1+g.n(2)*g.n(3)] {
				keys = append(keys, []string{"col0", "col1", "col3", "col4"}[c]+g.pick("", " DESC"))
			}
			say("CREATE %sINDEX idx_tab%d_%d ON tab%d (%s)", unique, t, i, t, strings.Join(keys, ","))
		}
		say("INSERT INTO tab%d SELECT * FROM tab0", t)
	}
	return script
}

func (g *Logic) word() string {
	b := make([]byte, 5)
	for i := range b {
		b[i] = byte('a' + g.n(26))
	}
	return string(b)
}

// Ranged returns a query over the table whose condition is one of comparisons of columns with constants, which indexes
// answer.
func (g *Logic) Ranged(table string, span int) Statement {
	q := seq("SELECT ", g.pick("pk", "pk, col0", "pk, col1, col4", "*"), " FROM ", table, maybe(" WHERE ", g.ranges(span, 4)))
	if !g.chance(30) {
		return Statement{Tree: q, Query: true}
	}
	q.parts = append(q.parts, part{tree: maybe(" ORDER BY ", g.pick("pk", "col0", "col1", "3", "4 DESC", "col0 DESC", "1 DESC"), ", pk")})
	if q.parts[1].text == "pk" || q.parts[1].text == "pk, col0" {
		q.parts[4].tree.parts[1].text = g.pick("1", "1 DESC", "pk DESC", "col0", "col3 DESC", "col4")
	}
	return Statement{Tree: q, Query: true, Ordered: true}
}

func (g *Logic) ranges(span, depth int) *Tree {
	t := func(parts ...any) *Tree { return node("range", "", parts...) }
	if depth > 0 && g.chance(55) {
		open, end := "", ""
		if g.chance(50) {
			open, end = g.pick("(", "(", "NOT ("), ")"
		}
		return t(open, g.ranges(span, depth-1), g.pick(" AND ", " OR "), g.ranges(span, depth-1), end)
	}
	c := g.pick("col0", "col3", "col0", "col3", "col1", "col4")
	integer := c == "col0" || c == "col3"
	v := func() string {
		n := fmt.Sprint(g.n(span))
		if !integer {
			n += fmt.Sprint(".", g.n(100))
		}
		return n
	}
	switch g.n(9) {
	case 0:
		lo := g.n(span)
		return t(c, fmt.Sprintf(" BETWEEN %d AND %d", lo, lo+g.n(span/2)))
	case 1:
		return t(c, fmt.Sprintf(" BETWEEN %s AND %s", v(), v()))
	case 2:
		return t(c, " IS NULL")
	case 3:
		items := make([]*Tree, 1+g.n(6))
		for i := range items {
			items[i] = Text(v())
		}
		return t(c, " IN (", list(",", 1, items...), ")")
	case 4:
		return t(c, " IN (SELECT ", c, " FROM tab", fmt.Sprint(g.n(5)), " WHERE ", g.ranges(span, depth-2), ")")
	}
	return t(c, g.comparison(), v())
}

// Mixed returns a query of random expressions over the table.
func (g *Logic) Mixed(table string) Statement {
	columns := []string{"col0", "col1", "col3", "col4", "pk", "cor0.col0", "cor0.col3", "cor0.col4"}
	items := []*Tree{}
	aggregate := g.chance(25)
	switch {
	case aggregate:
		items = append(items, seq(g.aggregate(columns, 1), g.alias(30)))
	case g.chance(20):
		items = append(items, Text("*"))
	default:
		for range 1 + g.n(2) {
			items = append(items, seq(g.number(columns, 1), g.alias(30)))
		}
	}
	q := seq("SELECT ", g.quantifier(), list(", ", 1, items...), " FROM ", table, " AS cor0")
	if g.chance(70) {
		q.parts = append(q.parts, part{tree: maybe(" WHERE ", g.condition(columns, 2))})
	}
	return Statement{Tree: q, Query: true}
}

// Views returns the statements that make views of a condition and its opposite over the table, and queries of them; drop are
// the statements that remove them.
func (g *Logic) Views(table string, span int) (create []*Tree, queries []Statement, drop []*Tree) {
	p := g.ranges(span, 2).String()
	say := func(format string, args ...any) *Tree { return Text(fmt.Sprintf(format, args...)) }
	create = append(create,
		say("CREATE VIEW view_1_%s AS SELECT pk, col0 FROM %s WHERE %s", table, table, p),
		say("CREATE VIEW view_2_%s AS SELECT pk, col0 FROM %s WHERE NOT (%s)", table, table, p),
		say("CREATE VIEW view_3_%s AS SELECT pk FROM view_1_%s", table, table))
	for _, q := range []string{
		"SELECT pk, col0 FROM %[1]s WHERE %[2]s", "SELECT pk, col0 FROM view_1_%[1]s", "SELECT pk, col0 FROM view_2_%[1]s",
		"SELECT pk, col0 FROM %[1]s WHERE %[2]s UNION ALL SELECT pk, col0 FROM %[1]s WHERE NOT (%[2]s)",
		"SELECT pk, col0 FROM view_1_%[1]s UNION ALL SELECT pk, col0 FROM view_2_%[1]s",
		"SELECT pk, col0 FROM view_1_%[1]s UNION SELECT pk, col0 FROM view_2_%[1]s",
		"SELECT pk FROM ( SELECT pk, col0 FROM %[1]s WHERE %[2]s ) AS d", "SELECT * FROM view_3_%[1]s",
	} {
		queries = append(queries, Statement{Tree: say(q, table, p), Query: true})
	}
	return create, queries, []*Tree{say("DROP VIEW view_3_%s", table), say("DROP VIEW view_2_%s", table), say("DROP VIEW view_1_%s", table)}
}
