package expr

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

// columnTypes are the columns of the random batches.
var columnTypes = []base.Type{
	typeInt, typeUint, typeDouble, typeDecimal(10, 2), typeDecimal(12, 4), typeVarchar(5, ""), typeVarchar(5, "utf8mb4_0900_ai_ci"), typeDate,
	{ID: base.TypeDateTime},
}

func randomValue(r *rand.Rand, t base.Type) base.Value {
	n := r.Int64N(7) - 3
	switch t.Class() {
	case base.Int:
		return base.NewInt(n)
	case base.Uint:
		if n < 0 {
			return base.NewUint(^uint64(0))
		}
		return base.NewUint(uint64(n))
	case base.Float:
		return base.NewFloat(float64(n) / 2)
	case base.Decimal:
		coef, _ := base.Rescale(base.Int128From(n), 0, t.Scale)
		return base.NewDecimal(coef, t.Scale)
	case base.Date:
		return base.NewDate(19000 + n)
	case base.DateTime:
		return base.NewDateTime((19000 + n) * base.Day)
	}
	return base.NewString([]string{"a", "A", "b", "1", "2", "", "ä"}[n+3])
}

func randomBatch(r *rand.Rand, n int) *vec.Batch {
	b := &vec.Batch{N: n}
	for _, t := range columnTypes {
		v := vec.New(t.Class(), t.Scale, n)
		nulls := r.IntN(3) > 0
		for i := range n {
			if nulls && r.IntN(5) == 0 {
				v.SetNull(i)
			} else {
				v.Set(i, randomValue(r, t))
			}
		}
		b.Cols = append(b.Cols, v)
	}
	if r.IntN(2) == 0 {
		b.Sel = []int32{}
		for i := range n {
			if r.IntN(2) == 0 {
				b.Sel = append(b.Sel, int32(i))
			}
		}
	}
	return b
}

func randomOperand(r *rand.Rand, i int) Expr {
	t := columnTypes[i]
	if r.IntN(3) == 0 {
		if r.IntN(8) == 0 {
			return Const(base.Value{}, t)
		}
		return Const(randomValue(r, t), t)
	}
	return Column(i, t, "c", true)
}

// rowExpr rewrites an expression over row i of a batch into one over constants.
func rowExpr(e Expr, b *vec.Batch, i int) Expr {
	if c, ok := AsColumn(e); ok {
		return Const(b.Cols[c].Value(i), e.Type())
	}
	children := e.Children()
	if len(children) == 0 {
		return e
	}
	out := make([]Expr, len(children))
	for k, c := range children {
		out[k] = rowExpr(c, b, i)
	}
	return e.WithChildren(out)
}

// TestVectorsAgreeWithRows compares kernels over batches, filters included, with the same expression over one row of constants.
func TestVectorsAgreeWithRows(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	names := []string{"=", "<>", "<", "<=", ">", ">=", "<=>", "+", "-", "*", "/", "%", "AND", "OR", "XOR", "COALESCE", "NULLIF", "IF", "BETWEEN",
		"IN", "NOT", "IS NULL", "GREATEST", "CONCAT"}
	ctx := testContext()
	for range 3000 {
		b := randomBatch(r, 1+r.IntN(100))
		name := names[r.IntN(len(names))]
		n := map[string]int{"IF": 3, "BETWEEN": 3, "IN": 7, "NOT": 1, "IS NULL": 1}[name]
		if n == 0 {
			n = 2
		}
		args := make([]Expr, n)
		first := r.IntN(len(columnTypes))
		for i := range args {
			args[i] = randomOperand(r, (first+r.IntN(2)*r.IntN(4)*i)%len(columnTypes))
		}
		e, err := Call(name, args...)
		if err != nil || mixesCollations(e) {
			continue // two types that do not compare; columns claim their collation by other rules than constants
		}
		checkRows(t, ctx, e, b)
	}
}

func mixesCollations(e Expr) bool {
	seen := map[string]bool{}
	for _, a := range e.Children() {
		if isString(a.Type()) {
			seen[a.Type().Collation] = true
		}
	}
	return len(seen) > 1
}

