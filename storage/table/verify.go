package table

import (
	"context"
	"errors"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/cache"
	"github.com/s3sql/s3sql/storage/segment"
)

// VerifySegments reads every segment of a table whole, one after the other, and calls report with what is wrong with it: bytes that
// differ from its description, keys out of order, indexes that do not fit, rows said to be gone that it does not have.
//
// Cost: a GET for each segment and 8 MiB of it, and two for its footer and filters: caches are passed by.
// Errors: those of the store but Corrupt, which report gets; ctx.Err().
func (tx *Tx) VerifySegments(ctx context.Context, table uint32, report func(error)) error {
	v := tx.table(table)
	if o := tx.own[table]; o != nil {
		v = o.base
	}
	direct, err := cache.New(tx.db.store, cache.Options{Budget: tx.db.files.budget}) // what is in the store is to be seen
	if err != nil {
		return err
	}
	for _, g := range v.segs.all() {
		err := verify(ctx, source{&files{cache: direct, missing: tx.db.files.missing}, g}, g)
		if errors.Is(err, base.ErrCorrupt) {
			report(err)
		} else if err != nil {
			return errors.Join(err, direct.Close(ctx))
		}
	}
	return direct.Close(ctx)
}

func verify(ctx context.Context, src source, g *seg) error {
	if g.dead != nil && !g.dead.IsEmpty() && int64(g.dead.Maximum()) >= int64(g.meta.Rows) {
		return base.Corruptf(g.key(), "row %d is said to be gone of %d rows (offset 0)", g.dead.Maximum(), g.meta.Rows)
	}
	r, err := segment.Open(ctx, src, g.key(), g.meta, nil)
	if err != nil {
		return err
	}
	return r.Verify(ctx)
}
