package table

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/commitlog"
)

func commits(t *testing.T, db *DB, most int) (out []Commit, err error) {
	t.Helper()
	tx := begin(t, db, TxOptions{ReadOnly: true})
	defer tx.Rollback()
	err = tx.Commits(t.Context(), most, func(c Commit) error {
		out = append(out, c)
		return nil
	})
	return out, err
}

// TestCommits lists commits of every kind, of a log whose beginning was cleaned up, and with a damaged record.
func TestCommits(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := newMemStore()
	db := openTest(t, store, withSegments, func(o *Options) { o.NoMaintenance = true })
	for i := range 3 {
		write(t, db, 7, i, i)
	}
	must(t, db.Flush(ctx, 7))
	tx := begin(t, db, TxOptions{})
	for i := range 100 {
		if i < 2 {
			must(t, tx.Update(7, k(i), rowOf(i+1)))
		} else if i > 2 {
			must(t, tx.Insert(7, k(i), rowOf(i)))
		}
	}
	commit(t, tx) // too much for a record
	if done, err := db.compact(ctx, 7, func(s *segments) *job { return &job{in: s.all(), level: 1} }); err != nil || !done {
		t.Fatal(done, err)
	}
	tx = begin(t, db, TxOptions{})
	must(t, tx.Delete(7, k(5)))
	commit(t, tx)

	store.take()
	got, err := commits(t, db, 100)
	must(t, err)
	var kinds []ChangeKind
	for i, c := range got {
		if c.Seq != uint64(i+1) || len(c.Changes) != 1 || c.Changes[0].Table != 7 || c.Transactions != 1 || c.Bytes == 0 || c.Time.IsZero() {
			t.Errorf("commit %+v", c)
		}
		kinds = append(kinds, c.Changes[0].Kind)
	}
	if want := []ChangeKind{ChangeRows, ChangeRows, ChangeRows, ChangeFlush, ChangeBulk, ChangeCompact, ChangeRows}; !slices.Equal(kinds, want) {
		t.Fatalf("kinds %v, not %v", kinds, want)
	}
	if bulk, del := got[4].Changes[0], got[6].Changes[0]; bulk.Written != 99 || bulk.Deleted != 2 || del.Written != 0 || del.Deleted != 1 {
		t.Errorf("%+v %+v", bulk, del)
	}
	gets := store.take()
	if lists := len(gets) - len(got); lists != 2 || gets[0] != "GET "+commitlog.Key(8) { // the first is the freshness of the snapshot
		t.Errorf("requests %q", gets)
	}
	if got, err = commits(t, db, 2); err != nil || len(got) != 2 || got[0].Seq != 6 {
		t.Errorf("%+v, %v", got, err)
	}

	store.set(commitlog.Key(1), nil)
	if got, err = commits(t, db, 100); err != nil || len(got) != 6 || got[0].Seq != 2 {
		t.Errorf("after the first was cleaned up: %+v, %v", got, err)
	}
	whole := store.get(commitlog.Key(4))
	store.set(commitlog.Key(4), append([]byte("x"), whole[1:]...))
	if _, err := commits(t, db, 100); base.KindOf(err) != base.KindCorrupt || !strings.Contains(err.Error(), commitlog.Key(4)) {
		t.Errorf("a damaged record: %v", err)
	}
	store.set(commitlog.Key(4), nil)
	if _, err := commits(t, db, 100); base.KindOf(err) != base.KindCorrupt || !strings.Contains(err.Error(), commitlog.Key(4)) {
		t.Errorf("a missing record: %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	tx = begin(t, db, TxOptions{ReadOnly: true})
	defer tx.Rollback()
	if err := tx.Commits(cancelled, 100, func(Commit) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
