package sqlengine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// partitionings are of tables with the columns id, a, d, ts and s of TestPruningChangesNoAnswer.
var partitionings = []string{
	"RANGE (a) (PARTITION p0 VALUES LESS THAN (-5), PARTITION p1 VALUES LESS THAN (0), PARTITION p2 VALUES LESS THAN (3), PARTITION p3 VALUES LESS THAN (7), PARTITION p4 VALUES LESS THAN MAXVALUE)",
	"RANGE (a * 2 - id) (PARTITION p0 VALUES LESS THAN (-50), PARTITION p1 VALUES LESS THAN (-20), PARTITION p2 VALUES LESS THAN MAXVALUE)",
	"RANGE (YEAR(d)) (PARTITION p0 VALUES LESS THAN (2019), PARTITION p1 VALUES LESS THAN (2020), PARTITION p2 VALUES LESS THAN (2022), PARTITION p3 VALUES LESS THAN MAXVALUE)",
	"RANGE (TO_DAYS(d)) (PARTITION p0 VALUES LESS THAN (TO_DAYS('2019-06-01')), PARTITION p1 VALUES LESS THAN (TO_DAYS('2020-02-29')), PARTITION p2 VALUES LESS THAN MAXVALUE)",
	"RANGE (UNIX_TIMESTAMP(ts)) (PARTITION p0 VALUES LESS THAN (UNIX_TIMESTAMP('2019-06-01 00:00:00')), PARTITION p1 VALUES LESS THAN (UNIX_TIMESTAMP('2020-06-01 12:00:00')), PARTITION p2 VALUES LESS THAN MAXVALUE)",
	"RANGE COLUMNS (d) (PARTITION p0 VALUES LESS THAN ('2019-01-01'), PARTITION p1 VALUES LESS THAN ('2020-03-01'), PARTITION p2 VALUES LESS THAN (MAXVALUE))",
	"RANGE COLUMNS (a, s) (PARTITION p0 VALUES LESS THAN (0, 'b'), PARTITION p1 VALUES LESS THAN (0, MAXVALUE), PARTITION p2 VALUES LESS THAN (4, 'c'), PARTITION p3 VALUES LESS THAN (MAXVALUE, MAXVALUE))",
	"RANGE COLUMNS (s) (PARTITION p0 VALUES LESS THAN ('b'), PARTITION p1 VALUES LESS THAN ('ca'), PARTITION p2 VALUES LESS THAN (MAXVALUE))",
	"LIST (a) (PARTITION p0 VALUES IN (-9, -8, -7, -6, -5, NULL), PARTITION p1 VALUES IN (-4, -3, -2, -1, 0, 1), PARTITION p2 VALUES IN (2, 3, 4, 5, 6, 7, 8, 9))",
	"LIST COLUMNS (s) (PARTITION p0 VALUES IN ('a', 'b', NULL), PARTITION p1 VALUES IN ('ca', 'cb', 'd'), PARTITION p2 VALUES IN ('', 'e', 'f'))",
	"HASH (a) PARTITIONS 5",
	"LINEAR HASH (a) PARTITIONS 6",
	"HASH (YEAR(d) + a) PARTITIONS 3",
	"HASH (TO_DAYS(d)) PARTITIONS 7",
	"KEY (a) PARTITIONS 4",
	"KEY (s, d) PARTITIONS 4",
	"LINEAR KEY (id) PARTITIONS 3",
}

type pruneGen struct{ r *rand.Rand }

func (g *pruneGen) pick(list ...string) string { return list[g.r.IntN(len(list))] }

func (g *pruneGen) date() string {
	return fmt.Sprintf("%d-%02d-%02d", 2018+g.r.IntN(6), 1+g.r.IntN(12), 1+g.r.IntN(28))
}

