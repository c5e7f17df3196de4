package expr

import (
	"math"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
)

// divScale is MySQL's div_precision_increment: the digits a division adds after the point.
const divScale = 4

var arithFunctions = []*function{
	{name: "+", min: 2, max: 2, build: buildArith},
	{name: "-", min: 2, max: 2, build: buildArith},
	{name: "*", min: 2, max: 2, build: buildArith},
	{name: "/", min: 2, max: 2, build: buildDivide},
	{name: "DIV", min: 2, max: 2, build: buildIntDivide},
	{name: "%", min: 2, max: 2, build: buildModulo},
	{name: "NEG", min: 1, max: 1, build: buildNegate},
	{name: "&", min: 2, max: 2, build: buildBits},
	{name: "|", min: 2, max: 2, build: buildBits},
	{name: "^", min: 2, max: 2, build: buildBits},
	{name: "<<", min: 2, max: 2, build: buildBits},
	{name: ">>", min: 2, max: 2, build: buildBits},
	{name: "~", min: 1, max: 1, build: buildBits},
	{name: "BIT_COUNT", min: 1, max: 1, build: buildBits},
}

// arithKind makes numbers of all operands and returns the kind of the result.
func (c *call) arithKind() numKind {
	kind := numInt
	for i := range c.in {
		c.number(i)
		kind = max(kind, numberKind(c.in[i].Type()))
	}
	return kind
}

func buildArith(c *call) error {
	op := c.fn.name[0]
	switch c.arithKind() {
	case numFloat:
		c.floats()
		c.typ, c.eval = typeDouble, floatKernel(op)
	case numDecimal:
		c.decimals(op)
	case numUint:
		c.typ = typeUint
		c.eval = rows(true, wideArith(op))
	default:
		c.typ = typeInt
		c.eval = intKernel(op)
	}
	return nil
}

func (c *call) floats() {
	for i := range c.in {
		c.in[i] = implicit(c.in[i], typeDouble)
	}
}

// decimals types + - and * of decimals. The operands keep their scales.
func (c *call) decimals(op byte) {
	for i := range c.in {
		c.in[i] = decimalOperand(c.in[i])
	}
	wx, sx := digitsOf(c.in[0].Type())
	wy, sy := digitsOf(c.in[1].Type())
	dx, dy := declaredScale(c.in[0].Type()), declaredScale(c.in[1].Type())
	if op == '*' {
		c.typ = guarded(wx+wy, sx+sy, dx+dy)
		scale := int(c.typ.Scale)
		drop := uint8(sx + sy - scale)
		c.eval = decimalKernel(op, func(r *row) error {
			x, _ := r.dec(0)
			y, _ := r.dec(1)
			p, ok := base.MulDecimal(x, y, drop)
			if !ok {
				return outOfRange("DECIMAL", r.c)
			}
			r.out.Dec[r.i] = p
			return nil
		})
		return
	}
	c.typ = guarded(max(wx, wy)+1, max(sx, sy), max(dx, dy))
	to := c.typ.Scale
	c.eval = decimalKernel(op, func(r *row) error {
		x, xs := r.dec(0)
		y, ys := r.dec(1)
		x, ok1 := base.Rescale(x, xs, to)
		y, ok2 := base.Rescale(y, ys, to)
		if op == '-' {
			y = y.Neg()
		}
		sum, ok3 := x.Add(y)
		if !ok1 || !ok2 || !ok3 || !base.DecimalFits(sum, base.MaxDecimalDigits) {
			return outOfRange("DECIMAL", r.c)
		}
		r.out.Dec[r.i] = sum
		return nil
	})
}

// intKernel adds, subtracts or multiplies signed integers. It computes every row without branches first and looks for the
// overflow only when there was one.
func intKernel(op byte) kernel {
	careful := rows(true, wideArith(op))
	return func(ctx *Context, b *vec.Batch, c *call) (*vec.Vector, error) {
		x, err := evalOperand(ctx, c.in[0], b)
		if err != nil {
			return nil, err
		}
		y, err := evalOperand(ctx, c.in[1], b)
		if err != nil {
			return nil, err
		}
		nulls, all := nullsOf(b.N, x, y)
		if all {
			return allNull(c.typ, b.N), nil
		}
		out := &vec.Vector{Class: base.Int, Len: b.N, Nulls: nulls, I64: make([]int64, b.N)}
		if intLoop(op, x.v.I64, x.mask, y.v.I64, y.mask, out.I64) {
			return careful(ctx, b, c)
		}
		return out, nil
	}
}

