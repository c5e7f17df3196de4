package base

import (
	"math/big"
	"math/bits"
)

// MaxDecimalDigits is the largest precision of a DECIMAL.
const MaxDecimalDigits = 38

var pow10 = func() (t [MaxDecimalDigits + 1]Int128) {
	t[0] = Int128{Lo: 1}
	for i := 1; i < len(t); i++ {
		t[i], _ = t[i-1].Mul(Int128{Lo: 10})
	}
	return t
}()

// Pow10 returns 10^n for n in 0…38.
func Pow10(n int) Int128 { return pow10[n] }

// Sub returns a-b and whether it fits.
func (a Int128) Sub(b Int128) (Int128, bool) {
	lo, borrow := bits.Sub64(a.Lo, b.Lo, 0)
	hi, _ := bits.Sub64(uint64(a.Hi), uint64(b.Hi), borrow)
	r := Int128{Hi: int64(hi), Lo: lo}
	return r, (a.Hi < 0) == (b.Hi < 0) || (r.Hi < 0) == (a.Hi < 0)
}

// abs returns |a| as two unsigned halves.
func (a Int128) abs() (hi, lo uint64) {
	if a.Hi < 0 {
		a = a.Neg()
	}
	return uint64(a.Hi), a.Lo
}

func signed(hi, lo uint64, neg bool) Int128 {
	r := Int128{Hi: int64(hi), Lo: lo}
	if neg {
		return r.Neg()
	}
	return r
}

// Mul returns a×b and whether it fits.
func (a Int128) Mul(b Int128) (Int128, bool) {
	ah, al := a.abs()
	bh, bl := b.abs()
	hi, lo := bits.Mul64(al, bl)
	if ah|bh == 0 && int64(hi) >= 0 {
		return signed(hi, lo, (a.Hi < 0) != (b.Hi < 0)), true
	}
	if ah != 0 && bh != 0 {
		return Int128{}, false
	}
	o1, c1 := bits.Mul64(ah, bl)
	o2, c2 := bits.Mul64(al, bh)
	sum, carry := bits.Add64(hi, c1+c2, 0) // one of c1, c2 is 0
	if o1|o2|carry != 0 || int64(sum) < 0 {
		return Int128{}, false
	}
	return signed(sum, lo, (a.Hi < 0) != (b.Hi < 0)), true
}

// QuoRem returns a/b truncated towards zero and the remainder, which has a's sign. b must not be 0.
func (a Int128) QuoRem(b Int128) (q, r Int128) {
	ah, al := a.abs()
	bh, bl := b.abs()
	neg := (a.Hi < 0) != (b.Hi < 0)
	if bh == 0 {
		qh, rem := ah/bl, ah%bl
		ql, rem := bits.Div64(rem, al, bl)
		return signed(qh, ql, neg), signed(0, rem, a.Hi < 0)
	}
	bq, br := new(big.Int).QuoRem(a.Big(), b.Big(), new(big.Int))
	q, _ = Int128FromBig(bq)
	r, _ = Int128FromBig(br)
	return q, r
}

// QuoRound returns a/b rounded half away from zero. b must be positive.
func (a Int128) QuoRound(b Int128) Int128 {
	q, r := a.QuoRem(b)
	if a.Hi < 0 {
		r = r.Neg()
	}
	rest, _ := b.Sub(r)
	if r.Cmp(rest) < 0 {
		return q
	}
	one := Int128{Lo: 1}
	if a.Hi < 0 {
		one = one.Neg()
	}
	q, _ = q.Add(one)
	return q
}

// Rescale turns coef×10^-from into a coefficient at scale to, rounding half away from zero, and reports whether it fits.
func Rescale(coef Int128, from, to uint8) (Int128, bool) {
	switch {
	case from == to:
		return coef, true
	case from > to:
		if from-to > MaxDecimalDigits {
			return Int128{}, true
		}
		return coef.QuoRound(pow10[from-to]), true
	case coef.Sign() == 0:
		return coef, true
	case to-from > MaxDecimalDigits:
		return Int128{}, false
	}
	return coef.Mul(pow10[to-from])
}

// DecimalFits reports whether coef has at most precision digits.
func DecimalFits(coef Int128, precision uint8) bool {
	if coef.Hi < 0 {
		coef = coef.Neg()
		if coef.Hi < 0 {
			return false
		}
	}
	return precision > MaxDecimalDigits || coef.Cmp(pow10[precision]) < 0
}

// CompareDecimal compares a×10^-as with b×10^-bs exactly.
func CompareDecimal(a Int128, as uint8, b Int128, bs uint8) int {
	if as == bs {
		return a.Cmp(b)
	}
	if sa, sb := a.Sign(), b.Sign(); sa != sb {
		return cmpInt(sa, sb)
	}
	if as < bs {
		return -CompareDecimal(b, bs, a, as)
	}
	if w, ok := Rescale(b, bs, as); ok {
		return a.Cmp(w)
	}
	return -b.Sign() // b does not fit at a's scale, so it is further from zero than a
}

func cmpInt(a, b int) int {
	if a < b {
		return -1
	}
	return 1
}

// QuoDecimal returns (a×10^-as) / (b×10^-bs) at the given scale, rounded half away from zero, and whether it has at most
// 38 digits. b must not be 0.
func QuoDecimal(a Int128, as uint8, b Int128, bs, scale uint8) (Int128, bool) {
	if b.Hi < 0 {
		a, b = a.Neg(), b.Neg()
	}
	shift := int(scale) + int(bs) - int(as)
	if shift >= 0 && shift <= MaxDecimalDigits {
		if n, ok := a.Mul(pow10[shift]); ok {
			q := n.QuoRound(b)
			return q, DecimalFits(q, MaxDecimalDigits)
		}
	}
	num, den := a.Big(), b.Big()
	exp := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(shift, -shift))), nil)
	if shift >= 0 {
		num.Mul(num, exp)
	} else {
		den.Mul(den, exp)
	}
	return roundBig(num, den)
}

