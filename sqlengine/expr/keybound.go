package expr

import (
	"math"

	"github.com/s3sql/s3sql/internal/base"
)

// KeyBound is a constant that is compared with a key column, as the column's order sees it.
type KeyBound struct {
	Near base.Value // the nearest value that the column can hold
	Side int        // the constant lies below (-1), at (0) or above (+1) Near
	OK   bool       // false: the key does not tell, the comparison has to be made row by row
}

// floatExact is the largest magnitude below which every integer is a DOUBLE of its own.
const floatExact = 1 << 53

// KeyBoundOf places v, the value of a constant of type vt, in the order of a key column of type t.
func KeyBoundOf(v base.Value, vt, t base.Type) KeyBound {
	if sameOrder(v, vt, t) {
		return KeyBound{Near: v, OK: true}
	}
	var b KeyBound
	b.Near, b.Side, b.OK = Bound(v, vt, t)
	if c := t.Class(); (c == base.Int || c == base.Uint) && inexact(v, b.Near) {
		b.OK = false // several integers are equal to it
	}
	return b
}

// sameOrder reports whether v stands in a column of type t as it is: nearly always.
func sameOrder(v base.Value, vt, t base.Type) bool {
	switch t.ID {
	case base.TypeEnum, base.TypeSet, base.TypeYear, base.TypeBit, base.TypeJSON:
		return false
	}
	switch t.Class() {
	case base.Int:
		return v.Class() == base.Int
	case base.Uint:
		return v.Class() == base.Uint || v.Class() == base.Int && v.Int() >= 0
	case base.String:
		return v.Class() == base.String && (vt.Collation == "" || vt.Collation == t.Collation)
	case base.Bytes, base.Date, base.DateTime, base.Time:
		return v.Class() == t.Class()
	}
	return false
}

// inexact reports whether v is compared with integers as a DOUBLE so large that it stands for several.
func inexact(v, near base.Value) bool {
	switch v.Class() {
	case base.Float, base.String:
		if near.Class() == base.Int {
			return near.Int() <= -floatExact || near.Int() >= floatExact
		}
		return near.Uint() >= floatExact
	}
	return v.Class() == base.Float && math.IsNaN(v.Float())
}
