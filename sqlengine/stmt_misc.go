package sqlengine

import (
	"context"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/object"
)

// certifier adapts the store's certification to what opening a database needs.
func certifier(rand base.Rand) func(context.Context, object.Store) (string, error) {
	return func(ctx context.Context, s object.Store) (string, error) {
		v, err := object.Certify(ctx, s, rand)
		return v.String(), err
	}
}

// checkStore is CHECK STORE: it probes the store again and shows every check.
func (r *run) checkStore() (*Result, error) {
	if r.s.e.cfg.ReadOnly {
		return nil, base.Errorf(errno.OptionPrevents, "CHECK STORE writes probes; the database was opened read-only")
	}
	v, err := object.Certify(r.ctx, r.s.e.cfg.Store, r.s.e.cfg.Rand)
	if err != nil && len(v.Checks) == 0 {
		return nil, err
	}
	var rows [][]base.Value
	for _, c := range v.Checks {
		status := "ok"
		if !c.OK {
			status = "failed"
		}
		rows = append(rows, texts(c.Name, status, c.Detail))
	}
	return rowsResult(columns("check", "status", "detail"), rows), nil
}
