package driver

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/storage/object/mem"
)

func openDSN(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(Name, dsn)
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

func run(t testing.TB, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func TestDatabaseOnADirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "deep", "shop")
	if err := openDSN(t, "file://"+dir+"?create=false").Ping(); numberOf(err) != 1049 {
		t.Errorf("no database: %v", err)
	}
	if err := openDSN(t, "file://"+dir+"?mode=ro").Ping(); numberOf(err) != 1049 {
		t.Errorf("no database, read only: %v", err)
	}
	db := openDSN(t, "file://"+dir)
	run(t, db, "CREATE TABLE t (id INT PRIMARY KEY)")
	run(t, db, "INSERT INTO t VALUES (7)")
	ro := openDSN(t, "file://"+dir+"?mode=ro&user=ann")
	var id int
	var name string
	if err := ro.QueryRow("SELECT id, DATABASE() FROM t").Scan(&id, &name); err != nil || id != 7 || name != "shop" {
		t.Errorf("%d in %q, %v", id, name, err)
	}
	if _, err := ro.Exec("INSERT INTO t VALUES (8)"); !errors.Is(err, ErrReadOnly) {
		t.Errorf("write with mode=ro: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := openDSN(t, "file://"+file).Ping(); err == nil || strings.Contains(err.Error(), "internal error") {
		t.Errorf("a file in the place of the directory: %v", err)
	}
}

func TestMemoryIsSharedByName(t *testing.T) {
	t.Parallel()
	a := openDSN(t, "mem://"+t.Name())
	run(t, a, "CREATE TABLE t (id INT PRIMARY KEY)")
	b := openDSN(t, "mem://"+t.Name())
	run(t, b, "INSERT INTO t VALUES (1)")
	var n int
	if err := a.QueryRow("SELECT COUNT(*) FROM t").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows, %v", n, err)
	}
	for range 2 {
		private := openDSN(t, "mem://")
		run(t, private, "CREATE TABLE t (id INT PRIMARY KEY)")
	}
}

func TestConnectorWithGoValues(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	store := mem.New()
	for _, query := range []string{"CREATE TABLE t (id INT)", "INSERT INTO t VALUES (1)", "DROP TABLE t"} {
		c, err := NewConnector(Config{Scheme: SchemeMem, Name: "own"}, WithStore(store), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		if err != nil {
			t.Fatal(err)
		}
		db := sql.OpenDB(c)
		run(t, db, query)
		var name string
		if err := db.QueryRow("SELECT DATABASE()").Scan(&name); err != nil || name != "own" {
			t.Errorf("database %q, %v", name, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if _, err := db.Exec(query); err == nil {
			t.Error("a closed pool runs statements")
		}
	}
	if _, err := NewConnector(Config{Scheme: "gs"}); !errors.Is(err, ErrInvalid) {
		t.Errorf("%v", err)
	}
}

func TestStatsOfAConnection(t *testing.T) {
	t.Parallel()
	db := openDSN(t, "mem://")
	run(t, db, "CREATE TABLE t (id INT PRIMARY KEY)")
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "INSERT INTO t VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	err = conn.Raw(func(dc any) error {
		if s := dc.(*Conn).LastStats(); s.Requests != 1 || s.BytesOut == 0 || s.CostUSD <= 0 || s.Duration <= 0 {
			t.Errorf("%+v", s)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}

func TestUnreachableStore(t *testing.T) {
	t.Parallel()
	// Nothing listens on port 1 of the loopback.
	db := openDSN(t, "http://KEY:s3cr3t@127.0.0.1:1/bucket/shop")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if err := db.PingContext(ctx); err == nil || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("%v", err)
	}
}

func BenchmarkPointSelect(b *testing.B) {
	for _, params := range []string{"", "?consistency=bounded&max_staleness=1h"} {
		b.Run(map[bool]string{true: "strong", false: "bounded"}[params == ""], func(b *testing.B) {
			db := openDSN(b, "mem://"+params)
			run(b, db, "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20))")
			for i := range 100 {
				run(b, db, "INSERT INTO t VALUES (?, 'name')", i)
			}
			st, err := db.Prepare("SELECT name FROM t WHERE id = ?")
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				var name string
				if err := st.QueryRow(i % 100).Scan(&name); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkInsert(b *testing.B) {
	db := openDSN(b, "mem://")
	run(b, db, "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20))")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		run(b, db, "INSERT INTO t VALUES (?, 'name')", i)
	}
}

// BenchmarkScan reads rows of a text and a number.
func BenchmarkScan(b *testing.B) {
	db := openDSN(b, "mem://?consistency=bounded&max_staleness=1h")
	run(b, db, "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20))")
	const rows = 10_000
	run(b, db, "INSERT INTO t VALUES "+strings.TrimSuffix(strings.Repeat("(?, 'some name'),", rows), ","), numbers(rows)...)
	b.ReportAllocs()
	for b.Loop() {
		rs, err := db.Query("SELECT id, name FROM t")
		if err != nil {
			b.Fatal(err)
		}
		var id int
		var name sql.RawBytes
		for rs.Next() {
			if err := rs.Scan(&id, &name); err != nil {
				b.Fatal(err)
			}
		}
		if err := rs.Close(); err != nil || id != rows-1 {
			b.Fatal(id, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}

func numbers(n int) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = i
	}
	return out
}
