// Command tpch runs the 22 queries of TPC-H in s3sql and in SQLite, in one process on the same data in memory, and prints
// their times side by side.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"github.com/s3sql/s3sql/conformance/tpch"
	_ "github.com/s3sql/s3sql/driver"
	_ "modernc.org/sqlite"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "tpch:", err)
		os.Exit(1)
	}
}

func run() error {
	scale := flag.Float64("sf", 0.1, "scale factor")
	seed := flag.Uint64("seed", 1, "seed of the data")
	runs := flag.Int("runs", 3, "runs of each query; the fastest counts")
	only := flag.String("q", "", "the queries to run, as 1,5,9; all without it")
	alone := flag.Bool("alone", false, "run s3sql without SQLite beside it")
	explain := flag.Bool("explain", false, "print EXPLAIN ANALYZE of each query in place of times")
	profile := flag.String("cpuprofile", "", "write a CPU profile of the queries, without loading, to this file")
	flag.Parse()
	ctx, g := context.Background(), tpch.Generator{Scale: *scale, Seed: *seed}
	numbers, err := queries(*only)
	if err != nil {
		return err
	}
	ours, err := open(ctx, "s3sql", "mem://tpch?consistency=bounded&max_staleness=1h&memory_limit=4GB", g)
	if err != nil {
		return err
	}
	defer ours.Close()
	var theirs *sql.DB
	if !*alone {
		if theirs, err = open(ctx, "sqlite", ":memory:", g); err != nil {
			return err
		}
		defer theirs.Close()
		if _, err := theirs.ExecContext(ctx, "ANALYZE"); err != nil {
			return err
		}
	}
	stop, err := profiled(*profile)
	if err != nil {
		return err
	}
	defer stop()
	if *explain {
		return explained(ctx, ours, numbers)
	}
	return compare(ctx, ours, theirs, numbers, *runs)
}

// profiled starts a CPU profile into a file, if one is named, and returns what ends it.
func profiled(name string) (stop func(), err error) {
	if name == "" {
		return func() {}, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		if err := f.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "tpch:", err)
		}
	}, nil
}

// explained prints what the operators of each query did.
func explained(ctx context.Context, db *sql.DB, numbers []int) error {
	for _, n := range numbers {
		start := time.Now()
		a, err := tpch.RunSQL(ctx, db, "EXPLAIN ANALYZE "+tpch.Queries[n-1].SQL)
		if err != nil {
			return fmt.Errorf("explain Q%d: %w", n, err)
		}
		fmt.Printf("Q%d: %.1f ms with planning\n", n, float64(time.Since(start).Microseconds())/1000)
		for _, row := range a.Rows {
			fmt.Println(strings.Join(row, " "))
		}
	}
	return nil
}

func queries(list string) (out []int, err error) {
	if list == "" {
		for n := range tpch.Queries {
			out = append(out, n+1)
		}
		return out, nil
	}
	for _, s := range strings.Split(list, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > len(tpch.Queries) {
			return nil, fmt.Errorf("there is no query %q", s)
		}
		out = append(out, n)
	}
	return out, nil
}

func open(ctx context.Context, driver, dsn string, g tpch.Generator) (*sql.DB, error) {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	start := time.Now()
	if err := tpch.Load(ctx, db, g); err != nil {
		return nil, err
	}
	fmt.Printf("%-7s loaded in %.1f s\n", driver, time.Since(start).Seconds())
	return db, nil
}

func compare(ctx context.Context, ours, theirs *sql.DB, numbers []int, runs int) error {
	var total [2]time.Duration
	fmt.Printf("%-5s %12s %12s %7s\n", "query", "s3sql", "sqlite", "ratio")
	for _, n := range numbers {
		var best [2]time.Duration
		var answers [2]tpch.Answer
		for i, db := range []*sql.DB{ours, theirs} {
			if db == nil {
				continue
			}
			for range runs {
				start := time.Now()
				a, err := tpch.Run(ctx, db, n)
				if err != nil {
					return err
				}
				if took := time.Since(start); best[i] == 0 || took < best[i] {
					best[i] = took
				}
				answers[i] = a
			}
			total[i] += best[i]
		}
		fmt.Printf("Q%-4d %s\n", n, line(best))
		if theirs != nil {
			if diff := tpch.Compare(answers[0], answers[1]); diff != "" {
				return fmt.Errorf("Q%d: the answers differ: %s", n, diff)
			}
		}
	}
	fmt.Printf("%-5s %s\n", "total", line(total))
	return nil
}

func line(d [2]time.Duration) string {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	if d[1] == 0 {
		return fmt.Sprintf("%9.1f ms", ms(d[0]))
	}
	return fmt.Sprintf("%9.1f ms %9.1f ms %6.2f", ms(d[0]), ms(d[1]), float64(d[0])/float64(d[1]))
}
