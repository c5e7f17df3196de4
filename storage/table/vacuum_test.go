package table

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/commitlog"
	"github.com/s3sql/s3sql/storage/manifest"
	"github.com/s3sql/s3sql/storage/segment"
)

// shiftClock is quickClock, moved on.
type shiftClock struct {
	quickClock
	ahead atomic.Int64
}

func (c *shiftClock) Now() time.Time { return c.quickClock.Now().Add(time.Duration(c.ahead.Load())) }

func (c *shiftClock) move(d time.Duration) { c.ahead.Add(int64(d)) }

func (c *shiftClock) use(o *Options) { o.Clock = c }

// withGarbage returns a database whose table 7 has rows in one segment and has dropped others.
func withGarbage(t *testing.T, store *memStore, c *shiftClock) *DB {
	t.Helper()
	db := openTest(t, store, withSegments, c.use)
	for n := range 3 {
		tx := begin(t, db, TxOptions{})
		for i := range 20 {
			must(t, change(t.Context(), tx, i, n, false))
		}
		_, err := tx.Commit(t.Context())
		must(t, err)
		must(t, db.Flush(t.Context(), 7))
	}
	for range 2 {
		_, err := db.compact(t.Context(), 7, func(s *segments) *job { return &job{in: s.all(), level: 1} })
		must(t, err)
	}
	if len(db.state.Load().garbage) == 0 {
		t.Fatal("nothing was dropped")
	}
	return db
}

func countKeys(s *memStore, prefix string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.objs {
		if strings.HasPrefix(k, prefix) {
			n++
		}
	}
	return n
}

func vacuum(t *testing.T, db *DB, retention time.Duration) VacuumResult {
	t.Helper()
	res, err := db.Vacuum(t.Context(), VacuumOptions{Retention: retention})
	must(t, err)
	return res
}

func TestVacuumRemovesGarbagePastItsRetention(t *testing.T) {
	t.Parallel()
	store, c := newMemStore(), new(shiftClock)
	db := withGarbage(t, store, c)
	want := len(db.state.Load().garbage)
	if res := vacuum(t, db, 0); res != (VacuumResult{}) {
		t.Errorf("removed too early: %+v", res)
	}
	c.move(DefaultRetention - time.Minute)
	if res := vacuum(t, db, 0); res != (VacuumResult{}) {
		t.Errorf("removed too early: %+v", res)
	}
	c.move(2 * time.Minute)
	store.take()
	var res VacuumResult
	must(t, db.removeGarbage(t.Context(), DefaultRetention, &res))
	if res.Objects != want || res.Bytes == 0 {
		t.Errorf("%+v of %d", res, want)
	}
	calls := store.take()
	if len(calls) != 2 || !strings.HasPrefix(calls[0], "DELETE data/7/") || !strings.HasPrefix(calls[1], "PUT log/") {
		t.Errorf("requests: %q", calls)
	}
	must(t, db.removeGarbage(t.Context(), DefaultRetention, &res))
	if calls := store.take(); len(calls) != 0 {
		t.Errorf("requests without garbage: %q", calls)
	}
	if live := len(db.state.Load().names()); countKeys(store, segment.Prefix) != live {
		t.Errorf("%d objects, %d segments", countKeys(store, segment.Prefix), live)
	}
	checkReplayed(t, db, store)
	again := openTest(t, store, withSegments, c.use)
	if n := len(again.state.Load().garbage); n != 0 {
		t.Errorf("%d segments are garbage still", n)
	}
	checkReplayed(t, again, store)
}

// TestRetentionOfTheDatabase shortens how long garbage stays, for maintenance and for a Vacuum that is not told otherwise.
func TestRetentionOfTheDatabase(t *testing.T) {
	t.Parallel()
	store, c := newMemStore(), new(shiftClock)
	db := withGarbage(t, store, c)
	want := len(db.state.Load().garbage)
	c.move(2 * time.Hour)
	must(t, db.tidy(t.Context(), 0, 0))
	if n := len(db.state.Load().garbage); n != want {
		t.Fatalf("%d of %d segments are left of the garbage of two hours", n, want)
	}
	db.SetRetention(3 * time.Hour)
	if res := vacuum(t, db, 0); res.Objects != 0 {
		t.Errorf("removed too early: %+v", res)
	}
	db.SetRetention(time.Hour)
	must(t, db.tidy(t.Context(), 0, 0))
	if n := len(db.state.Load().garbage); n != 0 {
		t.Errorf("%d segments are garbage still", n)
	}
}

