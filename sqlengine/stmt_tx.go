package sqlengine

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// beginStmt is BEGIN and START TRANSACTION: an open transaction is committed first, as in MySQL.
func (r *run) beginStmt(n *ast.Begin) (*Result, error) {
	if err := r.mayAsk(); err != nil {
		return nil, err
	}
	if err := r.commitTx(); err != nil {
		return nil, err
	}
	r.s.locked = false
	if n.ReadWrite && r.s.settings.readOnly {
		return nil, base.Errorf(errno.ReadOnlyTx, "Cannot start a READ WRITE transaction: the session is read-only")
	}
	return &Result{}, r.s.begin(r.ctx, TxOptions{ReadOnly: n.ReadOnly})
}

// chain starts the next transaction after COMMIT AND CHAIN.
func (r *run) chain(again bool) (*Result, error) {
	if !again {
		return &Result{}, nil
	}
	return &Result{}, r.s.begin(r.ctx, TxOptions{})
}

func (r *run) rollbackStmt(n *ast.Rollback) (*Result, error) {
	if n.To == "" {
		if err := r.s.Rollback(r.ctx); err != nil {
			return nil, err
		}
		return r.chain(n.Chain)
	}
	i := r.s.savepointIndex(n.To)
	if i < 0 {
		return nil, base.Errorf(errno.SavepointMissing, "SAVEPOINT %s does not exist", n.To)
	}
	r.s.noted.cut(r.s.savepoints[i].noted)
	if err := r.s.tx.RollbackTo(r.s.savepoints[i].at); err != nil {
		return nil, err
	}
	r.s.savepoints = r.s.savepoints[:i+1]
	return &Result{}, nil
}

// savepoint is SAVEPOINT, which replaces one of the same name, and RELEASE SAVEPOINT.
func (r *run) savepoint(n *ast.Savepoint) (*Result, error) {
	i := r.s.savepointIndex(n.Name)
	if n.Release {
		if i < 0 {
			return nil, base.Errorf(errno.SavepointMissing, "SAVEPOINT %s does not exist", n.Name)
		}
		r.s.savepoints = r.s.savepoints[:i]
		return &Result{}, nil
	}
	if r.s.tx == nil {
		return &Result{}, nil // each statement is its own transaction: nothing to return to
	}
	if i >= 0 {
		r.s.savepoints = append(r.s.savepoints[:i], r.s.savepoints[i+1:]...)
	}
	r.s.savepoints = append(r.s.savepoints, savepoint{name: n.Name, at: r.s.tx.Savepoint(), noted: r.s.noted.mark()})
	return &Result{}, nil
}

func (r *run) setTransaction(n *ast.SetTransaction) (*Result, error) {
	if strings.EqualFold(n.Scope, "GLOBAL") {
		return nil, base.Errorf(errno.NotSupported, "SET GLOBAL TRANSACTION is not supported: give isolation in the DSN")
	}
	iso := ""
	switch n.Isolation {
	case "":
	case "SERIALIZABLE":
		iso = "SERIALIZABLE"
	default: // READ UNCOMMITTED, READ COMMITTED and REPEATABLE READ run as snapshot isolation, which is stricter
		iso = "SNAPSHOT"
	}
	if strings.EqualFold(n.Scope, "SESSION") {
		if iso != "" {
			r.s.settings.isolation = iso
		}
		if n.Access != "" {
			r.s.settings.readOnly = n.Access == "READ ONLY"
		}
		return &Result{}, nil
	}
	if r.s.tx != nil {
		return nil, base.Errorf(errno.TxInProgress, "Transaction characteristics can't be changed while a transaction is in progress")
	}
	if iso != "" {
		r.s.next.isolation = iso
	}
	if n.Access != "" {
		r.s.next.readOnly = n.Access == "READ ONLY"
	}
	return &Result{}, nil
}

// use accepts the database that the connection is on: there is one per DSN.
func (r *run) use(n *ast.Use) (*Result, error) {
	if strings.EqualFold(n.Database, r.s.e.cfg.Database) {
		return &Result{}, nil
	}
	return nil, base.Errorf(errno.BadDB, "Unknown database '%s'; a connection holds one database, '%s'", n.Database, r.s.e.cfg.Database)
}