// intLoop fills out with x op y and reports whether any row overflowed, one that does not count included.
func intLoop(op byte, x []int64, mx int, y []int64, my int, out []int64) bool {
	var bad int64
	switch op {
	case '+':
		for i := range out {
			a, b := x[i&mx], y[i&my]
			s := a + b
			bad |= (a ^ s) & (b ^ s)
			out[i] = s
		}
	case '-':
		for i := range out {
			a, b := x[i&mx], y[i&my]
			s := a - b
			bad |= (a ^ b) & (a ^ s)
			out[i] = s
		}
	default:
		for i := range out {
			a, b := x[i&mx], y[i&my]
			out[i] = a * b
			if a != int64(int32(a)) || b != int64(int32(b)) {
				wide, _ := base.Int128From(a).Mul(base.Int128From(b))
				bad |= int64(wide.Lo)>>63 ^ wide.Hi // not 0 when the product needs more than 64 bits
			}
		}
	}
	if op == '*' {
		return bad != 0
	}
	return bad < 0
}

// wideArith computes one row of integers in 128 bits and checks that the result fits its type.
func wideArith(op byte) func(*row) error {
	return func(r *row) error {
		x, y := r.wide(0), r.wide(1)
		ok := true
		switch op {
		case '+':
			x, ok = x.Add(y)
		case '-':
			x, ok = x.Add(y.Neg())
		default:
			x, ok = x.Mul(y)
		}
		return r.setWide(x, ok)
	}
}

// wide returns an integer operand.
func (r *row) wide(k int) base.Int128 {
	if r.ops[k].v.Class == base.Int {
		return base.Int128From(r.int(k))
	}
	return base.Int128{Lo: uint64(r.int(k))}
}

// setWide stores an integer result; one that does not fit is error 1690.
func (r *row) setWide(v base.Int128, ok bool) error {
	if r.out.Class == base.Uint {
		if !ok || v.Hi != 0 {
			return outOfRange("BIGINT UNSIGNED", r.c)
		}
	} else if _, fits := v.Int64(); !ok || !fits {
		return outOfRange("BIGINT", r.c)
	}
	r.out.I64[r.i] = int64(v.Lo)
	return nil
}

func floatKernel(op byte) kernel {
	return rows(true, func(r *row) error {
		x, y := r.float(0), r.float(1)
		switch op {
		case '+':
			x += y
		case '-':
			x -= y
		default:
			x *= y
		}
		return r.setFloat(x)
	})
}

// divideByZero makes the row NULL with warning 1365, or an error where the statement says so.
func (r *row) divideByZero() error {
	if r.ctx.DivByZeroError {
		return base.Errorf(errno.DivisionByZero, "Division by 0")
	}
	if !r.ctx.DivByZeroQuiet {
		r.ctx.warn(errno.DivisionByZero, "Division by 0")
	}
	r.setNull()
	return nil
}

func buildDivide(c *call) error {
	c.null = true
	if c.arithKind() == numFloat {
		c.floats()
		c.typ = typeDouble
		c.eval = rows(true, func(r *row) error {
			if r.float(1) == 0 {
				return r.divideByZero()
			}
			return r.setFloat(r.float(0) / r.float(1))
		})
		return nil
	}
	c.in[0], c.in[1] = decimalOperand(c.in[0]), decimalOperand(c.in[1])
	wx, sx := digitsOf(c.in[0].Type())
	_, sy := digitsOf(c.in[1].Type())
	dx, dy := declaredScale(c.in[0].Type()), declaredScale(c.in[1].Type())
	c.typ = guarded(wx+dy, quotientScale(sx, sy), dx+divScale)
	scale, round := c.typ.Scale, c.typ.Guard == 0
	c.eval = rows(true, func(r *row) error {
		x, xs := r.dec(0)
		y, ys := r.dec(1)
		if y.Sign() == 0 {
			return r.divideByZero()
		}
		quo := base.TruncQuoDecimal
		if round {
			quo = base.QuoDecimal
		}
		q, ok := quo(x, xs, y, ys, scale)
		if !ok {
			return outOfRange("DECIMAL", r.c)
		}
		r.out.Dec[r.i] = q
		return nil
	})
	return nil
}

