package sqlengine

import (
	"errors"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/table"
)

// commitTx commits the explicit transaction as a part of the statement.
func (r *run) commitTx() error { return r.s.commitTx(r.ctx, r.meter) }

// implicitBegin starts a transaction when autocommit is off.
func (r *run) implicitBegin() error {
	if r.s.tx != nil || r.s.settings.autocommit {
		return nil
	}
	if err := r.mayAsk(); err != nil {
		return err
	}
	return r.s.begin(r.ctx, TxOptions{})
}

// write runs a statement that changes data: in the open transaction, undone as a whole when it fails, or in one of its
// own, run again when it loses to another.
func (r *run) write(fn func(*table.Tx) (*Result, error)) (*Result, error) {
	if err := r.implicitBegin(); err != nil {
		return nil, err
	}
	if r.s.tx == nil {
		return r.autocommit(fn)
	}
	if err := r.begun(r.s.tx); err != nil {
		return nil, err
	}
	sp, tables, mark := r.s.tx.Savepoint(), r.s.temporary, r.s.noted.mark()
	res, err := fn(r.s.tx)
	if err != nil {
		r.s.noted.cut(mark)
		r.s.temporary.restore(tables)
		return nil, errors.Join(err, r.s.tx.RollbackTo(sp))
	}
	return res, nil
}

// An autocommit statement that has lost aloneAfter times, and takes so long that it would lose again, has the commits of its process
// wait for it: CREATE INDEX, or an INSERT of many rows, beside many small ones.
const (
	aloneAfter = 2
	aloneTakes = 100 * time.Millisecond
)

// autocommit runs fn in a transaction of its own. The snapshot is not proved current first: the commit proves what the
// statement read, and a statement that wrote nothing asks the store before it answers.
func (r *run) autocommit(fn func(*table.Tx) (*Result, error)) (*Result, error) {
	serializable := r.s.settings.isolation == "SERIALIZABLE"
	fresh, alone := table.None, false
	for try := 0; ; try++ {
		if try == 2 { // after a wait the state is old again, and a statement that runs on it loses for certain
			fresh = table.Strong
		}
		if try >= aloneAfter && !alone && r.took >= aloneTakes {
			release, err := r.s.e.db.Alone(r.ctx)
			if err != nil {
				return nil, err
			}
			defer release()
			alone = true
		}
		tx, err := r.s.e.db.Begin(r.ctx, table.TxOptions{ReadOnly: r.s.settings.readOnly, Serializable: serializable,
			Fresh: fresh, TrackReads: r.s.e.strong(), Local: r.s.temporary.rows(), Alone: alone})
		if err != nil {
			return nil, err
		}
		tables := r.s.temporary
		r.s.aging, r.s.noted = nil, noted{}
		var res *Result
		if err = r.begun(tx); err == nil {
			res, err = r.attempt(tx, fn)
		}
		tx.Rollback()
		if err != nil {
			r.s.temporary.restore(tables)
			r.s.noted = noted{}
		}
		if err == nil || base.KindOf(err) != base.KindConflict || try >= r.s.e.cfg.ConflictRetries {
			return res, err
		}
		r.s.clearWarnings()
		if err := r.backoff(try); err != nil {
			return nil, err
		}
	}
}

// attempt runs and commits one try of an autocommit statement.
func (r *run) attempt(tx *table.Tx, fn func(*table.Tx) (*Result, error)) (*Result, error) {
	began, version := r.s.e.cfg.Clock.Now(), tx.Version(catalog.DescriptorTable)
	res, err := fn(tx)
	r.took = r.s.e.cfg.Clock.Now().Sub(began)
	if tx.Changed() && err == nil {
		return res, r.s.commit(r.ctx, tx, r.meter)
	}
	if tx.WroteLocal() && err == nil {
		if r.s.e.strong() {
			if err := tx.ProveFresh(r.ctx); err != nil {
				return nil, err
			}
		}
		_, err = tx.Commit(r.ctx) // keeps the rows of temporary tables; makes no record
		return res, err
	}
	if !r.s.e.strong() || err != nil && base.KindOf(err) != base.KindInvalid {
		return res, err
	}
	// Nothing was written: the answer, be it an error such as a duplicate key, is a read and has to be current.
	if perr := tx.ProveFresh(r.ctx); perr != nil {
		return nil, perr
	}
	if version != r.s.e.db.Version(catalog.DescriptorTable) { // a catalog that was known already is no read
		return nil, base.Errorf(errno.Deadlock, "the definitions of tables have changed since the statement read them; run it again")
	}
	return res, err
}

// backoff waits before a lost statement runs again: at once the first time, then randomly up to 1, 2, 4, … 64 ms.
func (r *run) backoff(try int) error {
	if try == 0 {
		return r.ctx.Err()
	}
	limit := time.Millisecond << min(try, 6)
	if !r.s.e.cfg.Clock.Sleep(r.s.e.jitter(limit), r.ctx.Done()) {
		return r.ctx.Err()
	}
	return nil
}
