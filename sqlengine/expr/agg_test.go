package expr

import (
	"math/rand/v2"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

// runAgg aggregates column 0 of vals, of type t, into one group, in parts that are merged.
func runAgg(t *testing.T, name string, typ base.Type, vals []base.Value, opts AggOptions, parts int) (base.Value, Agg) {
	t.Helper()
	args := []Expr{Column(0, typ, "x", true)}
	a, err := NewAgg(name, args, opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx := testContext()
	total := a.NewState()
	total.Grow(1)
	for p := range parts {
		chunk := vals[len(vals)*p/parts : len(vals)*(p+1)/parts]
		b := &vec.Batch{N: len(chunk), Cols: []*vec.Vector{vec.New(typ.Class(), typ.Scale, len(chunk))}}
		for i, v := range chunk {
			b.Cols[0].Set(i, v)
		}
		s := total
		if parts > 1 {
			s = a.NewState()
			s.Grow(1)
		}
		in, err := a.Eval(ctx, b)
		if err == nil {
			err = s.Update(nil, in, b)
		}
		if err == nil && parts > 1 {
			err = total.Merge(s, []uint32{0})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	out, err := total.Result(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return out.Value(0), a
}

func TestAggregates(t *testing.T) {
	t.Parallel()
	ints := func(list ...int64) (out []base.Value) {
		for _, v := range list {
			out = append(out, base.NewInt(v))
		}
		return append(out, base.Value{})
	}
	big := []base.Value{base.NewInt(1<<63 - 1), base.NewInt(1<<63 - 1), base.NewInt(1<<63 - 1)}
	texts := []base.Value{base.NewString("b"), base.NewString("a"), base.Value{}, base.NewString("b")}
	sep := "; "
	byValue := AggOptions{OrderBy: []AggOrder{{Expr: Column(0, typeVarchar(3, ""), "x", true), Desc: true}}, Separator: &sep}
	decimals := []base.Value{base.NewDecimal(base.Int128From(150), 2), base.NewDecimal(base.Int128From(-25), 2)}
	floats := []base.Value{base.NewFloat(1), base.NewFloat(2), base.NewFloat(4)}
	smallInt := base.Type{ID: base.TypeInt}
	for _, c := range []struct {
		name string
		typ  base.Type
		vals []base.Value
		opts AggOptions
		want string
	}{
		{"COUNT", typeInt, ints(1, 2, 2), AggOptions{}, "3"},
		{"COUNT", typeInt, ints(1, 2, 2), AggOptions{Distinct: true}, "2"},
		{"COUNT", typeInt, nil, AggOptions{}, "0"},
		{"SUM", smallInt, ints(1, 2, 2), AggOptions{}, "5"},
		{"SUM", smallInt, ints(1, 2, 2), AggOptions{Distinct: true}, "3"},
		{"SUM", typeInt, big, AggOptions{}, "27670116110564327421"},
		{"SUM", typeInt, ints(), AggOptions{}, "NULL"},
		{"SUM", typeUint, []base.Value{base.NewUint(1<<64 - 1), base.NewUint(1)}, AggOptions{}, "18446744073709551616"},
		{"SUM", typeDecimal(5, 2), decimals, AggOptions{}, "1.25"},
		{"SUM", typeDouble, floats, AggOptions{}, "7"},
		{"AVG", smallInt, ints(1, 2, 2), AggOptions{}, "1.6667"},
		{"AVG", smallInt, ints(-1, -2, -2), AggOptions{}, "-1.6667"},
		{"AVG", typeDecimal(5, 2), decimals, AggOptions{}, "0.625000"},
		{"AVG", typeDouble, floats, AggOptions{}, "2.3333333333333335"},
		{"MIN", typeInt, ints(3, -1, 2), AggOptions{}, "-1"},
		{"MAX", typeInt, ints(3, -1, 2), AggOptions{}, "3"},
		{"MAX", typeVarchar(3, ""), texts, AggOptions{}, "b"},
		{"MIN", typeInt, ints(), AggOptions{}, "NULL"},
		{"ANY_VALUE", typeInt, ints(3), AggOptions{}, "3"},
		{"BIT_AND", typeInt, ints(6, 3), AggOptions{}, "2"},
		{"BIT_OR", typeInt, ints(6, 3), AggOptions{}, "7"},
		{"BIT_XOR", typeInt, ints(6, 3), AggOptions{}, "5"},
		{"BIT_AND", typeInt, ints(), AggOptions{}, "18446744073709551615"},
		{"VAR_POP", typeInt, ints(2, 4, 6, 8), AggOptions{}, "5"},
		{"VAR_SAMP", typeInt, ints(1, 3), AggOptions{}, "2"},
		{"STD", typeInt, ints(2, 4), AggOptions{}, "1"},
		{"STDDEV_SAMP", typeInt, ints(2), AggOptions{}, "NULL"},
		{"GROUP_CONCAT", typeVarchar(3, ""), texts, AggOptions{}, "b,a,b"},
		{"GROUP_CONCAT", typeVarchar(3, ""), texts, AggOptions{Distinct: true}, "b,a"},
		{"GROUP_CONCAT", typeVarchar(3, ""), texts, byValue, "b; b; a"},
		{"GROUP_CONCAT", typeInt, ints(1, 2), AggOptions{}, "1,2"},
		{"JSON_ARRAYAGG", typeInt, ints(1, 2), AggOptions{}, "[1, 2, null]"},
	} {
		for parts := 1; parts <= 3; parts += 2 {
			if parts > 1 && c.opts.Distinct {
				continue
			}
			got, a := runAgg(t, c.name, c.typ, c.vals, c.opts, parts)
			shown, err := got, error(nil)
			if !got.IsNull() {
				shown, err = convert.To(got, a.Type(), declared(a.Type()), nil)
			}
			if err != nil || Format(shown, a.Type()) != c.want {
				t.Errorf("%s of %d in %d parts = %s, want %s", a, len(c.vals), parts, Format(got, a.Type()), c.want)
			}
			if !got.IsNull() && got.Class() != a.Type().Class() || got.IsNull() && !a.Nullable() {
				t.Errorf("%s: %v does not fit type %v", a, got, a.Type())
			}
		}
	}
}

func TestAggregateTypes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]base.Type{"SUM": typeDecimal(32, 0), "AVG": typeDecimal(14, 4), "COUNT": typeInt, "MAX": {ID: base.TypeInt}} {
		a, err := NewAgg(name, []Expr{Column(0, base.Type{ID: base.TypeInt}, "x", true)}, AggOptions{})
		if err != nil || !sameType(declared(a.Type()), want) {
			t.Errorf("%s: %v, %v", name, a.Type(), err)
		}
	}
	if _, err := NewAgg("SUM", nil, AggOptions{}); err == nil {
		t.Error("SUM()")
	}
	if !IsAggregate("sum") || IsAggregate("ABS") {
		t.Error("IsAggregate")
	}
}

// TestGroupedSums checks the grouped kernels, selections and NULLs included, against a map.
func TestGroupedSums(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		b := randomBatch(r, 1+r.IntN(200))
		groups := make([]uint32, b.Rows())
		want := make([]int64, 5)
		seen := make([]int64, 5)
		for k := range groups {
			groups[k] = r.Uint32N(5)
			if v := b.Cols[0].Value(b.Row(k)); !v.IsNull() {
				want[groups[k]] += v.Int()
				seen[groups[k]]++
			}
		}
		for _, name := range []string{"SUM", "COUNT"} {
			a, _ := NewAgg(name, []Expr{Column(0, typeInt, "x", true)}, AggOptions{})
			s := a.NewState()
			s.Grow(2)
			s.Grow(5)
			args, err := a.Eval(testContext(), b)
			if err == nil {
				err = s.Update(groups, args, b)
			}
			if err != nil {
				t.Fatal(err)
			}
			out, err := s.Result(testContext())
			if err != nil {
				t.Fatal(err)
			}
			for g := range 5 {
				if name == "COUNT" && out.I64[g] != seen[g] ||
					name == "SUM" && (out.IsNull(g) != (seen[g] == 0) || seen[g] > 0 && out.Dec[g] != base.Int128From(want[g])) {
					t.Fatalf("%s of group %d: %v", name, g, out.Value(g))
				}
			}
		}
	}
}
