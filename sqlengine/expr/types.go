package expr

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

var (
	typeBool     = base.Type{ID: base.TypeTinyInt, Bool: true}
	typeInt      = base.Type{ID: base.TypeBigInt}
	typeUint     = base.Type{ID: base.TypeBigInt, Unsigned: true}
	typeDouble   = base.Type{ID: base.TypeDouble}
	typeLongText = base.Type{ID: base.TypeLongText}
	typeDate     = base.Type{ID: base.TypeDate}
	typeDateTime = base.Type{ID: base.TypeDateTime, Scale: 6}
	typeTime     = base.Type{ID: base.TypeTime, Scale: 6}
	typeJSON     = base.Type{ID: base.TypeJSON}
)

// maxScale is MySQL's limit on the digits after the point of a result.
const maxScale = 30

func typeDecimal(precision, scale int) base.Type {
	return base.Type{ID: base.TypeDecimal, Precision: uint8(max(min(precision, base.MaxDecimalDigits), 1)), Scale: uint8(min(scale, maxScale))}
}

func typeVarchar(n int, collation string) base.Type {
	if n <= 0 || n > 16383 {
		return base.Type{ID: base.TypeLongText, Collation: collation}
	}
	return base.Type{ID: base.TypeVarchar, Length: n, Collation: collation}
}

// numKind is how a type takes part in arithmetic.
type numKind uint8

const (
	numInt numKind = iota
	numUint
	numDecimal
	numFloat
)

func numberKind(t base.Type) numKind {
	switch t.Class() {
	case base.Int:
		if t.ID == base.TypeYear {
			return numUint
		}
		return numInt
	case base.Uint:
		if isNamed(t) {
			return numFloat
		}
		return numUint
	case base.Decimal:
		return numDecimal
	case base.Date:
		return numInt
	case base.Time, base.DateTime:
		if t.Scale > 0 {
			return numDecimal
		}
		return numInt
	}
	return numFloat // also NULL itself, which counts as a text
}

// numberType is the type that values of t have in arithmetic.
func numberType(t base.Type) base.Type {
	switch numberKind(t) {
	case numInt:
		if t.Class() == base.Int {
			return t
		}
		return typeInt
	case numUint:
		switch t.ID {
		case base.TypeBit:
			return typeUint
		case base.TypeYear:
			return base.Type{ID: base.TypeSmallInt, Unsigned: true}
		}
		return t
	case numDecimal:
		if t.ID != base.TypeDecimal {
			return typeDecimal(14+int(t.Scale), int(t.Scale))
		}
		return t
	}
	if t.Class() == base.Float {
		return t
	}
	return typeDouble
}

// digitsOf returns the digits before the point and the scale that t needs as a DECIMAL.
func digitsOf(t base.Type) (whole, scale int) {
	switch t.ID {
	case base.TypeDecimal:
		return int(t.Precision) - int(t.Scale), int(t.Scale)
	case base.TypeTinyInt:
		return 3, 0
	case base.TypeSmallInt:
		return 5, 0
	case base.TypeMediumInt:
		return 8, 0
	case base.TypeInt:
		return 10, 0
	case base.TypeYear:
		return 4, 0
	case base.TypeDate:
		return 8, 0
	case base.TypeTime:
		return 7, int(t.Scale)
	case base.TypeDateTime, base.TypeTimestamp:
		return 14, int(t.Scale)
	}
	if t.Unsigned {
		return 20, 0
	}
	return 19, 0
}

func isInteger(t base.Type) bool {
	c := t.Class()
	return (c == base.Int || c == base.Uint) && t.ID != base.TypeEnum && t.ID != base.TypeSet && t.ID != base.TypeBit
}

func isTemporal(t base.Type) bool {
	c := t.Class()
	return c == base.Date || c == base.Time || c == base.DateTime
}

func isString(t base.Type) bool { return t.Class() == base.String || isNamed(t) }

// isNamed reports types whose values are numbers inside and names outside.
func isNamed(t base.Type) bool { return t.ID == base.TypeEnum || t.ID == base.TypeSet }

func isBinary(t base.Type) bool { return t.Class() == base.Bytes }

// textLength bounds the characters of t's values as text; 0 unknown.
func textLength(t base.Type) int {
	switch t.ID {
	case base.TypeNull:
		return 0
	case base.TypeChar, base.TypeVarchar, base.TypeBinary, base.TypeVarbinary:
		return t.Length
	case base.TypeDecimal:
		return int(t.Precision-t.Guard) + 2
	case base.TypeDate:
		return 10
	case base.TypeTime, base.TypeDateTime, base.TypeTimestamp:
		n := 19
		if t.ID == base.TypeTime {
			n = 10
		}
		if t.Scale > 0 {
			n += 1 + int(t.Scale)
		}
		return n
	case base.TypeYear:
		return 4
	case base.TypeFloat, base.TypeDouble:
		return 23
	case base.TypeUUID:
		return 36
	case base.TypeEnum, base.TypeSet:
		n := 0
		for _, e := range t.Elems {
			if t.ID == base.TypeSet {
				n += len(e) + 1
			} else {
				n = max(n, len(e))
			}
		}
		return n
	case base.TypeTinyInt, base.TypeSmallInt, base.TypeMediumInt, base.TypeInt, base.TypeBigInt:
		whole, _ := digitsOf(t)
		return whole + 1
	}
	return 0
}

