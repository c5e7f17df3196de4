package sqlengine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// openBench opens a database in memory without checks for newer commits.
func openBench(b *testing.B) *sqlengine.Session {
	b.Helper()
	e, err := sqlengine.Open(context.Background(), sqlengine.Config{Store: mem.New(), Database: "app", Create: true,
		Consistency: "bounded", MaxStaleness: 1 << 40})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	return e.NewSession()
}

func mustExec(b *testing.B, s *sqlengine.Session, sql string, args ...sqlengine.Arg) int {
	r, err := s.Exec(context.Background(), sql, args)
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for r.Columns() != nil {
		batch, err := r.Next(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		if batch == nil {
			break
		}
		n += batch.Rows()
	}
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
	return n
}

func fillRows(b *testing.B, s *sqlengine.Session, n int) {
	mustExec(b, s, "CREATE TABLE t (id BIGINT PRIMARY KEY, k INT, name VARCHAR(20), amount INT, price DECIMAL(10,2))")
	for at := 0; at < n; at += 10_000 {
		var sql strings.Builder
		sql.WriteString("INSERT INTO t VALUES ")
		for i := at; i < min(n, at+10_000); i++ {
			if i > at {
				sql.WriteByte(',')
			}
			fmt.Fprintf(&sql, "(%d,%d,'key %d',%d,%d.25)", i, i%20, i%20, i%1000, i%100)
		}
		mustExec(b, s, sql.String())
	}
}

func BenchmarkPointSelect(b *testing.B) {
	s := openBench(b)
	fillRows(b, s, 10_000)
	b.ReportAllocs()
	i := int64(0)
	for b.Loop() {
		i = (i + 7919) % 10_000
		if n := mustExec(b, s, "SELECT id, name, amount FROM t WHERE id = ?", sqlengine.Arg{Value: base.NewInt(i)}); n != 1 {
			b.Fatal(n, "rows")
		}
	}
}

func BenchmarkInsert(b *testing.B) {
	s := openBench(b)
	mustExec(b, s, "CREATE TABLE t (id BIGINT AUTO_INCREMENT PRIMARY KEY, k INT, name VARCHAR(20))")
	b.ReportAllocs()
	for b.Loop() {
		mustExec(b, s, "INSERT INTO t (k, name) VALUES (?, ?)", sqlengine.Arg{Value: base.NewInt(1)}, sqlengine.Arg{Value: base.NewString("x")})
	}
}

func BenchmarkGroupBy1M(b *testing.B) {
	s := openBench(b)
	fillRows(b, s, 1_000_000)
	for _, q := range []string{"SELECT k, COUNT(*), SUM(amount) FROM t GROUP BY k", "SELECT name, COUNT(*), SUM(amount) FROM t GROUP BY name",
		"SELECT k, SUM(price) FROM t WHERE amount > 500 GROUP BY k"} {
		b.Run(q, func(b *testing.B) {
			for b.Loop() {
				if n := mustExec(b, s, q); n != 20 && n != 10 {
					b.Fatal(n, "groups")
				}
			}
		})
	}
}

// BenchmarkCachedPlan is what parsing and planning cost when the text was sent before.
func BenchmarkCachedPlan(b *testing.B) {
	s := openBench(b)
	fillRows(b, s, 100)
	const sql = "SELECT id, name, amount FROM t WHERE id = ?"
	arg := []sqlengine.Arg{{Value: base.NewInt(5)}}
	plan, err := s.PlanBench(context.Background(), sql, arg)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := plan(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPointSelectUncached runs a text that was never sent before: parsed, planned, run.
func BenchmarkPointSelectUncached(b *testing.B) {
	s := openBench(b)
	fillRows(b, s, 10_000)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		if n := mustExec(b, s, fmt.Sprintf("SELECT id, name, amount FROM t WHERE id = %d /* %d */", i%10_000, i)); n != 1 {
			b.Fatal(n, "rows")
		}
	}
}
