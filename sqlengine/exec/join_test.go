package exec

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

var joinKinds = []plan.JoinKind{plan.InnerJoin, plan.LeftJoin, plan.FullJoin, plan.SemiJoin, plan.AntiJoin}

// naiveJoin is the definition: every pair is tried.
func naiveJoin(kind plan.JoinKind, left, right [][]base.Value, width int, match func(l, r []base.Value) bool) (out [][]base.Value) {
	joined := make([]bool, len(right))
	nulls := func(n int) []base.Value { return make([]base.Value, n) }
	for _, l := range left {
		found := false
		for j, r := range right {
			if !match(l, r) {
				continue
			}
			joined[j] = true
			if !found || kind != plan.SemiJoin {
				switch kind {
				case plan.AntiJoin:
				case plan.SemiJoin:
					out = append(out, l)
				default:
					out = append(out, append(append([]base.Value{}, l...), r...))
				}
			}
			found = true
		}
		switch {
		case found:
		case kind == plan.AntiJoin:
			out = append(out, l)
		case kind == plan.LeftJoin || kind == plan.FullJoin:
			out = append(out, append(append([]base.Value{}, l...), nulls(width)...))
		}
	}
	for j, r := range right {
		if kind == plan.FullJoin && !joined[j] {
			out = append(out, append(nulls(len(left[0])), r...))
		}
	}
	return out
}

func sqlEqual(a, b base.Value) bool { return !a.IsNull() && !b.IsNull() && show(a) == show(b) }

func TestJoinAgainstDefinition(t *testing.T) {
	t.Parallel()
	keyTypes := map[string][]base.Type{
		"int": {bigint}, "text": {varchar}, "decimal": {money}, "date": {dateT}, "double": {double},
		"int,text": {bigint, varchar}, "none": {}, "uint,int": {ubigint, bigint},
	}
	for name, keys := range keyTypes {
		for _, kind := range joinKinds {
			for _, residual := range []bool{false, true} {
				for _, distinct := range []int{4, 60, 5000} {
					t.Run(fmt.Sprintf("%s/%d/%v/%d", name, kind, residual, distinct), func(t *testing.T) {
						t.Parallel()
						testJoin(t, keys, kind, residual, distinct)
					})
				}
			}
		}
	}
}

func testJoin(t *testing.T, keys []base.Type, kind plan.JoinKind, residual bool, distinct int) {
	r := newRand(uint64(distinct))
	types := append(append([]base.Type{}, keys...), bigint)
	nl, nr := 150, 120
	if len(keys) == 0 {
		nl, nr = 90, 70
	}
	left, right := randomRows(r, types, nl, distinct), randomRows(r, types, nr, distinct)
	n := len(keys)
	join := &plan.Join{Kind: kind, Left: memTable(types, left, 40, r), Right: memTable(types, right, 25, r)}
	join.Out = append(append([]plan.Column{}, join.Left.Schema()...), join.Right.Schema()...)
	for i, k := range keys {
		join.LeftKeys, join.RightKeys = append(join.LeftKeys, col(i, k)), append(join.RightKeys, col(i, k))
	}
	if residual {
		join.On = call(t, "<", col(n, bigint), col(n+1+n, bigint))
	}
	match := func(l, r []base.Value) bool {
		for i := range keys {
			if !sqlEqual(l[i], r[i]) {
				return false
			}
		}
		return !residual || !l[n].IsNull() && !r[n].IsNull() && l[n].Int() < r[n].Int()
	}
	ordered := kind != plan.FullJoin
	expectRows(t, "join", runPlan(t, join), naiveJoin(kind, left, right, len(types), match), ordered)
}

