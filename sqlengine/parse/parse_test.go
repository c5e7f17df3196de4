package parse

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sql  string
		want []string
	}{
		{"", nil},
		{" ; ;; -- c\n", nil},
		{"SELECT 1", []string{"SELECT 1"}},
		{" SELECT 1 ; SELECT ';' ;\n", []string{"SELECT 1", "SELECT ';'"}},
		{"SELECT `a;b`; SELECT \"x\\\";y\" # ; c\n, 2 /* ; */;x", []string{"SELECT `a;b`", "SELECT \"x\\\";y\" # ; c\n, 2", "x"}},
		{"a; SELECT 'open ; b", []string{"a", "SELECT 'open ; b"}},
		{"a; /* open", []string{"a", "/* open"}},
		{"/*!80000 SELECT 1; SELECT 2 */; b", []string{"SELECT 1", "SELECT 2", "b"}},
		{"/*!50001 CREATE */\n/*!50013 x */ /*!50001 y '; ' */; b", []string{"/*!50001 CREATE */\n/*!50013 x */ /*!50001 y '; ' */", "b"}},
		{"a /*!50001 b */ ; /*!99999 c */ d /* e */", []string{"a /*!50001 b */", "d"}},
		{"-- c\nSELECT 1", []string{"SELECT 1"}},
	} {
		var got []string
		for text, at := range Split(c.sql) {
			if c.sql[at:at+len(text)] != text {
				t.Errorf("%q: %q is not at %d", c.sql, text, at)
			}
			got = append(got, text)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.sql, got, c.want)
		}
	}
	for range Split("a;b") { // a reader may stop early
		break
	}
}

func TestNormalize(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ sql, want string }{
		{"select * from t where a=1", "SELECT * FROM t WHERE a = ?"},
		{"SELECT  *\nFROM t -- c\nWHERE a = 'x' /* d */;", "SELECT * FROM t WHERE a = ?"},
		{"SELECT a.b, f(1), -2 FROM `T` x", "SELECT a.b, f(?), - ? FROM `T` x"},
		{"SELECT 'a' 'b', N'c', x'00', 0b1, 1e5, :n, ?", "SELECT ?, ?, ?, ?, ?, ?, ?"},
		{"INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y'), (3, 'z')", "INSERT INTO t(a, b) VALUES(…)"},
		{"INSERT INTO t VALUES (1), (2)", "INSERT INTO t VALUES(?)"},
		{"SELECT a FROM t WHERE b IN (1, 2, 3) AND c IN (?)", "SELECT a FROM t WHERE b IN(…) AND c IN(?)"},
		{"SELECT a FROM t WHERE b IN (1, c)", "SELECT a FROM t WHERE b IN(?, c)"},
		{"SELECT 'open", "SELECT 'open"},
	} {
		if got := Normalize(c.sql); got != c.want {
			t.Errorf("%q:\n got %q\nwant %q", c.sql, got, c.want)
		}
	}
	if a, b := Normalize("SELECT 1+a"), Normalize("select 2 + a"); a != b {
		t.Errorf("%q and %q differ", a, b)
	}
}

func TestParams(t *testing.T) {
	t.Parallel()
	p, err := Parse("WITH c AS (SELECT ? AS x) SELECT :a, SUM(?) OVER (ORDER BY :b) FROM c WHERE EXISTS (SELECT ?) XOR x = :a LIMIT ?")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"", "a", "", "b", "", "a", ""}; !slices.Equal(p.ParamNames, want) || p.NumParams != 7 {
		t.Errorf("got %d %q, want %q", p.NumParams, p.ParamNames, want)
	}
	tree := ast.Dump(p.Stmt)
	for _, s := range []string{"?0", "?1a", "?2", "?3b", "?4", "?5a", "?6"} {
		if strings.Count(tree, s) != 1 {
			t.Errorf("%s is not in the tree once: %s", s, tree)
		}
	}
}

// TestPositions looks at where nodes of the core and of lifted clauses start.
func TestPositions(t *testing.T) {
	t.Parallel()
	sql := "SELECT abc + 1, CAST(d AS CHAR), SUM(e) OVER w FROM tab WHERE xyz = 1 XOR ghi"
	stmt, err := Statement(sql)
	if err != nil {
		t.Fatal(err)
	}
	s := stmt.(*ast.Select)
	for want, at := range map[string]ast.Pos{
		"abc + 1":  s.Items[0].Expr.Position(),
		"1, CAST":  s.Items[0].Expr.(*ast.Binary).R.Position(),
		"CAST(":    s.Items[1].Expr.Position(),
		"d AS":     s.Items[1].Expr.(*ast.Cast).X.Position(),
		"SUM(e)":   s.Items[2].Expr.Position(),
		"w FROM":   s.Items[2].Expr.(*ast.Call).Over.At,
		"tab ":     s.From[0].Position(),
		"xyz = 1 ": s.Where.Position(),
		"ghi":      s.Where.(*ast.Binary).R.Position(),
	} {
		if !strings.HasPrefix(sql[at:], want) {
			t.Errorf("%q is said to be at %q", want, sql[at:])
		}
	}
}

