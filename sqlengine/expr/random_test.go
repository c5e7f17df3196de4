package expr

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

// randomTypes are the types that TestRandomCalls gives functions.
var randomTypes = []base.Type{{}, typeInt, typeUint, typeDouble, {ID: base.TypeFloat}, typeDecimal(10, 2), typeDecimal(38, 30),
	{ID: base.TypeVarchar, Length: 20}, typeLongText, {ID: base.TypeVarbinary, Length: 16}, typeDate, typeDateTime, typeTime, typeJSON,
	{ID: base.TypeEnum, Elems: []string{"a", "b"}}, {ID: base.TypeSet, Elems: []string{"a", "b"}}, {ID: base.TypeBit, Length: 9},
	{ID: base.TypeYear}, {ID: base.TypeUUID}, {ID: base.TypeVector, Length: 3}, typeBool,
	{ID: base.TypeVarchar, Length: 9, Collation: "utf8mb4_0900_ai_ci"}}

var randomTexts = []string{"", "a", "abc", "äöü😀", "1", "-12.5e3", "2024-02-29", "2024-02-29 12:13:14.5", "10:11:12", "-838:59:59", "0000-00-00",
	"$.a[last-1]", "$**.b", "$", "{\"a\": [1, {\"b\": null}]}", "[1, 2, \"x\"]", "one", "all", "%Y-%m-%d %H:%i:%s.%f", "%", "de_DE", "UTC", "+10:00",
	"6ccd780c-baba-1026-9564-5b8c656024db", "127.0.0.1", "::1", "[1,2,3]", "(", "a.*", "i", "hkdf", "USA", "DATE", "\x00\xff", "COSINE", "LEADING",
	"{\"type\": \"object\", \"properties\": {\"a\": {\"$ref\": \"#\"}}}", "YEAR_MONTH", "99999999999999999999999999999999999999999"}

// valueOf makes a value of a type, NULL now and then, extremes often.
func valueOf(r *rand.Rand, t base.Type) base.Value {
	if r.IntN(8) == 0 {
		return base.Value{}
	}
	numbers := []int64{0, 1, -1, 2, 7, 100, 255, 20240229, 1 << 31, -1 << 63, 1<<63 - 1, 20240229121314}
	n := numbers[r.IntN(len(numbers))]
	text := randomTexts[r.IntN(len(randomTexts))]
	switch t.ID {
	case base.TypeNull:
		return base.Value{}
	case base.TypeUUID:
		return base.NewBytes("0123456789abcdef")
	case base.TypeVector:
		return base.NewBytes("\x00\x00\x80\x3f\x00\x00\x00\x40\x00\x00\x40\x40")
	case base.TypeEnum, base.TypeSet:
		return base.NewUint(uint64(r.IntN(3)))
	case base.TypeYear:
		return base.NewInt(1901 + int64(r.IntN(255)))
	case base.TypeBit:
		return base.NewUint(uint64(r.IntN(512)))
	}
	switch t.Class() {
	case base.Int:
		return base.NewInt(n)
	case base.Uint:
		return base.NewUint(uint64(n))
	case base.Float:
		return base.NewFloat([]float64{0, 1.5, -2.25, 1e308, -1e-308, 3e9}[r.IntN(6)])
	case base.Decimal:
		coefs := []base.Int128{{}, base.Int128From(12345), base.Int128From(-n), {Hi: 1 << 50}}
		coef := coefs[r.IntN(len(coefs))]
		if !base.DecimalFits(coef, t.Precision) {
			coef = base.Int128From(-999)
		}
		return base.NewDecimal(coef, t.Scale)
	case base.Bytes:
		return base.NewBytes(text[:min(len(text), 16)])
	case base.Date:
		return base.NewDate([]int64{0, base.MinDate, base.MaxDate, base.ZeroDate, 19782}[r.IntN(5)])
	case base.DateTime:
		return base.NewDateTime([]int64{0, base.MinDate * base.Day, (base.MaxDate+1)*base.Day - 1, base.ZeroDate * base.Day, 19782*base.Day + 1}[r.IntN(5)])
	case base.Time:
		return base.NewTime([]int64{0, base.MaxTime, -base.MaxTime, 1, -base.Hour}[r.IntN(5)])
	case base.JSON:
		return base.NewJSON([]string{"null", "1", "1.50", "\"a\"", "[1, [2]]", "{\"a\": {\"b\": []}}"}[r.IntN(6)])
	}
	if text == "\x00\xff" {
		text = "\x00"
	}
	return base.NewString(text)
}

