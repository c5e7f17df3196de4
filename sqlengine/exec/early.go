package exec

import (
	"maps"
	"slices"

	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// earlyFilter lets storage ask what a scan needs before it reads all columns; nil: there is nothing to ask. What it says is neither
// warned of nor final: the scan's filter looks at every row that is read.
func earlyFilter(ec *Context, pred expr.Expr) *table.Filter {
	if pred == nil {
		return nil
	}
	quiet := *ec.Expr
	quiet.Warn = nil
	return &table.Filter{Cols: slices.Sorted(maps.Keys(plan.RowColumns(pred))), Keep: func(b *vec.Batch, sel []int32) ([]int32, error) {
		return expr.Filter(&quiet, pred, b, sel)
	}}
}
