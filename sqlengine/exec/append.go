package exec

import (
	"context"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// Appender inserts rows of values, each as an INSERT of that one row would.
type Appender struct {
	in *inserter
}

// NewAppender returns the appender of an INSERT in tx.
func NewAppender(ec *Context, tx *table.Tx, n *plan.Insert) *Appender {
	in := newInserter(ec, tx, n)
	in.again = make([]base.Value, len(n.Table.Columns))
	return &Appender{in: in}
}

// Rows inserts rows, each with a value for every target column.
//
// Errors: those of Insert. What the rows before the one that failed have written stays in the transaction.
func (a *Appender) Rows(ctx context.Context, rows [][]base.Value) error {
	a.in.ec.Ctx = ctx
	return a.in.rows(rows)
}

// Finish returns what the rows have come to.
func (a *Appender) Finish() Outcome {
	a.in.finish()
	return a.in.out
}
