package sqlengine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// spillQueries need memory in every way that there is; what they answer is the same to the order of the rows.
var spillQueries = []string{
	"SELECT id, g, s FROM t ORDER BY s, g",
	"SELECT id, g, s FROM t ORDER BY g DESC, s",
	"SELECT id FROM t ORDER BY CONCAT(s, g) DESC, d LIMIT 3000",
	"SELECT id, d FROM t ORDER BY d LIMIT 2500 OFFSET 100",
	"SELECT g, COUNT(*), SUM(d), MIN(s), MAX(s) FROM t GROUP BY g",
	"SELECT s, COUNT(*), SUM(d), AVG(f) FROM t GROUP BY s",
	"SELECT s, g, COUNT(*) FROM t GROUP BY s, g HAVING COUNT(*) > 0 LIMIT 1000",
	"SELECT id, d + 1, COUNT(*) FROM t GROUP BY id, d",
	"SELECT DISTINCT s FROM t",
	"SELECT DISTINCT g, s, d FROM t",
	"SELECT s FROM t UNION SELECT CONCAT(s, 'x') FROM t",
	"SELECT s FROM t INTERSECT SELECT s FROM u",
	"SELECT s, g FROM t EXCEPT SELECT s, g FROM u",
	"SELECT s FROM t INTERSECT ALL SELECT s FROM u",
	"SELECT g FROM t EXCEPT ALL SELECT g FROM u",
	"SELECT t.id, u.id, u.s FROM t JOIN u ON t.s = u.s",
	"SELECT t.id, u.id FROM t LEFT JOIN u ON t.s = u.s AND u.d > t.d",
	"SELECT t.id, u.id, u.s FROM t JOIN u ON t.g = u.g AND t.d = u.d",
	"SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.s = t.s)",
	"SELECT id FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.s = t.s AND u.d < t.d)",
	"SELECT id, SUM(d) OVER (ORDER BY id), COUNT(*) OVER (), CUME_DIST() OVER (ORDER BY g), LAG(s, 7) OVER (ORDER BY d, id) FROM t",
	"SELECT id, MAX(d) OVER (PARTITION BY g ORDER BY d, id ROWS BETWEEN 20 PRECEDING AND 5 FOLLOWING), NTILE(7) OVER (ORDER BY s, id) FROM t",
	"SELECT COUNT(*), SUM(x) FROM (SELECT s, COUNT(*) AS x FROM t GROUP BY s ORDER BY s) AS q",
}

func spillEngine(t *testing.T, store *mem.Store, limit int64) (*sqlengine.Session, string) {
	t.Helper()
	dir := t.TempDir()
	e, err := sqlengine.Open(context.Background(), sqlengine.Config{Store: store, Database: "app", Create: true, MemoryLimit: limit,
		TempDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e.NewSession(), dir
}

func fillSpillTables(t *testing.T, s *sqlengine.Session, rows int) {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 7))
	maybe := func(v string) string {
		if r.IntN(9) == 0 {
			return "NULL"
		}
		return v
	}
	for _, table := range []string{"t", "u"} {
		var b strings.Builder
		fmt.Fprintf(&b, "CREATE TABLE %s (id INT PRIMARY KEY, g INT, s VARCHAR(80), d DECIMAL(10,2), f DOUBLE);INSERT INTO %[1]s VALUES ", table)
		for i := range rows {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "(%d,%s,%s,%s,%s)", i, maybe(fmt.Sprint(r.IntN(40))), maybe(fmt.Sprintf("'%s%d'", strings.Repeat("x", r.IntN(30)), r.IntN(rows/2))),
				maybe(fmt.Sprintf("%d.%02d", r.IntN(100), r.IntN(100))), maybe(fmt.Sprint(r.IntN(50))))
		}
		if out := answer(s, b.String()); strings.Contains(out, "ERROR") {
			t.Fatal(out[:min(len(out), 300)])
		}
	}
}

func isEmpty(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) > 0 {
		t.Errorf("%d temporary files are left, the first is %v: %v", len(files), files, err)
	}
}

// TestMemoryLimit runs the same queries with less and less memory.
func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	store := mem.New()
	free, _ := spillEngine(t, store, 1<<30)
	rows, limits := 6000, []int64{64 << 10, 300 << 10, 1 << 20}
	if testing.Short() {
		rows, limits = 2000, limits[:1]
	}
	fillSpillTables(t, free, rows)
	want := make([]string, len(spillQueries))
	for i, q := range spillQueries {
		want[i] = answer(free, q)
		if strings.Contains(want[i], "ERROR") {
			t.Fatalf("%s: %s", q, want[i])
		}
	}
	for _, limit := range limits {
		s, dir := spillEngine(t, store, limit)
		for i, q := range spillQueries {
			if got := answer(s, q); got != want[i] {
				g, w := strings.Split(got, "\n"), strings.Split(want[i], "\n")
				k := 0
				for k < len(g) && k < len(w) && g[k] == w[k] {
					k++
				}
				t.Errorf("limit %d: %s: %d lines, want %d; line %d is %q, want %q", limit, q, len(g), len(w), k, g[min(k, len(g)-1)], w[min(k, len(w)-1)])
			}
		}
		isEmpty(t, dir)
	}
}

// TestCancelWhileSpilling stops statements after a few rows, and by their context, and looks for files.
func TestCancelWhileSpilling(t *testing.T) {
	t.Parallel()
	store := mem.New()
	s, dir := spillEngine(t, store, 64<<10)
	fillSpillTables(t, s, 2500)
	for i, q := range spillQueries {
		ctx, cancel := context.WithCancel(context.Background())
		r, err := s.Exec(ctx, q, nil)
		if err != nil {
			t.Fatal(q, err)
		}
		if _, err := r.Next(ctx); err != nil {
			t.Fatal(q, err)
		}
		if i%2 == 0 {
			cancel()
			if _, err := r.Next(ctx); err == nil {
				t.Errorf("%s goes on after it was cancelled", q)
			}
		}
		cancel()
		if err := r.Close(); err != nil {
			t.Error(q, err)
		}
	}
	isEmpty(t, dir)
}

// TestSpillFolderMissing checks that what cannot be written names the place.
func TestSpillFolderMissing(t *testing.T) {
	t.Parallel()
	store := mem.New()
	s, dir := spillEngine(t, store, 64<<10)
	fillSpillTables(t, s, 2500)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	got := answer(s, "SELECT s, COUNT(*) FROM t GROUP BY s, id")
	if !strings.Contains(got, "ERROR 1004 (HY000): Can't create a temporary file in '"+dir+"'") {
		t.Error(got[:min(len(got), 300)])
	}
}
