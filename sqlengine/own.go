package sqlengine

import (
	"context"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/table"
)

// ownRun is a statement of the engine's own, in a session that nobody sees.
func (e *Engine) ownRun(ctx context.Context) *run {
	s := e.newSession(0)
	s.owner, s.internal = true, true
	return &run{s: s, ctx: ctx, start: e.now()}
}

// inTx runs fn in a transaction of the engine's own.
func (e *Engine) inTx(ctx context.Context, fn func(s *Session) error) error {
	s := e.NewSession()
	defer s.Close()
	s.owner, s.internal = true, true
	if err := s.begin(ctx, TxOptions{}); err != nil {
		return err
	}
	if err := fn(s); err != nil {
		_ = s.Rollback(ctx) // err says why
		return err
	}
	return s.commitTx(ctx, nil)
}

// readStored calls fn with rows of a stored system table as of the newest commit that this process knows.
func (e *Engine) readStored(ctx context.Context, name, where string, fn func(row []base.Value) error) error {
	tx, err := e.db.Begin(ctx, table.TxOptions{ReadOnly: true, Fresh: table.None})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	r := e.ownRun(ctx)
	r.tx = tx
	return (*infoSource)(r).stored(name, where, fn)
}
