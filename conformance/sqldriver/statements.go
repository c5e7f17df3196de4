package sqldriver

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
	"time"
)

func testCounts(t *testing.T, open Open) {
	db := open(t, "")
	exec(t, db, "CREATE TABLE t (id BIGINT AUTO_INCREMENT PRIMARY KEY, k INT UNIQUE, v INT)")
	steps := []struct {
		query        string
		affected, id int64 // id -1: not looked at
	}{
		{"INSERT INTO t (k, v) VALUES (1, 10)", 1, 1},
		{"INSERT INTO t (k, v) VALUES (2, 20), (3, 30), (4, 40)", 3, 2}, // the first of the block
		{"INSERT INTO t (id, k, v) VALUES (100, 5, 50)", 1, -1},
		{"INSERT INTO t (k, v) VALUES (6, 60)", 1, 101},
		{"UPDATE t SET v = 11 WHERE k = 1", 1, -1},
		{"UPDATE t SET v = 11 WHERE k = 1", 0, -1}, // matched, not changed
		{"UPDATE t SET v = 0 WHERE k = 99", 0, -1},
		{"INSERT INTO t (k, v) VALUES (1, 12) ON DUPLICATE KEY UPDATE v = 12", 2, -1},
		{"INSERT INTO t (k, v) VALUES (7, 70) ON DUPLICATE KEY UPDATE v = 12", 1, -1},
		{"REPLACE INTO t (id, k, v) VALUES (100, 5, 51)", 2, -1},
		{"DELETE FROM t WHERE k <= 2", 2, -1},
		{"DELETE FROM t WHERE k <= 2", 0, -1},
	}
	for _, s := range steps {
		res := exec(t, db, s.query)
		affected, err := res.RowsAffected()
		if err != nil || affected != s.affected {
			t.Errorf("%s: %d rows affected, want %d, %v", s.query, affected, s.affected, err)
		}
		if id, err := res.LastInsertId(); err != nil || s.id >= 0 && id != s.id {
			t.Errorf("%s: id %d, want %d, %v", s.query, id, s.id, err)
		}
	}
	if err := db.QueryRow("SELECT v FROM t WHERE k = 99").Scan(new(int)); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("no row: %v", err)
	}
}

func testPrepared(t *testing.T, open Open) {
	db := open(t, "")
	exec(t, db, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))")
	insert, err := db.Prepare("INSERT INTO t VALUES (?, ?)")
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, insert)
	find, err := db.Prepare("SELECT v FROM t WHERE id = ?")
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, find)
	const workers, each = 4, 10
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				id := w*each + i
				if _, err := insert.Exec(id, "v"); err != nil {
					t.Error(err)
				}
				var v string
				if err := find.QueryRow(id).Scan(&v); err != nil || v != "v" {
					t.Errorf("row %d: %q, %v", id, v, err)
				}
			}
		})
	}
	wg.Wait()
	if n := get(t, db, "SELECT COUNT(*) FROM t"); n != workers*each {
		t.Errorf("%d rows", n)
	}
	if _, err := insert.Exec(1000); err == nil {
		t.Error("a missing argument was accepted")
	}
	if _, err := find.Query(1, 2); err == nil {
		t.Error("an argument too many was accepted")
	}
	if _, err := db.Prepare("SELEC ?"); err == nil {
		t.Error("a statement that does not parse was prepared")
	}
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer done(t, tx)
	if _, err := tx.Stmt(insert).Exec(2000, "tx"); err != nil {
		t.Error(err)
	}
	var v string
	if err := tx.Stmt(find).QueryRow(2000).Scan(&v); err != nil || v != "tx" {
		t.Errorf("in the transaction: %q, %v", v, err)
	}
	exec(t, db, "CREATE TABLE other (a INT)") // the catalog changes under a prepared statement
	if err := find.QueryRow(0).Scan(&v); err != nil {
		t.Error(err)
	}
}

func testAtNames(t *testing.T, open Open) { namedArgs(t, open(t, ""), "SELECT @a, @b, @a") }

func namedArgs(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	var a, b, again string
	if err := db.QueryRow(query, sql.Named("b", "B"), sql.Named("a", "A")).Scan(&a, &b, &again); err != nil || a+b+again != "ABA" {
		t.Errorf("%s: %s %s %s, %v", query, a, b, again, err)
	}
}

