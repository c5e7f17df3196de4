package segment

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go/format"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/row"
)

func formatEncoding(n int) format.Encoding { return format.Encoding(uint(n) % 10) }

func newVector(c *column, n int) *vec.Vector { return vec.New(c.kind.class, c.kind.scale, n) }

// oneColumn has rows n of a text column.
func oneColumn(n int, text func(i int) string) *table {
	tab := &table{schema: Schema{{ID: 4, Name: "t", Type: base.Type{ID: base.TypeLongText}}}}
	for i := range n {
		tab.keys = append(tab.keys, base.KeyOf(base.NewInt(int64(i))))
		tab.rows = append(tab.rows, []base.Value{base.NewString(text(i))})
	}
	return tab
}

// TestWideRows has pages end by bytes, and row groups too.
func TestWideRows(t *testing.T) {
	t.Parallel()
	for _, one := range []struct{ n, size, rows, groups int }{{3000, 100, 656, 1}, {700, 30_000, 64, 2}, {9, 3 << 20, 2, 2}} {
		r := rand.New(rand.NewPCG(1, uint64(one.n)))
		body := make([]byte, one.size)
		for i := range body {
			body[i] = 'a' + byte(r.IntN(26))
		}
		tab := oneColumn(one.n, func(i int) string { return fmt.Sprintf("%05d", i) + string(body[5:]) })
		src, m := tab.write(t, r)
		rd := open(t, src, m, nil)
		if _, n := rd.PageRows(0); n != one.rows || len(rd.groups)-1 != one.groups {
			t.Errorf("rows of %d bytes: pages of %d rows and %d row groups, want %d and %d", one.size, n, len(rd.groups)-1, one.rows, one.groups)
		}
		if err := rd.Verify(t.Context()); err != nil {
			t.Fatal(err)
		}
		checkPoints(t, r, tab, src, rd)
		checkWindows(t, r, tab, src, rd)
	}
}

// TestGroups writes more rows than a row group has, so that windows and dictionaries cross its end.
func TestGroups(t *testing.T) {
	t.Parallel()
	tab := oneColumn(groupRows+5000, func(i int) string { return fmt.Sprint(i / 10_000) })
	r := rand.New(rand.NewPCG(1, 1))
	src, m := tab.write(t, r)
	rd := open(t, src, m, nil)
	if len(rd.groups) != 3 || rd.columns[1].chunks[1].start == rd.columns[1].chunks[1].data {
		t.Fatalf("%d row groups", len(rd.groups)-1)
	}
	for _, c := range []Cache{nil, &pages{}} {
		checkPoints(t, r, tab, src, open(t, src, m, c))
	}
	for _, from := range []int{0, groupRows - 100, groupRows, groupRows + 4000} {
		cols, _, err := rd.Columns(t.Context(), tab.fields(), from, 200)
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range cols[0].Str {
			if want := tab.rows[from+i][0].Text(); got != want {
				t.Fatalf("row %d is %s, want %s", from+i, got, want)
			}
		}
	}
}

