package driver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// Conn is one connection: a session on the engine that all connections of a Connector share. database/sql uses it from
// one goroutine at a time. Programs meet it only inside sql.Conn.Raw, for LastStats.
//
// The first statement on any connection of a Connector opens the database, not Connect: only so the state that was read to
// open it is known to be as fresh as the statement asks for.
type Conn struct {
	connector *Connector
	sess      session // nil until the first statement
	format    format
	closed    bool
}

var (
	_ driver.Conn               = (*Conn)(nil)
	_ driver.Pinger             = (*Conn)(nil)
	_ driver.ExecerContext      = (*Conn)(nil)
	_ driver.QueryerContext     = (*Conn)(nil)
	_ driver.ConnPrepareContext = (*Conn)(nil)
	_ driver.ConnBeginTx        = (*Conn)(nil)
	_ driver.SessionResetter    = (*Conn)(nil)
	_ driver.Validator          = (*Conn)(nil)
	_ driver.NamedValueChecker  = (*Conn)(nil)
)

func newConn(c *Connector) *Conn { return &Conn{connector: c, format: c.format} }

// session returns the connection's session, and opens the database for it if that has not been done. For a statement or a
// transaction, asking is set: what it takes to open the database is then a proof of freshness for it.
func (c *Conn) session(ctx context.Context, asking bool) (session, error) {
	if err := c.ready(ctx); err != nil {
		return nil, err
	}
	if c.sess != nil {
		return c.sess, nil
	}
	began := c.connector.parts.clock.Now()
	eng, err := c.connector.engine(ctx)
	if err != nil {
		return nil, failure(ctx, err)
	}
	c.sess = eng.newSession()
	if asking {
		c.sess.began(began)
	}
	return c.sess, nil
}

func (c *Conn) ready(ctx context.Context) error {
	if c.closed {
		return convertError(base.Errorf(errno.Closed, "the connection is closed"))
	}
	return ctx.Err()
}

// Ping asks the store whether the database is there, and opens it if that has not been done.
//
// Cost: one GET.
func (c *Conn) Ping(ctx context.Context) error {
	if err := c.ready(ctx); err != nil {
		return err
	}
	eng := c.connector.current()
	if eng == nil { // opening it is answer enough
		_, err := c.connector.engine(ctx)
		return failure(ctx, err)
	}
	return failure(ctx, eng.ping(ctx))
}

// ExecContext runs one statement or several and returns the counts of the last. Rows are produced and dropped.
func (c *Conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	sess, err := c.session(ctx, true)
	if err != nil {
		return nil, err
	}
	values, err := c.format.args(args)
	if err != nil {
		return nil, err
	}
	r, err := sess.exec(ctx, query, values)
	if err != nil {
		return nil, failure(ctx, err)
	}
	return drain(ctx, r)
}

// QueryContext runs one statement or several and returns the rows of the first that has some; the others follow by
// NextResultSet.
func (c *Conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	sess, err := c.session(ctx, true)
	if err != nil {
		return nil, err
	}
	values, err := c.format.args(args)
	if err != nil {
		return nil, err
	}
	r, err := sess.exec(ctx, query, values)
	if err != nil {
		return nil, failure(ctx, err)
	}
	return newRows(ctx, r, c.format)
}

// PrepareContext parses a statement once for many executions.
//
// Cost: no request.
func (c *Conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	sess, err := c.session(ctx, false)
	if err != nil {
		return nil, err
	}
	st, err := sess.prepare(ctx, query)
	if err != nil {
		return nil, failure(ctx, err)
	}
	return &stmt{conn: c, st: st}, nil
}

// Prepare is PrepareContext without a context.
func (c *Conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// Begin starts a transaction with the default options.
func (c *Conn) Begin() (driver.Tx, error) { return c.BeginTx(context.Background(), driver.TxOptions{}) }

// BeginTx starts a transaction. Read uncommitted, read committed, repeatable read and snapshot run as snapshot
// isolation, which is at least as strict as each; serializable is serializable; linearizable and write committed are
// refused, because transactions here are not ordered by real time across processes.
//
// Cost: one GET under consistency strong; none or one under bounded.
func (c *Conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if err := c.ready(ctx); err != nil {
		return nil, err
	}
	to := txOptions{readOnly: o.ReadOnly}
	switch level := sql.IsolationLevel(o.Isolation); level {
	case sql.LevelDefault:
	case sql.LevelReadUncommitted, sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSnapshot:
		to.isolation = "SNAPSHOT"
	case sql.LevelSerializable:
		to.isolation = "SERIALIZABLE"
	default:
		return nil, convertError(base.Errorf(errno.NotSupported, "isolation level %s is not supported; the strictest is Serializable", level))
	}
	sess, err := c.session(ctx, true)
	if err != nil {
		return nil, err
	}
	if err := sess.begin(ctx, to); err != nil {
		return nil, failure(ctx, err)
	}
	return &tx{conn: c, ctx: ctx}, nil
}

// ResetSession makes a pooled connection like new.
func (c *Conn) ResetSession(ctx context.Context) error {
	if c.closed {
		return driver.ErrBadConn // nothing of the next user's has been done
	}
	if c.sess != nil && c.sess.reset(ctx) != nil {
		return driver.ErrBadConn
	}
	return nil
}

// IsValid reports whether the pool may keep the connection. There is no wire that could break: only Close and KILL end it.
func (c *Conn) IsValid() bool { return !c.closed && (c.sess == nil || !c.sess.killed()) }

// Close rolls back an open transaction and ends the session.
func (c *Conn) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	if c.sess == nil {
		return nil
	}
	return convertError(c.sess.close())
}

