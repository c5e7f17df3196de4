package system

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// sourced makes the rows of a table out of what the session, expr.Context.Tables, knows.
type sourcedRows[S any] func(src S) ([][]base.Value, error)

// Rows calls the function.
func (f sourcedRows[S]) Rows(c *expr.Context) ([][]base.Value, error) {
	src, ok := c.Tables.(S)
	if !ok {
		return nil, base.Errorf(errno.Unknown, "the statement cannot describe the database")
	}
	return f(src)
}

func sourced[S any](f func(src S) ([][]base.Value, error)) plan.RowSource { return sourcedRows[S](f) }
