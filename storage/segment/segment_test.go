package segment

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/row"
)

// memory is an object in memory that counts how often it is read.
type memory struct {
	data  []byte
	calls int
}

func (m *memory) ReadRanges(_ context.Context, rs []Range) ([][]byte, error) {
	m.calls++
	out := make([][]byte, len(rs))
	for i, r := range rs {
		out[i] = m.data[min(r.Off, int64(len(m.data))):min(r.Off+r.Len, int64(len(m.data)))]
	}
	return out, nil
}

// pages is a Cache without a limit.
type pages struct {
	mu   sync.Mutex
	kept map[string]*Page
}

func (c *pages) Get(seg ID, col uint32, page int) (*Page, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.kept[fmt.Sprint(seg, col, page)]
	return p, ok
}

func (c *pages) Put(seg ID, col uint32, page int, p *Page) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept = map[string]*Page{}
	}
	c.kept[fmt.Sprint(seg, col, page)] = p
}

var everyType = []base.Type{
	{ID: base.TypeBigInt}, {ID: base.TypeBigInt, Unsigned: true}, {ID: base.TypeDouble}, {ID: base.TypeDecimal, Precision: 18, Scale: 3},
	{ID: base.TypeDecimal, Precision: 38, Scale: 10}, {ID: base.TypeVarchar}, {ID: base.TypeBlob}, {ID: base.TypeDate},
	{ID: base.TypeDateTime, Scale: 6}, {ID: base.TypeTime, Scale: 6}, {ID: base.TypeJSON},
}

// table is a segment's contents as the tests know them.
type table struct {
	schema Schema
	keys   []string
	rows   [][]base.Value // by column
	raw    []string       // without a schema
}

// shape makes a column's values: few distinct ones, long ones, many NULLs.
type shape struct {
	distinct, length int
	nulls            float64
}

func randomValue(r *rand.Rand, t base.Type, s shape) base.Value {
	if r.Float64() < s.nulls {
		return base.Value{}
	}
	n := int64(r.Uint64() >> r.IntN(64))
	if s.distinct > 0 {
		n %= int64(s.distinct)
	}
	if r.IntN(2) == 0 {
		n = -n
	}
	switch c := t.Class(); c {
	case base.Float:
		return base.NewFloat([]float64{float64(n) / 8, 0, math.Copysign(0, -1), math.Inf(1), 1e300}[r.IntN(5)])
	case base.Decimal:
		d := base.Int128From(n % 1_000_000_000_000_000)
		if t.Precision > 18 && s.distinct == 0 {
			d = base.Int128{Hi: n >> 8, Lo: r.Uint64()}
		}
		return base.NewDecimal(d, t.Scale)
	case base.Date:
		return base.NewDate(int64(int32(n)))
	case base.String, base.JSON:
		return base.FromText(c, strings.Repeat([]string{"é", "x", "\U0010FFFF", ""}[r.IntN(4)], int(n&63)%(s.length+1))+fmt.Sprint(n))
	case base.Bytes:
		b := bytes.Repeat([]byte{0xFF}, int(n&127)%(s.length+1))
		return base.NewBytes(string(b) + fmt.Sprint(n))
	default:
		return base.FromBits(c, uint64(n))
	}
}

// randomTable makes n rows; without a schema when raw.
func randomTable(r *rand.Rand, n int, raw bool) *table {
	t := &table{}
	if !raw {
		t.schema = Schema{}
		id := uint32(r.IntN(3))
		for range r.IntN(14) {
			typ := everyType[r.IntN(len(everyType))]
			t.schema = append(t.schema, Column{ID: id, Name: fmt.Sprintf("c%d", 1000-id), Type: typ, Missing: randomValue(r, typ, shape{length: 9, nulls: 0.5})})
			id += 1 + uint32(r.IntN(40))
		}
	}
	prefix := strings.Repeat("p", []int{0, 3, 100}[r.IntN(3)])
	key := 0
	shapes := make([]shape, len(t.schema))
	for i := range shapes {
		shapes[i] = shape{distinct: []int{0, 5, 300}[r.IntN(3)], length: []int{0, 40, 100}[r.IntN(3)], nulls: []float64{0, 0, 0.2, 0.95, 1}[r.IntN(5)]}
	}
	for range n {
		key += 1 + r.IntN(4)
		t.keys = append(t.keys, prefix+base.KeyOf(base.NewInt(int64(key))))
		if raw {
			t.raw = append(t.raw, strings.Repeat("r", r.IntN(3))+fmt.Sprint(r.IntN(1<<r.IntN(20))))
			continue
		}
		vs := make([]base.Value, len(t.schema))
		for i, c := range t.schema {
			vs[i] = randomValue(r, c.Type, shapes[i])
		}
		t.rows = append(t.rows, vs)
	}
	return t
}

// row is row i encoded, with the columns ids (nil: all).
func (t *table) row(i int, ids []uint32) string {
	if t.schema == nil {
		return t.raw[i]
	}
	var b []byte
	for c, v := range t.rows[i] {
		if ids == nil || slices.Contains(ids, t.schema[c].ID) {
			b = base.AppendField(b, t.schema[c].ID, v)
		}
	}
	return string(b)
}