// row makes the values of a row, without NULL where the columns are those of a key.
func (g *pruneGen) row(k int, keyed bool) string {
	null := "NULL"
	if keyed {
		null = "'2020-03-01'"
	}
	a, s := "NULL", "NULL"
	if keyed {
		a, s = "0", "'b'"
	}
	return fmt.Sprintf("(%d, %s, %s, %s, %s)", k, g.pick(a, fmt.Sprint(g.r.IntN(19)-9), fmt.Sprint(g.r.IntN(19)-9)),
		g.pick(null, "'"+g.date()+"'", "'"+g.date()+"'", "'2020-02-29'", "'2020-01-01'"), g.pick(null, "'"+g.date()+" 12:00:00'", "'2020-06-01 12:00:00'"),
		g.pick("'a'", "'b'", "'ca'", "'cb'", "'d'", "'e'", "'f'", "''", s))
}

// value is a constant that is compared with a column.
func (g *pruneGen) value(col string) string {
	switch col {
	case "a", "id":
		n := g.r.IntN(19) - 9
		if col == "id" {
			n = g.r.IntN(60)
		}
		return g.pick(fmt.Sprint(n), fmt.Sprint(n), fmt.Sprint(n), fmt.Sprintf("'%d'", n), fmt.Sprintf("%d.5", n), "NULL", "@n", "99999999999", fmt.Sprintf("%de0", n), "'x'")
	case "d":
		return g.pick("'"+g.date()+"'", "'"+g.date()+"'", "DATE '"+g.date()+"'", "'2020-01-01'", "'2020-02-29 12:00:00'", "NULL", "@d", "'2019-01-01'", "20200101")
	case "ts":
		return g.pick("'"+g.date()+"'", "'"+g.date()+" 12:00:00'", "'2020-06-01 12:00:00'", "NULL", "'2019-06-01'")
	case "s":
		return g.pick("'a'", "'b'", "'ca'", "'cb'", "'d'", "'e'", "''", "NULL", "@s", "'A'", "'zz'", "0")
	}
	return "0"
}

func (g *pruneGen) pred(depth int) string {
	if depth > 0 && g.r.IntN(2) == 0 {
		l, r := g.pred(depth-1), g.pred(depth-1)
		return "(" + l + g.pick(" AND ", " AND ", " OR ") + r + ")"
	}
	col := g.pick("a", "a", "id", "d", "d", "ts", "s", "s")
	switch g.r.IntN(10) {
	case 0:
		return col + " IS NULL"
	case 1:
		return col + " IN (" + g.value(col) + ", " + g.value(col) + ", " + g.value(col) + ")"
	case 2:
		return col + " BETWEEN " + g.value(col) + " AND " + g.value(col)
	case 3:
		return g.value(col) + g.pick(" < ", " = ", " >= ") + col
	case 4:
		return "NOT (" + col + g.pick(" < ", " = ", " > ") + g.value(col) + ")"
	case 5:
		return g.pick("YEAR(d) = 2020", "YEAR(d) < 2020", "TO_DAYS(d) > 737700", "a * 2 - id < -20", "s LIKE 'c%'", "YEAR(d) + a = 2021", "a <=> NULL", "FALSE")
	}
	return col + g.pick(" = ", " = ", " < ", " <= ", " > ", " >= ", " <=> ", " <> ") + g.value(col)
}

// TestPruningChangesNoAnswer asks a table with partitions and one without the same, in every way of dividing it.
func TestPruningChangesNoAnswer(t *testing.T) {
	t.Parallel()
	for i := range 2 * len(partitionings) {
		by, columns := partitionings[i/2], "(id INT NOT NULL, a INT, d DATE, ts TIMESTAMP NULL, s VARCHAR(10), KEY ka (a, id), KEY kid (id))"
		keyed := i%2 == 1
		if keyed {
			columns = "(id INT, a INT, d DATE, ts TIMESTAMP, s VARCHAR(10), PRIMARY KEY (id, a, d, ts, s), UNIQUE KEY ka (s, a, d, id, ts), KEY kd (d))"
		}
		t.Run(strings.Fields(by)[0]+fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			g := &pruneGen{rand.New(rand.NewPCG(7, uint64(i)))}
			s := openMem(t).NewSession()
			mustRun(t, s, "CREATE TABLE p "+columns+" PARTITION BY "+by)
			mustRun(t, s, "CREATE TABLE u "+columns)
			for k := range 60 {
				row := g.row(k, keyed)
				mustRun(t, s, "INSERT INTO p VALUES "+row)
				mustRun(t, s, "INSERT INTO u VALUES "+row)
			}
			mustRun(t, s, "SET @n = 3, @d = '2020-02-29', @s = 'ca'")
			rounds := 60
			if testing.Short() {
				rounds = 15
			}
			for range rounds {
				comparePartitioned(t, s, g)
			}
			if out := mustRun(t, s, "CHECK TABLE p"); !strings.Contains(out, "status | OK") {
				t.Error(out)
			}
		})
	}
}

