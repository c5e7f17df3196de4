package sqlengine

import (
	"context"

	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/table"
)

// PlanBench returns what runs the parse and the plan of a query, and nothing else.
func (s *Session) PlanBench(ctx context.Context, sql string, args []Arg) (func() error, error) {
	tx, err := s.e.db.Begin(ctx, table.TxOptions{ReadOnly: true, Fresh: table.None})
	if err != nil {
		return nil, err
	}
	return func() error {
		r := run{s: s, ctx: ctx, sql: sql, args: args, meter: new(object.Meter)}
		st, err := s.e.parsed(sql)
		if err != nil {
			return err
		}
		if err := r.bindArgs(st); err != nil {
			return err
		}
		_, err = r.planQuery(st, st.stmt.(ast.Query), tx)
		return err
	}, nil
}
