package sqlgen

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Shared writes what MySQL and SQLite both understand alike: typed expressions of small integers and texts, joins, groups,
// subqueries, set operations, common table expressions, windows and changes.
type Shared struct {
	r      *rand.Rand
	tables []sharedTable
	alias  int
	copies int // rows that Change has added
	// Windows, Full and Groups allow window functions, FULL JOIN and frames in GROUPS.
	Windows, Full, Groups bool
}

type sharedTable struct{ columns []sharedColumn }

type sharedColumn struct {
	name string
	text bool
}

// NewShared returns a writer for a seed.
func NewShared(seed uint64) *Shared { return &Shared{r: rand.New(rand.NewPCG(seed, 23))} }

func (g *Shared) n(n int) int             { return g.r.IntN(n) }
func (g *Shared) chance(percent int) bool { return g.r.IntN(100) < percent }
func (g *Shared) pick(s ...string) string { return s[g.r.IntN(len(s))] }

// Schema returns the statements that make and fill two to four tables.
func (g *Shared) Schema() (script []*Tree) {
	for i := range 2 + g.n(3) {
		var t sharedTable
		cols := []string{"id INTEGER NOT NULL PRIMARY KEY"}
		t.columns = append(t.columns, sharedColumn{name: "id"})
		for c := range 2 + g.n(3) {
			col := sharedColumn{name: fmt.Sprint("c", c), text: g.chance(35)}
			typ := "INTEGER"
			if col.text {
				typ = "VARCHAR(20)"
			}
			cols = append(cols, col.name+" "+typ)
			t.columns = append(t.columns, col)
		}
		g.tables = append(g.tables, t)
		script = append(script, Text(fmt.Sprintf("CREATE TABLE t%d (%s)", i, strings.Join(cols, ", "))))
		for k := range g.n(3) {
			c := t.columns[g.n(len(t.columns))].name
			if d := t.columns[g.n(len(t.columns))].name; d != c && g.chance(50) {
				c += ", " + d
			}
			script = append(script, Text(fmt.Sprintf("CREATE INDEX t%d_k%d ON t%d (%s)", i, k, i, c)))
		}
		if rows := []int{0, 1, 5, 9, 12, 18}[g.n(6)]; rows > 0 {
			items := make([]*Tree, rows)
			for k := range items {
				items[k] = Text(g.row(t, k+1))
			}
			script = append(script, seq(fmt.Sprintf("INSERT INTO t%d VALUES ", i), list(", ", 1, items...)))
		}
	}
	return script
}

func (g *Shared) row(t sharedTable, id int) string {
	vals := []string{fmt.Sprint(id)}
	for _, c := range t.columns[1:] {
		switch {
		case g.chance(15):
			vals = append(vals, "NULL")
		case c.text:
			vals = append(vals, g.word())
		default:
			vals = append(vals, fmt.Sprint(g.n(14)-3))
		}
	}
	return "(" + strings.Join(vals, ", ") + ")"
}

func (g *Shared) word() string {
	return "'" + g.pick("", "a", "A", "b", "ab", "abc", "B", "ba", "zz", "a ", " a", "10", "9") + "'"
}

// field is a column that a query can name.
type field struct {
	name string
	text bool
}

func (g *Shared) fields(table int, alias string) (out []field) {
	for _, c := range g.tables[table].columns {
		out = append(out, field{alias + "." + c.name, c.text})
	}
	return out
}

func (g *Shared) newAlias() string {
	g.alias++
	return fmt.Sprint("x", g.alias)
}

// relation is one table of a FROM clause: a base table, or now and then a derived one.
func (g *Shared) relation(depth int) (*Tree, []field) {
	alias := g.newAlias()
	if depth > 0 && g.chance(15) {
		q, fields := g.block(depth-1, nil)
		out := make([]field, len(fields))
		for i, f := range fields {
			out[i] = field{alias + "." + f.name, f.text}
		}
		return seq("(", q, ") AS ", alias), out
	}
	t := g.n(len(g.tables))
	return seq(fmt.Sprintf("t%d AS %s", t, alias)), g.fields(t, alias)
}

