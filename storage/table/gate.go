package table

import (
	"context"

	"golang.org/x/sync/semaphore"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// gate lets the commits of this process pass, any number at a time, or one transaction alone: one that takes longer than others
// leave between their commits would lose to one of them each time that it is run again.
type gate struct{ sem *semaphore.Weighted }

// gateWidth is more than there are ever commits at a time.
const gateWidth = 1 << 40

func newGate() gate { return gate{semaphore.NewWeighted(gateWidth)} }

// Alone waits for the commits under way in this process and lets no further one begin until the caller calls release, but those of
// transactions with TxOptions.Alone. Commits of other processes go on. The order is that of asking.
// Errors: ctx.Err().
func (db *DB) Alone(ctx context.Context) (release func(), err error) {
	if err := db.gate.sem.Acquire(ctx, gateWidth); err != nil {
		return nil, err
	}
	return func() { db.gate.sem.Release(gateWidth) }, nil
}

// pass waits until the transaction may commit; leave has to follow.
// Errors: QueryInterrupted (ctx has ended).
func (g *gate) pass(ctx context.Context) error {
	err := g.sem.Acquire(ctx, 1)
	if err == nil {
		return nil
	}
	e := base.Errorf(errno.QueryInterrupted, "the commit was cancelled before it was sent")
	e.Err = err
	return e
}

func (g *gate) leave() { g.sem.Release(1) }
