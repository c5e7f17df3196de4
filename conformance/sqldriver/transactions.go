package sqldriver

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"testing"

	s3sql "github.com/s3sql/s3sql/driver"
)

// code returns MySQL's number and the SQLSTATE of err; the suite asks for nothing else of a driver's own.
func code(err error) (uint16, string) {
	var e *s3sql.Error
	if errors.As(err, &e) {
		return e.Number, e.SQLState
	}
	return 0, ""
}

func accounts(t *testing.T, open Open) *sql.DB {
	t.Helper()
	db := open(t, "")
	exec(t, db, "CREATE TABLE account (id INT PRIMARY KEY, balance INT NOT NULL)")
	exec(t, db, "INSERT INTO account VALUES (1, 100), (2, 100)")
	return db
}

const total = "SELECT SUM(balance) FROM account"

func begin(t *testing.T, db *sql.DB, o *sql.TxOptions) *sql.Tx {
	t.Helper()
	tx, err := db.BeginTx(context.WithoutCancel(t.Context()), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { done(t, tx) })
	return tx
}

func testCommit(t *testing.T, open Open) {
	db := accounts(t, open)
	tx := begin(t, db, nil)
	exec(t, tx, "UPDATE account SET balance = balance - 30 WHERE id = 1")
	exec(t, tx, "INSERT INTO account VALUES (3, 30)")
	if n := get(t, tx, "SELECT balance FROM account WHERE id = 3"); n != 30 {
		t.Errorf("own write: %d", n)
	}
	if n := get(t, db, "SELECT COUNT(*) FROM account"); n != 2 {
		t.Errorf("before the commit another connection sees %d rows", n)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if n := get(t, db, "SELECT COUNT(*) FROM account"); n != 3 {
		t.Errorf("after the commit another connection sees %d rows", n)
	}
	tx = begin(t, db, nil)
	exec(t, tx, "DELETE FROM account")
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if n := get(t, db, total); n != 200 {
		t.Errorf("after the rollback the total is %d", n)
	}
	if err := tx.Commit(); !errors.Is(err, sql.ErrTxDone) {
		t.Errorf("commit after rollback: %v", err)
	}
	// A statement that fails is undone by itself; the transaction goes on.
	tx = begin(t, db, nil)
	exec(t, tx, "INSERT INTO account VALUES (4, 0)")
	if _, err := tx.Exec("INSERT INTO account VALUES (5, 0), (1, 0)"); err == nil {
		t.Error("a duplicate key was accepted")
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if n := get(t, db, "SELECT COUNT(*) FROM account"); n != 4 {
		t.Errorf("%d rows after a failed statement", n)
	}
}

func testSnapshot(t *testing.T, open Open) {
	db := accounts(t, open)
	for _, level := range []sql.IsolationLevel{sql.LevelDefault, sql.LevelReadUncommitted, sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSnapshot} {
		before := get(t, db, total)
		tx := begin(t, db, &sql.TxOptions{Isolation: level})
		if n := get(t, tx, total); n != before {
			t.Errorf("%v: %d, want %d", level, n, before)
		}
		exec(t, db, "UPDATE account SET balance = balance + 1 WHERE id = 1")
		if n := get(t, tx, total); n != before {
			t.Errorf("%v: the snapshot moved from %d to %d", level, before, n)
		}
		if err := tx.Commit(); err != nil {
			t.Errorf("%v: %v", level, err)
		}
		if n := get(t, db, total); n != before+1 {
			t.Errorf("%v: afterwards %d", level, n)
		}
	}
	for _, level := range []sql.IsolationLevel{sql.LevelLinearizable, sql.LevelWriteCommitted} {
		if tx, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: level}); err == nil {
			done(t, tx)
			t.Errorf("%v was accepted", level)
		}
	}
}

func testWriteConflict(t *testing.T, open Open) {
	db := accounts(t, open)
	first, second := begin(t, db, nil), begin(t, db, nil)
	for _, tx := range []*sql.Tx{first, second} {
		n := get(t, tx, "SELECT balance FROM account WHERE id = 1")
		exec(t, tx, "UPDATE account SET balance = ? WHERE id = 1", n+1)
	}
	if err := first.Commit(); err != nil {
		t.Fatal(err)
	}
	if number, state := code(second.Commit()); number != 1213 || state != "40001" {
		t.Errorf("the second commit: %d (%s)", number, state)
	}
	if n := get(t, db, "SELECT balance FROM account WHERE id = 1"); n != 101 {
		t.Errorf("balance %d", n)
	}
	a, b := begin(t, db, nil), begin(t, db, nil)
	exec(t, a, "INSERT INTO account VALUES (7, 0)")
	exec(t, b, "INSERT INTO account VALUES (7, 1)")
	if err := a.Commit(); err != nil {
		t.Fatal(err)
	}
	if number, _ := code(b.Commit()); number != 1213 && number != 1062 {
		t.Errorf("the same key twice: %d", number)
	}
	c, d := begin(t, db, nil), begin(t, db, nil)
	exec(t, c, "UPDATE account SET balance = 0 WHERE id = 1")
	exec(t, d, "UPDATE account SET balance = 0 WHERE id = 2")
	if err := errors.Join(c.Commit(), d.Commit()); err != nil {
		t.Errorf("different rows: %v", err)
	}
}

