package table

import (
	"context"
	"encoding/hex"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/commitlog"
	"github.com/s3sql/s3sql/storage/lease"
	"github.com/s3sql/s3sql/storage/manifest"
	"github.com/s3sql/s3sql/storage/object"
)

// Open opens the database in store, or with Options.Create makes one there. The state it returns with holds every commit
// that ended before Open was called: FreshAt says so, and a statement that opens the database passes the time it began as
// TxOptions.Since.
//
// Cost: three round trips and, for p packs and k records after the newest checkpoint, 3+p+k requests (two GETs, one LIST, p+k
// GETs). A missing, stale or damaged hint costs requests, not correctness.
// Errors: BadDB (no database here, and Create is not set), Corrupt (an object is damaged, foreign or of a newer format;
// names the key; nothing is overwritten), what Certify returns, those of the store, ctx.Err().
func Open(ctx context.Context, store object.Store, opts Options) (*DB, error) {
	opts.EnsureDefaults()
	db := &DB{store: store, opts: opts, gate: newGate(), remaking: make(chan struct{}, 1)}
	db.ckpt.limits = opts.limits
	db.codec = sync.OnceValue(commitlog.NewCodec)
	db.mu.counters = make(map[uint32]*counter)
	db.SetRetention(opts.Retention)
	db.leases = lease.New(store, lease.Options{Clock: opts.Clock, Rand: opts.Rand, Logger: opts.Logger})
	var err error
	if db.files, err = newFiles(store, opts); err != nil {
		return nil, err
	}
	db.files.missing = db.missingSegment
	db.background, db.stop = context.WithCancel(context.WithoutCancel(ctx))
	o := opener{store: store, opts: opts, db: db}
	if err = o.open(ctx); err != nil {
		db.stop()
		return nil, errors.Join(err, db.files.close(ctx))
	}
	return db, nil
}

// Close refuses new transactions, waits for commits and for a checkpoint under way, and lets go of the store. When ctx
// ends first, what is under way is cut off; a commit cut off returns CommitUnknown.
// Errors: ctx.Err(), wrapped.
func (db *DB) Close(ctx context.Context) error {
	if db.closed.Swap(true) {
		return nil
	}
	db.work.close(ctx) // before the log, to which what it does at the moment is still to be written
	err := db.log.Close(ctx)
	defer db.stop()
	db.ckpt.mu.Lock()
	db.ckpt.mu.closed = true
	db.ckpt.mu.Unlock()
	idle := make(chan struct{})
	go func() {
		db.ckpt.tasks.Wait()
		db.work.tasks.Wait()
		close(idle)
	}()
	select {
	case <-idle:
	case <-ctx.Done():
		db.stop()
		<-idle // the store returns as soon as its context ends
		if err == nil {
			err = ctx.Err()
		}
	}
	return errors.Join(err, db.leases.Close(ctx), db.files.close(ctx))
}

// opener is one Open.
type opener struct {
	store object.Store
	opts  Options
	db    *DB

	asked time.Time // before the log was listed
	st    *state
}

func (o *opener) open(ctx context.Context) error {
	hint, damaged, err := o.hint(ctx)
	if err != nil {
		return err
	}
	if damaged {
		return o.fromListing(ctx)
	}
	if hint.Seq > 0 {
		err = o.fromCheckpoint(ctx, hint)
		if errors.Is(err, object.ErrNotFound) || errors.Is(err, base.ErrFenced) {
			// The hint is stale, or checkpoints and records were cleaned up between two of our requests.
			err = o.fromListing(ctx)
		}
	} else {
		err = o.fromStart(ctx)
		if errors.Is(err, base.ErrFenced) {
			err = o.fromListing(ctx)
		}
	}
	return err
}

// hint reads manifest/latest. A missing one is zero; one of a newer format is an error.
func (o *opener) hint(ctx context.Context) (l manifest.Latest, damaged bool, err error) {
	l, o.db.ckpt.mu.tag, err = fetchLatest(ctx, o.store)
	if errors.Is(err, object.ErrNotFound) {
		return manifest.Latest{}, false, nil
	}
	if base.KindOf(err) == base.KindCorrupt && !errors.Is(err, manifest.ErrNewer) {
		o.opts.Logger.Warn("the hint to the newest checkpoint cannot be read; looking for it instead", "error", err)
		return l, true, nil
	}
	return l, false, err
}

// fromCheckpoint reads a checkpoint and, at the same time, the packs and the log after it.
func (o *opener) fromCheckpoint(ctx context.Context, hint manifest.Latest) error {
	id, err := parseUUID(manifest.LatestKey, hint.UUID)
	if err != nil {
		return err
	}
	o.asked = o.opts.Clock.Now()
	var recs, tail []*commitlog.Record
	var size int
	var damaged error
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		size, err = o.load(gctx, hint.Seq, hint.UUID)
		return err
	})
	g.Go(func() (err error) {
		recs, damaged, err = o.packs(gctx, id, hint.Packs)
		return err
	})
	g.Go(func() (err error) {
		tail, err = commitlog.ReadTail(gctx, o.store, id, hint.End())
		return err
	})
	if err := g.Wait(); err != nil {
		return err
	}
	if damaged != nil {
		o.opts.Logger.Warn("a pack of commit records cannot be read; reading the records instead", "error", damaged)
		o.asked, recs = o.opts.Clock.Now(), nil
		hint.Packs, o.db.ckpt.mu.whole = nil, true
		if tail, err = commitlog.ReadTail(ctx, o.store, id, hint.Seq); err != nil {
			return err
		}
	}
	hint.Bytes = size
	o.db.ckpt.mu.hint = hint
	return o.start(id, append(recs, tail...))
}

