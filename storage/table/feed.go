package table

import (
	"context"
	"errors"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/commitlog"
	"github.com/s3sql/s3sql/storage/manifest"
)

// Feed hands out the commits of a database after a position, each once and in order, with the states of the tables before and after it: the
// log as the source of changes. Whoever remembers the position of the last commit goes on from there, in whatever process. It is for
// one goroutine.
type Feed struct {
	db     *DB
	st     *state              // after the last commit that was handed out
	held   uint64              // the state before it, which garbage collection has to leave whole
	read   []*commitlog.Record // that follow it, read from the store
	closed bool
}

// feedReads is how many records a feed reads from the store at a time.
const feedReads = 64

// OpenFeed returns a feed of the commits after seq.
// Cost: none at the newest commit that this process knows; else a LIST, the newest checkpoint up to seq, and a GET for each record between
// that and seq.
// Errors: Fenced (seq is older than the retention, or of another database: what has happened since cannot be told any more), Corrupt,
// those of the store, Closed, ctx.Err().
func (db *DB) OpenFeed(ctx context.Context, seq uint64) (*Feed, error) {
	if db.closed.Load() {
		return nil, errClosed()
	}
	f := &Feed{db: db, held: seq}
	db.recent.open()
	// Held before it is asked for: garbage collection has to leave the segments that it has.
	db.readers.hold(seq)
	var err error
	if f.st, err = db.stateAt(ctx, seq); err != nil {
		db.readers.end(seq)
		db.recent.close()
		return nil, err
	}
	return f, nil
}

// Seq returns the number of the last commit that was handed out.
func (f *Feed) Seq() uint64 { return f.st.seq }

// Close lets go of the feed.
func (f *Feed) Close() {
	if !f.closed {
		f.closed = true
		f.db.readers.end(f.held)
		f.db.recent.close()
	}
}

// Tx returns a transaction that reads the tables as they are after the last commit that was handed out, for as long as no further one
// is. It needs no end.
func (f *Feed) Tx() *Tx { return f.db.at(f.st) }

// Next returns the next commit; nil when this process knows none. What it says is valid until the call after.
// Cost: none for a commit that this process has made or heard of while the feed was open, within the last ones; else a GET.
// Errors: Fenced (the commit is older than the retention), Corrupt, those of the store, Closed, ctx.Err().
func (f *Feed) Next(ctx context.Context) (*FeedCommit, error) {
	if f.closed || f.db.closed.Load() {
		return nil, errClosed()
	}
	seq := f.st.seq + 1
	if head := f.db.Head(); seq > head {
		return nil, ctx.Err()
	}
	c := &FeedCommit{db: f.db, before: f.st}
	if r, ok := f.db.recent.at(seq); ok {
		c.rec, c.after = r.rec, r.after
	} else {
		rec, err := f.record(ctx, seq)
		if err != nil {
			return nil, err
		}
		if c.after, err = f.st.apply(rec, f.db.opts.limits); err != nil {
			return nil, err
		}
		c.rec = rec
	}
	f.db.readers.hold(f.st.seq)
	f.db.readers.end(f.held)
	f.held, f.st = f.st.seq, c.after
	return c, nil
}

// record reads a record from the store.
func (f *Feed) record(ctx context.Context, seq uint64) (*commitlog.Record, error) {
	for len(f.read) > 0 && f.read[0].Seq < seq {
		f.read = f.read[1:]
	}
	if len(f.read) == 0 || f.read[0].Seq != seq {
		recs, err := commitlog.ReadRange(ctx, f.db.store, f.db.id, seq-1, min(f.db.Head(), seq-1+feedReads))
		if err != nil {
			return nil, err
		}
		f.read = recs
	}
	return f.read[0], nil
}

// at returns a transaction that reads a state and that nothing counts.
func (db *DB) at(st *state) *Tx {
	return &Tx{db: db, st: st, opts: TxOptions{ReadOnly: true}, done: true}
}

// stateAt returns the state after a commit.
func (db *DB) stateAt(ctx context.Context, seq uint64) (*state, error) {
	now := db.state.Load()
	if seq == now.seq {
		return now, nil
	}
	if r, ok := db.recent.at(seq); ok {
		return r.after, nil
	}
	if seq > now.seq {
		return nil, base.Errorf(errno.Fenced, "there is no commit %d; the newest is %d", seq, now.seq)
	}
	var from uint64
	for info, err := range db.store.List(ctx, manifest.Prefix, "") {
		if err != nil {
			return nil, err
		}
		if s, ok := manifest.ParseKey(info.Key); ok && s <= seq {
			from = max(from, s)
		}
	}
	o := opener{store: db.store, opts: db.opts, db: db}
	var err error
	if from == 0 {
		o.st, err = newState(nil, db.opts.limits)
	} else {
		_, err = o.load(ctx, from, db.UUID())
	}
	for st := o.st; err == nil; {
		if st.seq == seq {
			return st, nil
		}
		var recs []*commitlog.Record
		recs, err = commitlog.ReadRange(ctx, db.store, db.id, st.seq, min(seq, st.seq+feedReads))
		for i := 0; i < len(recs) && err == nil; i++ {
			st, err = st.apply(recs[i], db.opts.limits)
		}
	}
	if errors.Is(err, base.ErrFenced) {
		return nil, base.Errorf(errno.Fenced, "what has changed since commit %d cannot be told any more: commits that old have been cleaned up", seq)
	}
	return nil, err
}

// Applied returns a channel that is closed when the next commit becomes known, by whatever process it was made. Whoever looks for commits
// asks for it first.
func (db *DB) Applied() <-chan struct{} {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.mu.applied == nil {
		db.mu.applied = make(chan struct{})
	}
	return db.mu.applied
}

// noteAppliedLocked wakes those who wait.
func (db *DB) noteAppliedLocked() {
	if db.mu.applied != nil {
		close(db.mu.applied)
		db.mu.applied = nil
	}
}

// Refresh makes every commit known that ended before since, or before the call if that is zero.
// Cost: none when they are known to be, else one GET, shared, and those of what is new.
// Errors: Closed, those of the store, ctx.Err().
func (db *DB) Refresh(ctx context.Context, since time.Time) error {
	return db.refresh(ctx, Strong, since)
}