// comparePartitioned runs a statement over p and over u, and compares what they answer and leave.
func comparePartitioned(t *testing.T, s *sqlengine.Session, g *pruneGen) {
	t.Helper()
	where := " WHERE " + g.pred(2)
	switch g.r.IntN(6) {
	case 0:
		set := " SET a = " + g.pick("(a + 1) % 10", "NULL", "3", "-a") + g.pick("", ", d = d + INTERVAL 1 YEAR", ", s = 'd'")
		ask(t, s, "UPDATE IGNORE §"+set+where)
	case 1:
		ask(t, s, "DELETE FROM §"+where+" AND id > 50")
	case 2:
		ask(t, s, "SELECT x.id, y.id FROM § x JOIN § y ON x.a = y.a"+strings.ReplaceAll(strings.ReplaceAll(where, " id", " x.id"), "(id", "(x.id")+" AND x.id < 5 ORDER BY 1, 2", "1052")
	case 3:
		ask(t, s, "SELECT COUNT(*), SUM(a), MIN(d), MAX(s) FROM §"+where)
	default:
		ask(t, s, "SELECT * FROM §"+where+g.pick(" ORDER BY id", " ORDER BY id DESC LIMIT 7", " ORDER BY id, a, d LIMIT 5, 9"))
	}
	ask(t, s, "SELECT * FROM § ORDER BY id")
}

var warned = regexp.MustCompile(`, \d+ warnings`)

func ask(t *testing.T, s *sqlengine.Session, sql string, may ...string) {
	t.Helper()
	on := func(table string) string { // without the number of warnings: of rows that pruning leaves out there are none
		return warned.ReplaceAllString(answer(s, strings.ReplaceAll(sql, "§", table)), "")
	}
	got, want := on("p"), on("u")
	for _, number := range may {
		if strings.Contains(want, "ERROR "+number) {
			return
		}
	}
	if got != want {
		t.Fatalf("%s\n%s\nwith partitions:\n%s\nwithout:\n%s", sql, answer(s, "EXPLAIN "+strings.ReplaceAll(sql, "§", "p")), got, want)
	}
}