// TestHostile parses what makes naive parsers slow, deep or crash. Each takes less than half a second; the limit only tells
// that from exponential time.
func TestHostile(t *testing.T) {
	t.Parallel()
	nest := func(open, in, end string, n int) string {
		return "SELECT " + strings.Repeat(open, n) + in + strings.Repeat(end, n)
	}
	for _, c := range []struct {
		name, sql string
		ok        bool
	}{
		{"parentheses", nest("(", "1", ")", 150), true},
		{"too many parentheses", nest("(", "1", ")", 100_000), false},
		{"open parentheses", nest("(", "", "", 300_000), false},
		{"case", nest("CASE WHEN ", "1", " THEN 1 END", 200_000), false},
		{"minus", nest("- ", "1", "", 200_000), false},
		{"not", nest("NOT ", "1", "", 200_000), false},
		{"calls", nest("f(", "1", ")", 200_000), false},
		{"subqueries", nest("(SELECT ", "1", ")", 80), true},
		{"lifted subqueries", nest("(SELECT 1 XOR ", "1", ")", 80), true},
		{"lifted after", nest("(SELECT ", "1", " XOR 1)", 80), true},
		{"lifted parentheses", nest("(", "1", " XOR 1)", 150), true},
		{"intervals", nest("INTERVAL (", "1", ") DAY", 60), true},
		{"windows", nest("SUM(", "a", ") OVER ()", 60), true},
		{"joins", "SELECT 1 FROM a" + strings.Repeat(" JOIN b", 10_000), true},
		{"too many joins", "SELECT 1 FROM a" + strings.Repeat(" JOIN b", 30_000), false},
		{"or", "SELECT 1" + strings.Repeat(" OR a = 1", 10_000), true},
		{"too many ors", "SELECT 1" + strings.Repeat(" OR 1", 100_000), false},
		{"too many xors", "SELECT 1" + strings.Repeat(" XOR 1", 100_000), false},
		{"unions", "SELECT 1" + strings.Repeat(" UNION SELECT 1", 2_000), true},
		{"between", "SELECT " + strings.Repeat("a BETWEEN 1 AND ", 100_000) + "1", false},
		{"list", "SELECT a IN (1" + strings.Repeat(",1", 50_000) + ")", true},
		{"braces", nest("{fn ", "a", "}", 100_000), false},
		{"ctes", strings.Repeat("WITH a AS (", 100_000), false},
		{"columns", nest("JSON_TABLE(", "a", ")", 100_000), false},
	} {
		start := time.Now()
		_, err := Parse(c.sql)
		if (err == nil) != c.ok {
			t.Errorf("%s: %.200v", c.name, err)
		}
		if k := base.KindOf(err); err != nil && k != base.KindInvalid {
			t.Errorf("%s: %.200v", c.name, err)
		}
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("%s: took %v", c.name, d)
		}
	}
}

func TestErrorNumbers(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]uint16{
		"":                             1065,
		"SELECT":                       1064,
		"SELECT 'x":                    1064,
		"ALTER USER u":                 1235,
		"SELECT 'a\xff'":               1300,
		"SELECT DATE 'x'":              1525,
		"SELECT * FROM (SELECT 1)":     1248,
		"CREATE TABLE t":               1113,
		"SELECT `\xff`":                1064,
		"SELECT a\xff":                 1064,
		"CREATE TABLE t (a BIT(65))":   1074,
		"SELECT /*!99999 syntax */ '":  1064,
		"INSERT INTO t (1) VALUES (1)": 1064,
	} {
		_, err := Statement(sql)
		var e *base.Error
		if !errors.As(err, &e) || e.Number != want {
			t.Errorf("%q: got %v, want error %d", sql, err, want)
		}
	}
	if _, err := Statement(strings.Repeat(" ", maxBytes) + "SELECT 1"); err == nil {
		t.Error("a statement above the size limit is accepted")
	}
}

func BenchmarkPointSelect(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("SELECT id, name, email FROM users WHERE id = ?"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNormalize(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Normalize("SELECT id, name, email FROM users WHERE id = 5")
	}
}

func BenchmarkInsertRows(b *testing.B) {
	b.ReportAllocs()
	sql := "INSERT INTO t (a, b, c) VALUES (1, 'x', 2.5)" + strings.Repeat(", (1, 'x', 2.5)", 999)
	for b.Loop() {
		if _, err := Parse(sql); err != nil {
			b.Fatal(err)
		}
	}
}
