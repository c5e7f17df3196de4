//go:build cgo

// Command compare runs queries on the table that conformance/scale has made in a folder, by s3sql and by DuckDB on the same
// Parquet files, by turns and with as many threads, and prints the best times and their ratio.
//
//	go run ./conformance/scale -rows 10000000 -dir D -memory 268435456 -only nothing
//	cd conformance/duckdb && go run ./cmd/compare -dir D -threads 2
package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"

	"github.com/s3sql/s3sql/driver"
)

// queries are over y, x and c, three columns of twenty; %s is the table.
var queries = []string{
	"SELECT c, SUM(x) FROM %s WHERE y < 10 GROUP BY c",
	"SELECT c, SUM(x) FROM %s WHERE y < 500 GROUP BY c",
	"SELECT SUM(n3) FROM %s",
}

func main() {
	dir := flag.String("dir", "", "folder of the database")
	threads := flag.Int("threads", runtime.NumCPU(), "threads of each")
	runs := flag.Int("runs", 5, "runs of each query")
	flag.Parse()
	if err := compare(context.Background(), *dir, *threads, *runs); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func compare(ctx context.Context, dir string, threads, runs int) error {
	runtime.GOMAXPROCS(threads)
	abs, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	ours, err := sql.Open(driver.Name, "file://"+abs+"?mode=ro&memory_limit=256MB")
	if err != nil {
		return err
	}
	defer ours.Close()
	duck, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer duck.Close()
	if _, err := duck.ExecContext(ctx, fmt.Sprintf("SET threads = %d", threads)); err != nil {
		return err
	}
	files := fmt.Sprintf("read_parquet('%s')", filepath.Join(abs, "data", "*", "*.parquet"))
	for _, q := range queries {
		var first, best [2]time.Duration
		for run := range runs {
			for i, x := range []struct {
				db   *sql.DB
				from string
			}{{ours, "t"}, {duck, files}} {
				start := time.Now()
				if err := drain(ctx, x.db, fmt.Sprintf(q, x.from)); err != nil {
					return err
				}
				took := time.Since(start)
				if run == 0 {
					first[i] = took
				}
				if run == 0 || took < best[i] {
					best[i] = took
				}
			}
		}
		fmt.Printf("%-52s first %v / %v = %.2f, best of %d %v / %v = %.2f\n", fmt.Sprintf(q, "t"), first[0].Round(time.Millisecond),
			first[1].Round(time.Millisecond), ratio(first), runs, best[0].Round(time.Millisecond), best[1].Round(time.Millisecond), ratio(best))
	}
	return nil
}

func ratio(t [2]time.Duration) float64 { return float64(t[0]) / float64(t[1]) }

func drain(ctx context.Context, db *sql.DB, query string) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		n++
	}
	if n == 0 && rows.Err() == nil {
		return fmt.Errorf("%s: no rows", query)
	}
	return rows.Err()
}
