package sqlengine

import (
	"context"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/table"
)

// explain shows the plan of a statement without running it.
func (r *run) explain(n *ast.Explain, st *statement) (*Result, error) {
	if n.Analyze || n.Format != "" && n.Format != "TREE" && n.Format != "TRADITIONAL" {
		return nil, base.Errorf(errno.NotSupported, "EXPLAIN ANALYZE and FORMAT=JSON are not supported; EXPLAIN shows the tree")
	}
	tx, done, err := r.readTx()
	if err != nil {
		return nil, err
	}
	text, err := r.planText(n.Stmt, tx)
	if derr := done(err); err == nil {
		err = derr
	}
	if err != nil {
		return nil, err
	}
	var rows [][]base.Value
	for _, line := range strings.Split(text, "\n") {
		rows = append(rows, texts(line))
	}
	return rowsResult(columns("EXPLAIN"), rows), nil
}

func (r *run) planText(stmt ast.Statement, tx *table.Tx) (string, error) {
	env, err := r.env(tx)
	if err != nil {
		return "", err
	}
	if q, ok := stmt.(ast.Query); ok {
		p, err := plan.Query(env, q)
		if err != nil {
			return "", err
		}
		return plan.Explain(p.Root), nil
	}
	m, err := plan.Mutate(env, stmt)
	if err != nil {
		return "", err
	}
	return plan.ExplainMutation(m), nil
}

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
