package driver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

func TestExecAndQuery(t *testing.T) {
	t.Parallel()
	e := &fakeEngine{params: -1, script: map[string][]*fakeResult{
		"insert": {{affected: 3, lastID: 41}},
		"multi":  {{affected: 1}, ints("a", 1, 2), {affected: 9}, ints("b", 3)},
		"rows":   {ints("n", 4, 5)},
	}}
	db := openFake(t, e)
	res, err := db.Exec("insert", 1, sql.Named("who", "x"))
	if err != nil {
		t.Fatal(err)
	}
	id, _ := res.LastInsertId()
	if n, _ := res.RowsAffected(); n != 3 || id != 41 {
		t.Errorf("affected %d, id %d", n, id)
	}
	want := []arg{{value: base.NewInt(1)}, {name: "who", value: base.NewString("x")}}
	if !reflect.DeepEqual(e.args, want) {
		t.Errorf("args %v, want %v", e.args, want)
	}
	if got := readSets(t, db, "multi"); got != "a:1,2;b:3;" {
		t.Errorf("result sets %q", got)
	}
	if got := readSets(t, db, "insert"); got != ":;" {
		t.Errorf("result sets of a statement without rows %q", got)
	}
	if _, err := db.Exec("multi"); err != nil {
		t.Error(err)
	}
	for _, r := range append(e.script["multi"], e.script["rows"]...) {
		if r.cols != nil && r.read == len(r.batches) && !r.isClosed {
			t.Errorf("result %v stays open", r.cols)
		}
	}
	st, err := db.Prepare("rows")
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := st.QueryRow().Scan(&n); err != nil || n != 4 {
		t.Errorf("prepared: %d, %v", n, err)
	}
	if _, err := st.Exec(5); err != nil {
		t.Error(err)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(e.seen(), "prepare:rows") || !strings.Contains(e.seen(), "close:rows") {
		t.Errorf("calls %s", e.seen())
	}
}

// readSets returns every result set as "column:1,2;".
func readSets(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	rs, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := rs.Close(); err != nil {
			t.Error(err)
		}
	}()
	var b strings.Builder
	for {
		cols, err := rs.Columns()
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(strings.Join(cols, ",") + ":")
		for sep := ""; rs.Next(); sep = "," {
			var s string
			if err := rs.Scan(&s); err != nil {
				t.Fatal(err)
			}
			b.WriteString(sep + s)
		}
		b.WriteString(";")
		if !rs.NextResultSet() {
			break
		}
	}
	if err := rs.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestErrorsInTheMiddle(t *testing.T) {
	t.Parallel()
	boom := base.Errorf(errno.DivisionByZero, "Division by 0")
	bad := ints("n", 1)
	bad.err = boom
	late := &fakeResult{nextErr: boom}
	e := &fakeEngine{script: map[string][]*fakeResult{"rows": {bad}, "later": {ints("a", 1), late}}, errs: map[string]error{"no": boom}}
	db := openFake(t, e)
	if _, err := db.Exec("rows"); numberOf(err) != 1365 {
		t.Errorf("exec: %v", err)
	}
	rs, err := db.Query("rows")
	if err != nil {
		t.Fatal(err)
	}
	for rs.Next() {
		continue
	}
	if numberOf(rs.Err()) != 1365 || !bad.isClosed {
		t.Errorf("query: %v, closed %v", rs.Err(), bad.isClosed)
	}
	rs, err = db.Query("later")
	if err != nil {
		t.Fatal(err)
	}
	for rs.Next() {
		continue
	}
	if rs.NextResultSet() || numberOf(rs.Err()) != 1365 {
		t.Errorf("next result set: %v", rs.Err())
	}
	if err := rs.Close(); err != nil {
		t.Error(err)
	}
	for _, err := range []error{second(db.Exec("later")), second(db.Exec("no")), second(db.Query("no")), second(db.Prepare("no"))} {
		if numberOf(err) != 1365 || !errors.Is(err, ErrInvalid) {
			t.Errorf("%v", err)
		}
	}
	if db.Stats().InUse != 0 {
		t.Errorf("%d connections are not given back", db.Stats().InUse)
	}
}

func second[T any](_ T, err error) error { return err }

func TestIsolation(t *testing.T) {
	t.Parallel()
	e := &fakeEngine{}
	db := openFake(t, e)
	for level, want := range map[sql.IsolationLevel]string{sql.LevelDefault: "begin:", sql.LevelReadUncommitted: "begin:SNAPSHOT",
		sql.LevelReadCommitted: "begin:SNAPSHOT", sql.LevelRepeatableRead: "begin:SNAPSHOT", sql.LevelSnapshot: "begin:SNAPSHOT",
		sql.LevelSerializable: "begin:SERIALIZABLE", sql.LevelLinearizable: "", sql.LevelWriteCommitted: "", 99: ""} {
		for _, ro := range []bool{false, true} {
			e.mu.Lock()
			e.calls = nil
			e.mu.Unlock()
			tx, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: level, ReadOnly: ro})
			if want == "" {
				if !errors.Is(err, ErrUnsupported) || numberOf(err) != 1235 {
					t.Errorf("%v: %v", level, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := tx.Commit(); err != nil {
				t.Error(err)
			}
			if got := e.seen(); got != want+map[bool]string{true: ":ro"}[ro]+" commit" {
				t.Errorf("%v, read only %v: %s", level, ro, got)
			}
		}
	}
}

func TestCancelLeavesTheConnection(t *testing.T) {
	t.Parallel()
	e := &fakeEngine{script: map[string][]*fakeResult{"rows": {ints("n", 1, 2)}}}
	db := openFake(t, e)
	db.SetMaxOpenConns(1)
	for _, run := range []func(context.Context) error{
		func(ctx context.Context) error { return second(db.ExecContext(ctx, "block")) },
		func(ctx context.Context) error { return second(db.QueryContext(ctx, "block")) },
		func(ctx context.Context) error {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, "block")
			if rerr := tx.Rollback(); rerr != nil && !errors.Is(rerr, sql.ErrTxDone) {
				t.Error(rerr)
			}
			return err
		},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if err := run(ctx); err != context.DeadlineExceeded {
			t.Errorf("%v, want the deadline's own error", err)
		}
		cancel()
	}
	ctx, cancel := context.WithCancel(t.Context())
	rs, err := db.QueryContext(ctx, "rows")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	for rs.Next() {
		continue
	}
	if err := rs.Err(); err != context.Canceled {
		t.Errorf("rows: %v", err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = conn.Raw(func(dc any) error {
		c := dc.(*Conn)
		if _, err := c.ExecContext(ctx, "x", nil); err != context.Canceled {
			t.Errorf("exec: %v", err)
		}
		if err := c.Ping(ctx); err != context.Canceled {
			t.Errorf("ping: %v", err)
		}
		if c.LastStats().Requests != 7 || !c.IsValid() {
			t.Error("stats or validity")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if st := db.Stats(); st.InUse != 0 || st.OpenConnections != 1 {
		t.Errorf("pool %+v", st)
	}
}

func TestClosedHandles(t *testing.T) {
	t.Parallel()
	e := &fakeEngine{}
	c, err := connectAndOpen(t.Context(), memConnector(t, func(context.Context, *Driver, Config, parts) (engine, error) { return e, nil }))
	if err != nil {
		t.Fatal(err)
	}
	st, err := c.Prepare("x")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := st.(driver.StmtExecContext).ExecContext(t.Context(), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("closed statement: %v", err)
	}
	other, err := c.Prepare("y")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := c.Begin()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	for what, err := range map[string]error{"exec": second(c.ExecContext(t.Context(), "x", nil)), "query": second(c.QueryContext(t.Context(), "x", nil)),
		"prepare": second(c.PrepareContext(t.Context(), "x")), "begin": second(c.Begin()), "ping": c.Ping(t.Context()),
		"statement": second(other.(driver.StmtQueryContext).QueryContext(t.Context(), nil)), "commit": tx.Commit()} {
		if !errors.Is(err, ErrClosed) || errors.Is(err, driver.ErrBadConn) {
			t.Errorf("%s on a closed connection: %v", what, err)
		}
	}
	if err := tx.Rollback(); err != nil {
		t.Errorf("rollback: %v", err)
	}
	if c.IsValid() || !errors.Is(c.ResetSession(t.Context()), driver.ErrBadConn) {
		t.Error("the pool would keep a closed connection")
	}
}

func TestLargeInsertID(t *testing.T) {
	t.Parallel()
	if _, err := (counts{lastID: 1 << 63}).LastInsertId(); numberOf(err) != 1264 {
		t.Errorf("%v", err)
	}
}
