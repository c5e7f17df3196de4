package base

import (
	"encoding/binary"
	"math"
)

// AppendField appends one field of an encoded row to dst. Append the columns in ascending order of id, each once; a
// column that is missing reads as its default, so a NULL has to be appended.
//
// Source: docs/format/row.md.
func AppendField(dst []byte, colID uint32, v Value) []byte {
	dst = binary.AppendUvarint(dst, uint64(colID)<<4|uint64(v.class))
	switch v.class {
	case Int, Date, Time, DateTime:
		return binary.AppendVarint(dst, v.Int())
	case Uint:
		return binary.AppendUvarint(dst, v.num)
	case Float:
		return binary.LittleEndian.AppendUint64(dst, v.num)
	case Decimal:
		return appendVarint128(append(dst, v.scale), Int128{Hi: v.hi, Lo: v.num})
	case String, Bytes, JSON:
		return append(binary.AppendUvarint(dst, uint64(len(v.str))), v.str...)
	default:
		return dst
	}
}

// appendVarint128 appends the zigzag form of v, seven bits a byte, lowest first.
func appendVarint128(dst []byte, v Int128) []byte {
	sign := uint64(v.Hi >> 63)
	hi, lo := uint64(v.Hi)<<1|v.Lo>>63, v.Lo<<1
	hi, lo = hi^sign, lo^sign
	for hi != 0 {
		dst = append(dst, byte(lo)|0x80)
		lo, hi = lo>>7|hi<<57, hi>>7
	}
	return binary.AppendUvarint(dst, lo)
}

// RowReader reads the fields of an encoded row one by one, without allocating. The zero RowReader is an empty row. For
// one goroutine.
type RowReader struct {
	row  string
	pos  int
	next uint64 // the lowest column id that may follow
	bad  bool
}

// NewRowReader returns a reader at the first field of row.
func NewRowReader(row string) RowReader { return RowReader{row: row} }

// Next returns the next field in ascending order of column id. ok is false at the end of the row and at the first damaged
// field: Err tells which. The text of a value aliases the row.
func (r *RowReader) Next() (colID uint32, v Value, ok bool) {
	if r.pos >= len(r.row) || r.bad {
		return 0, Value{}, false
	}
	start := r.pos
	tag := r.uvarint()
	id := tag >> 4
	if id < r.next || id > math.MaxUint32 {
		r.bad = true
	}
	v = r.payload(Class(tag & 15))
	if r.bad {
		r.pos = start
		return 0, Value{}, false
	}
	r.next = id + 1
	return uint32(id), v, true
}

// Err returns nil at the end of a sound row.
//
// Errors: CodeCorrupt, with the offset of the damaged field.
func (r *RowReader) Err() error {
	if !r.bad {
		return nil
	}
	return Errorf(CodeCorrupt, "encoded row of %d bytes is damaged in the field at offset %d", len(r.row), r.pos)
}

func (r *RowReader) payload(c Class) Value {
	switch c {
	case Null:
		return Value{}
	case Int, Date, Time, DateTime:
		u := r.uvarint()
		return Value{class: c, num: u>>1 ^ -(u & 1)}
	case Uint:
		return Value{class: c, num: r.uvarint()}
	case Float:
		if s := r.take(8); len(s) == 8 {
			return Value{class: c, num: uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
				uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56}
		}
		return Value{}
	case Decimal:
		scale := r.take(1)
		coef := r.varint128()
		if r.bad {
			return Value{}
		}
		return NewDecimal(coef, scale[0])
	case String, Bytes, JSON:
		return Value{class: c, str: r.take(r.uvarint())}
	}
	r.bad = true
	return Value{}
}

func (r *RowReader) take(n uint64) string {
	if n > uint64(len(r.row)-r.pos) {
		r.bad = true
		return ""
	}
	s := r.row[r.pos : r.pos+int(n)]
	r.pos += int(n)
	return s
}

func (r *RowReader) uvarint() uint64 {
	if r.pos < len(r.row) && r.row[r.pos] < 0x80 {
		r.pos++
		return uint64(r.row[r.pos-1])
	}
	return r.uvarintLong()
}

func (r *RowReader) uvarintLong() uint64 {
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

func (r *RowReader) varint128() Int128 {
	var lo, hi uint64
	for shift := uint(0); r.pos < len(r.row) && shift < 128; shift += 7 {
		b := r.row[r.pos]
		r.pos++
		if shift == 126 && b > 3 {
			break
		}
		part := uint64(b & 0x7F)
		if shift < 64 {
			lo |= part << shift
			hi |= part >> (64 - shift) // a shift by 64 gives 0
		} else {
			hi |= part << (shift - 64)
		}
		if b < 0x80 {
			sign := -(lo & 1)
			return Int128{Hi: int64(hi>>1 ^ sign), Lo: (lo>>1 | hi<<63) ^ sign}
		}
	}
	r.bad = true
	return Int128{}
}