// TestCachedLookupReadsNothing asks for keys twice.
func TestCachedLookupReadsNothing(t *testing.T) {
	t.Parallel()
	tab := smallTable(rand.New(rand.NewPCG(1, 1)), 3000)
	src, m := tab.write(t, rand.New(rand.NewPCG(1, 1)))
	rd := open(t, src, m, &pages{})
	keys := []string{tab.keys[5], tab.keys[2000]}
	for range 2 {
		if err := rd.Lookup(t.Context(), keys, nil, func(int, int, string) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if err := rd.Find(t.Context(), keys, make([]int, 2)); err != nil {
		t.Fatal(err)
	}
	if src.calls != 2 {
		t.Errorf("%d reads, want one for the open and one for the first lookup", src.calls)
	}
	if err := rd.Find(t.Context(), []string{"\xFF"}, make([]int, 1)); err != nil || src.calls != 2 {
		t.Errorf("a key past the end: %v, %d reads", err, src.calls)
	}
}

func TestWideningDecimals(t *testing.T) {
	t.Parallel()
	tab := &table{schema: Schema{{ID: 1, Name: "d", Type: base.Type{ID: base.TypeDecimal, Precision: 9, Scale: 2}}}, keys: []string{"a", "b"}}
	tab.rows = [][]base.Value{{base.NewDecimal(base.Int128From(-125), 2)}, {{}}}
	src, m := tab.write(t, rand.New(rand.NewPCG(1, 1)))
	rd := open(t, src, m, nil)
	cols, _, err := rd.Columns(t.Context(), []row.Field{{ID: 1, Class: base.Decimal, Scale: 5}}, 0, 2)
	if err != nil || cols[0].Value(0) != base.NewDecimal(base.Int128From(-125_000), 5) || !cols[0].IsNull(1) {
		t.Errorf("%v: %v", err, cols)
	}
	for _, q := range []row.Field{{ID: 1, Class: base.Decimal, Scale: 1}, {ID: 1, Class: base.Int}} {
		if _, _, err := rd.Columns(t.Context(), []row.Field{q}, 0, 2); !errors.Is(err, base.ErrCorrupt) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

// TestMissingColumns adds rows without a column, and with one that the schema does not have.
func TestMissingColumns(t *testing.T) {
	t.Parallel()
	schema := Schema{{ID: 2, Name: "a", Type: base.Type{ID: base.TypeBigInt}, Missing: base.NewInt(42)}, {ID: 9, Name: "b", Type: base.Type{ID: base.TypeBlob}}}
	var out bytes.Buffer
	w, err := NewWriter(&out, testID, schema, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Add("k", string(base.AppendField(nil, 5, base.NewString("dropped")))); err != nil {
		t.Fatal(err)
	}
	m, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	rd := open(t, &memory{data: out.Bytes()}, &m, nil)
	got := ""
	err = rd.Lookup(t.Context(), []string{"k"}, nil, func(_, _ int, row string) error { got = row; return nil })
	want := string(base.AppendField(base.AppendField(nil, 2, base.NewInt(42)), 9, base.Value{}))
	if err != nil || got != want {
		t.Errorf("%v: % x, want % x", err, got, want)
	}
}

func TestWriterRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []Schema{
		{{ID: 2, Type: base.Type{ID: base.TypeInt}}, {ID: 2, Type: base.Type{ID: base.TypeInt}}},
		{{ID: KeyID, Type: base.Type{ID: base.TypeInt}}}, {{ID: 1}}, {{ID: 1, Type: base.Type{ID: base.TypeDecimal, Precision: 39}}},
	} {
		if _, err := NewWriter(&bytes.Buffer{}, testID, s, WriterOptions{}); !errors.Is(err, base.ErrInternal) {
			t.Errorf("schema %+v: %v", s, err)
		}
	}
	writer := func() *Writer {
		w, err := NewWriter(&bytes.Buffer{}, testID, Schema{{ID: 1, Name: "d", Type: base.Type{ID: base.TypeDate}}}, WriterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	if _, err := writer().Finish(); !errors.Is(err, base.ErrInternal) {
		t.Errorf("no rows: %v", err)
	}
	w := writer()
	if err := w.Add("b", ""); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"b", "a", ""} {
		if err := w.Add(k, ""); !errors.Is(err, base.ErrInternal) {
			t.Errorf("key %q after b: %v", k, err)
		}
	}
	if err := writer().Add("a", string(base.AppendField(nil, 1, base.NewInt(5)))); !errors.Is(err, base.ErrCorrupt) {
		t.Errorf("another class: %v", err)
	}
	w = writer()
	err := w.Add("a", string(base.AppendField(nil, 1, base.NewDate(1<<40))))
	if err == nil {
		_, err = w.Finish()
	}
	if !errors.Is(err, base.ErrCorrupt) {
		t.Errorf("a day past 32 bits: %v", err)
	}
	if err := writer().AddColumns([]string{"a"}, []*vec.Vector{vec.New(base.Int, 0, 1)}, 0, 1); !errors.Is(err, base.ErrInternal) {
		t.Errorf("a vector of another class: %v", err)
	}
}

func TestObjectKeys(t *testing.T) {
	t.Parallel()
	key := ObjectKey(7, testID)
	if key != "data/7/a00102030405060708090a0b0c0d0e0f.parquet" {
		t.Error(key)
	}
	if table, id, ok := ParseObjectKey(key); table != 7 || id != testID || !ok {
		t.Error(table, id, ok)
	}
	if id, err := ParseID(testID.String()); id != testID || err != nil {
		t.Error(id, err)
	}
	for _, bad := range []string{"", "data/7/x.parquet", strings.Replace(key, "/7", "/07", 1), strings.ToUpper(key), key + "x", strings.Replace(key, "7", "-7", 1),
		strings.Replace(key, "7", "4294967296", 1)} {
		if _, _, ok := ParseObjectKey(bad); ok {
			t.Errorf("%q is taken for a segment", bad)
		}
	}
}

// TestCutBounds compares cut bounds with what they bound.
func TestCutBounds(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		c := []base.Class{base.String, base.Bytes}[r.IntN(2)]
		var s string
		for range r.IntN(12) {
			s += []string{"a", "\xFF", "\U0010FFFF", "\uD7FF", "é", "\x00", "\x7F"}[r.IntN(7)]
		}
		b := bounds{min: base.FromText(c, s), max: base.FromText(c, s)}.cut(8)
		if b.min.Text() > s || b.max.Text() < s || len(b.min.Text()) > 8 || len(b.max.Text()) > max(len(s), 12) {
			t.Fatalf("%q is cut to %q and %q", s, b.min.Text(), b.max.Text())
		}
	}
}

func TestSketch(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 10, 100, 1000, 100_000} {
		var a, b Sketch
		for i := range n {
			a.add(mix(uint64(i)))
			b.add(hashText(fmt.Sprint(i + n/2)))
		}
		for _, s := range []*Sketch{&a, &b} {
			if got := s.Estimate(); got < 0.6*float64(n) || got > 1.4*float64(n)+1 {
				t.Errorf("%d values are estimated as %.0f", n, got)
			}
		}
		c := a
		c.Merge(&a)
		if c != a {
			t.Error("a sketch merged with itself is another one")
		}
	}
}
