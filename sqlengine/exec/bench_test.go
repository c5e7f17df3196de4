package exec

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// million is a table of a million rows: a number below mod, a text for it, a DECIMAL and a random number.
func million(mod int) *memNode {
	r := rand.New(rand.NewPCG(1, 1))
	names := make([]string, mod)
	for i := range names {
		names[i] = fmt.Sprintf("name of %d", i)
	}
	n := &memNode{}
	for _, t := range []base.Type{bigint, varchar, money, bigint} {
		n.out = append(n.out, plan.Column{Type: t})
	}
	for left := 1_000_000; left > 0; left -= vec.MaxRows {
		rows := min(left, vec.MaxRows)
		b := &vec.Batch{N: rows, Cols: []*vec.Vector{vec.New(base.Int, 0, rows), vec.New(base.String, 0, rows),
			vec.New(base.Decimal, 2, rows), vec.New(base.Int, 0, rows)}}
		for i := range rows {
			k := r.IntN(mod)
			b.Cols[0].I64[i], b.Cols[1].Str[i] = int64(k), names[k]
			b.Cols[2].Dec[i], b.Cols[3].I64[i] = base.Int128From(int64(r.IntN(10_000))), int64(r.Uint64())
		}
		n.batches = append(n.batches, b)
	}
	return n
}

// runAll runs a plan to its end, as a benchmark.
func runAll(b *testing.B, n plan.Node) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		ec := testContext()
		op, err := Build(n, ec)
		if err == nil {
			err = op.Open()
		}
		for err == nil {
			var batch *vec.Batch
			if batch, err = op.Next(); batch == nil {
				break
			}
		}
		if err == nil {
			err = op.Close()
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMillion(b *testing.B) {
	sum := func(i int, t base.Type) expr.Agg {
		a, err := expr.NewAgg("SUM", []expr.Expr{col(i, t)}, expr.AggOptions{})
		if err != nil {
			b.Fatal(err)
		}
		return a
	}
	count, err := expr.NewAgg("COUNT", nil, expr.AggOptions{})
	if err != nil {
		b.Fatal(err)
	}
	in := million(20)
	group := func(name string, sum expr.Agg, keys ...expr.Expr) {
		b.Run(name, func(b *testing.B) {
			runAll(b, &plan.Aggregate{Input: in, Keys: keys, Aggs: []expr.Agg{sum, count}})
		})
	}
	group("GroupIntSumInt", sum(3, bigint), col(0, bigint))
	group("GroupIntSumDecimal", sum(2, money), col(0, bigint))
	group("GroupTextSumInt", sum(3, bigint), col(1, varchar))
	group("GroupTwoSumInt", sum(3, bigint), col(0, bigint), col(1, varchar))
	group("SumInt", sum(3, bigint))

	wide := million(1000)
	dim := million(1000)
	dim = &memNode{out: dim.out[:2], batches: []*vec.Batch{{N: 1000, Cols: []*vec.Vector{vec.New(base.Int, 0, 1000), vec.New(base.String, 0, 1000)}}}}
	for i := range 1000 {
		dim.batches[0].Cols[0].I64[i], dim.batches[0].Cols[1].Str[i] = int64(i), fmt.Sprintf("name of %d", i)
	}
	join := func(name string, key expr.Expr) {
		b.Run(name, func(b *testing.B) {
			runAll(b, &plan.Join{Left: wide, Right: dim, LeftKeys: []expr.Expr{key}, RightKeys: []expr.Expr{key}})
		})
	}
	join("JoinInt1k", col(0, bigint))
	join("JoinText1k", col(1, varchar))
	for name, keys := range map[string][]plan.SortKey{
		"Int": {{Expr: col(3, bigint)}}, "Text": {{Expr: col(1, varchar)}}, "TextIntDesc": {{Expr: col(1, varchar)}, {Expr: col(3, bigint), Desc: true}},
	} {
		b.Run("Sort"+name, func(b *testing.B) { runAll(b, &plan.Sort{Input: wide, Keys: keys}) })
		b.Run("Top10"+name, func(b *testing.B) { runAll(b, &plan.Sort{Input: wide, Keys: keys, Limit: lit(10)}) })
	}
}
