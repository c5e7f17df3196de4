package sqlgen

import (
	"fmt"
	"strings"
)

// Letters returns the statements that make t1 with columns a to e, n rows of consecutive numbers in disorder, a few of them
// NULL when nulls is set.
func (g *Logic) Letters(n int, nulls bool) (script []*Tree) {
	script = append(script, Text("CREATE TABLE t1(a INTEGER, b INTEGER, c INTEGER, d INTEGER, e INTEGER)"))
	for i := range n {
		names := []string{"a", "b", "c", "d", "e"}
		var cols, vals []string
		for k, p := range g.r.Perm(5) {
			v := fmt.Sprint(100 + 5*i + k)
			if nulls && g.chance(12) {
				v = "NULL"
			}
			cols, vals = append(cols, names[p]), append(vals, v)
		}
		script = append(script, Text(fmt.Sprintf("INSERT INTO t1(%s) VALUES(%s)", strings.Join(cols, ","), strings.Join(vals, ","))))
	}
	if g.chance(50) {
		for _, c := range []string{"a", "b", "c", "d"} {
			if g.chance(60) {
				script = append(script, Text(fmt.Sprintf("CREATE INDEX t1i%s ON t1(%s)", c, c)))
			}
		}
	}
	return script
}

// Lettered returns a query of t1 with subqueries that look at each row, ordered by all it returns.
func (g *Logic) Lettered(rows int) Statement {
	item := func() *Tree {
		i := func(parts ...any) *Tree { return node("item", "", parts...) }
		col := func() string { return g.pick("a", "b", "c", "d", "e") }
		switch g.n(12) {
		case 0:
			return i("CASE WHEN c>(SELECT avg(c) FROM t1) THEN a*2 ELSE b*10 END")
		case 1:
			return i("CASE WHEN a<b-3 THEN 111 WHEN a<=b THEN 222 WHEN a<b+3 THEN 333 ELSE 444 END")
		case 2:
			return i("CASE a+1 WHEN b THEN 111 WHEN c THEN 222 WHEN d THEN 333 WHEN e THEN 444 ELSE 555 END")
		case 3:
			return i("(SELECT count(*) FROM t1 AS x WHERE x.", col(), g.pick("<", ">", "<=", "<>"), "t1.", col(), ")")
		case 4:
			return i("(a+b+c+d+e)/5")
		case 5:
			return i("abs(", col(), "-", col(), ")")
		case 6:
			return i("coalesce(", col(), ",", col(), ",-1)")
		case 7:
			return i(col(), g.pick("+", "-", "*"), col(), g.pick("*2", "*3", "", "-1"))
		case 8:
			return i("(SELECT max(x.", col(), ") FROM t1 AS x WHERE x.", col(), "<t1.", col(), ")")
		}
		return i(col())
	}
	where := func() *Tree {
		c := func(parts ...any) *Tree { return node("condition", "", parts...) }
		col := func() string { return g.pick("a", "b", "c", "d", "e") }
		lo := 100 + g.n(rows*5)
		switch g.n(10) {
		case 0:
			return c("(e>c OR e<d)")
		case 1:
			return c("d NOT BETWEEN ", fmt.Sprintf("%d AND %d", lo, lo+g.n(50)))
		case 2:
			return c("EXISTS(SELECT 1 FROM t1 AS x WHERE x.", col(), g.pick("<", ">", "="), "t1.", col(), g.pick("", "+1", "-2"), ")")
		case 3:
			return c("(", col(), ">", col(), "-2 AND ", col(), "<", col(), "+2)")
		case 4:
			return c(col(), " IS ", g.pick("", "NOT "), "NULL")
		case 5:
			return c("c BETWEEN b-2 AND d+2")
		case 6:
			return c(col(), " IN (SELECT x.", col(), " FROM t1 AS x WHERE x.", col(), g.comparison(), "t1.", col(), ")")
		case 7:
			return c("coalesce(a,b,c,d,e)<>0")
		}
		return c(col(), g.comparison(), g.pick(col(), fmt.Sprint(lo)))
	}
	n := 1 + g.n(7)
	items, order := make([]*Tree, n), make([]string, n)
	for i := range items {
		items[i] = item()
	}
	for i, p := range g.r.Perm(n) {
		order[i] = fmt.Sprint(p + 1)
	}
	q := seq("SELECT ", list(", ", n, items...), " FROM t1")
	if g.chance(75) {
		conditions := make([]*Tree, 1+g.n(4))
		for i := range conditions {
			conditions[i] = where()
		}
		q.parts = append(q.parts, part{text: " WHERE "}, part{tree: list(g.pick(" AND ", " OR "), 1, conditions...)})
	}
	q.parts = append(q.parts, part{text: " ORDER BY " + strings.Join(order, ",")})
	return Statement{Tree: q, Query: true, Ordered: true}
}

