package sqlengine

import (
	"strconv"
	"strings"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/storage/table"
)

// vacuum is VACUUM: it commits, as FLUSH does, and collects garbage.
func (r *run) vacuum(n *ast.Vacuum) (*Result, error) {
	var opts table.VacuumOptions
	if n.Retention != "" {
		d, err := retention(n.Retention)
		if err != nil {
			return nil, err
		}
		opts.Retention = d
	}
	if err := r.s.Commit(r.ctx); err != nil {
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

// retention reads a duration as Go writes it, or a number of days, as 30d.
func retention(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 16)
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || d <= 0 {
		return 0, base.Errorf(errno.WrongArguments, "Incorrect arguments to VACUUM: the retention '%.40s' is not a duration such as '1h' or '7d'", text)
	}
	return d, nil
}
