package base

// TypeID names a declared SQL type. The numbers are stored in descriptors (docs/format/catalog.md) and never change.
type TypeID uint8

// The declared types, as MySQL 8.0 names them.
const (
	TypeNull       TypeID = 0
	TypeTinyInt    TypeID = 1
	TypeSmallInt   TypeID = 2
	TypeMediumInt  TypeID = 3
	TypeInt        TypeID = 4
	TypeBigInt     TypeID = 5
	TypeDecimal    TypeID = 6
	TypeFloat      TypeID = 7
	TypeDouble     TypeID = 8
	TypeChar       TypeID = 9
	TypeVarchar    TypeID = 10
	TypeTinyText   TypeID = 11
	TypeText       TypeID = 12
	TypeMediumText TypeID = 13
	TypeLongText   TypeID = 14
	TypeBinary     TypeID = 15
	TypeVarbinary  TypeID = 16
	TypeTinyBlob   TypeID = 17
	TypeBlob       TypeID = 18
	TypeMediumBlob TypeID = 19
	TypeLongBlob   TypeID = 20
	TypeDate       TypeID = 21
	TypeTime       TypeID = 22
	TypeDateTime   TypeID = 23
	TypeTimestamp  TypeID = 24
	TypeYear       TypeID = 25
	TypeJSON       TypeID = 26
	TypeEnum       TypeID = 27
	TypeSet        TypeID = 28
	TypeBit        TypeID = 29
	TypeUUID       TypeID = 30
	TypeVector     TypeID = 31
)

// Type is a declared SQL type. The zero Type is the type of NULL.
type Type struct {
	ID       TypeID `json:"id"`
	Unsigned bool   `json:"unsigned,omitempty"` // integer, DECIMAL, FLOAT and DOUBLE types
	Bool     bool   `json:"bool,omitempty"`     // TINYINT(1), declared or as the result of a comparison: shown as a boolean where that is asked for

	// Length counts characters (CHAR, VARCHAR, TEXT), bytes (BINARY, VARBINARY, BLOB), bits (BIT) or dimensions
	// (VECTOR). 0 is the type's maximum for the TEXT and BLOB families.
	Length int `json:"length,omitempty"`
	// Precision counts the digits of a DECIMAL; Scale its digits after the point, or the fractional digits (0–6) of
	// TIME, DATETIME and TIMESTAMP.
	Precision uint8 `json:"precision,omitempty"`
	Scale     uint8 `json:"scale,omitempty"`
	// Guard counts the digits of Scale that an expression is computed to beyond what its result has; 0 in a column.
	Guard uint8 `json:"-"`

	Collation string   `json:"collation,omitempty"` // of the character types; "" is the default, utf8mb4_0900_bin
	Elems     []string `json:"elems,omitempty"`     // of ENUM and SET
}

// Class returns the physical class that values of the type have. ENUM and SET are Uint: an ENUM's index from 1, a SET's
// bit mask, as MySQL compares and sorts them.
func (t Type) Class() Class {
	switch t.ID {
	case TypeNull:
		return Null
	case TypeTinyInt, TypeSmallInt, TypeMediumInt, TypeInt, TypeBigInt:
		if t.Unsigned {
			return Uint
		}
		return Int
	case TypeYear:
		return Int
	case TypeBit:
		return Uint
	case TypeDecimal:
		return Decimal
	case TypeFloat, TypeDouble:
		return Float
	case TypeBinary, TypeVarbinary, TypeTinyBlob, TypeBlob, TypeMediumBlob, TypeLongBlob, TypeUUID, TypeVector:
		return Bytes
	case TypeDate:
		return Date
	case TypeTime:
		return Time
	case TypeDateTime, TypeTimestamp:
		return DateTime
	case TypeJSON:
		return JSON
	case TypeEnum, TypeSet:
		return Uint
	default:
		return String
	}
}
