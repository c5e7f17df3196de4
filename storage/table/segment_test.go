package table

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/commitlog"
	"github.com/s3sql/s3sql/storage/object"
)

// change inserts, updates or deletes a row, whichever fits; it returns false when it cannot read.
func change(ctx context.Context, tx *Tx, key int, val int, remove bool) error {
	_, ok, err := tx.Get(ctx, 7, k(key))
	switch {
	case err != nil:
		return err
	case ok && remove:
		return tx.Delete(7, k(key))
	case ok:
		return tx.Update(7, k(key), rowOf(val))
	case remove:
		return nil
	}
	return tx.Insert(7, k(key), rowOf(val))
}

// replayed returns what the operations in the log come to, whatever segments there are.
func replayed(t testing.TB, db *DB, store *memStore) map[string]string {
	t.Helper()
	recs, err := commitlog.ReadTail(t.Context(), store, db.id, 0)
	must(t, err)
	rows := map[string]string{}
	known := map[segmentID]*seg{}
	for _, rec := range recs {
		for _, txn := range rec.Txns {
			for _, w := range txn.Tables {
				if w.Table != 7 {
					continue
				}
				if w.Drop {
					clear(rows)
				}
				if w.Edit != "" {
					addBulk(t, db, rows, known, &w)
				}
				for _, op := range w.Ops {
					if op.Delete {
						delete(rows, op.Key)
					} else {
						rows[op.Key] = decoded(t, op.Row)
					}
				}
			}
		}
	}
	return rows
}

// addBulk adds the rows of segments that came with a transaction, and removes those that it has replaced or deleted in known ones.
func addBulk(t testing.TB, db *DB, rows map[string]string, known map[segmentID]*seg, w *commitlog.TableWrite) {
	t.Helper()
	e, err := decodeEdit("", w.Table, w.Edit)
	must(t, err)
	for _, g := range e.add {
		known[g.meta.ID] = g
	}
	if !e.bulk {
		return
	}
	for _, kill := range e.kill {
		gone, err := db.files.keysAt(t.Context(), known[kill.id], kill.rows)
		must(t, err)
		for _, key := range gone {
			delete(rows, key)
		}
	}
	for _, g := range e.add {
		s := db.files.scan(&version{segs: newSegments([]*seg{g}), delta: emptyTree}, ScanSpec{Cols: testCols, WithKeys: true})
		var b vec.Batch
		for {
			keys, ok, err := s.Next(t.Context(), &b)
			must(t, err)
			if !ok {
				break
			}
			for i := range keys {
				if _, twice := rows[keys[i]]; twice {
					t.Errorf("a bulk commit repeats key %q", keys[i])
				}
				rows[keys[i]] = cells(&b, i)
			}
		}
	}
}

func checkReplayed(t testing.TB, db *DB, store *memStore) {
	t.Helper()
	want := replayed(t, db, store)
	tx := begin(t, db, TxOptions{ReadOnly: true})
	got := scanAll(t, tx, 7, ScanSpec{Cols: testCols, WithKeys: true})
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(want)) {
		lines = append(lines, key+"="+want[key])
		if row, ok, err := tx.Get(t.Context(), 7, key); err != nil || !ok || decoded(t, row) != want[key] {
			t.Errorf("key %q: %v %v", key, ok, err)
		}
	}
	if !slices.Equal(got, lines) {
		t.Errorf("%d rows are there, the log says %d:\n got %q\nwant %q", len(got), len(lines), got, lines)
	}
	if n := tx.RowCount(7); n != len(lines) {
		t.Errorf("%d rows are counted of %d", n, len(lines))
	}
}

