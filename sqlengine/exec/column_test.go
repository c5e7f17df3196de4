package exec

import (
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

func vector(c base.Class, scale uint8, values ...base.Value) *vec.Vector {
	v := vec.New(c, scale, len(values))
	for i, x := range values {
		v.Set(i, x)
	}
	return v
}

// TestRowStoreJoinsClasses appends vectors that differ in class or scale from the column's first.
func TestRowStoreJoinsClasses(t *testing.T) {
	t.Parallel()
	dec := func(n int64, scale uint8) base.Value { return base.NewDecimal(base.Int128From(n), scale) }
	null := base.Value{}
	for name, c := range map[string]struct {
		typ  base.Type
		in   []*vec.Vector
		want []base.Value
	}{
		"scales": {money, []*vec.Vector{vector(base.Decimal, 2, dec(150, 2), null), vector(base.Decimal, 1, dec(25, 1))},
			[]base.Value{dec(150, 2), null, dec(250, 2)}},
		"all NULL first": {bigint, []*vec.Vector{vector(base.Null, 0, null, null), vector(base.Int, 0, base.NewInt(4))},
			[]base.Value{null, null, base.NewInt(4)}},
		"fractions of a second": {base.Type{ID: base.TypeDateTime, Scale: 6}, []*vec.Vector{vector(base.DateTime, 0, base.NewDateTime(1)),
			vector(base.DateTime, 6, base.NewDateTime(2))}, []base.Value{base.NewDateTime(1), base.NewDateTime(2)}},
		"integer in a decimal": {money, []*vec.Vector{vector(base.Decimal, 2, dec(1, 2)), vector(base.Int, 0, base.NewInt(7), null)},
			[]base.Value{dec(1, 2), dec(700, 2), null}},
	} {
		s := rowStore{cols: []*vec.Vector{newColumn(c.typ)}}
		acc := account{ec: testContext()}
		for _, v := range c.in {
			if err := s.add(&vec.Batch{Cols: []*vec.Vector{v}, N: v.Len}, &acc); err != nil {
				t.Fatal(err)
			}
		}
		for i, want := range c.want {
			if got := s.cols[0].Value(i); got != want {
				t.Errorf("%s: row %d is %v, want %v", name, i, got, want)
			}
		}
		if s.n != len(c.want) || acc.bytes == 0 {
			t.Errorf("%s: %d rows in %d bytes", name, s.n, acc.bytes)
		}
	}
}

func TestGatherOuter(t *testing.T) {
	t.Parallel()
	for _, src := range []*vec.Vector{
		vector(base.Int, 0, base.NewInt(1), base.Value{}, base.NewInt(3)),
		vector(base.Float, 0, base.NewFloat(1), base.Value{}, base.NewFloat(3)),
		vector(base.Decimal, 2, base.NewDecimal(base.Int128From(1), 2), base.Value{}, base.NewDecimal(base.Int128From(3), 2)),
		vector(base.String, 0, base.NewString("1"), base.Value{}, base.NewString("3")),
		vector(base.Null, 0, base.Value{}, base.Value{}, base.Value{}),
	} {
		dst := &vec.Vector{}
		for range 2 { // the second time in the memory of the first
			idx := []int32{2, -1, 0, 1, 2}
			gather(dst, src, idx, true)
			for k, i := range idx {
				want := base.Value{}
				if i >= 0 {
					want = src.Value(int(i))
				}
				if dst.Value(k) != want {
					t.Errorf("%s: row %d is %v, want %v", src.Class, k, dst.Value(k), want)
				}
			}
		}
	}
}
