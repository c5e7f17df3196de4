package driver

import (
	"database/sql"
	"math"
	"reflect"
	"time"

	"github.com/s3sql/s3sql/internal/base"
)

// typeNames are the names of the declared types as other MySQL drivers for Go report them, by TypeID.
var typeNames = [...]string{"NULL", "TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "DECIMAL", "FLOAT", "DOUBLE",
	"CHAR", "VARCHAR", "TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT", "BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB",
	"LONGBLOB", "DATE", "TIME", "DATETIME", "TIMESTAMP", "YEAR", "JSON", "ENUM", "SET", "BIT", "UUID", "VECTOR"}

// ColumnTypeDatabaseTypeName returns the type's name without length, such as VARCHAR or UNSIGNED BIGINT.
func (r *rows) ColumnTypeDatabaseTypeName(i int) string {
	t := r.cols[i].typ
	if int(t.ID) >= len(typeNames) {
		return ""
	}
	name := typeNames[t.ID]
	if t.Unsigned && t.ID >= base.TypeTinyInt && t.ID <= base.TypeBigInt {
		return "UNSIGNED " + name
	}
	return name
}

// ColumnTypeNullable reports whether the column may be NULL.
func (r *rows) ColumnTypeNullable(i int) (nullable, ok bool) { return r.cols[i].nullable, true }

// ColumnTypeLength returns the most characters or bytes of a text or binary column.
func (r *rows) ColumnTypeLength(i int) (int64, bool) {
	t := r.cols[i].typ
	switch t.ID {
	case base.TypeChar, base.TypeVarchar, base.TypeBinary, base.TypeVarbinary:
		return int64(t.Length), true
	case base.TypeTinyText, base.TypeTinyBlob:
		return math.MaxUint8, true
	case base.TypeText, base.TypeBlob:
		return math.MaxUint16, true
	case base.TypeMediumText, base.TypeMediumBlob:
		return 1<<24 - 1, true
	case base.TypeLongText, base.TypeLongBlob, base.TypeJSON:
		return math.MaxUint32, true
	case base.TypeBit:
		return int64(t.Length+7) / 8, true
	case base.TypeUUID:
		return 36, true
	}
	return 0, false
}

// ColumnTypePrecisionScale returns digits and scale of a DECIMAL, and the fractional digits of a time.
func (r *rows) ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool) {
	t := r.cols[i].typ
	switch t.ID {
	case base.TypeDecimal:
		return int64(t.Precision), int64(t.Scale), true
	case base.TypeTime, base.TypeDateTime, base.TypeTimestamp:
		return int64(t.Scale), int64(t.Scale), true
	case base.TypeFloat, base.TypeDouble:
		return math.MaxInt64, math.MaxInt64, true
	}
	return 0, 0, false
}

// ColumnTypeScanType returns a Go type that holds every value of the column.
func (r *rows) ColumnTypeScanType(i int) reflect.Type {
	c := r.cols[i]
	plain, null := r.scanTypes(c.typ)
	if c.nullable {
		return null
	}
	return plain
}

func (r *rows) scanTypes(t base.Type) (plain, null reflect.Type) {
	switch t.ID {
	case base.TypeNull:
		return reflect.TypeFor[any](), reflect.TypeFor[any]()
	case base.TypeTinyInt, base.TypeSmallInt, base.TypeMediumInt, base.TypeInt, base.TypeBigInt, base.TypeYear:
		return integerScanTypes(t)
	case base.TypeFloat:
		return reflect.TypeFor[float32](), reflect.TypeFor[sql.NullFloat64]()
	case base.TypeDouble:
		return reflect.TypeFor[float64](), reflect.TypeFor[sql.NullFloat64]()
	case base.TypeDate, base.TypeDateTime, base.TypeTimestamp:
		if r.format.parseTime {
			return reflect.TypeFor[time.Time](), reflect.TypeFor[sql.NullTime]()
		}
	case base.TypeBinary, base.TypeVarbinary, base.TypeTinyBlob, base.TypeBlob, base.TypeMediumBlob, base.TypeLongBlob,
		base.TypeJSON, base.TypeBit, base.TypeVector:
		return reflect.TypeFor[[]byte](), reflect.TypeFor[[]byte]()
	}
	return reflect.TypeFor[string](), reflect.TypeFor[sql.NullString]()
}

func integerScanTypes(t base.Type) (plain, null reflect.Type) {
	null = reflect.TypeFor[sql.NullInt64]()
	if t.Unsigned && t.ID == base.TypeBigInt {
		null = reflect.TypeFor[sql.Null[uint64]]()
	}
	signed := map[base.TypeID]reflect.Type{base.TypeTinyInt: reflect.TypeFor[int8](), base.TypeSmallInt: reflect.TypeFor[int16](),
		base.TypeYear: reflect.TypeFor[int16](), base.TypeMediumInt: reflect.TypeFor[int32](), base.TypeInt: reflect.TypeFor[int32](),
		base.TypeBigInt: reflect.TypeFor[int64]()}
	unsigned := map[base.TypeID]reflect.Type{base.TypeTinyInt: reflect.TypeFor[uint8](), base.TypeSmallInt: reflect.TypeFor[uint16](),
		base.TypeMediumInt: reflect.TypeFor[uint32](), base.TypeInt: reflect.TypeFor[uint32](), base.TypeBigInt: reflect.TypeFor[uint64]()}
	if t.Unsigned {
		return unsigned[t.ID], null
	}
	return signed[t.ID], null
}