// LastStats returns what the last statement of this connection has cost.
func (c *Conn) LastStats() Stats {
	if c.sess == nil {
		return Stats{}
	}
	return c.sess.lastStats()
}

// stmt is a prepared statement.
type stmt struct {
	conn   *Conn
	st     statement
	closed bool
}

var (
	_ driver.StmtExecContext   = (*stmt)(nil)
	_ driver.StmtQueryContext  = (*stmt)(nil)
	_ driver.NamedValueChecker = (*stmt)(nil)
)

func (s *stmt) NumInput() int { return s.st.numParams() }

func (s *stmt) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	return convertError(s.st.close())
}

func (s *stmt) CheckNamedValue(nv *driver.NamedValue) error { return s.conn.CheckNamedValue(nv) }

func (s *stmt) run(ctx context.Context, args []driver.NamedValue) (result, error) {
	if err := s.conn.ready(ctx); err != nil {
		return nil, err
	}
	if s.closed {
		return nil, convertError(base.Errorf(errno.Closed, "the statement is closed"))
	}
	values, err := s.conn.format.args(args)
	if err != nil {
		return nil, err
	}
	r, err := s.st.exec(ctx, values)
	return r, failure(ctx, err)
}

func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	r, err := s.run(ctx, args)
	if err != nil {
		return nil, err
	}
	return drain(ctx, r)
}

func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	r, err := s.run(ctx, args)
	if err != nil {
		return nil, err
	}
	return newRows(ctx, r, s.conn.format)
}

// Exec is ExecContext without a context.
func (s *stmt) Exec(args []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), positional(args))
}

// Query is QueryContext without a context.
func (s *stmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), positional(args))
}

func positional(args []driver.Value) []driver.NamedValue {
	named := make([]driver.NamedValue, len(args))
	for i, v := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return named
}

// tx is the transaction that BeginTx opened. Its commit runs under the context of BeginTx, whose end rolls it back.
type tx struct {
	conn *Conn
	ctx  context.Context
}

func (t *tx) Commit() error {
	if err := t.conn.ready(context.Background()); err != nil {
		return err
	}
	return failure(t.ctx, t.conn.sess.commit(t.ctx))
}

// rollbackTimeout bounds a rollback, which sends nothing; it runs even when the transaction's context has ended.
const rollbackTimeout = 10 * time.Second

func (t *tx) Rollback() error {
	if t.conn.closed {
		return nil // Close rolled back
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), rollbackTimeout)
	defer cancel()
	return failure(ctx, t.conn.sess.rollback(ctx))
}

// counts is a sql.Result.
type counts struct{ affected, lastID uint64 }

func (c counts) LastInsertId() (int64, error) {
	if int64(c.lastID) < 0 {
		return 0, convertError(base.Errorf(errno.OutOfRange, "the generated id %d does not fit into int64; read it with SELECT LAST_INSERT_ID()", c.lastID))
	}
	return int64(c.lastID), nil
}

func (c counts) RowsAffected() (int64, error) { return int64(c.affected), nil }

// drain runs a result and those after it to their end and returns the counts of the last.
func drain(ctx context.Context, r result) (driver.Result, error) {
	var last counts
	for r != nil {
		for hasRows := r.columns() != nil; hasRows; {
			b, err := r.next(ctx)
			if err != nil {
				return nil, failure(ctx, closeAfter(r, err))
			}
			if b == nil {
				break
			}
		}
		last.affected, last.lastID = r.counts()
		if !r.more() {
			return last, failure(ctx, r.close())
		}
		next, err := r.nextResult(ctx)
		if err != nil {
			return nil, failure(ctx, err)
		}
		r = next
	}
	return last, nil
}

// closeAfter closes r after err and returns err, with what closing added to it.
func closeAfter(r result, err error) error {
	if cerr := r.close(); cerr != nil && cerr.Error() != err.Error() {
		return fmt.Errorf("%w (and closing the result: %w)", err, cerr)
	}
	return err
}
