package sqlengine

import (
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

// TestDigest describes columns of which a sample of 8 batches was seen.
func TestDigest(t *testing.T) {
	t.Parallel()
	const rows = 8 * 1024
	for _, test := range []struct {
		name     string
		typ      base.Type
		value    func(i int) base.Value
		lo, hi   base.Value
		distinct float64
	}{
		{"few", base.Type{ID: base.TypeInt}, func(i int) base.Value { return base.NewInt(int64(i%7) - 3) }, base.NewInt(-3), base.NewInt(3), 7},
		{"unsigned", base.Type{ID: base.TypeBigInt, Unsigned: true}, func(i int) base.Value { return base.NewUint(uint64(i) << 51) },
			base.NewUint(0), base.NewUint((rows - 1) << 51), rows},
		{"decimal", base.Type{ID: base.TypeDecimal, Precision: 10, Scale: 2}, func(i int) base.Value {
			return base.NewDecimal(base.Int128From(int64(i%100)-50), 2)
		}, base.NewDecimal(base.Int128From(-50), 2), base.NewDecimal(base.Int128From(49), 2), 100},
		{"double", base.Type{ID: base.TypeDouble}, func(i int) base.Value { return base.NewFloat(float64(i%10) / 4) }, base.NewFloat(0),
			base.NewFloat(2.25), 10},
		{"text", base.Type{ID: base.TypeVarchar, Collation: "utf8mb4_0900_ai_ci"}, func(i int) base.Value {
			return base.NewString([]string{"a", "A", "b", "B", "ä"}[i%5])
		}, base.Value{}, base.Value{}, 2},
		{"nulls", base.Type{ID: base.TypeInt}, func(int) base.Value { return base.Value{} }, base.Value{}, base.Value{}, 1},
	} {
		d := digest{typ: test.typ}
		for from := 0; from < rows; from += 1024 {
			v := vec.New(test.typ.Class(), test.typ.Scale, 1024)
			for i := range 1024 {
				v.Set(i, test.value(from+i))
			}
			d.add(&vec.Batch{N: 1024, Cols: []*vec.Vector{v}})
		}
		s := d.stats(rows)
		if s.Min != test.lo || s.Max != test.hi || s.Distinct != test.distinct {
			t.Errorf("%s: %+v, want %v to %v, %v of them", test.name, s, test.lo, test.hi, test.distinct)
		}
		if s.Nulls != map[bool]float64{true: 1}[test.name == "nulls"] {
			t.Errorf("%s: %v are NULL", test.name, s.Nulls)
		}
	}
}
