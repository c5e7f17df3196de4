package sqlengine_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Kinds of columns.
const (
	kindInt = iota
	kindText
	kindDecimal
)

// mcol is a column as a query names it.
type mcol struct {
	name    string
	kind    int
	notNull bool
}

func (c mcol) lowest() string  { return []string{"-100000", "''", "-99999"}[c.kind] }
func (c mcol) highest() string { return []string{"100000", "'zzzz'", "99999"}[c.kind] }

type mtable struct{ cols []mcol }

// gen makes random SQL.
type gen struct {
	r      *rand.Rand
	tables []mtable
	alias  int

	// of the last call of items: its first item's kind, an item and its kind, and their number
	firstKind, lastKind, nItems int
	lastItem                    string
}

func (g *gen) n(n int) int { return g.r.IntN(n) }

func (g *gen) pick(list ...string) string { return list[g.n(len(list))] }

// newTable makes table i: its definition with keys and indexes, and its bare columns.
func (g *gen) newTable(i int) (def, plain string) {
	var t mtable
	var cols, bare []string
	nPrimary := g.n(4) // 3: none either
	if nPrimary == 3 {
		nPrimary = 0
	}
	for c := range 2 + g.n(3) {
		col := mcol{name: fmt.Sprintf("c%d", c), kind: g.n(3), notNull: c < nPrimary || g.n(5) == 0}
		if c == 0 && g.n(2) == 0 {
			col.kind = kindInt
		}
		typ := []string{g.pick("INT", "BIGINT", "SMALLINT"), g.pick("VARCHAR(20)", "VARCHAR(20)", "TEXT"), g.pick("DECIMAL(8,2)", "DECIMAL(6,1)")}[col.kind]
		if typ == "TEXT" {
			typ = "VARCHAR(30)"
		}
		if col.notNull {
			typ += " NOT NULL"
		}
		t.cols = append(t.cols, col)
		cols, bare = append(cols, col.name+" "+typ), append(bare, col.name+" "+typ)
	}
	if nPrimary > 0 {
		names := []string{"c0", "c1"}[:nPrimary]
		if nPrimary == 2 && g.n(2) == 0 {
			names = []string{"c1", "c0"}
		}
		cols = append(cols, "PRIMARY KEY ("+strings.Join(names, ", ")+")")
	}
	divided, by := g.divide(t.cols, nPrimary)
	keyed := map[int]bool{divided: true}
	for k := range g.n(4) {
		a, b := g.n(len(t.cols)), g.n(len(t.cols))
		parts := t.cols[a].name
		keyed[a] = true
		if a != b && g.n(2) == 0 {
			parts += ", " + t.cols[b].name
			keyed[b] = true
		}
		kind := g.pick("KEY", "KEY", "UNIQUE KEY")
		if by != "" && a != divided && !strings.HasSuffix(parts, ", "+t.cols[divided].name) {
			kind = "KEY"
		}
		cols = append(cols, fmt.Sprintf("%s k%d (%s)", kind, k, parts))
	}
	for c := nPrimary; c < len(t.cols); c++ {
		if !keyed[c] && g.n(3) == 0 {
			cols[c] += " ENCRYPTED"
		}
	}
	g.tables = append(g.tables, t)
	return fmt.Sprintf("CREATE TABLE t%d (%s)%s", i, strings.Join(cols, ", "), by), strings.Join(bare, ", ")
}

// divide makes a PARTITION BY that takes every row, of a column that is in the primary key, if there is one; "" none.
func (g *gen) divide(cols []mcol, nPrimary int) (column int, by string) {
	if column = g.n(max(nPrimary, 1)); nPrimary == 0 {
		column = g.n(len(cols))
	}
	c := cols[column]
	if g.n(2) == 0 {
		return column, ""
	}
	ways := []string{fmt.Sprintf("%sKEY (%s) PARTITIONS %d", g.pick("", "LINEAR "), c.name, 1+g.n(5))}
	switch c.kind {
	case kindInt:
		lo := g.n(10) - 5
		ways = append(ways, fmt.Sprintf("%sHASH (%s) PARTITIONS %d", g.pick("", "LINEAR "), c.name, 1+g.n(5)),
			fmt.Sprintf("RANGE (%s) (PARTITION p0 VALUES LESS THAN (%d), PARTITION p1 VALUES LESS THAN (%d), PARTITION p2 VALUES LESS THAN MAXVALUE)", c.name, lo, lo+1+g.n(20)))
	case kindText:
		ways = append(ways, fmt.Sprintf("RANGE COLUMNS (%s) (PARTITION p0 VALUES LESS THAN ('1'), PARTITION p1 VALUES LESS THAN ('ab'), PARTITION p2 VALUES LESS THAN (MAXVALUE))", c.name))
	}
	return column, " PARTITION BY " + g.pick(ways...)
}

