package exec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// windowCase is a random window: its input is c0 (partition), c1 (order), c2 (bigint), c3 (decimal), c4 (double).
type windowCase struct {
	changes []int64        // by row: how often the key of ORDER BY has changed up to it
	rows    [][]base.Value // sorted
	calls   []plan.WindowCall
	desc    bool
}

var windowTypes = []base.Type{bigint, money, bigint, money, double, money, money}

const (
	startColumn = 5 // key ± offset of the frame's start
	endColumn   = 6
)

// randomFrame returns a frame that MySQL's rules allow, and the distances of its ends.
func randomFrame(r *rand.Rand, desc bool) (plan.Frame, int64, int64) {
	for {
		f := plan.Frame{Unit: plan.FrameUnit(r.IntN(3)), Desc: desc}
		f.Start.Kind, f.End.Kind = plan.BoundKind(r.IntN(5)), plan.BoundKind(r.IntN(5))
		if f.Start.Kind == plan.UnboundedFollowing || f.End.Kind == plan.UnboundedPreceding || f.Start.Kind > f.End.Kind {
			continue
		}
		n, m := int64(r.IntN(4)), int64(r.IntN(4))
		if r.IntN(6) == 0 {
			n, m = int64(r.IntN(200)), int64(r.IntN(200))
		}
		for _, x := range []struct {
			b      *plan.FrameBound
			n      int64
			column int
		}{{&f.Start, n, startColumn}, {&f.End, m, endColumn}} {
			if x.b.Kind != plan.Preceding && x.b.Kind != plan.Following {
				continue
			}
			x.b.Offset = lit(x.n)
			if f.Unit == plan.RangeFrame {
				f.Key = col(1, money)
				x.b.Value = col(x.column, money)
			}
		}
		return f, n, m
	}
}

// boundValue is the key at a distance, as the planner has it computed.
func boundValue(key base.Value, b *plan.FrameBound, n int64, desc bool) base.Value {
	if key.IsNull() || b.Offset == nil {
		return base.Value{}
	}
	coef, scale := key.Decimal()
	k, _ := coef.Int64()
	if (b.Kind == plan.Preceding) != desc {
		n = -n
	}
	return base.NewDecimal(base.Int128From(k+n*100), scale)
}

func newWindowCase(t *testing.T, r *rand.Rand) windowCase {
	c := windowCase{desc: r.IntN(2) == 0}
	f, n, m := randomFrame(r, c.desc)
	size := []int{0, 1, 5, 20, 60, 60, 200, 400, 400, 9000}[r.IntN(10)]
	parts := 1 + r.IntN(max(size/(1+r.IntN(100)), 1))
	for range size {
		row := make([]base.Value, len(windowTypes))
		row[0] = base.NewInt(int64(r.IntN(parts)))
		if k := randomValue(r, bigint, 20); !k.IsNull() {
			row[1] = base.NewDecimal(base.Int128From(k.Int()*50), 2)
		}
		for i := 2; i < 5; i++ {
			row[i] = randomValue(r, windowTypes[i], 50)
		}
		row[startColumn], row[endColumn] = boundValue(row[1], &f.Start, n, c.desc), boundValue(row[1], &f.End, m, c.desc)
		c.rows = append(c.rows, row)
	}
	slices.SortStableFunc(c.rows, func(a, b []base.Value) int {
		if x := expr.Compare(a[0], b[0], bigint); x != 0 {
			return x
		}
		x := expr.Compare(a[1], b[1], money)
		if c.desc {
			return -x
		}
		return x
	})
	c.changes = make([]int64, size)
	for i := 1; i < size; i++ {
		c.changes[i] = c.changes[i-1]
		if c.rows[i][1] != c.rows[i-1][1] {
			c.changes[i]++
		}
	}
	c.calls = windowCalls(t, r, f, size <= 400)
	return c
}

