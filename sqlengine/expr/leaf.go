package expr

import (
	"strconv"
	"sync/atomic"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

type column struct {
	index    int
	typ      base.Type
	name     string
	nullable bool
}

// Column is column i of the batch.
func Column(i int, t base.Type, name string, nullable bool) Expr {
	return &column{index: i, typ: t, name: name, nullable: nullable}
}

func (c *column) Type() base.Type          { return c.typ }
func (c *column) Nullable() bool           { return c.nullable }
func (c *column) Children() []Expr         { return nil }
func (c *column) WithChildren([]Expr) Expr { return c }
func (c *column) String() string           { return c.name }

func (c *column) Eval(_ *Context, b *vec.Batch) (*vec.Vector, error) {
	if c.index < 0 || c.index >= len(b.Cols) || b.Cols[c.index] == nil {
		return nil, base.Errorf(errno.Unknown, "column %d (%s) is not in the batch", c.index, c.name)
	}
	return b.Cols[c.index], nil
}

type constant struct {
	value base.Value
	typ   base.Type
	one   atomic.Pointer[vec.Vector] // see vector; who comes at the same time makes another
}

// Const is a constant. A value that does not have the class (and scale) of t is converted to it.
func Const(v base.Value, t base.Type) Expr {
	if v.IsNull() {
		return &constant{typ: t}
	}
	if _, scale := v.Decimal(); v.Class() != t.Class() || v.Class() == base.Decimal && scale != t.Scale {
		if conv, err := convert.To(v, convert.NaturalType(v), t, nil); err == nil {
			v = conv
		} else {
			t = convert.NaturalType(v)
		}
	}
	return &constant{value: v, typ: t}
}

// vector is the constant as one row, made when first asked for: an INSERT of many rows asks for none.
func (c *constant) vector() *vec.Vector {
	if v := c.one.Load(); v != nil {
		return v
	}
	v := broadcastValue(c.value, c.typ, 1)
	c.one.Store(v)
	return v
}

func (c *constant) Type() base.Type          { return c.typ }
func (c *constant) Nullable() bool           { return c.value.IsNull() }
func (c *constant) Children() []Expr         { return nil }
func (c *constant) WithChildren([]Expr) Expr { return c }

func (c *constant) String() string {
	text := convert.Format(c.value, c.typ)
	switch c.typ.Class() {
	case base.String, base.Bytes, base.Date, base.Time, base.DateTime, base.JSON:
		if !c.value.IsNull() {
			return "'" + text + "'"
		}
	}
	return text
}

func (c *constant) Eval(_ *Context, b *vec.Batch) (*vec.Vector, error) {
	if b.N == 1 {
		return c.vector(), nil
	}
	return broadcastValue(c.value, c.typ, b.N), nil
}

type param struct {
	index int
	typ   base.Type
	claim claim // to its collation
}

// Param is the statement's argument i, from Context.Params. t is the type the argument had when the plan was made.
func Param(i int, t base.Type) Expr { return &param{index: i, typ: t, claim: claimLiteral} }

// Outer is an argument that stands for an expression over the row of a query outside, of which it has the type and the right
// to its collation.
func Outer(i int, e Expr) Expr { return &param{index: i, typ: e.Type(), claim: claimOf(e)} }

func (p *param) Type() base.Type          { return p.typ }
func (p *param) Nullable() bool           { return true }
func (p *param) Children() []Expr         { return nil }
func (p *param) WithChildren([]Expr) Expr { return p }
func (p *param) String() string           { return "?" + strconv.Itoa(p.index+1) }

func (p *param) Eval(ctx *Context, b *vec.Batch) (*vec.Vector, error) {
	v, err := p.scalar(ctx)
	if err != nil {
		return nil, err
	}
	return broadcastValue(v, p.typ, b.N), nil
}

func (p *param) scalar(ctx *Context) (base.Value, error) {
	if p.index >= len(ctx.Params) {
		return base.Value{}, base.Errorf(errno.WrongArguments, "Incorrect arguments to EXECUTE: no argument %d", p.index+1)
	}
	return fit(ctx, ctx.Params[p.index], p.typ)
}

// fit converts v to t's class where it has another.
func fit(ctx *Context, v base.Value, t base.Type) (base.Value, error) {
	if v.IsNull() || t.ID == base.TypeNull {
		return base.Value{}, nil
	}
	if v.Class() == t.Class() {
		if v.Class() != base.Decimal {
			return v, nil
		}
		if _, scale := v.Decimal(); scale == t.Scale {
			return v, nil
		}
	}
	return convert.To(v, convert.NaturalType(v), t, sink(ctx))
}

func sink(ctx *Context) convert.Warn {
	if ctx == nil {
		return nil
	}
	return ctx.Warn
}

type variable struct {
	name   string
	system bool
	typ    base.Type
}

// Variable is a user variable (@name) or a system variable (@@name), read through Context.Var.
func Variable(name string, system bool, t base.Type) Expr {
	return &variable{name: name, system: system, typ: t}
}

func (v *variable) Type() base.Type          { return v.typ }
func (v *variable) Nullable() bool           { return true }
func (v *variable) Children() []Expr         { return nil }
func (v *variable) WithChildren([]Expr) Expr { return v }

func (v *variable) String() string {
	if v.system {
		return "@@" + v.name
	}
	return "@" + v.name
}

func (v *variable) Eval(ctx *Context, b *vec.Batch) (*vec.Vector, error) {
	if ctx.Var == nil {
		return broadcastValue(base.Value{}, v.typ, b.N), nil
	}
	val, ok := ctx.Var(v.name, v.system)
	if !ok && v.system {
		return nil, base.Errorf(errno.UnknownSysVar, "Unknown system variable '%s'", v.name)
	}
	val, err := fit(ctx, val, v.typ)
	if err != nil {
		return nil, err
	}
	return broadcastValue(val, v.typ, b.N), nil
}

// broadcastValue returns n rows of v.
func broadcastValue(v base.Value, t base.Type, n int) *vec.Vector {
	if v.IsNull() {
		return allNull(t, n)
	}
	out := vec.New(t.Class(), t.Scale, n)
	switch out.Class {
	case base.Null:
	case base.Float:
		fill(out.F64, v.Float())
	case base.Decimal:
		coef, scale := v.Decimal()
		out.Scale = scale
		fill(out.Dec, coef)
	case base.String, base.Bytes, base.JSON:
		fill(out.Str, v.Text())
	default:
		fill(out.I64, v.Int())
	}
	return out
}

// broadcast repeats the only row of v n times.
func broadcast(v *vec.Vector, t base.Type, n int) *vec.Vector {
	if n == 1 {
		return v
	}
	return broadcastValue(v.Value(0), t, n)
}

func fill[T any](s []T, v T) {
	for i := range s {
		s[i] = v
	}
}

func allNull(t base.Type, n int) *vec.Vector {
	out := vec.New(t.Class(), t.Scale, n)
	if out.Class == base.Null {
		return out
	}
	out.Nulls = vec.NewBitmap(n)
	fill(out.Nulls, ^uint64(0))
	return out
}
