package row

import (
	"math"

	"github.com/s3sql/s3sql/internal/base"
)

// fieldReader finds fields of an encoded row by column id and reads their payloads without making values of them. Whatever
// it takes for damage is left to base.RowReader to describe.
//
// Source: docs/format/row.md.
type fieldReader struct {
	row  string
	pos  int
	last int64 // the id of the last field passed over, -1 none
	bad  bool
}

// seek moves to the field of column id, over those before it, and returns its class; the payload has to be read next, NULL
// having none. ok is false when the row does not have the column, or is damaged. Columns are asked for in ascending order.
func (r *fieldReader) seek(id int64) (c base.Class, ok bool) {
	for r.pos < len(r.row) {
		start := r.pos
		tag := int64(r.row[start])
		if r.pos++; tag >= 0x80 {
			r.pos = start
			tag = int64(r.uvarint())
		}
		at := tag >> 4
		if at <= r.last || at > math.MaxUint32 || r.bad {
			r.bad = true
			return 0, false
		}
		if at > id {
			r.pos = start
			return 0, false
		}
		r.last = at
		if c = base.Class(tag & 15); at == id {
			return c, true
		}
		if r.skip(c); r.bad {
			return 0, false
		}
	}
	return 0, false
}

// skip passes over a payload.
func (r *fieldReader) skip(c base.Class) {
	switch c {
	case base.Null:
	case base.Int, base.Uint, base.Date, base.Time, base.DateTime:
		r.skipVarint(10)
	case base.String, base.Bytes, base.JSON:
		r.text()
	case base.Float:
		r.take(8)
	case base.Decimal:
		r.take(1)
		r.skipVarint(19)
	default:
		r.bad = true
	}
}

func (r *fieldReader) skipVarint(max int) {
	for i := r.pos; i < len(r.row) && i < r.pos+max; i++ {
		if r.row[i] < 0x80 {
			r.pos = i + 1
			return
		}
	}
	r.bad = true
}

func (r *fieldReader) take(n uint64) string {
	if n > uint64(len(r.row)-r.pos) {
		r.bad = true
		return ""
	}
	s := r.row[r.pos : r.pos+int(n)]
	r.pos += int(n)
	return s
}

func (r *fieldReader) text() string { return r.take(r.uvarint()) }

// bits reads a payload of 64 bits that is no Float.
func (r *fieldReader) bits(c base.Class) int64 {
	u := r.uvarint()
	if c == base.Uint {
		return int64(u)
	}
	return int64(u>>1 ^ -(u & 1))
}

func (r *fieldReader) float() float64 {
	s := r.take(8)
	if len(s) < 8 {
		return 0
	}
	return math.Float64frombits(uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56)
}

// decimal reads a payload of the class Decimal; ok is false, and nothing is read, when its coefficient has more than 63 bits.
func (r *fieldReader) decimal() (coef int64, scale uint8, ok bool) {
	start := r.pos
	if s := r.take(1); len(s) == 1 {
		scale = s[0]
	}
	var u uint64
	for shift := 0; r.pos < len(r.row) && shift < 63; shift += 7 {
		b := r.row[r.pos]
		r.pos++
		u |= uint64(b&0x7F) << shift
		if b < 0x80 {
			return int64(u>>1 ^ -(u & 1)), scale, true
		}
	}
	r.pos = start
	return 0, 0, false
}

func (r *fieldReader) uvarint() uint64 {
	if r.pos < len(r.row) && r.row[r.pos] < 0x80 {
		r.pos++
		return uint64(r.row[r.pos-1])
	}
	return r.uvarintLong()
}

func (r *fieldReader) uvarintLong() uint64 {
	var v uint64
	for shift := 0; r.pos < len(r.row) && shift < 64; shift += 7 {
		b := r.row[r.pos]
		r.pos++
		if shift == 63 && b > 1 {
			break
		}
		v |= uint64(b&0x7F) << shift
		if b < 0x80 {
			return v
		}
	}
	r.bad = true
	return 0
}
