package driver

import (
	"context"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

// What this package needs of an engine. wire.go satisfies it with sqlengine.

type engine interface {
	newSession() session
	ping(ctx context.Context) error
	close(ctx context.Context) error
}

// session is one connection's state; it is used by one goroutine at a time, as database/sql guarantees.
type session interface {
	exec(ctx context.Context, sql string, args []arg) (result, error)
	prepare(ctx context.Context, sql string) (statement, error)
	begin(ctx context.Context, o txOptions) error
	appender(ctx context.Context, table string, columns []string) (appender, error)
	commit(ctx context.Context) error
	rollback(ctx context.Context) error
	reset(ctx context.Context) error
	lastStats() Stats
	killed() bool
	began(t time.Time) // the call that the next statement or begin belongs to was made at t
	close() error
}

type statement interface {
	numParams() int // -1: not known, or named
	exec(ctx context.Context, args []arg) (result, error)
	close() error
}

// result is one result set, or the counts of a statement without one.
type result interface {
	columns() []column // nil: no result set
	next(ctx context.Context) (*vec.Batch, error)
	more() bool
	nextResult(ctx context.Context) (result, error) // nil after the last; closes the receiver
	counts() (affected, lastInsertID uint64)
	close() error
}

type arg struct {
	name  string // "" for a positional one
	value base.Value
}

type txOptions struct {
	isolation string // "" for the default, "SNAPSHOT" or "SERIALIZABLE"
	readOnly  bool
}

type column struct {
	name     string
	typ      base.Type
	nullable bool
}

// Stats is what the last statement of a connection has cost. It is what a Conn's LastStats returns, which a program
// reaches through sql.Conn.Raw.
type Stats struct {
	Requests int64         // sent to the object store
	BytesIn  int64         // received from it
	BytesOut int64         // sent to it
	CostUSD  float64       // by the price profile in force
	Duration time.Duration // of the statement, until its last row was read
	Rows     int64         // returned
}
