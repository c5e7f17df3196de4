package table

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3sql/s3sql/storage/commitlog"
	"github.com/s3sql/s3sql/storage/manifest"
)

// packed lets packs be written all four records, about nine times between two checkpoints of largeDB.
func packed(o *Options) {
	o.NoMaintenance = false
	o.limits = tinyLimits()
	o.limits.tail, o.limits.request = 4, 64
}

// largeDB makes a database whose checkpoint, of record 1, is large beside the commits of write.
func largeDB(t testing.TB, store *memStore) *DB {
	t.Helper()
	db := openTest(t, store, packed)
	tx := begin(t, db, TxOptions{})
	rng := rand.New(rand.NewPCG(1, 2))
	row := make([]byte, 20_000)
	for i := range row {
		row[i] = byte(rng.Uint32())
	}
	must(t, tx.Put(9, k(0), string(row)))
	commit(t, tx)
	must(t, db.Checkpoint(t.Context()))
	return db
}

// writeWaiting writes, and waits for what the commit sets off.
func writeWaiting(t testing.TB, db *DB, key int) {
	t.Helper()
	write(t, db, 1, key, key)
	db.ckpt.tasks.Wait()
}

func latestOf(t testing.TB, store *memStore) manifest.Latest {
	t.Helper()
	l, err := manifest.DecodeLatest(store.get(manifest.LatestKey))
	must(t, err)
	return l
}

// TestPacks pins down what commits write beside themselves, and what an open asks for.
func TestPacks(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	db := largeDB(t, store)
	store.take()
	for i := range 18 {
		writeWaiting(t, db, i)
	}
	if n := puts(store.take(), manifest.Prefix); n != 2*4 {
		t.Errorf("18 commits wrote %d objects beside themselves, want 4 packs and 4 hints", n)
	}
	if l := latestOf(t, store); l.Seq != 1 || len(l.Packs) != 4 || l.End() != 17 {
		t.Errorf("hint %+v", l)
	}
	store.latency, store.rounds = 150*time.Millisecond, 0
	again := openTest(t, store, packed)
	rounds := store.rounds
	store.latency = 0
	if calls := store.take(); len(calls) != 3+4+2 || rounds > 3 {
		t.Errorf("an open made %d requests in %d rounds: %q", len(calls), rounds, calls)
	}
	if n := begin(t, again, TxOptions{Fresh: None}).RowCount(1); n != 18 {
		t.Errorf("%d rows", n)
	}
	writeWaiting(t, again, 18) // the two records that this one read are part of what it packs
	writeWaiting(t, again, 19)
	if l := latestOf(t, store); l.Seq != 1 || l.End() != 21 {
		t.Errorf("hint after the next pack %+v", l)
	}
	for i := 20; latestOf(t, store).Seq == 1 && i < 100; i++ {
		writeWaiting(t, again, i)
	}
	if l := latestOf(t, store); l.Seq < 30 || len(l.Packs) != 0 {
		t.Errorf("hint after a hundred records %+v", l)
	}
}

// TestDamagedPacks: an open does without a pack that is not what it should be, and soon a checkpoint replaces it.
func TestDamagedPacks(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(p manifest.Pack, s *memStore) []byte{
		"missing":   func(manifest.Pack, *memStore) []byte { return nil },
		"cut off":   func(p manifest.Pack, s *memStore) []byte { return s.get(p.Key())[:100] },
		"empty":     func(manifest.Pack, *memStore) []byte { return []byte{} },
		"one short": func(p manifest.Pack, s *memStore) []byte { return s.get(commitlog.Key(p.First)) },
		"bit":       func(p manifest.Pack, s *memStore) []byte { b := s.get(p.Key()); b[len(b)-1] ^= 8; return b },
		"foreign":   func(manifest.Pack, *memStore) []byte { return []byte("somebody's notes, longer than a frame") },
	} {
		for at := range 3 {
			t.Run(fmt.Sprint(name, at), func(t *testing.T) {
				t.Parallel()
				store := newMemStore()
				db := largeDB(t, store)
				for i := range 13 {
					writeWaiting(t, db, i)
				}
				p := latestOf(t, store).Packs[at]
				store.set(p.Key(), damage(p, store))
				again := openTest(t, store, packed)
				if n := begin(t, again, TxOptions{Fresh: None}).RowCount(1); n != 13 {
					t.Errorf("%d rows", n)
				}
				for i := 13; latestOf(t, store).Seq == 1 && i < 60; i++ {
					writeWaiting(t, again, i)
				}
				if l := latestOf(t, store); l.Seq == 1 || l.Seq > 20 {
					t.Errorf("hint %+v", l)
				}
			})
		}
	}
}

