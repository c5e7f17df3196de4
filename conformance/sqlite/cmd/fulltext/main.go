// Command fulltext loads documents of about 60 words into a table with a full-text index and into SQLite's FTS5, and prints what building and
// searching take, by turns.
//
//	cd conformance/sqlite && go run ./cmd/fulltext -docs 1000000
package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	_ "modernc.org/sqlite"

	"github.com/s3sql/s3sql/driver"
)

func main() {
	docs := flag.Int("docs", 100_000, "documents")
	runs := flag.Int("runs", 5, "runs of each query")
	dir := flag.String("dir", "", "folder of the databases, kept; a temporary one if it is not given")
	peer := flag.Bool("peer", true, "SQLite as well")
	flag.Parse()
	if err := run(context.Background(), *docs, *runs, *dir, *peer); err != nil {
		fmt.Fprintln(os.Stderr, "fulltext:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, docs, runs int, dir string, peer bool) error {
	if dir == "" {
		tmp, err := os.MkdirTemp("", "s3sql-fulltext-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		dir = tmp
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	ours, err := sql.Open(driver.Name, "file://"+filepath.Join(dir, "s3sql")+"?memory_limit=512MB&consistency=bounded&max_staleness=1h")
	if err != nil {
		return err
	}
	defer ours.Close()
	theirs, err := sql.Open("sqlite", filepath.Join(dir, "sqlite.db")+"?_pragma=journal_mode(wal)&_pragma=synchronous(normal)")
	if err != nil {
		return err
	}
	defer theirs.Close()
	if !peer {
		theirs = nil
	}
	if err := load(ctx, ours, theirs, docs); err != nil {
		return err
	}
	if err := search(ctx, ours, theirs, runs); err != nil {
		return err
	}
	if err := insert(ctx, ours); err != nil {
		return err
	}
	return cold(ctx, filepath.Join(dir, "s3sql"))
}

// words are a vocabulary in which the n-th word is as frequent as 1/n.
func word(n int) string {
	const consonants, vowels = "bcdfghjklmnprstvwz", "aeiou"
	var w []byte
	for n += 100; n > 0; n /= len(consonants) * len(vowels) {
		w = append(w, consonants[n%len(consonants)], vowels[n/len(consonants)%len(vowels)])
	}
	return string(append(w, 'x'))
}

func document(r *rand.Rand) string {
	var b strings.Builder
	for range 50 + r.IntN(20) {
		b.WriteString(word(int(math.Exp(r.Float64() * math.Log(500_000)))))
		b.WriteByte(' ')
	}
	return b.String()
}

// cpu returns the seconds of processor that this process has used.
func cpu() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

const batch = 10_000

// load fills both, and says what each takes.
func load(ctx context.Context, ours, theirs *sql.DB, docs int) error {
	var have int
	if err := ours.QueryRowContext(ctx, "SELECT COUNT(*) FROM d").Scan(&have); err == nil && have == docs {
		return nil
	}
	for _, s := range []string{"DROP TABLE IF EXISTS d", "CREATE TABLE d (id INT PRIMARY KEY, kind INT, body TEXT, FULLTEXT ft (body) WITH (language = 'none'))"} {
		if _, err := ours.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	if theirs != nil {
		if _, err := theirs.ExecContext(ctx, "CREATE VIRTUAL TABLE d USING fts5(body)"); err != nil {
			return err
		}
	}
	var times, procs [2]float64
	r := rand.New(rand.NewPCG(1, 1))
	tx, err := ours.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for from := 0; from < docs; from += batch {
		args := make([]any, 0, 3*batch)
		for i := from; i < min(from+batch, docs); i++ {
			args = append(args, i, i%100, document(r))
		}
		n := len(args) / 3
		err := timed(&times[0], &procs[0], func() error {
			_, err := tx.ExecContext(ctx, "INSERT INTO d VALUES "+strings.TrimSuffix(strings.Repeat("(?,?,?),", n), ","), args...)
			return err
		})
		if err != nil {
			return err
		}
		if theirs == nil {
			continue
		}
		if err := timed(&times[1], &procs[1], func() error { return fill(ctx, theirs, args) }); err != nil {
			return err
		}
	}
	if err := timed(&times[0], &procs[0], tx.Commit); err != nil {
		return err
	}
	if err := timed(&times[0], &procs[0], func() error { _, err := ours.ExecContext(ctx, "OPTIMIZE TABLE d"); return err }); err != nil {
		return err
	}
	for i, name := range []string{"s3sql", "SQLite"} {
		if times[i] > 0 {
			fmt.Printf("%-8s built: %.1f s, %.1f s of CPU, %.0f documents a second of CPU (rows included)\n", name, times[i], procs[i], float64(docs)/procs[i])
		}
	}
	var bytes, terms int64
	if err := ours.QueryRowContext(ctx, "SELECT bytes, terms FROM system.fulltext_indexes").Scan(&bytes, &terms); err != nil {
		return err
	}
	fmt.Printf("s3sql    index: %.0f bytes a document, %d terms\n", float64(bytes)/float64(docs), terms)
	return nil
}

func fill(ctx context.Context, db *sql.DB, args []any) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	st, err := tx.PrepareContext(ctx, "INSERT INTO d(rowid, body) VALUES (?, ?)")
	if err != nil {
		return err
	}
	for i := 0; i < len(args); i += 3 {
		if _, err := st.ExecContext(ctx, args[i], args[i+2]); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func timed(seconds, processor *float64, fn func() error) error {
	start, used := time.Now(), cpu()
	err := fn()
	*seconds += time.Since(start).Seconds()
	*processor += cpu() - used
	return err
}

// query is one search in both languages.
type query struct{ name, ours, theirs string }

func queries() []query {
	natural := func(words string) string {
		return "SELECT id, MATCH(body) AGAINST ('" + words + "') AS s FROM d WHERE MATCH(body) AGAINST ('" + words + "') ORDER BY s DESC LIMIT 10"
	}
	ranked := func(words string) string {
		return "SELECT rowid, bm25(d) AS s FROM d WHERE d MATCH '" + words + "' ORDER BY s LIMIT 10"
	}
	boolean := func(words string) string {
		return "SELECT COUNT(*) FROM d WHERE MATCH(body) AGAINST ('" + words + "' IN BOOLEAN MODE)"
	}
	a, b, c, rare := word(2), word(30), word(300), word(200_000)
	return []query{
		{"top 10 of a term in most documents", natural(a), ranked(a)},
		{"top 10 of a common term", natural(b), ranked(b)},
		{"top 10 of a rare term", natural(rare), ranked(rare)},
		{"top 10 of three terms", natural(a + " " + b + " " + c), ranked(a + " OR " + b + " OR " + c)},
		{"count of two common terms", boolean("+" + b + " +" + word(31)), "SELECT COUNT(*) FROM d WHERE d MATCH '" + b + " AND " + word(31) + "'"},
		{"count of a common term", boolean("+" + b), "SELECT COUNT(*) FROM d WHERE d MATCH '" + b + "'"},
		{"top 10 of a phrase", strings.ReplaceAll(natural(`"`+a+" "+b+`"`), "')", "' IN BOOLEAN MODE)"), ranked(`"` + a + " " + b + `"`)},
		{"top 10 of a prefix", strings.ReplaceAll(natural(c[:4]+"*"), "')", "' IN BOOLEAN MODE)"), ranked(c[:4] + "*")},
	}
}

func search(ctx context.Context, ours, theirs *sql.DB, runs int) error {
	for _, q := range queries() {
		best := [2]time.Duration{math.MaxInt64, math.MaxInt64}
		rows := [2]int{}
		for range runs {
			for i, db := range []*sql.DB{ours, theirs} {
				if db == nil {
					continue
				}
				start := time.Now()
				n, err := drain(ctx, db, []string{q.ours, q.theirs}[i])
				if err != nil {
					return fmt.Errorf("%s: %w", q.name, err)
				}
				best[i], rows[i] = min(best[i], time.Since(start)), n
			}
		}
		fmt.Printf("%-36s s3sql %8.2f ms", q.name, best[0].Seconds()*1e3)
		if theirs != nil {
			fmt.Printf("   SQLite %8.2f ms   ratio %.2f", best[1].Seconds()*1e3, best[0].Seconds()/best[1].Seconds())
			if rows[0] != rows[1] {
				fmt.Printf("   (%d and %d)", rows[0], rows[1])
			}
		}
		fmt.Println()
	}
	return nil
}

// drain reads all rows and returns their number, or the number in the only one.
func drain(ctx context.Context, db *sql.DB, q string) (n int, err error) {
	rows, err := db.QueryContext(ctx, q)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	cols, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	for rows.Next() {
		n++
		if len(cols) == 1 {
			if err := rows.Scan(&n); err != nil {
				return 0, err
			}
		}
	}
	return n, rows.Err()
}

// insert compares an INSERT with and without an index.
func insert(ctx context.Context, db *sql.DB) error {
	for _, s := range []string{"DROP TABLE IF EXISTS plain", "CREATE TABLE plain (id INT PRIMARY KEY, kind INT, body TEXT)",
		"DROP TABLE IF EXISTS indexed", "CREATE TABLE indexed (id INT PRIMARY KEY, kind INT, body TEXT, FULLTEXT (body))"} {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	r := rand.New(rand.NewPCG(2, 1))
	var times [2]time.Duration
	const rows = 900
	for i := range rows {
		body := document(r)
		for k, t := range []string{"plain", "indexed"} {
			start := time.Now()
			if _, err := db.ExecContext(ctx, "INSERT INTO "+t+" VALUES (?, 1, ?)", i, body); err != nil {
				return err
			}
			times[k] += time.Since(start)
		}
	}
	fmt.Printf("%-36s without %7.1f us   with %7.1f us   ratio %.2f\n", "INSERT of a row", times[0].Seconds()*1e6/rows, times[1].Seconds()*1e6/rows,
		times[1].Seconds()/times[0].Seconds())
	return nil
}

// cold opens the database anew for each query, and says what it reads.
func cold(ctx context.Context, dir string) error {
	for _, q := range queries() {
		db, err := sql.Open(driver.Name, "file://"+dir+"?mode=ro")
		if err != nil {
			return err
		}
		start := time.Now()
		_, err = drain(ctx, db, q.ours)
		took := time.Since(start)
		var requests, bytes int64
		if err == nil {
			err = db.QueryRowContext(ctx, "SELECT requests, bytes_in FROM system.cost_totals").Scan(&requests, &bytes)
		}
		if cerr := db.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return err
		}
		fmt.Printf("%-36s cold  %8.2f ms, %d requests, %.0f KB with the open\n", q.name, took.Seconds()*1e3, requests, float64(bytes)/1024)
	}
	return nil
}
