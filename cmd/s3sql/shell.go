package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/s3sql/s3sql/driver"
	"github.com/s3sql/s3sql/sqlengine/parse"
)

// errReported is returned for an error that the user has been shown.
var errReported = errors.New("reported")

// errQuit ends the shell.
var errQuit = errors.New("quit")

// shell runs statements on one connection and prints what they answer.
type shell struct {
	db     *sql.DB
	conn   *sql.Conn
	name   string // of the database, for the prompt
	out    io.Writer
	err    io.Writer
	format string
	force  bool
	echo   bool
	timing bool
}

func (s *shell) connect(ctx context.Context, dsn string) error {
	db, err := sql.Open("s3sql", dsn)
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err == nil {
		err = conn.QueryRowContext(ctx, "SELECT DATABASE()").Scan(&s.name)
	}
	if err != nil {
		return errors.Join(err, db.Close())
	}
	s.db, s.conn = db, conn
	return nil
}

func (s *shell) close() error { return errors.Join(s.conn.Close(), s.db.Close()) }

// script runs the statements of a text, up to the first error unless force is set.
func (s *shell) script(ctx context.Context, text string) error {
	var failed error
	for stmt, offset := range parse.Split(text) {
		if s.echo {
			fmt.Fprintf(s.out, "%s%s;\n", comments(text, offset), strings.TrimSpace(stmt))
		}
		if err := s.run(ctx, stmt, 1+strings.Count(text[:offset], "\n")); err != nil {
			failed = err
			if !s.force || ctx.Err() != nil {
				return err
			}
		}
	}
	return failed
}

// comments returns the comment lines that stand directly before a statement: a script that is echoed is read by people.
func comments(text string, offset int) string {
	lines := strings.Split(text[:offset], "\n")
	first := len(lines) - 1
	for first > 0 && strings.HasPrefix(lines[first-1], "--") {
		first--
	}
	if first == len(lines)-1 {
		return ""
	}
	return "\n" + strings.Join(lines[first:len(lines)-1], "\n") + "\n"
}

// run runs one statement and prints its result. line is where it starts in a script, 0 at the prompt.
func (s *shell) run(ctx context.Context, stmt string, line int) error {
	format := s.format
	if trimmed := strings.TrimSuffix(strings.TrimSpace(stmt), `\G`); trimmed != strings.TrimSpace(stmt) {
		stmt, format = trimmed, "vertical"
	}
	var err error
	if returnsRows(stmt) {
		err = s.query(ctx, stmt, format)
	} else {
		err = s.exec(ctx, stmt)
	}
	if err == nil {
		return nil
	}
	s.fail(err, line)
	return errReported
}

// returnsRows tells a statement with a result set by its first word.
func returnsRows(stmt string) bool {
	stmt = skipComments(stmt)
	if strings.HasPrefix(stmt, "(") {
		return true
	}
	word, _, _ := strings.Cut(strings.Join(strings.Fields(stmt), " "), " ")
	switch strings.ToUpper(strings.TrimRight(word, ";(*")) {
	case "SELECT", "SHOW", "DESC", "DESCRIBE", "EXPLAIN", "WITH", "VALUES", "CHECK":
		return true
	}
	return false
}

func skipComments(s string) string {
	for {
		s = strings.TrimSpace(s)
		end := "\n"
		switch {
		case strings.HasPrefix(s, "--"), strings.HasPrefix(s, "#"):
		case strings.HasPrefix(s, "/*"):
			end = "*/"
		default:
			return s
		}
		_, rest, found := strings.Cut(s, end)
		if !found {
			return ""
		}
		s = rest
	}
}

func (s *shell) query(ctx context.Context, stmt, format string) error {
	rows, err := s.conn.QueryContext(ctx, stmt)
	if err != nil {
		return err
	}
	n, err := printRows(s.out, rows, newFormat(format))
	if cerr := rows.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	if what := plural(n, "row") + " in set"; n > 0 {
		s.summary(what)
	} else {
		s.summary("Empty set")
	}
	return nil
}

func (s *shell) exec(ctx context.Context, stmt string) error {
	res, err := s.conn.ExecContext(ctx, stmt)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err != nil {
		return err
	}
	s.summary("Query OK, " + plural(n, "row") + " affected")
	return nil
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// summary ends every result: what came of it, and what it cost. It goes to the error stream when the output is for a
// program.
func (s *shell) summary(what string) {
	w := s.out
	if f := newFormat(s.format); f != nil && f.forPrograms() {
		w = s.err
	}
	var st driver.Stats
	err := s.conn.Raw(func(c any) error {
		st = c.(interface{ LastStats() driver.Stats }).LastStats()
		return nil
	})
	if err != nil || !s.timing {
		fmt.Fprintf(w, "%s\n\n", what)
		return
	}
	fmt.Fprintf(w, "%s (%s, %s, %s)\n\n", what, duration(st.Duration), plural(st.Requests, "request"), usd(st.CostUSD))
}

func duration(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.2f ms", float64(d)/1e6)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// usd writes an amount with as many digits as it takes to see it.
func usd(v float64) string {
	if v == 0 {
		return "$0"
	}
	s := fmt.Sprintf("%.10f", v)
	return "$" + strings.TrimRight(s, "0")
}

// fail prints an error as MySQL's client does. line is where the statement starts in a script; 0 leaves it out.
func (s *shell) fail(err error, line int) {
	at := ""
	if line > 0 {
		at = fmt.Sprintf(" at line %d", line)
	}
	var e *driver.Error
	if errors.As(err, &e) {
		msg := e.Message
		if e.Object != "" {
			msg += " (object " + e.Object + ")"
		}
		fmt.Fprintf(s.err, "ERROR %d (%s)%s: %s\n", e.Number, e.SQLState, at, msg)
		return
	}
	fmt.Fprintf(s.err, "ERROR%s: %v\n", at, err)
}
