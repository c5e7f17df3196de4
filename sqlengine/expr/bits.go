package expr

import (
	"math/bits"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// buildBits are the operators on 64 bits, whose result is unsigned, and on binary strings.
func buildBits(c *call) error {
	if c.extra == "" { // kept when operands are replaced by their values
		c.extra = "numbers"
		if c.onBinary() {
			c.extra = "bytes"
		}
	}
	if c.extra == "bytes" {
		return buildByteBits(c)
	}
	for i := range c.in {
		c.number(i)
		if k := numberKind(c.in[i].Type()); k == numDecimal || k == numFloat {
			c.in[i] = implicit(c.in[i], typeInt)
		}
	}
	c.typ = typeUint
	name := c.fn.name
	if name == "BIT_COUNT" {
		c.typ = typeInt
	}
	c.eval = rows(true, func(r *row) error {
		x, y := uint64(r.int(0)), uint64(0)
		if r.has(1) {
			y = uint64(r.int(1))
		}
		r.out.I64[r.i] = int64(bitOp(name, x, y))
		return nil
	})
	return nil
}

func bitOp(name string, x, y uint64) uint64 {
	switch name {
	case "&":
		return x & y
	case "|":
		return x | y
	case "^":
		return x ^ y
	case "<<":
		return x << min(y, 64)
	case ">>":
		return x >> min(y, 64)
	case "~":
		return ^x
	}
	n := uint64(0)
	for ; x != 0; x &= x - 1 {
		n++
	}
	return n
}

// onBinary reports whether the operator works on binary strings: all operands are (of a shift, the first), and not all of them
// are literals, which are numbers.
//
// Source: MySQL 8.0 Reference Manual, "Bit Functions and Operators".
func (c *call) onBinary() bool {
	operands := c.args
	if c.fn.name == "<<" || c.fn.name == ">>" {
		operands = operands[:1]
	}
	literals := 0
	for _, a := range operands {
		if t := a.Type(); !isBinary(t) || t.ID == base.TypeUUID || t.ID == base.TypeVector {
			return false
		}
		if _, ok := a.(*constant); ok {
			literals++
		}
	}
	return literals < len(operands)
}

// buildByteBits is an operator on binary strings, of equal length where there are two.
func buildByteBits(c *call) error {
	name := c.fn.name
	c.typ = base.Type{ID: base.TypeLongBlob}
	switch name {
	case "BIT_COUNT":
		c.typ = typeInt
		c.eval = rows(true, func(r *row) error {
			n := 0
			for _, b := range []byte(r.str(0)) {
				n += bits.OnesCount8(b)
			}
			r.setInt(int64(n))
			return nil
		})
	case "~":
		c.eval = rows(true, func(r *row) error {
			out := []byte(r.str(0))
			for i := range out {
				out[i] = ^out[i]
			}
			r.setStr(string(out))
			return nil
		})
	case "<<", ">>":
		c.in[1] = implicit(c.in[1], typeUint)
		c.eval = rows(true, func(r *row) error {
			r.setStr(string(shiftBytes([]byte(r.str(0)), uint64(r.int(1)), name == "<<")))
			return nil
		})
	default:
		c.eval = rows(true, func(r *row) error {
			x, y := r.str(0), r.str(1)
			if len(x) != len(y) {
				return base.Errorf(errno.BitwiseOperandSize, "Binary operands of bitwise operators must be of equal length")
			}
			out := make([]byte, len(x))
			for i := range out {
				out[i] = byte(bitOp(name, uint64(x[i]), uint64(y[i])))
			}
			r.setStr(string(out))
			return nil
		})
	}
	return nil
}

// shiftBytes moves the bits of s by n places; those that leave are lost.
func shiftBytes(s []byte, n uint64, left bool) []byte {
	out := make([]byte, len(s))
	if n >= 8*uint64(len(s)) {
		return out
	}
	whole, part := int(n/8), n%8
	for i := range s {
		from := i + whole // of the byte, with its other half further on
		if !left {
			from = i - whole
		}
		if from < 0 || from >= len(s) {
			continue
		}
		if left {
			out[i] = s[from] << part
			if from+1 < len(s) {
				out[i] |= byte(uint16(s[from+1]) << part >> 8)
			}
		} else {
			out[i] = s[from] >> part
			if from > 0 {
				out[i] |= byte(uint16(s[from-1]) << 8 >> part)
			}
		}
	}
	return out
}
