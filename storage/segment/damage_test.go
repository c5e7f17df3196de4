package segment

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
)

// everything is what a reader answers: all rows by window and by key, and which keys may be held.
func everything(t *testing.T, src Source, m *Meta, tab *table) (string, error) {
	t.Helper()
	r, err := Open(t.Context(), src, testObject, m, nil)
	if err != nil {
		return "", err
	}
	plan, err := r.Plan(tab.fields(), true, 0, r.Rows())
	if err != nil {
		return "", err
	}
	data, err := src.ReadRanges(t.Context(), plan.Ranges)
	if err != nil {
		return "", err
	}
	w, err := plan.Decode(data)
	if err != nil {
		return "", err
	}
	out := fmt.Sprintf("%q", w.Keys)
	for _, v := range w.Cols {
		for i := range v.Len {
			out += fmt.Sprintf("%v ", v.Value(i))
		}
	}
	err = r.Lookup(t.Context(), tab.keys, nil, func(i, ord int, row string) error {
		out += fmt.Sprintf("%d %d %q\n", i, ord, row)
		return nil
	})
	if err != nil {
		return "", err
	}
	for _, k := range tab.keys {
		may, err := r.MayHold(t.Context(), k)
		if err != nil {
			return "", err
		}
		out += fmt.Sprint(may)
	}
	spans, err := r.Prune([]Bound{{ID: 1, Null: IsNull}, {ID: 5, Null: NotNull, Min: base.NewString("x")}})
	return out + fmt.Sprint(spans), err
}

// smallTable has every type, NULLs and a dictionary.
func smallTable(r *rand.Rand, n int) *table {
	tab := &table{}
	for i, typ := range everyType {
		tab.schema = append(tab.schema, Column{ID: uint32(i + 1), Name: fmt.Sprintf("c%d", i), Type: typ})
	}
	for i := range n {
		tab.keys = append(tab.keys, base.KeyOf(base.NewInt(int64(3*i))))
		var vs []base.Value
		for c, typ := range everyType {
			vs = append(vs, randomValue(r, typ, shape{distinct: 3 * (c % 2), length: 20, nulls: 0.2}))
		}
		tab.rows = append(tab.rows, vs)
	}
	return tab
}

// TestEveryFlip changes every byte of a file: the answers stay what they were, or an error says that the object is damaged.
func TestEveryFlip(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 5))
	tab := smallTable(r, 24)
	src, m := tab.write(t, r)
	want, err := everything(t, src, m, tab)
	if err != nil {
		t.Fatal(err)
	}
	bits := []byte{1, 0x80}
	if testing.Short() {
		bits = bits[:1]
	}
	noticed := 0
	for at := range src.data {
		for _, bit := range bits {
			data := slices.Clone(src.data)
			data[at] ^= bit
			got, err := everything(t, &memory{data: data}, m, tab)
			switch {
			case err != nil && !errors.Is(err, base.ErrCorrupt):
				t.Fatalf("byte %d: %v", at, err)
			case err == nil && got != want:
				t.Fatalf("byte %d of %d changed by %02x gives another answer", at, len(data), bit)
			case err != nil:
				noticed++
			case at >= len(magic):
				t.Errorf("byte %d of %d changed by %02x is not noticed", at, len(data), bit)
			}
			rd, err := Open(t.Context(), &memory{data: data}, testObject, m, nil)
			if err == nil {
				err = rd.Verify(t.Context())
			}
			if !errors.Is(err, base.ErrCorrupt) {
				t.Fatalf("byte %d: verifying gives %v", at, err)
			}
		}
	}
	t.Logf("%d bytes, %d changes noticed", len(src.data), noticed)
}

// TestEveryTruncation cuts the file off at every place.
func TestEveryTruncation(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(6, 5))
	tab := smallTable(r, 20)
	src, m := tab.write(t, r)
	for n := range src.data {
		if _, err := everything(t, &memory{data: src.data[:n]}, m, tab); !errors.Is(err, base.ErrCorrupt) {
			t.Fatalf("cut off at %d: %v", n, err)
		}
	}
}
