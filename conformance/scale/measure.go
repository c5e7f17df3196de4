package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/s3sql/s3sql/sqlengine"
)

// query is what is measured, and the columns that it needs.
type query struct {
	name, sql string
	columns   []string
}

func queries(rows int) []query {
	k := rows / 4
	return []query{
		{"point lookup", fmt.Sprintf("SELECT * FROM t WHERE id = %d", k+7), nil},
		{"range of 1,000 keys", fmt.Sprintf("SELECT * FROM t WHERE id >= %d AND id < %d", k, k+1000), nil},
		{"group by, 1 % of rows", "SELECT c, SUM(x) FROM t WHERE y < 10 GROUP BY c", []string{"c", "x", "y"}},
		{"group by, 50 % of rows", "SELECT c, SUM(x) FROM t WHERE y < 500 GROUP BY c", []string{"c", "x", "y"}},
		{"group by of clustered rows, 1 %", fmt.Sprintf("SELECT c, SUM(x) FROM t WHERE n2 >= %d AND n2 < %d GROUP BY c", rows/20, rows/20+rows/1000),
			[]string{"c", "x", "n2"}},
		{"few rows, by a function", "SELECT * FROM t WHERE n2 % 1000003 = 7", []string{"n2"}},
		{"sum of one column", "SELECT SUM(n3) FROM t", []string{"n3"}},
	}
}

// exec runs a statement and returns the number of rows.
func exec(ctx context.Context, s *sqlengine.Session, sql string) (rows int, err error) {
	r, err := s.Exec(ctx, sql, nil)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for r.Columns() != nil {
		b, err := r.Next(ctx)
		if err != nil || b == nil {
			return rows, err
		}
		rows += b.Rows()
	}
	return 0, nil
}

func count(ctx context.Context, s *sqlengine.Session) (int, error) {
	r, err := s.Exec(ctx, "SELECT COUNT(*) FROM t", nil)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	b, err := r.Next(ctx)
	if err != nil || b == nil {
		return 0, err
	}
	return int(b.Cols[0].Value(b.Row(0)).Int()), nil
}

func measure(ctx context.Context, s settings) error {
	fmt.Printf("%-34s %10s %9s %7s %12s %12s\n", "", "time", "requests", "rounds", "bytes", "needed")
	for _, q := range queries(s.rows) {
		if s.only != "" && !strings.Contains(q.name, s.only) {
			continue
		}
		if err := measureOne(ctx, s, q); err != nil {
			return err
		}
	}
	fmt.Printf("peak of resident memory %s\n", resident())
	return nil
}

// measureOne opens the database anew and runs q, cold and then warm.
func measureOne(ctx context.Context, s settings, q query) error {
	s.store.reset()
	start := time.Now()
	e, err := open(ctx, s)
	if err != nil {
		return err
	}
	defer e.Close(ctx)
	sess := e.NewSession()
	defer sess.Close()
	if _, err := exec(ctx, sess, "SELECT 1 FROM t LIMIT 0"); err != nil {
		return err
	}
	line("  cold open", time.Since(start), s.store.reset(), 0)
	start = time.Now()
	if _, err := exec(ctx, sess, q.sql); err != nil {
		return err
	}
	took, reads := time.Since(start), s.store.reset()
	needed, err := chunkBytes(ctx, s, segmentsOf(reads), q.columns)
	if err != nil {
		return err
	}
	line(q.name+", cold", took, reads, needed)
	best, runs := time.Duration(0), s.runs
	if q.columns == nil {
		runs *= 100
	}
	for i := range runs {
		s.store.reset()
		start = time.Now()
		if _, err := exec(ctx, sess, q.sql); err != nil {
			return err
		}
		if took := time.Since(start); i == 0 || took < best {
			best = took
		}
	}
	line(q.name+", warm", best, s.store.reset(), needed)
	return nil
}

func line(name string, took time.Duration, reads []read, needed int64) {
	of := ""
	if needed > 0 {
		of = fmt.Sprintf("%12d %.2f", needed, float64(sumBytes(reads))/float64(needed))
	}
	fmt.Printf("%-34s %10s %9d %7d %12d %s\n", name, took.Round(10*time.Microsecond), len(reads), rounds(reads), sumBytes(reads), of)
}

// chunkBytes returns the bytes of columns in segments, as their footers tell.
func chunkBytes(ctx context.Context, s settings, segments, columns []string) (n int64, err error) {
	if columns == nil {
		return 0, nil
	}
	for _, key := range segments {
		o, err := s.store.Store.Get(ctx, key)
		if err != nil {
			return 0, err
		}
		var footer format.FileMetaData
		end := len(o.Data) - 8 // the length of the footer, and the magic
		size := int(binary.LittleEndian.Uint32(o.Data[end:]))
		if err := thrift.Unmarshal(new(thrift.CompactProtocol), o.Data[end-size:end], &footer); err != nil {
			return 0, fmt.Errorf("%s: %w", key, err)
		}
		for _, g := range footer.RowGroups {
			for _, c := range g.Columns {
				if slices.Contains(columns, c.MetaData.PathInSchema[0]) {
					n += c.MetaData.TotalCompressedSize
				}
			}
		}
	}
	return n, nil
}
