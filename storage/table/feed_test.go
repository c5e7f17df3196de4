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
	"time"

	"github.com/s3sql/s3sql/internal/base"
)

// replica is what a reader of a feed makes of the changes of table 7.
type replica struct {
	feed *Feed
	rows map[string]string
}

// follow takes over all commits that are known, and holds each against what it says.
func (r *replica) follow(t *testing.T) {
	t.Helper()
	for {
		was := r.feed.Seq()
		c, err := r.feed.Next(t.Context())
		must(t, err)
		if c == nil {
			return
		}
		if c.Seq() != was+1 || r.feed.Seq() != c.Seq() {
			t.Fatalf("commit %d after %d", c.Seq(), was)
		}
		seen := map[string]bool{}
		must(t, c.Changes(t.Context(), 7, func(x RowChange) error {
			old, had := r.rows[x.Key]
			if had != x.Had || had && old != decoded(t, x.Old) || !x.Had && !x.Has || x.Has && x.Had && x.Old == x.New {
				t.Fatalf("commit %d, row %x: it was %q %v, is %q %v; the replica has %s %v", c.Seq(), x.Key, x.Old, x.Had, x.New, x.Has, old, had)
			}
			if !slices.Contains(c.Tables(), 7) || seen[x.Key] {
				t.Fatalf("commit %d, row %x: it comes twice, or the table is not touched", c.Seq(), x.Key)
			}
			seen[x.Key] = true
			if x.Has {
				r.rows[x.Key] = decoded(t, x.New)
			} else {
				delete(r.rows, x.Key)
			}
			return nil
		}))
	}
}

// contents returns the rows of table 7, decoded: a segment encodes them otherwise.
func contents(t *testing.T, tx *Tx) map[string]string {
	t.Helper()
	rows := map[string]string{}
	must(t, tx.Range(t.Context(), 7, "", "", func(key, row string) bool {
		rows[key] = decoded(t, row)
		return true
	}))
	return rows
}

func openReplica(t *testing.T, db *DB, seq uint64) *replica {
	t.Helper()
	f, err := db.OpenFeed(t.Context(), seq)
	must(t, err)
	t.Cleanup(f.Close)
	return &replica{f, contents(t, f.Tx())}
}

// TestFeed follows random transactions: beside them, and from random positions of the past, in databases that were opened again and by other
// processes.
func TestFeed(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			followed(t, seed)
		})
	}
}

func followed(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 7))
	store := newMemStore()
	var setup []func(*Options)
	if seed%4 > 0 {
		setup = append(setup, withSegments)
	}
	db, other := openTest(t, store, setup...), openTest(t, store, setup...)
	at := map[uint64]map[string]string{0: {}} // contents by commit
	model := map[int]int{}
	live := []*replica{openReplica(t, db, 0), openReplica(t, other, 0)}
	for range 60 {
		tx := begin(t, db, TxOptions{})
		mine := mutate(t, tx, maps.Clone(model), rng)
		commit(t, tx)
		model = mine
		switch rng.IntN(8) {
		case 0:
			must(t, db.Checkpoint(t.Context()))
		case 1, 2:
			must(t, db.Flush(t.Context(), 7))
		case 3:
			_, err := db.compact(t.Context(), 7, randomJob(rng))
			must(t, err)
		case 4:
			must(t, other.Flush(t.Context(), 7))
		case 5:
			live[0].follow(t)
		case 6:
			live[1].follow(t)
		}
		tx = begin(t, db, TxOptions{ReadOnly: true})
		at[tx.Seq()] = contents(t, tx)
		tx.Rollback()
	}
	head := db.Head()
	begin(t, other, TxOptions{ReadOnly: true}).Rollback()
	db = openTest(t, store, setup...)
	for range 6 {
		live = append(live, openReplica(t, db, rng.Uint64N(head+1)))
	}
	for _, r := range live {
		if want, ok := at[r.feed.Seq()]; ok && !maps.Equal(r.rows, want) {
			t.Errorf("the state at %d is not what it was", r.feed.Seq())
		}
		r.follow(t)
		if r.feed.Seq() < head || !maps.Equal(r.rows, at[head]) || !maps.Equal(r.rows, contents(t, r.feed.Tx())) {
			t.Errorf("%d rows at %d, want %d at %d", len(r.rows), r.feed.Seq(), len(at[head]), head)
		}
	}
}

