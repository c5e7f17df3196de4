package table

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestWritesBesideSpill changes rows while the run that they belong to is being written, looks at them, and lets the run end well or
// not.
func TestWritesBesideSpill(t *testing.T) {
	t.Parallel()
	errLost := errors.New("the store is away")
	for _, outcome := range []error{nil, errLost} {
		t.Run(fmt.Sprint(outcome), func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			store := newMemStore()
			db := openTest(t, store, withSegments)
			write(t, db, 7, 2, 2) // the even keys up to 40 have a row in a segment
			seed := begin(t, db, TxOptions{})
			for i := 4; i <= 40; i += 2 {
				must(t, seed.Insert(7, k(i), rowOf(i)))
			}
			commit(t, seed)
			must(t, db.Flush(ctx, 7))

			arrived, release := make(chan struct{}, 100), make(chan struct{})
			store.setHook(func(op, key string, after bool) error {
				if op != "PUT" || !strings.HasPrefix(key, "data/") || after {
					return nil
				}
				arrived <- struct{}{}
				<-release
				return outcome
			})
			tx := begin(t, db, TxOptions{})
			want := map[int]int{}
			for i := range 60 { // old rows are replaced, others come, some old ones go
				switch {
				case i%2 == 1 || i > 40 || i == 0:
					must(t, tx.Insert(7, k(i), rowOf(i+1000)))
				case i%10 == 0:
					must(t, tx.Delete(7, k(i)))
					continue
				default:
					must(t, tx.Update(7, k(i), rowOf(i+1000)))
				}
				want[i] = i + 1000
			}
			must(t, tx.Relieve(ctx))
			<-arrived
			checkView(t, tx, want)
			for i := 0; i < 60; i += 5 { // rows of the run, deleted ones of it among them
				_, had := want[i]
				switch {
				case had && i%3 == 0:
					must(t, tx.Delete(7, k(i)))
					delete(want, i)
				case had:
					must(t, tx.Update(7, k(i), rowOf(i+2000)))
					want[i] = i + 2000
				default:
					must(t, tx.Insert(7, k(i), rowOf(i+3000)))
					want[i] = i + 3000
				}
			}
			checkView(t, tx, want)
			close(release)
			for i := 100; i < 130; i++ {
				must(t, tx.Insert(7, k(i), rowOf(i)))
				want[i] = i
			}
			if err := tx.Relieve(ctx); !errors.Is(err, outcome) {
				t.Fatal(err)
			}
			store.setHook(nil)
			checkView(t, tx, want)
			must(t, tx.Relieve(ctx))
			checkView(t, tx, want)
			commit(t, tx)
			for _, db := range []*DB{db, openTest(t, store, withSegments)} {
				checkView(t, begin(t, db, TxOptions{ReadOnly: true}), want)
			}
		})
	}
}

// checkView compares the counted rows, and those of scans in key order and in any order, with want.
// TestViewBesideSpill deletes a row while the run that it belongs to is being written, counts, and inserts one of its key, in a table
// that has nothing beneath.
func TestViewBesideSpill(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	db := openTest(t, store, withSegments)
	release := make(chan struct{})
	store.setHook(func(op, key string, after bool) error {
		if op == "PUT" && strings.HasPrefix(key, "data/") && !after {
			<-release
		}
		return nil
	})
	tx := begin(t, db, TxOptions{})
	must(t, tx.DropTable(7))
	want := map[int]int{}
	for i := range 40 {
		must(t, tx.Insert(7, k(i), rowOf(i)))
		want[i] = i
	}
	must(t, tx.Relieve(t.Context()))
	checkView(t, tx, want)
	must(t, tx.Delete(7, k(5)))
	delete(want, 5)
	checkView(t, tx, want)
	must(t, tx.Insert(7, k(5), rowOf(1005)))
	want[5] = 1005
	checkView(t, tx, want)
	close(release)
	commit(t, tx)
	checkView(t, begin(t, db, TxOptions{}), want)
}