// Numbered returns the statements that make t1 to tn: integer columns a, b, c, d, e and a text x, each name followed by the
// table's number, with an index on a few.
func (g *Logic) Numbered(n, rows int) (script []*Tree) {
	for t := 1; t <= n; t++ {
		script = append(script, Text(fmt.Sprintf("CREATE TABLE t%d(a%d INTEGER, b%d INTEGER, c%d INTEGER, d%d INTEGER, e%d INTEGER, x%d VARCHAR(30))", t, t, t, t, t, t, t)))
		if g.chance(50) {
			script = append(script, Text(fmt.Sprintf("CREATE INDEX t%di ON t%d(%s%d)", t, t, g.pick("a", "b", "c"), t)))
		}
		vals := make([]*Tree, rows)
		perm := g.r.Perm(rows)
		for i := range vals {
			vals[i] = Text(fmt.Sprintf("(%d,%d,%d,%d,%d,'table tn%d row %d')", perm[i]+1, g.n(rows)+1, g.n(rows*3), g.n(1000), g.n(1000), t, i+1))
		}
		script = append(script, seq("INSERT INTO ", fmt.Sprintf("t%d VALUES ", t), list(", ", 1, vals...)))
	}
	return script
}

// Compound returns set operations over the numbered tables.
func (g *Logic) Compound(tables int) Statement {
	one := func() *Tree {
		t := 1 + g.n(tables)
		c := g.pick("a", "b", "c", "d", "e")
		conditions := make([]*Tree, 1+g.n(4))
		for i := range conditions {
			k := g.pick("a", "b", "c", "d", "e")
			switch g.n(4) {
			case 0:
				conditions[i] = Text(fmt.Sprintf("%s%d in (%d,%d,%d)", k, t, g.n(60), g.n(60), g.n(1000)))
			case 1:
				conditions[i] = Text(fmt.Sprintf("(%s%d%s%d OR %d=%s%d)", k, t, g.pick("=", "<", ">"), g.n(100), g.n(60), g.pick("a", "b", "c"), t))
			default:
				conditions[i] = Text(fmt.Sprintf("%s%d%s%d", k, t, g.comparison(), g.n(300)))
			}
		}
		return seq("SELECT ", fmt.Sprint(c, t), " FROM ", fmt.Sprint("t", t), " WHERE ", list(g.pick(" OR ", " AND "), 1, conditions...))
	}
	q := seq(one())
	for range 1 + g.n(6) {
		q.parts = append(q.parts, part{tree: maybe(" ", g.pick("UNION", "UNION ALL", "EXCEPT", "INTERSECT"), " ", one())})
	}
	return Statement{Tree: q, Query: true}
}

// Joined returns a join of many of the numbered tables by equal columns, where one table is bound to a few rows.
func (g *Logic) Joined(tables, rows, width int) Statement {
	perm := g.r.Perm(tables)[:min(width, tables)]
	var items, conditions []*Tree
	var from []string
	for i, p := range perm {
		t := p + 1
		from = append(from, fmt.Sprint("t", t))
		items = append(items, Text(fmt.Sprint("x", t)))
		if i > 0 {
			other := perm[g.n(i)] + 1
			l, r := fmt.Sprint("a", t), fmt.Sprint("b", other)
			if g.chance(50) {
				l, r = r, l
			}
			conditions = append(conditions, Text(l+"="+r))
		}
	}
	first := perm[0] + 1
	conditions = append(conditions, Text(fmt.Sprintf("%s%d%s%d", g.pick("a", "b"), first, g.pick("=", "=", " IN (3,5,7) AND 1<="), 1+g.n(rows))))
	g.r.Shuffle(len(conditions), func(i, j int) { conditions[i], conditions[j] = conditions[j], conditions[i] })
	g.r.Shuffle(len(from), func(i, j int) { from[i], from[j] = from[j], from[i] })
	return Statement{Query: true, Tree: seq("SELECT ", list(",", 1, items...), " FROM ", strings.Join(from, ","), " WHERE ", list(" AND ", 1, conditions...))}
}
