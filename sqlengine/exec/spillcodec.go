package exec

import (
	"encoding/binary"
	"math"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

// A block is the number of its rows and of its columns, and then the columns: class, scale, whether a bitmap of NULLs follows,
// the bitmap, and the values, of a fixed length or, of text, with their length before them. Blocks live as long as an
// execution, so that they have no version.

// appendBlock appends rows of cols.
func appendBlock(dst []byte, cols []*vec.Vector, rows []int32) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(rows)))
	dst = binary.AppendUvarint(dst, uint64(len(cols)))
	for _, v := range cols {
		dst = appendBlockColumn(dst, v, rows)
	}
	return dst
}

func appendBlockColumn(dst []byte, v *vec.Vector, rows []int32) []byte {
	if v.Len == 0 { // nobody asked for the column
		v = &vec.Vector{}
	}
	nulls := byte(0)
	if v.Nulls != nil {
		nulls = 1
	}
	dst = append(dst, byte(v.Class), v.Scale, nulls)
	if nulls == 1 {
		at := len(dst)
		dst = append(dst, make([]byte, (len(rows)+7)/8)...)
		for k, i := range rows {
			if v.Nulls.Get(int(i)) {
				dst[at+k/8] |= 1 << (k % 8)
			}
		}
	}
	switch v.Class {
	case base.Null:
	case base.Float:
		for _, i := range rows {
			dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.F64[i]))
		}
	case base.Decimal:
		for _, i := range rows {
			dst = binary.LittleEndian.AppendUint64(dst, v.Dec[i].Lo)
			dst = binary.LittleEndian.AppendUint64(dst, uint64(v.Dec[i].Hi))
		}
	case base.String, base.Bytes, base.JSON:
		for _, i := range rows {
			s := v.Str[i]
			if nulls == 1 && v.Nulls.Get(int(i)) {
				s = ""
			}
			dst = append(binary.AppendUvarint(dst, uint64(len(s))), s...)
		}
	default:
		for _, i := range rows {
			dst = binary.LittleEndian.AppendUint64(dst, uint64(v.I64[i]))
		}
	}
	return dst
}

// blockReader reads a block; after what is not one it is bad.
type blockReader struct {
	b   []byte
	bad bool
}

func (r *blockReader) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.b) {
		r.bad = true
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *blockReader) uvarint(most int) int {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > uint64(most) {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return int(v)
}

// decodeBlock returns the columns of a block.
func decodeBlock(b []byte) ([]*vec.Vector, bool) {
	r := blockReader{b: b}
	rows := r.uvarint(math.MaxInt32)
	n := r.uvarint(math.MaxInt16)
	cols := make([]*vec.Vector, 0, n)
	for range n {
		head := r.take(3)
		if r.bad {
			return nil, false
		}
		v := &vec.Vector{Class: base.Class(head[0]), Scale: head[1]}
		var nulls []byte
		if head[2] == 1 {
			nulls = r.take((rows + 7) / 8)
		}
		if r.values(v, rows); r.bad {
			return nil, false
		}
		if nulls != nil {
			v.Nulls = vec.NewBitmap(rows)
			for k := range rows {
				if nulls[k/8]&(1<<(k%8)) != 0 {
					v.Nulls.Set(k)
				}
			}
		}
		cols = append(cols, v)
	}
	return cols, !r.bad && len(r.b) == 0
}

// values reads the values of a column.
func (r *blockReader) values(v *vec.Vector, rows int) {
	width := 8
	switch v.Class {
	case base.Null:
		v.Len = rows
		return
	case base.Decimal:
		width = 16
	case base.String, base.Bytes, base.JSON:
		width = 1
	}
	if rows*width > len(r.b) {
		r.bad = true
		return
	}
	v.Resize(rows)
	switch v.Class {
	case base.Float:
		b := r.take(8 * rows)
		for k := range v.F64 {
			v.F64[k] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*k:]))
		}
	case base.Decimal:
		b := r.take(16 * rows)
		for k := range v.Dec {
			v.Dec[k] = base.Int128{Lo: binary.LittleEndian.Uint64(b[16*k:]), Hi: int64(binary.LittleEndian.Uint64(b[16*k+8:]))}
		}
	case base.String, base.Bytes, base.JSON:
		for k := range v.Str {
			if b := r.take(r.uvarint(math.MaxInt32)); len(b) > 0 {
				v.Str[k] = string(b)
			}
		}
	default:
		b := r.take(8 * rows)
		for k := range v.I64 {
			v.I64[k] = int64(binary.LittleEndian.Uint64(b[8*k:]))
		}
	}
}
