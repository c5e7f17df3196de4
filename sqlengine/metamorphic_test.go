package sqlengine_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/storage/object/mem"
)

var (
	seedFlag  = flag.Uint64("seed", 0, "run TestMetamorphic with this seed alone")
	seedsFlag = flag.Uint64("seeds", 24, "how many seeds TestMetamorphic runs, from 1")
)

// TestMetamorphic checks answers against other answers: random tables and queries, and for each query others that have
// to agree with it. Every table exists three times: with its keys and indexes (t0), without any (n0), and without any
// and filled backwards (r0). With an even seed rows move to segments all the time. In a query the prefix stands as "~".
func TestMetamorphic(t *testing.T) {
	t.Parallel()
	if *seedFlag != 0 {
		newMeta(t, *seedFlag).run()
		return
	}
	n := *seedsFlag
	if testing.Short() {
		n /= 5
	}
	for seed := uint64(1); seed <= n; seed++ {
		newMeta(t, seed).run()
		if t.Failed() {
			return
		}
	}
}

// meta is one seed's database.
type meta struct {
	t    *testing.T
	seed uint64
	gen
	s       *sqlengine.Session
	history []string // statements that built the database
}

func newMeta(t *testing.T, seed uint64) *meta {
	return &meta{t: t, seed: seed, gen: gen{r: rand.New(rand.NewPCG(seed, 7))}}
}

func (m *meta) run() {
	ctx := context.Background()
	cfg := sqlengine.Config{Store: mem.New(), Database: "app", Create: true, SecretKey: scriptKey,
		Consistency: "bounded", MaxStaleness: 1 << 40}
	if m.seed%2 == 0 {
		cfg.SmallSegments()
	}
	e, err := sqlengine.Open(ctx, cfg)
	if err != nil {
		m.t.Fatal(err)
	}
	defer func() {
		if err := e.Close(ctx); err != nil {
			m.t.Error(err)
		}
	}()
	m.s = e.NewSession()
	m.build()
	for range 2 {
		m.partition()
		m.count()
		m.grouped()
		m.sliced()
		m.outer()
		m.setOps()
		m.asWritten()
	}
	for i := range m.tables {
		m.change(i)
		m.remove(i)
	}
}

// build creates and fills the tables.
func (m *meta) build() {
	for i := range 2 + m.n(2) {
		def, plain := m.newTable(i)
		m.must(def)
		if m.seed%3 == 0 { // the same answers when every value is sealed
			plain = strings.ReplaceAll(plain, ", ", " ENCRYPTED, ") + " ENCRYPTED"
		}
		for _, p := range []string{"n", "r"} {
			m.must(fmt.Sprintf("CREATE TABLE %s%d (%s)", p, i, plain))
		}
		rows := []int{0, 1, 3, 7, 12, 20, 30}[m.n(7)]
		if m.n(12) == 0 {
			rows = 200
		}
		if rows > 0 {
			list := make([]string, rows)
			for k := range list {
				list[k] = m.row(i)
			}
			m.must(fmt.Sprintf("INSERT IGNORE INTO t%d VALUES %s", i, strings.Join(list, ", ")))
		}
		m.must(fmt.Sprintf("INSERT INTO n%d SELECT * FROM t%d", i, i))
		m.must(fmt.Sprintf("INSERT INTO r%d SELECT * FROM t%d ORDER BY 1 DESC, 2 DESC", i, i))
	}
}

// must runs a statement that has to succeed.
func (m *meta) must(sql string) int64 {
	m.history = append(m.history, sql)
	_, n, err := m.exec(sql)
	if err != nil {
		m.fail("%s\n%v", sql, err)
	}
	return n
}

func (m *meta) exec(sql string) (rows []string, affected int64, err error) {
	ctx := context.Background()
	r, err := m.s.Exec(ctx, sql, nil)
	if err != nil {
		return nil, 0, err
	}
	if r.Columns() == nil {
		return nil, int64(r.AffectedRows), r.Close()
	}
	for {
		b, err := r.Next(ctx)
		if err != nil {
			return nil, 0, errors.Join(err, r.Close())
		}
		if b == nil {
			return rows, 0, r.Close()
		}
		for k := range b.Rows() {
			var line strings.Builder
			for i, col := range b.Cols {
				v := col.Value(b.Row(k))
				switch {
				case v.IsNull():
					line.WriteString("NULL|")
				case v.Class() == base.String:
					line.WriteString("'" + v.Text() + "'|")
				default:
					line.WriteString(expr.Format(v, r.Columns()[i].Type) + "|")
				}
			}
			rows = append(rows, line.String())
		}
	}
}

// query answers sql on the tables of a prefix, in order.
func (m *meta) query(sql, prefix string) []string {
	sql = strings.ReplaceAll(sql, "~", prefix)
	rows, _, err := m.exec(sql)
	if err != nil {
		m.fail("%s\n%v", sql, err)
	}
	return rows
}

