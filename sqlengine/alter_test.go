package sqlengine_test

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/sqlengine"
)

// mustRun runs a statement that has to work.
func mustRun(t testing.TB, s *sqlengine.Session, sql string) string {
	t.Helper()
	got := answer(s, sql)
	if strings.Contains(got, "ERROR") {
		t.Fatalf("%s: %s", sql, got)
	}
	return got
}

// TestInstantAlter proves by the bytes of the commit that changes which need no row to change write none.
func TestInstantAlter(t *testing.T) {
	t.Parallel()
	const descriptor = 4 << 10 // bytes; the rows have ten times as many
	for _, c := range []struct {
		sql  string
		rows bool // rows, or entries of an index, have to be written
	}{
		{"ADD COLUMN n INT", false},
		{"ADD COLUMN n INT NOT NULL DEFAULT 5 FIRST", false},
		{"ADD COLUMN n DATETIME DEFAULT CURRENT_TIMESTAMP", false},
		{"ADD COLUMN n VARCHAR(36) DEFAULT (UUID())", true},
		{"DROP COLUMN b", false},
		{"DROP COLUMN a, ADD COLUMN a VARCHAR(3)", false},
		{"RENAME COLUMN a TO z, RENAME TO u, RENAME INDEX i TO j", false},
		{"CHANGE a a BIGINT AFTER b", false},
		{"MODIFY b VARCHAR(2000) COMMENT 'x'", false},
		{"MODIFY b TEXT", false},
		{"MODIFY d DECIMAL(12,4)", false},
		{"MODIFY e ENUM('x','y','z')", false},
		{"MODIFY a INT NOT NULL DEFAULT 3", false},
		{"ALTER a SET DEFAULT 9, ALTER INDEX i INVISIBLE, COMMENT = 'y'", false},
		{"MODIFY b VARCHAR(10) INVISIBLE", false},
		{"DROP INDEX i", false},
		{"ADD INDEX (a)", true},
		{"MODIFY i BIGINT", true},
		{"MODIFY a INT UNSIGNED", true},
		{"MODIFY b VARCHAR(9)", true},
		{"DROP PRIMARY KEY", true},
		{"FORCE", true},
	} {
		t.Run(c.sql, func(t *testing.T) {
			t.Parallel()
			s := openMem(t).NewSession()
			mustRun(t, s, "CREATE TABLE t (id INT PRIMARY KEY, a INT, b VARCHAR(10), d DECIMAL(10,2), e ENUM('x','y'), i INT, KEY i (i))")
			var sql strings.Builder
			sql.WriteString("INSERT INTO t VALUES ")
			for i := range 3000 {
				if i > 0 {
					sql.WriteByte(',')
				}
				sql.WriteString("(" + strings.Join([]string{strconv.Itoa(i), strconv.Itoa(i % 7), "'b" + strconv.Itoa(i) + "'", strconv.Itoa(i) + ".25", "'y'", strconv.Itoa(i)}, ",") + ")")
			}
			mustRun(t, s, sql.String())
			before := mustRun(t, s, "SELECT COUNT(*), SUM(id), SUM(d) FROM t")
			mustRun(t, s, "ALTER TABLE t "+c.sql)
			if bytes := s.LastStats().BytesOut; bytes > descriptor != c.rows {
				t.Errorf("the commit has %d bytes", bytes)
			}
			name := "t"
			if strings.Contains(c.sql, "RENAME TO u") {
				name = "u"
			}
			if got := mustRun(t, s, "SELECT COUNT(*), SUM(id), SUM(d) FROM "+name); strings.Replace(got, "00\n", "\n", 1) != before && got != before {
				t.Errorf("before:\n%safter:\n%s", before, got)
			}
		})
	}
}

// TestAlterConflicts runs DDL against DML of another transaction: what commits second and does not fit has to lose.
func TestAlterConflicts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ ddl, dml string }{
		{"CREATE INDEX i ON t (a)", "INSERT INTO t VALUES (3, 3)"},
		{"CREATE UNIQUE INDEX i ON t (a)", "INSERT INTO t VALUES (3, 1)"},
		{"ALTER TABLE t MODIFY a INT NOT NULL", "INSERT INTO t VALUES (3, NULL)"},
		{"ALTER TABLE t MODIFY a VARCHAR(5)", "UPDATE t SET a = 7"},
		{"ALTER TABLE t DROP PRIMARY KEY", "DELETE FROM t WHERE id = 1"},
	} {
		for _, ddlFirst := range []bool{true, false} {
			e := openMem(t)
			ctx, a, b := context.Background(), e.NewSession(), e.NewSession()
			mustRun(t, a, "CREATE TABLE t (id INT PRIMARY KEY, a INT)")
			mustRun(t, a, "INSERT INTO t VALUES (1, 1), (2, 2)")
			mustRun(t, a, "BEGIN")
			mustRun(t, b, "BEGIN")
			mustRun(t, a, c.ddl)
			mustRun(t, b, c.dml)
			first, second := a, b
			if !ddlFirst {
				first, second = b, a
			}
			if err := first.Commit(ctx); err != nil {
				t.Errorf("%s: %v", c.ddl, err)
			}
			if err := second.Commit(ctx); err == nil {
				t.Errorf("%s and %s both committed, DDL first: %v", c.ddl, c.dml, ddlFirst)
			}
		}
	}
}