func (t *table) fields() (fs []row.Field) {
	if t.schema == nil {
		return []row.Field{{ID: RowID, Class: base.Bytes}}
	}
	for _, c := range t.schema {
		k := kindOf(c.Type)
		fs = append(fs, row.Field{ID: c.ID, Class: k.class, Scale: k.scale})
	}
	return fs
}

// columns is the table as vectors.
func (t *table) columns() (cols []*vec.Vector) {
	for i, f := range t.fields() {
		v := vec.New(f.Class, f.Scale, len(t.keys))
		for k := range t.keys {
			if t.schema == nil {
				v.Str[k] = t.raw[k]
			} else {
				v.Set(k, t.rows[k][i])
			}
		}
		cols = append(cols, v)
	}
	return cols
}

var testID = ID{0xA0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0x0F}

// write makes the segment of the table, row by row or in columns.
func (t *table) write(tb testing.TB, r *rand.Rand) (*memory, *Meta) {
	tb.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, testID, t.schema, WriterOptions{Level: 2})
	if err != nil {
		tb.Fatal(err)
	}
	cols := t.columns()
	for i := 0; i < len(t.keys); {
		n := min(1+r.IntN(1<<r.IntN(12)), len(t.keys)-i)
		if r.IntN(2) == 0 {
			err = w.AddColumns(t.keys, cols, i, n)
		} else {
			for k := i; k < i+n && err == nil; k++ {
				err = w.Add(t.keys[k], t.row(k, nil))
			}
		}
		if err != nil {
			tb.Fatal(err)
		}
		i += n
	}
	m, err := w.Finish()
	if err != nil {
		tb.Fatal(err)
	}
	return &memory{data: out.Bytes()}, &m
}

const testObject = "data/7/test.parquet"

func open(tb testing.TB, src Source, m *Meta, c Cache) *Reader {
	tb.Helper()
	r, err := Open(tb.Context(), src, testObject, m, c)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func raws(t *table) (n int64) {
	for i, k := range t.keys {
		n += int64(len(k) + len(t.row(i, nil)))
	}
	return n
}

// TestModel writes random tables and compares every way of reading them with the table.
func TestModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 1))
			tab := randomTable(r, 1+r.IntN([]int{3, 300, 5000}[r.IntN(3)]), seed%5 == 0)
			src, m := tab.write(t, r)
			if m.Rows != len(tab.keys) || m.Bytes != int64(len(src.data)) || m.First != tab.keys[0] || m.Last != tab.keys[len(tab.keys)-1] || m.RawBytes != raws(tab) {
				t.Fatalf("%d rows, %d bytes, %d raw: %+v", len(tab.keys), len(src.data), raws(tab), m)
			}
			rd := open(t, src, m, nil)
			if src.calls != 1 {
				t.Fatalf("an open took %d reads", src.calls)
			}
			if err := rd.Verify(t.Context()); err != nil {
				t.Fatal(err)
			}
			checkWindows(t, r, tab, src, rd)
			for _, c := range []Cache{nil, &pages{}} {
				rd := open(t, src, m, c)
				for range 8 {
					checkPoints(t, r, tab, src, rd)
				}
			}
			checkPrune(t, r, tab, rd)
			checkStats(t, tab, m)
		})
	}
}

func checkWindows(t *testing.T, r *rand.Rand, tab *table, src *memory, rd *Reader) {
	t.Helper()
	fs := tab.fields()
	missing := base.NewInt(77)
	fs = append(fs, row.Field{ID: 999_999, Class: base.Int, Missing: &missing}, row.Field{ID: 999_998, Class: base.String})
	for range 6 {
		from := r.IntN(len(tab.keys))
		n := r.IntN(len(tab.keys) - from + 1)
		before := src.calls
		cols, absent, err := rd.Columns(t.Context(), fs, from, n)
		if err != nil {
			t.Fatal(err)
		}
		keys, err := rd.Keys(t.Context(), from, n)
		if err != nil || !slices.Equal(keys, tab.keys[from:from+n]) {
			t.Fatalf("keys of [%d,+%d): %v", from, n, err)
		}
		if src.calls > before+2 {
			t.Fatalf("%d reads", src.calls-before)
		}
		for i := range n {
			for c, v := range cols {
				var want base.Value
				switch {
				case absent[c]:
					want = base.Value{}
					if c == len(fs)-2 {
						want = missing
					}
				case tab.schema == nil:
					want = base.NewBytes(tab.raw[from+i])
				default:
					want = tab.rows[from+i][c]
				}
				if got := v.Value(i); !same(got, want) {
					t.Fatalf("column %d row %d is %v, want %v", c, from+i, got, want)
				}
			}
		}
	}
}

func same(a, b base.Value) bool {
	return a == b || a.Class() == base.Float && b.Class() == base.Float && a.Bits() == b.Bits()
}

