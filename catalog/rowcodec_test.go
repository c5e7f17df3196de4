package catalog

import (
	"errors"
	"math/rand/v2"
	"sort"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
)

// codecTable has its columns out of the order of their ids, as after ADD COLUMN … FIRST.
func codecTable() *Table {
	return &Table{ID: 20, Name: "t", Columns: []Column{
		{ID: 3, Name: "c", Type: base.Type{ID: base.TypeVarchar, Length: 20}},
		{ID: 1, Name: "a", Type: base.Type{ID: base.TypeBigInt}, NotNull: true},
		{ID: 2, Name: "b", Type: base.Type{ID: base.TypeDecimal, Precision: 10, Scale: 2}},
		{ID: 7, Name: "d", Type: base.Type{ID: base.TypeVarbinary, Length: 20}},
	}, Primary: []KeyPart{{Column: 1}}, Indexes: []Index{
		{ID: 21, Name: "u", Unique: true, Parts: []KeyPart{{Column: 3}}},
		{ID: 22, Name: "n", Parts: []KeyPart{{Column: 2}, {Column: 3, Prefix: 2}}},
		{ID: 23, Name: "p", Unique: true, Parts: []KeyPart{{Column: 7, Prefix: 3}}},
	}}
}

func dec(coef int64, scale uint8) base.Value { return base.NewDecimal(base.Int128From(coef), scale) }

func TestRowCodecRoundTrip(t *testing.T) {
	t.Parallel()
	tab := codecTable()
	for _, row := range [][]base.Value{
		{base.NewString("x"), base.NewInt(1), dec(1250, 2), base.NewBytes("\x00\xff")},
		{{}, base.NewInt(-1), {}, {}},
	} {
		got, err := DecodeRow(tab, encodeRow(tab, row), nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range row {
			if got[i] != row[i] {
				t.Errorf("column %d is %v, want %v", i, got[i], row[i])
			}
		}
	}
}

func TestRowCodecOlderRow(t *testing.T) {
	t.Parallel()
	tab := codecTable()
	older := string(base.AppendField(base.AppendField(nil, 1, base.NewInt(5)), 2, dec(7, 1)))
	got, err := DecodeRow(tab, older, nil)
	if err != nil || got[1].Int() != 5 || !got[0].IsNull() || got[2] != dec(70, 2) {
		t.Errorf("older row decodes to %v, %v", got, err)
	}
	for _, bad := range []string{
		string(base.AppendField(nil, 1, base.NewString("5"))), // another class
		string(base.AppendField(nil, 2, dec(7, 3))),           // digits would be lost
		string(base.AppendField(nil, 2, base.NewDecimal(base.Int128{Hi: 1 << 62}, 0))),
		"\x1B",
	} {
		if _, err := DecodeRow(tab, bad, nil); !errors.Is(err, base.ErrCorrupt) {
			t.Errorf("row % x: %v, want a corrupt error", bad, err)
		}
	}
}

func TestIndexKey(t *testing.T) {
	t.Parallel()
	tab := codecTable()
	a := []base.Value{base.NewString("äbc"), base.NewInt(1), dec(100, 2), base.NewBytes("abcd")}
	b := []base.Value{base.NewString("äbd"), base.NewInt(2), dec(100, 2), base.NewBytes("abce")}
	null := []base.Value{{}, base.NewInt(3), {}, {}}
	key := func(ix int, row []base.Value) string {
		k, hasNull := IndexKey(tab, &tab.Indexes[ix], row)
		if want := row[0].IsNull(); hasNull != want {
			t.Errorf("index %d: hasNull is %v for %v", ix, hasNull, row)
		}
		return k
	}
	if want := base.KeyOf(a[0]); key(0, a) != want {
		t.Errorf("unique key is % x, want % x", key(0, a), want)
	}
	if want := base.KeyOf(base.Value{}, null[1]); key(0, null) != want {
		t.Errorf("unique key with NULL is % x, want % x", key(0, null), want)
	}
	if want := base.KeyOf(a[2], base.NewString("äb"), a[1]); key(1, a) != want {
		t.Errorf("non-unique key is % x, want % x", key(1, a), want)
	}
	if key(1, a) == key(1, b) {
		t.Error("equal entries of two rows in a non-unique index share a key")
	}
	if key(2, a) != key(2, b) {
		t.Error("a unique prefix key tells values apart by what follows the prefix")
	}
}

func TestEncodeKeyOrders(t *testing.T) {
	t.Parallel()
	tab := codecTable()
	r := rand.New(rand.NewPCG(3, 3))
	var keys []string
	var nums []int
	for range 500 {
		n := r.IntN(2000) - 1000
		k, _ := EncodeKey(tab, tab.Primary, []base.Value{{}, base.NewInt(int64(n)), {}, {}})
		keys, nums = append(keys, k), append(nums, n)
	}
	sort.Strings(keys)
	sort.Ints(nums)
	for i, n := range nums {
		if want := base.KeyOf(base.NewInt(int64(n))); keys[i] != want {
			t.Fatalf("key %d is % x, want % x", i, keys[i], want)
		}
	}
}

func BenchmarkEncodeRow(b *testing.B) {
	tab := codecTable()
	row := []base.Value{base.NewString("somebody"), base.NewInt(1), dec(1250, 2), base.NewBytes("abc")}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := EncodeRow(tab, row, nil, ""); err != nil {
			b.Fatal(err)
		}
	}
}