func openStore(t *testing.T, store *mem.Store) *sqlengine.Engine {
	t.Helper()
	e, err := sqlengine.Open(context.Background(), sqlengine.Config{Store: store, Database: "app", Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e
}

// TestPartitionConflicts runs changes of partitions against statements that write rows of them: one of the two fails, or the
// rows are there at the end.
func TestPartitionConflicts(t *testing.T) {
	t.Parallel()
	const insert = "INSERT INTO t VALUES (5, 50), (15, 150)"
	for _, by := range []struct{ by, change string }{
		{"RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))", "ALTER TABLE t DROP PARTITION p0"},
		{"RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))", "ALTER TABLE t TRUNCATE PARTITION p0"},
		{"RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))", "ALTER TABLE t REORGANIZE PARTITION p0 INTO (PARTITION x VALUES LESS THAN (5), PARTITION y VALUES LESS THAN (10))"},
		{"RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))", "ALTER TABLE t ADD PARTITION (PARTITION p2 VALUES LESS THAN (30))"},
		{"RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))", "ALTER TABLE t EXCHANGE PARTITION p0 WITH TABLE s"},
		{"RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))", "ALTER TABLE t REMOVE PARTITIONING"},
		{"HASH (id) PARTITIONS 2", "ALTER TABLE t ADD PARTITION PARTITIONS 3"},
		{"HASH (id) PARTITIONS 3", "ALTER TABLE t COALESCE PARTITION 1"},
		{"KEY (id) PARTITIONS 3", "ALTER TABLE t PARTITION BY HASH (id) PARTITIONS 4"},
	} {
		for _, first := range []bool{true, false} {
			t.Run(fmt.Sprint(by.change, first), func(t *testing.T) {
				t.Parallel()
				store := mem.New()
				s1, s2 := openStore(t, store).NewSession(), openStore(t, store).NewSession() // two processes
				mustRun(t, s1, "CREATE TABLE t (id INT PRIMARY KEY, v INT, KEY (v)) PARTITION BY "+by.by)
				mustRun(t, s1, "CREATE TABLE s (id INT PRIMARY KEY, v INT, KEY (v))")
				mustRun(t, s1, "INSERT INTO t VALUES (1, 1), (11, 11)")
				mustRun(t, s1, "BEGIN")
				mustRun(t, s1, "SELECT COUNT(*) FROM t")
				a, b := insert, by.change
				if !first {
					a, b = b, a
				}
				mustRun(t, s1, a)
				mustRun(t, s2, b)
				out := answer(s1, "COMMIT")
				lost := strings.Contains(out, "ERROR 1213")
				if first && !lost {
					t.Errorf("%s against %s: %s", a, b, out)
				}
				rows := mustRun(t, s1, "SELECT id FROM t WHERE v IN (50, 150) UNION ALL SELECT id FROM s WHERE v IN (50, 150) ORDER BY id")
				if has := rows == "id\n5\n15\n"; has == first {
					t.Errorf("%s; rows inserted at the same time: %s", out, rows)
				}
				if out := mustRun(t, s1, "CHECK TABLE t, s"); strings.Count(out, "status | OK") != 2 {
					t.Error(out)
				}
			})
		}
	}
}

// TestCountersOutliveTheProcess inserts, closes and opens again: counters of which no row is in the table of the same id go on,
// those of hidden keys and of tables with partitions.
func TestCountersOutliveTheProcess(t *testing.T) {
	t.Parallel()
	store := mem.New()
	for i := range 3 {
		e, err := sqlengine.Open(context.Background(), sqlengine.Config{Store: store, Database: "app", Create: true})
		if err != nil {
			t.Fatal(err)
		}
		s := e.NewSession()
		if i == 0 {
			mustRun(t, s, "CREATE TABLE h (a INT)")
			mustRun(t, s, "CREATE TABLE p (id INT AUTO_INCREMENT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 3")
			mustRun(t, s, "CREATE TABLE q (a INT) PARTITION BY HASH (a) PARTITIONS 3")
		}
		mustRun(t, s, "INSERT INTO h VALUES (1), (2)")
		mustRun(t, s, "INSERT INTO q VALUES (1), (2)")
		mustRun(t, s, "INSERT INTO p VALUES (), ()")
		if got, want := mustRun(t, s, "SELECT COUNT(*), (SELECT COUNT(*) FROM q), (SELECT MAX(id) FROM p) FROM h"), fmt.Sprintf("%d | %[1]d | %[1]d\n", 2*i+2); !strings.HasSuffix(got, want) {
			t.Errorf("round %d: %s", i, got)
		}
		if err := e.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestShowCreateMakesTheSameTable runs what SHOW CREATE TABLE writes.
func TestShowCreateMakesTheSameTable(t *testing.T) {
	t.Parallel()
	s := openMem(t).NewSession()
	for i, by := range partitionings {
		mustRun(t, s, "CREATE TABLE t (id INT, a INT, d DATE, ts TIMESTAMP NULL, s VARCHAR(10)) PARTITION BY "+by)
		want := mustRun(t, s, "SHOW CREATE TABLE t")
		_, create, _ := strings.Cut(want, "t | ")
		mustRun(t, s, "DROP TABLE t")
		mustRun(t, s, create)
		if got := mustRun(t, s, "SHOW CREATE TABLE t"); got != want {
			t.Errorf("%d: got\n%swant\n%s", i, got, want)
		}
		mustRun(t, s, "DROP TABLE t")
	}
}

// TestAlterPartitioned changes columns and keys of tables with partitions, and looks at rows and entries each time.
func TestAlterPartitioned(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"HASH (a) PARTITIONS 3", "RANGE COLUMNS (a) (PARTITION p0 VALUES LESS THAN (3), PARTITION p1 VALUES LESS THAN (MAXVALUE))", "KEY () PARTITIONS 4"} {
		s := openMem(t).NewSession()
		mustRun(t, s, "CREATE TABLE t (a INT, b INT, c VARCHAR(10), PRIMARY KEY (a), KEY kb (b)) PARTITION BY "+by)
		mustRun(t, s, "INSERT INTO t VALUES (1, 10, 'x'), (2, 20, 'y'), (3, 30, NULL), (4, 40, 'z')")
		for _, change := range []string{"ADD COLUMN n INT NOT NULL DEFAULT 5 FIRST", "ADD KEY kn (n, c)", "ADD COLUMN g INT AS (a + b) VIRTUAL, ADD KEY kg (g)",
			"MODIFY c TEXT", "MODIFY a BIGINT", "FORCE", "RENAME TO u, RENAME KEY kb TO kbb", "RENAME TO t", "DROP KEY kn, ADD UNIQUE KEY kn (a, n)", "MODIFY b VARCHAR(20)",
			"DROP COLUMN n", "ADD COLUMN id INT AUTO_INCREMENT, ADD KEY (id)", "CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", "ADD CHECK (a < 100)", "AUTO_INCREMENT = 50"} {
			name := "t"
			if strings.HasPrefix(change, "RENAME TO t") {
				name = "u"
			}
			mustRun(t, s, "ALTER TABLE "+name+" "+change)
			if name = "t"; strings.HasPrefix(change, "RENAME TO u") {
				name = "u"
			}
			if out := mustRun(t, s, "CHECK TABLE "+name); !strings.Contains(out, "status | OK") {
				t.Fatalf("%s, %s: %s", by, change, out)
			}
			if out := mustRun(t, s, "SELECT a, b FROM "+name+" WHERE b IN (10, 40) ORDER BY a"); out != "a | b\n1 | 10\n4 | 40\n" {
				t.Fatalf("%s, %s: %s", by, change, out)
			}
		}
		mustRun(t, s, "INSERT INTO t (a, b) VALUES (9, 9)")
		if out := mustRun(t, s, "SELECT id FROM t WHERE a = 9"); out != "id\n50\n" {
			t.Errorf("%s: the counter: %s", by, out)
		}
		mustRun(t, s, "CREATE TABLE copy PARTITION BY KEY (a) PARTITIONS 2 AS SELECT a, c FROM t")
		if out := mustRun(t, s, "SELECT COUNT(*) FROM copy"); out != "COUNT(*)\n5\n" {
			t.Error(out)
		}
	}
}

// TestWholePartitionsGoAtOnce proves by the bytes of the commit that what drops partitions writes no row.
func TestWholePartitionsGoAtOnce(t *testing.T) {
	t.Parallel()
	for _, change := range []string{"DROP PARTITION p0", "TRUNCATE PARTITION p0", "TRUNCATE PARTITION ALL", "EXCHANGE PARTITION p0 WITH TABLE s",
		"ADD PARTITION (PARTITION p2 VALUES LESS THAN (9000))"} {
		s := openMem(t).NewSession()
		mustRun(t, s, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), KEY (v)) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (3000), PARTITION p1 VALUES LESS THAN (6000))")
		mustRun(t, s, "CREATE TABLE s (id INT PRIMARY KEY, v VARCHAR(20), KEY (v))")
		var sql strings.Builder
		for i := range 3000 {
			fmt.Fprintf(&sql, ",(%d,'value %[1]d')", i)
		}
		mustRun(t, s, "INSERT INTO t VALUES "+sql.String()[1:])
		mustRun(t, s, "ALTER TABLE t "+change)
		if bytes := s.LastStats().BytesOut; bytes > 4<<10 {
			t.Errorf("%s: the commit has %d bytes", change, bytes)
		}
		if n := s.LastStats().Requests; n != 1 {
			t.Errorf("%s: %d requests", change, n)
		}
		mustRun(t, s, "INSERT INTO t VALUES (-1, 'x'), (5999, 'y')")
		if n := s.LastStats().Requests; n != 1 {
			t.Errorf("an insert into two partitions: %d requests", n)
		}
	}
}

// TestSerializablePartitions inserts beside a serializable transaction: into the partition that it has read, and into another.
func TestSerializablePartitions(t *testing.T) {
	t.Parallel()
	for id, fails := range map[int]bool{5: true, 15: false} {
		store := mem.New()
		s1, s2 := openStore(t, store).NewSession(), openStore(t, store).NewSession()
		mustRun(t, s1, "CREATE TABLE t (id INT PRIMARY KEY, v INT) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))")
		mustRun(t, s1, "CREATE TABLE seen (n INT)")
		mustRun(t, s1, "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE")
		mustRun(t, s1, "BEGIN")
		mustRun(t, s1, "INSERT INTO seen SELECT COUNT(*) FROM t WHERE id < 10 AND v = 1")
		mustRun(t, s2, fmt.Sprintf("INSERT INTO t VALUES (%d, 1)", id))
		if out := answer(s1, "COMMIT"); strings.Contains(out, "ERROR 1213") != fails {
			t.Errorf("after an insert of %d: %s", id, out)
		}
	}
}

// TestPartitionTypes divides by columns of every type that can be a key, and finds each row again.
func TestPartitionTypes(t *testing.T) {
	t.Parallel()
	for typ, values := range map[string][]string{
		"TINYINT": {"-128", "0", "127"}, "SMALLINT UNSIGNED": {"0", "65535"}, "MEDIUMINT": {"-8388608", "5"}, "BIGINT UNSIGNED": {"0", "18446744073709551615", "9223372036854775808"},
		"DECIMAL(10,3)": {"1.5", "-2.125", "0", "1234567.001"}, "DOUBLE": {"1.5", "-0.0", "1e300"}, "FLOAT": {"0.5", "-3"}, "YEAR": {"1999", "2024"},
		"DATE": {"'2020-02-29'", "'1000-01-01'"}, "TIME": {"'-10:00:00'", "'23:59:59'"}, "TIME(3)": {"'01:02:03.456'"}, "DATETIME": {"'2020-02-29 12:00:00'"},
		"DATETIME(6)": {"'2020-02-29 12:00:00.123456'"}, "TIMESTAMP": {"'2020-02-29 12:00:00'"}, "CHAR(5)": {"'a'", "'b'", "''"}, "VARCHAR(10)": {"'a'", "'A'", "'é'"},
		"VARCHAR(10) COLLATE utf8mb4_0900_ai_ci": {"'a'", "'é'", "'z'"}, "VARBINARY(5)": {"'a'", "x'00ff'"}, "BINARY(3)": {"x'610000'", "'abc'"},
		"ENUM('x','y')": {"'x'", "'y'"}, "SET('p','q')": {"'p'", "'p,q'", "''"}, "BIT(8)": {"b'101'", "255"}, "UUID": {"'6ccd780c-baba-1026-9564-5b8c656024db'"},
	} {
		s := openMem(t).NewSession()
		mustRun(t, s, "CREATE TABLE k (c "+typ+" NOT NULL PRIMARY KEY, n INT) PARTITION BY KEY (c) PARTITIONS 7")
		mustRun(t, s, "CREATE TABLE j (c "+typ+" NOT NULL)")
		for i, v := range values {
			mustRun(t, s, fmt.Sprintf("INSERT INTO k VALUES (%s, %d)", v, i))
			mustRun(t, s, "INSERT INTO j VALUES ("+v+")")
			if out := mustRun(t, s, "SELECT n FROM k WHERE c = "+v); out != fmt.Sprintf("n\n%d\n", i) {
				t.Errorf("%s = %s: %s", typ, v, out)
			}
			if out := answer(s, "INSERT INTO k VALUES ("+v+", 0)"); !strings.Contains(out, "ERROR 1062") {
				t.Errorf("%s: %s twice: %s", typ, v, out)
			}
		}
		if out := mustRun(t, s, "SELECT COUNT(*) FROM j JOIN k ON k.c = j.c"); out != fmt.Sprintf("COUNT(*)\n%d\n", len(values)) {
			t.Errorf("%s: joined %s", typ, out)
		}
		if out := mustRun(t, s, "CHECK TABLE k"); !strings.Contains(out, "status | OK") {
			t.Errorf("%s: %s", typ, out)
		}
	}
}
