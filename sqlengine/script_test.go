package sqlengine_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// scriptKey is the secret key of openMem.
var scriptKey = []byte("a secret key of the tests, 32 by")

// openMem opens a new database in memory.
func openMem(t testing.TB) *sqlengine.Engine {
	t.Helper()
	return openConfig(t, sqlengine.Config{})
}

// openSegments is openMem of a database whose rows move to segments all the time.
func openSegments(t testing.TB) *sqlengine.Engine {
	t.Helper()
	var cfg sqlengine.Config
	cfg.SmallSegments()
	return openConfig(t, cfg)
}

func openConfig(t testing.TB, cfg sqlengine.Config) *sqlengine.Engine {
	t.Helper()
	cfg.Store, cfg.Database, cfg.Create, cfg.SecretKey = mem.New(), "app", true, scriptKey
	e, err := sqlengine.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e
}

// times are the durations in what EXPLAIN ANALYZE answers.
var times = regexp.MustCompile(`(time=|"time_ms": )[0-9.]+`)

// TestScripts runs testdata/*.txt: SQL and what it answers. A directive is "sql", or "sql sort" for answers whose order
// is not defined, or "sql masked" for answers with durations; "session name" goes on in another session of the same database. Rewrite with -rewrite.
func TestScripts(t *testing.T) {
	t.Parallel()
	eachScript(t, func(t *testing.T, file string) { runScript(t, file, openMem(t), nil) })
}

// TestScriptsInSegments runs the scripts over segments of a few rows: every other statement finds all rows there, the others some
// of them, and compaction goes on meanwhile.
func TestScriptsInSegments(t *testing.T) {
	t.Parallel()
	if rewriting() {
		return // TestScripts writes the answers
	}
	eachScript(t, func(t *testing.T, file string) {
		e, n := openSegments(t), 0
		runScript(t, file, e, func(d *datadriven.TestData, run func() string) string {
			if n++; n%2 == 0 {
				if err := e.Flush(context.Background()); err != nil {
					t.Error(err)
				}
			}
			out := run()
			if explains.MatchString(d.Input) || strings.HasPrefix(d.Expected, "EXPLAIN\n") || commits.ReplaceAllString(out, "") == commits.ReplaceAllString(d.Expected, "") {
				return d.Expected
			}
			return out
		})
	})
}

// What may be another with other segments: plans, which hang on statistics, and the numbers of commits.
var (
	explains = regexp.MustCompile(`(?is)^\s*(EXPLAIN|DESC(RIBE)?)\b`)
	commits  = regexp.MustCompile(`commit [0-9]+`)
)

func rewriting() bool {
	f := flag.Lookup("rewrite")
	return f != nil && f.Value.String() == "true"
}

func eachScript(t *testing.T, run func(t *testing.T, file string)) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			run(t, file)
		})
	}
}

// runScript runs a script in e; around, unless nil, runs each directive and returns the answer.
func runScript(t *testing.T, file string, e *sqlengine.Engine, around func(d *datadriven.TestData, run func() string) string) {
	sessions := map[string]*sqlengine.Session{}
	datadriven.RunTest(t, file, func(t *testing.T, d *datadriven.TestData) string {
		name := ""
		if d.Cmd == "session" {
			name = d.CmdArgs[0].Key
		}
		if sessions[name] == nil {
			sessions[name] = e.NewSession()
		}
		run := func() string {
			out := answer(sessions[name], d.Input)
			if d.HasArg("masked") {
				out = times.ReplaceAllString(out, "${1}…")
			}
			return out
		}
		if around != nil {
			return around(d, run)
		}
		return run()
	})
	for _, s := range sessions {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// answer runs SQL and prints what comes back.
func answer(s *sqlengine.Session, sql string) string {
	return answerContext(context.Background(), s, sql)
}

func answerContext(ctx context.Context, s *sqlengine.Session, sql string) string {
	var b strings.Builder
	r, err := s.Exec(ctx, sql, nil)
	for err == nil && r != nil {
		if err = printResult(ctx, &b, r); err == nil {
			r, err = r.NextResult(ctx)
		}
	}
	if err != nil {
		var e *base.Error
		if !errors.As(err, &e) {
			return b.String() + "error without a number: " + err.Error()
		}
		fmt.Fprintf(&b, "ERROR %d (%s): %s\n", e.Number, e.State, e.Msg)
	}
	return b.String()
}

func printResult(ctx context.Context, b *strings.Builder, r *sqlengine.Result) error {
	if r.Columns() == nil {
		fmt.Fprintf(b, "ok, %d affected", r.AffectedRows)
		if r.LastInsertID != 0 {
			fmt.Fprintf(b, ", id %d", r.LastInsertID)
		}
		if r.Warnings > 0 {
			fmt.Fprintf(b, ", %d warnings", r.Warnings)
		}
		b.WriteByte('\n')
		return r.Close()
	}
	names := make([]string, len(r.Columns()))
	for i, c := range r.Columns() {
		names[i] = c.Name
	}
	b.WriteString(strings.Join(names, " | ") + "\n")
	for {
		batch, err := r.Next(ctx)
		if err != nil {
			return errors.Join(err, r.Close())
		}
		if batch == nil {
			return r.Close()
		}
		for k := range batch.Rows() {
			cells := make([]string, len(batch.Cols))
			for i, col := range batch.Cols {
				cells[i] = "NULL"
				if v := col.Value(batch.Row(k)); !v.IsNull() {
					cells[i] = expr.Format(v, r.Columns()[i].Type)
				}
			}
			b.WriteString(strings.Join(cells, " | ") + "\n")
		}
	}
}