// TestSegmentsUnderCrashes stops the world at every single call that transactions, flushes, compactions and checkpoints make of
// the store, and compares what is there then with the operations in the log.
func TestSegmentsUnderCrashes(t *testing.T) {
	t.Parallel()
	points := 0
	for at := 0; ; at++ {
		store := newMemStore()
		var mu sync.Mutex
		calls, dead := 0, false
		store.setHook(func(string, string, bool) error {
			mu.Lock()
			defer mu.Unlock()
			if dead = dead || calls == at; dead {
				return errCrash
			}
			calls++
			return nil
		})
		segmentRun(store)
		store.setHook(nil)
		db := openTest(t, store, withSegments)
		checkReplayed(t, db, store)
		must(t, db.Flush(t.Context(), 7)) // and it goes on
		checkReplayed(t, db, store)
		if !dead {
			points = calls
			break
		}
	}
	if points < 60 {
		t.Errorf("only %d points to crash at", points)
	}
}

// segmentRun changes rows, flushes and compacts until something fails.
func segmentRun(store *memStore) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2 {
		opts := testOptions()
		withSegments(&opts)
		db, err := Open(ctx, store, opts)
		if err != nil {
			return
		}
		defer func() { cancel(); _ = db.Close(ctx) }()
		for n := range 8 {
			tx, err := db.Begin(ctx, TxOptions{})
			if err != nil {
				return
			}
			for range 6 {
				if change(ctx, tx, rng.IntN(20), rng.IntN(1000), rng.IntN(3) == 0) != nil || tx.Relieve(ctx) != nil {
					return
				}
			}
			if _, err := tx.Commit(ctx); err != nil {
				return
			}
			if n%2 == 0 {
				err = db.Flush(ctx, 7)
			} else {
				_, err = db.compact(ctx, 7, randomJob(rng))
			}
			if n == 5 {
				err = errors.Join(err, db.Checkpoint(ctx))
			}
			if err != nil {
				return
			}
		}
	}
}

// TestSegmentsOfManyProcesses lets processes that flush and compact all the time change the same rows, on a store that loses
// replies, reports conflicts and fails. What each of them sees in the end is what the log says.
func TestSegmentsOfManyProcesses(t *testing.T) {
	t.Parallel()
	var compacted atomic.Int64
	t.Cleanup(func() {
		if compacted.Load() == 0 {
			t.Error("nothing was ever compacted")
		}
	})
	for seed := range 6 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			store := newMemStore()
			openTest(t, store)
			var mu sync.Mutex
			rng := rand.New(rand.NewPCG(uint64(seed), 9))
			var wg sync.WaitGroup
			var dbs []*DB
			for range 3 {
				dbs = append(dbs, openTest(t, store, withSegments, func(o *Options) { o.NoMaintenance, o.Clock = false, new(leaseClock) }))
			}
			store.setHook(func(op, _ string, after bool) error {
				mu.Lock()
				defer mu.Unlock()
				switch n := rng.IntN(20); {
				case seed%2 == 0:
				case op == "PUT" && !after && n == 0:
					return fmt.Errorf("put: %w", object.ErrConflict)
				case op == "PUT" && n == 1: // before: nothing happened; after: the reply is lost
					return fmt.Errorf("put: %w", object.ErrUnknown)
				case op == "GET" && n == 2:
					return fmt.Errorf("get: %w", object.ErrUnavailable)
				}
				return nil
			})
			for p, db := range dbs {
				for g := range 2 {
					wg.Go(func() { churn(t, db, uint64(seed*100+p*10+g)) })
				}
			}
			wg.Wait()
			store.setHook(nil)
			for _, db := range append(dbs, openTest(t, store, withSegments)) {
				checkReplayed(t, db, store)
			}
			compacted.Add(int64(len(dbs[0].state.Load().garbage)))
		})
	}
}