func (g *Shared) from(depth int) (*Tree, []field) {
	tree, fields := g.relation(depth)
	out := seq(tree)
	for range []int{0, 0, 1, 1, 2}[g.n(5)] {
		right, more := g.relation(depth)
		fields = append(fields, more...)
		join := g.pick("JOIN", "LEFT JOIN", "LEFT JOIN", "CROSS JOIN", "RIGHT JOIN")
		if g.Full && g.chance(10) {
			join = "FULL JOIN"
		}
		out.parts = append(out.parts, part{text: " " + join + " "}, part{tree: right})
		if join != "CROSS JOIN" {
			on := g.truth(fields, 1)
			if g.chance(60) {
				on = node("truth", "1 = 1", g.columnOf(fields[:len(fields)-len(more)], false), " = ", g.columnOf(more, false))
			}
			out.parts = append(out.parts, part{text: " ON "}, part{tree: on})
		}
	}
	return out, fields
}

// columnOf returns a column of a kind, or a constant where there is none.
func (g *Shared) columnOf(fields []field, text bool) *Tree {
	var names []string
	for _, f := range fields {
		if f.text == text {
			names = append(names, f.name)
		}
	}
	if len(names) == 0 {
		return g.constant(text)
	}
	return node(kindOf(text), "", g.pick(names...))
}

func kindOf(text bool) string {
	if text {
		return "text"
	}
	return "integer"
}

func (g *Shared) constant(text bool) *Tree {
	switch {
	case g.chance(5):
		return node(kindOf(text), "", "NULL")
	case text:
		return node("text", "", g.word())
	}
	return node("integer", "", fmt.Sprint(g.n(14)-3))
}

// value returns an expression of a kind.
func (g *Shared) value(fields []field, text bool, depth int) *Tree {
	if depth <= 0 || g.chance(35) {
		if g.chance(75) {
			return g.columnOf(fields, text)
		}
		return g.constant(text)
	}
	v := func() *Tree { return g.value(fields, text, depth-1) }
	t := func(parts ...any) *Tree { return node(kindOf(text), "", parts...) }
	switch g.n(12) {
	case 0:
		return t("COALESCE(", list(", ", 2, v(), v(), v()), ")")
	case 1:
		return t("NULLIF(", v(), ", ", v(), ")")
	case 2:
		return t("CASE WHEN ", g.truth(fields, depth-1), " THEN ", v(), maybe(" WHEN ", g.truth(fields, depth-1), " THEN ", v()), maybe(" ELSE ", v()), " END")
	case 3:
		other := g.chance(50)
		o := func() *Tree { return g.value(fields, other, depth-1) }
		return t("CASE ", o(), " WHEN ", o(), " THEN ", v(), maybe(" ELSE ", v()), " END")
	case 4:
		if q := g.scalar(fields, text, depth-1); q != nil {
			return q
		}
	}
	if text {
		switch g.n(5) {
		case 0:
			return t("UPPER(", v(), ")")
		case 1:
			return t("LOWER(", v(), ")")
		case 2:
			return t("SUBSTR(", v(), ", ", fmt.Sprint(1+g.n(3)), ", ", fmt.Sprint(g.n(3)), ")")
		case 3:
			return t("REPLACE(", v(), ", 'a', 'xy')")
		}
		return t("TRIM(", v(), ")")
	}
	switch g.n(7) {
	case 0:
		return t("(", v(), " - ", v(), ")")
	case 1:
		return t("(", v(), " * ", v(), ")")
	case 2:
		return t("ABS(", v(), ")")
	case 3:
		return t("LENGTH(", g.value(fields, true, depth-1), ")")
	case 4:
		return t("(", g.truth(fields, depth-1), ")")
	case 5:
		return t("(", v(), " % ", fmt.Sprint(2+g.n(4)), ")")
	}
	return t("(", v(), " + ", v(), ")")
}

