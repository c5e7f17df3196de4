package expr

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

// TestDecimalLoop compares the fast loop with the arithmetic of 128 bits, on extremes and at random.
func TestDecimalLoop(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	extremes := []int64{0, 1, -1, 10, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1, 1e18, -1e18}
	pick := func() int64 {
		if r.IntN(2) == 0 {
			return extremes[r.IntN(len(extremes))]
		}
		return r.Int64() >> r.IntN(64) * int64(1-2*r.IntN(2))
	}
	for range 20000 {
		x, y := pick(), pick()
		sx, sy := uint8(r.IntN(6)), uint8(r.IntN(6))
		for _, op := range []byte{'+', '-', '*'} {
			scale := max(sx, sy)
			if op == '*' {
				scale = sx + sy
			}
			a, b, out := vec.New(base.Decimal, sx, 1), vec.New(base.Decimal, sy, 1), vec.New(base.Decimal, scale, 1)
			a.Dec[0], b.Dec[0] = base.Int128From(x), base.Int128From(y)
			if !decimalLoop(op, operand{a, -1}, operand{b, -1}, oneRow, out) {
				continue
			}
			want, _ := base.Int128From(x).Mul(base.Int128From(y))
			if op != '*' {
				p, _ := base.Rescale(a.Dec[0], sx, scale)
				q, _ := base.Rescale(b.Dec[0], sy, scale)
				if op == '-' {
					q = q.Neg()
				}
				want, _ = p.Add(q)
			}
			if out.Dec[0] != want {
				t.Fatalf("%d×10^-%d %c %d×10^-%d = %v, want %v", x, sx, op, y, sy, out.Dec[0], want)
			}
		}
	}
}

func BenchmarkDecimalProduct(b *testing.B) {
	batches, ctx := benchBatches(), testContext()
	d := Column(2, typeDecimal(15, 2), "d", false)
	one, _ := Call("-", Const(base.NewInt(1), typeInt), d)
	e, err := Call("*", d, one)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for _, batch := range batches {
			if _, err := e.Eval(ctx, batch); err != nil {
				b.Fatal(err)
			}
		}
	}
	perRow(b)
}