// rows answers sql in an order of its own, after checking that keys, indexes and insertion order do not matter.
func (m *meta) rows(sql string) []string {
	m.t.Helper()
	out := m.query(sql, "t")
	slices.Sort(out)
	for _, p := range []string{"n", "r"} {
		other := m.query(sql, p)
		slices.Sort(other)
		m.same(out, other, sql+"\nwith t against "+p)
	}
	return out
}

func (m *meta) same(a, b []string, what string) {
	m.t.Helper()
	if !slices.Equal(a, b) {
		m.fail("%s\nfirst  (%d): %q\nsecond (%d): %q", what, len(a), head(a), len(b), head(b))
	}
}

func head(rows []string) []string { return rows[:min(len(rows), 40)] }

func (m *meta) fail(format string, args ...any) {
	m.t.Helper()
	var b strings.Builder
	for _, h := range m.history {
		b.WriteString(h[:min(len(h), 1500)] + ";\n")
	}
	m.t.Fatalf("replay with -run TestMetamorphic -seed %d\n%s\n%s", m.seed, b.String(), fmt.Sprintf(format, args...))
}

// union merges answers into one multiset.
func union(lists ...[]string) []string {
	out := slices.Concat(lists...)
	slices.Sort(out)
	return out
}

// partition: a condition, its negation and its being unknown part the rows of a query (ternary logic partitioning).
func (m *meta) partition() {
	from, cols := m.from(1 + m.n(3))
	items := m.items(cols)
	p := m.pred(cols, 3)
	q := "SELECT " + items + " FROM " + from
	parts := []string{q + " WHERE " + p, q + " WHERE NOT (" + p + ")", q + " WHERE (" + p + ") IS NULL"}
	all := m.rows(q)
	m.same(all, union(m.rows(parts[0]), m.rows(parts[1]), m.rows(parts[2])), strings.Join(parts, "\n"))
	joined := strings.Join(parts, " UNION ALL ")
	m.same(all, m.rows(joined), joined)

	distinct := "SELECT DISTINCT " + items + " FROM " + from
	want := m.rows(distinct)
	m.same(want, slices.Compact(slices.Clone(all)), distinct)
	joined = strings.Join(parts, " UNION ")
	m.same(want, m.rows(joined), joined)

	p2 := m.pred([]mcol{{name: "x0", kind: m.lastKind}}, 2)
	derived := "SELECT * FROM (SELECT " + m.lastItem + " AS x0 FROM " + from + ") d"
	m.same(m.rows(derived), union(m.rows(derived+" WHERE "+p2), m.rows(derived+" WHERE NOT ("+p2+")"), m.rows(derived+" WHERE ("+p2+") IS NULL")),
		derived+" WHERE "+p2)
}

// count: as many rows pass a condition as there are rows where it is TRUE (non-optimizing reference engine construction).
func (m *meta) count() {
	from, cols := m.from(1 + m.n(3))
	p := m.pred(cols, 3)
	a := "SELECT COUNT(*) FROM " + from + " WHERE " + p
	b := "SELECT COALESCE(SUM((" + p + ") IS TRUE), 0) FROM " + from
	m.same(m.rows(a), m.rows(b), a+"\n"+b)
}

// grouped: HAVING parts groups as WHERE parts rows, and groups add up to their whole.
func (m *meta) grouped() {
	from, cols := m.from(1 + m.n(2))
	key, arg := cols[m.n(len(cols))], cols[m.n(len(cols))]
	where := ""
	if m.n(2) == 0 {
		where = " WHERE " + m.pred(cols, 2)
	}
	q := fmt.Sprintf("SELECT %s, COUNT(*) AS n, MIN(%s), COUNT(DISTINCT %s) FROM %s%s GROUP BY %s", key.name, arg.name, arg.name, from, where, key.name)
	p := m.pred([]mcol{key, {name: "COUNT(*)", kind: kindInt}, {name: "MIN(" + arg.name + ")", kind: arg.kind}}, 2)
	all := m.rows(q)
	m.same(all, union(m.rows(q+" HAVING "+p), m.rows(q+" HAVING NOT ("+p+")"), m.rows(q+" HAVING ("+p+") IS NULL")), q+" HAVING "+p)
	a := "SELECT COALESCE(SUM(n), 0) FROM (SELECT COUNT(*) AS n FROM " + from + where + " GROUP BY " + key.name + ") g"
	b := "SELECT COUNT(*) FROM " + from + where
	m.same(m.rows(a), m.rows(b), a+"\n"+b)
}

