package expr

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
)

// function is an entry of the registry: an operator or a function.
type function struct {
	name     string
	min, max int // operands; max -1: any number
	// build types the call: it sets typ, null, in and eval.
	build    func(c *call) error
	volatile bool // another value each time it is evaluated
	session  bool // depends on the Context: one value during an execution, but not a constant
}

// kernel computes a call over a batch. It may return a vector of one row when b has one.
type kernel func(ctx *Context, b *vec.Batch, c *call) (*vec.Vector, error)

// call is an operator or function applied to operands.
type call struct {
	fn    *function
	args  []Expr // as given
	in    []Expr // after implicit conversions
	typ   base.Type
	null  bool
	fixed bool // one value whatever the row
	anyOf bool // TRUE when one of in is
	eval  kernel
	extra string // a word that is no operand: the unit of an interval
	err   error  // of WithChildren, reported by Eval
}

// Call applies the operator or function name, in any case, to args, converting them as MySQL does.
//
// Errors: 1305 unknown function, 1582 wrong number of operands.
func Call(name string, args ...Expr) (Expr, error) {
	fn, ok := registry[name]
	if !ok {
		if fn, ok = registry[strings.ToUpper(name)]; !ok {
			return nil, unknownFunction(name)
		}
	}
	if len(args) < fn.min || fn.max >= 0 && len(args) > fn.max {
		return nil, base.Errorf(errno.WrongParamCount, "Incorrect parameter count in the call to native function '%s'", name)
	}
	return newCall(fn, args, "")
}

func newCall(fn *function, args []Expr, extra string) (Expr, error) {
	c := &call{fn: fn, args: args, extra: extra, fixed: !fn.volatile && allImmutable(args)}
	c.in = append([]Expr(nil), args...)
	for _, a := range args {
		c.null = c.null || a.Nullable()
	}
	if err := fn.build(c); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *call) Type() base.Type  { return c.typ }
func (c *call) Nullable() bool   { return c.null }
func (c *call) Children() []Expr { return c.args }

func (c *call) WithChildren(args []Expr) Expr {
	e, err := newCall(c.fn, args, c.extra)
	if err != nil {
		out := *c
		out.err = err
		return &out
	}
	return e
}

func (c *call) Eval(ctx *Context, b *vec.Batch) (*vec.Vector, error) {
	if c.err != nil {
		return nil, c.err
	}
	if !c.fixed || b.N == 1 {
		return c.eval(ctx, b, c)
	}
	v, err := c.eval(ctx, oneRow, c)
	if err != nil {
		return nil, err
	}
	return broadcast(v, c.typ, b.N), nil
}

func (c *call) String() string {
	var b strings.Builder
	operator := c.fn.name[0] < 'A' || c.fn.name[0] > 'Z' || infix[c.fn.name]
	switch {
	case c.fn.name == "NEG":
		return "-(" + c.args[0].String() + ")"
	case strings.HasPrefix(c.fn.name, "IS "):
		return "(" + c.args[0].String() + " " + strings.ToLower(c.fn.name) + ")"
	case c.fn.name == "NOT":
		return "(not " + c.args[0].String() + ")"
	case c.fn.name == "CASE":
		return caseString(c)
	case operator && len(c.args) == 2:
		return "(" + c.args[0].String() + " " + strings.ToLower(c.fn.name) + " " + c.args[1].String() + ")"
	case c.fn.name == "IN":
		b.WriteString("(" + c.args[0].String() + " in (")
		for i, a := range c.args[1:] {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(a.String())
		}
		return b.String() + "))"
	case c.fn.name == "BETWEEN":
		return "(" + c.args[0].String() + " between " + c.args[1].String() + " and " + c.args[2].String() + ")"
	case c.fn.name == "DATE_ADD" || c.fn.name == "DATE_SUB":
		sign := map[string]string{"DATE_ADD": " + ", "DATE_SUB": " - "}[c.fn.name]
		return "(" + c.args[0].String() + sign + "interval " + c.args[1].String() + " " + strings.ToLower(c.extra) + ")"
	}
	b.WriteString(strings.ToLower(c.fn.name) + "(")
	for i, a := range c.args {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(a.String())
	}
	return b.String() + ")"
}

var infix = map[string]bool{"AND": true, "OR": true, "XOR": true, "DIV": true, "LIKE": true, "REGEXP": true}