func checkRows(t *testing.T, ctx *Context, e Expr, b *vec.Batch) {
	t.Helper()
	v, err := e.Eval(ctx, b)
	passed, ferr := Filter(ctx, e, b, nil)
	next := 0
	failed := false
	for k := range b.Rows() {
		i := b.Row(k)
		single := rowExpr(e, b, i)
		want, werr := Scalar(ctx, single)
		var be *base.Error
		if errors.As(werr, &be) && be.Number == codeWrongTemporal.Number {
			return // of constants only: a column of such text is a warning
		}
		if werr != nil {
			failed = true
			continue
		}
		if err != nil {
			continue
		}
		if w, werr := fit(nil, want, e.Type()); werr == nil {
			want = w // constants may have a narrower type
		}
		if got := v.Value(i); got != want {
			t.Fatalf("%s, row %d: %v, want %v (%s)", e, i, got, want, single)
		}
		if ferr != nil || failed {
			continue
		}
		truthy, terr := Scalar(ctx, truth(Const(want, e.Type())))
		if terr != nil {
			continue
		}
		in := next < len(passed) && passed[next] == int32(i)
		if in != (!truthy.IsNull() && truthy.Bits() != 0) {
			t.Fatalf("%s, row %d is %v: filter %v", e, i, want, in)
		}
		if in {
			next++
		}
	}
	if (err != nil) != failed && b.Rows() > 0 {
		t.Fatalf("%s: error %v, of single rows %v", e, err, failed)
	}
}