// scalar returns a subquery of one value.
func (g *Shared) scalar(fields []field, text bool, depth int) *Tree {
	from, inner := g.from(0)
	all := append(append([]field{}, inner...), fields...)
	agg := g.aggregate(inner, text)
	return node(kindOf(text), "", "(SELECT ", agg, " FROM ", from, maybe(" WHERE ", g.truth(all, max(depth, 0))), ")")
}

func (g *Shared) aggregate(fields []field, text bool) *Tree {
	t := func(parts ...any) *Tree { return node(kindOf(text), "", parts...) }
	if text {
		return t(g.pick("MIN", "MAX"), "(", g.value(fields, true, 1), ")")
	}
	switch g.n(6) {
	case 0:
		return t("COUNT(*)")
	case 1:
		return t("COUNT(", g.value(fields, g.chance(50), 1), ")")
	case 2:
		return t("COUNT(DISTINCT ", g.value(fields, g.chance(50), 1), ")")
	case 3:
		return t("SUM(DISTINCT ", g.value(fields, false, 1), ")")
	}
	return t(g.pick("SUM", "MIN", "MAX"), "(", g.value(fields, false, 1), ")")
}

// truth returns a condition.
func (g *Shared) truth(fields []field, depth int) *Tree {
	t := func(parts ...any) *Tree { return node("truth", "1 = 1", parts...) }
	text := g.chance(30)
	v := func() *Tree { return g.value(fields, text, min(depth, 1)) }
	if depth > 0 {
		c := func() *Tree { return g.truth(fields, depth-1) }
		switch g.n(10) {
		case 0, 1:
			return t("(", c(), " AND ", c(), ")")
		case 2, 3:
			return t("(", c(), " OR ", c(), ")")
		case 4:
			return t("NOT (", c(), ")")
		case 5:
			return t("(", c(), ") IS ", g.pick("", "NOT "), "NULL")
		case 6:
			from, inner := g.from(0)
			return t(g.pick("", "NOT "), "EXISTS (SELECT 1 FROM ", from, " WHERE ", g.truth(append(inner, fields...), 0), ")")
		case 7:
			from, inner := g.from(0)
			return t(v(), g.pick(" IN", " NOT IN"), " (SELECT ", g.value(inner, text, 0), " FROM ", from, maybe(" WHERE ", g.truth(append(append([]field{}, inner...), fields...), 0)), ")")
		}
	}
	switch g.n(8) {
	case 0:
		return t(v(), " IS ", g.pick("", "NOT "), "NULL")
	case 1:
		return t(v(), g.pick(" ", " NOT "), "BETWEEN ", v(), " AND ", v())
	case 2:
		return t(v(), g.pick(" ", " NOT "), "IN (", list(", ", 1, v(), v(), v()), ")")
	case 3:
		if text {
			return t(v(), g.pick(" ", " NOT "), "LIKE ", "'"+g.pick("a%", "%a", "_", "%", "a_", "%b%", "")+"'")
		}
	}
	return t(v(), " ", g.pick("=", "<>", "<", "<=", ">", ">="), " ", v())
}