// collationOf is the collation of t's values as text.
func collationOf(t base.Type) string {
	if t.Class() == base.String || isNamed(t) {
		return t.Collation
	}
	return ""
}

// mergeCollation picks the collation of an operation on two strings: one that is not the default wins.
func mergeCollation(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// UnionType is the type that holds the values of both types: of UNION columns, CASE, COALESCE, IF.
//
// Source: MySQL 8.0 Reference Manual, "Flow Control Functions".
func UnionType(a, b base.Type) base.Type {
	switch {
	case sameType(a, b):
		a.Bool = a.Bool && b.Bool
		return a
	case a.ID == base.TypeNull:
		return b
	case b.ID == base.TypeNull:
		return a
	case a.ID == base.TypeJSON || b.ID == base.TypeJSON:
		return typeLongText
	case isBinary(a) || isBinary(b) || isBits(a, b) || isBits(b, a):
		return unionBytes(a, b)
	case isString(a) || isString(b):
		return unionText(a, b)
	case isTemporal(a) || isTemporal(b):
		return unionTemporal(a, b)
	}
	return unionNumber(a, b)
}

// isBits reports whether a is a BIT that is joined with text, where it is bytes; with numbers it is one of them.
func isBits(a, b base.Type) bool { return a.ID == base.TypeBit && (isString(b) || isTemporal(b)) }

func unionBytes(a, b base.Type) base.Type {
	if a.ID == base.TypeUUID || b.ID == base.TypeUUID {
		if isString(a) || isString(b) {
			return unionText(a, b)
		}
	}
	n, m := textLength(a), textLength(b)
	if n == 0 || m == 0 {
		return base.Type{ID: base.TypeLongBlob}
	}
	return base.Type{ID: base.TypeVarbinary, Length: max(n, m)}
}

func unionText(a, b base.Type) base.Type {
	coll := mergeCollation(collationOf(a), collationOf(b))
	n, m := textLength(a), textLength(b)
	if n == 0 || m == 0 {
		return base.Type{ID: base.TypeLongText, Collation: coll}
	}
	return typeVarchar(max(n, m), coll)
}

func unionTemporal(a, b base.Type) base.Type {
	if !isTemporal(a) || !isTemporal(b) {
		return typeVarchar(max(textLength(a), textLength(b)), "")
	}
	t := base.Type{ID: base.TypeDateTime, Scale: max(a.Scale, b.Scale)}
	if a.ID == b.ID {
		t.ID = a.ID
	}
	return t
}

func unionNumber(a, b base.Type) base.Type {
	switch {
	case a.ID == base.TypeBit && b.ID == base.TypeBit:
		return base.Type{ID: base.TypeBit, Length: max(a.Length, b.Length)}
	case a.ID == base.TypeBit:
		a = typeUint
	case b.ID == base.TypeBit:
		b = typeUint
	}
	ka, kb := numberKind(a), numberKind(b)
	switch {
	case a.ID == base.TypeFloat && b.ID == base.TypeFloat:
		return base.Type{ID: base.TypeFloat}
	case ka == numFloat || kb == numFloat:
		return typeDouble
	case ka == numDecimal || kb == numDecimal || ka != kb && max(intWidth(a), intWidth(b)) == 8:
		wa, sa := digitsOf(a)
		wb, sb := digitsOf(b)
		return guarded(max(wa, wb), max(sa, sb), max(declaredScale(a), declaredScale(b)))
	case ka != kb:
		return typeInt
	}
	t := a
	if intWidth(b) > intWidth(a) {
		t = b
	}
	return base.Type{ID: t.ID, Unsigned: ka == numUint, Bool: a.Bool && b.Bool}
}

// intWidth is the bytes of an integer type.
func intWidth(t base.Type) int {
	switch t.ID {
	case base.TypeTinyInt:
		return 1
	case base.TypeSmallInt, base.TypeYear:
		return 2
	case base.TypeMediumInt:
		return 3
	case base.TypeInt:
		return 4
	}
	return 8
}

// Zero is the implicit default of a NOT NULL column of type t.
func Zero(t base.Type) base.Value { return convert.Zero(t) }

// Format returns v, of type t, as MySQL's text protocol prints it; NULL gives "NULL".
func Format(v base.Value, t base.Type) string { return convert.Format(v, t) }

// AsIs reports whether Assign would return v as it is, without a warning. It may say no where it would.
func AsIs(v *base.Value, t *base.Type) bool { return convert.AsIs(v, t) }

// Assign converts v for storing in a column of type t; see convert.Assign.
func Assign(v base.Value, t base.Type, strict bool, col string, row int) (base.Value, *base.Error, error) {
	return convert.Assign(v, t, strict, col, row)
}