// TestPacksAfterCrash stops a process before and after each of its writes, and goes on with the next one.
func TestPacksAfterCrash(t *testing.T) {
	t.Parallel()
	for at := 0; ; at++ {
		store := newMemStore()
		largeDB(t, store)
		var mu sync.Mutex
		calls, dead := 0, false
		store.setHook(func(op, key string, after bool) error {
			mu.Lock()
			defer mu.Unlock()
			if calls++; calls > at && strings.HasPrefix(op, "PUT") {
				dead = true
			}
			if dead {
				return errCrash
			}
			return nil
		})
		acked := 0
		if db, err := Open(t.Context(), store, packedOptions()); err == nil {
			for i := range 70 {
				tx := begin(t, db, TxOptions{Fresh: None})
				must(t, tx.Put(1, k(i), rowOf(i)))
				if _, err := tx.Commit(t.Context()); err != nil {
					break
				}
				db.ckpt.tasks.Wait()
				acked++
			}
			_ = db.Close(t.Context())
		}
		store.setHook(nil)
		db := openTest(t, store, packed)
		if n := begin(t, db, TxOptions{}).RowCount(1); n != acked && n != acked+1 {
			t.Fatalf("crash at call %d: %d rows, %d acknowledged", at, n, acked)
		}
		for i := range 10 {
			writeWaiting(t, db, 1000+i)
		}
		if end := latestOf(t, store).End(); db.Head()-end > uint64(db.opts.limits.tail) {
			t.Fatalf("crash at call %d: the hint ends at %d of %d", at, end, db.Head())
		}
		if !dead {
			break
		}
	}
}

func packedOptions() Options {
	o := testOptions()
	packed(&o)
	return o
}

// TestPacksOfTwoProcesses lets two processes write packs and checkpoints over each other, and opens what is there at each step.
func TestPacksOfTwoProcesses(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	store := newMemStore()
	dbs := []*DB{largeDB(t, store), openTest(t, store, packed)}
	last := latestOf(t, store)
	for i := range 300 {
		db := dbs[rng.IntN(2)]
		write(t, db, 1, i, i)
		if rng.IntN(2) == 0 {
			db.ckpt.tasks.Wait()
		}
		if rng.IntN(40) == 0 {
			must(t, db.Checkpoint(t.Context()))
		}
		l := latestOf(t, store)
		if l.Seq < last.Seq || l.End() < last.End() {
			t.Fatalf("the hint went back from %+v to %+v", last, l)
		}
		last = l
		if i%10 == 0 {
			if n := begin(t, openTest(t, store), TxOptions{Fresh: None}).RowCount(1); n != i+1 {
				t.Fatalf("%d rows after %d commits: %+v", n, i+1, l)
			}
		}
	}
}

// TestHintWithoutPacks: a release that knows no packs has replaced the hint. The records between are not packed, and what is
// written stays bounded.
func TestHintWithoutPacks(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	db := largeDB(t, store)
	for i := range 9 {
		writeWaiting(t, db, i)
	}
	old := openTest(t, store)
	must(t, old.Checkpoint(t.Context()))
	writeWaiting(t, db, 9)
	data, err := manifest.EncodeLatest(manifest.Latest{UUID: db.UUID(), Seq: old.Head()})
	must(t, err)
	store.set(manifest.LatestKey, data)
	store.take()
	for i := range 40 {
		writeWaiting(t, db, 10+i)
	}
	if n := puts(store.take(), manifest.Prefix); n > 2*40/4+2 {
		t.Errorf("40 commits wrote %d objects beside themselves", n)
	}
	if n := begin(t, openTest(t, store), TxOptions{Fresh: None}).RowCount(1); n != 50 {
		t.Errorf("%d rows", n)
	}
}

// TestTailStaysBounded: a process that never writes a checkpoint, as one that only reads, holds a bounded part of the tail.
func TestTailStaysBounded(t *testing.T) {
	t.Parallel()
	c := checkpointer{limits: defaultLimits()}
	c.settle(manifest.Latest{Seq: 1, Bytes: 100}, "")
	row := strings.Repeat("r", 1000)
	for i := range 50_000 {
		c.note(&commitlog.Record{Seq: uint64(i + 2), Txns: []*commitlog.Txn{{Tables: []commitlog.TableWrite{{Ops: []commitlog.Op{{Key: "k", Row: row}}}}}}}, false)
	}
	if n := len(c.mu.held); n*len(row) > heldBytes || cap(c.mu.held) > 4*n {
		t.Errorf("%d records are held, in %d places", n, cap(c.mu.held))
	}
	if due, recs := c.due(); !due || recs != nil {
		t.Errorf("a tail of which a part is held: due %v, %d records to pack", due, len(recs))
	}
	c.settle(manifest.Latest{Seq: 50_001 - 70, Bytes: 1 << 30}, "")
	if due, recs := c.due(); !due || len(recs) != 70 || c.mu.lost != 0 {
		t.Errorf("after a checkpoint: due %v, %d records to pack, %d bytes lost", due, len(recs), c.mu.lost)
	}
}

// TestVacuumPacks: packs go as soon as a checkpoint has made them superfluous.
func TestVacuumPacks(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	store := newMemStore()
	db := largeDB(t, store)
	count := func() (n int) {
		for key := range store.snapshot().objs {
			if _, ok := manifest.ParsePackKey(key); ok {
				n++
			}
		}
		return n
	}
	for i := range 9 {
		writeWaiting(t, db, i)
	}
	_, err := db.Vacuum(ctx, VacuumOptions{})
	must(t, err)
	if n := count(); n != 2 {
		t.Errorf("%d packs are left, and 2 are needed", n)
	}
	must(t, db.Checkpoint(ctx))
	_, err = db.Vacuum(ctx, VacuumOptions{})
	must(t, err)
	if n := count(); n != 0 {
		t.Errorf("%d packs are left", n)
	}
	if n := begin(t, openTest(t, store), TxOptions{}).RowCount(1); n != 9 {
		t.Errorf("%d rows", n)
	}
}
