package table

import (
	"slices"
	"testing"

	"github.com/s3sql/s3sql/storage/commitlog"
)

func TestCoalesce(t *testing.T) {
	t.Parallel()
	r := func(table uint32, lo, hi string) *readRange { return &readRange{table: table, lo: lo, hi: hi} }
	for _, tc := range []struct {
		name string
		in   []*readRange
		want []readRange
	}{
		{"nothing", nil, []readRange{}},
		{"a scan that returned nothing yet", []*readRange{{table: 1, empty: true}}, []readRange{}},
		{"overlapping", []*readRange{r(1, "c", "f"), r(1, "a", "d")}, []readRange{{table: 1, lo: "a", hi: "f"}}},
		{"touching", []*readRange{r(1, "a", "b"), r(1, "b", "c")}, []readRange{{table: 1, lo: "a", hi: "c"}}},
		{"inside", []*readRange{r(1, "a", "z"), r(1, "b", "c")}, []readRange{{table: 1, lo: "a", hi: "z"}}},
		{"apart", []*readRange{r(1, "c", "d"), r(1, "a", "b")}, []readRange{{table: 1, lo: "a", hi: "b"}, {table: 1, lo: "c", hi: "d"}}},
		{"unbounded", []*readRange{r(1, "b", ""), r(1, "a", "b"), r(1, "x", "y")}, []readRange{{table: 1, lo: "a"}}},
		{"two tables", []*readRange{r(2, "a", ""), r(1, "a", "")}, []readRange{{table: 1, lo: "a"}, {table: 2, lo: "a"}}},
	} {
		if got := coalesce(tc.in); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %+v, want %+v", tc.name, got, tc.want)
		}
	}
}

func TestReadsOfATransaction(t *testing.T) {
	t.Parallel()
	db := openTest(t, newMemStore())
	for _, n := range []int{1, 8, 9, 500} {
		tx := begin(t, db, TxOptions{TrackReads: true})
		for i := range n {
			tx.Peek(1, k(i))
		}
		got := tx.reads()
		for i := range n {
			if !slices.ContainsFunc(got, func(r commitlog.KeyRange) bool { return r.Table == 1 && r.Contains(k(i)) }) {
				t.Errorf("%d reads: the read of %d is not among %d ranges", n, i, len(got))
			}
		}
		if slices.ContainsFunc(got, func(r commitlog.KeyRange) bool { return r.Contains(k(n)) }) {
			t.Errorf("%d reads: a key that was not read is covered", n)
		}
		tx.Rollback()
	}
}
