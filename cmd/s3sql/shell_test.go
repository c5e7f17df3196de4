package main

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/driver"
)

func TestStatementsAndTheirAnswers(t *testing.T) {
	t.Parallel()
	one := answer{columns: []string{"a"}, types: []string{"INT"}, rows: [][]sqldriver.Value{{int64(1)}}}
	empty := answer{columns: []string{"a"}, types: []string{"INT"}}
	syntax := answer{err: &driver.Error{Number: 1064, SQLState: "42000", Message: "near 'x'"}}
	late := one
	late.err = errors.New("the rest is gone")
	const cost = "(1.2 ms, 1 request, $0.0000004)"
	const box = "+---+\n| a |\n+---+\n| 1 |\n+---+\n"
	tests := []struct {
		name, script, out, errs string
		sh                      shell
		failed                  bool
	}{
		{name: "rows", script: "Q;", out: box + "1 row in set " + cost + "\n\n"},
		{name: "no rows", script: "EMPTY;", out: "Empty set " + cost + "\n\n"},
		{name: "no result set", script: "NONE;", out: "Query OK " + cost + "\n\n"},
		{name: "a count", script: "DELETE 2;", out: "Query OK, 2 rows affected " + cost + "\n\n"},
		{name: "one", script: "DELETE 1;", out: "Query OK, 1 row affected " + cost + "\n\n"},
		{name: "vertical", script: "Q\\G", out: strings.Repeat("*", 27) + " 1. row " + strings.Repeat("*", 27) + "\na: 1\n1 row in set " + cost + "\n\n"},
		{name: "costs apart from data", script: "Q;", sh: shell{format: "csv", timing: true}, out: "a\r\n1\r\n", errs: "1 row in set " + cost + "\n\n"},
		{name: "data alone", script: "Q;", sh: shell{format: "json"}, out: "[\n {\"a\": 1}\n]\n"},
		{name: "quiet", script: "Q;", sh: shell{format: "table"}, out: box + "1 row in set\n\n"},
		{name: "the first error ends a script", script: "DELETE 1;\n\nBAD;\nQ;", out: "Query OK, 1 row affected " + cost + "\n\n",
			errs: "ERROR 1064 (42000) at line 3: near 'x'\n", failed: true},
		{name: "force", script: "BAD;\nDELETE 1;", sh: shell{format: "table", timing: true, force: true}, out: "Query OK, 1 row affected " + cost + "\n\n",
			errs: "ERROR 1064 (42000) at line 1: near 'x'\n", failed: true},
		{name: "an error after rows", script: "LATE;", out: "", errs: "ERROR at line 1: the rest is gone\n", failed: true},
		{name: "echo", script: "-- Why.\nQ\\G\n\\timing", sh: shell{format: "csv", echo: true}, out: "-- Why.\nQ\\G\n" + strings.Repeat("*", 27) + " 1. row " +
			strings.Repeat("*", 27) + "\na: 1\n1 row in set\n\n\\timing\nTiming is on.\n"},
		{name: "quit ends a script", script: "DELETE 1;\nquit\nBAD;", out: "Query OK, 1 row affected " + cost + "\n\n", failed: true},
		{name: "an unknown command", script: `\nope`, errs: "ERROR at line 1: unknown command \\nope; \\? lists the commands\n", failed: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answers: map[string]answer{"Q": one, "EMPTY": empty, "BAD": syntax, "LATE": late, "DELETE 2": {count: 2}, "DELETE 1": {count: 1}}}
			s, out, errs := newFakeShell(t, f)
			if tt.sh.format != "" {
				s.format, s.timing, s.echo, s.force = tt.sh.format, tt.sh.timing, tt.sh.echo, tt.sh.force
			}
			err := s.script(t.Context(), strings.NewReader(tt.script))
			if (err != nil) != tt.failed {
				t.Errorf("script: %v", err)
			}
			if got := out.String(); got != tt.out && tt.name != "an error after rows" {
				t.Errorf("out:\n%s\nwant:\n%s", got, tt.out)
			}
			if got := errs.String(); got != tt.errs {
				t.Errorf("errors:\n%s\nwant:\n%s", got, tt.errs)
			}
		})
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "x.sql")
	if err := os.WriteFile(script, []byte("FROM FILE;"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := &fake{}
	s, out, errs := newFakeShell(t, f)
	for _, c := range []string{`\d`, `\d a.b`, "\\d o`dd", `\timing`, `\format`, `\format csv`, `\x`, `\x`, `\format nope`, `\?`, `\i ` + script, `\i`} {
		s.run(t.Context(), splitAll(c)[0], false)
	}
	want := []string{"SHOW TABLES", "DESCRIBE `a`.`b`", "DESCRIBE `odd`", "FROM FILE"}
	if !slices.Equal(f.queries, want) {
		t.Errorf("sent %q, want %q", f.queries, want)
	}
	for _, part := range []string{"Timing is off.\n", "Format is table.\n", "Format is csv.\n", "Format is vertical.\n", `\costs  `} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("no %q in %s", part, out)
		}
	}
	if want := "ERROR: unknown format \"nope\"; there are table, vertical, csv, json\nERROR: \\i needs the name of a file\n"; errs.String() != want {
		t.Errorf("errors %q, want %q", errs, want)
	}
}

func TestScriptsThatRunThemselvesEnd(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "x.sql")
	if err := os.WriteFile(name, []byte(`\i `+name), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _, errs := newFakeShell(t, &fake{})
	if err := s.script(t.Context(), strings.NewReader(`\i `+name)); err == nil || !strings.Contains(errs.String(), "more than 16 scripts") {
		t.Errorf("%v: %s", err, errs)
	}
}

// TestInterruptCancelsTheStatement goes on with the next one, and forgets an interrupt that came in between.
func TestInterruptCancelsTheStatement(t *testing.T) {
	t.Parallel()
	f := &fake{answers: map[string]answer{"SLOW": {block: true}}, started: make(chan struct{})}
	s, out, errs := newFakeShell(t, f)
	interrupts := make(chan os.Signal, 1)
	go func() {
		<-f.started
		interrupts <- os.Interrupt
	}()
	if err := s.enter("SLOW;", interrupts); !errors.Is(err, errReported) || errs.String() != "ERROR 1317 (70100): Query execution was interrupted\n" {
		t.Errorf("%v, %s", err, errs)
	}
	interrupts <- os.Interrupt
	if err := s.enter("NONE; quit", interrupts); !errors.Is(err, errQuit) || !strings.HasPrefix(out.String(), "Query OK") {
		t.Errorf("%v, %s", err, out)
	}
}

func TestErrorsHideNothingButControlCharacters(t *testing.T) {
	t.Parallel()
	s, _, errs := newFakeShell(t, &fake{})
	s.fail(&driver.Error{Number: 1030, SQLState: "HY000", Message: "bad\nline\x1b[2J", Object: "log/7"}, 0)
	if want := "ERROR 1030 (HY000): bad\nline\\x1b[2J (object log/7)\n"; errs.String() != want {
		t.Errorf("got %q, want %q", errs, want)
	}
}

func TestCancelOn(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	interrupts := make(chan os.Signal, 1)
	interrupts <- os.Interrupt
	cancelOn(interrupts, cancel, nil)
	if ctx.Err() == nil {
		t.Error("not cancelled")
	}
	done := make(chan struct{})
	close(done)
	cancelOn(nil, func() { t.Error("cancelled") }, done)
}
