package segment

import (
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/row"
)

// wideSchema has 20 columns of about five bytes.
func wideSchema() (s Schema) {
	for i := range 20 {
		t := base.Type{ID: base.TypeBigInt}
		switch i % 4 {
		case 1:
			t = base.Type{ID: base.TypeVarchar, Length: 20}
		case 2:
			t = base.Type{ID: base.TypeDecimal, Precision: 12, Scale: 2}
		case 3:
			t = base.Type{ID: base.TypeDate}
		}
		s = append(s, Column{ID: uint32(i + 1), Name: fmt.Sprintf("c%d", i), Type: t})
	}
	return s
}

func wideRows(n int) (keys []string, cols []*vec.Vector) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		keys = append(keys, base.KeyOf(base.NewInt(int64(i))))
	}
	for i, c := range wideSchema() {
		k := kindOf(c.Type)
		v := vec.New(k.class, k.scale, n)
		for row := range n {
			switch x := r.IntN(100_000); {
			case i%8 == 1:
				v.Str[row] = fmt.Sprint(x % 7)
			case k.text():
				v.Str[row] = fmt.Sprint(x)
			case k.class == base.Decimal:
				v.Dec[row] = base.Int128From(int64(x))
			default:
				v.I64[row] = int64(x)
			}
		}
		cols = append(cols, v)
	}
	return keys, cols
}

func writeWide(tb testing.TB, out io.Writer, keys []string, cols []*vec.Vector) *Meta {
	w, err := NewWriter(out, testID, wideSchema(), WriterOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	for i := 0; i < len(keys); i += vec.MaxRows {
		if err := w.AddColumns(keys, cols, i, min(vec.MaxRows, len(keys)-i)); err != nil {
			tb.Fatal(err)
		}
	}
	m, err := w.Finish()
	if err != nil {
		tb.Fatal(err)
	}
	return &m
}

const benchRows = 131_072

func BenchmarkWriteColumns(b *testing.B) {
	keys, cols := wideRows(benchRows)
	b.ReportAllocs()
	for b.Loop() {
		m := writeWide(b, io.Discard, keys, cols)
		b.ReportMetric(float64(m.Bytes)/benchRows, "B/row")
		b.ReportMetric(float64(m.RawBytes)/benchRows, "rawB/row")
		b.ReportMetric(float64(m.Tail)/benchRows, "tailB/row")
	}
	b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkWriteRows(b *testing.B) {
	keys, cols := wideRows(benchRows)
	rows := make([]string, len(keys))
	for i := range rows {
		var row []byte
		for c, v := range cols {
			row = base.AppendField(row, uint32(c+1), v.Value(i))
		}
		rows[i] = string(row)
	}
	b.ReportAllocs()
	for b.Loop() {
		w, err := NewWriter(io.Discard, testID, wideSchema(), WriterOptions{})
		if err != nil {
			b.Fatal(err)
		}
		for i, k := range keys {
			if err := w.Add(k, rows[i]); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := w.Finish(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds(), "rows/s")
}

func benchReader(b *testing.B, c Cache) (*Reader, []string) {
	b.Helper()
	keys, cols := wideRows(benchRows)
	src := &memory{}
	m := writeWide(b, writerTo{src}, keys, cols)
	return open(b, src, m, c), keys
}

// writerTo appends to an object in memory.
type writerTo struct{ m *memory }

// Write appends p.
func (w writerTo) Write(p []byte) (int, error) {
	w.m.data = append(w.m.data, p...)
	return len(p), nil
}

func BenchmarkOpen(b *testing.B) {
	r, _ := benchReader(b, nil)
	b.ReportAllocs()
	for b.Loop() {
		open(b, r.src, r.Meta(), nil)
	}
}

func BenchmarkScan(b *testing.B) {
	r, _ := benchReader(b, nil)
	all := make([]row.Field, 0, 20)
	for _, c := range wideSchema() {
		k := kindOf(c.Type)
		all = append(all, row.Field{ID: c.ID, Class: k.class, Scale: k.scale})
	}
	for _, one := range []struct {
		name string
		cols []row.Field
	}{{"int", all[:1]}, {"text", all[5:6]}, {"dictionary", all[1:2]}, {"decimal", all[2:3]}, {"date", all[3:4]}, {"all", all}} {
		b.Run(one.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for at := 0; at < r.Rows(); at += vec.MaxRows {
					if _, _, err := r.Columns(b.Context(), one.cols, at, min(vec.MaxRows, r.Rows()-at)); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds(), "rows/s")
		})
	}
	b.Run("keys", func(b *testing.B) {
		for b.Loop() {
			for at := 0; at < r.Rows(); at += vec.MaxRows {
				if _, err := r.Keys(b.Context(), at, min(vec.MaxRows, r.Rows()-at)); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds(), "rows/s")
	})
}

func BenchmarkLookup(b *testing.B) {
	for _, one := range []struct {
		name  string
		cache Cache
	}{{"uncached", nil}, {"cached", &pages{}}} {
		b.Run(one.name, func(b *testing.B) {
			r, keys := benchReader(b, one.cache)
			rnd := rand.New(rand.NewPCG(3, 3))
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				key := keys[rnd.IntN(len(keys))]
				if err := r.Lookup(b.Context(), []string{key}, nil, func(_, _ int, _ string) error { n++; return nil }); err != nil || n != 1 {
					b.Fatal(n, err)
				}
			}
		})
	}
}