// TestRandomCalls calls every function with random arguments, constant and not: whatever comes of it, it is a value of the
// declared class or an error with a number, the same over a batch and alone.
func TestRandomCalls(t *testing.T) {
	t.Parallel()
	rounds := 120
	if testing.Short() {
		rounds = 15
	}
	names := make([]string, 0, len(registry))
	for name := range registry {
		names = append(names, name)
	}
	slices.Sort(names)
	r := rand.New(rand.NewPCG(1, 2))
	for _, name := range names {
		if name == "SLEEP" || name == "BENCHMARK" {
			continue
		}
		for range rounds {
			randomCall(t, r, name)
		}
	}
}

func randomCall(t *testing.T, r *rand.Rand, name string) {
	t.Helper()
	fn := registry[name]
	n := fn.min + r.IntN(3)
	if fn.max >= 0 {
		n = min(n, fn.max+r.IntN(40)/39)
	}
	ctx := testContext()
	ctx.Warn = func(e *base.Error) {
		if e.Number == 0 {
			t.Errorf("%s: a warning without a number: %v", name, e)
		}
	}
	batch := &vec.Batch{N: 3}
	args, values := make([]Expr, n), make([]base.Value, n)
	for i := range args {
		typ := randomTypes[r.IntN(len(randomTypes))]
		values[i] = valueOf(r, typ)
		if r.IntN(2) == 0 {
			args[i] = Const(values[i], typ)
		} else {
			v := vec.New(typ.Class(), typ.Scale, 3)
			for row := range 3 {
				v.Set(row, values[i])
			}
			batch.Cols = append(batch.Cols, v)
			args[i] = Column(len(batch.Cols)-1, typ, "c", true)
		}
	}
	shown := func() string {
		s := name + "("
		for i, a := range args {
			s += "[" + a.Type().Class().String() + "]" + Format(values[i], a.Type()) + ","
		}
		return s + ")"
	}
	defer func() {
		if p := recover(); p != nil {
			t.Fatalf("%s: panic: %v", shown(), p)
		}
	}()
	e, err := Call(name, args...)
	if err != nil {
		numbered(t, shown(), err)
		return
	}
	_ = e.String()
	v, err := e.Eval(ctx, batch)
	if err != nil {
		numbered(t, shown(), err)
		return
	}
	if v.Class != e.Type().Class() && v.Class != base.Null {
		t.Errorf("%s: class %s of a %s", shown(), v.Class, e.Type().Class())
		return
	}
	if v.IsNull(1) && !e.Nullable() {
		t.Errorf("%s: NULL of an expression that is not nullable", shown())
	}
	if !volatileIn(e) && v.Value(0) != v.Value(2) {
		t.Errorf("%s: rows differ: %v, %v", shown(), v.Value(0), v.Value(2))
	}
	folded, err := Fold(e).Eval(ctx, batch)
	if err != nil {
		numbered(t, shown(), err)
	} else if !volatileIn(e) && folded.Value(1) != v.Value(1) {
		t.Errorf("%s: folded %v, else %v", shown(), folded.Value(1), v.Value(1))
	}
}

func numbered(t *testing.T, call string, err error) {
	t.Helper()
	var e *base.Error
	if !errors.As(err, &e) || e.Number == 0 || e.Number == 1105 {
		t.Errorf("%s: an error without a number: %v", call, err)
	}
}