func testSerializable(t *testing.T, open Open) {
	db := accounts(t, open)
	skew := func(level sql.IsolationLevel) error {
		a, b := begin(t, db, &sql.TxOptions{Isolation: level}), begin(t, db, &sql.TxOptions{Isolation: level})
		for id, tx := range []*sql.Tx{a, b} {
			if n := get(t, tx, total); n >= 100 {
				exec(t, tx, "UPDATE account SET balance = balance - 100 WHERE id = ?", id+1)
			}
		}
		if err := a.Commit(); err != nil {
			t.Fatal(err)
		}
		return b.Commit()
	}
	if number, _ := code(skew(sql.LevelSerializable)); number != 1213 {
		t.Errorf("write skew under serializable: %d", number)
	}
	if n := get(t, db, total); n != 100 {
		t.Errorf("total %d", n)
	}
	exec(t, db, "UPDATE account SET balance = 100")
	if err := skew(sql.LevelSnapshot); err != nil {
		t.Errorf("write skew under snapshot isolation: %v", err)
	}
	// A phantom: what the first read did not find appears.
	tx := begin(t, db, &sql.TxOptions{Isolation: sql.LevelSerializable})
	n := get(t, tx, "SELECT COUNT(*) FROM account WHERE id BETWEEN 10 AND 20")
	exec(t, db, "INSERT INTO account VALUES (15, 0)")
	exec(t, tx, "INSERT INTO account VALUES (30, ?)", n)
	if number, _ := code(tx.Commit()); number != 1213 {
		t.Errorf("a phantom: %d", number)
	}
}

func testReadOnly(t *testing.T, open Open) {
	db := accounts(t, open)
	tx := begin(t, db, &sql.TxOptions{ReadOnly: true})
	if n := get(t, tx, total); n != 200 {
		t.Errorf("total %d", n)
	}
	for _, query := range []string{"INSERT INTO account VALUES (3, 0)", "UPDATE account SET balance = 0", "DELETE FROM account", "CREATE TABLE x (a INT)", "DROP TABLE account"} {
		if number, state := code(second(tx.Exec(query))); number != 1792 || state != "25006" {
			t.Errorf("%s: %d (%s)", query, number, state)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Error(err)
	}
	if n := get(t, db, total); n != 200 {
		t.Errorf("total %d", n)
	}
}

func second[T any](_ T, err error) error { return err }

// testSessionReset: what one user of a pooled connection leaves behind, the next does not meet.
func testSessionReset(t *testing.T, open Open) {
	db := accounts(t, open)
	db.SetMaxOpenConns(1)
	exec(t, db, "SET @left = 5")
	exec(t, db, "BEGIN")
	var left any
	if err := db.QueryRow("SELECT @left").Scan(&left); err != nil || left != nil {
		t.Errorf("variable %v, %v", left, err)
	}
	exec(t, db, "UPDATE account SET balance = 1 WHERE id = 1")
	exec(t, db, "ROLLBACK") // of nothing: the BEGIN above ended with its use of the connection
	if n := get(t, db, "SELECT balance FROM account WHERE id = 1"); n != 1 {
		t.Errorf("balance %d", n)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"SET @kept = 7", "BEGIN", "UPDATE account SET balance = 2 WHERE id = 1", "COMMIT"} {
		if _, err := conn.ExecContext(t.Context(), query); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
	var kept int
	if err := conn.QueryRowContext(t.Context(), "SELECT @kept").Scan(&kept); err != nil || kept != 7 {
		t.Errorf("on one connection: %d, %v", kept, err)
	}
	closed(t, conn)
}

func testErrors(t *testing.T, open Open) {
	db := accounts(t, open)
	for _, c := range []struct {
		query  string
		number uint16
		state  string
		says   string
	}{
		{"SELECT * FROM account WHERE", 1064, "42000", "line 1"},
		{"", 1065, "42000", ""},
		{"SELECT nope FROM account", 1054, "42S22", "nope"},
		{"SELECT * FROM nowhere", 1146, "42S02", "nowhere"},
		{"DROP TABLE nowhere", 1051, "42S02", "nowhere"},
		{"CREATE TABLE account (a INT)", 1050, "42S01", "account"},
		{"INSERT INTO account VALUES (1, 1)", 1062, "23000", "PRIMARY"},
		{"INSERT INTO account VALUES (9, NULL)", 1048, "23000", "balance"},
		{"INSERT INTO account (id) VALUES (9)", 1364, "HY000", "balance"},
		{"INSERT INTO account VALUES (99999999999, 1)", 1264, "22003", "id"},
		{"INSERT INTO account VALUES (9)", 1136, "21S01", ""},
		{"SELECT (SELECT id FROM account)", 1242, "21000", ""},
	} {
		err := second(db.Exec(c.query))
		if number, state := code(err); number != c.number || state != c.state || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want %d (%s) about %q", c.query, err, c.number, c.state, c.says)
		}
	}
}

func testPool(t *testing.T, open Open) {
	db := accounts(t, open)
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(2)
	const workers, each = 16, 10
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				var err error
				switch (w + i) % 2 {
				case 0: // an autocommit statement that loses runs again by itself
					_, err = db.Exec("UPDATE account SET balance = balance + 1 WHERE id = 1")
				default:
					err = s3sql.RunTx(t.Context(), db, nil, func(tx *sql.Tx) error {
						var n int
						if err := tx.QueryRow("SELECT balance FROM account WHERE id = 1").Scan(&n); err != nil {
							return err
						}
						_, err := tx.Exec("UPDATE account SET balance = ? WHERE id = 1", n+1)
						return err
					})
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := get(t, db, "SELECT balance FROM account WHERE id = 1"); n != 100+workers*each {
		t.Errorf("balance %d, want %d", n, 100+workers*each)
	}
	if st := db.Stats(); st.InUse != 0 {
		t.Errorf("%d connections are in use", st.InUse)
	}
}