func testNamedArgs(t *testing.T, open Open) {
	db := open(t, "")
	namedArgs(t, db, "SELECT :a, :b, :a")
	st, err := db.Prepare("SELECT :x + 1")
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, st)
	var n int
	if err := st.QueryRow(sql.Named("x", 41)).Scan(&n); err != nil || n != 42 {
		t.Errorf("prepared: %d, %v", n, err)
	}
	if _, err := db.Exec("SELECT :a", sql.Named("b", 1)); err == nil {
		t.Error("an argument of another name was accepted")
	}
}

func testResultSets(t *testing.T, open Open) {
	db := open(t, "")
	rs, err := db.Query("CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (1), (2); SELECT a FROM t ORDER BY a; SELECT COUNT(*) AS n, 'x;y' AS s FROM t")
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, rs)
	var got []int
	for rs.Next() {
		var a int
		if err := rs.Scan(&a); err != nil {
			t.Fatal(err)
		}
		got = append(got, a)
	}
	if len(got) != 2 || got[0] != 1 || got[1] != 2 {
		t.Errorf("first set %v", got)
	}
	if !rs.NextResultSet() {
		t.Fatalf("no second set: %v", rs.Err())
	}
	cols, err := rs.Columns()
	if err != nil || len(cols) != 2 || cols[0] != "n" || cols[1] != "s" {
		t.Errorf("columns %v, %v", cols, err)
	}
	var n int
	var s string
	if !rs.Next() || rs.Scan(&n, &s) != nil || n != 2 || s != "x;y" || rs.Next() || rs.NextResultSet() {
		t.Errorf("second set: %d %q, %v", n, s, rs.Err())
	}
	if _, err := db.Exec("INSERT INTO t VALUES (3); INSERT INTO nowhere VALUES (1); INSERT INTO t VALUES (4)"); err == nil {
		t.Error("an error in the middle was lost")
	}
	if n := get(t, db, "SELECT COUNT(*) FROM t"); n != 3 {
		t.Errorf("%d rows: statements before the error are done, those after it are not", n)
	}
}

// slow is a query whose result would take far longer than any test.
const slow = "SELECT COUNT(*) FROM n a, n b, n c, n d, n e WHERE a.i + b.i + c.i + d.i + e.i = -1"

func testCancel(t *testing.T, open Open) {
	db := open(t, "")
	db.SetMaxOpenConns(1)
	exec(t, db, "CREATE TABLE n (i INT PRIMARY KEY)")
	for i := 0; i < 1000; i += 10 {
		exec(t, db, "INSERT INTO n VALUES (?), (?), (?), (?), (?), (?), (?), (?), (?), (?)", i, i+1, i+2, i+3, i+4, i+5, i+6, i+7, i+8, i+9)
	}
	under := func(what string, want error, run func(ctx context.Context) error) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		begin := time.Now()
		if err := run(ctx); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%s: stopped after %v", what, took)
		}
		if n := get(t, db, "SELECT COUNT(*) FROM n"); n != 1000 {
			t.Errorf("%s: afterwards the connection counts %d rows", what, n)
		}
	}
	under("query", context.DeadlineExceeded, func(ctx context.Context) error {
		return db.QueryRowContext(ctx, slow).Scan(new(int))
	})
	under("exec", context.DeadlineExceeded, func(ctx context.Context) error {
		_, err := db.ExecContext(ctx, "INSERT INTO n "+slow)
		return err
	})
	under("transaction", context.DeadlineExceeded, func(ctx context.Context) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer done(t, tx)
		if _, err := tx.ExecContext(ctx, "DELETE FROM n WHERE i = 5"); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, slow).Scan(new(int))
	})
	under("while rows are read", context.Canceled, func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		rs, err := db.QueryContext(ctx, "SELECT a.i FROM n a, n b")
		if err != nil {
			return err
		}
		defer closed(t, rs)
		if !rs.Next() {
			t.Error("no row")
		}
		cancel()
		for rs.Next() {
			continue
		}
		return rs.Err()
	})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.ExecContext(ended, "DELETE FROM n"); !errors.Is(err, context.Canceled) {
		t.Errorf("before the start: %v", err)
	}
	if open := db.Stats().OpenConnections; open != 1 {
		t.Errorf("%d connections", open)
	}
}
