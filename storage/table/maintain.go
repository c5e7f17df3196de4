package table

import (
	"context"
	"errors"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/commitlog"
	"github.com/s3sql/s3sql/storage/manifest"
	"github.com/s3sql/s3sql/storage/object"
)

// maintain does what a commit of this process has made due. It never fails the commit.
func (db *DB) maintain(ctx context.Context) {
	if db.opts.NoMaintenance || db.opts.ReadOnly {
		return
	}
	db.maintainTables(ctx)
	due, overdue, running := db.ckpt.claim()
	switch {
	case due && overdue:
		defer db.ckpt.release()
		db.shortenAndTidy(ctx)
	case due:
		go func() {
			defer db.ckpt.release()
			db.shortenAndTidy(db.background)
		}()
	case overdue:
		select {
		case <-running:
		case <-ctx.Done():
		}
	}
}

// shortenAndTidy shortens the tail and removes what that has made superfluous.
func (db *DB) shortenAndTidy(ctx context.Context) {
	before, _, _ := db.ckpt.latest()
	if err := db.shorten(ctx); err != nil {
		db.opts.Logger.Warn("checkpoint failed; a later commit tries again", "error", err)
		return
	}
	if after, _, _ := db.ckpt.latest(); after.End() > before.End() {
		if err := db.tidy(ctx, before.End(), after.End()); err != nil {
			db.opts.Logger.Warn("garbage could not be collected; a later checkpoint tries again", "error", err)
		}
	}
}

// shorten writes a pack or a checkpoint, unless another process has just done so. Several at once only waste work.
func (db *DB) shorten(ctx context.Context) error {
	if _, _, foreign := db.ckpt.latest(); foreign {
		if err := db.readLatest(ctx); err != nil {
			return err
		}
	}
	due, recs := db.ckpt.due()
	switch {
	case !due:
		return nil
	case len(recs) > 0:
		return db.pack(ctx, recs)
	}
	return db.checkpoint(ctx)
}

// Checkpoint writes a checkpoint of the current state now, unless the newest one has it.
// Cost: two PUTs; a GET more when another process has written since the last checkpoint.
// Errors: OptionPrevents (the database is read-only), Closed, those of the store, ctx.Err().
func (db *DB) Checkpoint(ctx context.Context) error {
	if err := db.writable(); err != nil {
		return err
	}
	if _, _, foreign := db.ckpt.latest(); foreign {
		if err := db.readLatest(ctx); err != nil {
			return err
		}
	}
	return db.checkpoint(ctx)
}

// writable returns why the database cannot be written; nil: it can.
func (db *DB) writable() error {
	switch {
	case db.opts.ReadOnly:
		return base.Errorf(errno.OptionPrevents, "the database was opened read-only")
	case db.closed.Load():
		return errClosed()
	}
	return nil
}

// checkpoint encodes and writes the current state.
func (db *DB) checkpoint(ctx context.Context) error {
	st := db.state.Load()
	if hint, _, _ := db.ckpt.latest(); st.seq <= hint.Seq {
		return nil
	}
	data, err := manifest.Encode(st.checkpoint(db.id.String(), db.opts.Clock.Now()))
	if err != nil {
		return err
	}
	if _, err := db.store.PutIfAbsent(ctx, manifest.Key(st.seq), data); err != nil && !errors.Is(err, object.ErrExists) {
		return err
	}
	return db.publish(ctx, func(l manifest.Latest) (manifest.Latest, bool) { return l.WithCheckpoint(st.seq, len(data)) })
}

// pack writes records into one object. A pack of them that is there already says the same.
func (db *DB) pack(ctx context.Context, recs []*commitlog.Record) error {
	data, err := db.codec().EncodePack(recs)
	if err != nil {
		return err
	}
	p := manifest.Pack{First: recs[0].Seq, Last: recs[len(recs)-1].Seq, Bytes: len(data)}
	if _, err := db.store.PutIfAbsent(ctx, p.Key(), data); err != nil && !errors.Is(err, object.ErrExists) {
		return err
	}
	return db.publish(ctx, func(l manifest.Latest) (manifest.Latest, bool) { return l.WithPack(p) })
}

// publish makes manifest/latest name what was written, unless it says more already.
func (db *DB) publish(ctx context.Context, with func(manifest.Latest) (manifest.Latest, bool)) error {
	var last error
	for range 4 {
		hint, tag, _ := db.ckpt.latest()
		hint, changed := with(hint)
		if !changed {
			return nil
		}
		hint.UUID = db.id.String()
		data, err := manifest.EncodeLatest(hint)
		if err != nil {
			return err
		}
		if tag == "" {
			tag, err = db.store.PutIfAbsent(ctx, manifest.LatestKey, data)
		} else {
			tag, err = db.store.PutIfMatch(ctx, manifest.LatestKey, tag, data)
		}
		switch {
		case err == nil:
			db.ckpt.settle(hint, tag)
			return nil
		case errors.Is(err, object.ErrExists), errors.Is(err, object.ErrChanged), errors.Is(err, object.ErrConflict), errors.Is(err, object.ErrUnknown):
			last = err
			if err := db.readLatest(ctx); err != nil {
				return err
			}
		default:
			return err
		}
	}
	return last
}

// readLatest learns what the hint in the store is. One that cannot be read is replaced by the next one.
func (db *DB) readLatest(ctx context.Context) error {
	l, tag, err := fetchLatest(ctx, db.store)
	switch {
	case errors.Is(err, object.ErrNotFound):
		return nil
	case base.KindOf(err) == base.KindCorrupt && !errors.Is(err, manifest.ErrNewer):
		l = manifest.Latest{}
	case err != nil:
		return err
	case l.UUID != db.id.String():
		l = manifest.Latest{}
	}
	db.ckpt.settle(l, tag)
	return nil
}

// fetchLatest reads manifest/latest.
// Errors: object.ErrNotFound; kind Corrupt, the version tag is there all the same; those of the store, ctx.Err().
func fetchLatest(ctx context.Context, store object.Store) (l manifest.Latest, tag string, err error) {
	obj, err := store.Get(ctx, manifest.LatestKey)
	if err != nil {
		return l, "", err
	}
	l, err = manifest.DecodeLatest(obj.Data)
	return l, obj.ETag, err
}

// checkpoint describes the state; rows are read while it is encoded.
func (s *state) checkpoint(uuid string, now time.Time) *manifest.Checkpoint {
	c := &manifest.Checkpoint{UUID: uuid, Seq: s.seq, Time: now, Garbage: encodeGarbage(s.garbage)}
	s.tables.Scan(func(id uint32, v *version) bool {
		if t := v.describe(id); v.delta.len() > 0 || t.Rows > 0 || t.AutoInc > 0 || t.Segments != "" {
			c.Tables = append(c.Tables, t)
		}
		return true
	})
	return c
}

// describe returns a version as a checkpoint has it. Entries that may be folded are rows there.
func (v *version) describe(id uint32) manifest.Table {
	t := manifest.Table{ID: id, AutoInc: v.autoInc, Rows: v.rows, Each: v.each, Segments: v.encodeState()}
	if !v.unfolded {
		return t
	}
	t.Rows, t.Each = v.base, v.eachBase
	t.Entries = func(fn func(manifest.Entry) bool) {
		v.delta.ascend("", func(e *entry) bool {
			return fn(manifest.Entry{Key: e.key, Row: e.row, Seq: e.seq, Dead: e.dead, Hides: e.hides})
		})
	}
	return t
}
