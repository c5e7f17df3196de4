package commitlog

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/object"
)

// Scan calls f with the records in (from, to] that are in the store, and the size of each in bytes, in order. The oldest of them may
// have been cleaned up.
// Cost: one LIST per 1,000 records and one GET a record, 64 at a time.
// Errors: kind Unavailable; kind Corrupt, with the key; what f returns; ctx.Err().
func Scan(ctx context.Context, store object.Store, db ID, from, to uint64, f func(r *Record, bytes int64) error) error {
	t := tail{store: store, codec: NewCodec(), db: db, timeout: 20 * time.Second}
	var window []object.Info
	next := uint64(0) // 0: none was seen
	for info, err := range store.List(ctx, Prefix, Key(from)) {
		if err != nil {
			return err
		}
		seq, ok := ParseKey(info.Key)
		switch {
		case !ok:
			return base.Corruptf(info.Key, "foreign object among the commit records")
		case seq > to:
			return t.scan(ctx, window, f)
		case next > 0 && seq > next:
			return base.Corruptf(Key(next), "commit record is missing, the log goes on at record %d", seq)
		}
		next = seq + 1
		if window = append(window, info); len(window) == tailWindow {
			if err := t.scan(ctx, window, f); err != nil {
				return err
			}
			window = window[:0]
		}
	}
	return t.scan(ctx, window, f)
}

// scan hands on the records of a window. One that has been cleaned up since it was listed is left out.
func (t tail) scan(ctx context.Context, window []object.Info, f func(r *Record, bytes int64) error) error {
	recs := make([]*Record, len(window))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(tailParallel)
	for i, info := range window {
		g.Go(func() error {
			seq, _ := ParseKey(info.Key)
			rec, err := fetch(gctx, t.store, t.codec, t.db, seq, t.timeout)
			if errors.Is(err, object.ErrNotFound) {
				return nil
			}
			recs[i] = rec
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, r := range recs {
		if r == nil {
			continue
		}
		if err := f(r, window[i].Size); err != nil {
			return err
		}
	}
	return nil
}

// ReadRange returns the records in (from, to], all of which exist or have existed.
// Cost: one GET a record, 64 at a time.
// Errors: Fenced when one has been cleaned up; kind Unavailable; kind Corrupt, with the key; ctx.Err().
func ReadRange(ctx context.Context, store object.Store, db ID, from, to uint64) ([]*Record, error) {
	recs := make([]*Record, to-from)
	codec := NewCodec()
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(tailParallel)
	for i := range recs {
		g.Go(func() (err error) {
			seq := from + 1 + uint64(i)
			recs[i], err = fetch(gctx, store, codec, db, seq, 20*time.Second)
			if errors.Is(err, object.ErrNotFound) {
				return base.Errorf(errno.Fenced, "commit record %d has been cleaned up", seq)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return recs, nil
}
