package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/s3sql/s3sql/plugins/replication"
)

// Position returns the position that is stored.
//
// Cost: one query.
//
// Errors: what the server or the connection says.
func (t *target) Position(ctx context.Context) (string, error) {
	at, err := t.position(ctx)
	return at, t.explain("the position cannot be read", err)
}

func (t *target) position(ctx context.Context) (at string, err error) {
	err = t.pool.QueryRow(ctx, "SELECT position FROM "+quote(t.schema, positions.Name)+" WHERE name = $1", t.source).Scan(&at)
	if errors.Is(err, pgx.ErrNoRows) || sqlState(err) == undefinedTable {
		return "", nil
	}
	return at, err
}

// SetPosition replaces a position by another, in a transaction of its own.
//
// Cost: one transaction; once, the table is made.
//
// Errors: ErrFenced when the position is not from; what the server or the connection says.
func (t *target) SetPosition(ctx context.Context, from, to string) error {
	if done, err := t.settled(ctx, from, to); done || err != nil {
		return t.explain("the position cannot be read", err)
	}
	move := func(tx pgx.Tx) error {
		w := t.writer(tx)
		w.move(from, to)
		return w.flush(ctx)
	}
	err := t.transact(ctx, move)
	if sqlState(err) == undefinedTable {
		if err := t.Prepare(ctx, nil); err != nil {
			return err
		}
		err = t.transact(ctx, move)
	}
	if unknown := (commitFault{}); errors.As(err, &unknown) {
		err = t.settle(ctx, from, to, err)
	}
	return t.explain("the position cannot be moved", err)
}

// move queues the statement that moves the position. It comes first in its transaction: of two processes the second waits here, and
// then finds another position.
func (w *writer) move(from, to string) {
	name := quote(w.schema, positions.Name)
	sql := "UPDATE " + name + " SET position = $2, updated_at = now() WHERE name = $1 AND position = $3"
	args := []any{w.source, to, from}
	if from == "" {
		sql = "INSERT INTO " + name + " AS p (name, position, updated_at) VALUES ($1, $2, now()) ON CONFLICT (name) DO UPDATE SET position = excluded.position, updated_at = now() WHERE p.position = ''"
		args = args[:2]
	}
	w.queue(sql, args...).Exec(func(done pgconn.CommandTag) error {
		if done.RowsAffected() != 1 {
			return replication.ErrFenced
		}
		return nil
	})
}