// sliced: LIMIT cuts the ordered answer, also inside a derived table that is filtered.
func (m *meta) sliced() {
	from, cols := m.from(1 + m.n(2))
	items := m.items(cols)
	desc := []string{"", " DESC"}[m.n(2)]
	order := " ORDER BY x0" + desc
	for i := 1; i < m.nItems; i++ {
		order += fmt.Sprintf(", %d%s", i+1, desc)
	}
	q := "SELECT " + items + " FROM " + from
	if m.n(2) == 0 {
		q += " WHERE " + m.pred(cols, 2)
	}
	q += order
	all := m.query(q, "t")
	m.same(all, m.query(q, "n"), q)
	count, offset := m.n(8), m.n(4)
	limited := fmt.Sprintf("%s LIMIT %d OFFSET %d", q, count, offset)
	lo, hi := min(offset, len(all)), min(offset+count, len(all))
	m.same(all[lo:hi], m.query(limited, "t"), limited)
	p := m.pred([]mcol{{name: "d.x0", kind: m.firstKind}}, 2)
	inner := "SELECT * FROM (" + limited + ") d"
	m.same(m.rows(inner), union(m.rows(inner+" WHERE "+p), m.rows(inner+" WHERE NOT ("+p+")"), m.rows(inner+" WHERE ("+p+") IS NULL")), inner+" WHERE "+p)
}

// outer: a LEFT JOIN is the inner join and the left rows without a partner; a RIGHT JOIN is its mirror image.
func (m *meta) outer() {
	i, j := m.n(len(m.tables)), m.n(len(m.tables))
	a, b := m.columns(i, "a"), m.columns(j, "b")
	on := m.pred(slices.Concat(a, b), 2)
	if m.n(2) == 0 {
		on = m.equi(a, b)
	}
	left := fmt.Sprintf("SELECT a.*, b.* FROM ~%d a LEFT JOIN ~%d b ON %s", i, j, on)
	right := fmt.Sprintf("SELECT a.*, b.* FROM ~%d b RIGHT JOIN ~%d a ON %s", j, i, on)
	inner := fmt.Sprintf("SELECT a.*, b.* FROM ~%d a JOIN ~%d b ON %s", i, j, on)
	nulls := strings.Repeat(", NULL", len(b))
	alone := fmt.Sprintf("SELECT a.*%s FROM ~%d a WHERE NOT EXISTS (SELECT 1 FROM ~%d b WHERE %s)", nulls, i, j, on)
	rows := m.rows(left)
	m.same(rows, union(m.rows(inner), m.rows(alone)), left)
	m.same(rows, m.rows(right), left+"\n"+right)
	p := m.pred(slices.Concat(a, b), 2)
	for _, q := range []string{left, right} {
		m.same(rows, union(m.rows(q+" WHERE "+p), m.rows(q+" WHERE NOT ("+p+")"), m.rows(q+" WHERE ("+p+") IS NULL")), q+" WHERE "+p)
	}
}

// asWritten: rewriting subqueries, ordering joins and choosing keys changes no answer.
func (m *meta) asWritten() {
	for range 4 {
		from, cols := m.from(1 + m.n(4))
		c := cols[m.n(len(cols))]
		scalar := m.alias + 1
		m.alias++
		inner := m.columns(0, fmt.Sprintf("s%d", scalar))
		x, y := inner[m.n(len(inner))], inner[m.n(len(inner))]
		q := fmt.Sprintf("SELECT %s, (SELECT %s FROM ~0 s%d WHERE %s%s%s) AS y FROM %s WHERE %s", m.items(cols),
			m.pick("COUNT(*)", "MAX("+x.name+")", "COUNT("+x.name+") + 1", "SUM("+c.name+" = "+x.name+")"), scalar, y.name,
			m.pick(" = ", " = ", " <=> ", " < "), c.name, from, m.pred(cols, 1))
		for range m.n(3) {
			q += " AND " + m.pick("", "", "NOT ") + m.subquery(cols[m.n(len(cols))], cols[m.n(len(cols))])
		}
		if m.n(3) == 0 {
			q = "SELECT COUNT(*), MIN(x0) FROM (" + q + ") d GROUP BY y"
		}
		rows := m.rows(q)
		m.s.PlanAsWritten(true)
		plain := m.query(q, "t")
		m.s.PlanAsWritten(false)
		slices.Sort(plain)
		m.same(rows, plain, q+"\nand planned as it is written")
	}
}

// setOps: INTERSECT and EXCEPT part a query; their values keep their meaning under a condition from outside.
func (m *meta) setOps() {
	kind := m.n(3)
	a, b := m.single(kind), m.single(kind)
	all := m.rows(a + " UNION SELECT * FROM (" + b + ") e WHERE FALSE") // of b the types alone
	m.same(all, union(m.rows(a+" INTERSECT "+b), m.rows(a+" EXCEPT "+b)), a+"\n"+b)
	for _, op := range []string{"UNION", "UNION ALL", "INTERSECT", "EXCEPT"} {
		q := "SELECT * FROM (" + a + " " + op + " " + b + ") d"
		p := m.pred([]mcol{{name: "d.x", kind: kind}}, 2)
		m.same(m.rows(q), union(m.rows(q+" WHERE "+p), m.rows(q+" WHERE NOT ("+p+")"), m.rows(q+" WHERE ("+p+") IS NULL")), q+" WHERE "+p)
	}
}
