package sqlengine_test

import (
	"context"
	"testing"

	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// TestTemporaryRunsAgain makes statements over temporary tables lose to another process: what a lost try did to the session's
// tables is not in the way of the next.
func TestTemporaryRunsAgain(t *testing.T) {
	t.Parallel()
	ctx, store := context.Background(), mem.New()
	sessions := make([]*sqlengine.Session, 2)
	for i := range sessions {
		e, err := sqlengine.Open(ctx, sqlengine.Config{Store: store, Database: "app", Create: true, ConflictRetries: 5})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := e.Close(ctx); err != nil {
				t.Error(err)
			}
		}()
		sessions[i] = e.NewSession()
		defer func() {
			if err := sessions[i].Close(); err != nil {
				t.Error(err)
			}
		}()
	}
	a, b := sessions[0], sessions[1]
	for _, step := range []struct {
		s         *sqlengine.Session
		sql, want string
	}{
		{b, "CREATE TABLE t (a INT); INSERT INTO t VALUES (1)", "ok, 0 affected\nok, 1 affected\n"},
		{a, "SELECT * FROM t", "a\n1\n"},
		{b, "INSERT INTO t VALUES (2)", "ok, 1 affected\n"},
		{a, "CREATE TEMPORARY TABLE x AS SELECT * FROM t", "ok, 2 affected\n"},
		{b, "ALTER TABLE t ADD b INT", "ok, 0 affected\n"},
		{a, "DROP TABLE x, t", "ok, 0 affected\n"},
		{b, "CREATE TABLE t (a INT)", "ok, 0 affected\n"},
		{a, "CREATE TEMPORARY TABLE x (n INT); INSERT INTO x VALUES (1), (1)", "ok, 0 affected\nok, 2 affected\n"},
		{a, "ALTER TABLE x ADD m INT DEFAULT 7; SELECT * FROM x", "ok, 2 affected\nn | m\n1 | 7\n1 | 7\n"},
	} {
		if got := answer(step.s, step.sql); got != step.want {
			t.Errorf("%s: %q, want %q", step.sql, got, step.want)
		}
	}
}
