package sqlengine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine"
)

// BenchmarkPartitions asks tables of 200,000 rows in no, few and many partitions.
func BenchmarkPartitions(b *testing.B) {
	const rows = 200_000
	for name, by := range map[string]string{"none": "", "hash16": " PARTITION BY HASH (id) PARTITIONS 16", "key1024": " PARTITION BY KEY (id) PARTITIONS 1024",
		"range20": " PARTITION BY RANGE (id) (" + ranges(rows, 20) + ")"} {
		s := openBench(b)
		mustExec(b, s, "CREATE TABLE t (id INT PRIMARY KEY, v INT, KEY (v))"+by)
		for from := 0; from < rows; from += 10_000 {
			var sql strings.Builder
			for i := range 10_000 {
				fmt.Fprintf(&sql, ",(%d,%d)", from+i, (from+i)%9973)
			}
			mustExec(b, s, "INSERT INTO t VALUES "+sql.String()[1:])
		}
		arg := func(n int) sqlengine.Arg { return sqlengine.Arg{Value: base.NewInt(int64(n))} }
		b.Run(name+"/point", func(b *testing.B) {
			for i := range b.N {
				mustExec(b, s, "SELECT v FROM t WHERE id = ?", arg(i%rows))
			}
		})
		b.Run(name+"/range", func(b *testing.B) {
			for i := range b.N {
				mustExec(b, s, "SELECT COUNT(*) FROM t WHERE id >= ? AND id < ?", arg(i%190*1000), arg(i%190*1000+1000))
			}
		})
		b.Run(name+"/index", func(b *testing.B) {
			for i := range b.N {
				mustExec(b, s, "SELECT COUNT(*) FROM t WHERE v = ?", arg(i%9973))
			}
		})
		b.Run(name+"/ordered", func(b *testing.B) {
			for range b.N {
				mustExec(b, s, "SELECT id FROM t ORDER BY id LIMIT 10")
			}
		})
		b.Run(name+"/insert", func(b *testing.B) {
			for i := range b.N {
				mustExec(b, s, "REPLACE INTO t VALUES (?, ?)", arg(i%rows), arg(i))
			}
		})
	}
}

func ranges(rows, parts int) string {
	out := make([]string, parts)
	for i := range out {
		out[i] = fmt.Sprintf("PARTITION p%d VALUES LESS THAN (%d)", i, (i+1)*rows/parts)
	}
	return strings.Join(out, ", ")
}

// BenchmarkMostPartitions makes a table of as many partitions as there can be, writes a row and reads it.
func BenchmarkMostPartitions(b *testing.B) {
	for b.Loop() {
		s := openBench(b)
		mustExec(b, s, "CREATE TABLE t (id INT PRIMARY KEY, v INT, KEY (v)) PARTITION BY HASH (id) PARTITIONS 8192")
		mustExec(b, s, "INSERT INTO t VALUES (1, 1)")
		mustExec(b, s, "SELECT * FROM t WHERE v = 1")
		mustExec(b, s, "DROP TABLE t")
	}
}
