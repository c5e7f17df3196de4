package sqlengine

import (
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/plugins/replication"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// intBits are the bits of the integer types.
var intBits = map[base.TypeID]int{base.TypeTinyInt: 8, base.TypeSmallInt: 16, base.TypeMediumInt: 24, base.TypeInt: 32, base.TypeBigInt: 64, base.TypeYear: 16}

// flowColumn describes a column to a target.
func flowColumn(name string, t base.Type, nullable bool) replication.Column {
	c := replication.Column{Name: name, SQLType: catalog.TypeSQL(t), NotNull: !nullable, Kind: replication.Text, Length: t.Length, Scale: int(t.Scale)}
	switch t.ID {
	case base.TypeTinyInt, base.TypeSmallInt, base.TypeMediumInt, base.TypeInt, base.TypeBigInt, base.TypeYear:
		c.Kind, c.Bits, c.Length = replication.Int, intBits[t.ID], 0
		if t.Unsigned && t.ID == base.TypeBigInt {
			c.Kind = replication.Uint
		} else if t.Unsigned {
			c.Bits++
		}
	case base.TypeBit:
		c.Kind, c.Bits, c.Length = replication.Uint, max(t.Length, 1), 0
	case base.TypeFloat, base.TypeDouble:
		c.Kind, c.Bits = replication.Float, 64
		if t.ID == base.TypeFloat {
			c.Bits = 32
		}
	case base.TypeDecimal:
		c.Kind, c.Precision = replication.Decimal, int(t.Precision)
	case base.TypeBinary, base.TypeVarbinary, base.TypeTinyBlob, base.TypeBlob, base.TypeMediumBlob, base.TypeLongBlob:
		c.Kind = replication.Bytes
	case base.TypeDate:
		c.Kind = replication.Date
	case base.TypeTime:
		c.Kind = replication.Time
	case base.TypeDateTime:
		c.Kind = replication.DateTime
	case base.TypeTimestamp:
		c.Kind = replication.Timestamp
	case base.TypeJSON:
		c.Kind = replication.JSON
	case base.TypeEnum, base.TypeSet, base.TypeUUID, base.TypeVector, base.TypeTinyText, base.TypeText, base.TypeMediumText, base.TypeLongText, base.TypeNull:
		c.Length = 0
	}
	return c
}

// flowValue is a value as a target sees it; see replication.Kind.
func flowValue(v base.Value, t base.Type, k replication.Kind) any {
	if v.IsNull() {
		return nil
	}
	switch k {
	case replication.Int:
		if v.Class() == base.Uint {
			return int64(v.Uint())
		}
		return v.Int()
	case replication.Uint:
		switch v.Class() {
		case base.Int:
			return uint64(v.Int())
		case base.Uint:
			return v.Uint()
		}
		return v.Bits()
	case replication.Float:
		return v.Float()
	case replication.Bytes:
		return []byte(v.Text())
	case replication.Date:
		return time.Unix(v.Int()*24*60*60, 0).UTC()
	case replication.Time:
		return time.Duration(v.Int()) * time.Microsecond
	case replication.DateTime, replication.Timestamp:
		return time.UnixMicro(v.Int()).UTC()
	case replication.JSON:
		return v.Text()
	}
	return expr.Format(v, t)
}

// flowBatch is a batch of one change: the new row of t, the old one, and the facts.
func flowBatch(t *catalog.Table, row []base.Value) *vec.Batch {
	b := &vec.Batch{N: 1, Cols: make([]*vec.Vector, len(row))}
	n := len(t.Columns)
	for i, v := range row {
		typ := base.Type{}
		if i < 2*n {
			typ = t.Columns[i%n].Type
		} else {
			typ = plan.ChangeFacts[i-2*n].Type
		}
		b.Cols[i] = vec.New(typ.Class(), typ.Scale, 1)
		b.Cols[i].Set(0, v)
	}
	return b
}

// textOrNull is a text; NULL where it is "".
func textOrNull(s string) base.Value {
	if s == "" {
		return base.Value{}
	}
	return base.NewString(s)
}
