package expr

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

var logicFunctions = []*function{
	{name: "AND", min: 2, max: 2, build: buildLogic},
	{name: "OR", min: 2, max: 2, build: buildLogic},
	{name: "XOR", min: 2, max: 2, build: buildXor},
	{name: "NOT", min: 1, max: 1, build: buildNot},
	{name: "IS NULL", min: 1, max: 1, build: buildIsNull},
	{name: "ISNULL", min: 1, max: 1, build: buildIsNull},
	{name: "IS TRUE", min: 1, max: 1, build: buildIsTruth},
	{name: "IS FALSE", min: 1, max: 1, build: buildIsTruth},
}

// truth makes e an integer that is not 0 when e is true.
func truth(e Expr) Expr {
	if c := e.Type().Class(); c == base.Int || c == base.Uint {
		return e
	}
	if e.Type().ID == base.TypeNull {
		return &constant{typ: typeBool}
	}
	if e.Type().Class() == base.JSON {
		e = implicit(e, typeDouble)
	}
	out, err := Call("<>", e, Const(base.NewInt(0), typeInt))
	if err != nil {
		return implicit(e, typeInt)
	}
	return out
}

// state of a truth value at a row.
func (o operand) isTrue(i int) bool  { return !o.null(i) && o.v.I64[i&o.mask] != 0 }
func (o operand) isFalse(i int) bool { return !o.null(i) && o.v.I64[i&o.mask] == 0 }

// buildLogic is AND and OR: the right operand is computed only for the rows that the left one does not decide.
func buildLogic(c *call) error {
	c.in[0], c.in[1] = truth(c.args[0]), truth(c.args[1])
	c.typ, c.null = typeBool, c.in[0].Nullable() || c.in[1].Nullable()
	decides := c.fn.name == "OR" // TRUE decides an OR, FALSE an AND
	c.anyOf = decides
	c.eval = func(ctx *Context, b *vec.Batch, c *call) (*vec.Vector, error) {
		x, err := evalOperand(ctx, c.in[0], b)
		if err != nil {
			return nil, err
		}
		out := vec.New(base.Int, 0, b.N)
		sel := make([]int32, 0, b.Rows())
		for k := range b.Rows() {
			i := b.Row(k)
			if decides && x.isTrue(i) || !decides && x.isFalse(i) {
				out.I64[i] = bit(decides)
			} else {
				sel = append(sel, int32(i))
			}
		}
		if len(sel) == 0 {
			return out, nil
		}
		rest := vec.Batch{Cols: b.Cols, N: b.N, Sel: sel}
		y, err := evalOperand(ctx, c.in[1], &rest)
		if err != nil {
			return nil, err
		}
		for _, s := range sel {
			i := int(s)
			switch {
			case decides && y.isTrue(i) || !decides && y.isFalse(i):
				out.I64[i] = bit(decides)
			case x.null(i) || y.null(i):
				out.SetNull(i)
			default:
				out.I64[i] = bit(!decides)
			}
		}
		return out, nil
	}
	return nil
}

func buildXor(c *call) error {
	c.in[0], c.in[1] = truth(c.args[0]), truth(c.args[1])
	c.typ, c.null = typeBool, c.in[0].Nullable() || c.in[1].Nullable()
	c.eval = rows(true, func(r *row) error {
		r.setBool((r.int(0) != 0) != (r.int(1) != 0))
		return nil
	})
	return nil
}

func buildNot(c *call) error {
	c.in[0] = truth(c.args[0])
	c.typ, c.null = typeBool, c.in[0].Nullable()
	c.eval = func(ctx *Context, b *vec.Batch, c *call) (*vec.Vector, error) {
		x, err := c.in[0].Eval(ctx, b)
		if err != nil {
			return nil, err
		}
		out := &vec.Vector{Class: base.Int, Len: b.N, Nulls: x.Nulls, I64: make([]int64, b.N)}
		for i := range out.I64 {
			out.I64[i] = bit(x.I64[i] == 0)
		}
		return out, nil
	}
	return nil
}

func buildIsNull(c *call) error {
	c.typ, c.null = typeBool, false
	c.eval = func(ctx *Context, b *vec.Batch, c *call) (*vec.Vector, error) {
		x, err := c.in[0].Eval(ctx, b)
		if err != nil {
			return nil, err
		}
		out := vec.New(base.Int, 0, b.N)
		if x.Class != base.Null && x.Nulls == nil {
			return out, nil
		}
		for i := range out.I64 {
			out.I64[i] = bit(x.IsNull(i))
		}
		return out, nil
	}
	return nil
}

func buildIsTruth(c *call) error {
	c.in[0] = truth(c.args[0])
	c.typ, c.null = typeBool, false
	want := c.fn.name == "IS TRUE"
	c.eval = rows(false, func(r *row) error {
		r.setBool(want && r.ops[0].isTrue(r.i) || !want && r.ops[0].isFalse(r.i))
		return nil
	})
	return nil
}
