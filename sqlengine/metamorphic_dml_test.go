package sqlengine_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// change: UPDATE does to a table with keys and indexes what it does to one without; afterwards the indexes agree.
func (m *meta) change(i int) {
	cols := m.columns(i, "")
	c := cols[m.n(len(cols))]
	value := []string{c.name, m.literal(c.kind), cols[m.n(len(cols))].name}[m.n(3)]
	if c.kind == kindInt && m.n(2) == 0 {
		value = fmt.Sprintf("%s + %d", c.name, []int{1, 2, 100, -100}[m.n(4)])
	}
	if c.kind != kindInt && !strings.HasPrefix(value, "'") {
		value = m.literal(c.kind)
	}
	if value == "NULL" || m.tables[i].cols[slices.Index(cols, c)].notNull && c.kind == kindInt {
		value = c.name + " + 1000"
		if c.kind != kindInt {
			value = "'5'"
		}
	}
	p := materialised(m.pred(m.columns(i, fmt.Sprintf("~%d", i)), 2))
	sql := fmt.Sprintf("UPDATE ~%d SET %s = %s WHERE %s", i, c.name, value, p)
	before := m.content(i, "t")
	_, affected, err := m.exec(strings.ReplaceAll(sql, "~", "t"))
	if err != nil { // a key is taken, or a value does not fit: then nothing happened
		m.same(before, m.content(i, "t"), sql+"\nfailed with "+err.Error())
		m.agree(i)
		return
	}
	m.history = append(m.history, strings.ReplaceAll(sql, "~", "t"))
	plain := m.must(strings.ReplaceAll(sql, "~", "n"))
	if affected != plain {
		m.fail("%s\naffected %d rows with keys, %d without", sql, affected, plain)
	}
	m.same(m.content(i, "t"), m.content(i, "n"), sql)
	m.agree(i)
}

var subqueryTable = regexp.MustCompile(`FROM (~\d+) (s\d+)`)

// materialised lets the subqueries of a condition read derived tables, so that they may read the table that changes.
func materialised(p string) string {
	return subqueryTable.ReplaceAllString(p, "FROM (SELECT * FROM $1) $2")
}

// remove: DELETE removes exactly the rows that SELECT showed.
func (m *meta) remove(i int) {
	p := materialised(m.pred(m.columns(i, fmt.Sprintf("t%d", i)), 2))
	p = strings.ReplaceAll(p, "~", "t")
	before := m.content(i, "t")
	hit := m.query(fmt.Sprintf("SELECT * FROM t%d WHERE %s", i, p), "t")
	rest := m.query(fmt.Sprintf("SELECT * FROM t%d WHERE (%s) IS NOT TRUE", i, p), "t")
	sql := fmt.Sprintf("DELETE FROM t%d WHERE %s", i, p)
	if n := m.must(sql); n != int64(len(hit)) {
		m.fail("%s\nremoved %d rows, expected %d", sql, n, len(hit))
	}
	slices.Sort(rest)
	m.same(before, union(hit, rest), sql)
	m.same(rest, m.content(i, "t"), sql)
	m.must(fmt.Sprintf("DELETE FROM n%d", i))
	m.must(fmt.Sprintf("INSERT INTO n%d SELECT * FROM t%d", i, i))
	m.agree(i)
}

func (m *meta) content(i int, prefix string) []string {
	rows := m.query(fmt.Sprintf("SELECT * FROM ~%d", i), prefix)
	slices.Sort(rows)
	return rows
}

// agree looks every value of every column up, by index where there is one, and walks the column's whole range.
func (m *meta) agree(i int) {
	for _, c := range m.tables[i].cols {
		all := m.query(fmt.Sprintf("SELECT * FROM t%d WHERE CONCAT('', %s) IS NOT NULL", i, c.name), "t")
		slices.Sort(all)
		for _, cond := range []string{c.name + " >= " + c.lowest(), c.name + " <= " + c.highest()} {
			rows := m.query(fmt.Sprintf("SELECT * FROM t%d WHERE %s", i, cond), "t")
			slices.Sort(rows)
			m.same(all, rows, fmt.Sprintf("t%d WHERE %s", i, cond))
		}
		var found []string
		for _, v := range m.query(fmt.Sprintf("SELECT DISTINCT %s FROM t%d WHERE %s IS NOT NULL", c.name, i, c.name), "t") {
			found = append(found, m.query(fmt.Sprintf("SELECT * FROM t%d WHERE %s = %s", i, c.name, strings.TrimSuffix(v, "|")), "t")...)
		}
		slices.Sort(found)
		m.same(all, found, fmt.Sprintf("t%d looked up by each %s", i, c.name))
	}
}
