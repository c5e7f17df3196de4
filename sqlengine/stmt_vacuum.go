package sqlengine

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/storage/table"
)

// vacuum is VACUUM: it commits, as FLUSH does, and collects garbage.
func (r *run) vacuum(n *ast.Vacuum) (*Result, error) {
	var opts table.VacuumOptions
	if n.Retention != "" {
		d, ok := base.ParseDays(n.Retention)
		if !ok {
			return nil, base.Errorf(errno.WrongArguments, "Incorrect arguments to VACUUM: the retention '%.40s' is not a duration such as '1h' or '7d'", n.Retention)
		}
		opts.Retention = d
	}
	if err := r.commitTx(); err != nil {
		return nil, err
	}
	res, err := r.s.e.db.Vacuum(r.ctx, opts)
	if err != nil {
		return nil, err
	}
	cols := columns("objects_removed", "bytes_removed", "records_removed", "checkpoints_removed")
	for i := range cols {
		cols[i].Type = base.Type{ID: base.TypeBigInt}
	}
	return rowsResult(cols, [][]base.Value{{base.NewInt(int64(res.Objects)), base.NewInt(res.Bytes), base.NewInt(int64(res.Records)),
		base.NewInt(int64(res.Checkpoints))}}), nil
}