func checkPoints(t *testing.T, r *rand.Rand, tab *table, src *memory, rd *Reader) {
	t.Helper()
	var keys []string
	for range 1 + r.IntN(20) {
		switch k := tab.keys[r.IntN(len(tab.keys))]; r.IntN(4) {
		case 0:
			keys = append(keys, k[:r.IntN(len(k)+1)])
		case 1:
			keys = append(keys, k+"\x00")
		default:
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	var ids []uint32
	for _, c := range tab.schema {
		if r.IntN(2) == 0 {
			ids = append(ids, c.ID)
		}
	}
	got := map[int]string{}
	before := src.calls
	err := rd.Lookup(t.Context(), keys, ids, func(i, ord int, row string) error {
		if tab.keys[ord] != keys[i] {
			t.Errorf("key %q was found at row %d", keys[i], ord)
		}
		got[i] = row
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if src.calls > before+1 {
		t.Fatalf("a lookup took %d reads", src.calls-before)
	}
	ords, seeks := make([]int, len(keys)), make([]int, len(keys))
	if err := rd.Find(t.Context(), keys, ords); err != nil {
		t.Fatal(err)
	}
	if err := rd.SeekAll(t.Context(), keys, seeks); err != nil {
		t.Fatal(err)
	}
	for i, key := range keys {
		at, ok := slices.BinarySearch(tab.keys, key)
		if seeks[i] != at {
			t.Fatalf("seek of %q gives %d, want %d", key, seeks[i], at)
		}
		row, found := got[i]
		if ok != found || ok && (row != tab.row(at, ids) || ords[i] != at) || !ok && ords[i] != -1 {
			t.Fatalf("key %q: %v %d, want %v %d", key, found, ords[i], ok, at)
		}
		if may, err := rd.MayHold(t.Context(), key); err != nil || ok && !may {
			t.Fatalf("may hold %q: %v %v", key, may, err)
		}
	}
}

func checkPrune(t *testing.T, r *rand.Rand, tab *table, rd *Reader) {
	t.Helper()
	if len(tab.schema) == 0 {
		return
	}
	for range 60 {
		var qs []Bound
		for range 1 + r.IntN(2) {
			c := r.IntN(len(tab.schema))
			q := Bound{ID: tab.schema[c].ID, Null: Nulls(r.IntN(3)), MinOpen: r.IntN(2) == 0, MaxOpen: r.IntN(2) == 0}
			if q.Null == NotNull && r.IntN(4) > 0 {
				q.Min = tab.rows[r.IntN(len(tab.rows))][c]
			}
			if q.Null == NotNull && r.IntN(4) > 0 {
				q.Max = tab.rows[r.IntN(len(tab.rows))][c]
			}
			qs = append(qs, q)
		}
		spans, err := rd.Prune(qs)
		if err != nil {
			t.Fatal(err)
		}
		kept := make([]bool, len(tab.rows))
		end := -1
		for _, s := range spans {
			if s.From <= end || s.N <= 0 {
				t.Fatalf("spans %v", spans)
			}
			end = s.From + s.N
			for i := s.From; i < end; i++ {
				kept[i] = true
			}
		}
		for i, vs := range tab.rows {
			if !kept[i] && meets(tab.schema, qs, vs) {
				t.Fatalf("row %d %v meets %+v and is not in %v", i, vs, qs, spans)
			}
		}
	}
}

func meets(s Schema, qs []Bound, vs []base.Value) bool {
	for _, q := range qs {
		v := vs[slices.IndexFunc(s, func(c Column) bool { return c.ID == q.ID })]
		switch {
		case q.Null == IsNull && !v.IsNull(), q.Null == NotNull && v.IsNull():
			return false
		case q.Null != NotNull:
			continue
		}
		if !q.Min.IsNull() && (compare(v, q.Min) < 0 || q.MinOpen && compare(v, q.Min) == 0) ||
			!q.Max.IsNull() && (compare(v, q.Max) > 0 || q.MaxOpen && compare(v, q.Max) == 0) {
			return false
		}
	}
	return true
}

func checkStats(t *testing.T, tab *table, m *Meta) {
	t.Helper()
	if len(m.Columns) != len(tab.schema) {
		t.Fatalf("%d columns", len(m.Columns))
	}
	for c, s := range m.Columns {
		nulls, distinct := 0, map[base.Value]bool{}
		for _, vs := range tab.rows {
			v := vs[c]
			if v.IsNull() {
				nulls++
				continue
			}
			distinct[v] = true
			if compare(v, s.Min) < 0 || compare(v, s.Max) > 0 {
				t.Fatalf("column %d: %v is outside of %v and %v", c, v, s.Min, s.Max)
			}
		}
		if s.Nulls != nulls || s.ID != tab.schema[c].ID {
			t.Fatalf("column %d: %+v", c, s)
		}
		if got, want := s.Distinct.Estimate(), float64(len(distinct)); math.Abs(got-want) > 0.55*want+1 {
			t.Errorf("column %d: %.0f distinct values, %.0f estimated", c, want, got)
		}
	}
	back, err := DecodeMeta(AppendMeta(nil, m))
	if err != nil || fmt.Sprintf("%+v", back) != fmt.Sprintf("%+v", *m) {
		t.Fatalf("%v: %+v, want %+v", err, back, *m)
	}
}
