package exec

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/object/mem"
	"github.com/s3sql/s3sql/storage/table"
)

// people has the columns id, code (unique), grp (indexed), name; key id.
func people() *catalog.Table {
	return &catalog.Table{ID: 20, Name: "people", Columns: []catalog.Column{
		{ID: 1, Name: "id", Type: bigint, NotNull: true}, {ID: 2, Name: "code", Type: varchar},
		{ID: 3, Name: "grp", Type: bigint}, {ID: 4, Name: "name", Type: varchar},
	}, Primary: []catalog.KeyPart{{Column: 1}}, Indexes: []catalog.Index{
		{ID: 21, Name: "code", Unique: true, Parts: []catalog.KeyPart{{Column: 2}}},
		{ID: 22, Name: "grp", Parts: []catalog.KeyPart{{Column: 3}, {Column: 1}}},
	}}
}

// store writes rows of a table and its indexes and returns a transaction that sees them, half of them its own writes.
func store(tb testing.TB, t *catalog.Table, rows [][]base.Value) *table.Tx {
	tb.Helper()
	ctx := context.Background()
	db, err := table.Open(ctx, mem.New(), table.Options{Create: true, NoMaintenance: true})
	if err != nil {
		tb.Fatal(err)
	}
	var tx *table.Tx
	for part := range 2 {
		if tx, err = db.Begin(ctx, table.TxOptions{}); err != nil {
			tb.Fatal(err)
		}
		for i, row := range rows {
			if i%2 != part {
				continue
			}
			pk, _ := catalog.EncodeKey(t, t.Primary, row)
			enc, err := catalog.EncodeRow(t, row, nil, "")
			if err == nil {
				err = tx.Put(t.ID, pk, enc)
			}
			for x := 0; x < len(t.Indexes) && err == nil; x++ {
				key, _ := catalog.IndexKey(t, &t.Indexes[x], row)
				err = tx.Put(t.Indexes[x].ID, key, pk)
			}
			if err != nil {
				tb.Fatal(err)
			}
		}
		if part == 0 {
			if _, err := tx.Commit(ctx); err != nil {
				tb.Fatal(err)
			}
		}
	}
	tb.Cleanup(tx.Rollback)
	return tx
}

func peopleRows(n int) [][]base.Value {
	rows := make([][]base.Value, n)
	for i := range rows {
		rows[i] = []base.Value{base.NewInt(int64(i - 5)), base.NewString(fmt.Sprintf("c%03d", i)), base.NewInt(int64(i % 10)), base.NewString("n")}
		if i%9 == 0 {
			rows[i][1], rows[i][2] = base.Value{}, base.Value{}
		}
	}
	return rows
}

func str(s string) expr.Expr  { return expr.Const(base.NewString(s), varchar) }
func flt(f float64) expr.Expr { return expr.Const(base.NewFloat(f), double) }