// TruncQuoDecimal is QuoDecimal with the digits after the scale cut off.
func TruncQuoDecimal(a Int128, as uint8, b Int128, bs, scale uint8) (Int128, bool) {
	shift := int(scale) + int(bs) - int(as)
	if shift >= 0 && shift <= MaxDecimalDigits {
		if n, ok := a.Mul(pow10[shift]); ok {
			q, _ := n.QuoRem(b)
			return q, DecimalFits(q, MaxDecimalDigits)
		}
	}
	num, den := a.Big(), b.Big()
	exp := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(shift, -shift))), nil)
	if shift >= 0 {
		num.Mul(num, exp)
	} else {
		den.Mul(den, exp)
	}
	q, ok := Int128FromBig(num.Quo(num, den))
	return q, ok && DecimalFits(q, MaxDecimalDigits)
}

// MulDecimal returns the product a×b, rounded half away from zero after dropping `drop` digits, and whether it has at
// most 38 digits.
func MulDecimal(a, b Int128, drop uint8) (Int128, bool) {
	if p, ok := a.Mul(b); ok && drop <= MaxDecimalDigits {
		p, _ = Rescale(p, drop, 0)
		return p, DecimalFits(p, MaxDecimalDigits)
	}
	exp := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(drop)), nil)
	return roundBig(new(big.Int).Mul(a.Big(), b.Big()), exp)
}

// roundBig returns num/den rounded half away from zero; den is positive.
func roundBig(num, den *big.Int) (Int128, bool) {
	q, r := new(big.Int).QuoRem(num, den, new(big.Int))
	if r.Abs(r).Lsh(r, 1).Cmp(den) >= 0 {
		q.Add(q, big.NewInt(int64(num.Sign())))
	}
	out, ok := Int128FromBig(q)
	return out, ok && DecimalFits(out, MaxDecimalDigits)
}

// AppendDecimal appends coef×10^-scale as digits, with exactly scale digits after the point.
func AppendDecimal(dst []byte, coef Int128, scale uint8) []byte {
	var buf [48]byte
	i := len(buf)
	hi, lo := coef.abs()
	for n := 0; hi|lo != 0 || n <= int(scale); n++ {
		if n == int(scale) && n > 0 {
			i--
			buf[i] = '.'
		}
		var rem uint64
		hi, rem = hi/10, hi%10
		lo, rem = bits.Div64(rem, lo, 10)
		i--
		buf[i] = byte('0' + rem)
	}
	if coef.Hi < 0 {
		i--
		buf[i] = '-'
	}
	return append(dst, buf[i:]...)
}

// ParseDecimal reads digits with an optional sign, point and exponent from the start of s. n is how much of s was read, 0
// when s does not start with a number; ok is false when the number needs more than 38 digits. Digits after the point that
// do not fit in 38 are rounded away.
func ParseDecimal(s string) (coef Int128, scale uint8, n int, ok bool) {
	i, neg := 0, false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		neg = s[i] == '-'
		i++
	}
	digits, frac, point, full := 0, 0, false, false
	for ; i < len(s); i++ {
		if s[i] == '.' && !point {
			point = true
			continue
		}
		d := s[i] - '0'
		if d > 9 {
			break
		}
		digits++
		if full = full || !DecimalFits(coef, MaxDecimalDigits-1); full {
			if !point {
				frac-- // the digit still counts for the magnitude
			}
			continue
		}
		coef, _ = coef.Mul(Int128{Lo: 10})
		coef, _ = coef.Add(Int128{Lo: uint64(d)})
		if point {
			frac++
		}
	}
	if digits == 0 {
		return Int128{}, 0, 0, true
	}
	exp, used := parseExponent(s[i:])
	if neg {
		coef = coef.Neg()
	}
	coef, scale, ok = scaled(coef, frac-exp)
	return coef, scale, i + used, ok
}

// parseExponent reads e±n; used is 0 when there is none. The exponent is capped at ±10,000.
func parseExponent(s string) (exp, used int) {
	if len(s) < 2 || s[0]|0x20 != 'e' {
		return 0, 0
	}
	i, neg := 1, false
	if s[i] == '-' || s[i] == '+' {
		neg = s[i] == '-'
		i++
	}
	start := i
	for ; i < len(s) && s[i]-'0' <= 9; i++ {
		exp = min(exp*10+int(s[i]-'0'), 10000)
	}
	if i == start {
		return 0, 0
	}
	if neg {
		exp = -exp
	}
	return exp, i
}

// scaled brings coef×10^-scale to a scale of 0 to 38.
func scaled(coef Int128, scale int) (Int128, uint8, bool) {
	switch {
	case coef.Sign() == 0:
		return coef, uint8(min(max(scale, 0), MaxDecimalDigits)), true
	case scale > 2*MaxDecimalDigits:
		return Int128{}, MaxDecimalDigits, true
	case scale > MaxDecimalDigits:
		return coef.QuoRound(pow10[scale-MaxDecimalDigits]), MaxDecimalDigits, true
	case scale >= 0:
		return coef, uint8(scale), true
	case -scale > MaxDecimalDigits:
		return coef, 0, false
	}
	r, ok := coef.Mul(pow10[-scale])
	return r, 0, ok && DecimalFits(r, MaxDecimalDigits)
}