func TestJoinNullSafe(t *testing.T) {
	t.Parallel()
	r := newRand(5)
	types := []base.Type{bigint, varchar}
	left, right := randomRows(r, types, 80, 5), randomRows(r, types, 60, 5)
	for _, safe := range [][]bool{{true, true}, {true, false}, {false, true}} {
		for _, kind := range joinKinds {
			join := &plan.Join{Kind: kind, Left: memTable(types, left, 30, r), Right: memTable(types, right, 30, nil), NullSafe: safe,
				LeftKeys: []expr.Expr{col(0, bigint), col(1, varchar)}, RightKeys: []expr.Expr{col(0, bigint), col(1, varchar)}}
			match := func(l, r []base.Value) bool {
				for i := range l {
					if l[i].IsNull() && r[i].IsNull() && safe[i] {
						continue
					}
					if !sqlEqual(l[i], r[i]) {
						return false
					}
				}
				return true
			}
			expectRows(t, fmt.Sprint(kind, safe), runPlan(t, join), naiveJoin(kind, left, right, 2, match), false)
		}
	}
}

// TestJoinNotIn compares the null-aware anti join with the truth table of NOT IN.
func TestJoinNotIn(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		r := newRand(seed)
		width := 1 + int(seed%2)
		types := []base.Type{bigint, bigint, bigint}
		left, right := randomRows(r, types, 30, 5), randomRows(r, types, r.IntN(6), 9)
		if seed%3 == 0 { // no NULL on the right
			for _, row := range right {
				for c := range row {
					if row[c].IsNull() {
						row[c] = base.NewInt(99)
					}
				}
			}
		}
		join := &plan.Join{Kind: plan.AntiJoin, NullAware: true, Left: memTable(types, left, 7, r), Right: memTable(types, right, 3, r)}
		for i := range width {
			join.LeftKeys, join.RightKeys = append(join.LeftKeys, col(i, bigint)), append(join.RightKeys, col(i, bigint))
		}
		correlated := seed%4 == 1
		if correlated {
			join.On = call(t, "<", col(2, bigint), col(5, bigint))
		}
		match := func(l, r []base.Value) bool { // anything but known to be different
			for i := range width {
				if !l[i].IsNull() && !r[i].IsNull() && l[i] != r[i] {
					return false
				}
			}
			return !correlated || !l[2].IsNull() && !r[2].IsNull() && l[2].Int() < r[2].Int()
		}
		expectRows(t, fmt.Sprint("seed ", seed), runPlan(t, join), naiveJoin(plan.AntiJoin, left, right, 3, match), true)
	}
}

// TestJoinMixedIntegers joins signed and unsigned keys by number.
func TestJoinMixedIntegers(t *testing.T) {
	t.Parallel()
	left := [][]base.Value{{base.NewInt(-1)}, {base.NewInt(3)}}
	right := [][]base.Value{{base.NewUint(1<<64 - 1)}, {base.NewUint(3)}}
	join := &plan.Join{Left: memTable([]base.Type{bigint}, left, 9, nil), Right: memTable([]base.Type{ubigint}, right, 9, nil),
		LeftKeys: []expr.Expr{col(0, bigint)}, RightKeys: []expr.Expr{col(0, ubigint)}}
	expectRows(t, "mixed", runPlan(t, join), [][]base.Value{{base.NewInt(3), base.NewUint(3)}}, true)
}

func TestJoinCollation(t *testing.T) {
	t.Parallel()
	rows := [][]base.Value{{base.NewString("Ada")}, {base.NewString("ADA")}, {base.NewString("Bob")}}
	join := &plan.Join{Left: memTable([]base.Type{foldCI}, rows, 9, nil), Right: memTable([]base.Type{foldCI}, rows, 9, nil),
		LeftKeys: []expr.Expr{col(0, foldCI)}, RightKeys: []expr.Expr{col(0, foldCI)}}
	if got := runPlan(t, join); len(got) != 5 {
		t.Errorf("a join without regard to case has %d rows, want 5: %v", len(got), text(got))
	}
}

// manyRows is a column of n numbers from 0.
func manyRows(n, mod int) *memNode {
	rows := make([][]base.Value, n)
	for i := range rows {
		rows[i] = []base.Value{base.NewInt(int64(i % mod))}
	}
	return memTable([]base.Type{bigint}, rows, 4096, nil)
}

