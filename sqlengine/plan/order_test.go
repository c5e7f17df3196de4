package plan

import (
	"fmt"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/parse"
)

// fakeStats has the numbers of different values of columns, by table and column name.
type fakeStats map[string]float64

func (f fakeStats) Column(t *catalog.Table, i int) (ColumnStats, bool) {
	d, ok := f[t.Name+"."+t.Columns[i].Name]
	return ColumnStats{Min: base.NewInt(0), Max: base.NewInt(int64(d)), Distinct: d}, ok
}

// chain is FROM and WHERE of a join of n tables, each with the next.
func chain(n int) string {
	var from, where []string
	for i := range n {
		from = append(from, fmt.Sprintf("small t%d", i))
		if i > 0 {
			where = append(where, fmt.Sprintf("t%d.a = t%d.id", i-1, i))
		}
	}
	return "SELECT COUNT(*) FROM " + strings.Join(from, ", ") + " WHERE " + strings.Join(where, " AND ")
}

// star is a join of one table with n-1 others.
func star(n int) string {
	var from, where []string
	for i := range n {
		from = append(from, fmt.Sprintf("small t%d", i))
		if i > 0 {
			where = append(where, fmt.Sprintf("t0.a = t%d.id", i))
		}
	}
	return "SELECT COUNT(*) FROM " + strings.Join(from, ", ") + " WHERE " + strings.Join(where, " AND ")
}

func planned(t testing.TB, env Env, sql string) *planner {
	t.Helper()
	st, err := parse.Parse(sql)
	if err != nil {
		t.Fatal(err)
	}
	p := &planner{Env: env, nextSlot: len(env.Params)}
	l, out, err := p.query(st.Stmt.(ast.Query), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.finish(l, out); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestJoinsConsidered bounds the work of ordering joins: exhaustive for few tables, greedy for many.
func TestJoinsConsidered(t *testing.T) {
	t.Parallel()
	env := testEnv(t)
	for _, c := range []struct {
		sql string
		max int
	}{
		{chain(2), 2}, {chain(5), 200}, {chain(10), 400}, {star(10), 6000}, {chain(11), 2000}, {chain(20), 8000}, {star(20), 8000},
		{chain(40), 60_000},
	} {
		if got := planned(t, env, c.sql).considered; got == 0 || got > c.max {
			t.Errorf("%d tables: %d joins were looked at, at most %d are allowed", strings.Count(c.sql, "small"), got, c.max)
		}
	}
}

// TestJoinOrder checks which tables come first, by their sizes and the values of their columns.
func TestJoinOrder(t *testing.T) {
	t.Parallel()
	env := testEnv(t)
	big, small, loose := env.Catalog.Table("big"), env.Catalog.Table("small"), env.Catalog.Table("loose")
	rows := map[uint32]float64{big.ID: 1e6, small.ID: 1000, loose.ID: 50_000}
	env.RowCount = func(id uint32) float64 { return rows[id] }
	env.Statistics = fakeStats{"big.a": 1000, "big.b": 1e6, "small.id": 1000, "small.a": 10, "loose.a": 50_000, "loose.z": 100}
	for _, c := range []struct{ sql, want string }{
		{"SELECT 1 FROM big, small WHERE big.a = small.id", "big small"},                                                    // the hash table is the smaller side
		{"SELECT 1 FROM small, big WHERE big.a = small.id", "big small"},                                                    // whatever the order written
		{"SELECT 1 FROM big, loose, small WHERE big.b = loose.a AND loose.z = small.id AND small.a = 3", "big loose small"}, // big last
		{"SELECT 1 FROM big LEFT JOIN small ON big.a = small.id JOIN loose ON loose.a = big.b WHERE loose.z = 1", "big loose small"},
		{"SELECT 1 FROM big JOIN loose ON loose.a = big.b WHERE EXISTS (SELECT 1 FROM small WHERE small.id = loose.z)", "big loose small"},
	} {
		p, err := planOf(t, env, c.sql)
		if err != nil {
			t.Fatal(c.sql, err)
		}
		var tables []string
		var walk func(n Node)
		walk = func(n Node) {
			if s, ok := n.(*Scan); ok {
				tables = append(tables, s.Table.Name)
			}
			for _, in := range n.Children() {
				walk(in)
			}
		}
		walk(p.Root)
		if got := strings.Join(tables, " "); got != c.want {
			t.Errorf("%s: joined as %s, want %s\n%s", c.sql, got, c.want, Explain(p.Root))
		}
	}
}

func BenchmarkPlanJoin20(b *testing.B) {
	env := testEnv(b)
	st, err := parse.Parse(star(20))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Query(env, st.Stmt.(ast.Query)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPlanJoin10(b *testing.B) {
	env := testEnv(b)
	st, err := parse.Parse(chain(10))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Query(env, st.Stmt.(ast.Query)); err != nil {
			b.Fatal(err)
		}
	}
}
