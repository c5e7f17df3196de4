package exec

import (
	"context"
	"errors"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// countingContext counts how often it is looked at, and is cancelled at a chosen time.
type countingContext struct {
	context.Context
	looks int
	end   int // the look from which on it is cancelled; 0 never
}

func (c *countingContext) Err() error {
	c.looks++
	if c.end > 0 && c.looks >= c.end {
		return context.Canceled
	}
	return nil
}

// TestCancelAnywhere cancels heavy plans at many moments. Time is counted in looks at the context: none of the operators may
// go on for long without one, nor after one that says no.
func TestCancelAnywhere(t *testing.T) {
	t.Parallel()
	const rows, some = 80_000, 40
	in, few := manyRows(rows, 1<<30), manyRows(some, 1<<30)
	one := manyRows(rows, 1)
	count, err := expr.NewAgg("COUNT", nil, expr.AggOptions{})
	if err != nil {
		t.Fatal(err)
	}
	lists, err := expr.NewAgg("GROUP_CONCAT", []expr.Expr{col(0, bigint)}, expr.AggOptions{})
	if err != nil {
		t.Fatal(err)
	}
	key := []expr.Expr{col(0, bigint)}
	sorted := &plan.Sort{Input: in, Keys: []plan.SortKey{{Expr: key[0], Desc: true}}}
	never := call(t, "=", call(t, "+", col(0, bigint), col(1, bigint)), lit(-1))
	window := func(f plan.Frame) plan.Node {
		return &plan.Window{Input: one, Order: []plan.SortKey{{Expr: key[0]}},
			Calls: []plan.WindowCall{{Name: "COUNT", Agg: &count, Type: count.Type(), Frame: f}}}
	}
	for _, c := range []struct {
		name  string
		node  plan.Node
		work  int // rows, or pairs of rows, that are looked at
		limit int64
	}{
		{"sort", sorted, rows, 0},
		{"sort in runs", sorted, rows, 200_000},
		{"compare sort", &plan.Sort{Input: in, Keys: []plan.SortKey{{Expr: call(t, "%", col(0, bigint), lit(7))}, {Expr: key[0]}}}, rows, 0},
		{"nested loop", &plan.Join{Left: few, Right: in, On: never}, some * rows, 0},
		{"hash join of one key", &plan.Join{Left: few, Right: one, LeftKeys: []expr.Expr{lit(0)}, RightKeys: key, On: never}, some * rows, 0},
		{"hash join in parts", &plan.Join{Left: in, Right: in, LeftKeys: key, RightKeys: key}, 2 * rows, 200_000},
		{"anti join with NULLs", &plan.Join{Kind: plan.AntiJoin, NullAware: true, Left: nullRows(some), Right: in, LeftKeys: key,
			RightKeys: key}, some * rows, 0},
		{"aggregate", &plan.Aggregate{Input: in, Keys: key, Aggs: []expr.Agg{count}}, rows, 0},
		{"aggregate in parts", &plan.Aggregate{Input: in, Keys: key, Aggs: []expr.Agg{count}}, rows, 200_000},
		{"lists", &plan.Aggregate{Input: in, Keys: key, Aggs: []expr.Agg{lists}}, 2 * rows, 0},
		{"distinct in parts", &plan.Distinct{Input: in}, rows, 200_000},
		{"except in parts", &plan.SetOp{Except: true, Left: in, Right: in, Out: in.out}, 2 * rows, 200_000},
		{"window over peers", window(plan.Frame{Unit: plan.RangeFrame, End: plan.FrameBound{Kind: plan.CurrentRow}}), 2 * rows, 0},
		{"window of pages in a file", window(plan.Frame{Start: plan.FrameBound{Kind: plan.CurrentRow},
			End: plan.FrameBound{Kind: plan.UnboundedFollowing}}), 2 * rows, 200_000},
	} {
		looks := cancelAt(t, c.name, c.node, c.limit, 0)
		if c.work/looks > sortRun {
			t.Errorf("%s: %d rows between two looks at the context", c.name, c.work/looks)
		}
		for _, part := range []int{1, 9, 17} {
			at := max(looks*part/20, 1)
			if after := cancelAt(t, c.name, c.node, c.limit, at) - at; after > 8 {
				t.Errorf("%s, cancelled at look %d of %d, goes on for %d more", c.name, at, looks, after)
			}
		}
	}
}

// nullRows are rows of NULL.
func nullRows(n int) *memNode {
	return memTable([]base.Type{bigint}, nothing(n), 4096, nil)
}

func nothing(n int) [][]base.Value {
	rows := make([][]base.Value, n)
	for i := range rows {
		rows[i] = make([]base.Value, 1)
	}
	return rows
}

// cancelAt runs a plan that is cancelled at the end-th look at its context and returns how many there were.
func cancelAt(t *testing.T, name string, n plan.Node, limit int64, end int) int {
	t.Helper()
	ctx := &countingContext{Context: context.Background(), end: end}
	ec := testContext()
	ec.Ctx, ec.Expr.Ctx, ec.MemoryLimit, ec.TempDir = ctx, ctx, limit, t.TempDir()
	op, err := Build(n, ec)
	if err != nil {
		t.Fatal(err)
	}
	if err = op.Open(); err == nil {
		for {
			b, nerr := op.Next()
			if err = nerr; err != nil || b == nil {
				break
			}
		}
	}
	if end > 0 && !errors.Is(err, context.Canceled) || end == 0 && err != nil {
		t.Errorf("%s, cancelled at look %d: %v", name, end, err)
	}
	looks := ctx.looks
	if err := op.Close(); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if ec.MemoryBytes() != 0 {
		t.Errorf("%s holds %d bytes after Close", name, ec.MemoryBytes())
	}
	return looks
}
