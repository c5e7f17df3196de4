package expr

import (
	"cmp"
	"encoding/binary"
	"math"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

// Comparer returns the order of values of type t, NULL first: for sorting, MIN and MAX, and merge joins. Both vectors have
// t's class.
func Comparer(t base.Type) func(a, b *vec.Vector, i, j int) int {
	coll := collation.Of(t.Collation)
	switch t.Class() {
	case base.Null:
		return func(*vec.Vector, *vec.Vector, int, int) int { return 0 }
	case base.Uint:
		return nullsFirst(func(a, b *vec.Vector, i, j int) int { return cmp.Compare(uint64(a.I64[i]), uint64(b.I64[j])) })
	case base.Float:
		return nullsFirst(func(a, b *vec.Vector, i, j int) int { return cmp.Compare(a.F64[i], b.F64[j]) })
	case base.Decimal:
		return nullsFirst(func(a, b *vec.Vector, i, j int) int {
			return base.CompareDecimal(a.Dec[i], a.Scale, b.Dec[j], b.Scale)
		})
	case base.JSON:
		return nullsFirst(func(a, b *vec.Vector, i, j int) int { return convert.CompareJSON(a.Str[i], b.Str[j]) })
	case base.String:
		if !coll.Binary() {
			return nullsFirst(func(a, b *vec.Vector, i, j int) int { return coll.Compare(a.Str[i], b.Str[j]) })
		}
		fallthrough
	case base.Bytes:
		return nullsFirst(func(a, b *vec.Vector, i, j int) int { return cmp.Compare(a.Str[i], b.Str[j]) })
	}
	return nullsFirst(func(a, b *vec.Vector, i, j int) int { return cmp.Compare(a.I64[i], b.I64[j]) })
}

func nullsFirst(f func(a, b *vec.Vector, i, j int) int) func(a, b *vec.Vector, i, j int) int {
	return func(a, b *vec.Vector, i, j int) int {
		x, y := a.IsNull(i), b.IsNull(j)
		switch {
		case x && y:
			return 0
		case x:
			return -1
		case y:
			return 1
		}
		return f(a, b, i, j)
	}
}

// Compare orders two values of type t, NULL first.
func Compare(a, b base.Value, t base.Type) int {
	return Comparer(t)(broadcastValue(a, t, 1), broadcastValue(b, t, 1), 0, 0)
}

// AppendKey appends bytes that are equal exactly for equal values of row i of v, which has type t, and which no other
// value's bytes begin with: for hash joins, grouping and DISTINCT. NULLs are equal to each other. The bytes do not order.
func AppendKey(dst []byte, t base.Type, v *vec.Vector, i int) []byte {
	if v.IsNull(i) {
		return append(dst, 0)
	}
	switch v.Class {
	case base.Float:
		f := v.F64[i]
		if f == 0 {
			f = 0 // -0 is 0
		}
		return binary.LittleEndian.AppendUint64(append(dst, 2), math.Float64bits(f))
	case base.Decimal:
		return appendDecimalKey(dst, v.Dec[i], v.Scale)
	case base.String:
		if coll := collation.Of(t.Collation); !coll.Binary() {
			dst = append(dst, 4, 0, 0, 0, 0)
			at := len(dst)
			dst = coll.AppendKey(dst, v.Str[i])
			binary.LittleEndian.PutUint32(dst[at-4:], uint32(len(dst)-at))
			return dst
		}
		return appendTextKey(dst, v.Str[i])
	case base.Bytes, base.JSON:
		return appendTextKey(dst, v.Str[i])
	case base.Uint:
		if v.I64[i] < 0 { // above every signed number
			return binary.LittleEndian.AppendUint64(append(dst, 5), uint64(v.I64[i]))
		}
	}
	return binary.LittleEndian.AppendUint64(append(dst, 1), uint64(v.I64[i]))
}

func appendTextKey(dst []byte, s string) []byte {
	dst = binary.LittleEndian.AppendUint32(append(dst, 4), uint32(len(s)))
	return append(dst, s...)
}

// appendDecimalKey drops trailing zeros, so that 1.50 and 1.5 are equal.
func appendDecimalKey(dst []byte, coef base.Int128, scale uint8) []byte {
	for scale > 0 {
		q, r := coef.QuoRem(base.Int128{Lo: 10})
		if r.Sign() != 0 {
			break
		}
		coef = q
		scale--
	}
	dst = append(dst, 3, scale)
	dst = binary.LittleEndian.AppendUint64(dst, coef.Lo)
	return binary.LittleEndian.AppendUint64(dst, uint64(coef.Hi))
}

// Bound is what a value compared with a column of type t means for a search by the column's key: the nearest value that the
// column can hold, and whether v lies below (-1), at (0) or above (+1) it. ok is false when the comparison does not follow
// the column's order, so that a key search cannot serve it; v is NULL or of type from.
func Bound(v base.Value, from, t base.Type) (near base.Value, side int, ok bool) {
	if v.IsNull() {
		return v, 0, true
	}
	ct, err := compareType(t, from)
	if err != nil || isNamed(t) {
		return v, 0, false
	}
	if ct.Class() != t.Class() && !(isNumber(ct) && isNumber(t)) && !(t.Class() == base.Date && ct.Class() == base.DateTime) {
		return v, 0, false
	}
	if ct.Class() == base.String && from.Collation != "" && collation.Of(from.Collation) != collation.Of(t.Collation) {
		return v, 0, false
	}
	bad := false
	exact, err := convert.To(v, from, ct, func(*base.Error) { bad = true })
	if ct.Class() == base.Decimal { // the scale of ct is that of neither side
		exact, err = v, nil
		if v.Class() != base.Decimal {
			coef, scale := convert.ToDecimal(v, from, nil)
			exact = base.NewDecimal(coef, scale)
		}
	}
	if ct.Class() == base.Int || ct.Class() == base.Uint {
		exact = v
	}
	if err != nil || bad || exact.IsNull() {
		return v, 0, false
	}
	near, _, err = convert.Assign(exact, wide(t), false, "", 1)
	if err != nil || near.IsNull() {
		return v, 0, false
	}
	return near, sideOf(exact, near), true
}

// wide is t without its length limit, so that a longer text stays what it is.
func wide(t base.Type) base.Type {
	switch t.Class() {
	case base.String:
		return base.Type{ID: base.TypeLongText, Collation: t.Collation}
	case base.Bytes:
		if t.ID != base.TypeUUID {
			return base.Type{ID: base.TypeLongBlob}
		}
	}
	return t
}

// sideOf compares the value asked for with the one a column can hold.
func sideOf(v, near base.Value) int {
	a, b := convert.NaturalType(v), convert.NaturalType(near)
	if a.Class() == b.Class() && a.Class() != base.Decimal {
		return Compare(v, near, a)
	}
	if a.Class() == base.DateTime && b.Class() == base.Date {
		return cmp.Compare(v.Int(), near.Int()*base.Day)
	}
	if a.Class() == base.Float || b.Class() == base.Float {
		return cmp.Compare(convert.ToFloat(v, a, nil), convert.ToFloat(near, b, nil))
	}
	x, xs := convert.ToDecimal(v, a, nil)
	y, ys := convert.ToDecimal(near, b, nil)
	return base.CompareDecimal(x, xs, y, ys)
}
