package sqlengine

import (
	"context"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// Result is what a statement returns: rows, or counts. The caller closes it; NextResult closes it too.
type Result struct {
	AffectedRows uint64
	LastInsertID uint64
	Warnings     int
	Info         string // as MySQL's OK packet: "Rows matched: 1  Changed: 1  Warnings: 0"

	changes bool // the rows are those of RETURNING
	columns []plan.Column
	op      exec.Operator
	done    func(error) error // ends the statement's own transaction
	run     *run
	whole   bool // of a whole statement, not of a part of one
	rows    int64
	closed  bool
	failed  error
	session *Session
	rest    []string
}

// Columns describes the rows; nil when the statement returns none.
func (r *Result) Columns() []plan.Column { return r.columns }

// Next returns the next rows, or nil at the end. The batch is valid until the next call.
//
// Errors: those of the statement, met while rows are produced; ctx.Err().
func (r *Result) Next(ctx context.Context) (*vec.Batch, error) {
	if r.op == nil || r.closed || r.failed != nil {
		return nil, r.failed
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b, err := r.op.Next()
	if err != nil {
		if r.run != nil && r.run.ctx != nil {
			err = r.run.s.named(r.run.ctx, stopped(r.run.ctx, err))
		}
		r.failed = err
		return nil, err
	}
	if b != nil {
		r.rows += int64(b.Rows())
	}
	return b, nil
}

// NextResult closes r and runs the next of several statements; nil after the last.
func (r *Result) NextResult(ctx context.Context) (*Result, error) {
	if err := r.Close(); err != nil {
		return nil, err
	}
	if len(r.rest) == 0 {
		return nil, nil
	}
	return r.session.execList(ctx, r.rest, nil)
}

// More reports whether NextResult has another statement to run.
func (r *Result) More() bool { return len(r.rest) > 0 }

// Stats returns what the statement has cost up to now.
func (r *Result) Stats() Stats {
	if r.run == nil {
		return Stats{}
	}
	return r.run.stats(r.rows)
}

// Close releases what the statement holds. A second call does nothing.
func (r *Result) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	var err error
	if r.op != nil {
		err = r.op.Close()
		if s := r.run.s; r.columns != nil && !r.changes {
			if s.rowCount = -1; !r.run.diagnostic {
				s.foundRows = uint64(r.rows)
			}
			if ec := r.run.ec; ec != nil && ec.Found != nil {
				s.foundRows = uint64(*ec.Found)
			}
		}
	}
	if r.done != nil {
		if derr := r.done(r.failed); err == nil {
			err = derr
		}
	}
	if r.run != nil {
		r.run.s.last = r.run.stats(r.rows)
		if r.failed == nil && err == nil {
			r.run.auditRead(r.rows)
		}
	}
	if r.whole {
		if r.failed == nil {
			r.failed = err
		}
		r.run.observe(r.run.s.last, r.AffectedRows, r.failed)
		r.run.s.process.end(r.run.s.e.now())
	}
	return err
}

// rowsResult returns rows that are ready.
func rowsResult(cols []plan.Column, rows [][]base.Value) *Result {
	return &Result{columns: cols, op: exec.FromRows(cols, rows)}
}
