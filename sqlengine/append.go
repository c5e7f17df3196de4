package sqlengine

import (
	"context"
	"errors"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/table"
)

// Appender inserts rows of values into one table, without a statement for them. It is a statement of its session all the same: of
// the transaction that is open, or of one of its own, which Close commits. Many rows go to segments while they come.
type Appender struct {
	s     *Session
	tx    *table.Tx
	own   bool // the transaction is its own
	saved *table.Savepoint
	noted notedMark
	rows  *exec.Appender
}

// NewAppender begins to insert into columns of a table; none are all that are visible. The session runs nothing else until Close
// or Abort.
//
// Cost: one GET under consistency strong outside a transaction.
// Errors: those of INSERT (1146, 1054, 1110 …) and of Begin.
func (s *Session) NewAppender(ctx context.Context, table string, columns []string) (*Appender, error) {
	if s.appender != nil {
		return nil, errAppending()
	}
	a := &Appender{s: s, own: s.tx == nil}
	if a.own {
		if err := s.begin(ctx, TxOptions{}); err != nil {
			return nil, err
		}
	}
	a.tx = s.tx
	a.saved, a.noted = a.tx.Savepoint(), s.noted.mark()
	s.appender = a
	if err := a.plan(ctx, table, columns); err != nil {
		return nil, errors.Join(err, a.Abort(ctx))
	}
	return a, nil
}

func (a *Appender) plan(ctx context.Context, table string, columns []string) error {
	cat, err := a.s.e.catalog.Load(ctx, a.tx)
	if err != nil {
		return err
	}
	if len(columns) == 0 {
		t := cat.Table(table)
		if t == nil {
			return base.Errorf(errno.NoSuchTable, "Table '%s.%s' doesn't exist", a.s.e.cfg.Database, table)
		}
		for i := range t.Columns {
			if c := &t.Columns[i]; !c.Hidden && !c.Invisible && c.Generated == nil {
				columns = append(columns, c.Name)
			}
		}
	}
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = catalog.QuoteName(c)
	}
	r := &run{s: a.s, ctx: ctx, start: a.s.e.now(), meter: new(object.Meter), sql: "INSERT INTO " + catalog.QuoteName(table) + " (" + strings.Join(quoted, ", ") +
		") VALUES (" + strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ") + ")"}
	st, err := a.s.e.parsed(r.sql)
	if err != nil {
		return err
	}
	r.args = make([]Arg, len(columns))
	if err := r.bindArgs(st); err != nil {
		return err
	}
	r.st = st
	if err := r.begun(a.tx); err != nil {
		return err
	}
	m, err := r.planMutation(st, a.tx)
	if err != nil {
		return err
	}
	n, ok := m.Stmt.(*plan.Insert)
	if !ok {
		return base.Errorf(errno.NotSupported, "rows cannot be appended to '%s'", table)
	}
	a.rows = exec.NewAppender(r.mutationContext(a.tx, m), a.tx, n)
	return nil
}

// Append inserts rows, each with one value for every column.
//
// Cost: none, or the PUTs of segments (table.Tx.Relieve).
// Errors: those of INSERT, which name the row, counted from the first ever appended. The caller then calls Abort.
func (a *Appender) Append(ctx context.Context, rows [][]base.Value) error {
	if a.s.appender != a {
		return errNotAppending()
	}
	return a.rows.Rows(ctx, rows)
}

// Close ends the appender and returns how many rows it has inserted. In a transaction of its own they are committed.
//
// Cost: one PUT, and those of segments.
// Errors: those of Commit: a conflict is retried by appending again.
func (a *Appender) Close(ctx context.Context) (uint64, error) {
	if a.s.appender != a {
		return 0, errNotAppending()
	}
	a.s.appender = nil
	out := a.rows.Finish()
	if out.Generated != 0 {
		a.s.lastInsertID = out.Generated
	}
	if !a.own {
		return out.Affected, nil
	}
	return out.Affected, a.s.Commit(ctx)
}

// Abort ends the appender and takes back what it has inserted.
func (a *Appender) Abort(ctx context.Context) error {
	if a.s.appender != a {
		return nil
	}
	a.s.appender = nil
	if a.own {
		return a.s.Rollback(ctx)
	}
	a.s.noted.cut(a.noted)
	return a.tx.RollbackTo(a.saved)
}

func errAppending() error {
	return base.Errorf(errno.TxInProgress, "an appender is open on this connection: close or abort it first")
}

func errNotAppending() error {
	return base.Errorf(errno.Closed, "the appender has ended, with the transaction that it was part of")
}
