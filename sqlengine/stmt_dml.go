package sqlengine

import (
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// mutate plans and runs an INSERT, REPLACE, UPDATE or DELETE.
func (r *run) mutate(st *statement, tx *table.Tx) (*Result, error) {
	m, err := r.planMutation(st, tx)
	if err != nil {
		return nil, err
	}
	ec := r.mutationContext(tx, m)
	var out exec.Outcome
	var ret *plan.Returning
	res := &Result{}
	switch n := m.Stmt.(type) {
	case *plan.Insert:
		if out, err = exec.Insert(ec, tx, n); len(n.Rows) != 1 {
			res.Info = insertInfo(out, r.s.warningCount)
		}
		ret = n.Returning
	case *plan.Update:
		out, err = exec.Update(ec, tx, n)
		res.Info = updateInfo(out, r.s.warningCount)
		ret = n.Returning
	case *plan.Delete:
		out, err = exec.Delete(ec, tx, n)
		ret = n.Returning
	case *plan.MultiUpdate:
		out, err = exec.MultiUpdate(ec, tx, n)
		res.Info = updateInfo(out, r.s.warningCount)
	case *plan.MultiDelete:
		out, err = exec.MultiDelete(ec, tx, n)
	}
	if err != nil {
		return nil, err
	}
	res.AffectedRows, res.LastInsertID = out.Affected, out.LastInsertID
	switch {
	case out.Generated != 0:
		r.s.lastInsertID = out.Generated
	case r.setID: // LAST_INSERT_ID(expr)
		res.LastInsertID = r.s.lastInsertID
	}
	if ret != nil {
		res.changes, res.columns, res.op = true, ret.Out, exec.FromRows(ret.Out, out.Returned)
	}
	return res, nil
}

// mutationContext is the context that a statement which changes rows runs in.
func (r *run) mutationContext(tx *table.Tx, m *plan.Mutation) *exec.Context {
	ec := r.execContext(tx, m.Slots)
	ec.ZeroIsValue = r.s.settings.zeroIsValue
	ec.Expr.DivByZeroError = r.s.settings.strict && r.s.settings.divByZero && !ignores(m.Stmt)
	ec.Catalog, ec.NoForeignKeys = m.Catalog, !r.s.foreignKeyChecks()
	ec.Audit = r.told
	ec.Aging = r.s.noteAging
	return ec
}

// ignores reports whether a statement turns errors of single rows into warnings.
func ignores(stmt any) bool {
	switch n := stmt.(type) {
	case *plan.Insert:
		return n.Ignore
	case *plan.Update:
		return n.Ignore
	case *plan.Delete:
		return n.Ignore
	case *plan.MultiUpdate:
		return n.Ignore
	case *plan.MultiDelete:
		return n.Ignore
	case *plan.Load:
		return n.Insert.Ignore
	}
	return false
}
