package main

import (
	"bytes"
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"io"
	"testing"
	"time"

	"github.com/s3sql/s3sql/driver"
)

// answer is what the fake database says to one statement.
type answer struct {
	columns []string
	types   []string
	rows    [][]sqldriver.Value
	err     error // instead of rows, or after them
	count   int64
	block   bool // until the context ends
}

// fake is a connector and its only connection. It answers by the text of the statement and notes what was sent.
type fake struct {
	answers map[string]answer
	queries []string
	execs   []string
	started chan struct{} // receives when a statement blocks
}

var (
	_ sqldriver.QueryerContext = (*fake)(nil)
	_ sqldriver.ExecerContext  = (*fake)(nil)
)

func (f *fake) Connect(context.Context) (sqldriver.Conn, error) { return f, nil }
func (f *fake) Driver() sqldriver.Driver                        { return nil }
func (f *fake) Prepare(string) (sqldriver.Stmt, error)          { return nil, io.ErrUnexpectedEOF }
func (f *fake) Begin() (sqldriver.Tx, error)                    { return nil, io.ErrUnexpectedEOF }
func (f *fake) Close() error                                    { return nil }

func (f *fake) LastStats() driver.Stats {
	return driver.Stats{Requests: 1, CostUSD: 4e-7, Duration: 1234 * time.Microsecond}
}

func (f *fake) answer(ctx context.Context, text string) (answer, error) {
	a := f.answers[text]
	if a.block {
		f.started <- struct{}{}
		<-ctx.Done()
		return a, ctx.Err()
	}
	if a.columns == nil {
		return a, a.err
	}
	return a, nil
}

func (f *fake) QueryContext(ctx context.Context, text string, _ []sqldriver.NamedValue) (sqldriver.Rows, error) {
	f.queries = append(f.queries, text)
	a, err := f.answer(ctx, text)
	return &fakeRows{answer: a}, err
}

func (f *fake) ExecContext(ctx context.Context, text string, _ []sqldriver.NamedValue) (sqldriver.Result, error) {
	f.execs = append(f.execs, text)
	a, err := f.answer(ctx, text)
	return sqldriver.RowsAffected(a.count), err
}

type fakeRows struct {
	answer
	at int
}

func (r *fakeRows) Columns() []string                       { return r.columns }
func (r *fakeRows) ColumnTypeDatabaseTypeName(i int) string { return r.types[i] }
func (r *fakeRows) Close() error                            { return nil }
func (r *fakeRows) Next(dest []sqldriver.Value) error {
	if r.at == len(r.rows) {
		if r.err != nil {
			return r.err
		}
		return io.EOF
	}
	copy(dest, r.rows[r.at])
	r.at++
	return nil
}

// newFakeShell returns a shell on f with its two streams.
func newFakeShell(t *testing.T, f *fake) (s *shell, out, errs *bytes.Buffer) {
	t.Helper()
	out, errs = new(bytes.Buffer), new(bytes.Buffer)
	s = &shell{out: out, err: errs, format: "table", timing: true}
	if err := s.connect(t.Context(), sql.OpenDB(f)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s, out, errs
}
