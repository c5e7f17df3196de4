package sqlengine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/sqlengine"
)

// keyedColumns are the columns of TestKeyedJoins: their types, and how one is made of an integer.
var keyedColumns = []struct{ name, typ, value string }{
	{"i", "INT", "%d"}, {"u", "BIGINT UNSIGNED", "%d"}, {"mo", "DECIMAL(9,2)", "%d / 4"}, {"f", "DOUBLE", "%d / 4"},
	{"s", "VARCHAR(20) COLLATE utf8mb4_0900_ai_ci", "CONCAT(IF(%[1]d %% 2, 'Key ', 'key '), %[1]d)"},
	{"b", "VARCHAR(20) COLLATE utf8mb4_bin", "CONCAT('key ', %d)"}, {"d", "DATE", "'2024-01-01' + INTERVAL %d DAY"},
	{"dt", "DATETIME", "'2024-01-01 00:00:00' + INTERVAL %d DAY"}, {"en", "ENUM('a', 'b', 'c', 'd', 'e')", "1 + %d %% 5"},
}

// fillKeyed makes a table with an index on each column, and rows in which some are NULL.
func fillKeyed(t *testing.T, s *sqlengine.Session, r *rand.Rand, name, partitions string, rows, values int) {
	t.Helper()
	def := "CREATE TABLE " + name + " (k INT, n INT, PRIMARY KEY (k, n)"
	for _, c := range keyedColumns {
		def += fmt.Sprintf(", %s %s, INDEX (%s)", c.name, c.typ, c.name)
	}
	must(t, s, def+", INDEX (i, b)) "+partitions)
	var list []string
	for n := range rows {
		row := fmt.Sprintf("%d, %d", r.IntN(values), n)
		for _, c := range keyedColumns {
			if r.IntN(10) == 0 {
				row += ", NULL"
			} else {
				row += ", " + fmt.Sprintf(c.value, r.IntN(values))
			}
		}
		list = append(list, "("+row+")")
	}
	for part := range slices.Chunk(list, 500) {
		must(t, s, "INSERT INTO "+name+" VALUES "+strings.Join(part, ", "))
	}
}

func must(t *testing.T, s *sqlengine.Session, sql string) string {
	t.Helper()
	out := answer(s, sql)
	if strings.Contains(out, "ERROR") || strings.Contains(out, "error") {
		t.Fatalf("%s\n%s", sql, out)
	}
	return out
}

// TestKeyedJoins compares joins that hand over keys of every type with the same queries planned as they are written.
func TestKeyedJoins(t *testing.T) {
	t.Parallel()
	s := openMem(t).NewSession()
	defer s.Close()
	r := rand.New(rand.NewPCG(5, 5))
	fillKeyed(t, s, r, "big", "", 4000, 300)
	fillKeyed(t, s, r, "parted", "PARTITION BY HASH (k) PARTITIONS 3", 4000, 300)
	fillKeyed(t, s, r, "small", "", 40, 300)
	rounds := 600
	if testing.Short() {
		rounds = 100
	}
	keyed := 0
	for range rounds {
		q := keyedQuery(r)
		if r.IntN(4) == 0 {
			q = strings.ReplaceAll(q, " big ", " parted ")
		}
		if strings.Contains(must(t, s, "EXPLAIN "+q), "Key scan") {
			keyed++
		}
		got := sorted(must(t, s, q))
		s.PlanAsWritten(true)
		want := sorted(must(t, s, q))
		s.PlanAsWritten(false)
		if !slices.Equal(got, want) {
			t.Fatalf("%s\n%s\n%d lines:\n%s\nand as it is written %d:\n%s", q, must(t, s, "EXPLAIN "+q), len(got), strings.Join(got, "\n"), len(want),
				strings.Join(want, "\n"))
		}
		if r.IntN(20) == 0 { // some rows of the tables are in their deltas
			must(t, s, fmt.Sprintf("DELETE FROM big WHERE k = %d", r.IntN(300)))
			must(t, s, fmt.Sprintf("UPDATE big SET i = %d, s = 'key 7', mo = 2.25 WHERE k = %d", r.IntN(300), r.IntN(300)))
		}
	}
	if keyed < rounds/3 {
		t.Errorf("only %d of %d joins handed keys over", keyed, rounds)
	}
}

func sorted(text string) []string {
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return lines
}

