package exec

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

func agg(t *testing.T, name string, args ...expr.Expr) expr.Agg {
	t.Helper()
	a, err := expr.NewAgg(name, args, expr.AggOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAggregateAgainstDefinition(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string][]base.Type{"int": {bigint}, "text": {varchar}, "folded": {foldCI}, "decimal": {money},
		"int,text,date": {bigint, varchar, dateT}} {
		for _, distinct := range []int{3, 50, 4000} {
			t.Run(fmt.Sprint(name, distinct), func(t *testing.T) {
				t.Parallel()
				r := newRand(uint64(distinct))
				types := append(append([]base.Type{}, keys...), bigint)
				rows := randomRows(r, types, 6000, distinct)
				n := &plan.Aggregate{Input: memTable(types, rows, 500, r)}
				for i, k := range keys {
					n.Keys = append(n.Keys, col(i, k))
				}
				last := len(keys)
				n.Aggs = []expr.Agg{agg(t, "COUNT"), agg(t, "COUNT", col(last, bigint)), agg(t, "MIN", col(last, bigint)), agg(t, "MAX", col(last, bigint))}
				expectRows(t, "groups", runPlan(t, n), naiveGroups(rows, last), true)
			})
		}
	}
}

// naiveGroups counts rows, counts values, and finds the least and the largest value by the first `keys` columns.
func naiveGroups(rows [][]base.Value, keys int) (out [][]base.Value) {
	at := map[string]int{}
	for _, row := range rows {
		k := text([][]base.Value{row[:keys]})[0]
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, append(append([]base.Value{}, row[:keys]...), base.NewInt(0), base.NewInt(0), base.Value{}, base.Value{}))
		}
		g, v := out[i][keys:], row[keys]
		g[0] = base.NewInt(g[0].Int() + 1)
		if v.IsNull() {
			continue
		}
		g[1] = base.NewInt(g[1].Int() + 1)
		if g[2].IsNull() || v.Int() < g[2].Int() {
			g[2] = v
		}
		if g[3].IsNull() || v.Int() > g[3].Int() {
			g[3] = v
		}
	}
	return out
}

func TestAggregateOfNothing(t *testing.T) {
	t.Parallel()
	empty := memTable([]base.Type{bigint}, nil, 1, nil)
	aggs := []expr.Agg{agg(t, "COUNT"), agg(t, "MAX", col(0, bigint))}
	expectRows(t, "without keys", runPlan(t, &plan.Aggregate{Input: empty, Aggs: aggs}), [][]base.Value{{base.NewInt(0), {}}}, true)
	if got := runPlan(t, &plan.Aggregate{Input: empty, Keys: []expr.Expr{col(0, bigint)}, Aggs: aggs}); len(got) != 0 {
		t.Errorf("groups of nothing are %v", text(got))
	}
}

func TestAggregateFoldsCase(t *testing.T) {
	t.Parallel()
	rows := [][]base.Value{{base.NewString("ada")}, {base.NewString("ADA")}, {{}}, {base.NewString("bob")}, {{}}}
	got := runPlan(t, &plan.Aggregate{Input: memTable([]base.Type{foldCI}, rows, 2, nil), Keys: []expr.Expr{col(0, foldCI)},
		Aggs: []expr.Agg{agg(t, "COUNT")}})
	if want := []string{"ada|2", "NULL|2", "bob|1"}; !slices.Equal(text(got), want) {
		t.Errorf("groups are %q, want %q", text(got), want)
	}
}

func TestSortAgainstDefinition(t *testing.T) {
	t.Parallel()
	all := []base.Type{bigint, ubigint, double, money, dateT, varchar}
	for seed := range uint64(24) {
		r := newRand(seed)
		types := []base.Type{all[r.IntN(len(all))], all[r.IntN(len(all))], bigint}
		size := []int{10, 300, 3000}[seed%3]
		rows := randomRows(r, types, size, []int{4, 100, 100_000}[r.IntN(3)])
		for i := range rows { // tells equal rows apart
			rows[i][2] = base.NewInt(int64(i))
		}
		keys := []plan.SortKey{{Expr: col(0, types[0]), Desc: r.IntN(2) == 0}, {Expr: col(1, types[1]), Desc: r.IntN(2) == 0}}
		want := slices.Clone(rows)
		slices.SortStableFunc(want, func(a, b []base.Value) int {
			for i, k := range keys {
				c := expr.Compare(a[i], b[i], types[i])
				if k.Desc {
					c = -c
				}
				if c != 0 {
					return c
				}
			}
			return 0
		})
		in := memTable(types, rows, 100, r)
		expectRows(t, fmt.Sprint("sort ", seed), runPlan(t, &plan.Sort{Input: in, Keys: keys}), want, true)
		for _, n := range []int{0, 1, 7, 400} {
			offset := n / 2
			got := runPlan(t, &plan.Sort{Input: in, Keys: keys, Limit: lit(int64(n)), Offset: lit(int64(offset))})
			expect := want[:min(len(want), n+offset)]
			if n == 0 {
				expect = nil
			}
			expectRows(t, fmt.Sprint("top ", n, " of ", seed), got, expect, true)
		}
	}
}

