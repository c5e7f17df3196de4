package segment

import (
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// The columns that are not the table's: the key, and the row where a segment keeps rows as they are.
const (
	KeyID = 1 << 30
	RowID = 1<<30 + 1
)

const (
	rootName = "s3sql"
	keyName  = "_key"
	rowName  = "_row"
)

// Column is a column of a table as a segment stores it.
type Column struct {
	ID      uint32
	Name    string
	Type    base.Type  // its class is stored, and of a DECIMAL precision and scale
	Missing base.Value // of rows that do not have the column; stored with them
}

// Schema lists the columns by ascending id, all below KeyID; nil keeps rows as they are.
type Schema []Column

// kind is how a column is stored.
type kind struct {
	class     base.Class
	scale     uint8
	precision uint8
}

// wide reports whether a DECIMAL takes 16 bytes.
func (k kind) wide() bool { return k.class == base.Decimal && k.precision > 18 }

func (k kind) text() bool {
	return k.class == base.String || k.class == base.Bytes || k.class == base.JSON
}

func (s Schema) check() error {
	for i, c := range s {
		k := kindOf(c.Type)
		switch {
		case i > 0 && s[i-1].ID >= c.ID || c.ID >= KeyID:
			return base.Errorf(errno.Unknown, "columns of a segment are out of order at id %d", c.ID)
		case k.class == base.Null:
			return base.Errorf(errno.Unknown, "column %d of a segment has no type", c.ID)
		case k.class == base.Decimal && (k.precision < 1 || k.precision > base.MaxDecimalDigits || k.scale > k.precision):
			return base.Errorf(errno.Unknown, "column %d of a segment is DECIMAL(%d,%d)", c.ID, k.precision, k.scale)
		}
	}
	return nil
}

func kindOf(t base.Type) kind {
	k := kind{class: t.Class()}
	if k.class == base.Decimal {
		k.scale, k.precision = t.Scale, t.Precision
	}
	return k
}

// elements returns the schema of the file, the root first.
func (s Schema) elements() []format.SchemaElement {
	out := make([]format.SchemaElement, 0, len(s)+3)
	out = append(out, format.SchemaElement{Name: rootName}, element(kind{class: base.Bytes}, keyName, KeyID, format.Required))
	if s == nil {
		out = append(out, element(kind{class: base.Bytes}, rowName, RowID, format.Required))
	}
	for _, c := range s {
		out = append(out, element(kindOf(c.Type), c.Name, c.ID, format.Optional))
	}
	out[0].NumChildren = some(int32(len(out) - 1))
	return out
}

func some[T any](v T) thrift.Null[T] { return thrift.New(v) }

func element(k kind, name string, id uint32, rep format.FieldRepetitionType) format.SchemaElement {
	e := format.SchemaElement{Name: name, FieldID: int32(id), RepetitionType: some(rep), Type: some(k.physical())}
	logical := func(v format.LogicalTypeValue, old deprecated.ConvertedType) {
		e.LogicalType.Value = v
		e.ConvertedType = some(old)
	}
	switch k.class {
	case base.Int:
		logical(&format.IntType{BitWidth: 64, IsSigned: true}, deprecated.Int64)
	case base.Uint:
		logical(&format.IntType{BitWidth: 64}, deprecated.Uint64)
	case base.Decimal:
		logical(&format.DecimalType{Scale: int32(k.scale), Precision: int32(k.precision)}, deprecated.Decimal)
		e.Scale, e.Precision = some(int32(k.scale)), some(int32(k.precision))
		if k.wide() {
			e.TypeLength = some(int32(16))
		}
	case base.String:
		logical(&format.StringType{}, deprecated.UTF8)
	case base.JSON:
		logical(&format.JsonType{}, deprecated.Json)
	case base.Date:
		logical(&format.DateType{}, deprecated.Date)
	case base.DateTime: // without a converted type, which would say that it is adjusted to UTC
		e.LogicalType.Value = &format.TimestampType{Unit: format.TimeUnit{Value: &format.MicroSeconds{}}}
	}
	return e
}

// physical returns the type of the column in the file.
func (k kind) physical() format.Type {
	switch k.class {
	case base.Date:
		return format.Int32
	case base.Float:
		return format.Double
	case base.String, base.Bytes, base.JSON:
		return format.ByteArray
	}
	if k.wide() {
		return format.FixedLenByteArray
	}
	return format.Int64
}

// kindIn is the reverse of element; ok is false for what element does not write.
func kindIn(e *format.SchemaElement) (k kind, ok bool) {
	switch v := e.LogicalType.Value.(type) {
	case nil:
		switch k.class = base.Time; e.Type.V {
		case format.ByteArray:
			k.class = base.Bytes
		case format.Double:
			k.class = base.Float
		}
	case *format.IntType:
		k.class = base.Uint
		if v.IsSigned {
			k.class = base.Int
		}
	case *format.DecimalType:
		k = kind{class: base.Decimal, scale: uint8(v.Scale), precision: uint8(v.Precision)}
		if v.Precision < 1 || v.Precision > base.MaxDecimalDigits || v.Scale < 0 || v.Scale > v.Precision {
			return k, false
		}
	case *format.StringType:
		k.class = base.String
	case *format.JsonType:
		k.class = base.JSON
	case *format.DateType:
		k.class = base.Date
	case *format.TimestampType:
		k.class = base.DateTime
	default:
		return k, false
	}
	return k, e.Type.Valid && e.Type.V == k.physical() && (!k.wide() || e.TypeLength.V == 16)
}
