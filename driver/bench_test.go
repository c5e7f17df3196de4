package driver_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	_ "github.com/s3sql/s3sql/driver"
)

// Aims: warm point SELECT at most 20 µs, single-row INSERT on mem:// at most 30 µs, GROUP BY of
// 1,000,000 rows on 20 keys at most 60 ms on one core.

func benchConn(b *testing.B) *sql.Conn {
	b.Helper()
	db, err := sql.Open("s3sql", "mem://?consistency=bounded&max_staleness=1h")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	conn, err := db.Conn(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := conn.Close(); err != nil {
			b.Error(err)
		}
	})
	return conn
}

func benchExec(b *testing.B, conn *sql.Conn, query string) {
	b.Helper()
	if _, err := conn.ExecContext(context.Background(), query); err != nil {
		b.Fatal(err)
	}
}

func fill(b *testing.B, conn *sql.Conn, n int) {
	b.Helper()
	benchExec(b, conn, "CREATE TABLE t (id BIGINT PRIMARY KEY, k INT, name VARCHAR(20), amount INT)")
	for at := 0; at < n; at += 10_000 {
		var q strings.Builder
		q.WriteString("INSERT INTO t VALUES ")
		for i := at; i < at+10_000; i++ {
			if i > at {
				q.WriteByte(',')
			}
			fmt.Fprintf(&q, "(%d,%d,'key %d',%d)", i, i%20, i%20, i%1000)
		}
		benchExec(b, conn, q.String())
	}
}

func BenchmarkPointSelect(b *testing.B) {
	conn := benchConn(b)
	fill(b, conn, 10_000)
	stmt, err := conn.PrepareContext(context.Background(), "SELECT name, amount FROM t WHERE id = ?")
	if err != nil {
		b.Fatal(err)
	}
	defer stmt.Close()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i = (i + 7919) % 10_000
		var name string
		var amount int
		if err := stmt.QueryRow(i).Scan(&name, &amount); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkInsert(b *testing.B) {
	conn := benchConn(b)
	benchExec(b, conn, "CREATE TABLE t (id BIGINT AUTO_INCREMENT PRIMARY KEY, k INT, name VARCHAR(20))")
	stmt, err := conn.PrepareContext(context.Background(), "INSERT INTO t (k, name) VALUES (?, ?)")
	if err != nil {
		b.Fatal(err)
	}
	defer stmt.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := stmt.Exec(1, "a name"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkInsertRows writes 2,000 rows of twelve columns a statement, into a table with two indexes.
func BenchmarkInsertRows(b *testing.B) {
	conn := benchConn(b)
	benchExec(b, conn, `CREATE TABLE line (o BIGINT, n INT, part BIGINT, supplier BIGINT, quantity DECIMAL(15,2), price DECIMAL(15,2),
		discount DECIMAL(15,2), flag CHAR(1), shipped DATE, ordered DATE, mode CHAR(10), comment VARCHAR(44), PRIMARY KEY (o, n),
		INDEX (part), INDEX (shipped))`)
	id := 0
	b.ReportAllocs()
	for b.Loop() {
		var q strings.Builder
		q.WriteString("INSERT INTO line VALUES ")
		for i := range 2000 {
			if i > 0 {
				q.WriteByte(',')
			}
			id++
			fmt.Fprintf(&q, "(%d,%d,%d,%d,%d.00,%d.35,0.05,'N','1996-03-%02d','1996-02-12','TRUCK','some comment of words %d')",
				id/4, id%4, id*7919%20000, id%1000, id%50, id%10000, 1+id%28, id)
		}
		benchExec(b, conn, q.String())
	}
}

func BenchmarkGroupBy(b *testing.B) {
	conn := benchConn(b)
	fill(b, conn, 1_000_000)
	for _, key := range []string{"k", "name"} {
		b.Run(key, func(b *testing.B) {
			for b.Loop() {
				rows, err := conn.QueryContext(context.Background(), "SELECT "+key+", COUNT(*), SUM(amount) FROM t GROUP BY "+key)
				if err != nil {
					b.Fatal(err)
				}
				n := 0
				for rows.Next() {
					n++
				}
				if err := rows.Close(); err != nil || n != 20 {
					b.Fatal(n, err)
				}
			}
		})
	}
}
