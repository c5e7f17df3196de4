package driver

import (
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// loadTable returns a database with a table to load into.
func loadTable(t *testing.T, opts ...Option) *sql.DB {
	t.Helper()
	c, err := NewConnector(Config{Scheme: SchemeMem}, opts...)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	run(t, db, "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(10))")
	return db
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLocalFiles(t *testing.T) {
	t.Parallel()
	db := loadTable(t)
	path := writeFile(t, "\\N\ta\n\\N\tb\n7\tc\n7\td\n")
	load := fmt.Sprintf("LOAD DATA LOCAL INFILE '%s' INTO TABLE t", path)
	_, err := db.Exec(load)
	if numberOf(err) != 3948 || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "driver.RegisterLocalFile") {
		t.Errorf("not registered: %v", err)
	}
	RegisterLocalFile(filepath.Dir(path) + "/./data.txt")
	res, err := db.Exec(load)
	if err != nil {
		t.Fatal(err)
	}
	n, _ := res.RowsAffected()
	id, _ := res.LastInsertId()
	if n != 3 || id != 0 {
		t.Errorf("%d rows affected, id %d", n, id)
	}
	var first, rows int
	if err := db.QueryRow("SELECT LAST_INSERT_ID(), COUNT(*) FROM t").Scan(&first, &rows); err != nil || rows != 3 {
		t.Errorf("%d rows, %v", rows, err)
	}
	if res, err = db.Exec(fmt.Sprintf("LOAD DATA LOCAL INFILE '%s' REPLACE INTO TABLE t (@id, v) SET id = ?", path), 7); err != nil {
		t.Fatal(err)
	}
	if n, _ = res.RowsAffected(); n != 8 { // each of four rows replaces another
		t.Errorf("%d rows affected by REPLACE", n)
	}
	DeregisterLocalFile(path)
	if _, err := db.Exec(load); numberOf(err) != 3948 {
		t.Errorf("no longer registered: %v", err)
	}
}

func TestEveryLocalFile(t *testing.T) {
	t.Parallel()
	db := loadTable(t, WithLocalFiles())
	run(t, db, fmt.Sprintf("LOAD DATA LOCAL INFILE '%s' INTO TABLE t", writeFile(t, "1\ta\n")))
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, err := db.Exec(fmt.Sprintf("LOAD DATA LOCAL INFILE '%s' INTO TABLE t", path)); numberOf(err) != 29 || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// closer counts how often it is closed.
type closer struct {
	io.Reader
	closed *int
}

func (c closer) Close() error { *c.closed++; return nil }

func TestReaderHandlers(t *testing.T) {
	t.Parallel()
	db := loadTable(t)
	closed := 0
	RegisterReaderHandler("handlers.closer", func() io.Reader { return closer{strings.NewReader("1\ta\n"), &closed} })
	RegisterReaderHandler("handlers.plain", func() io.Reader { return strings.NewReader("2\tb\n3\tc\n") })
	RegisterReaderHandler("handlers.nil", func() io.Reader { return nil })
	run(t, db, "LOAD DATA LOCAL INFILE 'Reader::handlers.closer' INTO TABLE t")
	run(t, db, "LOAD DATA LOCAL INFILE 'Reader::handlers.plain' INTO TABLE t")
	if _, err := db.Exec("LOAD DATA LOCAL INFILE 'Reader::handlers.nil' INTO TABLE t"); numberOf(err) != 29 {
		t.Errorf("no reader: %v", err)
	}
	for _, name := range []string{"closer", "plain", "nil"} {
		DeregisterReaderHandler("handlers." + name)
	}
	_, err := db.Exec("LOAD DATA LOCAL INFILE 'Reader::handlers.plain' INTO TABLE t")
	if numberOf(err) != 3948 || !strings.Contains(err.Error(), "driver.RegisterReaderHandler") {
		t.Errorf("no longer registered: %v", err)
	}
	var n int
	if err := db.QueryRow("SELECT COUNT(*) FROM t").Scan(&n); err != nil || n != 3 || closed != 1 {
		t.Errorf("%d rows, closed %d times, %v", n, closed, err)
	}
}

func TestRegisteringWhileLoading(t *testing.T) {
	t.Parallel()
	db := loadTable(t)
	var wg sync.WaitGroup
	for i := range 8 {
		name := fmt.Sprintf("while.%d", i)
		wg.Go(func() {
			RegisterReaderHandler(name, func() io.Reader { return strings.NewReader(fmt.Sprintf("%d\tx\n", i+1)) })
			defer DeregisterReaderHandler(name)
			RegisterLocalFile(name)
			defer DeregisterLocalFile(name)
			if _, err := db.Exec("LOAD DATA LOCAL INFILE 'Reader::" + name + "' INTO TABLE t"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var n int
	if err := db.QueryRow("SELECT COUNT(*) FROM t").Scan(&n); err != nil || n != 8 {
		t.Errorf("%d rows, %v", n, err)
	}
}

// TestReturning checks that a statement with RETURNING answers with rows, and by Exec with its counts.
func TestReturning(t *testing.T) {
	t.Parallel()
	db := loadTable(t)
	for _, c := range []struct{ query, want string }{
		{"INSERT INTO t (v) VALUES ('a'), ('b') RETURNING id, v", "id,v:1,a;2,b;"},
		{"UPDATE t SET v = UPPER(v) WHERE id = 2 RETURNING v", "v:B;"},
		{"REPLACE INTO t VALUES (2, 'z') RETURNING id + 1 AS next", "next:3;"},
		{"DELETE FROM t WHERE id = 2 RETURNING *", "id,v:2,z;"},
		{"DELETE FROM t WHERE id = 2 RETURNING *", "id,v:"},
	} {
		if got := table(t, db, c.query); got != c.want {
			t.Errorf("%s: %s, want %s", c.query, got, c.want)
		}
	}
	for _, c := range []struct {
		query string
		n, id int64
	}{
		{"INSERT INTO t (v) VALUES ('c'), ('d') RETURNING id", 2, 3},
		{"UPDATE t SET v = 'e' RETURNING id", 3, 0},
		{"REPLACE INTO t VALUES (3, 'f') RETURNING id", 2, 3},
		{"DELETE FROM t RETURNING id", 3, 0},
	} {
		res, err := db.Exec(c.query)
		if err != nil {
			t.Fatal(err)
		}
		n, _ := res.RowsAffected()
		if id, _ := res.LastInsertId(); n != c.n || id != c.id {
			t.Errorf("%s: %d rows, id %d", c.query, n, id)
		}
	}
	var id int
	st, err := db.Prepare("INSERT INTO t (v) VALUES (?) RETURNING id")
	if err != nil {
		t.Fatal(err)
	}
	if err := st.QueryRow("p").Scan(&id); err != nil || id != 5 {
		t.Errorf("prepared: id %d, %v", id, err)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.QueryRow("UPDATE t SET v = 'q' RETURNING id").Scan(&id); err != nil || id != 5 {
		t.Errorf("in a transaction: id %d, %v", id, err)
	}
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
	if got := table(t, db, "SELECT v FROM t"); got != "v:p;" {
		t.Errorf("after the rollback %s", got)
	}
}

// table returns the rows of a query as "column,column:1,2;3,4;".
func table(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	rs, err := db.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() {
		if err := rs.Close(); err != nil {
			t.Error(err)
		}
	}()
	cols, err := rs.Columns()
	if err != nil {
		t.Fatal(err)
	}
	out := strings.Join(cols, ",") + ":"
	cells, targets := make([]string, len(cols)), make([]any, len(cols))
	for i := range cells {
		targets[i] = &cells[i]
	}
	for rs.Next() {
		if err := rs.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		out += strings.Join(cells, ",") + ";"
	}
	if err := rs.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
