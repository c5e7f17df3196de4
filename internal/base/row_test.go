package base

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

type field struct {
	id uint32
	v  Value
}

func encodeRow(fs []field) string {
	var b []byte
	for _, f := range fs {
		b = AppendField(b, f.id, f.v)
	}
	return string(b)
}

func decodeRow(row string) ([]field, error) {
	var fs []field
	r := NewRowReader(row)
	for {
		id, v, ok := r.Next()
		if !ok {
			return fs, r.Err()
		}
		fs = append(fs, field{id, v})
	}
}

func sameBits(a, b Value) bool { return a == b }

func TestRowRoundTrip(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1))
	for range 40_000 {
		var fs []field
		id := uint32(0)
		for range r.IntN(8) {
			id += 1 + uint32(r.IntN(1<<r.IntN(20)))
			fs = append(fs, field{id, randomValue(r, allClasses[r.IntN(len(allClasses))])})
		}
		got, err := decodeRow(encodeRow(fs))
		if err != nil || len(got) != len(fs) {
			t.Fatalf("decode of %v: %v, %v", fs, got, err)
		}
		for i := range fs {
			if got[i].id != fs[i].id || !sameBits(got[i].v, fs[i].v) {
				t.Fatalf("field %d is %v, want %v", i, got[i], fs[i])
			}
		}
	}
}

// TestRowGolden holds the bytes of docs/format/row.md in place.
func TestRowGolden(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		f    field
		want string
	}{
		{field{1, Value{}}, "\x10"},
		{field{1, NewInt(-1)}, "\x11\x01"},
		{field{2, NewUint(300)}, "\x22\xAC\x02"},
		{field{3, NewFloat(1.5)}, "\x33\x00\x00\x00\x00\x00\x00\xF8\x3F"},
		{field{4, NewDecimal(Int128From(-5), 1)}, "\x44\x01\x09"},
		{field{4, NewDecimal(Int128{Hi: math.MinInt64}, 0)},
			"\x44\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x03"},
		{field{5, NewString("hé")}, "\x55\x03h\xC3\xA9"},
		{field{6, NewBytes("\x00")}, "\x66\x01\x00"},
		{field{7, NewDate(1)}, "\x77\x02"},
		{field{8, NewTime(1)}, "\x88\x01\x02"},
		{field{9, NewDateTime(1)}, "\x99\x01\x02"},
		{field{10, NewJSON("1")}, "\xAA\x01\x011"},
		{field{math.MaxUint32, Value{}}, "\xF0\xFF\xFF\xFF\xFF\x01"},
	} {
		if got := encodeRow([]field{c.f}); got != c.want {
			t.Errorf("row of %v is % x, want % x", c.f, got, c.want)
		}
		if got, err := decodeRow(c.want); err != nil || len(got) != 1 || got[0] != c.f {
			t.Errorf("% x decodes to %v, %v; want %v", c.want, got, err, c.f)
		}
	}
}

func TestRowDamaged(t *testing.T) {
	t.Parallel()
	long := "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
	for _, row := range []string{"\x1B", "\x1F", "\x11", "\x11\x80", "\x13\x00", "\x14", "\x14\x01", "\x15\x02a", "\x15" + long + "\x01",
		"\x12" + long + "\x02", "\x12" + long + "\xFF\x01", "\x14\x00" + long + long + "\x04", "\x80", "\x80\x80\x80\x80\x80\x02",
		"\x20\x10", "\x20\x20"} {
		if fs, err := decodeRow(row); !errors.Is(err, ErrCorrupt) {
			t.Errorf("row % x decodes to %v, %v; want a corrupt error", row, fs, err)
		}
	}
	var empty RowReader
	if _, _, ok := empty.Next(); ok || empty.Err() != nil {
		t.Error("the zero RowReader is not an empty sound row")
	}
}

func TestRowReaderDoesNotAllocate(t *testing.T) {
	row := encodeRow(sevenColumns)
	if n := testing.AllocsPerRun(100, func() {
		r := NewRowReader(row)
		for _, _, ok := r.Next(); ok; _, _, ok = r.Next() {
		}
	}); n != 0 {
		t.Errorf("reading a row allocates %v times", n)
	}
}

func FuzzRowReader(f *testing.F) {
	f.Add(encodeRow(sevenColumns))
	f.Add("\x14\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x03")
	f.Add("\xF0\xFF\xFF\xFF\xFF\x01")
	f.Fuzz(func(t *testing.T, row string) {
		fs, err := decodeRow(row)
		if err != nil {
			return
		}
		again, err := decodeRow(encodeRow(fs))
		if err != nil || len(again) != len(fs) {
			t.Fatalf("row % x decodes to %v, which does not survive a round trip: %v", row, fs, err)
		}
		for i := range fs {
			if fs[i].id != again[i].id || !sameBits(fs[i].v, again[i].v) {
				t.Fatalf("field %d changes from %v to %v", i, fs[i], again[i])
			}
		}
	})
}

var sevenColumns = []field{{1, NewInt(123456)}, {2, NewString("Ada Lovelace")}, {3, NewDecimal(Int128From(1999), 2)},
	{4, NewDateTime(1_700_000_000_000_000)}, {5, NewFloat(0.25)}, {6, Value{}}, {7, NewString("somewhere@example.com")}}

func BenchmarkRowDecode7(b *testing.B) {
	row := encodeRow(sevenColumns)
	b.SetBytes(int64(len(row)))
	b.ReportAllocs()
	var sum uint64
	for b.Loop() {
		r := NewRowReader(row)
		for id, v, ok := r.Next(); ok; id, v, ok = r.Next() {
			sum += uint64(id) + v.Bits()
		}
		if r.Err() != nil {
			b.Fatal(r.Err())
		}
	}
}

func BenchmarkRowEncode7(b *testing.B) {
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = buf[:0]
		for _, f := range sevenColumns {
			buf = AppendField(buf, f.id, f.v)
		}
	}
}
