package partition

import (
	"fmt"
	"slices"
	"testing"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

var (
	intType  = base.Type{ID: base.TypeInt}
	bigType  = base.Type{ID: base.TypeBigInt}
	textType = base.Type{ID: base.TypeVarchar, Length: 10, Collation: "utf8mb4_general_ci"}
)

func whole(list ...int64) []catalog.Bound {
	var out []catalog.Bound
	for _, n := range list {
		out = append(out, catalog.Bound{Value: catalog.Initial{Value: base.NewInt(n)}})
	}
	return out
}

// tableOf is a table of two columns, a INT and b of type t, that is divided by p.
func tableOf(p *catalog.Partitioning, t base.Type) *catalog.Table {
	return &catalog.Table{Columns: []catalog.Column{{ID: 1, Name: "a", Type: intType}, {ID: 2, Name: "b", Type: t}}, Partitioning: p}
}

func parts(n int) []catalog.Partition { return make([]catalog.Partition, n) }

func ranges(bounds ...int64) []catalog.Partition {
	out := parts(len(bounds))
	for i, b := range bounds {
		out[i].Less = whole(b)
	}
	return out
}

func TestLocate(t *testing.T) {
	t.Parallel()
	a := expr.Column(0, intType, "a", true)
	null := base.Value{}
	for _, c := range []struct {
		name string
		p    *catalog.Partitioning
		x    expr.Expr
		row  base.Value
		want int
	}{
		{"below all", &catalog.Partitioning{Method: "RANGE", SQL: "a", Parts: ranges(0, 10)}, a, base.NewInt(-5), 0},
		{"at a bound", &catalog.Partitioning{Method: "RANGE", SQL: "a", Parts: ranges(0, 10)}, a, base.NewInt(0), 1},
		{"above all", &catalog.Partitioning{Method: "RANGE", SQL: "a", Parts: ranges(0, 10)}, a, base.NewInt(10), -1},
		{"NULL of a range", &catalog.Partitioning{Method: "RANGE", SQL: "a", Parts: ranges(0, 10)}, a, null, 0},
		{"hash", &catalog.Partitioning{Method: "HASH", SQL: "a", Parts: parts(4)}, a, base.NewInt(7), 3},
		{"negative hash", &catalog.Partitioning{Method: "HASH", SQL: "a", Parts: parts(4)}, a, base.NewInt(-7), 3},
		{"NULL hash", &catalog.Partitioning{Method: "HASH", SQL: "a", Parts: parts(4)}, a, null, 0},
		{"linear", &catalog.Partitioning{Method: "HASH", Linear: true, SQL: "a", Parts: parts(6)}, a, base.NewInt(14), 2},
		{"negative linear", &catalog.Partitioning{Method: "HASH", Linear: true, SQL: "a", Parts: parts(6)}, a, base.NewInt(-1), 3},
	} {
		f := New(tableOf(c.p, bigType), c.x)
		got, err := f.Locate(&expr.Context{}, []base.Value{c.row, null})
		if err != nil || got != c.want {
			t.Errorf("%s: %d, %v, want %d", c.name, got, err, c.want)
		}
	}
}

// TestKeyHash holds values that MariaDB 10.11 has put into three partitions by KEY of an INT: the hash is part of the format.
func TestKeyHash(t *testing.T) {
	t.Parallel()
	f := New(tableOf(&catalog.Partitioning{Method: "KEY", Columns: []uint32{1}, Parts: parts(3)}, bigType), nil)
	for part, list := range map[int][]int64{0: {4, 5, 1000, 65536}, 1: {1, 100}, 2: {-1, 2, 3}} {
		for _, n := range list {
			if got, _ := f.Locate(nil, []base.Value{base.NewInt(n), {}}); got != part {
				t.Errorf("%d is in partition %d, want %d", n, got, part)
			}
		}
	}
	text := New(tableOf(&catalog.Partitioning{Method: "KEY", Columns: []uint32{2}, Parts: parts(64)}, textType), nil)
	var at []int
	for _, s := range []string{"straße", "STRASSE", "abc", "ABC", "", "z"} {
		i, _ := text.Locate(nil, []base.Value{{}, base.NewString(s)})
		at = append(at, i)
	}
	if at[2] != at[3] {
		t.Error("texts that the collation does not tell apart are in two partitions")
	}
	if got, want := fmt.Sprint(at), keyHashTexts; got != want {
		t.Errorf("the hash of texts has changed: %s, was %s", got, want)
	}
}

const keyHashTexts = "[30 15 1 1 63 42]"

func constant(n int64) expr.Expr { return expr.Const(base.NewInt(n), bigType) }

func TestPrune(t *testing.T) {
	t.Parallel()
	a := expr.Column(0, intType, "a", true)
	byRange := New(tableOf(&catalog.Partitioning{Method: "RANGE", SQL: "a", Parts: append(ranges(0, 10, 20), catalog.Partition{Less: []catalog.Bound{{Max: true}}})}, bigType), a)
	byHash := New(tableOf(&catalog.Partitioning{Method: "HASH", SQL: "a", Parts: parts(5)}, bigType), a)
	byList := New(tableOf(&catalog.Partitioning{Method: "LIST", SQL: "a", Parts: []catalog.Partition{{In: [][]catalog.Bound{whole(1), whole(2)}}, {In: [][]catalog.Bound{whole(5), {{}}}}}}, bigType), a)
	columns := New(tableOf(&catalog.Partitioning{Method: "RANGE", Columns: []uint32{1, 2}, Parts: []catalog.Partition{{Less: whole(1, 5)}, {Less: whole(1, 9)}, {Less: whole(3, 0)}}}, bigType), nil)
	on := func(col int, op Op, args ...int64) Cond {
		c := Cond{Col: col, Op: op}
		for _, n := range args {
			c.Args = append(c.Args, constant(n))
		}
		return c
	}
	for _, c := range []struct {
		name  string
		f     *Func
		conds []Cond
		named []int
		want  []int
	}{
		{"nothing known", byRange, nil, nil, []int{0, 1, 2, 3}},
		{"named", byRange, nil, []int{1, 3}, []int{1, 3}},
		{"equal", byRange, []Cond{on(0, Equal, 5)}, nil, []int{1}},
		{"equal, not named", byRange, []Cond{on(0, Equal, 5)}, []int{0}, nil},
		{"in", byRange, []Cond{on(0, Equal, -1, 25)}, nil, []int{0, 3}},
		{"null", byRange, []Cond{{Col: 0, Op: IsNull}}, nil, []int{0}},
		{"below a bound", byRange, []Cond{on(0, Below, 10)}, nil, []int{0, 1}},
		{"at most a bound", byRange, []Cond{on(0, AtMost, 10)}, nil, []int{0, 1, 2}},
		{"between", byRange, []Cond{on(0, AtLeast, 3), on(0, Below, 20)}, nil, []int{1, 2}},
		{"empty", byRange, []Cond{on(0, Above, 20), on(0, Below, 5)}, nil, nil},
		{"never", byRange, []Cond{{Op: Nothing}}, nil, nil},
		{"either", byRange, []Cond{{Op: Either, Any: [][]Cond{{on(0, Equal, 1)}, {on(0, Above, 30)}}}}, nil, []int{1, 3}},
		{"either, one unknown", byRange, []Cond{{Op: Either, Any: [][]Cond{{on(0, Equal, 1)}, {}}}}, nil, []int{0, 1, 2, 3}},
		{"few of a hash", byHash, []Cond{on(0, AtLeast, 6), on(0, AtMost, 7)}, nil, []int{1, 2}},
		{"many of a hash", byHash, []Cond{on(0, AtLeast, 6), on(0, AtMost, 70)}, nil, []int{0, 1, 2, 3, 4}},
		{"of the expression", byHash, []Cond{on(OfFunc, Equal, 3)}, nil, []int{3}},
		{"list", byList, []Cond{on(0, Above, 2)}, nil, []int{1}},
		{"null of a list", byList, []Cond{{Col: 0, Op: IsNull}}, nil, []int{1}},
		{"in no list", byList, []Cond{on(0, Equal, 3)}, nil, nil},
		{"first column", columns, []Cond{on(0, Equal, 1)}, nil, []int{0, 1, 2}},
		{"both columns", columns, []Cond{on(0, Equal, 1), on(1, Equal, 7)}, nil, []int{1}},
		{"second column", columns, []Cond{on(1, Equal, 7)}, nil, []int{0, 1, 2}},
		{"range of the second", columns, []Cond{on(0, Equal, 1), on(1, AtLeast, 9)}, nil, []int{2}},
		{"range of the first", columns, []Cond{on(0, Above, 1)}, nil, []int{2}},
	} {
		if got := c.f.Prune(&expr.Context{}, c.conds, c.named); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// FuzzPrune checks that a partition which has a row is never left out for conditions that hold for the row.
func FuzzPrune(f *testing.F) {
	f.Add(int64(3), int64(1), int64(9), int64(7), uint8(0))
	f.Add(int64(-9), int64(-9), int64(-9), int64(0), uint8(3))
	f.Fuzz(func(t *testing.T, v, lo, hi, step int64, method uint8) {
		a := expr.Column(0, bigType, "a", true)
		p := &catalog.Partitioning{Method: "HASH", SQL: "a", Linear: method%2 == 1, Parts: parts(int(method%7) + 1)}
		if method > 127 {
			p = &catalog.Partitioning{Method: "RANGE", SQL: "a", Parts: append(ranges(min(lo, hi)/2, max(lo, hi)/2+1), catalog.Partition{Less: []catalog.Bound{{Max: true}}})}
		}
		table := tableOf(p, bigType)
		table.Columns[0].Type = bigType
		fn := New(table, a)
		row := []base.Value{base.NewInt(v), {}}
		home, err := fn.Locate(&expr.Context{}, row)
		if err != nil || home < 0 {
			t.Fatal(home, err)
		}
		var conds []Cond
		add := func(holds bool, op Op, n int64) {
			if holds {
				conds = append(conds, Cond{Col: 0, Op: op, Args: []expr.Expr{constant(n)}})
			}
		}
		add(v > lo, Above, lo)
		add(v >= lo, AtLeast, lo)
		add(v < hi, Below, hi)
		add(v <= hi, AtMost, hi)
		add(v == step, Equal, step)
		if got := fn.Prune(&expr.Context{}, conds, nil); !slices.Contains(got, home) {
			t.Errorf("%d is in partition %d, which %v leaves out", v, home, got)
		}
	})
}
