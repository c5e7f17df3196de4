package expr

import (
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

const benchRows = 1 << 20

func benchBatches() (out []*vec.Batch) {
	x := uint32(1)
	for range benchRows / vec.MaxRows {
		a, b, d := vec.New(base.Int, 0, vec.MaxRows), vec.New(base.Int, 0, vec.MaxRows), vec.New(base.Decimal, 2, vec.MaxRows)
		for i := range vec.MaxRows {
			x = x*1664525 + 1013904223
			a.I64[i], b.I64[i], d.Dec[i] = int64(x>>8%1000), int64(x>>12%20), base.Int128From(int64(x>>10))
		}
		out = append(out, &vec.Batch{N: vec.MaxRows, Cols: []*vec.Vector{a, b, d}})
	}
	return out
}

func perRow(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
}

func BenchmarkFilterInt(b *testing.B) {
	batches, ctx := benchBatches(), testContext()
	pred, _ := Call("<", Column(0, typeInt, "a", false), Const(base.NewInt(500), typeInt))
	sel := make([]int32, vec.MaxRows)
	for b.Loop() {
		for _, batch := range batches {
			if _, err := Filter(ctx, pred, batch, sel); err != nil {
				b.Fatal(err)
			}
		}
	}
	perRow(b)
}

func benchAgg(b *testing.B, name string, col int, t base.Type) {
	batches, ctx := benchBatches(), testContext()
	a, err := NewAgg(name, []Expr{Column(col, t, "x", false)}, AggOptions{})
	if err != nil {
		b.Fatal(err)
	}
	groups := make([]uint32, vec.MaxRows)
	for i := range groups {
		groups[i] = uint32(batches[0].Cols[1].I64[i])
	}
	for b.Loop() {
		s := a.NewState()
		s.Grow(20)
		for _, batch := range batches {
			args, err := a.Eval(ctx, batch)
			if err == nil {
				err = s.Update(groups, args, batch)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	perRow(b)
}

func BenchmarkSumIntGrouped(b *testing.B)     { benchAgg(b, "SUM", 0, typeInt) }
func BenchmarkSumDecimalGrouped(b *testing.B) { benchAgg(b, "SUM", 2, typeDecimal(12, 2)) }
func BenchmarkCountGrouped(b *testing.B)      { benchAgg(b, "COUNT", 0, typeInt) }
func BenchmarkMaxIntGrouped(b *testing.B)     { benchAgg(b, "MAX", 0, typeInt) }

func BenchmarkAddInt(b *testing.B) {
	batches, ctx := benchBatches(), testContext()
	sum, _ := Call("+", Column(0, typeInt, "a", false), Column(1, typeInt, "b", false))
	for b.Loop() {
		for _, batch := range batches {
			if _, err := sum.Eval(ctx, batch); err != nil {
				b.Fatal(err)
			}
		}
	}
	perRow(b)
}

func BenchmarkScalarConst(b *testing.B) {
	ctx, e := testContext(), Const(base.NewInt(1), typeInt)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Scalar(ctx, e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScalarParam(b *testing.B) {
	ctx, e := testContext(), Param(0, typeInt)
	ctx.Params = []base.Value{base.NewInt(1)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Scalar(ctx, e); err != nil {
			b.Fatal(err)
		}
	}
}