func TestJoinCancel(t *testing.T) {
	t.Parallel()
	ec := testContext()
	ctx, cancel := context.WithCancel(context.Background())
	ec.Ctx = ctx
	// Ten thousand times ten thousand pairs of which none matches.
	join := &plan.Join{Left: manyRows(10_000, 1<<30), Right: manyRows(10_000, 1<<30), On: call(t, "<", call(t, "+", col(0, bigint), col(1, bigint)), lit(0))}
	op, err := Build(join, ec)
	if err != nil {
		t.Fatal(err)
	}
	if err := op.Open(); err != nil {
		t.Fatal(err)
	}
	go cancel()
	if _, err := op.Next(); !errors.Is(err, context.Canceled) {
		t.Errorf("Next is %v, want context.Canceled", err)
	}
	if err := op.Close(); err != nil {
		t.Error(err)
	}
}

func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	in := manyRows(50_000, 1<<30)
	agg, err := expr.NewAgg("COUNT", nil, expr.AggOptions{})
	if err != nil {
		t.Fatal(err)
	}
	key := []expr.Expr{col(0, bigint)}
	few := manyRows(1, 1)
	for _, c := range []struct {
		name  string
		node  plan.Node
		fails bool
	}{
		{"sort", &plan.Sort{Input: in, Keys: []plan.SortKey{{Expr: key[0], Desc: true}}}, false},
		{"join", &plan.Join{Left: in, Right: in, LeftKeys: key, RightKeys: key}, false},
		{"left join", &plan.Join{Kind: plan.LeftJoin, Left: in, Right: in, LeftKeys: key, RightKeys: key}, false},
		{"semi join", &plan.Join{Kind: plan.SemiJoin, Left: in, Right: in, LeftKeys: key, RightKeys: key}, false},
		{"aggregate", &plan.Aggregate{Input: in, Keys: key, Aggs: []expr.Agg{agg}}, false},
		{"distinct", &plan.Distinct{Input: in}, false},
		{"except", &plan.SetOp{Except: true, Left: few, Right: in, Out: in.out}, false},
		{"nested loop", &plan.Join{Left: few, Right: in}, true},
		{"full join", &plan.Join{Kind: plan.FullJoin, Left: few, Right: in, LeftKeys: key, RightKeys: key}, true},
	} {
		checkMemoryLimit(t, c.name, c.node, c.fails, nil)
		b := &smallBudget{}
		checkMemoryLimit(t, c.name+" within the process's budget", c.node, c.fails && c.name != "nested loop", b)
		if b.left != 0 || b.refused == 0 {
			t.Errorf("%s: %d bytes are left of the budget, which refused %d times", c.name, b.left, b.refused)
		}
	}
}

// smallBudget is what others have left.
type smallBudget struct {
	left    int64
	refused int
}

func (b *smallBudget) Reserve(n int64) bool {
	if n > b.left {
		b.refused++
		return false
	}
	b.left -= n
	return true
}

func (b *smallBudget) Release(n int64) { b.left += n }

// checkMemoryLimit runs a plan with little memory: it gives what it gives with more, or fails if it cannot use a file.
func checkMemoryLimit(t *testing.T, name string, n plan.Node, fails bool, b Budget) {
	ec := testContext()
	ec.MemoryLimit, ec.TempDir = 100_000, t.TempDir()
	if b != nil {
		ec.MemoryLimit, ec.Budget = 1<<30, b
	}
	op, err := Build(n, ec)
	if err != nil {
		t.Fatal(err)
	}
	got, err := drain(op)
	var e *base.Error
	switch {
	case fails:
		if !errors.As(err, &e) || e.Number != errno.CapacityExceeded.Number {
			t.Errorf("%s: %v, want error %d", name, err, errno.CapacityExceeded.Number)
		}
	case err != nil:
		t.Errorf("%s: %v", name, err)
	default:
		free, err := Build(n, testContext())
		if err != nil {
			t.Fatal(err)
		}
		want, err := drain(free)
		if err != nil {
			t.Fatal(err)
		}
		expectRows(t, name, got, want, true)
	}
	if ec.MemoryBytes() != 0 {
		t.Errorf("%s holds %d bytes after Close", name, ec.MemoryBytes())
	}
	if err := ec.reserve(1); err != nil {
		t.Errorf("%s: %v after everything was released", name, err)
	}
	ec.release(1)
}