// keyedQuery is a join of few rows of small with big, in one of the ways that there are.
func keyedQuery(r *rand.Rand) string {
	column := func() string { return keyedColumns[r.IntN(len(keyedColumns))].name }
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	c := column()
	on := fmt.Sprintf("b.%s = a.%s", c, pick(c, c, c, column()))
	if r.IntN(4) == 0 {
		on = pick("b.k = a.k", "b.k = a.i", "a.k = b.k AND a.n = b.n", "a.i = b.i AND a.b = b.b", "b.i = a.i + 1", "b.i <=> a.i")
	}
	where := pick("a.n < 12", "a.k > 250", "a.n IN (3, 5, 8)", "a.i IS NULL OR a.n = 4")
	more := pick("", "", " AND b.n % 3 = 1", " AND b.i > a.i", " AND b.s LIKE 'k%'")
	x := column()
	switch r.IntN(10) {
	case 0:
		return fmt.Sprintf("SELECT a.n, b.n, b.%s FROM small a JOIN big b ON %s%s WHERE %s", x, on, more, where)
	case 1:
		return fmt.Sprintf("SELECT a.n, b.n, b.%s FROM small a LEFT JOIN big b ON %s%s WHERE %s", x, on, more, where)
	case 2:
		return fmt.Sprintf("SELECT a.n FROM small a WHERE (%s) AND %sEXISTS (SELECT * FROM big b WHERE %s%s)", where, pick("", "NOT "), on, more)
	case 3:
		return fmt.Sprintf("SELECT a.n FROM small a WHERE (%s) AND a.%s %sIN (SELECT b.%s FROM big b WHERE b.k > 5)", where, c, pick("", "NOT "), c)
	case 4:
		return fmt.Sprintf("SELECT a.n, (SELECT %s FROM big b WHERE %s%s) FROM small a WHERE %s",
			pick("COUNT(*)", "MAX(b.n)", "SUM(b.mo)", "AVG(b.f)"), on, more, where)
	case 5:
		return fmt.Sprintf("SELECT a.n, d.c, d.m FROM small a JOIN (SELECT %[1]s, COUNT(*) AS c, MIN(n) AS m FROM big GROUP BY %[1]s) d ON d.%[1]s = a.%[1]s WHERE %[2]s",
			c, where)
	case 7: // the entries of the index have all that is asked for
		return fmt.Sprintf("SELECT a.k, b.%[1]s, b.k, b.n FROM small a JOIN big b ON b.%[1]s = a.%[1]s WHERE %[2]s", c, where)
	case 8:
		return fmt.Sprintf("SELECT %[1]s, n, k, b FROM big b WHERE %[1]s >= (SELECT MIN(%[1]s) FROM small WHERE n < 3) AND %[1]s < (SELECT MAX(%[1]s) FROM small WHERE n < 3) AND b LIKE 'k%%'",
			pick(c, "i"))
	case 6:
		return fmt.Sprintf("SELECT a.n, b.n, o.n FROM small a JOIN big b ON %s JOIN small o ON o.k = b.k WHERE %s", on, where)
	}
	return fmt.Sprintf("SELECT a.n, d.n FROM small a JOIN (SELECT DISTINCT k, b.n, b.%[1]s FROM big b LEFT JOIN (SELECT i FROM small) z ON z.i = b.i) d ON d.%[1]s = a.%[1]s WHERE %[2]s",
		c, where)
}

// TestKeyedJoinConflicts reads by keys in a serializable transaction: what has those keys may not change, other rows may.
func TestKeyedJoinConflicts(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	e := openMem(t)
	s, other := e.NewSession(), e.NewSession()
	defer s.Close()
	defer other.Close()
	r := rand.New(rand.NewPCG(6, 6))
	fillKeyed(t, s, r, "big", "", 3000, 200)
	must(t, s, "CREATE TABLE small (k INT PRIMARY KEY); INSERT INTO small VALUES (7), (9)")
	must(t, s, "CREATE TABLE log (n INT PRIMARY KEY)")
	query := "SELECT COUNT(b.n) FROM small a JOIN big b ON b.k = a.k"
	if plan := must(t, s, "EXPLAIN "+query); !strings.Contains(plan, "Key scan of big") {
		t.Fatal(plan)
	}
	for i, test := range []struct {
		change string
		loses  bool
	}{
		{"INSERT INTO big (k, n) VALUES (8, 9000)", false}, {"INSERT INTO big (k, n) VALUES (9, 9000)", true},
		{"DELETE FROM big WHERE k = 7 LIMIT 1", true}, {"DELETE FROM big WHERE k = 100 LIMIT 1", false},
	} {
		must(t, s, "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; BEGIN")
		must(t, s, query)
		must(t, other, test.change)
		must(t, s, fmt.Sprintf("INSERT INTO log VALUES (%d)", i))
		if _, err := s.Exec(ctx, "COMMIT", nil); (err != nil) != test.loses {
			t.Errorf("%s beside the reader: %v", test.change, err)
		}
	}
}