// TestFeedRequests counts what a feed asks of the store: nothing for the commits of its process.
func TestFeedRequests(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	db := openTest(t, store)
	f, err := db.OpenFeed(t.Context(), 0)
	must(t, err)
	defer f.Close()
	applied := db.Applied()
	for i := range 100 {
		write(t, db, 7, i, i)
	}
	select {
	case <-applied:
	case <-time.After(10 * time.Second):
		t.Fatal("nobody was woken")
	}
	asked := 0
	store.hook = func(op, key string, after bool) error {
		if !after {
			asked++
		}
		return nil
	}
	n := 0
	for c, err := f.Next(t.Context()); c != nil || err != nil; c, err = f.Next(t.Context()) {
		must(t, err)
		must(t, c.Changes(t.Context(), 7, func(RowChange) error { n++; return nil }))
	}
	if n != 100 || asked != 0 {
		t.Errorf("%d changes by %d requests", n, asked)
	}
}

// TestFeedsBesideCommits has several feeds follow commits while they are made: none of them asks the store for a commit of its process.
func TestFeedsBesideCommits(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	db := openTest(t, store)
	var asked atomic.Int64
	store.hook = func(op, key string, after bool) error {
		if op == "GET" && !after {
			asked.Add(1)
		}
		return nil
	}
	const commits = 300
	var all sync.WaitGroup
	for range 3 {
		f, err := db.OpenFeed(t.Context(), db.Head())
		must(t, err)
		all.Go(func() {
			defer f.Close()
			for f.Seq() < commits {
				applied := db.Applied()
				if c, err := f.Next(t.Context()); err != nil {
					t.Error(err)
					return
				} else if c == nil {
					<-applied
				}
			}
		})
	}
	for i := range commits {
		tx := db.begin(TxOptions{})
		must(t, tx.Put(7, k(i), rowOf(i)))
		commit(t, tx)
	}
	all.Wait()
	if n := asked.Load(); n != 0 {
		t.Errorf("%d GETs", n)
	}
}

// TestFeedsOfOneState has feeds apply records to a state that they share.
func TestFeedsOfOneState(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	db, other := openTest(t, store), openTest(t, store)
	st := db.state.Load()
	for i := range 20 {
		write(t, other, 7, i, i)
	}
	begin(t, db, TxOptions{}).Rollback()
	var all sync.WaitGroup
	for range 4 {
		f, err := db.OpenFeed(t.Context(), 0)
		must(t, err)
		f.st = st
		all.Go(func() {
			defer f.Close()
			for c, err := f.Next(t.Context()); c != nil || err != nil; c, err = f.Next(t.Context()) {
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// TestFeedTooOld asks for commits that were cleaned up, and for some that do not exist.
func TestFeedTooOld(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	db := openTest(t, store)
	for i := range 20 {
		write(t, db, 7, i, i)
	}
	must(t, db.Checkpoint(t.Context()))
	for key := range store.objs {
		if strings.HasPrefix(key, "log/") && key <= "log/00000000000000000010" {
			delete(store.objs, key)
		}
	}
	db = openTest(t, store)
	for seq, want := range map[uint64]string{5: "cannot be told", 99: "there is no commit 99"} {
		if f, err := db.OpenFeed(t.Context(), seq); !errors.Is(err, base.ErrFenced) || !strings.Contains(err.Error(), want) {
			t.Errorf("feed of %d: %v, %v", seq, f, err)
		}
	}
	if db.readers.oldest() < 1<<63 || db.recent.feeds != 0 {
		t.Error("a feed that was not opened holds something")
	}
	f, err := db.OpenFeed(t.Context(), 20)
	must(t, err)
	must(t, db.Close(context.Background()))
	if _, err := f.Next(t.Context()); err == nil {
		t.Error("the feed of a closed database answers")
	}
}
