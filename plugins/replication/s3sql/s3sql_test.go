package s3sql_test

import (
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/driver"
	_ "github.com/s3sql/s3sql/plugins/replication/s3sql"
)

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver.Name, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func exec(t *testing.T, db *sql.DB, stmts ...string) {
	t.Helper()
	for _, s := range stmts {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// table returns the rows of a query as lines.
func table(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	cols, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for rows.Next() {
		cells, ptrs := make([]sql.NullString, len(cols)), make([]any, len(cols))
		for i := range cells {
			ptrs[i] = &cells[i]
		}
		if err := rows.Scan(ptrs...); err != nil {
			t.Fatal(err)
		}
		for _, c := range cells {
			if !c.Valid {
				c.String = "NULL"
			}
			fmt.Fprintf(&out, "%s|", c.String)
		}
		out.WriteString("\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

const everyType = `CREATE TABLE every (id BIGINT PRIMARY KEY, ti TINYINT, b BOOLEAN, su SMALLINT UNSIGNED, mi MEDIUMINT, iu INT UNSIGNED, bu BIGINT UNSIGNED, y YEAR,
	bits BIT(10), f FLOAT, d DOUBLE, n DECIMAL(20,6), c CHAR(3), v VARCHAR(20), tx LONGTEXT, bin BINARY(3), vb VARBINARY(20), bl BLOB, day DATE, t TIME(3),
	dt DATETIME(6), ts TIMESTAMP(6) NULL, j JSON, e ENUM('a','b c'), s SET('x','y'), UNIQUE KEY by_v (v))`

// TestCopiesOfTables replicates rows of every type to a file database, by a snapshot and by following, through changes of the schema.
func TestCopiesOfTables(t *testing.T) {
	t.Parallel()
	dsn := "file://" + t.TempDir() + "/copy"
	from, to := open(t, "mem://"), open(t, dsn)
	exec(t, from, everyType,
		`INSERT INTO every VALUES (1, -128, TRUE, 65535, -8388608, 4294967295, 18446744073709551615, 2155, b'1000000001', 1.5, -2.25e300, -12345678901234.567891,
			'äö', 'zwölf', REPEAT('x', 70000), X'000102', X'FF00', X'00', '9999-12-31', '-838:59:58.123', '2024-02-29 23:59:59.999999', '2024-07-01 12:00:00.5',
			'{"a": [1, 2.5, null, "ü"], "b": {}}', 'b c', 'x,y')`,
		"INSERT INTO every (id) VALUES (2)", "INSERT INTO every (id, v) VALUES (-9223372036854775808, '')",
		"CREATE TABLE nokey (a INT, b INT)", "INSERT INTO nokey VALUES (1, 1), (1, 1)",
		"CREATE TABLE parted (id INT PRIMARY KEY, v INT) PARTITION BY HASH (id) PARTITIONS 3", "INSERT INTO parted VALUES (1, 1), (2, 2), (3, 3)",
		"CREATE REPLICATION r TO S3SQL '"+dsn+"' WITH (start = 'snapshot') (ALL TABLES)", "RUN REPLICATION r UNTIL CAUGHT UP")
	same := func(tables ...string) {
		t.Helper()
		for _, name := range tables {
			q := "SELECT * FROM " + name + " ORDER BY 1"
			if a, b := table(t, from, q), table(t, to, q); a != b || a == "" {
				t.Errorf("%s: %.2000s, want %.2000s", name, b, a)
			}
		}
	}
	same("every", "nokey", "parted")
	exec(t, from, "UPDATE every SET v = 'twelve', ti = NULL WHERE id = 1", "DELETE FROM every WHERE id = 2", "INSERT INTO every (id, v, j) VALUES (3, 'new', '[]')",
		"UPDATE parted SET id = id + 10 WHERE id < 3", "BEGIN", "DELETE FROM parted WHERE id = 3", "INSERT INTO parted VALUES (3, 33)", "COMMIT",
		"ALTER TABLE parted ADD COLUMN extra VARCHAR(9) DEFAULT 'mo''re\\\\', ADD n DECIMAL(5,2) NOT NULL DEFAULT 1.5, ADD b VARBINARY(3) DEFAULT X'00FF', ADD d DATE DEFAULT '2024-01-02'", "INSERT INTO parted (id, v, extra) VALUES (50, 1, 'x')", "CREATE TABLE late (id INT PRIMARY KEY)",
		"INSERT INTO late VALUES (1), (2), (3)", "DELETE FROM late WHERE id = 2", "INSERT INTO nokey VALUES (2, 2)", "RUN REPLICATION r UNTIL CAUGHT UP")
	same("every", "parted", "late", "nokey")
	exec(t, to, "DELETE FROM late WHERE id = 3", "INSERT INTO parted (id) VALUES (77)")
	exec(t, from, "ALTER REPLICATION r RESYNC", "RUN REPLICATION r UNTIL CAUGHT UP")
	same("every", "parted", "late", "nokey")
	if got := table(t, from, "SELECT SUM(errors), SUM(dead_letters) FROM system.replications"); got != "0|0|\n" {
		t.Error(got)
	}
}

// TestChecks looks at a target that is not there, then one that is, and one whose table does not fit; it makes nothing.
func TestChecks(t *testing.T) {
	t.Parallel()
	place := t.TempDir() + "/copy"
	from := open(t, "mem://")
	exec(t, from, "CREATE TABLE t (id INT PRIMARY KEY, v INT)", "CREATE REPLICATION r TO S3SQL 'file://"+place+"' WITH (start = 'snapshot') (TABLE t)")
	if got := table(t, from, "TEST REPLICATION r"); got != "connection|ok|there is no database yet: it will be made|\n" {
		t.Error(got)
	}
	if there, err := fs.Glob(os.DirFS(place), "d/*"); err != nil || len(there) > 0 {
		t.Errorf("objects are there: %v %v", there, err)
	}
	to := open(t, "file://"+place)
	exec(t, to, "CREATE TABLE t (id INT PRIMARY KEY)")
	if got := table(t, from, "TEST REPLICATION r"); !strings.HasSuffix(got, "table t|ok|it lacks columns, which will be added|\n") {
		t.Error(got)
	}
	exec(t, to, "DROP TABLE t", "CREATE TABLE t (id INT, v INT PRIMARY KEY)")
	if got := table(t, from, "TEST REPLICATION r"); !strings.Contains(got, "table t|error|the primary key of table t of the target has to be (`id`)") {
		t.Error(got)
	}
	exec(t, to, "DROP TABLE t")
	exec(t, from, "RUN REPLICATION r UNTIL CAUGHT UP")
	if got := table(t, from, "SELECT state, lag_commits, lag_seconds FROM system.replications"); got != "stopped|0|0|\n" {
		t.Error(got)
	}
	if got := table(t, from, "SHOW REPLICATIONS"); !strings.HasPrefix(got, "r|active|CREATE REPLICATION `r` TO S3SQL 'file://") {
		t.Error(got)
	}
}

// TestRowsTheTargetRefuses keeps them as dead letters, and the rest goes on.
func TestRowsTheTargetRefuses(t *testing.T) {
	t.Parallel()
	dsn := "file://" + t.TempDir() + "/copy"
	from, to := open(t, "mem://"), open(t, dsn)
	exec(t, to, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(5), CHECK (v <> 'no'))")
	exec(t, from, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(50))", "CREATE REPLICATION r TO S3DB '"+dsn+"' (TABLE t)")
	for i := range 100 {
		v := "yes"
		if i%33 == 7 {
			v = []string{"no", "too long by far"}[i%2]
		}
		exec(t, from, fmt.Sprintf("INSERT INTO t VALUES (%d, '%s')", i, v))
	}
	exec(t, from, "RUN REPLICATION r UNTIL CAUGHT UP")
	if got := table(t, to, "SELECT COUNT(*), SUM(v = 'yes') FROM t"); got != "97|97|\n" {
		t.Error(got)
	}
	if got := table(t, from, "SELECT record_id, error LIKE '%3819%' OR error LIKE '%Check%', error LIKE '%too long%' FROM system.replication_dead_letters ORDER BY commit_seq"); got !=
		"7|0|1|\n40|1|0|\n73|0|1|\n" {
		t.Error(got, table(t, from, "SELECT error FROM system.replication_dead_letters"))
	}
	exec(t, from, "UPDATE t SET v = 'ok' WHERE id IN (7, 40, 73)", "RUN REPLICATION r UNTIL CAUGHT UP")
	exec(t, to, "ALTER TABLE t MODIFY v VARCHAR(50)")
	exec(t, from, "ALTER REPLICATION r RETRY FAILED", "RUN REPLICATION r UNTIL CAUGHT UP")
	if got := table(t, from, "SELECT record_id, operation, attempts FROM system.replication_dead_letters ORDER BY commit_seq, id"); got != "40|insert|2|\n40|update|1|\n" {
		t.Error(got)
	}
	exec(t, from, "DELETE FROM system.replication_dead_letters WHERE operation = 'insert'", "ALTER REPLICATION r RETRY FAILED", "RUN REPLICATION r UNTIL CAUGHT UP")
	if got := table(t, to, "SELECT COUNT(*), SUM(v = 'ok') FROM t"); got != "100|3|\n" {
		t.Error(got)
	}
}

// TestRefusedDefinitions are those that say something that cannot be.
func TestRefusedDefinitions(t *testing.T) {
	t.Parallel()
	db := open(t, "mem://")
	exec(t, db, "CREATE TABLE t (id INT PRIMARY KEY, v INT, s TEXT)", "CREATE TABLE k (a INT)")
	for stmt, want := range map[string]string{
		"TO S3SQL 'mem://' (TABLE nope)":                                      "nope",
		"TO S3SQL 'ftp://x' (TABLE t)":                                        "ftp",
		"TO S3SQL (TABLE t)":                                                  "needs an address",
		"TO S3SQL 'mem://' WITH (mode = 'x') (TABLE t)":                       "valid: batch_size",
		"TO S3SQL 'mem://' WITH (batch_size = 0) (TABLE t)":                   "from 1 to 10000",
		"TO S3SQL 'mem://' WITH (start = 'then') (TABLE t)":                   "'now', 'snapshot' or the number",
		"TO POSTGRES 'postgres://x' (TABLE t)":                                "add import _ \"github.com/s3sql/s3sql/plugins/replication/postgres\"",
		"TO POSTGRESS 'x' (TABLE t)":                                          "did you mean POSTGRES",
		"TO S3SQL 'mem://' (TABLE t AS SELECT id, nothing)":                   "Unknown column 'nothing'",
		"TO S3SQL 'mem://' (TABLE t AS SELECT v)":                             "leaves out id",
		"TO S3SQL 'mem://' (TABLE t AS SELECT id, v AS id)":                   "Duplicate column name 'id'",
		"TO S3SQL 'mem://' (TABLE t AS SELECT id, COUNT(*) AS n)":             "Invalid use of group function",
		"TO S3SQL 'mem://' (TABLE t AS SELECT id, (SELECT 1) AS n)":           "subquery",
		"TO S3SQL 'mem://' (TABLE t AS SELECT id, ROW_NUMBER() OVER () AS n)": "window",
		"TO S3SQL 'mem://' (TABLE t AS SELECT id WHERE NEW.v > OLD.z)":        "OLD.z",
		"TO S3SQL 'mem://' (TABLE t AS SELECT id FROM t)":                     "it has no FROM",
		"TO S3SQL 'mem://' (TABLE k AS SELECT a)":                             "no primary key",
		"TO S3SQL 'mem://' (TABLE t, TABLE t)":                                "twice",
		"TO S3SQL 'file:///x?secret_key=abc' (TABLE t)":                       "secret_key",
		"TO S3SQL 'mem://' (TABLE t FOR SELECT)":                              "INSERT, UPDATE or DELETE",
	} {
		_, err := db.ExecContext(t.Context(), "CREATE REPLICATION r "+stmt)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", stmt, err, want)
		}
	}
	if got := table(t, db, "SELECT COUNT(*) FROM system.replications"); got != "0|\n" {
		t.Error(got)
	}
}