// operand is an evaluated operand: row i of the batch is at i&mask.
type operand struct {
	v    *vec.Vector
	mask int // 0: one row stands for all; -1: a row each
}

func evalOperand(ctx *Context, e Expr, b *vec.Batch) (operand, error) {
	if Immutable(e) {
		v, err := e.Eval(ctx, oneRow)
		return operand{v, 0}, err
	}
	v, err := e.Eval(ctx, b)
	return operand{v, -1}, err
}

func (o operand) null(i int) bool { return o.v.IsNull(i & o.mask) }

func evalOperands(ctx *Context, list []Expr, b *vec.Batch) ([]operand, error) {
	out := make([]operand, len(list))
	for i, e := range list {
		o, err := evalOperand(ctx, e, b)
		if err != nil {
			return nil, err
		}
		out[i] = o
	}
	return out, nil
}

// nullsOf returns the rows where any operand is NULL; all reports that every row is.
func nullsOf(n int, ops ...operand) (nulls vec.Bitmap, all bool) {
	owned := false
	for _, o := range ops {
		if o.v.Class == base.Null || o.mask == 0 && o.v.Nulls.Get(0) {
			return nil, true
		}
		if o.mask == 0 || o.v.Nulls == nil {
			continue
		}
		words := o.v.Nulls[:(n+63)/64]
		if nulls == nil {
			nulls = words // shared until another operand's are added
			continue
		}
		if !owned {
			nulls, owned = append(vec.Bitmap(nil), nulls...), true
		}
		for w := range nulls {
			nulls[w] |= words[w]
		}
	}
	return nulls, false
}

// row gives a function that works row by row its operands and its result.
type row struct {
	ctx *Context
	c   *call
	ops []operand
	out *vec.Vector
	i   int

	paths map[string][]jsonStep // JSON paths read so far
}

func (r *row) str(k int) string    { o := &r.ops[k]; return o.v.Str[r.i&o.mask] }
func (r *row) int(k int) int64     { o := &r.ops[k]; return o.v.I64[r.i&o.mask] }
func (r *row) float(k int) float64 { o := &r.ops[k]; return o.v.F64[r.i&o.mask] }
func (r *row) null(k int) bool     { return r.ops[k].null(r.i) }
func (r *row) has(k int) bool      { return k < len(r.ops) }
func (r *row) setStr(s string)     { r.out.Str[r.i] = s }
func (r *row) setInt(v int64)      { r.out.I64[r.i] = v }
func (r *row) setNull()            { r.out.SetNull(r.i) }

func (r *row) dec(k int) (base.Int128, uint8) {
	o := &r.ops[k]
	return o.v.Dec[r.i&o.mask], o.v.Scale
}

func (r *row) value(k int) base.Value { o := &r.ops[k]; return o.v.Value(r.i & o.mask) }

func (r *row) setBool(v bool) {
	r.out.I64[r.i] = 0
	if v {
		r.out.I64[r.i] = 1
	}
}

// setFloat stores f; a result that is no finite number is error 1690.
func (r *row) setFloat(f float64) error {
	if f-f != 0 {
		return outOfRange("DOUBLE", r.c)
	}
	r.out.F64[r.i] = f
	return nil
}

func outOfRange(kind string, e Expr) error {
	return base.Errorf(errno.DataOutOfRange, "%s value is out of range in '%s'", kind, e)
}

// rows makes a kernel of a function of one row. With strict set, a row with a NULL operand is NULL and f is not called.
func rows(strict bool, f func(r *row) error) kernel {
	return func(ctx *Context, b *vec.Batch, c *call) (*vec.Vector, error) {
		ops, err := evalOperands(ctx, c.in, b)
		if err != nil {
			return nil, err
		}
		r := row{ctx: ctx, c: c, ops: ops, out: vec.New(c.typ.Class(), c.typ.Scale, b.N)}
		var nulls vec.Bitmap
		if strict {
			var all bool
			if nulls, all = nullsOf(b.N, ops...); all {
				return allNull(c.typ, b.N), nil
			}
			if nulls != nil {
				r.out.Nulls = append(vec.Bitmap(nil), nulls...)
			}
		}
		for k := range b.Rows() {
			r.i = b.Row(k)
			if nulls.Get(r.i) {
				continue
			}
			if err := f(&r); err != nil {
				return nil, err
			}
		}
		return r.out, nil
	}
}
