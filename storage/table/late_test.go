package table

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/object"
)

// lateRows is how many rows wideTable has: some frames of 64 pages.
const lateRows = 400_000

// wideTable makes a table of two columns, a number and a text that compresses badly, in segments.
func wideTable(t testing.TB, store *memStore) {
	t.Helper()
	db := openTest(t, store, withSegments, func(o *Options) { o.limits = defaultLimits() })
	tx := begin(t, db, TxOptions{})
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range lateRows {
		text := fmt.Sprintf("%012x%012x", rng.Uint64()>>16, rng.Uint64()>>16)
		row := base.AppendField(base.AppendField(nil, 1, base.NewInt(int64(i))), 2, base.NewString(text))
		must(t, tx.Insert(7, k(i), string(row)))
		must(t, tx.Relieve(t.Context()))
	}
	commit(t, tx)
	must(t, db.Flush(t.Context(), 7))
	must(t, db.Close(t.Context()))
}

// rangedBytes lets a store count the bytes of the ranges it was asked for.
type rangedBytes struct {
	*memStore
	mu    sync.Mutex
	bytes int64
}

func (r *rangedBytes) GetRange(ctx context.Context, key string, offset, length int64) (object.Object, error) {
	r.mu.Lock()
	r.bytes += length
	r.mu.Unlock()
	return r.memStore.GetRange(ctx, key, offset, length)
}

// TestLate compares the bytes that scans read by the filter first with those of a scan that reads everything.
func TestLate(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	wideTable(t, store)
	read := func(keep func(v int64) bool, anyOrder bool) (bytes int64, hits int) {
		counted := &rangedBytes{memStore: store}
		opts := testOptions()
		withSegments(&opts)
		db, err := Open(t.Context(), counted, opts)
		must(t, err)
		defer func() { must(t, db.Close(context.Background())) }()
		spec := ScanSpec{Cols: []ScanCol{{ID: 1, Type: tInt}, {ID: 2, Type: tStr}}, AnyOrder: anyOrder}
		if keep != nil {
			spec.Filter = &Filter{Cols: []int{0}, Keep: func(b *vec.Batch, sel []int32) ([]int32, error) {
				if b.Cols[1] != nil {
					t.Error("the filter is handed a column that it does not need")
				}
				for i, v := range b.Cols[0].I64[:b.N] {
					if keep(v) {
						sel = append(sel, int32(i))
					}
				}
				return sel, nil
			}}
		}
		tx := begin(t, db, TxOptions{ReadOnly: true})
		s := tx.Scan(t.Context(), 7, spec)
		var b vec.Batch
		for {
			_, ok, err := s.Next(t.Context(), &b)
			must(t, err)
			if !ok {
				return counted.bytes, hits
			}
			for i, v := range b.Cols[0].I64[:b.N] {
				if len(b.Cols[1].Str[i]) != 24 {
					t.Fatalf("row %d has %q", v, b.Cols[1].Str[i])
				}
				if keep == nil || keep(v) {
					hits++
				}
			}
		}
	}
	for _, anyOrder := range []bool{false, true} {
		all, n := read(nil, anyOrder)
		if n != lateRows {
			t.Fatalf("%d rows", n)
		}
		for _, x := range []struct {
			name  string
			keep  func(v int64) bool
			hits  int
			share float64 // of the bytes of all
		}{
			{"none", func(int64) bool { return false }, 0, 0.75},
			{"one", func(v int64) bool { return v == 399_000 }, 1, 0.75},
			{"every page", func(v int64) bool { return v%500 == 0 }, lateRows / 500, 1.01},
			{"first half", func(v int64) bool { return v < lateRows/2 }, lateRows / 2, 1.01},
		} {
			bytes, hits := read(x.keep, anyOrder)
			if hits != x.hits || float64(bytes) > x.share*float64(all) {
				t.Errorf("%s, any order %v: %d rows, %d bytes of %d", x.name, anyOrder, hits, bytes, all)
			}
		}
	}
}

// TestLateness: a filter that leaves most rows is asked of one frame in lateAgain, one that leaves few of each.
func TestLateness(t *testing.T) {
	t.Parallel()
	var l lateness
	asked := ""
	for i := range 60 {
		if l.next() {
			asked += "x"
			left := 10
			if i > 30 {
				left = 2
			}
			l.learn(left, 10)
		} else {
			asked += "."
		}
	}
	run := strings.Repeat(".", lateAgain)
	if want := "x" + run + "x" + run + strings.Repeat("x", 60-2*lateAgain-2); asked != want {
		t.Errorf("asked %s, want %s", asked, want)
	}
}