// churn runs transactions that change some rows each, again when they lose.
func churn(t *testing.T, db *DB, seed uint64) {
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(seed, 3))
	for range 60 {
		tx, err := db.Begin(ctx, TxOptions{Fresh: None})
		for n := 0; err == nil && n < 1+rng.IntN(4); n++ {
			err = change(ctx, tx, rng.IntN(60), rng.IntN(1000), rng.IntN(3) == 0)
			if err == nil && rng.IntN(4) == 0 {
				err = tx.Relieve(ctx)
			}
		}
		if err == nil {
			_, err = tx.Commit(ctx)
		}
		if err != nil && !errors.Is(err, object.ErrUnavailable) && !errors.Is(err, base.ErrConflict) && !errors.Is(err, base.ErrCommitUnknown) {
			t.Error(err)
			return
		}
	}
}

// TestCompactionBesideFlush lets rows of the segments that are being compacted be deleted, and the deletion be flushed, before the
// compaction commits.
func TestCompactionBesideFlush(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := newMemStore()
	a, b := openTest(t, store, withSegments), openTest(t, store, withSegments)
	for part := range 3 {
		tx := begin(t, a, TxOptions{})
		for i := part; i < 60; i += 3 {
			must(t, tx.Insert(7, k(i), rowOf(i)))
		}
		commit(t, tx)
		must(t, a.Flush(ctx, 7))
	}
	var begun atomic.Bool
	store.setHook(func(op, key string, after bool) error {
		if op == "PUT" && strings.HasPrefix(key, "data/") && after && begun.CompareAndSwap(false, true) {
			tx := begin(t, b, TxOptions{})
			for i := 0; i < 60; i += 7 {
				must(t, change(ctx, tx, i, -1, i%2 == 0))
			}
			commit(t, tx)
			must(t, b.Flush(ctx, 7))
		}
		return nil
	})
	rng := rand.New(rand.NewPCG(1, 1))
	if done, err := a.compact(ctx, 7, randomJob(rng)); err != nil || !done {
		t.Fatal(done, err)
	}
	store.setHook(nil)
	for _, db := range []*DB{a, b, openTest(t, store, withSegments)} {
		checkReplayed(t, db, store)
	}
	dead := 0
	for _, g := range a.state.Load().table(7).segs.all() {
		dead += g.deads
	}
	if dead != 9 {
		t.Errorf("%d rows are gone in the new segments, not 9", dead)
	}
}

// TestBulkConflicts commits rows as segments beside transactions that write or read among their keys.
func TestBulkConflicts(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for name, tc := range map[string]struct {
		other func(tx *Tx) error
		lost  bool
	}{
		"writes among them": {func(tx *Tx) error { return tx.Insert(7, k(1001), rowOf(1)) }, true},
		"writes elsewhere":  {func(tx *Tx) error { return tx.Insert(7, k(5000), rowOf(1)) }, false},
		"reads among them": {func(tx *Tx) error {
			tx.DependOnRange(7, k(900), k(950))
			return tx.Insert(8, k(1), rowOf(1))
		}, true},
	} {
		for _, first := range []bool{true, false} {
			store := newMemStore()
			a, b := openTest(t, store, withSegments), openTest(t, store, withSegments)
			write(t, a, 7, 1, 1)
			bulk, other := begin(t, a, TxOptions{}), begin(t, b, TxOptions{})
			for i := range 2000 {
				if i != 1 {
					must(t, bulk.Insert(7, k(i), rowOf(i)))
				}
				must(t, bulk.Relieve(ctx))
			}
			must(t, tc.other(other))
			if !first {
				bulk, other = other, bulk
			}
			commit(t, bulk)
			_, err := other.Commit(ctx)
			if name == "reads among them" && !first {
				tc.lost = false // a reader that comes first has nothing to lose
			}
			if lost := base.KindOf(err) == base.KindConflict; lost != tc.lost {
				t.Errorf("%s, bulk first %v: %v", name, first, err)
			}
			checkReplayed(t, openTest(t, store, withSegments), store)
			for key := range store.objs {
				if strings.HasPrefix(key, "data/") && tc.lost && !first {
					t.Errorf("%s: the loser has left %s", name, key)
				}
			}
		}
	}
}
