package exec

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// countingNode counts how often its rows are read.
type countingNode struct {
	memNode
	opens int
}

func (n *countingNode) Operator(ec *Context) (Operator, error) {
	op, err := n.memNode.Operator(ec)
	return &countingOp{Operator: op, n: n}, err
}

type countingOp struct {
	Operator
	n *countingNode
}

func (o *countingOp) Open() error { o.n.opens++; return o.Operator.Open() }

// evalRows evaluates e for rows, given in batches with rows between that do not count.
func evalRows(t *testing.T, ec *Context, e expr.Expr, in *memNode) []string {
	t.Helper()
	n := &plan.Project{Input: in, Exprs: []expr.Expr{e}, Out: []plan.Column{{Type: e.Type()}}}
	op, err := Build(n, ec)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := drain(op)
	if err != nil {
		t.Fatal(err)
	}
	return text(rows)
}

func holds(op string, a, b base.Value) base.Value {
	if a.IsNull() || b.IsNull() {
		return base.Value{}
	}
	c := a.Int() - b.Int()
	switch op {
	case "=":
		return base.NewBool(c == 0)
	case "<>":
		return base.NewBool(c != 0)
	case "<":
		return base.NewBool(c < 0)
	}
	return base.NewBool(c >= 0)
}

// compareRow is x op row: AND over the columns for =, OR for <>.
func compareRow(op string, x, row []base.Value) base.Value {
	out := holds(op, x[0], row[0])
	for i := 1; i < len(x); i++ {
		c := holds(op, x[i], row[i])
		decided := base.NewBool(op == "<>")
		switch {
		case out == decided || c == decided:
			out = decided
		case c.IsNull() || out.IsNull():
			out = base.Value{}
		}
	}
	return out
}

func quantify(op string, all bool, x []base.Value, rows [][]base.Value) base.Value {
	out := base.NewBool(all)
	for _, row := range rows {
		switch c := compareRow(op, x, row); {
		case c.IsNull():
			out = c
		case (c.Int() != 0) != all:
			return base.NewBool(!all)
		}
	}
	return out
}

var boolean = base.Type{ID: base.TypeTinyInt, Bool: true}

// TestQuantified compares IN, ANY and ALL with their truth tables: the subquery run once, and anew for each outer row, which it
// then filters by.
func TestQuantified(t *testing.T) {
	t.Parallel()
	types := []base.Type{bigint, bigint}
	for seed := range uint64(30) {
		r := newRand(seed)
		outer, inner := randomRows(r, types, 40, 4), randomRows(r, types, int(seed%5), 6)
		for _, op := range []string{"=", "<>", "<", ">="} {
			for _, all := range []bool{false, true} {
				for _, width := range []int{1, 2} {
					if width == 2 && (op == "<" || op == ">=" || op == "=" && all || op == "<>" && !all) {
						continue
					}
					for _, once := range []bool{true, false} {
						testQuantified(t, fmt.Sprint(seed, op, all, width, once), outer, inner, op, all, width, once)
					}
				}
			}
		}
	}
}

func testQuantified(t *testing.T, name string, outer, inner [][]base.Value, op string, all bool, width int, once bool) {
	t.Helper()
	types := []base.Type{bigint, bigint}
	in := memTable(types, inner, 2, nil)
	q := &plan.Subquery{SubqueryBody: &plan.SubqueryBody{}, Kind: plan.QuantifiedSubquery, Op: op, All: all, Once: once, Result: boolean}
	var exprs []expr.Expr
	for i := range width {
		q.X = append(q.X, col(i, bigint))
		exprs = append(exprs, col(i, bigint))
	}
	var rows plan.Node = in
	if !once {
		q.Args, q.Slots = []expr.Expr{col(1, bigint)}, []int{0}
		rows = &plan.Filter{Input: in, Pred: call(t, "<=", col(1, bigint), expr.Param(0, bigint))}
	}
	q.Plan = &plan.Project{Input: rows, Exprs: exprs, Out: in.out[:width]}
	ec := testContext()
	ec.Expr.Params = make([]base.Value, 1)
	got := evalRows(t, ec, q, memTable(types, outer, 15, newRand(1)))
	for i, x := range outer {
		var seen [][]base.Value
		for _, row := range inner {
			if once || !row[1].IsNull() && !x[1].IsNull() && row[1].Int() <= x[1].Int() {
				seen = append(seen, row)
			}
		}
		if want := show(quantify(op, all, x[:width], seen)); got[i] != want {
			t.Fatalf("%s: %q over %q is %s, want %s", name, text(outer[i : i+1])[0], text(seen), got[i], want)
		}
	}
}