// TestTopCuts makes a top-N collect and cut many times: every row comes before those already kept.
func TestTopCuts(t *testing.T) {
	t.Parallel()
	rows := make([][]base.Value, 60_000)
	for i := range rows {
		rows[i] = []base.Value{base.NewInt(int64(-i / 3)), base.NewInt(int64(i))}
	}
	types := []base.Type{bigint, bigint}
	got := runPlan(t, &plan.Sort{Input: memTable(types, rows, 1000, nil), Limit: lit(5),
		Keys: []plan.SortKey{{Expr: call(t, "+", col(0, bigint), lit(1))}}})
	expectRows(t, "top", got, append(slices.Clone(rows[59_997:]), rows[59_994:59_996]...), true)
}

func TestSortExpressionKey(t *testing.T) {
	t.Parallel()
	rows := [][]base.Value{{base.NewInt(1)}, {base.NewInt(-3)}, {{}}, {base.NewInt(2)}}
	got := runPlan(t, &plan.Sort{Input: memTable([]base.Type{bigint}, rows, 2, nil),
		Keys: []plan.SortKey{{Expr: call(t, "*", col(0, bigint), col(0, bigint)), Desc: true}}})
	if want := "-3 2 1 NULL"; strings.Join(text(got), " ") != want {
		t.Errorf("order is %q, want %q", text(got), want)
	}
}

// TestSortTexts sorts texts that begin alike, end in zero bytes or are missing.
func TestSortTexts(t *testing.T) {
	t.Parallel()
	r := newRand(11)
	parts := []string{"", "a", "b", "\x00", "the same beginning ", "\x00\x00\x00\x00\x00\x00\x00\x00"}
	rows := make([][]base.Value, 4000)
	for i := range rows {
		s := ""
		for range r.IntN(4) {
			s += parts[r.IntN(len(parts))]
		}
		rows[i] = []base.Value{base.NewString(s), base.NewInt(int64(i))}
		if r.IntN(10) == 0 {
			rows[i][0] = base.Value{}
		}
	}
	types := []base.Type{varchar, bigint}
	for _, desc := range []bool{false, true} {
		want := slices.Clone(rows)
		slices.SortStableFunc(want, func(a, b []base.Value) int {
			if c := expr.Compare(a[0], b[0], varchar); desc {
				return -c
			} else {
				return c
			}
		})
		got := runPlan(t, &plan.Sort{Input: memTable(types, rows, 300, nil), Keys: []plan.SortKey{{Expr: col(0, varchar), Desc: desc}}})
		expectRows(t, fmt.Sprint("desc ", desc), got, want, true)
	}
}

func TestSortCancel(t *testing.T) {
	t.Parallel()
	ec := testContext()
	ctx, cancel := context.WithCancel(context.Background())
	ec.Ctx = ctx
	in := manyRows(20_000, 7)
	stop := &memNode{out: in.out, batches: in.batches}
	op, err := Build(&plan.Sort{Input: stop, Keys: []plan.SortKey{{Expr: col(0, bigint)}}}, ec)
	if err != nil {
		t.Fatal(err)
	}
	if err := op.Open(); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := op.Next(); !errors.Is(err, context.Canceled) {
		t.Errorf("Next is %v, want context.Canceled", err)
	}
}

