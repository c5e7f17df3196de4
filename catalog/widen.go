package catalog

import (
	"slices"

	"github.com/s3sql/s3sql/internal/base"
)

// Widens reports whether every stored value of type from is a stored value of type to with the same meaning, so that rows
// need not be written again when a column changes from one to the other.
func Widens(from, to base.Type) bool {
	if from.Class() != to.Class() {
		return false
	}
	integer := func(t base.Type) bool { return t.ID >= base.TypeTinyInt && t.ID <= base.TypeBigInt }
	switch {
	case integer(from) && integer(to):
		return from.Unsigned == to.Unsigned && to.ID >= from.ID
	case from.ID == base.TypeFloat && to.ID == base.TypeDouble && from.Unsigned == to.Unsigned:
		return true
	case varying(from) && varying(to):
		return holds(to, from)
	case from.ID != to.ID:
		return false
	}
	switch from.ID {
	case base.TypeDecimal:
		return to.Scale >= from.Scale && to.Precision-to.Scale >= from.Precision-from.Scale && (from.Unsigned || !to.Unsigned)
	case base.TypeChar, base.TypeBit:
		return to.Length >= from.Length
	case base.TypeEnum, base.TypeSet:
		return len(to.Elems) >= len(from.Elems) && slices.Equal(from.Elems, to.Elems[:len(from.Elems)])
	case base.TypeTime, base.TypeDateTime, base.TypeTimestamp:
		return to.Scale >= from.Scale
	case base.TypeBinary, base.TypeVector:
		return to.Length == from.Length
	}
	return from.Unsigned == to.Unsigned
}

// varying reports whether values of t have the length they were given: not padded, not trimmed.
func varying(t base.Type) bool {
	switch t.ID {
	case base.TypeVarchar, base.TypeVarbinary, base.TypeTinyText, base.TypeText, base.TypeMediumText, base.TypeLongText, base.TypeTinyBlob,
		base.TypeBlob, base.TypeMediumBlob, base.TypeLongBlob:
		return true
	}
	return false
}

// holds reports whether every string of type from fits type to. VARCHAR counts characters of up to four bytes, the others
// count bytes.
func holds(to, from base.Type) bool {
	switch {
	case from.ID == to.ID && maxBytes(to) == 0:
		return to.Length >= from.Length
	case to.ID == base.TypeVarchar:
		return maxBytes(from) <= to.Length
	case from.ID == base.TypeVarchar:
		return 4*from.Length <= maxBytes(to)
	case from.ID == base.TypeVarbinary:
		return from.Length <= maxBytes(to)
	case to.ID == base.TypeVarbinary:
		return maxBytes(from) <= to.Length
	}
	return maxBytes(to) >= maxBytes(from)
}

// maxBytes is the limit of the TEXT and BLOB types; 0 for the types with a declared length.
func maxBytes(t base.Type) int {
	switch t.ID {
	case base.TypeVarchar, base.TypeVarbinary:
		return 0
	case base.TypeTinyText, base.TypeTinyBlob:
		return 255
	case base.TypeText, base.TypeBlob:
		return 1<<16 - 1
	case base.TypeMediumText, base.TypeMediumBlob:
		return 1<<24 - 1
	}
	return 1<<32 - 1
}