// buildIntDivide is DIV: the quotient cut off at the point.
func buildIntDivide(c *call) error {
	c.null = true
	kind := c.arithKind()
	c.typ = typeInt
	for _, e := range c.in {
		if t := e.Type(); t.Unsigned || numberKind(t) == numUint {
			c.typ = typeUint
		}
	}
	if kind == numFloat {
		for i := range c.in {
			if c.in[i].Type().Class() == base.Float {
				c.in[i] = implicit(c.in[i], typeDecimal(base.MaxDecimalDigits, 10))
			}
		}
	}
	if kind >= numDecimal {
		c.in[0], c.in[1] = decimalOperand(c.in[0]), decimalOperand(c.in[1])
	}
	c.eval = rows(true, func(r *row) error {
		if kind < numDecimal {
			if r.int(1) == 0 {
				return r.divideByZero()
			}
			q, _ := r.wide(0).QuoRem(r.wide(1))
			return r.setWide(q, true)
		}
		x, xs := r.dec(0)
		y, ys := r.dec(1)
		if y.Sign() == 0 {
			return r.divideByZero()
		}
		to := max(xs, ys)
		x, ok1 := base.Rescale(x, xs, to)
		y, ok2 := base.Rescale(y, ys, to)
		if !ok1 || !ok2 {
			return outOfRange("BIGINT", r.c)
		}
		q, _ := x.QuoRem(y)
		return r.setWide(q, true)
	})
	return nil
}

func buildModulo(c *call) error {
	c.null = true
	switch c.arithKind() {
	case numFloat:
		c.floats()
		c.typ = typeDouble
		c.eval = rows(true, func(r *row) error {
			if r.float(1) == 0 {
				return r.divideByZero()
			}
			return r.setFloat(math.Mod(r.float(0), r.float(1)))
		})
	case numDecimal:
		c.in[0], c.in[1] = decimalOperand(c.in[0]), decimalOperand(c.in[1])
		c.typ = unionNumber(c.in[0].Type(), c.in[1].Type())
		c.eval = rows(true, decimalModulo)
	default:
		c.typ = typeInt
		if c.in[0].Type().Class() == base.Uint {
			c.typ = typeUint
		}
		c.eval = rows(true, func(r *row) error {
			if r.int(1) == 0 {
				return r.divideByZero()
			}
			_, rem := r.wide(0).QuoRem(r.wide(1))
			return r.setWide(rem, true)
		})
	}
	return nil
}

func decimalModulo(r *row) error {
	x, xs := r.dec(0)
	y, ys := r.dec(1)
	if y.Sign() == 0 {
		return r.divideByZero()
	}
	x, ok1 := base.Rescale(x, xs, r.out.Scale)
	y, ok2 := base.Rescale(y, ys, r.out.Scale)
	if !ok1 || !ok2 {
		return outOfRange("DECIMAL", r.c)
	}
	_, r.out.Dec[r.i] = x.QuoRem(y)
	return nil
}

// decimalNegated reports whether e is an integer constant whose opposite MySQL computes as a DECIMAL: a negative one, or one
// beyond the signed integers; the literal 9223372036854775808 is not, so that the smallest integer can be written.
func decimalNegated(e Expr) bool {
	if k, ok := e.(*constant); ok && k.value.Class() == base.Uint && k.value.Int() == math.MinInt64 {
		return false
	}
	k, ok := Fold(e).(*constant)
	return ok && (k.value.Class() == base.Int || k.value.Class() == base.Uint) && k.value.Int() < 0
}

func buildNegate(c *call) error {
	c.number(0)
	if decimalNegated(c.in[0]) {
		c.in[0] = decimalOperand(c.in[0])
	}
	t := c.in[0].Type()
	switch numberKind(t) {
	case numFloat:
		c.floats()
		c.typ = typeDouble
		c.eval = rows(true, func(r *row) error { return r.setFloat(-r.float(0)) })
	case numDecimal:
		c.in[0] = decimalOperand(c.in[0])
		c.typ = c.in[0].Type()
		c.typ.Unsigned = false
		c.eval = rows(true, func(r *row) error {
			x, _ := r.dec(0)
			r.out.Dec[r.i] = x.Neg()
			return nil
		})
	default:
		c.typ = typeInt
		c.eval = rows(true, func(r *row) error { return r.setWide(r.wide(0).Neg(), true) })
	}
	return nil
}