func TestFilterInPlaceKeepsOrder(t *testing.T) {
	t.Parallel()
	b := &vec.Batch{N: 6, Cols: []*vec.Vector{{Class: base.Int, Len: 6, I64: []int64{1, 5, 2, 4, 3, 0}}}, Sel: []int32{0, 1, 3, 4, 5}}
	x := Column(0, typeInt, "x", false)
	one, four := Const(base.NewInt(1), typeInt), Const(base.NewInt(4), typeInt)
	lo, _ := Call(">=", x, one)
	hi, _ := Call("<", x, four)
	both, _ := Call("AND", lo, hi)
	got, err := Filter(testContext(), both, b, b.Sel)
	if err != nil || len(got) != 2 || got[0] != 0 || got[1] != 4 {
		t.Errorf("%v, %v", got, err)
	}
	none, _ := Call(">", x, Const(base.NewInt(9), typeInt))
	if got, err := Filter(testContext(), none, b, nil); err != nil || got == nil || len(got) != 0 {
		t.Errorf("no rows: %v, %v", got, err)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	b := randomBatch(r, 200)
	for c, typ := range columnTypes {
		compare, v := Comparer(typ), b.Cols[c]
		for range 5000 {
			i, j := r.IntN(200), r.IntN(200)
			same := string(AppendKey(nil, typ, v, i)) == string(AppendKey(nil, typ, v, j))
			if order := compare(v, v, i, j); same != (order == 0) || order != -compare(v, v, j, i) {
				t.Fatalf("type %d: %v and %v: keys equal %v, order %d", typ.ID, v.Value(i), v.Value(j), same, order)
			}
		}
	}
	for i, a := range columnTypes { // keys of different types are equal exactly when = says so
		for j, bt := range columnTypes {
			x, y, ok, err := HashKeys(Column(i, a, "x", true), Column(j, bt, "y", true))
			if err != nil || !ok {
				continue
			}
			eq, _ := Call("=", Column(i, a, "x", true), Column(j, bt, "y", true))
			all := &vec.Batch{N: 200, Cols: b.Cols}
			vx, _ := x.Eval(testContext(), all)
			vy, _ := y.Eval(testContext(), all)
			ve, _ := eq.Eval(testContext(), all)
			for k := range 200 {
				same := string(AppendKey(nil, x.Type(), vx, k)) == string(AppendKey(nil, y.Type(), vy, k))
				if !ve.IsNull(k) && same != (ve.I64[k] == 1) {
					t.Fatalf("%v and %v: keys equal %v, = is %d", b.Cols[i].Value(k), b.Cols[j].Value(k), same, ve.I64[k])
				}
			}
		}
	}
}

func TestBound(t *testing.T) {
	t.Parallel()
	str := typeVarchar(10, "")
	for _, c := range []struct {
		v    base.Value
		from base.Type
		to   base.Type
		near string
		side int
		ok   bool
	}{
		{base.NewInt(5), typeInt, base.Type{ID: base.TypeInt}, "5", 0, true},
		{base.NewInt(300), typeInt, base.Type{ID: base.TypeTinyInt}, "127", 1, true},
		{base.NewInt(-1), typeInt, typeUint, "0", -1, true},
		{base.NewDecimal(base.Int128From(25), 1), typeDecimal(2, 1), typeInt, "3", -1, true},
		{base.NewString("7"), str, typeInt, "7", 0, true},
		{base.NewString("7x"), str, typeInt, "", 0, false},
		{base.NewInt(7), typeInt, str, "", 0, false},
		{base.NewString("abcdefghijkl"), str, str, "abcdefghijkl", 0, true},
		{base.NewString("2024-01-02"), str, typeDate, "2024-01-02", 0, true},
		{base.NewString("2024-01-02 10:00:00"), str, typeDate, "2024-01-02", 1, true},
		{base.NewDecimal(base.Int128From(12345), 4), typeDecimal(5, 4), typeDecimal(10, 2), "1.23", 1, true},
		{base.NewFloat(1.5), typeDouble, typeInt, "2", -1, true},
	} {
		near, side, ok := Bound(c.v, c.from, c.to)
		if ok != c.ok || ok && (Format(near, c.to) != c.near || side != c.side) {
			t.Errorf("%v for %v: %s, %d, %v; want %s, %d, %v", c.v, c.to, Format(near, c.to), side, ok, c.near, c.side, c.ok)
		}
	}
}

func TestRewriting(t *testing.T) {
	t.Parallel()
	a, b := Column(1, typeInt, "a", true), Column(2, typeInt, "b", true)
	sum, _ := Call("+", a, Const(base.NewInt(1), typeInt))
	pred, _ := Call("=", sum, b)
	if args, ok := AsCall(pred, "="); !ok || !Equal(args[0], sum) || Equal(args[0], b) {
		t.Error("AsCall, Equal")
	}
	moved := pred.WithChildren([]Expr{Renumber(a, 5), b})
	if i, ok := AsColumn(moved.Children()[0]); !ok || i != 5 || Equal(moved, pred) {
		t.Error("WithChildren, Renumber")
	}
	if pred.String() != "((a + 1) = b)" {
		t.Error(pred.String())
	}
	random, _ := Call("RAND")
	if Equal(random, random) || !Volatile(random) || Immutable(random) {
		t.Error("RAND() equals itself")
	}
	now, _ := Call("NOW")
	if _, ok := Fold(now).(*constant); ok || Volatile(now) || !Immutable(now) {
		t.Error("NOW() is fixed during a statement only")
	}
	three, _ := Call("+", Const(base.NewInt(1), typeInt), Const(base.NewInt(2), typeInt))
	if n, ok := ConstInt(Fold(three)); !ok || n != 3 {
		t.Error("fold")
	}
	zero, _ := Call("/", Const(base.NewInt(1), typeInt), Const(base.NewInt(0), typeInt))
	if _, ok := Fold(zero).(*constant); ok {
		t.Error("a warning was folded away")
	}
	ctx := testContext()
	ctx.DivByZeroError = true
	if _, err := Scalar(ctx, zero); err == nil || err.(*base.Error).Number != 1365 {
		t.Error(err)
	}
	ctx.Params = []base.Value{base.NewString("12")}
	if v, err := Scalar(ctx, Param(0, typeInt)); err != nil || v != base.NewInt(12) {
		t.Error(v, err)
	}
	if _, err := Scalar(ctx, Param(1, typeInt)); err == nil {
		t.Error("a missing argument")
	}
}