func TestSetOperations(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		r := newRand(seed)
		types := []base.Type{bigint, varchar}
		left, right := randomRows(r, types, 60, 4), randomRows(r, types, 40, 4)
		count := map[string]int{}
		for _, s := range text(right) {
			count[s]++
		}
		for _, except := range []bool{false, true} {
			for _, all := range []bool{false, true} {
				n := &plan.SetOp{Except: except, All: all, Left: memTable(types, left, 16, r), Right: memTable(types, right, 16, r)}
				n.Out = n.Left.Schema()
				var want [][]base.Value
				used, seen := map[string]int{}, map[string]bool{}
				for i, s := range text(left) {
					used[s]++
					in := count[s] > 0
					if all {
						in = used[s] <= count[s]
					}
					if in != except && (all || !seen[s]) {
						want = append(want, left[i])
					}
					seen[s] = true
				}
				expectRows(t, fmt.Sprint(seed, except, all), runPlan(t, n), want, true)
			}
		}
		d := &plan.Distinct{Input: memTable(types, left, 16, r)}
		var want [][]base.Value
		seen := map[string]bool{}
		for i, s := range text(left) {
			if !seen[s] {
				want = append(want, left[i])
			}
			seen[s] = true
		}
		expectRows(t, "distinct", runPlan(t, d), want, true)
		u := &plan.Union{Inputs: []plan.Node{memTable(types, left, 7, r), memTable(types, nil, 1, nil), memTable(types, right, 7, r)}}
		u.Out = u.Inputs[0].Schema()
		expectRows(t, "union", runPlan(t, u), append(slices.Clone(left), right...), true)
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	r := newRand(1)
	types := []base.Type{bigint}
	rows := randomRows(r, types, 50, 1000)
	for _, in := range []*memNode{memTable(types, rows, 8, r), memTable(types, rows, 8, nil)} {
		for _, c := range []struct{ count, offset int64 }{{0, 0}, {5, 0}, {5, 3}, {100, 48}, {7, 60}, {1 << 62, 1 << 62}, {8, 8}, {20, 9}} {
			want := rows[min(c.offset, 50):min(min(c.offset, 50)+min(c.count, 50), 50)]
			got := runPlan(t, &plan.Limit{Input: in, Count: lit(c.count), Offset: lit(c.offset)})
			expectRows(t, fmt.Sprint(c), got, want, true)
		}
		expectRows(t, "offset alone", runPlan(t, &plan.Limit{Input: in, Offset: lit(45)}), rows[45:], true)
	}
	op, err := Build(&plan.Limit{Input: manyRows(1, 1), Count: lit(-1)}, testContext())
	if err != nil {
		t.Fatal(err)
	}
	if err := op.Open(); !errors.Is(err, base.ErrInvalid) {
		t.Errorf("a negative LIMIT gives %v", err)
	}
}

func TestFilterProjectValues(t *testing.T) {
	t.Parallel()
	values := &plan.Values{Out: []plan.Column{{Type: bigint}, {Type: varchar}}}
	for i := range int64(10) {
		values.Rows = append(values.Rows, []expr.Expr{lit(i), expr.Const(base.NewString(fmt.Sprint("v", i)), varchar)})
	}
	filtered := &plan.Filter{Input: values, Pred: call(t, ">", col(0, bigint), lit(6))}
	p := &plan.Project{Input: filtered, Exprs: []expr.Expr{col(1, varchar), call(t, "+", col(0, bigint), lit(1))},
		Out: []plan.Column{{Type: varchar}, {Type: bigint}}}
	if got, want := text(runPlan(t, p)), []string{"v7|8", "v8|9", "v9|10"}; !slices.Equal(got, want) {
		t.Errorf("rows are %q, want %q", got, want)
	}
}

type fixedSource [][]base.Value

func (s fixedSource) Rows(*expr.Context) ([][]base.Value, error) { return s, nil }

func TestVirtual(t *testing.T) {
	t.Parallel()
	rows := make(fixedSource, 2*vec.MaxRows)
	for i := range rows {
		rows[i] = []base.Value{base.NewInt(int64(i)), base.NewInt(int64(i))} // the second is converted
	}
	n := &plan.Virtual{Source: rows, Out: []plan.Column{{Type: bigint}, {Type: money}}, Filter: call(t, ">=", col(0, bigint), lit(2*vec.MaxRows-2))}
	if got, want := text(runPlan(t, n)), []string{"8190|819000e-2", "8191|819100e-2"}; !slices.Equal(got, want) {
		t.Errorf("rows are %q, want %q", got, want)
	}
}
