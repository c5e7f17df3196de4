package sqlengine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestWritesThroughViews changes one table through views, and another that is like it by statements on the table that say the
// same. Both end with the same rows, and each statement with the same count or error.
func TestWritesThroughViews(t *testing.T) {
	t.Parallel()
	seeds := uint64(40)
	if testing.Short() {
		seeds = 8
	}
	for seed := uint64(1); seed <= seeds; seed++ {
		g := &viewGen{r: rand.New(rand.NewPCG(seed, 13))}
		s := openMem(t).NewSession()
		for _, sql := range append(g.tables(), g.views()...) {
			if err := runAll(s, sql); err != nil {
				t.Fatalf("seed %d: %s: %v", seed, sql, err)
			}
		}
		for range 60 {
			through, direct := g.change()
			got, want := answer(s, through), answer(s, direct)
			if summary(got) != summary(want) {
				t.Errorf("seed %d:\n%s\n%s\n%s\n%s", seed, through, got, direct, want)
			}
			a, b := answer(s, "SELECT * FROM t ORDER BY id"), answer(s, "SELECT * FROM d ORDER BY id")
			if a != b {
				t.Fatalf("seed %d: after\n%s\n%s\nthe rows differ:\n%s\n%s", seed, through, direct, a, b)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// summary is whether an answer is an error, or else the number of rows affected.
func summary(answer string) string {
	if strings.HasPrefix(answer, "ERROR") {
		return "ERROR"
	}
	count, _, _ := strings.Cut(answer, " affected")
	return count
}

// viewGen makes a view v over table t, perhaps by way of another, and statements on it and on table d.
type viewGen struct {
	r      *rand.Rand
	low    int // v shows rows from low on
	high   int // and below high
	check  bool
	nested bool
}

func (g *viewGen) n(n int) int { return g.r.IntN(n) }

func (g *viewGen) tables() []string {
	var out []string
	for _, name := range []string{"t", "d"} {
		out = append(out, "CREATE TABLE "+name+" (id INT PRIMARY KEY, a INT NOT NULL DEFAULT 3, b VARCHAR(9) DEFAULT 'b', c INT AS (a * 10) "+
			[]string{"STORED", "VIRTUAL"}[g.n(2)]+", UNIQUE KEY ub (b), KEY ka (a))")
	}
	return out
}

func (g *viewGen) views() []string {
	g.low, g.high, g.check, g.nested = g.n(4), 6+g.n(6), g.n(2) == 0, g.n(2) == 0
	option := ""
	if g.check {
		option = " WITH CHECK OPTION"
	}
	if !g.nested {
		return []string{fmt.Sprintf("CREATE VIEW v AS SELECT b AS y, id AS k, a AS x, c AS z FROM t WHERE a >= %d AND a < %d%s", g.low, g.high, option)}
	}
	return []string{fmt.Sprintf("CREATE VIEW u AS SELECT id AS kk, c, b, a FROM t WHERE a < %d", g.high),
		fmt.Sprintf("CREATE VIEW v AS SELECT b AS y, kk AS k, a AS x, c AS z FROM u WHERE a >= %d%s", g.low, option)}
}

// shows is the condition of v over a row of d.
func (g *viewGen) shows() string { return fmt.Sprintf("(a >= %d AND a < %d)", g.low, g.high) }

// change returns a statement on v and the same on d. What WITH CHECK OPTION refuses changes nothing: SELECT stands for it.
func (g *viewGen) change() (through, direct string) {
	id, a, b := g.n(20), g.n(14), fmt.Sprintf("'s%d'", g.n(25))
	refused := g.check && (a < g.low || a >= g.high)
	const fails = "SELECT 1 FROM nosuch"
	switch g.n(6) {
	case 0, 1:
		through = fmt.Sprintf("INSERT INTO v (k, x, y) VALUES (%d, %d, %s)", id, a, b)
		direct = fmt.Sprintf("INSERT INTO d (id, a, b) VALUES (%d, %d, %s)", id, a, b)
		if refused {
			direct = fails
		}
	case 2:
		through = fmt.Sprintf("INSERT IGNORE INTO v (x, k, y) VALUES (%d, %d, %s)", a, id, b)
		direct = fmt.Sprintf("INSERT IGNORE INTO d (a, id, b) VALUES (%d, %d, %s)", a, id, b)
		if refused {
			direct = "DELETE FROM d WHERE FALSE"
		}
	case 3:
		through = fmt.Sprintf("UPDATE v SET y = CONCAT(LEFT(y, 3), 'q') WHERE z >= %d ORDER BY k LIMIT 2", 10*a)
		direct = fmt.Sprintf("UPDATE d SET b = CONCAT(LEFT(b, 3), 'q') WHERE %s AND c >= %d ORDER BY id LIMIT 2", g.shows(), 10*a)
	case 4:
		through = fmt.Sprintf("UPDATE IGNORE v SET x = x + 1, y = x WHERE k < %d", id)
		direct = fmt.Sprintf("UPDATE IGNORE d SET a = a + 1, b = a WHERE %s AND id < %d", g.shows(), id)
		if g.check {
			direct += fmt.Sprintf(" AND a + 1 < %d", g.high)
		}
	default:
		through = fmt.Sprintf("DELETE FROM v WHERE x = %d OR y = %s", a, b)
		direct = fmt.Sprintf("DELETE FROM d WHERE %s AND (a = %d OR b = %s)", g.shows(), a, b)
	}
	return through, direct
}

// TestViewColumnsAfterAPreparedWrite runs a cached statement again after the view under it has changed.
func TestViewColumnsAfterAPreparedWrite(t *testing.T) {
	t.Parallel()
	s := openMem(t).NewSession()
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, sql := range []string{"CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT)", "CREATE VIEW v AS SELECT id, a AS x FROM t",
		"INSERT INTO v (id, x) VALUES (1, 1)", "CREATE OR REPLACE VIEW v AS SELECT id, b AS x FROM t WHERE b < 5 WITH CHECK OPTION"} {
		if err := runAll(s, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	if got := number(runAll(s, "INSERT INTO v (id, x) VALUES (1, 1)")); got != "1062 23000" {
		t.Errorf("the same row: %s", got)
	}
	if _, err := s.Exec(context.Background(), "UPDATE v SET x = 7", nil); err != nil { // b is NULL: the view shows no row
		t.Error(err)
	}
	if err := runAll(s, "INSERT INTO v (id, x) VALUES (2, 4)"); err != nil {
		t.Error(err)
	}
	if got := number(runAll(s, "UPDATE v SET x = 7")); got != "1369 HY000" {
		t.Errorf("a row out of the view: %s", got)
	}
	if got, want := answer(s, "SELECT * FROM t ORDER BY id"), "id | a | b\n1 | 1 | NULL\n2 | NULL | 4\n"; got != want {
		t.Errorf("%q", got)
	}
}