// TestScanAccess compares every access path with a scan of the whole table under the same filter.
//
//lint:long a table of access paths
func TestScanAccess(t *testing.T) {
	t.Parallel()
	tab := people()
	rows := peopleRows(120)
	tx := store(t, tab, rows)
	id, code, grp := col(0, bigint), col(1, varchar), col(2, bigint)
	c := func(op string, a, b expr.Expr) expr.Expr { return call(t, op, a, b) }
	in := func(x expr.Expr, list ...expr.Expr) expr.Expr {
		e, err := expr.In(x, list)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	null := expr.Const(base.Value{}, bigint)
	points := func(keys ...expr.Expr) (out [][]expr.Expr) {
		for _, k := range keys {
			out = append(out, []expr.Expr{k})
		}
		return out
	}
	byCode, byGrp := &tab.Indexes[0], &tab.Indexes[1]
	for name, x := range map[string]struct {
		a      plan.Access
		filter expr.Expr
		rows   int
	}{
		"point":            {plan.Access{Points: points(lit(7))}, c("=", id, lit(7)), 1},
		"no such point":    {plan.Access{Points: points(lit(7000))}, c("=", id, lit(7000)), 0},
		"points":           {plan.Access{Points: points(lit(7), lit(-3), lit(7), lit(4))}, in(id, lit(7), lit(-3), lit(7), lit(4)), 3},
		"same as text":     {plan.Access{Points: points(str("7"))}, c("=", id, str("7")), 1},
		"text behind":      {plan.Access{Points: points(str("7x"))}, c("=", id, str("7x")), 1},
		"mixed points":     {plan.Access{Points: points(lit(3), str("7x"))}, in(id, lit(3), lit(7)), 2},
		"fraction":         {plan.Access{Points: points(flt(1.5))}, c("=", id, flt(1.5)), 0},
		"whole fraction":   {plan.Access{Points: points(flt(2))}, c("=", id, flt(2)), 1},
		"out of range":     {plan.Access{Points: points(flt(1e30))}, c("=", id, flt(1e30)), 0},
		"null":             {plan.Access{Points: points(null)}, c("=", id, null), 0},
		"range":            {plan.Access{Lo: lit(3), Hi: lit(9), HiOpen: true}, c("AND", c(">=", id, lit(3)), c("<", id, lit(9))), 6},
		"open range":       {plan.Access{Lo: lit(3), LoOpen: true, Hi: lit(9)}, c("AND", c(">", id, lit(3)), c("<=", id, lit(9))), 6},
		"below":            {plan.Access{Hi: lit(0), HiOpen: true}, c("<", id, lit(0)), 5},
		"above a fraction": {plan.Access{Lo: flt(3.5), LoOpen: true}, c(">", id, flt(3.5)), 111},
		"below a fraction": {plan.Access{Hi: flt(-2.5)}, c("<=", id, flt(-2.5)), 3},
		"beyond the type":  {plan.Access{Hi: flt(1e30)}, c("<=", id, flt(1e30)), 120},
		"empty range":      {plan.Access{Lo: lit(9), Hi: lit(3)}, c("AND", c(">=", id, lit(9)), c("<=", id, lit(3))), 0},
		"null bound":       {plan.Access{Lo: null}, c(">", id, null), 0},
		"everything":       {plan.Access{}, nil, 120},
		"unique point":     {plan.Access{Index: byCode, Points: points(str("c012"))}, c("=", code, str("c012")), 1},
		"unique points":    {plan.Access{Index: byCode, Points: points(str("c012"), str("c009"), str("c013"))}, in(code, str("c012"), str("c009"), str("c013")), 2},
		"unique by number": {plan.Access{Index: byCode, Points: points(lit(0))}, c("=", code, lit(0)), 106},
		"unique range":     {plan.Access{Index: byCode, Hi: str("c010")}, c("<=", code, str("c010")), 9},
		"index points":     {plan.Access{Index: byGrp, Points: points(lit(4), lit(6))}, in(grp, lit(4), lit(6)), 22},
		"index equal":      {plan.Access{Index: byGrp, Eq: []expr.Expr{lit(4)}}, c("=", grp, lit(4)), 11},
		"index equal, range": {plan.Access{Index: byGrp, Eq: []expr.Expr{lit(4)}, Lo: lit(50)},
			c("AND", c("=", grp, lit(4)), c(">=", id, lit(50))), 6},
		"index range":      {plan.Access{Index: byGrp, Hi: lit(1), HiOpen: true}, c("<", grp, lit(1)), 10},
		"index equal null": {plan.Access{Index: byGrp, Eq: []expr.Expr{null}}, c("=", grp, null), 0},
	} {
		for _, reverse := range []bool{false, true} {
			n := &plan.Scan{Table: tab, Cols: []int{0, 1, 2}, Access: x.a, Filter: x.filter, Reverse: reverse, Out: memTable([]base.Type{bigint, varchar, bigint}, nil, 1, nil).out}
			got := runScan(t, tx, n)
			if len(got) != x.rows {
				t.Errorf("%s: %d rows, want %d: %q", name, len(got), x.rows, got)
			}
			full := *n
			full.Access = plan.Access{}
			want := runScan(t, tx, &full)
			if x.a.Index == nil {
				if !slices.Equal(got, want) {
					t.Errorf("%s, reverse %v: %q, want %q", name, reverse, got, want)
				}
			} else if slices.Sort(got); !slices.Equal(got, sorted(want)) {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
			limited := *n
			limited.Limit = lit(4)
			if got := runScan(t, tx, &limited); len(got) != min(4, x.rows) {
				t.Errorf("%s limited to 4: %q", name, got)
			}
		}
	}
}

func sorted(s []string) []string { slices.Sort(s); return s }

func runScan(t *testing.T, tx *table.Tx, n plan.Node) []string {
	t.Helper()
	ec := testContext()
	ec.Tx = tx
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

func TestScanDanglingIndex(t *testing.T) {
	t.Parallel()
	tab := people()
	tx := store(t, tab, peopleRows(20))
	pk, _ := catalog.EncodeKey(tab, tab.Primary, peopleRows(20)[8])
	if err := tx.Delete(tab.ID, pk); err != nil {
		t.Fatal(err)
	}
	ec := testContext()
	ec.Tx = tx
	op, err := Build(&plan.Scan{Table: tab, Cols: []int{0}, Access: plan.Access{Index: &tab.Indexes[0], Points: [][]expr.Expr{{str("c008")}}}}, ec)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := drain(op); base.KindOf(err) != base.KindCorrupt {
		t.Errorf("an index entry without row gives %v", err)
	}
}

func TestLookupAgainstDefinition(t *testing.T) {
	t.Parallel()
	tab := people()
	rows := peopleRows(60)
	tx := store(t, tab, rows)
	r := newRand(3)
	types := []base.Type{bigint, bigint}
	left := randomRows(r, types, 200, 90)
	for _, kind := range joinKinds {
		for _, filtered := range []bool{false, true} {
			for _, on := range []bool{false, true} {
				right := &plan.Scan{Table: tab, Cols: []int{2, 0}, Out: memTable(types, nil, 1, nil).out}
				n := &plan.Lookup{Kind: kind, Left: memTable(types, left, 33, r), Right: right, Keys: []expr.Expr{col(0, bigint)}}
				if kind == plan.FullJoin {
					continue
				}
				if filtered {
					right.Filter = call(t, ">", col(0, bigint), lit(3))
				}
				if on {
					n.On = call(t, "<", col(1, bigint), col(2, bigint))
				}
				match := func(l, r []base.Value) bool {
					return sqlEqual(l[0], r[1]) && (!filtered || !r[0].IsNull() && r[0].Int() > 3) &&
						(!on || !l[1].IsNull() && !r[0].IsNull() && l[1].Int() < r[0].Int())
				}
				stored := make([][]base.Value, len(rows))
				for i, row := range rows {
					stored[i] = []base.Value{row[2], row[0]}
				}
				got, want := runScan(t, tx, n), text(naiveJoin(kind, left, stored, 2, match))
				if !slices.Equal(got, want) {
					t.Errorf("kind %d, filter %v, on %v: %q, want %q", kind, filtered, on, got, want)
				}
			}
		}
	}
}

func BenchmarkScanPoint(b *testing.B) {
	tab := people()
	tx := store(b, tab, peopleRows(10_000))
	n := &plan.Scan{Table: tab, Cols: []int{0, 1, 2, 3}, Access: plan.Access{Points: [][]expr.Expr{{expr.Param(0, bigint)}}}}
	ec := testContext()
	ec.Tx = tx
	b.ReportAllocs()
	for i := int64(0); b.Loop(); i++ {
		ec.Expr.Params = []base.Value{base.NewInt(i % 9000)}
		op, err := Build(n, ec)
		if err == nil {
			err = op.Open()
		}
		if err != nil {
			b.Fatal(err)
		}
		if batch, err := op.Next(); err != nil || batch.N != 1 {
			b.Fatal(batch, err)
		}
		if batch, err := op.Next(); err != nil || batch != nil {
			b.Fatal(batch, err)
		}
		if err := op.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
