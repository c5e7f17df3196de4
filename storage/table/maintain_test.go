package table

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/s3sql/s3sql/storage/commitlog"
	"github.com/s3sql/s3sql/storage/manifest"
	"github.com/s3sql/s3sql/storage/object"
)

func maintained(o *Options) { o.NoMaintenance = false }

func puts(calls []string, prefix string) (n int) {
	for _, c := range calls {
		if strings.HasPrefix(c, "PUT "+prefix) {
			n++
		}
	}
	return n
}

func TestCheckpointIsMadeByCommits(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	store := newMemStore()
	db := openTest(t, store, maintained)
	for i := range 63 {
		write(t, db, 1, i, i)
	}
	db.ckpt.tasks.Wait()
	if n := puts(store.take(), manifest.Prefix); n != 0 {
		t.Fatalf("%d objects after 63 commits", n)
	}
	for i := range 137 {
		write(t, db, 1, i, i)
		db.ckpt.tasks.Wait()
	}
	calls := store.take()
	if n := puts(calls, manifest.Prefix); n != 6 {
		t.Errorf("200 commits wrote %d objects of checkpoints, want 3 checkpoints and 3 hints", n)
	}
	if len(calls) != 137+6 {
		t.Errorf("%d requests, want %d", len(calls), 137+6)
	}
	must(t, db.Checkpoint(ctx))
	store.take()
	must(t, db.Checkpoint(ctx)) // nothing new
	if c := store.take(); len(c) != 0 {
		t.Errorf("a checkpoint of nothing new asked for %q", c)
	}
	must(t, db.Close(ctx))
	store.take()
	db = openTest(t, store)
	if c := store.take(); len(c) != 3 {
		t.Errorf("an open after a checkpoint made %q", c)
	}
	if n := begin(t, db, TxOptions{}).RowCount(1); n != 137 {
		t.Errorf("%d rows", n)
	}
}

// TestCheckpointTraffic holds the rule to its promise on a database that is large beside its commits.
func TestCheckpointTraffic(t *testing.T) {
	t.Parallel()
	c := checkpointer{limits: defaultLimits()}
	c.settle(manifest.Latest{Seq: 1, Bytes: 1 << 27}, "")
	const commits, each = 100_000, 1000
	packed, packs, most, checkpoints := 0, 0, 0, 0
	for i := range commits {
		op := commitlog.Op{Key: "k", Row: strings.Repeat("r", each-9)}
		c.note(&commitlog.Record{Seq: uint64(i + 2), Txns: []*commitlog.Txn{{Tables: []commitlog.TableWrite{{Ops: []commitlog.Op{op}}}}}}, true)
		due, _, _ := c.claim()
		if !due {
			continue
		}
		hint, _, _ := c.latest()
		if _, recs := c.due(); recs != nil {
			size := each * len(recs)
			hint, _ = hint.WithPack(manifest.Pack{First: recs[0].Seq, Last: recs[len(recs)-1].Seq, Bytes: size})
			packed, packs = packed+size, packs+1
		} else {
			hint, _ = hint.WithCheckpoint(uint64(i+2), 1<<27)
			checkpoints++
		}
		most = max(most, len(hint.Packs))
		c.settle(hint, "")
		c.release()
	}
	if packed > commits*each {
		t.Errorf("packs have %d bytes of %d", packed, commits*each)
	}
	if limit := 4 * (packed + packs*c.limits.request); checkpoints<<27 > limit || checkpoints == 0 {
		t.Errorf("%d checkpoints, the rule allows %d bytes", checkpoints, limit)
	}
	if limit := 1 << 25 / c.limits.request; most > limit || packs+checkpoints < commits/c.limits.tail-1 {
		t.Errorf("an open reads %d packs, of %d that were written", most, packs)
	}
}

func TestCheckpointFailureDoesNotFailTheCommit(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	db := openTest(t, store, maintained)
	var failing atomic.Bool
	failing.Store(true)
	var failed atomic.Int32
	store.setHook(func(op, key string, after bool) error {
		if failing.Load() && op == "PUT" && strings.HasPrefix(key, manifest.Prefix) {
			failed.Add(1)
			return object.ErrUnavailable
		}
		return nil
	})
	for i := range 300 {
		write(t, db, 1, i, i)
	}
	db.ckpt.tasks.Wait()
	if failed.Load() < 23 {
		t.Errorf("a failed checkpoint was tried %d times only", failed.Load())
	}
	failing.Store(false)
	store.take()
	write(t, db, 1, 1, 1) // past four times the threshold: this commit does it before it returns
	if n := puts(store.take(), manifest.Prefix); n != 2 {
		t.Errorf("the commit that found the checkpoint overdue wrote %d objects of it", n)
	}
}

// TestCheckpointOfTwoProcesses proves that a process does not repeat what another has just done, and that the hint
// never goes back.
func TestCheckpointOfTwoProcesses(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	store := newMemStore()
	a := openTest(t, store, maintained)
	b := openTest(t, store, maintained)
	for i := range 200 {
		write(t, a, 1, 2*i, i)
		a.ckpt.tasks.Wait()
		write(t, b, 1, 2*i+1, i)
		b.ckpt.tasks.Wait()
	}
	n := 0
	for key := range store.snapshot().objs {
		if _, ok := manifest.ParseKey(key); ok {
			n++
		}
	}
	if n > 400/a.opts.limits.tail+1 {
		t.Errorf("two processes made %d checkpoints of 400 commits", n)
	}
	must(t, b.Checkpoint(ctx))
	newest := store.get(manifest.LatestKey)
	must(t, a.publish(ctx, func(l manifest.Latest) (manifest.Latest, bool) { return l.WithCheckpoint(3, 0) }))
	if string(store.get(manifest.LatestKey)) != string(newest) {
		t.Error("the hint went back")
	}
	if got := begin(t, openTest(t, store), TxOptions{}).RowCount(1); got != 400 {
		t.Errorf("%d rows", got)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	store := newMemStore()
	db := openTest(t, store)
	tx := begin(t, db, TxOptions{})
	must(t, tx.Put(1, k(1), rowOf(1)))
	must(t, db.Close(ctx))
	must(t, db.Close(ctx))
	if _, err := tx.Commit(ctx); err == nil {
		t.Error("a commit after Close succeeded")
	}
	if _, err := db.Begin(ctx, TxOptions{Fresh: None}); err == nil {
		t.Error("Begin after Close succeeded")
	}
	if err := db.Checkpoint(ctx); err == nil {
		t.Error("Checkpoint after Close succeeded")
	}

	// A checkpoint that hangs is cut off when the context of Close ends.
	db = openTest(t, store, maintained)
	hang := make(chan struct{})
	store.setHook(func(op, key string, _ bool) error {
		if strings.HasPrefix(key, manifest.Prefix) {
			<-hang
			return context.Canceled
		}
		return nil
	})
	for i := range db.opts.limits.tail {
		write(t, db, 1, i, i)
	}
	short, cancel := context.WithCancel(ctx)
	cancel()
	close(hang)
	if err := db.Close(short); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("close: %v", err)
	}
}
