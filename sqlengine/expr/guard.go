package expr

import "github.com/s3sql/s3sql/internal/base"

// A division is computed to more digits than its type declares, and what is computed from it goes on with them: 2/3 is
// 0.6667 where it is shown or stored, and 2/3*3 is 2.0000. Type.Guard counts these digits, which are part of Type.Scale;
// Settle rounds them away.

// Settle returns e rounded to the digits that its type declares: what a column of a result or of a table gets.
func Settle(e Expr) Expr {
	t := e.Type()
	if t.Guard == 0 {
		return e
	}
	return implicit(e, declared(t))
}

// declared is the type without guard digits.
func declared(t base.Type) base.Type {
	if t.Precision < base.MaxDecimalDigits { // which is where it may have been cut
		t.Precision -= t.Guard
	}
	t.Scale -= t.Guard
	t.Guard = 0
	return t
}

// declaredScale returns the digits after the point that a number's type declares.
func declaredScale(t base.Type) int {
	_, scale := digitsOf(t)
	if t.ID == base.TypeDecimal {
		scale -= int(t.Guard)
	}
	return scale
}

// guarded is the type of a DECIMAL that declares shown digits after the point and is computed to scale, less where that would
// take the room of 20 digits before the point.
func guarded(whole, scale, shown int) base.Type {
	shown = min(shown, maxScale)
	scale = max(shown, min(scale, maxScale, base.MaxDecimalDigits-min(whole, 20)))
	t := typeDecimal(whole+scale, scale)
	t.Guard = uint8(scale - shown)
	return t
}

// quotientScale returns to how many digits after the point MySQL computes a quotient: it divides in words of nine digits.
func quotientScale(dividend, divisor int) int {
	words := func(digits int) int { return (digits + 8) / 9 * 9 }
	more := max(0, divScale-(words(dividend)-dividend)-(words(divisor)-divisor))
	return words(words(dividend) + words(divisor) + more)
}
