package expr

import (
	"math/bits"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

// decimalKernel adds, subtracts or multiplies decimals. A batch whose coefficients have 64 bits takes one loop without checks
// for overflow; any other goes through careful row by row.
func decimalKernel(op byte, careful func(*row) error) kernel {
	return func(ctx *Context, b *vec.Batch, c *call) (*vec.Vector, error) {
		ops, err := evalOperands(ctx, c.in, b)
		if err != nil {
			return nil, err
		}
		nulls, all := nullsOf(b.N, ops...)
		if all {
			return allNull(c.typ, b.N), nil
		}
		out := &vec.Vector{Class: base.Decimal, Scale: c.typ.Scale, Len: b.N, Nulls: nulls, Dec: make([]base.Int128, b.N)}
		if decimalLoop(op, ops[0], ops[1], b, out) {
			return out, nil
		}
		r := row{ctx: ctx, c: c, ops: ops, out: out}
		for k := range b.Rows() {
			if r.i = b.Row(k); nulls.Get(r.i) {
				continue
			}
			if err := careful(&r); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
}

// decimalLoop fills out and reports whether it could: no coefficient and no result is too large.
func decimalLoop(op byte, x, y operand, b *vec.Batch, out *vec.Vector) bool {
	fx, fy := int64(1), int64(1) // what brings the operands of + and - to the scale of the result
	if op == '*' {
		if x.v.Scale+y.v.Scale != out.Scale {
			return false
		}
	} else {
		if x.v.Scale > out.Scale || y.v.Scale > out.Scale || out.Scale-min(x.v.Scale, y.v.Scale) > 18 {
			return false
		}
		fx, fy = int64(base.Pow10(int(out.Scale-x.v.Scale)).Lo), int64(base.Pow10(int(out.Scale-y.v.Scale)).Lo)
		if op == '-' {
			fy = -fy
		}
	}
	for k := range b.Rows() {
		i := b.Row(k)
		p, q := x.v.Dec[i&x.mask], y.v.Dec[i&y.mask]
		if p.Hi != int64(p.Lo)>>63 || q.Hi != int64(q.Lo)>>63 {
			if !out.Nulls.Get(i) {
				return false
			}
			continue
		}
		if op == '*' { // below 2^126, which has 38 digits
			out.Dec[i] = product(int64(p.Lo), int64(q.Lo))
			continue
		}
		p, q = product(int64(p.Lo), fx), product(int64(q.Lo), fy)
		lo, carry := bits.Add64(p.Lo, q.Lo, 0)
		hi := p.Hi + q.Hi + int64(carry)
		if hi > 1<<60 || hi < -1<<60 {
			if !out.Nulls.Get(i) {
				return false
			}
		}
		out.Dec[i] = base.Int128{Hi: hi, Lo: lo}
	}
	return true
}

// product is a×b in 128 bits.
func product(a, b int64) base.Int128 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	return base.Int128{Hi: int64(hi) - a>>63&b - b>>63&a, Lo: lo}
}
