package table

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/faults"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// chainRow makes rows that hold what came before them.
func chainRow(seq uint64, n int, name, last string) LateRow {
	before := "-"
	if last != "" {
		r := base.NewRowReader(last)
		_, v, _ := r.Next()
		before, _, _ = strings.Cut(v.Text(), " ")
	}
	return LateRow{Key: string(base.AppendKey(nil, base.NewUint(seq<<20|uint64(n)))),
		Row: string(base.AppendField(nil, 1, base.NewString(fmt.Sprintf("%d.%d %s %s", seq, n, before, name))))}
}

// TestLateRows commits from several processes over a store that loses replies: each transaction's late rows are there if and only if the
// transaction is, and name the row before them.
func TestLateRows(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			bare := mem.New()
			var dbs []*DB
			for range 3 {
				store := faults.New(bare, base.SystemClock{}, base.SystemRand{}, faults.Plan{})
				db, err := Open(t.Context(), store, Options{Create: true, NoMaintenance: true})
				must(t, err)
				t.Cleanup(func() { _ = db.Close(t.Context()) })
				store.FailNext(object.OpPutIfAbsent, faults.LostReply, faults.None, faults.LostReply)
				dbs = append(dbs, db)
			}
			var all sync.WaitGroup
			for w, db := range dbs {
				for g := range 2 {
					all.Go(func() {
						r := rand.New(rand.NewPCG(seed, uint64(10*w+g)))
						for i := range 15 {
							name := fmt.Sprintf("%d-%d-%d", w, g, i)
							must(t, db.KeepLast(t.Context(), 9))
							tx := begin(t, db, TxOptions{Fresh: None})
							must(t, tx.Insert(7, k(1000*w+100*g+i), rowOf(i)))
							if r.IntN(4) == 0 {
								must(t, tx.Put(8, k(0), rowOf(i))) // what others write as well
							}
							n := 1 + r.IntN(3)
							tx.AddLate(9, 300, func(at LatePlace) (rows []LateRow) {
								for j := range n {
									row := chainRow(at.Seq, at.N+j, name, at.Last)
									rows, at.Last = append(rows, row), row.Row
								}
								return rows
							})
							if _, err := tx.Commit(t.Context()); err != nil && base.KindOf(err) != base.KindConflict {
								t.Error(err)
							}
						}
					})
				}
			}
			all.Wait()
			fresh, err := Open(t.Context(), bare, Options{NoMaintenance: true})
			must(t, err)
			defer fresh.Close(t.Context())
			tx := begin(t, fresh, TxOptions{ReadOnly: true})
			defer tx.Rollback()
			want, names := "-", map[string]bool{}
			must(t, tx.Range(t.Context(), 9, "", "", func(_, row string) bool {
				r := base.NewRowReader(row)
				_, v, _ := r.Next()
				f := strings.Fields(v.Text())
				if f[1] != want {
					t.Errorf("%s follows %s", v.Text(), want)
				}
				want, names[f[2]] = f[0], true
				return true
			}))
			if rows := tx.RowCount(7); rows != len(names) || rows < 30 {
				t.Errorf("%d transactions, late rows of %d", rows, len(names))
			}
		})
	}
}

// TestLateRowsAlone commits nothing but late rows, in a table that has been flushed: each counts on from the one before it.
func TestLateRowsAlone(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	number := func(row string) int64 {
		r := base.NewRowReader(row)
		_, v, _ := r.Next()
		return v.Int()
	}
	for i := range 4 {
		db := openTest(t, store, withSegments)
		must(t, db.KeepLast(t.Context(), 9))
		tx := begin(t, db, TxOptions{})
		tx.AddLate(9, 100, func(at LatePlace) []LateRow {
			n := int64(1)
			if at.Last != "" {
				n = number(at.Last) + 1
			}
			return []LateRow{{Key: string(base.AppendKey(nil, base.NewUint(at.Seq))), Row: string(base.AppendField(nil, 1, base.NewInt(n)))}}
		})
		commit(t, tx)
		must(t, db.Flush(t.Context(), 9))
		tx = begin(t, db, TxOptions{ReadOnly: true})
		last, err := tx.lastOf(t.Context(), 9)
		must(t, err)
		if n := tx.RowCount(9); n != i+1 || number(last) != int64(n) {
			t.Errorf("%d rows, the last is %d, want %d", n, number(last), i+1)
		}
		tx.Rollback()
		must(t, db.Close(t.Context()))
	}
}
