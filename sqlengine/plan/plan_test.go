package plan

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/parse"
	"github.com/s3sql/s3sql/storage/object/mem"
	"github.com/s3sql/s3sql/storage/table"
)

var (
	intType  = base.Type{ID: base.TypeInt}
	textType = base.Type{ID: base.TypeVarchar, Length: 20}
	foldType = base.Type{ID: base.TypeVarchar, Length: 20, Collation: "utf8mb4_0900_ai_ci"}
)

// testEnv is a catalog of big (a, b, c, w; key a, b; index c; unique d), small (id, a, name) and loose, without a key.
func testEnv(t testing.TB, params ...base.Type) Env {
	t.Helper()
	ctx := context.Background()
	db, err := table.Open(ctx, mem.New(), table.Options{Create: true, NoMaintenance: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	tx, err := db.Begin(ctx, table.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tx.Rollback)
	big := &catalog.Table{Name: "big", Columns: []catalog.Column{
		{ID: 1, Name: "a", Type: intType, NotNull: true}, {ID: 2, Name: "b", Type: intType, NotNull: true},
		{ID: 3, Name: "c", Type: textType}, {ID: 4, Name: "d", Type: intType}, {ID: 5, Name: "w", Type: foldType}},
		Primary: []catalog.KeyPart{{Column: 1}, {Column: 2}}, NextColumnID: 6,
		Indexes: []catalog.Index{{Name: "by_c", Parts: []catalog.KeyPart{{Column: 3}}}, {Name: "by_d", Unique: true, Parts: []catalog.KeyPart{{Column: 4}}}}}
	small := &catalog.Table{Name: "small", Columns: []catalog.Column{
		{ID: 1, Name: "id", Type: intType, NotNull: true}, {ID: 2, Name: "a", Type: intType}, {ID: 3, Name: "name", Type: textType}},
		Primary: []catalog.KeyPart{{Column: 1}}, NextColumnID: 4}
	loose := &catalog.Table{Name: "loose", Columns: []catalog.Column{{ID: 1, Name: "a", Type: intType}, {ID: 2, Name: "z", Type: intType}}, NextColumnID: 3}
	catalog.AddHiddenKey(loose)
	for _, tab := range []*catalog.Table{big, small, loose} {
		if err := catalog.Create(tx, tab); err != nil {
			t.Fatal(err)
		}
	}
	cat, err := new(catalog.Cache).Load(ctx, tx)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[uint32]float64{cat.Table("big").ID: 100_000, cat.Table("small").ID: 10, cat.Table("loose").ID: 1000}
	return Env{Catalog: cat, Database: "app", Params: params, RowCount: func(id uint32) float64 { return rows[id] },
		Var: func(string, bool) (base.Type, bool) { return intType, true }}
}

func planOf(t *testing.T, env Env, sql string) (*Plan, error) {
	t.Helper()
	p, err := parse.Parse(sql)
	if err != nil {
		t.Fatal(sql, err)
	}
	q, ok := p.Stmt.(ast.Query)
	if !ok {
		t.Fatalf("%s is a %T", sql, p.Stmt)
	}
	return Query(env, q)
}

// TestPlans checks which shape a query takes: parts of its EXPLAIN that have to be there, and with "!" those that must not.
func TestPlans(t *testing.T) {
	t.Parallel()
	env := testEnv(t, intType, textType)
	for _, c := range []struct {
		sql  string
		want []string
	}{
		{"SELECT * FROM big WHERE a = 1 AND b = 2", []string{"Lookup of 1 key(s) in big by PRIMARY"}},
		{"SELECT * FROM big WHERE b = 2 AND 1 = a", []string{"Lookup of 1 key(s) in big by PRIMARY"}},
		{"SELECT * FROM big WHERE a IN (1, 2) AND b IN (1, 2, 3)", []string{"Lookup of 6 key(s)"}},
		{"SELECT * FROM big WHERE a = ? AND b = 1", []string{"Lookup of 1 key(s)"}},
		{"SELECT * FROM big WHERE a BETWEEN 1 AND 5", []string{"a >= 1 AND a <= 5"}},
		{"SELECT * FROM big WHERE a NOT BETWEEN 1 AND 5", []string{"Table scan of big"}},
		{"SELECT * FROM big WHERE b = 5", []string{"Table scan of big"}},
		{"SELECT * FROM big WHERE d = 5", []string{"by by_d"}},
		{"SELECT * FROM big WHERE w = 'x'", []string{"Table scan of big"}},
		{"SELECT * FROM big WHERE a = RAND()", []string{"Table scan of big"}},
		{"SELECT * FROM big WHERE a = b", []string{"Table scan of big"}},
		{"SELECT * FROM big WHERE a = 1 OR b = 2", []string{"Table scan of big"}},
		{"SELECT * FROM big WHERE a = (SELECT 1)", []string{"Table scan of big"}},

		{"SELECT * FROM big ORDER BY a, b", []string{"!Sort", "!descending"}},
		{"SELECT * FROM big ORDER BY a DESC LIMIT 3", []string{"!Sort", "descending"}},
		{"SELECT * FROM big ORDER BY a, b DESC", []string{"Sort"}},
		{"SELECT * FROM big ORDER BY b", []string{"Sort"}},
		{"SELECT * FROM big WHERE a = 1 ORDER BY b", []string{"!Sort"}},
		{"SELECT * FROM big WHERE a = 1.0 ORDER BY b", []string{"!Sort"}},
		{"SELECT * FROM big WHERE a = '1' ORDER BY b", []string{"Sort"}},
		{"SELECT * FROM big WHERE a = ? ORDER BY b", []string{"!Sort"}},
		{"SELECT * FROM big WHERE a IN (1, 2) ORDER BY b", []string{"Sort"}},
		{"SELECT * FROM big WHERE c = 'x' ORDER BY a", []string{"Sort"}},
		{"SELECT a + 1 FROM big ORDER BY a + 1", []string{"Sort"}},
		{"SELECT x FROM (SELECT a AS x FROM big) s ORDER BY x", []string{"!Sort"}},

		// below an outer join
		{"SELECT * FROM small s LEFT JOIN loose l ON s.a = l.a WHERE s.name = 'x'", []string{"left join", "small AS s, where (name = 'x')"}},
		{"SELECT * FROM small s LEFT JOIN loose l ON s.a = l.a AND s.name = 'x'", []string{"left join", "!small AS s, where"}},
		{"SELECT * FROM small s LEFT JOIN loose l ON s.a = l.a AND l.z = 1", []string{"left join", "loose AS l, where (z = 1)"}},
		{"SELECT * FROM small s LEFT JOIN loose l ON s.a = l.a WHERE l.z IS NULL", []string{"left join", "Filter: (z is null)"}},
		{"SELECT * FROM small s LEFT JOIN loose l ON s.a = l.a WHERE l.z = 1", []string{"inner join", "loose AS l, where (z = 1)"}},
		{"SELECT * FROM small s LEFT JOIN loose l ON s.a = l.a WHERE l.z IS NOT NULL", []string{"inner join"}},
		{"SELECT * FROM small s LEFT JOIN loose l ON s.a = l.a WHERE l.z BETWEEN 1 AND 2", []string{"inner join"}},
		{"SELECT * FROM small s LEFT JOIN loose l ON s.a = l.a WHERE l.z <=> 1", []string{"left join"}},
		{"SELECT * FROM small s LEFT JOIN loose l ON s.a = l.a WHERE l.z = 1 OR s.id = 1", []string{"left join"}},
		{"SELECT * FROM small s LEFT JOIN loose l ON s.a = l.a WHERE COALESCE(l.z, 1) = 1", []string{"left join"}},
		{"SELECT * FROM small s RIGHT JOIN loose l ON s.a = l.a WHERE s.name = 'x'", []string{"inner join"}},
		{"SELECT * FROM small s FULL JOIN loose l ON s.a = l.a WHERE s.name = 'x'", []string{"full", "Filter"}},
		{"SELECT * FROM small s, loose l WHERE RAND() < 0.5 AND s.a = l.a", []string{"inner join", "Filter: (rand() < 0.5)"}},

		// below other operators
		{"SELECT * FROM (SELECT a FROM big LIMIT 5) x WHERE a = 1", []string{"Filter: (a = 1)", "Table scan of big"}},
		{"SELECT * FROM (SELECT DISTINCT a FROM big) x WHERE a = 1", []string{"Range scan of big"}},
		{"SELECT * FROM (SELECT DISTINCT w FROM big) x WHERE w = 'q'", []string{"Filter: (w = 'q')"}},
		{"SELECT * FROM (SELECT a, COUNT(*) AS n FROM big GROUP BY a) x WHERE a = 1 AND n > 1", []string{"Filter: (n > 1)", "Range scan of big"}},
		{"SELECT * FROM (SELECT w, COUNT(*) AS n FROM big GROUP BY w) x WHERE w = 'q'", []string{"Filter: (w = 'q')"}},
		{"SELECT * FROM (SELECT COUNT(*) AS n FROM big) x WHERE 1 = 0", []string{"Filter: (1 = 0)", "Table scan of big  "}},
		{"SELECT * FROM (SELECT RAND() AS r FROM big) x WHERE r > 0.5", []string{"Filter: (r > 0.5)"}},
		{"SELECT * FROM (SELECT a FROM big UNION SELECT id FROM small) x WHERE a = 1", []string{"Range scan of big", "Lookup of 1 key(s) in small"}},
		{"SELECT * FROM (SELECT a FROM big EXCEPT SELECT id FROM small) x WHERE a = 1", []string{"Filter: (a = 1)"}},
	} {
		p, err := planOf(t, env, c.sql)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		text := Explain(p.Root)
		for _, w := range c.want {
			if want, not := strings.CutPrefix(w, "!"); strings.Contains(text, want) == not {
				t.Errorf("%s: %q in\n%s", c.sql, w, text)
			}
		}
	}
}

// TestBindErrors checks which names a query may use, and the numbers of the errors for the others; 0 is none.
func TestBindErrors(t *testing.T) {
	t.Parallel()
	env := testEnv(t)
	for _, c := range []struct {
		sql    string
		number uint16
	}{
		{"SELECT a FROM big, small", 1052},
		{"SELECT 1 FROM big JOIN small ON a = 1", 1052},
		{"SELECT a FROM big JOIN small USING (a)", 0},
		{"SELECT big.a, small.a FROM big JOIN small USING (a)", 0},
		{"SELECT a FROM big JOIN small USING (a) JOIN loose USING (a)", 0},
		{"SELECT a FROM big JOIN small USING (a), loose", 1052},
		{"SELECT a FROM big NATURAL JOIN small", 0},
		{"SELECT 1 FROM big JOIN small USING (b)", 1054},
		{"SELECT nope FROM big", 1054},
		{"SELECT big.a FROM big x", 1054},
		{"SELECT app.big.a FROM big", 0},
		{"SELECT other.big.a FROM big", 1054},
		{"SELECT 1 FROM nope", 1146},
		{"SELECT 1 FROM big, big", 1066},
		{"SELECT a AS x FROM big WHERE x = 1", 1054},
		{"SELECT a AS x FROM big HAVING x = 1", 0},
		{"SELECT a AS x FROM big ORDER BY x, x + 1", 0},
		{"SELECT a AS x, b AS x FROM big ORDER BY x", 1052},
		{"SELECT a AS x, a AS x FROM big ORDER BY x", 0},
		{"SELECT a FROM big ORDER BY 2", 1054},
		{"SELECT a FROM big WHERE COUNT(*) > 1", 1111},
		{"SELECT SUM(COUNT(*)) FROM big", 1111},
		{"SELECT COUNT(*) AS n FROM big GROUP BY n", 1056},
		{"SELECT a, COUNT(*) FROM big", 1140},
		{"SELECT a, COUNT(*) FROM big WHERE a = 1", 0},
		{"SELECT b FROM big GROUP BY a", 1055},
		{"SELECT c FROM big GROUP BY a, b", 0},
		{"SELECT a + 1 FROM big GROUP BY a", 0},
		{"SELECT a + 1 FROM big GROUP BY a + 1", 0},
		{"SELECT a + 2 FROM big GROUP BY a + 1", 1055},
		{"SELECT c FROM big GROUP BY d", 1055}, // several rows may have NULL in a unique key
		{"SELECT z FROM loose GROUP BY a", 1055},
		{"SELECT name FROM small GROUP BY id", 0},
		{"SELECT name FROM small s JOIN big b ON s.id = b.a GROUP BY b.a", 0},
		{"SELECT name FROM small s JOIN big b ON s.id = b.c GROUP BY b.c", 1055},
		{"SELECT name FROM big b LEFT JOIN small s ON s.id = b.a GROUP BY b.a", 0},
		{"SELECT name FROM big b LEFT JOIN small s ON s.id = b.a AND b.b = 1 GROUP BY b.a", 1055},
		{"SELECT b.c FROM big b LEFT JOIN small s ON s.id = b.a GROUP BY s.id", 1055},
		{"SELECT x.n FROM (SELECT a, COUNT(*) AS n FROM big GROUP BY a) x GROUP BY x.a", 0},
		{"SELECT x.k FROM big LEFT JOIN (SELECT id, 1 AS k FROM small) x ON x.id = big.b GROUP BY big.a", 1055},
		{"SELECT DISTINCT a FROM big ORDER BY b", 3065},
		{"SELECT DISTINCT a FROM big ORDER BY a + 1", 0},
		{"SELECT DISTINCT a, b FROM big ORDER BY a + b", 0},
		{"SELECT DISTINCT a FROM big ORDER BY a + b", 3065},
		{"SELECT (SELECT a, b FROM big)", 1241},
		{"SELECT 1 FROM big WHERE (a, b) IN (SELECT a FROM big)", 1241},
		{"SELECT 1 FROM (SELECT a, b AS a FROM big) x", 1060},
		{"SELECT 1 UNION SELECT 1, 2", 1222},
		{"SELECT (SELECT s.name FROM small s WHERE s.id = big.a) FROM big", 0},
		{"SELECT (SELECT name FROM small WHERE id = nope) FROM big", 1054},
		{"SELECT (SELECT MAX(n) FROM (SELECT id + big.a AS n FROM small) x) FROM big", 0},
	} {
		_, err := planOf(t, env, c.sql)
		var e *base.Error
		switch {
		case c.number == 0 && err == nil:
		case !errors.As(err, &e) || uint16(e.Number) != c.number:
			t.Errorf("%s: %v, want %d", c.sql, err, c.number)
		}
	}
}

// subqueriesIn returns the subqueries of n's own expressions and of those below it, outermost first.
func subqueriesIn(n Node) []*Subquery {
	var out []*Subquery
	var visit func(e expr.Expr)
	visit = func(e expr.Expr) {
		if e == nil {
			return
		}
		if s, ok := e.(*Subquery); ok {
			out = append(out, s)
			out = append(out, subqueriesIn(s.Plan)...)
		}
		for _, c := range e.Children() {
			visit(c)
		}
	}
	switch n := n.(type) {
	case *Scan:
		visit(n.Filter)
	case *Filter:
		visit(n.Pred)
	case *Project:
		for _, e := range n.Exprs {
			visit(e)
		}
	}
	for _, c := range n.Children() {
		out = append(out, subqueriesIn(c)...)
	}
	return out
}

// TestSubqueryKinds checks what subqueries say of their dependence on the rows outside.
func TestSubqueryKinds(t *testing.T) {
	t.Parallel()
	env := testEnv(t)
	env.Plain = true // nothing becomes a join
	type kind struct {
		args int
		once bool
	}
	for _, c := range []struct {
		sql  string
		want []kind
	}{
		{"SELECT 1 FROM big WHERE a = (SELECT MAX(id) FROM small)", []kind{{0, true}}},
		{"SELECT 1 FROM big WHERE a = (SELECT MAX(id) FROM small WHERE small.a = big.b)", []kind{{1, false}}},
		{"SELECT 1 FROM big WHERE a = (SELECT MAX(id) FROM small WHERE small.a = big.b AND big.b > 1 AND big.d = 1)", []kind{{2, false}}},
		{"SELECT 1 FROM big WHERE EXISTS (SELECT 1 FROM small WHERE EXISTS (SELECT 1 FROM loose WHERE z = big.a))", []kind{{1, false}, {1, false}}},
		{"SELECT 1 FROM big WHERE EXISTS (SELECT 1 FROM small WHERE EXISTS (SELECT 1 FROM loose WHERE z = big.a AND loose.a = small.a))",
			[]kind{{1, false}, {2, false}}},
		{"SELECT 1 FROM big WHERE EXISTS (SELECT 1 FROM small WHERE id IN (SELECT z FROM loose) AND small.a = big.a)", []kind{{1, false}, {0, true}}},
	} {
		p, err := planOf(t, env, c.sql)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		subs := subqueriesIn(p.Root)
		if len(subs) != len(c.want) {
			t.Errorf("%s: %d subqueries, want %d", c.sql, len(subs), len(c.want))
			continue
		}
		for i, s := range subs {
			if got := (kind{len(s.Args), s.Once}); got != c.want[i] || len(s.Slots) != len(s.Args) {
				t.Errorf("%s: subquery %d is %+v, want %+v", c.sql, i, got, c.want[i])
			}
		}
	}
}

// TestCached checks that plans that depend on the session are not kept.
func TestCached(t *testing.T) {
	t.Parallel()
	env := testEnv(t)
	for sql, want := range map[string]bool{"SELECT a FROM big": true, "SELECT @x": false, "SELECT RAND() FROM big": true} {
		if p, err := planOf(t, env, sql); err != nil || p.Cached != want {
			t.Errorf("%s: cached %v, %v", sql, p != nil && p.Cached, err)
		}
	}
}
