package expr

import (
	"github.com/s3sql/s3sql/internal/base"
)

// Storing returns e as Assign reads it for a column of type t. Assign sees a value without its type: the text of a time has as
// many digits of a second as its type declares, that of a FLOAT as many as a FLOAT has, an ENUM and a SET their names, a BIT its
// bytes; a TIME becomes a date with today's; x'41' is a number where one is stored.
func Storing(e Expr, t base.Type) Expr {
	from := e.Type()
	switch {
	case from.ID == base.TypeNull || sameType(from, t):
		return e
	case from.ID == base.TypeBit && (t.Class() == base.String || t.Class() == base.Bytes):
		return implicit(e, base.Type{ID: base.TypeVarbinary, Length: (from.Length + 7) / 8})
	case from.ID == base.TypeTime && (t.Class() == base.Date || t.Class() == base.DateTime):
		return implicit(e, base.Type{ID: base.TypeDateTime, Scale: from.Scale})
	case isNumber(t) && !isNamed(t) && t.ID != base.TypeBit:
		if k := hexNumber(e, typeUint); k != nil {
			return k
		}
	case storedAsText(from, t):
		return implicit(e, typeVarchar(textLength(from), collationOf(from)))
	}
	return e
}

// storedAsText reports whether a column of type t takes the text of a value, and the value alone does not tell it.
func storedAsText(from, t base.Type) bool {
	switch {
	case t.Class() == base.String || t.Class() == base.Bytes && t.ID != base.TypeUUID && t.ID != base.TypeVector:
		return isTemporal(from) || isNamed(from) || from.ID == base.TypeFloat
	case isTemporal(t) || isNamed(t):
		return isNamed(from)
	}
	return false
}
