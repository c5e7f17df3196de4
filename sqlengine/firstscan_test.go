package sqlengine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// BenchmarkFirstScan is the first scan of columns of 200,000 rows, which decodes them.
func BenchmarkFirstScan(b *testing.B) {
	ctx := context.Background()
	for b.Loop() {
		b.StopTimer()
		s := openMem(b).NewSession()
		mustExec(b, s, "CREATE TABLE t (id INT PRIMARY KEY, a INT, d DECIMAL(10,2), s VARCHAR(20), e DATE)")
		for from := 0; from < 200_000; from += 2000 {
			var rows []string
			for i := range 2000 {
				rows = append(rows, fmt.Sprintf("(%d, %d, %d.5, 'text %d', '2024-01-01')", from+i, i%100, i, i%9))
			}
			mustExec(b, s, "INSERT INTO t VALUES "+strings.Join(rows, ","))
		}
		b.StartTimer()
		r, err := s.Exec(ctx, "SELECT a, SUM(d), MAX(s), MIN(e) FROM t GROUP BY a", nil)
		if err != nil {
			b.Fatal(err)
		}
		for {
			batch, err := r.Next(ctx)
			if err != nil {
				b.Fatal(err)
			}
			if batch == nil {
				break
			}
		}
		b.StopTimer()
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// TestFirstScan reads columns that are decoded by several goroutines: at once, cancelled, and up to a LIMIT.
func TestFirstScan(t *testing.T) {
	t.Parallel()
	s := openMem(t).NewSession()
	defer s.Close()
	const rows = 80_000
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, c INT, d VARCHAR(9))")
	for from := 0; from < rows; from += 2000 {
		var list []string
		for i := from; i < from+2000; i++ {
			list = append(list, fmt.Sprintf("(%d, %d, %d, %d, 'x%d')", i, i%10, i, -i, i%7))
		}
		must(t, s, "INSERT INTO t VALUES "+strings.Join(list, ","))
	}
	if got, want := must(t, s, "SELECT SUM(a), MAX(d) FROM t"), fmt.Sprintf("SUM(a) | MAX(d)\n%d | x6\n", rows/10*45); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r, err := s.Exec(ctx, "SELECT b FROM t", nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < 20_000; {
		b, err := r.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n += b.Rows()
	}
	cancel()
	if _, err := r.Next(ctx); err == nil {
		t.Error("a cancelled query went on")
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := must(t, s, "SELECT MIN(x) FROM (SELECT c AS x FROM t LIMIT 30000) q"), "MIN(x)\n-29999\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