func TestVacuumAfterACrash(t *testing.T) {
	t.Parallel()
	store, c := newMemStore(), new(shiftClock)
	db := withGarbage(t, store, c)
	want := len(db.state.Load().garbage)
	c.move(DefaultRetention + time.Minute)
	store.setHook(func(op, _ string, after bool) error {
		if op == "PUT" && !after {
			return errCrash
		}
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancelled := make(chan struct{})
	go func() { defer close(cancelled); time.Sleep(50 * time.Millisecond); cancel() }()
	if _, err := db.Vacuum(ctx, VacuumOptions{}); err == nil {
		t.Error("a commit that failed was not noticed")
	}
	<-cancelled
	store.setHook(nil)
	again := openTest(t, store, withSegments, c.use)
	if res := vacuum(t, again, 0); res.Objects != want {
		t.Errorf("%+v instead of %d", res, want)
	}
	checkReplayed(t, again, store)
}

func TestVacuumLeavesWhatSnapshotsRead(t *testing.T) {
	t.Parallel()
	for _, opts := range []TxOptions{{ReadOnly: true}, {}, {ReadOnly: true, TrackReads: true}} {
		t.Run(fmt.Sprint(opts.ReadOnly, opts.TrackReads), func(t *testing.T) {
			t.Parallel()
			store, c := newMemStore(), new(shiftClock)
			db := withGarbage(t, store, c)
			c.move(time.Hour)
			vacuum(t, db, time.Minute)
			tx := begin(t, db, opts)
			before := scanAll(t, tx, 7, ScanSpec{Cols: testCols, WithKeys: true})
			_, err := db.compact(t.Context(), 7, func(s *segments) *job { return &job{in: s.all(), level: 1} })
			must(t, err)
			db.files.readers.Close()
			db.files.pages.Close()
			c.move(time.Hour)
			if res := vacuum(t, db, time.Minute); res.Objects != 0 {
				t.Errorf("removed what is read: %+v", res)
			}
			if got := scanAll(t, tx, 7, ScanSpec{Cols: testCols, WithKeys: true}); fmt.Sprint(got) != fmt.Sprint(before) {
				t.Errorf("got %q, had %q", got, before)
			}
			tx.Rollback()
			if res := vacuum(t, db, time.Minute); res.Objects == 0 {
				t.Error("nothing is removed when nothing is read")
			}
		})
	}
}

func TestMissingSegments(t *testing.T) {
	t.Parallel()
	store, c := newMemStore(), new(shiftClock)
	db := withGarbage(t, store, c)
	other := openTest(t, store, withSegments, c.use)
	tx := begin(t, other, TxOptions{ReadOnly: true})
	_, err := db.compact(t.Context(), 7, func(s *segments) *job { return &job{in: s.all(), level: 1} })
	must(t, err)
	c.move(time.Hour)
	vacuum(t, db, time.Minute)
	_, _, err = tx.Get(t.Context(), 7, k(3))
	var e *base.Error
	if !errors.As(err, &e) || e.Number != errno.SnapshotTooOld.Number || !errors.Is(err, base.ErrFenced) || errors.Is(err, base.ErrCorrupt) {
		t.Errorf("a snapshot that is too old: %v", err)
	}
	tx.Rollback()
	checkReplayed(t, other, store)

	fresh := openTest(t, store, withSegments, c.use)
	g := fresh.state.Load().table(7).segs.all()[0]
	store.set(g.key(), nil)
	tx = begin(t, fresh, TxOptions{ReadOnly: true})
	_, _, err = tx.Get(t.Context(), 7, g.meta.First)
	if !errors.Is(err, base.ErrCorrupt) || !strings.Contains(fmt.Sprint(err), "table 7") || !strings.Contains(fmt.Sprint(err), g.key()) {
		t.Errorf("a segment that is lost: %v", err)
	}
}

func TestVacuumRemovesOrphans(t *testing.T) {
	t.Parallel()
	store, c := newMemStore(), new(shiftClock)
	db := withGarbage(t, store, c)
	orphan := segment.ObjectKey(9, newSegmentID(c, db.opts.Rand))
	store.set(orphan, []byte("12345"))
	store.set("data/strange", []byte("x"))
	c.move(23 * time.Hour)
	if res := vacuum(t, db, 0); res.Objects != 0 {
		t.Errorf("removed an upload under way: %+v", res)
	}
	c.move(2 * time.Hour)
	if res := vacuum(t, db, 0); res != (VacuumResult{Objects: 1, Bytes: 5}) {
		t.Errorf("%+v", res)
	}
	if len(store.get(orphan)) != 0 || len(store.get("data/strange")) == 0 {
		t.Error("the wrong object was removed")
	}
	checkReplayed(t, db, store)
}

func TestVacuumTrimsTheLog(t *testing.T) {
	t.Parallel()
	store, c := newMemStore(), new(shiftClock)
	db := openTest(t, store, c.use)
	for n := range 12 {
		commitRows(t, db, n)
		if n%4 == 3 {
			must(t, db.Checkpoint(t.Context()))
		}
		if n == 9 {
			c.move(48 * time.Hour)
		}
	}
	// Checkpoints 4, 8 and 12; the retention begins between records 10 and 11.
	store.take()
	if res := vacuum(t, db, 24*time.Hour); res != (VacuumResult{Records: 8, Checkpoints: 1}) {
		t.Errorf("%+v", res)
	}
	gets := 0
	for _, call := range store.take() {
		if strings.HasPrefix(call, "GET log/") {
			gets++
		}
	}
	if gets > 3 {
		t.Errorf("%d records were read", gets)
	}
	if res := vacuum(t, db, time.Nanosecond); res != (VacuumResult{}) {
		t.Errorf("removed records of this hour: %+v", res)
	}
	c.move(2 * time.Hour)
	if res := vacuum(t, db, time.Nanosecond); res != (VacuumResult{Records: 3, Checkpoints: 1}) {
		t.Errorf("the newest record and checkpoint stay: %+v", res)
	}
	if len(store.get(commitlog.Key(12))) == 0 || len(store.get(manifest.Key(12))) == 0 {
		t.Error("the newest record or checkpoint is gone")
	}
	for _, hint := range []bool{true, false} {
		if !hint {
			store.set(manifest.LatestKey, nil)
		}
		again := openTest(t, store, c.use)
		tx := begin(t, again, TxOptions{ReadOnly: true})
		if n := tx.RowCount(7); n != 12 {
			t.Errorf("%d rows", n)
		}
		commitRows(t, again, 12)
		tx = begin(t, again, TxOptions{})
		must(t, tx.Delete(7, k(12)))
		_, err := tx.Commit(t.Context())
		must(t, err)
	}
}

// commitRows commits one new row.
func commitRows(t *testing.T, db *DB, n int) {
	t.Helper()
	tx := begin(t, db, TxOptions{})
	must(t, tx.Insert(7, k(n), rowOf(n)))
	_, err := tx.Commit(t.Context())
	must(t, err)
}
