package table

import (
	"context"
	"errors"
	"slices"
	"sort"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/commitlog"
	"github.com/s3sql/s3sql/storage/manifest"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/segment"
)

const (
	// DefaultRetention is how long what no table needs any more stays in the store.
	DefaultRetention = 7 * 24 * time.Hour
	// uploadGrace is how old a segment that nothing names has to be before it is removed: another process may have written it
	// for a commit that is still to come.
	uploadGrace = 24 * time.Hour
	// recordGrace is how old a record has to be before it is removed (docs/format/record.md §4).
	recordGrace = time.Hour
	// tidyRecords is how many records there are between two looks at the log that maintenance takes.
	tidyRecords = 4096
	// deleteBatch is how many objects one request removes.
	deleteBatch = 1000
)

// Retention returns how long what no table needs any more stays in the store, where Vacuum is not told otherwise.
func (db *DB) Retention() time.Duration { return time.Duration(db.retention.Load()) }

// SetRetention sets it, for this process; d is positive.
func (db *DB) SetRetention(d time.Duration) { db.retention.Store(int64(d)) }

// VacuumOptions are the settings of a Vacuum.
type VacuumOptions struct {
	// Retention is how long segments, records and checkpoints stay after the last state that needs them; 0 is that of the database.
	Retention time.Duration
}

// VacuumResult counts what was removed.
type VacuumResult struct {
	Objects     int   // segments
	Bytes       int64 // of these
	Records     int   // of the log
	Checkpoints int
}

// Vacuum removes what no state within the retention needs: segments that tables have dropped, unless a transaction of this
// process may read them; segments older than a day that no commit names; and commit records and checkpoints before the newest
// checkpoint that the retention begins with. Transactions of other processes that have outlived the retention get
// SnapshotTooOld. Unfinished multipart uploads are left to a rule of the bucket.
// Cost: LISTs of data/, manifest/ and what is removed of log/, a GET of manifest/latest and at most one GET for each doubling of
// the number of checkpoints, a DELETE for each 1,000 objects, a commit if there was garbage.
// Errors: WrongArguments (a negative retention), OptionPrevents (the database is read-only), Closed, those of the store,
// ctx.Err(). What was removed before an error is counted; a later Vacuum goes on.
func (db *DB) Vacuum(ctx context.Context, opts VacuumOptions) (res VacuumResult, err error) {
	if opts.Retention < 0 {
		return res, base.Errorf(errno.WrongArguments, "the retention cannot be negative")
	}
	if opts.Retention == 0 {
		opts.Retention = db.Retention()
	}
	if err := db.writable(); err != nil {
		return res, err
	}
	if _, err := db.log.Refresh(ctx); err != nil {
		return res, err
	}
	if err := db.removeGarbage(ctx, opts.Retention, &res); err != nil {
		return res, err
	}
	if err := db.removeOrphans(ctx, &res); err != nil {
		return res, err
	}
	return res, db.trimLog(ctx, opts.Retention, &res)
}

// tidy is the part of Vacuum that maintenance does after a checkpoint: at most every tidyRecords records it looks at the log.
func (db *DB) tidy(ctx context.Context, before, after uint64) error {
	var res VacuumResult
	err := db.removeGarbage(ctx, db.Retention(), &res)
	if err == nil && before/tidyRecords != after/tidyRecords {
		err = db.trimLog(ctx, db.Retention(), &res)
	}
	return err
}

