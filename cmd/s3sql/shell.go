package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"

	"github.com/s3sql/s3sql/driver"
)

// errReported is returned for an error that the user has been shown.
var errReported = errors.New("reported")

// shell runs statements on one connection and prints what they answer.
type shell struct {
	db     *sql.DB
	conn   *sql.Conn
	out    io.Writer
	err    io.Writer
	format string
	force  bool // in a script, go on after an error
	echo   bool // in a script, print each statement before its result
	timing bool
	depth  int // of scripts that run scripts
}

// open makes the database of a DSN. Times stay the text that the engine writes, and LOAD DATA LOCAL reads the files of
// whoever types it.
func open(dsn string, settings ...func(*driver.Config)) (db *sql.DB, name string, err error) {
	cfg, err := driver.ParseDSN(dsn)
	if err != nil {
		return nil, "", err
	}
	cfg.ParseTime = new(false)
	for _, set := range settings {
		set(&cfg)
	}
	connector, err := driver.NewConnector(cfg, driver.WithLocalFiles())
	if err != nil {
		return nil, "", err
	}
	return sql.OpenDB(connector), cfg.Database(), nil
}

// connect takes the one connection that all statements run on, so that transactions and settings last.
func (s *shell) connect(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err == nil {
		err = conn.PingContext(ctx) // opens the database
	}
	if err != nil {
		return errors.Join(err, db.Close())
	}
	s.db, s.conn = db, conn
	return nil
}

func (s *shell) close() error { return errors.Join(s.conn.Close(), s.db.Close()) }

// script runs the statements of a text, up to the first error unless force is set.
func (s *shell) script(ctx context.Context, text io.Reader) error {
	in, split := bufio.NewReader(text), newSplitter()
	var failed error
	for {
		line, err := in.ReadString('\n')
		if err != nil && err != io.EOF {
			return err
		}
		done := split.feed(line)
		if err == io.EOF {
			if last, ok := split.rest(); ok {
				done = append(done, last)
			}
		}
		for _, st := range done {
			s.echoed(st)
			if rerr := s.run(ctx, st, true); rerr != nil {
				if failed = rerr; !s.force || errors.Is(rerr, errQuit) || ctx.Err() != nil {
					return rerr
				}
			}
		}
		if err == io.EOF {
			return failed
		}
	}
}

// echoed prints a statement of a script that people read, with the comments before it.
func (s *shell) echoed(st statement) {
	if !s.echo {
		return
	}
	text := st.text
	if !st.command {
		text += map[bool]string{true: `\G`, false: ";"}[st.vertical]
	}
	if st.lead != "" {
		text = st.lead + "\n" + text
	}
	s.print(s.out, text+"\n")
}

// run runs one statement and shows its result or its error, which it returns as errReported. In a script the error says
// where the statement begins.
func (s *shell) run(ctx context.Context, st statement, inScript bool) error {
	format := s.format
	if st.vertical {
		format = "vertical"
	}
	var err error
	if st.command {
		err = s.meta(ctx, st.text)
	} else {
		err = s.sql(ctx, st.text, format)
	}
	if err == nil || errors.Is(err, errQuit) || errors.Is(err, errReported) {
		return err
	}
	line := 0
	if inScript {
		line = st.line
	}
	s.fail(err, line)
	return errReported
}

// sql runs one SQL statement.
func (s *shell) sql(ctx context.Context, text, format string) error {
	var what string
	var err error
	if changes(text) {
		what, err = s.exec(ctx, text)
	} else {
		what, err = s.query(ctx, text, format)
	}
	if err != nil {
		return err
	}
	return s.summary(what, format)
}

func (s *shell) exec(ctx context.Context, text string) (what string, err error) {
	res, err := s.conn.ExecContext(ctx, text)
	if err != nil {
		return "", err
	}
	n, err := res.RowsAffected()
	return "Query OK, " + plural(n, "row") + " affected", err
}

func (s *shell) query(ctx context.Context, text, format string) (what string, err error) {
	rows, err := s.conn.QueryContext(ctx, text)
	if err != nil {
		return "", err
	}
	out := bufio.NewWriterSize(s.out, 64<<10)
	n, err := printRows(out, rows, newFormat(format))
	err = errors.Join(err, out.Flush(), rows.Close())
	switch {
	case n < 0:
		return "Query OK", err
	case n == 0:
		return "Empty set", err
	}
	return plural(n, "row") + " in set", err
}

// printRows prints all rows and returns their number, -1 when the statement has no result set.
func printRows(w io.Writer, rows *sql.Rows, f format) (int64, error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		return 0, err
	}
	if len(types) == 0 {
		return -1, rows.Err()
	}
	columns := make([]column, len(types))
	values, dest := make([]any, len(types)), make([]any, len(types))
	for i, t := range types {
		columns[i], dest[i] = newColumn(t.Name(), t.DatabaseTypeName()), &values[i]
	}
	if err := f.begin(w, columns); err != nil {
		return 0, err
	}
	var n int64
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return n, err
		}
		cells := make([]cell, len(values))
		for i, v := range values {
			cells[i] = columns[i].cell(v)
		}
		if err := f.row(w, cells); err != nil {
			return n, err
		}
		n++
	}
	if err := rows.Err(); err != nil {
		return n, err
	}
	return n, f.end(w)
}

// stats asks the driver what the last statement has cost.
func (s *shell) stats() (st driver.Stats, err error) {
	err = s.conn.Raw(func(c any) error {
		counter, ok := c.(interface{ LastStats() driver.Stats })
		if !ok {
			return fmt.Errorf("the driver counts no requests")
		}
		st = counter.LastStats()
		return nil
	})
	return st, err
}
