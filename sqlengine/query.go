package sqlengine

import (
	"errors"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/table"
)

// query plans and starts a SELECT.
func (r *run) query(st *statement, q ast.Query) (*Result, error) {
	if res := r.withoutTables(st, q); res != nil {
		return res, nil
	}
	tx, done, err := r.readTx()
	if err != nil {
		return nil, err
	}
	p, err := r.planQuery(st, q, tx)
	if err == nil {
		r.planned = p
		r.noteRead(p.Tables())
		if u := r.cacheUse(q, p, tx); u != nil {
			return r.cached(u, p, tx, done)
		}
		var op exec.Operator
		if op, err = r.open(p, tx); err == nil {
			return &Result{columns: p.Columns, op: op, done: done}, nil
		}
	}
	return nil, errors.Join(err, done(err))
}

// withoutTables starts a query that reads no table of the database, which needs no fresh snapshot and makes no request;
// nil when it is not such a query, or fails: the caller then finds out with a snapshot that is current.
func (r *run) withoutTables(st *statement, q ast.Query) *Result {
	if r.s.tx != nil || !r.s.settings.autocommit || st.readsTables.Load() {
		return nil
	}
	tx, err := r.s.e.db.Begin(r.ctx, table.TxOptions{ReadOnly: true, Fresh: table.None, Local: r.s.temporary.rows()})
	if err != nil {
		return nil
	}
	if r.steered(tx) != nil {
		tx.Rollback()
		return nil
	}
	p, err := r.planQuery(st, q, tx)
	if err != nil {
		tx.Rollback()
		return nil
	}
	if plan.ReadsTables(p.Root) {
		st.readsTables.Store(true)
		tx.Rollback()
		return nil
	}
	op, err := r.open(p, tx)
	if err != nil {
		tx.Rollback()
		return nil
	}
	return &Result{columns: p.Columns, op: op, done: func(error) error { tx.Rollback(); return nil }}
}

// open builds and opens the operators of a plan.
func (r *run) open(p *plan.Plan, tx *table.Tx) (exec.Operator, error) {
	r.ec = r.execContext(tx, p.Slots)
	op, err := exec.Build(p.Root, r.ec)
	if err != nil {
		return nil, err
	}
	if err := op.Open(); err != nil {
		return nil, errors.Join(err, op.Close())
	}
	return op, nil
}

func (r *run) execContext(tx *table.Tx, slots int) *exec.Context {
	params := r.params
	if slots > len(params) {
		params = make([]base.Value, slots)
		copy(params, r.params)
	}
	r.tx = tx
	ec := r.exprContext(params)
	ec.Tables = (*infoSource)(r)
	return &exec.Context{Ctx: r.ctx, Expr: ec, Tx: tx, Strict: r.s.settings.strict,
		MemoryLimit: r.s.e.cfg.MemoryLimit, Budget: r.s.e.db.Budget(), TempDir: r.s.e.cfg.TempDir, Rules: r.s.e.tableRules, Locked: r.lockedReader(tx), Key: r.s.e.key, Texts: &r.s.e.texts}
}

// lockedReader returns what FOR UPDATE and FOR SHARE read from; nil outside a transaction.
func (r *run) lockedReader(tx *table.Tx) exec.TxReader {
	if r.s.tx == nil {
		return nil
	}
	return tx.Locked()
}

// readTx returns the transaction a read runs in, and what ends it.
func (r *run) readTx() (*table.Tx, func(error) error, error) {
	if err := r.implicitBegin(); err != nil {
		return nil, nil, err
	}
	if r.s.tx != nil {
		return r.s.tx, func(error) error { return nil }, r.begun(r.s.tx)
	}
	if err := r.mayAsk(); err != nil {
		return nil, nil, err
	}
	tx, err := r.s.e.db.Begin(r.ctx, table.TxOptions{ReadOnly: true, Fresh: r.s.e.freshness(), Since: r.since, Local: r.s.temporary.rows()})
	if err != nil {
		return nil, nil, err
	}
	if err := r.begun(tx); err != nil {
		tx.Rollback()
		return nil, nil, err
	}
	return tx, func(error) error { tx.Rollback(); return nil }, nil
}

// mayAsk asks the budgets that are known whether the statement may begin with a request.
func (r *run) mayAsk() error {
	s, err := r.s.e.resteer(r.ctx)
	if err != nil {
		return err
	}
	return r.budgeted(s, object.GetObject, r.s.e.strong())
}

// begun makes the objects of the catalog that tx sees steer a statement that makes requests.
func (r *run) begun(tx *table.Tx) error {
	if err := r.readOthers(); err != nil {
		return err
	}
	return r.steered(tx)
}

// steered is begun for a statement that makes no request of its own.
func (r *run) steered(tx *table.Tx) error {
	s, err := r.steer(tx)
	if err != nil {
		return err
	}
	r.steering = s
	return r.budgeted(s, 0, false)
}