// block returns a SELECT without ORDER BY, whose columns are called r0, r1 and so on. outer are the fields of the queries
// around it.
func (g *Shared) block(depth int, outer []field) (*Tree, []field) {
	from, fields := g.from(depth)
	all := append(append([]field{}, fields...), outer...)
	var out []field
	var items []*Tree
	item := func(e *Tree, text bool) {
		name := fmt.Sprint("r", len(out))
		items = append(items, seq(e, " AS "+name))
		out = append(out, field{name, text})
	}
	where := maybe(" WHERE ", g.truth(all, 2))
	if g.chance(40) {
		where = seq()
	}
	switch g.n(4) {
	case 0: // grouped
		var keys []*Tree
		for range 1 + g.n(2) {
			text := g.chance(30)
			k := g.columnOf(fields, text)
			if k.String() == "NULL" || !strings.Contains(k.String(), ".") {
				continue
			}
			keys = append(keys, Text(k.String()))
			item(Text(k.String()), text)
		}
		for range 1 + g.n(2) {
			text := g.chance(20)
			item(g.aggregate(fields, text), text)
		}
		q := seq("SELECT ", list(", ", len(items), items...), " FROM ", from, where)
		if len(keys) > 0 {
			q.parts = append(q.parts, part{text: " GROUP BY "}, part{tree: list(", ", len(keys), keys...)})
			if g.chance(40) {
				q.parts = append(q.parts, part{tree: maybe(" HAVING ", g.aggregate(fields, false), g.pick(" > ", " < ", " <> "), g.constant(false))})
			}
		}
		return q, out
	case 1:
		if g.Windows {
			for range 1 + g.n(3) {
				item(g.window(fields), false)
			}
		}
	}
	for range 1 + g.n(3) {
		text := g.chance(35)
		item(g.value(all, text, 2), text)
	}
	return seq("SELECT ", g.pick("", "", "", "DISTINCT "), list(", ", len(items), items...), " FROM ", from, where), out
}

// window returns a window function over rows in one order only: all columns of the tables are in its ORDER BY. Numbers of rows
// are made signed: MySQL's are not, and less than none of them is an error there.
func (g *Shared) window(fields []field) *Tree {
	var order []string
	for _, i := range g.r.Perm(len(fields)) {
		order = append(order, fields[i].name+g.pick("", " DESC"))
	}
	over := "ORDER BY " + strings.Join(order, ", ")
	if g.chance(60) {
		over = "PARTITION BY " + g.pick(fields[g.n(len(fields))].name, fields[0].name) + " " + over
	}
	v := func() string { return g.value(fields, false, 1).String() }
	switch g.n(7) {
	case 0:
		return Text(fmt.Sprintf("CAST(%s() OVER (%s) AS SIGNED)", g.pick("ROW_NUMBER", "RANK", "DENSE_RANK"), over))
	case 1:
		return Text(fmt.Sprintf("%s(%s, %d) OVER (%s)", g.pick("LAG", "LEAD"), v(), 1+g.n(3), over))
	case 2:
		return Text(fmt.Sprintf("CAST(NTILE(%d) OVER (%s) AS SIGNED)", 1+g.n(5), over))
	}
	f := g.pick("SUM", "COUNT", "MIN", "MAX", "FIRST_VALUE", "LAST_VALUE")
	if g.chance(30) {
		return Text(fmt.Sprintf("%s(%s) OVER (%s)", f, v(), over))
	}
	bound := func(end string) string {
		return g.pick("UNBOUNDED "+end, "CURRENT ROW", fmt.Sprintf("%d %s", g.n(4), end))
	}
	frame := fmt.Sprintf("ROWS BETWEEN %s AND %s", bound("PRECEDING"), bound("FOLLOWING"))
	key := g.columnOf(fields, false).String()
	switch {
	case !strings.Contains(key, "."): // a constant: there is no column of integers
	case g.chance(25): // peers, by one integer
		over = "ORDER BY " + key + g.pick("", " DESC")
		f = g.pick("SUM", "COUNT", "MIN", "MAX")
		frame = fmt.Sprintf("RANGE BETWEEN %s AND %s", bound("PRECEDING"), bound("FOLLOWING"))
	case g.Groups && g.chance(25):
		over = "ORDER BY " + key
		f = g.pick("SUM", "COUNT", "MIN", "MAX")
		frame = fmt.Sprintf("GROUPS BETWEEN %s AND %s", bound("PRECEDING"), bound("FOLLOWING"))
	}
	return Text(fmt.Sprintf("%s(%s) OVER (%s %s)", f, v(), over, frame))
}

