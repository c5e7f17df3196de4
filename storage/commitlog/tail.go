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

const (
	tailParallel = 64  // GETs at a time
	tailWindow   = 128 // records held before they are handed on
)

// ReadTail returns the records after from, in order: what a cold open applies on top of a checkpoint.
//
// Everything that existed when it was called is in the result. from need not exist. A zero db takes the records of any
// database: for a caller that reads the identity meanwhile, and compares Record.DB itself.
// Cost: one LIST per 1,000 records and one GET a record, 64 at a time: two round trips for the tail that checkpoints leave.
// Errors: kind Unavailable; kind Corrupt, with the key; Fenced when records after from have been cleaned up (a newer
// checkpoint holds them); ctx.Err().
func ReadTail(ctx context.Context, store object.Store, db ID, from uint64) ([]*Record, error) {
	var recs []*Record
	t := tail{store: store, codec: NewCodec(), db: db, timeout: 20 * time.Second}
	err := t.each(ctx, from, func(r *Record) error {
		recs = append(recs, r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return recs, nil
}

// tail reads runs of records in parallel.
type tail struct {
	store   object.Store
	codec   *Codec
	db      ID
	timeout time.Duration // of one GET
}

// each calls f with every record after from, in order.
func (t tail) each(ctx context.Context, from uint64, f func(*Record) error) error {
	window := make([]uint64, 0, tailWindow)
	next := from + 1
	for info, err := range t.store.List(ctx, Prefix, Key(from)) {
		if err != nil {
			return err
		}
		seq, ok := ParseKey(info.Key)
		if !ok {
			return base.Corruptf(info.Key, "foreign object among the commit records")
		}
		if seq > next {
			if err := t.gap(ctx, from, next, seq); err != nil {
				return err
			}
		}
		for ; next <= seq; next++ {
			if window = append(window, next); len(window) == tailWindow {
				if err := t.flush(ctx, window, f); err != nil {
					return err
				}
				window = window[:0]
			}
		}
	}
	return t.flush(ctx, window, f)
}

// gap tells what it means that a listing goes from before next to seq. A listing is no snapshot: of two records that are
// created meanwhile it may show the later one alone (the dir store's does, and S3 promises no more). So the store is asked
// for the record itself; it is an error only if that is not there.
func (t tail) gap(ctx context.Context, from, next, seq uint64) error {
	_, err := fetch(ctx, t.store, t.codec, t.db, next, t.timeout)
	switch {
	case !errors.Is(err, object.ErrNotFound):
		return err
	case next == from+1:
		return base.Errorf(errno.Fenced, "the log goes on at record %d, the records after %d have been cleaned up; open the database again",
			seq, from)
	}
	return base.Corruptf(Key(next), "commit record is missing, the log goes on at record %d", seq)
}

func (t tail) flush(ctx context.Context, seqs []uint64, f func(*Record) error) error {
	recs := make([]*Record, len(seqs))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(tailParallel)
	for i, seq := range seqs {
		g.Go(func() (err error) {
			recs[i], err = fetch(gctx, t.store, t.codec, t.db, seq, t.timeout)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, r := range recs {
		if err := f(r); err != nil {
			return err
		}
	}
	return nil
}