// windowCalls are all functions over the frame.
func windowCalls(t *testing.T, r *rand.Rand, f plan.Frame, lists bool) []plan.WindowCall {
	ubig := base.Type{ID: base.TypeBigInt, Unsigned: true}
	var out []plan.WindowCall
	for _, name := range []string{"ROW_NUMBER", "RANK", "DENSE_RANK"} {
		out = append(out, plan.WindowCall{Name: name, Type: ubig})
	}
	out = append(out, plan.WindowCall{Name: "PERCENT_RANK", Type: double}, plan.WindowCall{Name: "CUME_DIST", Type: double},
		plan.WindowCall{Name: "NTILE", N: lit(int64(1 + r.IntN(5))), Type: ubig},
		plan.WindowCall{Name: "LAG", N: lit(int64(r.IntN(5))), Args: []expr.Expr{col(2, bigint)}, Type: bigint},
		plan.WindowCall{Name: "LEAD", N: lit(int64(r.IntN(5))), Args: []expr.Expr{col(2, bigint), col(0, bigint)}, Type: bigint},
		plan.WindowCall{Name: "FIRST_VALUE", Args: []expr.Expr{col(2, bigint)}, Type: bigint, Frame: f},
		plan.WindowCall{Name: "LAST_VALUE", Args: []expr.Expr{col(3, money)}, Type: money, Frame: f},
		plan.WindowCall{Name: "NTH_VALUE", N: lit(int64(1 + r.IntN(4))), Args: []expr.Expr{col(4, double)}, Type: double, Frame: f})
	agg := func(name string, args ...expr.Expr) {
		a, err := expr.NewAgg(name, args, expr.AggOptions{})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, plan.WindowCall{Name: name, Agg: &a, Type: a.Type(), Frame: f})
	}
	agg("COUNT")
	agg("COUNT", col(2, bigint))
	for _, name := range []string{"SUM", "AVG", "MIN", "MAX", "VAR_POP", "STDDEV_SAMP"} {
		agg(name, col(2, bigint))
		agg(name, col(3, money))
		agg(name, col(4, double))
	}
	for _, name := range []string{"BIT_AND", "BIT_OR", "BIT_XOR"} {
		agg(name, col(2, bigint))
	}
	if lists {
		agg("JSON_ARRAYAGG", col(2, bigint))
	}
	if r.IntN(2) == 0 { // without the functions that look far ahead, rows come out early
		out = slices.DeleteFunc(out, func(plan.WindowCall) bool { return r.IntN(2) == 0 })
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// TestWindowsAgainstDefinition computes windows row by row from the definition of frames, and compares.
func TestWindowsAgainstDefinition(t *testing.T) {
	t.Parallel()
	cases := 100
	if testing.Short() {
		cases = 20
	}
	for seed := range uint64(cases) {
		r := newRand(seed)
		c := newWindowCase(t, r)
		n := &plan.Window{Input: memTable(windowTypes, c.rows, 1+r.IntN(5000), r), Partition: []expr.Expr{col(0, bigint)},
			Order: []plan.SortKey{{Expr: col(1, money), Desc: c.desc}}, Calls: c.calls}
		if len(c.calls) == 0 {
			continue
		}
		got := runPlan(t, n)
		if len(got) != len(c.rows) {
			t.Fatalf("seed %d: %d rows, want %d", seed, len(got), len(c.rows))
		}
		step := max(len(got)/60, 1)
		for i := 0; i < len(got); i += step {
			for k := range c.calls {
				want := c.define(t, &c.calls[k], i)
				if g := got[i][len(windowTypes)+k]; !near(g, want) {
					t.Fatalf("seed %d, row %d of %d: %s is %s, want %s", seed, i, len(got), c.calls[k].String(), show(g), show(want))
				}
			}
		}
	}
}

func near(a, b base.Value) bool {
	if a.Class() == base.Float && b.Class() == base.Float {
		return math.Abs(a.Float()-b.Float()) <= 1e-9*max(1, math.Abs(b.Float()))
	}
	return show(a) == show(b)
}

// define returns what the call is for row i by the definition.
func (c *windowCase) define(t *testing.T, call *plan.WindowCall, i int) base.Value {
	first, end := i, i+1
	for first > 0 && c.rows[first-1][0] == c.rows[i][0] {
		first--
	}
	for end < len(c.rows) && c.rows[end][0] == c.rows[i][0] {
		end++
	}
	size := end - first
	peersFrom, peersTo := i, i+1
	for peersFrom > first && c.rows[peersFrom-1][1] == c.rows[i][1] {
		peersFrom--
	}
	for peersTo < end && c.rows[peersTo][1] == c.rows[i][1] {
		peersTo++
	}
	groups := c.changes[i] - c.changes[first] + 1
	number := int64(0)
	if call.N != nil {
		number, _ = expr.ConstInt(call.N)
	}
	switch call.Name {
	case "ROW_NUMBER":
		return base.NewUint(uint64(i - first + 1))
	case "RANK":
		return base.NewUint(uint64(peersFrom - first + 1))
	case "DENSE_RANK":
		return base.NewUint(uint64(groups))
	case "PERCENT_RANK":
		if size == 1 {
			return base.NewFloat(0)
		}
		return base.NewFloat(float64(peersFrom-first) / float64(size-1))
	case "CUME_DIST":
		return base.NewFloat(float64(peersTo-first) / float64(size))
	case "NTILE":
		tile, left := 1, i-first
		for {
			rows := size / int(number)
			if tile <= size%int(number) {
				rows++
			}
			if left < rows {
				return base.NewUint(uint64(tile))
			}
			left -= rows
			tile++
		}
	case "LAG", "LEAD":
		j := i - int(number)
		if call.Name == "LEAD" {
			j = i + int(number)
		}
		if j >= first && j < end {
			return c.rows[j][2]
		}
		if len(call.Args) > 1 {
			return c.rows[i][0]
		}
		return base.Value{}
	}
	var in []int
	for j := first; j < end; j++ {
		if c.inFrame(&call.Frame, i, j, first) {
			in = append(in, j)
		}
	}
	return c.over(t, call, in, number)
}

// inFrame reports whether row j is in the frame of row i.
func (c *windowCase) inFrame(f *plan.Frame, i, j, first int) bool {
	return c.side(f, &f.Start, i, j, first) >= 0 && c.side(f, &f.End, i, j, first) <= 0
}

// side says whether row j lies before, at or behind a bound of row i's frame.
func (c *windowCase) side(f *plan.Frame, b *plan.FrameBound, i, j, first int) int {
	switch b.Kind {
	case plan.UnboundedPreceding:
		return 1
	case plan.UnboundedFollowing:
		return -1
	}
	n := int64(0)
	if b.Offset != nil {
		n, _ = expr.ConstInt(b.Offset)
	}
	if b.Kind == plan.Preceding {
		n = -n
	}
	place := func(j int) int64 {
		if f.Unit == plan.RowsFrame {
			return int64(j)
		}
		return c.changes[j] - c.changes[first]
	}
	if f.Unit != plan.RangeFrame || b.Offset == nil || c.rows[i][1].IsNull() {
		if f.Unit == plan.RangeFrame {
			n = 0
		}
		return int(place(j) - place(i) - n)
	}
	if c.rows[j][1].IsNull() {
		if c.desc {
			return 1
		}
		return -1
	}
	ki, _ := c.rows[i][1].Decimal()
	kj, _ := c.rows[j][1].Decimal()
	x, _ := ki.Int64()
	y, _ := kj.Int64()
	d := y - x
	if c.desc {
		d = -d
	}
	return int(d - n*100)
}

// over computes the function over the rows of a frame.
func (c *windowCase) over(t *testing.T, call *plan.WindowCall, in []int, number int64) base.Value {
	if call.Agg == nil {
		at := 0
		switch call.Name {
		case "LAST_VALUE":
			at = len(in) - 1
		case "NTH_VALUE":
			at = int(number) - 1
		}
		if at < 0 || at >= len(in) {
			return base.Value{}
		}
		column, _ := expr.AsColumn(call.Args[0])
		return c.rows[in[at]][column]
	}
	rows := make([][]base.Value, len(in))
	for k, j := range in {
		rows[k] = c.rows[j]
	}
	state := call.Agg.NewState()
	state.Grow(1)
	for _, b := range memTable(windowTypes, rows, 4096, nil).batches {
		args, err := call.Agg.Eval(testContext().Expr, b)
		if err != nil {
			t.Fatal(err)
		}
		if err := state.Update(nil, args, b); err != nil {
			t.Fatal(err)
		}
	}
	v, err := state.Result(testContext().Expr)
	if err != nil {
		t.Fatal(err)
	}
	return v.Value(0)
}

func benchmarkWindow(b *testing.B, call plan.WindowCall) {
	const rows = 1 << 20
	r := newRand(1)
	var batches [][]base.Value
	for i := range rows {
		batches = append(batches, []base.Value{base.NewInt(int64(i / 1000)), base.NewDecimal(base.Int128From(int64(i)), 2),
			base.NewInt(int64(r.IntN(1000)))})
	}
	types := windowTypes[:3]
	n := &plan.Window{Input: memTable(types, batches, 4096, nil), Partition: []expr.Expr{col(0, bigint)},
		Order: []plan.SortKey{{Expr: col(1, money)}}, Calls: []plan.WindowCall{call}}
	b.ResetTimer()
	for range b.N {
		op, err := Build(n, testContext())
		if err != nil {
			b.Fatal(err)
		}
		if err := op.Open(); err != nil {
			b.Fatal(err)
		}
		for {
			batch, err := op.Next()
			if err != nil {
				b.Fatal(err)
			}
			if batch == nil {
				break
			}
		}
		if err := op.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}

func BenchmarkWindow(b *testing.B) {
	sum, err := expr.NewAgg("SUM", []expr.Expr{col(2, bigint)}, expr.AggOptions{})
	if err != nil {
		b.Fatal(err)
	}
	greatest, err := expr.NewAgg("MAX", []expr.Expr{col(2, bigint)}, expr.AggOptions{})
	if err != nil {
		b.Fatal(err)
	}
	running := plan.Frame{Unit: plan.RangeFrame, End: plan.FrameBound{Kind: plan.CurrentRow}}
	sliding := func(rows int64) plan.Frame {
		return plan.Frame{Start: plan.FrameBound{Kind: plan.Preceding, Offset: lit(rows)}, End: plan.FrameBound{Kind: plan.CurrentRow}}
	}
	b.Run("rank", func(b *testing.B) { benchmarkWindow(b, plan.WindowCall{Name: "RANK", Type: ubigint}) })
	b.Run("sum/running", func(b *testing.B) {
		benchmarkWindow(b, plan.WindowCall{Name: "SUM", Agg: &sum, Type: sum.Type(), Frame: running})
	})
	for _, rows := range []int64{10, 500} {
		b.Run(fmt.Sprintf("max/%d", rows), func(b *testing.B) {
			benchmarkWindow(b, plan.WindowCall{Name: "MAX", Agg: &greatest, Type: greatest.Type(), Frame: sliding(rows)})
		})
	}
}