// Query returns a query whose rows come in any order, or in one order only.
func (g *Shared) Query() Statement {
	q, fields := g.block(1, nil)
	switch g.n(6) {
	case 0: // a set operation over blocks of the same kinds
		other := g.like(fields)
		q = seq("SELECT * FROM (", q, ") AS s1 ", g.pick("UNION", "UNION ALL", "EXCEPT", "INTERSECT"), " ", other)
	case 1:
		q = seq("WITH w AS (", q, ") SELECT * FROM w", maybe(" WHERE ", g.truth(named(fields, "w"), 1)))
	case 2:
		q = seq(fmt.Sprintf("WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT n.i, w.* FROM n LEFT JOIN (", 1+g.n(6)), q,
			") AS w ON ", g.truth(append(named(fields, "w"), field{"n.i", false}), 1))
		return Statement{Tree: q, Query: true}
	}
	if !g.chance(35) {
		return Statement{Tree: q, Query: true}
	}
	var order []string
	for _, i := range g.r.Perm(len(fields)) {
		order = append(order, fmt.Sprint(i+1, g.pick("", " DESC")))
	}
	q = seq(q, " ORDER BY "+strings.Join(order, ", "), maybe(fmt.Sprintf(" LIMIT %d", g.n(9)), maybe(fmt.Sprintf(" OFFSET %d", g.n(4)))))
	return Statement{Tree: q, Query: true, Ordered: true}
}

func named(fields []field, alias string) (out []field) {
	for _, f := range fields {
		out = append(out, field{alias + "." + f.name, f.text})
	}
	return out
}

// like returns a block with columns of the kinds of fields.
func (g *Shared) like(fields []field) *Tree {
	from, inner := g.from(0)
	items := make([]*Tree, len(fields))
	for i, f := range fields {
		items[i] = g.value(inner, f.text, 1)
	}
	return seq("SELECT ", list(", ", len(items), items...), " FROM ", from, maybe(" WHERE ", g.truth(inner, 1)))
}

// Change returns an INSERT, UPDATE or DELETE.
func (g *Shared) Change() Statement {
	i := g.n(len(g.tables))
	t := g.tables[i]
	var fields []field
	for _, c := range t.columns {
		fields = append(fields, field(c))
	}
	switch g.n(3) {
	case 0:
		return Statement{Tree: seq(fmt.Sprintf("DELETE FROM t%d WHERE ", i), g.plain(fields))}
	case 1:
		c := t.columns[1+g.n(len(t.columns)-1)]
		return Statement{Tree: seq(fmt.Sprintf("UPDATE t%d SET %s = ", i, c.name), g.simple(fields, c.text), maybe(" WHERE ", g.plain(fields)))}
	}
	g.copies++
	vals := []*Tree{Text(fmt.Sprintf("%d + id", 20+6*g.copies))}
	for _, c := range t.columns[1:] {
		vals = append(vals, g.simple(fields, c.text))
	}
	return Statement{Tree: seq(fmt.Sprintf("INSERT INTO t%d SELECT ", i), list(", ", len(vals), vals...), fmt.Sprintf(" FROM t%d WHERE id <= 5", i), maybe(" AND ", g.plain(fields)))}
}

// plain and simple read no table but the one that is changed, which MySQL refuses to.
func (g *Shared) plain(fields []field) *Tree {
	text := g.chance(30)
	return node("truth", "1 = 1", g.columnOf(fields, text), " ", g.pick("=", "<>", "<", "<=", ">", ">="), " ", g.constant(text))
}

func (g *Shared) simple(fields []field, text bool) *Tree {
	if text {
		return node("text", "", "UPPER(", g.columnOf(fields, true), ")")
	}
	return node("integer", "", "(", g.columnOf(fields, false), g.pick(" + ", " - "), g.constant(false), ") % 50")
}

// Tables returns how many tables there are.
func (g *Shared) Tables() int { return len(g.tables) }