func (g *gen) row(i int) string {
	var vals []string
	for _, c := range g.tables[i].cols {
		if !c.notNull && g.n(6) == 0 {
			vals = append(vals, "NULL")
			continue
		}
		switch c.kind {
		case kindInt:
			vals = append(vals, fmt.Sprint(g.n(40)-5))
		case kindText:
			vals = append(vals, "'"+g.text()+"'")
		default:
			vals = append(vals, fmt.Sprintf("%d.%d", g.n(12)-3, g.n(10)))
		}
	}
	return "(" + strings.Join(vals, ", ") + ")"
}

func (g *gen) text() string {
	return g.pick("", "a", "A", "b", "ab", "abc", "1", "01", "2", "2.0", "10", "3x", "_", "a%", "ba", "c", "zz", " ", "a ", "-1")
}

// literal makes a constant, mostly of the kind of what it is compared with.
func (g *gen) literal(kind int) string {
	if g.n(8) == 0 {
		kind = g.n(3)
	}
	switch {
	case g.n(25) == 0:
		return "NULL"
	case kind == kindInt && g.n(30) == 0:
		return g.pick("9223372036854775807", "-9223372036854775808", "18446744073709551615", "1e3", "0x05", "TRUE")
	case kind == kindInt:
		return fmt.Sprint(g.n(40) - 5)
	case kind == kindText:
		return "'" + g.text() + "'"
	}
	return g.pick(fmt.Sprintf("%d.%d", g.n(12)-3, g.n(10)), fmt.Sprintf("%d.%d5", g.n(6), g.n(10)), fmt.Sprint(g.n(9)), fmt.Sprintf("%d.5e0", g.n(9)))
}

func (g *gen) columns(i int, alias string) []mcol {
	out := make([]mcol, len(g.tables[i].cols))
	for k, c := range g.tables[i].cols {
		out[k] = c
		if alias != "" {
			out[k].name = alias + "." + c.name
		}
	}
	return out
}

// from makes a FROM clause of n tables and the columns it offers.
func (g *gen) from(n int) (string, []mcol) {
	sql, cols := g.source()
	for range n - 1 {
		right, rcols := g.source()
		all := append(append([]mcol(nil), cols...), rcols...)
		on := " ON " + g.equi(cols, rcols)
		if g.n(4) == 0 {
			on += " AND " + g.pred(all, 1)
		} else if g.n(8) == 0 {
			on = " ON " + g.pred(all, 2)
		}
		switch g.n(8) {
		case 0:
			if len(cols) > 4 {
				sql += " JOIN " + right + on
			} else {
				sql += " CROSS JOIN " + right
			}
		case 1:
			if len(cols) <= 4 && n == 2 {
				sql += g.pick(" JOIN ", " LEFT JOIN ", " RIGHT JOIN ") + right + " USING (" + g.pick("c0", "c1", "c0, c1") + ")"
			} else {
				sql += " JOIN " + right + on
			}
		case 2, 3:
			sql += " LEFT JOIN " + right + on
		case 4, 5:
			sql += " RIGHT JOIN " + right + on
		default:
			sql += " JOIN " + right + on
		}
		cols = all
	}
	return sql, cols
}

// source is a table, or a derived table over one.
func (g *gen) source() (string, []mcol) {
	g.alias++
	i, alias := g.n(len(g.tables)), fmt.Sprintf("a%d", g.alias)
	if g.n(5) > 0 {
		return fmt.Sprintf("~%d %s", i, alias), g.columns(i, alias)
	}
	in := fmt.Sprintf("SELECT * FROM ~%d", i)
	if g.n(2) == 0 {
		in += " WHERE " + g.pred(g.columns(i, ""), 1)
	}
	return "(" + in + ") " + alias, g.columns(i, alias)
}

// single is a query of one column x.
func (g *gen) single(kind int) string {
	from, cols := g.from(1)
	c := cols[g.n(len(cols))]
	for _, x := range cols {
		if x.kind == kind {
			c = x
		}
	}
	return "SELECT " + c.name + " AS x FROM " + from + " WHERE " + g.pred(cols, 1)
}

// equi is an equality between a column of either side.
func (g *gen) equi(l, r []mcol) string {
	a := l[g.n(len(l))]
	b := r[g.n(len(r))]
	for range 3 {
		if a.kind != b.kind {
			b = r[g.n(len(r))]
		}
	}
	return a.name + g.pick(" = ", " = ", " = ", " <=> ") + b.name
}

