package exec

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

var (
	bigint  = base.Type{ID: base.TypeBigInt}
	ubigint = base.Type{ID: base.TypeBigInt, Unsigned: true}
	varchar = base.Type{ID: base.TypeVarchar, Length: 50}
	foldCI  = base.Type{ID: base.TypeVarchar, Length: 50, Collation: "utf8mb4_0900_ai_ci"}
	double  = base.Type{ID: base.TypeDouble}
	money   = base.Type{ID: base.TypeDecimal, Precision: 12, Scale: 2}
	dateT   = base.Type{ID: base.TypeDate}
)

// memNode is a plan node whose rows lie in memory, in batches that are handed out as they are.
type memNode struct {
	out     []plan.Column
	batches []*vec.Batch
}

func (n *memNode) Schema() []plan.Column                  { return n.out }
func (n *memNode) Children() []plan.Node                  { return nil }
func (n *memNode) Operator(ec *Context) (Operator, error) { return &memOp{ec: ec, n: n}, nil }

type memOp struct {
	ec *Context
	n  *memNode
	at int
}

func (o *memOp) Open() error  { o.at = 0; return nil }
func (o *memOp) Close() error { return nil }
func (o *memOp) Next() (*vec.Batch, error) {
	if err := o.ec.Ctx.Err(); err != nil || o.at == len(o.n.batches) {
		return nil, err
	}
	o.at++
	return o.n.batches[o.at-1], nil
}

// memTable lays rows out in batches of at most size rows. With r, rows that do not count are strewn in between.
func memTable(types []base.Type, rows [][]base.Value, size int, r *rand.Rand) *memNode {
	n := &memNode{}
	for i, t := range types {
		n.out = append(n.out, plan.Column{Name: fmt.Sprintf("c%d", i), Type: t, Nullable: true})
	}
	for len(rows) > 0 {
		take := min(size, len(rows))
		b := &vec.Batch{}
		var sel []int32
		var cells [][]base.Value
		for _, row := range rows[:take] {
			for r != nil && r.IntN(3) == 0 {
				cells = append(cells, rows[r.IntN(take)])
			}
			sel = append(sel, int32(len(cells)))
			cells = append(cells, row)
		}
		if b.N = len(cells); b.N > take {
			b.Sel = sel
		}
		for c := range types {
			col := newColumn(types[c])
			col.Resize(b.N)
			for i, row := range cells {
				col.Set(i, row[c])
			}
			b.Cols = append(b.Cols, col)
		}
		n.batches = append(n.batches, b)
		rows = rows[take:]
	}
	return n
}

func testContext() *Context {
	ctx := context.Background()
	return &Context{Ctx: ctx, Expr: &expr.Context{Ctx: ctx, Loc: time.UTC, Now: time.Unix(0, 0).UTC()}}
}

// runPlan runs a plan and checks that it releases its memory and can run a second time with the same outcome.
func runPlan(t *testing.T, n plan.Node) [][]base.Value {
	t.Helper()
	ec := testContext()
	op, err := Build(n, ec)
	if err != nil {
		t.Fatal(err)
	}
	first, err := drain(op)
	if err != nil {
		t.Fatal(err)
	}
	if ec.MemoryBytes() != 0 {
		t.Errorf("%T holds %d bytes after Close", n, ec.MemoryBytes())
	}
	again, err := drain(op)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := text(first), text(again); !slices.Equal(a, b) {
		t.Errorf("%T opened again yields\n%s\nwant\n%s", n, strings.Join(b, "\n"), strings.Join(a, "\n"))
	}
	return first
}

// text prints rows, one string each.
func text(rows [][]base.Value) []string {
	out := make([]string, len(rows))
	for i, row := range rows {
		cells := make([]string, len(row))
		for c, v := range row {
			cells[c] = show(v)
		}
		out[i] = strings.Join(cells, "|")
	}
	return out
}

func show(v base.Value) string {
	switch v.Class() {
	case base.Null:
		return "NULL"
	case base.Float:
		return fmt.Sprint(v.Float())
	case base.Decimal:
		coef, scale := v.Decimal()
		return fmt.Sprintf("%de-%d", coef.Lo, scale)
	case base.String, base.Bytes, base.JSON:
		return v.Text()
	case base.Uint:
		return fmt.Sprint(v.Uint())
	}
	return fmt.Sprint(v.Int())
}

func expectRows(t *testing.T, what string, got, want [][]base.Value, ordered bool) {
	t.Helper()
	g, w := text(got), text(want)
	if !ordered {
		slices.Sort(g)
		slices.Sort(w)
	}
	if slices.Equal(g, w) {
		return
	}
	for i := 0; i < max(len(g), len(w)); i++ {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			t.Fatalf("%s: %d rows, want %d; row %d is %q, want %q", what, len(g), len(w), i, at(g, i), at(w, i))
		}
	}
}

func at(s []string, i int) string {
	if i < len(s) {
		return s[i]
	}
	return "(none)"
}

func col(i int, t base.Type) expr.Expr { return expr.Column(i, t, fmt.Sprintf("c%d", i), true) }

func lit(v int64) expr.Expr { return expr.Const(base.NewInt(v), bigint) }

func call(t *testing.T, name string, args ...expr.Expr) expr.Expr {
	t.Helper()
	e, err := expr.Call(name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// randomValue returns one of few values of a type, or NULL.
func randomValue(r *rand.Rand, t base.Type, distinct int) base.Value {
	n := int64(r.IntN(distinct)) - int64(distinct/3)
	if r.IntN(7) == 0 {
		return base.Value{}
	}
	switch t.Class() {
	case base.Uint:
		return base.NewUint(uint64(n + int64(distinct)))
	case base.Float:
		return base.NewFloat(float64(n) / 2)
	case base.Decimal:
		return base.NewDecimal(base.Int128From(n), t.Scale)
	case base.Date:
		return base.NewDate(n)
	case base.String:
		return base.NewString(fmt.Sprintf("text %d", n))
	}
	return base.NewInt(n)
}

func randomRows(r *rand.Rand, types []base.Type, n, distinct int) [][]base.Value {
	rows := make([][]base.Value, n)
	for i := range rows {
		rows[i] = make([]base.Value, len(types))
		for c, t := range types {
			rows[i][c] = randomValue(r, t, distinct)
		}
	}
	return rows
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

// drain runs an operator to its end and returns its rows.
func drain(op Operator) ([][]base.Value, error) { return collect(op, &account{ec: &Context{}}) }
