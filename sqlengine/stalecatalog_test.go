package sqlengine_test

import (
	"strings"
	"testing"

	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// TestStaleCatalog asks a process that knows the tables of yesterday, twice in a row so that its catalog is cached: errors about tables are current.
func TestStaleCatalog(t *testing.T) {
	t.Parallel()
	store := mem.New()
	a, _ := reopened(t, store, sqlengine.Config{Create: true})
	b, _ := reopened(t, store, sqlengine.Config{})
	s, o := a.NewSession(), b.NewSession()
	for _, step := range []struct{ there, sql, want string }{
		{"CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)", "ok"},
		{"DROP TABLE t", "INSERT INTO t VALUES (2)", "ERROR 1146"},
		{"CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (2, 2)", "ok"},
		{"ALTER TABLE t ADD w INT", "INSERT INTO t VALUES (3, 3)", "ERROR 1136"},
		{"ALTER TABLE t DROP w", "INSERT INTO t VALUES (3, 3)", "ok"},
		{"DROP TABLE t", "CREATE TABLE t (a INT)", "ok"},
		{"DROP TABLE t", "CREATE TABLE t (a INT)", "ok"},
		{"CREATE BUDGET b WITH (limit_usd = 9)", "CREATE BUDGET b WITH (limit_usd = 8)", "ERROR 3163"},
		{"DROP BUDGET b", "CREATE BUDGET b WITH (limit_usd = 8)", "ok"},
	} {
		must(t, o, step.there)
		if got := answer(s, step.sql); !strings.HasPrefix(got, step.want) {
			t.Errorf("after %s elsewhere, %s: %s, want %s", step.there, step.sql, got, step.want)
		}
		answer(s, "DELETE FROM missing") // its catalog is cached now
	}
}
