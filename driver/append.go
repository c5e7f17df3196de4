package driver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// appendRows is how many rows are gathered before they are inserted.
const appendRows = 1024

// Appender inserts rows of Go values into one table, several times as fast as INSERT statements do: the rows of a large load
// are written to segments while it goes on, and one commit makes them visible at once. Defaults, conversions, keys, CHECK
// constraints and foreign keys are those of INSERT.
//
//	conn, err := db.Conn(ctx)
//	…
//	app, err := driver.NewAppender(ctx, conn, "readings", "sensor", "at", "value")
//	…
//	for _, r := range readings {
//		if err := app.Append(ctx, r.Sensor, r.At, r.Value); err != nil {
//			return errors.Join(err, app.Abort(ctx))
//		}
//	}
//	n, err := app.Close(ctx)
//
// It is for one goroutine, and has its connection to itself until Close or Abort, one of which has to be called.
type Appender struct {
	conn  *sql.Conn
	app   appender
	fmt   format
	width int // columns; 0: not known yet
	rows  [][]base.Value
	slab  []base.Value // that rows are made of; the engine keeps none of them
	cells []base.Value // what is left of it
	ended bool
}

// appender is what the engine offers.
type appender interface {
	Append(ctx context.Context, rows [][]base.Value) error
	Close(ctx context.Context) (uint64, error)
	Abort(ctx context.Context) error
}

// NewAppender begins to insert into columns of a table; without any, into all that are visible and not generated. In a
// transaction that was begun on conn the rows are part of it; otherwise Close commits them.
//
// Cost: one GET under consistency strong outside a transaction.
// Errors: *Error as for INSERT: 1146 no such table, 1054 no such column, …; ctx.Err().
func NewAppender(ctx context.Context, conn *sql.Conn, table string, columns ...string) (*Appender, error) {
	a := &Appender{conn: conn, width: len(columns)}
	err := a.raw(func(c *Conn) error {
		sess, err := c.session(ctx, true)
		if err != nil {
			return err
		}
		a.fmt = c.format
		a.app, err = sess.appender(ctx, table, columns)
		return failure(ctx, err)
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

func (a *Appender) raw(fn func(c *Conn) error) error {
	return a.conn.Raw(func(dc any) error {
		c, ok := dc.(*Conn)
		if !ok {
			return convertError(base.Errorf(errno.WrongArguments, "an Appender needs a connection of s3sql, not a %T", dc))
		}
		return fn(c)
	})
}

// Append adds a row: one value for each column, of the types that arguments of statements may have.
//
// Cost: none, or the PUTs of segments.
// Errors: 1136 the number of values is wrong, those of INSERT; they name the row, counted from the first. After an error the
// caller calls Abort.
func (a *Appender) Append(ctx context.Context, values ...any) error {
	row, err := a.row(len(values), func(i int) any { return values[i] })
	if err != nil {
		return err
	}
	return a.add(ctx, row)
}

// AppendColumns adds many rows at once: each argument is a slice of one column's values, such as []int64, []string, []time.Time,
// []sql.NullString or []any, all of the same length.
//
// Cost and errors: see Append.
func (a *Appender) AppendColumns(ctx context.Context, columns ...any) error {
	slices := make([]reflect.Value, len(columns))
	for i, c := range columns {
		slices[i] = reflect.ValueOf(c)
		if k := slices[i].Kind(); k != reflect.Slice {
			return convertError(base.Errorf(errno.WrongArguments, "column %d is a %T; a slice of its values is needed", i+1, c))
		}
		if slices[i].Len() != slices[0].Len() {
			return convertError(base.Errorf(errno.WrongArguments, "column %d has %d values, column 1 has %d", i+1, slices[i].Len(), slices[0].Len()))
		}
	}
	for r := range slices[0].Len() {
		row, err := a.row(len(columns), func(i int) any { return slices[i].Index(r).Interface() })
		if err == nil {
			err = a.add(ctx, row)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// row converts the values of a row.
func (a *Appender) row(n int, value func(i int) any) ([]base.Value, error) {
	switch {
	case a.ended:
		return nil, convertError(base.Errorf(errno.Closed, "the appender has ended"))
	case a.width == 0 && n > 0:
		a.width = n
	case n != a.width || n == 0:
		return nil, convertError(base.Errorf(errno.WrongValueCount, "Column count doesn't match value count at row %d", len(a.rows)+1))
	}
	if len(a.cells) < n {
		a.slab = make([]base.Value, n*appendRows)
		a.cells = a.slab
	}
	row := a.cells[:n:n]
	a.cells = a.cells[n:]
	for i := range row {
		v, err := normalise(value(i), maxPointers)
		if err == nil {
			row[i], err = a.fmt.value(v)
		}
		if err != nil {
			return nil, fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return row, nil
}

func (a *Appender) add(ctx context.Context, row []base.Value) error {
	if a.rows = append(a.rows, row); len(a.rows) < appendRows {
		return nil
	}
	return a.flush(ctx)
}

// flush inserts the rows gathered.
func (a *Appender) flush(ctx context.Context) error {
	if len(a.rows) == 0 {
		return nil
	}
	err := a.raw(func(*Conn) error { return failure(ctx, a.app.Append(ctx, a.rows)) })
	a.cells, a.rows = a.slab, a.rows[:0]
	return err
}

// Close inserts what is left, ends the appender and returns the number of rows that it has inserted. Outside a transaction of the
// connection's the rows are committed.
//
// Cost: one PUT, and those of segments.
// Errors: those of Append, after which nothing of it is left; those of a commit: 1213 is a lost race, to be tried again with a
// new Appender.
func (a *Appender) Close(ctx context.Context) (rows int64, err error) {
	if a.ended {
		return 0, convertError(base.Errorf(errno.Closed, "the appender has ended"))
	}
	if err := a.flush(ctx); err != nil {
		return 0, errors.Join(err, a.Abort(ctx))
	}
	a.ended = true
	err = a.raw(func(*Conn) error {
		n, err := a.app.Close(ctx)
		rows = int64(n)
		return failure(ctx, err)
	})
	return rows, err
}

// Abort ends the appender and takes back what it has inserted. After Close or Abort it does nothing.
func (a *Appender) Abort(ctx context.Context) error {
	if a.ended {
		return nil
	}
	a.ended = true
	return a.raw(func(*Conn) error { return failure(ctx, a.app.Abort(ctx)) })
}