// removeGarbage removes the objects of dropped segments and then commits that they are gone. A crash in between leaves the list
// as it was; removing an object twice does no harm.
func (db *DB) removeGarbage(ctx context.Context, retention time.Duration, res *VacuumResult) error {
	st := db.state.Load()
	horizon := db.opts.Clock.Now().Add(-retention).UnixMicro()
	oldest := db.oldestSnapshot() // after the state: a transaction that begins later does not have what st has dropped
	var list []dropped
	var keys []string
	for _, d := range st.garbage {
		if d.micros <= horizon && d.seq <= oldest {
			list, keys = append(list, d), append(keys, d.keys()...)
		}
	}
	if len(list) == 0 {
		return nil
	}
	end, ok := db.maintenanceLease(ctx, "gc")
	if !ok {
		return nil
	}
	defer end()
	if err := db.remove(ctx, keys); err != nil {
		return err
	}
	e := &edit{}
	err := db.commitEdit(ctx, list[0].table, e, func(now *version) error {
		e.born, e.forget = now.born, nil
		for _, d := range list {
			e.forget = append(e.forget, d.id)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, d := range list {
		res.Objects++
		res.Bytes += d.bytes
	}
	return nil
}

// remove deletes objects and what the cache has of them.
func (db *DB) remove(ctx context.Context, keys []string) error {
	for batch := range slices.Chunk(keys, deleteBatch) {
		if err := db.store.Delete(ctx, batch...); err != nil {
			return err
		}
		for _, key := range batch {
			db.files.cache.Forget(key)
		}
	}
	return nil
}

// keys returns the keys of the objects of a dropped segment.
func (d *dropped) keys() []string {
	keys := []string{segment.ObjectKey(d.table, d.id)}
	for _, id := range d.texts {
		keys = append(keys, segment.TextKey(d.table, id))
	}
	return keys
}

// removeOrphans removes old objects of segments that neither a table nor the list of garbage names. The list is compared with a state that
// is newer than it.
func (db *DB) removeOrphans(ctx context.Context, res *VacuumResult) error {
	horizon := db.opts.Clock.Now().Add(-uploadGrace).UnixMilli()
	var old []object.Info
	for info, err := range db.store.List(ctx, segment.Prefix, "") {
		if err != nil {
			return err
		}
		if _, id, ok := segment.ParseObjectKey(info.Key); ok && segmentMillis(id) < horizon {
			old = append(old, info)
		}
	}
	if len(old) == 0 {
		return nil
	}
	if _, err := db.log.Refresh(ctx); err != nil {
		return err
	}
	named := db.state.Load().names()
	var keys []string
	var bytes int64
	for _, info := range old {
		if !named[info.Key] {
			keys, bytes = append(keys, info.Key), bytes+info.Size
		}
	}
	if err := db.remove(ctx, keys); err != nil {
		return err
	}
	res.Objects += len(keys)
	res.Bytes += bytes
	return nil
}

// segmentMillis returns when a segment was named (newSegmentID), in milliseconds since 1970.
func segmentMillis(id segmentID) (ms int64) {
	for _, b := range id[:6] {
		ms = ms<<8 | int64(b)
	}
	return ms
}

// names returns the keys of all segments of tables and of the garbage.
func (s *state) names() map[string]bool {
	named := map[string]bool{}
	s.tables.Scan(func(_ uint32, v *version) bool {
		for _, g := range v.segs.all() {
			named[g.key()] = true
			for _, key := range g.textKeys() {
				named[key] = true
			}
		}
		return true
	})
	for _, d := range s.garbage {
		for _, key := range d.keys() {
			named[key] = true
		}
	}
	return named
}

// trimLog removes the checkpoints and records before the newest checkpoint that the retention begins with, and the packs that
// the newest checkpoint has made superfluous. Nothing is removed unless the checkpoint that manifest/latest names is there.
func (db *DB) trimLog(ctx context.Context, retention time.Duration, res *VacuumResult) error {
	latest, _, err := fetchLatest(ctx, db.store)
	if errors.Is(err, object.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if latest.UUID != db.id.String() {
		return base.Corruptf(manifest.LatestKey, "it belongs to another database, %.36q", latest.UUID)
	}
	seqs, packs, err := db.checkpoints(ctx, latest.Seq)
	if err != nil || len(seqs) == 0 || seqs[len(seqs)-1] != latest.Seq {
		return err
	}
	horizon := db.opts.Clock.Now().Add(-max(retention, recordGrace)).UnixMicro()
	n := sort.Search(len(seqs), func(i int) bool {
		young := false
		if err == nil {
			young, err = db.younger(ctx, seqs[i], horizon)
		}
		return young
	})
	if err != nil {
		return err
	}
	if err := db.removeCheckpoints(ctx, seqs[:max(n, 1)-1], packs, res); err != nil || n == 0 {
		return err
	}
	return db.removeRecords(ctx, min(seqs[n-1], max(db.Head(), 1)-1), res)
}

// checkpoints lists the checkpoints up to that of record last, ascending, and the packs of records up to it, which the checkpoints
// after them have made superfluous.
func (db *DB) checkpoints(ctx context.Context, last uint64) (seqs []uint64, packs []manifest.Pack, err error) {
	for info, err := range db.store.List(ctx, manifest.Prefix, "") {
		if err != nil {
			return nil, nil, err
		}
		if seq, ok := manifest.ParseKey(info.Key); ok && seq <= last {
			seqs = append(seqs, seq)
		}
		if p, ok := manifest.ParsePackKey(info.Key); ok && p.Last <= last {
			packs = append(packs, p)
		}
	}
	return seqs, packs, nil
}

// younger reports whether a record was committed after a time, in microseconds. One that is not there was removed: it is older.
func (db *DB) younger(ctx context.Context, seq uint64, micros int64) (bool, error) {
	obj, err := db.store.Get(ctx, commitlog.Key(seq))
	if errors.Is(err, object.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	rec, err := commitlog.NewCodec().DecodeRecord(commitlog.Key(seq), obj.Data)
	if err != nil {
		return false, err
	}
	return rec.Micros > micros, nil
}

// removeCheckpoints removes checkpoints and packs.
func (db *DB) removeCheckpoints(ctx context.Context, seqs []uint64, packs []manifest.Pack, res *VacuumResult) error {
	var keys []string
	for _, seq := range seqs {
		keys = append(keys, manifest.Key(seq))
	}
	for _, p := range packs {
		keys = append(keys, p.Key())
	}
	for batch := range slices.Chunk(keys, deleteBatch) {
		if err := db.store.Delete(ctx, batch...); err != nil {
			return err
		}
	}
	res.Checkpoints += len(seqs)
	return nil
}

// removeRecords removes the records up to last, the oldest first.
func (db *DB) removeRecords(ctx context.Context, last uint64, res *VacuumResult) error {
	var keys []string
	flush := func() error {
		if len(keys) == 0 {
			return nil
		}
		err := db.store.Delete(ctx, keys...)
		if err == nil {
			res.Records += len(keys)
		}
		keys = keys[:0]
		return err
	}
	for info, err := range db.store.List(ctx, commitlog.Prefix, "") {
		if err != nil {
			return err
		}
		seq, ok := commitlog.ParseKey(info.Key)
		if ok && seq > last {
			break
		}
		if !ok {
			continue
		}
		if keys = append(keys, info.Key); len(keys) == deleteBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// missingSegment says what it means that a segment's object is not there: one that a table still has is lost, another one was
// collected as garbage after the snapshot that reads it. It asks the store what is current.
func (db *DB) missingSegment(ctx context.Context, g *seg, cause error) error {
	if _, err := db.log.Refresh(ctx); err != nil {
		return err
	}
	if db.state.Load().table(g.table).segs.find(g.meta.ID) == nil {
		e := base.Errorf(errno.SnapshotTooOld, "the snapshot is older than the retention: run the transaction again (table %d)", g.table)
		e.Object, e.Err = g.key(), object.ErrNotFound // not the cause, which is Corrupt
		return e
	}
	e := base.Corruptf(g.key(), "a segment of table %d is missing", g.table)
	e.Err = cause
	return e
}