func TestScalarAndExists(t *testing.T) {
	t.Parallel()
	outer := [][]base.Value{{base.NewInt(1)}, {base.NewInt(2)}, {base.NewInt(2)}, {base.NewInt(9)}, {{}}, {base.NewInt(1)}}
	inner := [][]base.Value{{base.NewInt(1), base.NewString("one")}, {base.NewInt(2), base.NewString("two")}}
	src := &countingNode{memNode: *memTable([]base.Type{bigint, varchar}, inner, 1, nil)}
	match := &plan.Filter{Input: src, Pred: call(t, "=", col(0, bigint), expr.Param(0, bigint))}
	name := &plan.Project{Input: match, Exprs: []expr.Expr{col(1, varchar)}, Out: src.out[1:]}
	for _, c := range []struct {
		q     *plan.Subquery
		want  string
		opens int
	}{
		{&plan.Subquery{Kind: plan.ScalarSubquery, SubqueryBody: &plan.SubqueryBody{Plan: name}, Result: varchar, Args: []expr.Expr{col(0, bigint)}, Slots: []int{0}},
			"[one two two NULL NULL one]", 5}, // equal outer rows next to each other share a run
		{&plan.Subquery{Kind: plan.ScalarSubquery, SubqueryBody: &plan.SubqueryBody{Plan: name, Stable: true}, Result: varchar,
			Args: []expr.Expr{col(0, bigint)}, Slots: []int{0}}, "[one two two NULL NULL one]", 4},
		{&plan.Subquery{Kind: plan.ExistsSubquery, SubqueryBody: &plan.SubqueryBody{Plan: name, Stable: true}, Result: boolean,
			Args: []expr.Expr{col(0, bigint)}, Slots: []int{0}}, "[1 1 1 0 0 1]", 4},
		{&plan.Subquery{Kind: plan.ExistsSubquery, SubqueryBody: &plan.SubqueryBody{Plan: name}, Result: boolean, Args: []expr.Expr{col(0, bigint)}, Slots: []int{0}},
			"[1 1 1 0 0 1]", 5},
		{&plan.Subquery{Kind: plan.ExistsSubquery, SubqueryBody: &plan.SubqueryBody{Plan: src}, Result: boolean, Once: true}, "[1 1 1 1 1 1]", 1},
		{&plan.Subquery{Kind: plan.ScalarSubquery, SubqueryBody: &plan.SubqueryBody{Plan: &plan.Limit{Input: src, Count: lit(1)}}, Result: bigint, Once: true}, "[1 1 1 1 1 1]", 1},
		{&plan.Subquery{Kind: plan.ScalarSubquery, SubqueryBody: &plan.SubqueryBody{Plan: &plan.Limit{Input: src, Count: lit(0)}}, Result: bigint, Once: true},
			"[NULL NULL NULL NULL NULL NULL]", 1},
	} {
		src.opens = 0
		ec := testContext()
		ec.Expr.Params = make([]base.Value, 1)
		if got := fmt.Sprint(evalRows(t, ec, c.q, memTable([]base.Type{bigint}, outer, 2, nil))); got != c.want || src.opens != c.opens {
			t.Errorf("kind %d is %s after %d runs, want %s after %d", c.q.Kind, got, src.opens, c.want, c.opens)
		}
	}
}

func TestScalarOfManyRows(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 2} { // in one batch, and in several
		in := memTable([]base.Type{bigint}, [][]base.Value{{base.NewInt(1)}, {base.NewInt(2)}}, size, nil)
		ec := testContext()
		ec.prepare()
		q := &plan.Subquery{Kind: plan.ScalarSubquery, SubqueryBody: &plan.SubqueryBody{Plan: in}, Result: bigint, Once: true}
		_, err := q.Eval(ec.Expr, &vec.Batch{N: 1})
		var e *base.Error
		if !errors.As(err, &e) || e.Number != 1242 {
			t.Errorf("two rows in batches of %d: %v, want error 1242", size, err)
		}
	}
}

func TestSubqueryCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	ec := testContext()
	ec.Ctx = ctx
	ec.prepare()
	q := &plan.Subquery{Kind: plan.ExistsSubquery, SubqueryBody: &plan.SubqueryBody{Plan: manyRows(1, 1)}, Result: boolean, Once: true}
	if _, err := q.Eval(ec.Expr, &vec.Batch{N: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled subquery: %v", err)
	}
}

// TestInsertSubquery inserts what a subquery in VALUES yields; no operator lies below such an INSERT.
func TestInsertSubquery(t *testing.T) {
	t.Parallel()
	tab := people()
	tx := store(t, tab, nil)
	ec := testContext()
	ec.Tx = tx
	q := &plan.Subquery{Kind: plan.ScalarSubquery, SubqueryBody: &plan.SubqueryBody{Plan: manyRows(1, 1)}, Result: bigint, Once: true}
	n := &plan.Insert{Table: tab, Target: []int{0, 1, 2, 3}, Defaults: make([]expr.Expr, 4),
		Rows: [][]expr.Expr{{call(t, "+", q, lit(5)), str("c"), lit(1), str("n")}}}
	if out, err := Insert(ec, tx, n); err != nil || out.Affected != 1 {
		t.Fatalf("insert: %+v, %v", out, err)
	}
	got := runScan(t, tx, &plan.Scan{Table: tab, Cols: []int{0, 1}, Access: plan.Access{Index: &tab.Indexes[0], Points: [][]expr.Expr{{str("c")}}}})
	if len(got) != 1 || got[0] != "5|c" {
		t.Errorf("rows are %q", got)
	}
}