// items makes a select list x0, x1, ….
func (g *gen) items(cols []mcol) string {
	var out []string
	g.nItems = 1 + g.n(3)
	for i := range g.nItems {
		c := cols[g.n(len(cols))]
		e := c.name
		switch g.n(6) {
		case 0:
			e = "COALESCE(" + e + ", " + []string{"7", "'q'", "1.25"}[c.kind] + ")"
		case 1:
			e = "CASE WHEN " + g.pred(cols, 1) + " THEN " + e + " END"
		}
		if i == 0 {
			g.firstKind = c.kind
		}
		g.lastItem, g.lastKind = e, c.kind
		out = append(out, fmt.Sprintf("%s AS x%d", e, i))
	}
	return strings.Join(out, ", ")
}

// pred makes a condition.
func (g *gen) pred(cols []mcol, depth int) string {
	if depth > 0 {
		switch g.n(6) {
		case 0, 1:
			return "(" + g.pred(cols, depth-1) + " AND " + g.pred(cols, depth-1) + ")"
		case 2:
			return "(" + g.pred(cols, depth-1) + " OR " + g.pred(cols, depth-1) + ")"
		case 3:
			return "NOT (" + g.pred(cols, depth-1) + ")"
		}
	}
	c := cols[g.n(len(cols))]
	d := cols[g.n(len(cols))]
	switch g.n(14) {
	case 0:
		return c.name + g.pick(" IS NULL", " IS NOT NULL")
	case 1:
		return c.name + g.pick(" IN (", " NOT IN (") + g.literal(c.kind) + ", " + g.literal(c.kind) + ", " + g.literal(c.kind) + ")"
	case 2:
		return c.name + g.pick(" BETWEEN ", " NOT BETWEEN ") + g.literal(c.kind) + " AND " + g.literal(c.kind)
	case 3:
		return c.name + g.pick(" LIKE ", " NOT LIKE ") + g.pick("'a%'", "'%a'", "'_'", "'%1%'", "'%'", "'2._'")
	case 4:
		return c.name + g.op() + d.name
	case 5:
		return g.literal(c.kind) + g.op() + c.name
	case 6:
		if c.kind != kindText {
			return c.name + " + 1" + g.op() + g.literal(c.kind)
		}
	case 7:
		if depth > 0 && len(g.tables) > 0 && !strings.Contains(c.name, "(") && !strings.Contains(d.name, "(") {
			return g.subquery(c, d)
		}
	}
	return c.name + g.op() + g.literal(c.kind)
}

func (g *gen) op() string {
	return g.pick(" = ", " = ", " = ", " < ", " <= ", " > ", " >= ", " <> ", " <=> ")
}

// subquery makes a condition with a subquery, most of them correlated through c or d.
func (g *gen) subquery(c, d mcol) string {
	g.alias++
	i, alias := g.n(len(g.tables)), fmt.Sprintf("s%d", g.alias)
	cols := g.columns(i, alias)
	x, y := cols[g.n(len(cols))], cols[g.n(len(cols))]
	from := fmt.Sprintf(" FROM ~%d %s WHERE ", i, alias)
	where := g.pred(cols, 0)
	if g.n(2) == 0 && strings.Contains(d.name, ".") {
		where = y.name + g.op() + d.name
	}
	if g.n(3) == 0 && strings.Contains(d.name, ".") { // two levels deep
		g.alias++
		z := fmt.Sprintf("s%d", g.alias)
		where += g.pick(
			fmt.Sprintf(" AND EXISTS (SELECT 1 FROM ~%d %s WHERE %s.c0 = %s AND %s.c1 <> %s)", i, z, z, d.name, z, x.name),
			fmt.Sprintf(" AND %s IN (SELECT %s.c1 FROM ~%d %s WHERE %s.c0%s%s)", y.name, z, i, z, z, g.op(), d.name),
			fmt.Sprintf(" AND (SELECT COUNT(*) FROM ~%d %s WHERE %s.c0%s%s) > 1", i, z, z, g.op(), d.name))
	}
	switch g.n(4) {
	case 0:
		return g.pick("EXISTS", "NOT EXISTS") + " (SELECT *" + from + where + ")"
	case 1:
		return c.name + g.pick(" IN ", " NOT IN ") + "(SELECT " + x.name + from + where + ")"
	case 2:
		return c.name + g.op2() + g.pick("ANY", "ALL") + " (SELECT " + x.name + from + where + ")"
	}
	return g.pick("(SELECT COUNT(*)", "(SELECT MAX("+x.name+")") + from + where + ")" + g.op() + c.name
}

func (g *gen) op2() string { return g.pick(" = ", " < ", " >= ", " <> ") }
