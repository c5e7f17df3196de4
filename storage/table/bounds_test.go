package table

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/segment"
)

// randomBound returns a bound of one of the test's columns, and whether the row of a value meets it.
func randomBound(rng *rand.Rand) (b segment.Bound, meets func(v int) bool) {
	at := rng.IntN(2000)
	switch rng.IntN(6) {
	case 0:
		return segment.Bound{ID: 1, Null: segment.NotNull, Min: base.NewInt(int64(at))}, func(v int) bool { return v >= at }
	case 1:
		return segment.Bound{ID: 1, Null: segment.NotNull, Max: base.NewInt(int64(at)), MaxOpen: true}, func(v int) bool { return v < at }
	case 2:
		return segment.Bound{ID: 2, Null: segment.IsNull}, func(v int) bool { return v < 0 }
	case 3:
		text := fmt.Sprint("v", at)
		return segment.Bound{ID: 2, Null: segment.NotNull, Min: base.NewString(text)},
			func(v int) bool { return v >= 0 && fmt.Sprint("v", v) >= text }
	case 4: // hundredths; rows have tenths, or no value at all
		d := base.NewDecimal(base.Int128From(int64(at)*10), 2)
		return segment.Bound{ID: 3, Null: segment.NotNull, Max: d, Missing: base.NewDecimal(base.Int128From(777), 2)},
			func(v int) bool { return v <= 1000 && 777 <= at*10 || v > 1000 && v*10 <= at*10 }
	}
	return segment.Bound{ID: 9, Null: segment.IsNull}, func(int) bool { return true } // which no segment has
}

// checkBounds compares scans in any order, and scans that may leave rows out, with the rows that are there.
func checkBounds(t testing.TB, tx *Tx, table uint32, model map[int]int, spec ScanSpec, rng *rand.Rand) {
	t.Helper()
	spec.Reverse = false
	want := scanAll(t, tx, table, spec)
	spec.AnyOrder = true
	got := scanAll(t, tx, table, spec)
	slices.Sort(got)
	if !slices.Equal(got, want) { // keys of whole numbers sort as the texts that begin with them
		t.Fatalf("in any order:\n got %q\nwant %q", got, want)
	}
	b, meets := randomBound(rng)
	spec.AnyOrder, spec.Bounds = rng.IntN(2) == 0, []segment.Bound{b}
	checkLeavesOut(t, tx, table, model, spec, want, meets)
	if spec.Bounds = nil; !spec.AnyOrder {
		spec.Reverse = rng.IntN(2) == 0
	}
	spec.Filter, meets = randomFilter(rng)
	checkLeavesOut(t, tx, table, model, spec, want, meets)
}

// checkLeavesOut compares a scan that may leave rows out, other than those of values that meet a condition, with want, all rows.
func checkLeavesOut(t testing.TB, tx *Tx, table uint32, model map[int]int, spec ScanSpec, want []string, meets func(int) bool) {
	t.Helper()
	some := scanAll(t, tx, table, spec)
	have := map[string]bool{}
	for n, row := range some {
		if have[row] || !slices.Contains(want, row) {
			t.Fatalf("%+v: there is %q, or twice", spec, row)
		}
		if n > 0 && !spec.AnyOrder && (row > some[n-1]) == spec.Reverse {
			t.Fatalf("%+v: %q comes after %q", spec, row, some[n-1])
		}
		have[row] = true
	}
	for i, v := range model {
		row := k(i) + "=" + wantCells(v)
		if meets(v) && slices.Contains(want, row) && !have[row] {
			t.Fatalf("%+v: %q is left out", spec, row)
		}
	}
}

// randomFilter returns a filter of testCols, and whether it keeps the row of a value. Some filters fail.
func randomFilter(rng *rand.Rand) (f *Filter, keeps func(v int) bool) {
	at, broken := rng.IntN(2000), rng.IntN(8) == 0
	keeps = func(v int) bool { return v >= at }
	if rng.IntN(2) == 0 {
		keeps = func(v int) bool { return v%7 == at%7 }
	}
	return &Filter{Cols: []int{1}, Keep: func(b *vec.Batch, sel []int32) ([]int32, error) {
		if broken {
			return nil, errors.New("a value that cannot be looked at")
		}
		for i := range b.N {
			if keeps(int(b.Cols[1].I64[i])) {
				sel = append(sel, int32(i))
			}
		}
		return sel, nil
	}}, keeps
}

// TestBoundsSkip counts the requests of scans whose bounds leave segments and pages out.
func TestBoundsSkip(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	db := openTest(t, store, withSegments)
	for from := 0; from < 400; from += 40 {
		tx := begin(t, db, TxOptions{})
		for i := from; i < from+40; i++ {
			must(t, tx.Insert(7, k(i), rowOf(i)))
		}
		commit(t, tx)
		must(t, db.Flush(t.Context(), 7))
	}
	must(t, db.Close(t.Context()))
	for _, x := range []struct {
		name string
		b    segment.Bound
		segs int
	}{
		{"all", segment.Bound{ID: 1, Null: segment.NotNull}, -1},
		{"few", segment.Bound{ID: 1, Null: segment.NotNull, Min: base.NewInt(50), Max: base.NewInt(52)}, 2},
		{"none", segment.Bound{ID: 1, Null: segment.NotNull, Min: base.NewInt(1000)}, 0},
		{"no NULL", segment.Bound{ID: 2, Null: segment.IsNull}, 0},
	} {
		db := openTest(t, store, withSegments)
		tx := begin(t, db, TxOptions{ReadOnly: true})
		read := map[string]bool{}
		store.setHook(func(_, key string, after bool) error {
			if strings.HasSuffix(key, ".parquet") {
				read[key] = true
			}
			return nil
		})
		n := len(scanAll(t, tx, 7, ScanSpec{Cols: testCols, WithKeys: true, Bounds: []segment.Bound{x.b}}))
		store.setHook(nil)
		if all := len(tx.table(7).segs.all()); x.segs < 0 && (len(read) != all || n != 400) || x.segs >= 0 && len(read) > x.segs {
			t.Errorf("%s: %d of %d segments were read, %d rows", x.name, len(read), all, n)
		}
	}
}