// fromStart opens a database without a checkpoint: its identity and, at the same time, the log from its beginning.
func (o *opener) fromStart(ctx context.Context) error {
	o.asked = o.opts.Clock.Now()
	var tail []*commitlog.Record
	var id manifest.Identity
	var missing bool
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		id, err = o.identity(gctx)
		if errors.Is(err, object.ErrNotFound) {
			missing, err = true, nil
		}
		return err
	})
	g.Go(func() (err error) {
		tail, err = commitlog.ReadTail(gctx, o.store, commitlog.ID{}, 0)
		return err
	})
	if err := g.Wait(); err != nil {
		return err
	}
	var err error
	switch {
	case missing && len(tail) > 0:
		// The identity is written before any record: a creator that came between our two requests has made it by now.
		if id, err = o.identity(ctx); errors.Is(err, object.ErrNotFound) {
			return base.Corruptf(manifest.IdentityKey, "it is missing although there are commit records: the prefix holds a damaged database")
		}
	case missing:
		id, err = o.create(ctx)
		o.asked = time.Time{} // another creator may have committed since
	}
	if err != nil {
		return err
	}
	uuid, err := parseUUID(manifest.IdentityKey, id.UUID)
	if err != nil {
		return err
	}
	if o.st, err = newState(nil, o.opts.limits); err != nil {
		return err
	}
	return o.start(uuid, tail)
}

// fromListing opens without a usable hint and without the whole log: by the newest checkpoint that is there.
func (o *opener) fromListing(ctx context.Context) error {
	id, err := o.identity(ctx)
	if err != nil {
		return err
	}
	newest := uint64(0)
	for info, err := range o.store.List(ctx, manifest.Prefix, "") {
		if err != nil {
			return err
		}
		if seq, ok := manifest.ParseKey(info.Key); ok {
			newest = max(newest, seq)
		}
	}
	if newest == 0 {
		return o.fromStart(ctx)
	}
	return o.fromCheckpoint(ctx, manifest.Latest{UUID: id.UUID, Seq: newest})
}

func (o *opener) identity(ctx context.Context) (manifest.Identity, error) {
	obj, err := o.store.Get(ctx, manifest.IdentityKey)
	if err != nil {
		return manifest.Identity{}, err
	}
	return manifest.DecodeIdentity(obj.Data)
}

// create writes the identity of a new database. Of several creators one wins; the others take the winner's.
func (o *opener) create(ctx context.Context) (id manifest.Identity, err error) {
	if !o.opts.Create || o.opts.ReadOnly {
		return id, base.Errorf(errno.BadDB, "there is no s3sql database here (and creating one was not asked for)")
	}
	if o.opts.Certify != nil {
		if id.Certified, err = o.opts.Certify(ctx, o.store); err != nil {
			return id, err
		}
	}
	var uuid commitlog.ID
	o.opts.Rand.Read(uuid[:])
	id.UUID, id.Created = uuid.String(), o.opts.Clock.Now().UTC().Truncate(time.Microsecond)
	data, err := manifest.EncodeIdentity(id)
	if err != nil {
		return id, err
	}
	for range 5 {
		_, err = o.store.PutIfAbsent(ctx, manifest.IdentityKey, data)
		if err == nil {
			return id, nil
		}
		if !errors.Is(err, object.ErrExists) && !errors.Is(err, object.ErrConflict) && !errors.Is(err, object.ErrUnknown) {
			return id, err
		}
		// Taken by another creator, or by a try of ours whose reply was lost: what is there now is the identity.
		won, getErr := o.identity(ctx)
		if getErr == nil || !errors.Is(getErr, object.ErrNotFound) {
			return won, getErr
		}
	}
	return id, err
}

// start applies records and hands the state to a log that goes on from there. Records that the checkpoint has are left out.
func (o *opener) start(id commitlog.ID, recs []*commitlog.Record) error {
	db := o.db
	db.id = id
	cfg := commitlog.Config{DB: id, Clock: o.opts.Clock, Rand: o.opts.Rand, Logger: o.opts.Logger, ProvenAt: o.asked}
	st := o.st
	for _, rec := range recs {
		cfg.HeadMicros = max(cfg.HeadMicros, rec.Micros)
		if rec.DB != id {
			return base.Corruptf(commitlog.Key(rec.Seq), "it belongs to another database, %s", rec.DB)
		}
		if rec.Seq <= st.seq {
			continue
		}
		if rec.Seq != st.seq+1 {
			return base.Corruptf(commitlog.Key(rec.Seq), "it follows record %d", st.seq)
		}
		var err error
		if st, err = st.apply(rec, o.opts.limits); err != nil {
			return err
		}
		db.ckpt.note(rec, false)
	}
	db.ckpt.mu.foreign = false
	db.mu.window.floor = st.seq
	db.state.Store(st)
	db.log = commitlog.Open(o.store, cfg, st.seq, db)
	return nil
}

func parseUUID(key, s string) (id commitlog.ID, err error) {
	if len(s) == 2*len(id) {
		if b, err := hex.DecodeString(s); err == nil {
			copy(id[:], b)
			return id, nil
		}
	}
	return id, base.Corruptf(key, "its uuid %.40q is not 32 hexadecimal digits", s)
}
