package row

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

var decodeTypes = []base.Type{
	{ID: base.TypeBigInt}, {ID: base.TypeBigInt, Unsigned: true}, {ID: base.TypeDouble}, {ID: base.TypeDecimal, Precision: 38, Scale: 3},
	{ID: base.TypeVarchar}, {ID: base.TypeDate}, {ID: base.TypeDateTime}, {ID: base.TypeTime}, {ID: base.TypeJSON},
}

func randomOf(r *rand.Rand, t base.Type) base.Value {
	n := int64(r.Uint64() >> r.IntN(64))
	if r.IntN(2) == 0 {
		n = -n
	}
	switch t.Class() {
	case base.Float:
		return base.NewFloat(float64(n) / 8)
	case base.Decimal:
		d := base.Int128From(n)
		if r.IntN(4) == 0 {
			d = base.Int128{Hi: n >> 8, Lo: r.Uint64()}
		}
		return base.NewDecimal(d, t.Scale)
	case base.String, base.JSON:
		return base.FromText(t.Class(), strings.Repeat("x", r.IntN(300)))
	}
	return base.FromBits(t.Class(), uint64(n))
}

func scaleOf(t base.Type) uint8 {
	if t.Class() == base.Decimal {
		return t.Scale
	}
	return 0
}

// TestDecoder decodes chosen columns of random rows, and of rows cut off or changed, beside base.RowReader.
func TestDecoder(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		row, types, values := randomRow(r)
		damaged := r.IntN(4) == 0 && len(row) > 0
		if damaged {
			at := r.IntN(len(row))
			row = row[:at] + string(rune(r.IntN(128))) + row[min(at+r.IntN(3), len(row)):]
		}
		var cols []Field
		for id, typ := range types {
			if missing := randomOf(r, typ); r.IntN(3) > 0 {
				cols = append(cols, Field{ID: uint32(id), Class: typ.Class(), Scale: scaleOf(typ), Missing: &missing})
			}
		}
		r.Shuffle(len(cols), func(i, j int) { cols[i], cols[j] = cols[j], cols[i] })
		if len(cols) > 0 && r.IntN(4) == 0 {
			cols = append(cols, cols[0])
		}
		vecs := make([]*vec.Vector, len(cols))
		for i, q := range cols {
			vecs[i] = vec.New(q.Class, q.Scale, 3)
		}
		d := NewDecoder(cols)
		err := d.Decode(row, vecs, 1)
		if damaged {
			if err != nil && !errors.Is(err, base.ErrCorrupt) {
				t.Fatalf("row % x: %v", row, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("row % x: %v", row, err)
		}
		for i, q := range cols {
			want, ok := values[q.ID]
			if !ok {
				want = *q.Missing
			}
			if got := vecs[i].Value(1); got != want {
				t.Fatalf("column %d is %v, want %v", q.ID, got, want)
			}
		}
	}
}

func randomRow(r *rand.Rand) (row string, types map[int]base.Type, values map[uint32]base.Value) {
	types, values = map[int]base.Type{}, map[uint32]base.Value{}
	var buf []byte
	id := 0
	for range r.IntN(12) {
		id += 1 + r.IntN(1<<r.IntN(12))
		typ := decodeTypes[r.IntN(len(decodeTypes))]
		types[id] = typ
		switch v := randomOf(r, typ); r.IntN(5) {
		case 0: // the row is older than the column
		case 1:
			values[uint32(id)] = base.Value{}
		default:
			values[uint32(id)] = v
		}
		if v, ok := values[uint32(id)]; ok {
			buf = base.AppendField(buf, uint32(id), v)
		}
	}
	return string(buf), types, values
}

func TestDecoderWidensDecimals(t *testing.T) {
	t.Parallel()
	cols := []Field{{ID: 2, Class: base.Decimal, Scale: 4}}
	v := vec.New(base.Decimal, 4, 1)
	for _, coef := range []base.Int128{base.Int128From(-75), base.Int128From(math.MaxInt64)} {
		row := string(base.AppendField(nil, 2, base.NewDecimal(coef, 2)))
		d := NewDecoder(cols)
		if err := d.Decode(row, []*vec.Vector{v}, 0); err != nil {
			t.Fatal(err)
		}
		if base.CompareDecimal(v.Dec[0], 4, coef, 2) != 0 {
			t.Errorf("%v of scale 2 is %v at scale 4", coef, v.Dec[0])
		}
	}
	for _, bad := range []base.Value{base.NewDecimal(base.Int128From(1), 5), base.NewInt(1), base.NewDecimal(base.Int128{Hi: 1 << 62}, 0)} {
		row := string(base.AppendField(nil, 2, bad))
		d := NewDecoder(cols)
		if err := d.Decode(row, []*vec.Vector{v}, 0); !errors.Is(err, base.ErrCorrupt) {
			t.Errorf("%v: %v, want a corrupt error", bad, err)
		}
	}
}
