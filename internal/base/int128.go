package base

import (
	"math/big"
	"math/bits"
)

// Int128 is a two's complement 128-bit integer: the coefficient of a DECIMAL, which MySQL's DECIMAL(38) always fits.
type Int128 struct {
	Hi int64
	Lo uint64
}

// Int128From widens v.
func Int128From(v int64) Int128 { return Int128{Hi: v >> 63, Lo: uint64(v)} }

// Add returns a+b and whether it fits.
func (a Int128) Add(b Int128) (Int128, bool) {
	lo, carry := bits.Add64(a.Lo, b.Lo, 0)
	hi, _ := bits.Add64(uint64(a.Hi), uint64(b.Hi), carry)
	r := Int128{Hi: int64(hi), Lo: lo}
	return r, (a.Hi < 0) != (b.Hi < 0) || (r.Hi < 0) == (a.Hi < 0)
}

// Neg returns -a; the smallest value has no negation and is returned as it is.
func (a Int128) Neg() Int128 {
	lo, borrow := bits.Sub64(0, a.Lo, 0)
	hi, _ := bits.Sub64(0, uint64(a.Hi), borrow)
	return Int128{Hi: int64(hi), Lo: lo}
}

// Sign returns -1, 0 or 1.
func (a Int128) Sign() int {
	if a.Hi < 0 {
		return -1
	}
	if a.Hi == 0 && a.Lo == 0 {
		return 0
	}
	return 1
}

// Cmp returns -1, 0 or 1 as a is below, equal to or above b.
func (a Int128) Cmp(b Int128) int {
	switch {
	case a.Hi < b.Hi, a.Hi == b.Hi && a.Lo < b.Lo:
		return -1
	case a == b:
		return 0
	}
	return 1
}

// Int64 returns a as int64 and whether it fits.
func (a Int128) Int64() (int64, bool) { return int64(a.Lo), a.Hi == int64(a.Lo)>>63 }

// Big returns a as a new big.Int.
func (a Int128) Big() *big.Int {
	neg := a.Hi < 0
	if neg {
		a = a.Neg()
	}
	r := new(big.Int).SetUint64(uint64(a.Hi))
	r.Lsh(r, 64).Or(r, new(big.Int).SetUint64(a.Lo))
	if neg {
		r.Neg(r)
	}
	return r
}

// Int128FromBig returns b and whether it fits 128 bits.
func Int128FromBig(b *big.Int) (Int128, bool) {
	if b.BitLen() > 127 {
		return Int128{}, false
	}
	abs := new(big.Int).Abs(b)
	lo := new(big.Int).And(abs, new(big.Int).SetUint64(^uint64(0))).Uint64()
	r := Int128{Hi: int64(abs.Rsh(abs, 64).Uint64()), Lo: lo}
	if b.Sign() < 0 {
		r = r.Neg()
	}
	return r, true
}