func checkView(t *testing.T, tx *Tx, want map[int]int) {
	t.Helper()
	if n := tx.RowCount(7); n != len(want) {
		t.Errorf("%d rows are counted of %d", n, len(want))
	}
	var lines []string
	for i, v := range want {
		lines = append(lines, k(i)+"="+wantCells(v))
	}
	slices.Sort(lines)
	for _, any := range []bool{false, true} {
		got := scanAll(t, tx, 7, ScanSpec{Cols: testCols, WithKeys: true, AnyOrder: any})
		if slices.Sort(got); !slices.Equal(got, lines) {
			t.Errorf("any order %v: %d rows, not %d:\n got %q\nwant %q", any, len(got), len(lines), got, lines)
		}
	}
}

// TestRelieveInVain replaces rows that are in memory, which cannot be written before the commit: it is not tried at every row.
func TestRelieveInVain(t *testing.T) {
	t.Parallel()
	asked := 0
	db := openTest(t, newMemStore(), func(o *Options) {
		withSegments(o)
		o.NoMaintenance = true
		schema := o.Schema
		o.Schema = func(ctx context.Context, tx *Tx, table uint32) (Schema, bool, error) {
			asked++
			return schema(ctx, tx, table)
		}
		o.limits.record, o.limits.spillMax = 1<<20, 1<<10
	})
	const rows = 1000
	seed := begin(t, db, TxOptions{})
	for i := range rows {
		must(t, seed.Insert(7, k(i), rowOf(i)))
	}
	commit(t, seed)
	tx := begin(t, db, TxOptions{})
	for i := range rows {
		must(t, tx.Update(7, k(i), rowOf(i+1)))
		must(t, tx.Relieve(t.Context()))
	}
	if most := tx.mem/(1<<10) + 1; asked > most {
		t.Errorf("%d attempts to write %d bytes in runs of 1 KiB, not %d", asked, tx.mem, most)
	}
	tx.Rollback()
}

// TestRelieveManyTables spreads the rows of a transaction over many tables, none of which holds much of them.
func TestRelieveManyTables(t *testing.T) {
	t.Parallel()
	db := openTest(t, newMemStore(), withSegments)
	db.opts.limits.record, db.opts.limits.spillMax = 4<<10, 4<<10
	tx := begin(t, db, TxOptions{})
	defer tx.Rollback()
	for i := range 4000 {
		must(t, tx.Insert(uint32(100+i%20), k(i), rowOf(i)))
		must(t, tx.Relieve(t.Context()))
		if tx.mem > 4200 {
			t.Fatalf("%d bytes are held after %d rows", tx.mem, i+1)
		}
	}
}

// TestBulkOverTombstone deletes a row of a table in memory and brings one of the same key in a segment. What opens the database from a
// checkpoint before that has a tombstone where the process that wrote has nothing, and sees the same.
func TestBulkOverTombstone(t *testing.T) {
	t.Parallel()
	for _, again := range []bool{false, true} {
		store := newMemStore()
		setup := func(o *Options) {
			withSegments(o)
			o.limits.foldBytes = 1 << 20
		}
		db := openTest(t, store, setup)
		want := map[int]int{}
		insert := func(tx *Tx, i, v int) {
			must(t, tx.Insert(7, k(i), rowOf(v)))
			want[i] = v
		}
		tx := begin(t, db, TxOptions{})
		for i := range 5 {
			insert(tx, i, i)
		}
		commit(t, tx)
		must(t, db.Checkpoint(t.Context()))
		tx = begin(t, db, TxOptions{})
		must(t, tx.Delete(7, k(3)))
		must(t, tx.Delete(7, k(4)))
		commit(t, tx)
		delete(want, 3)
		delete(want, 4)
		tx = begin(t, db, TxOptions{})
		insert(tx, 3, 1003)
		insert(tx, 4, 1004)
		for i := 100; i < 140; i++ {
			insert(tx, i, i)
		}
		must(t, tx.Relieve(t.Context()))
		if again {
			must(t, tx.Delete(7, k(4)))
			delete(want, 4)
		}
		commit(t, tx)
		for name, db := range map[string]*DB{"writer": db, "opened": openTest(t, store, setup)} {
			if db.state.Load().table(7).segs == nil {
				t.Fatal("nothing was written to a segment")
			}
			t.Log(name)
			checkView(t, begin(t, db, TxOptions{}), want)
			must(t, db.Flush(t.Context(), 7))
			checkView(t, begin(t, db, TxOptions{}), want)
		}
	}
}
