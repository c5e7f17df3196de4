// Package stale hunts for reads that are stale: processes that answer from a cache of results what another one has changed.
package stale

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3sql/s3sql/conformance/testenv"
	_ "github.com/s3sql/s3sql/driver"
)

// What a worker is told by its environment.
const (
	envDSN   = "STALE_DSN"
	envReads = "STALE_READS" // 0: the worker writes
	// envTotal sets another number of reads than the default.
	envTotal = "S3SQL_STALE_READS"
)

const readers = 3

func TestMain(m *testing.M) {
	dsn := os.Getenv(envDSN)
	if dsn == "" {
		os.Exit(m.Run())
	}
	n, err := strconv.Atoi(os.Getenv(envReads))
	if err == nil {
		err = work(dsn, n, bufio.NewReader(os.Stdin), os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// work is what a process does. The writer writes until its input ends; a reader makes so many reads. Both print what they saw: of a write when it
// had ended, of a read when it began, as nanoseconds, and the value.
func work(dsn string, reads int, in io.Reader, out io.Writer) (err error) {
	db, err := sql.Open("s3sql", dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	w := bufio.NewWriterSize(out, 1<<20)
	defer func() { err = errors.Join(err, w.Flush()) }()
	ctx := context.Background()
	if reads == 0 {
		return write(ctx, db, in, w)
	}
	for range reads {
		began := time.Now().UnixNano()
		var v, rows int
		if err := db.QueryRowContext(ctx, "SELECT SUM(v), COUNT(*) FROM counter WHERE k <> 'x'").Scan(&v, &rows); err != nil {
			return err
		}
		if v%rows != 0 {
			return fmt.Errorf("a read has seen a part of a commit: sum %d of %d rows", v, rows)
		}
		fmt.Fprintln(w, began, v/rows)
	}
	var hits int
	err = db.QueryRowContext(ctx, "SELECT SUM(hits) FROM system.cache_stats").Scan(&hits)
	fmt.Fprintln(w, "hits", hits)
	return err
}

// write raises the counters in one statement, in bursts with pauses in which caches have something to say.
func write(ctx context.Context, db *sql.DB, in io.Reader, w *bufio.Writer) error {
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, in)
		close(ended)
	}()
	r := rand.New(rand.NewPCG(1, 2))
	for v := 1; ; v++ {
		if _, err := db.ExecContext(ctx, "UPDATE counter SET v = ?", v); err != nil {
			return err
		}
		fmt.Fprintln(w, time.Now().UnixNano(), v)
		pause := time.Duration(r.IntN(4000)) * time.Microsecond
		if r.IntN(8) == 0 {
			pause = time.Duration(r.IntN(30)) * time.Millisecond
		}
		select {
		case <-ended:
			return nil
		case <-time.After(pause):
		}
	}
}

func total(t *testing.T, dflt int) int {
	t.Helper()
	text := os.Getenv(envTotal)
	if text == "" {
		return dflt
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFile(t *testing.T) {
	hunt(t, "file://"+t.TempDir()+"/db", "", total(t, 30_000))
}

func TestS3(t *testing.T) {
	server := testenv.S3(t)
	hunt(t, server.DSN(server.Bucket(t), "db"), "", total(t, 3_000))
}

// point is a line of a worker.
type point struct {
	at int64
	v  int
}

// hunt runs one process that writes and several that read, and compares: a read sees what had been committed when it began.
func hunt(t *testing.T, dsn, params string, reads int) {
	t.Helper()
	db, err := sql.Open("s3sql", dsn+params)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"CREATE TABLE counter (k CHAR(1) PRIMARY KEY, v INT)", "INSERT INTO counter VALUES ('a', 0), ('b', 0), ('c', 0)",
		"CREATE CACHE c ON counter WITH (driver = 'memory,s3', ttl = '1h')"} {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	stop, writes := start(t, dsn+params, 0)
	var all sync.WaitGroup
	seen := make([][]point, readers)
	hits := make([]int, readers)
	for i := range readers {
		_, out := start(t, dsn+params, (reads+readers-1)/readers)
		all.Go(func() { seen[i], hits[i] = points(t, out) })
	}
	var written []point
	var writing sync.WaitGroup
	writing.Go(func() { written, _ = points(t, writes) })
	all.Wait()
	if err := stop.Close(); err != nil {
		t.Error(err)
	}
	writing.Wait()
	stale, n, answered := 0, 0, 0
	for i := range seen {
		n, answered = n+len(seen[i]), answered+hits[i]
		for _, p := range seen[i] {
			k, _ := slices.BinarySearchFunc(written, p.at, func(w point, at int64) int { return int(min(max(w.at-at, -1), 1)) })
			if k > 0 && p.v < written[k-1].v {
				stale++
			}
		}
	}
	t.Logf("%d writes, %d reads, %d of them answered by a cache, %d stale", len(written), n, answered, stale)
	if stale > 0 || n < reads || answered == 0 || len(written) < 10 {
		t.Errorf("%d writes, %d reads of %d, %d answered by a cache, %d stale", len(written), n, reads, answered, stale)
	}
}

// start starts a worker.
func start(t *testing.T, dsn string, reads int) (stdin io.WriteCloser, stdout io.Reader) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), envDSN+"="+dsn, envReads+"="+strconv.Itoa(reads))
	var errs strings.Builder
	cmd.Stderr = &errs
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		err := cmd.Wait()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, errs.String())
		}
		_ = w.CloseWithError(err) // EOF without one
	}()
	return stdin, r
}

// points reads what a worker prints.
func points(t *testing.T, out io.Reader) (list []point, hits int) {
	in := bufio.NewScanner(out)
	for in.Scan() {
		var p point
		if rest, ok := strings.CutPrefix(in.Text(), "hits "); ok {
			hits, _ = strconv.Atoi(rest)
			continue
		}
		if _, err := fmt.Sscan(in.Text(), &p.at, &p.v); err != nil {
			t.Errorf("%q: %v", in.Text(), err)
			return list, hits
		}
		list = append(list, p)
	}
	if err := in.Err(); err != nil {
		t.Error(err)
	}
	return list, hits
}
