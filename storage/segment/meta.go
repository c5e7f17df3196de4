package segment

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/s3sql/s3sql/internal/base"
)

// Meta is what the database keeps of a segment beside its object.
type Meta struct {
	ID          ID
	Level       int
	Rows        int
	Bytes       int64  // of the object
	RawBytes    int64  // keys and encoded rows
	Tail        int64  // bytes at the end of the object that hold page index and footer
	Bloom       int64  // bytes before the tail that hold the bloom filters; 0: none
	TailSum     uint32 // CRC-32C of the tail
	BloomSum    uint32 // CRC-32C of the bloom filters
	First, Last string // keys
	SHA256      [32]byte
	Columns     []ColumnStats // by ascending id; none when rows are kept as they are
	Texts       []TextFile    // of full-text indexes; one of an index may be missing
}

// TextFile describes the inverted file of a segment and a full-text index: document n is row n.
type TextFile struct {
	Index  uint32 // id
	ID     ID     // of the object
	Bytes  int64  // of the object
	Tail   int64  // bytes at its end that are read first
	SHA256 [32]byte
}

// ColumnStats summarises a column of a segment.
type ColumnStats struct {
	ID       uint32
	Nulls    int
	Min, Max base.Value // bounds, of texts the first 32 bytes (Max rounded up); NULL: unknown, or every row is NULL
	Distinct Sketch
}

// Field numbers; docs/format/segment.md.
const (
	metaID       = 1
	metaLevel    = 2
	metaRows     = 3
	metaBytes    = 4
	metaRawBytes = 5
	metaTail     = 6
	metaBloom    = 7
	metaTailSum  = 8
	metaBloomSum = 9
	metaFirst    = 10
	metaLast     = 11
	metaSHA256   = 12
	metaColumn   = 13
	metaText     = 14

	metaTextIndex  = 1
	metaTextID     = 2
	metaTextBytes  = 3
	metaTextTail   = 4
	metaTextSHA256 = 5

	statsID       = 1
	statsNulls    = 2
	statsMin      = 3
	statsMax      = 4
	statsDistinct = 5
)

// AppendMeta appends the encoding of m, which carries neither version nor checksum: its container does.
//
// Source: docs/format/segment.md.
func AppendMeta(dst []byte, m *Meta) []byte {
	dst = appendBytes(dst, metaID, m.ID[:])
	for _, f := range []struct {
		num protowire.Number
		v   uint64
	}{{metaLevel, uint64(m.Level)}, {metaRows, uint64(m.Rows)}, {metaBytes, uint64(m.Bytes)}, {metaRawBytes, uint64(m.RawBytes)},
		{metaTail, uint64(m.Tail)}, {metaBloom, uint64(m.Bloom)}, {metaTailSum, uint64(m.TailSum)}, {metaBloomSum, uint64(m.BloomSum)}} {
		dst = protowire.AppendVarint(protowire.AppendTag(dst, f.num, protowire.VarintType), f.v)
	}
	dst = protowire.AppendString(protowire.AppendTag(dst, metaFirst, protowire.BytesType), m.First)
	dst = protowire.AppendString(protowire.AppendTag(dst, metaLast, protowire.BytesType), m.Last)
	dst = appendBytes(dst, metaSHA256, m.SHA256[:])
	var buf, field []byte
	for i := range m.Columns {
		c := &m.Columns[i]
		buf = protowire.AppendVarint(protowire.AppendTag(buf[:0], statsID, protowire.VarintType), uint64(c.ID))
		buf = protowire.AppendVarint(protowire.AppendTag(buf, statsNulls, protowire.VarintType), uint64(c.Nulls))
		for k, v := range []base.Value{c.Min, c.Max} {
			if !v.IsNull() {
				field = base.AppendField(field[:0], 0, v)
				buf = appendBytes(buf, protowire.Number(statsMin+k), field)
			}
		}
		buf = appendBytes(buf, statsDistinct, c.Distinct[:])
		dst = appendBytes(dst, metaColumn, buf)
	}
	for i := range m.Texts {
		dst = appendBytes(dst, metaText, AppendTextFile(nil, &m.Texts[i]))
	}
	return dst
}

// AppendTextFile appends the encoding of a description.
func AppendTextFile(dst []byte, f *TextFile) []byte {
	dst = protowire.AppendVarint(protowire.AppendTag(dst, metaTextIndex, protowire.VarintType), uint64(f.Index))
	dst = appendBytes(dst, metaTextID, f.ID[:])
	dst = protowire.AppendVarint(protowire.AppendTag(dst, metaTextBytes, protowire.VarintType), uint64(f.Bytes))
	dst = protowire.AppendVarint(protowire.AppendTag(dst, metaTextTail, protowire.VarintType), uint64(f.Tail))
	return appendBytes(dst, metaTextSHA256, f.SHA256[:])
}

// DecodeTextFile reads what AppendTextFile wrote.
//
// Errors: Corrupt.
func DecodeTextFile(b []byte) (TextFile, error) {
	var d metaReader
	f := d.text(b)
	return f, d.err
}

func (d *metaReader) text(b []byte) (f TextFile) {
	d.fields(b, func(num protowire.Number, v uint64, data []byte) {
		switch num {
		case metaTextIndex:
			f.Index = uint32(d.number(v, math.MaxUint32))
		case metaTextID:
			d.exact(f.ID[:], data)
		case metaTextBytes:
			f.Bytes = d.number(v, math.MaxInt64)
		case metaTextTail:
			f.Tail = d.number(v, math.MaxInt64)
		case metaTextSHA256:
			d.exact(f.SHA256[:], data)
		}
	})
	return f
}

func appendBytes(dst []byte, num protowire.Number, b []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(dst, num, protowire.BytesType), b)
}

// metaReader walks an encoded Meta and remembers the first damage.
type metaReader struct{ err error }

func (d *metaReader) fail(what string) {
	if d.err == nil {
		d.err = base.Errorf(base.CodeCorrupt, "the description of a segment is damaged: %s", what)
	}
}

// DecodeMeta reads what AppendMeta wrote; fields of later versions are skipped. The result keeps no reference to b.
//
// Errors: Corrupt (it names no object: the container does).
func DecodeMeta(b []byte) (Meta, error) {
	var m Meta
	var d metaReader
	ids := 0
	d.fields(b, func(num protowire.Number, v uint64, data []byte) {
		switch num {
		case metaID:
			ids += d.exact(m.ID[:], data)
		case metaLevel:
			m.Level = int(d.number(v, math.MaxInt32))
		case metaRows:
			m.Rows = int(d.number(v, math.MaxInt64))
		case metaBytes:
			m.Bytes = d.number(v, math.MaxInt64)
		case metaRawBytes:
			m.RawBytes = d.number(v, math.MaxInt64)
		case metaTail:
			m.Tail = d.number(v, math.MaxInt64)
		case metaBloom:
			m.Bloom = d.number(v, math.MaxInt64)
		case metaTailSum:
			m.TailSum = uint32(d.number(v, math.MaxUint32))
		case metaBloomSum:
			m.BloomSum = uint32(d.number(v, math.MaxUint32))
		case metaFirst:
			m.First = string(data)
		case metaLast:
			m.Last = string(data)
		case metaSHA256:
			d.exact(m.SHA256[:], data)
		case metaColumn:
			c := d.column(data)
			if n := len(m.Columns); n > 0 && m.Columns[n-1].ID >= c.ID {
				d.fail("columns are out of order")
			}
			m.Columns = append(m.Columns, c)
		case metaText:
			m.Texts = append(m.Texts, d.text(data))
		}
	})
	d.check(&m, ids)
	return m, d.err
}

func (d *metaReader) check(m *Meta, ids int) {
	switch {
	case ids == 0:
		d.fail("it has no id")
	case m.Tail > m.Bytes || m.Bloom > m.Bytes-m.Tail:
		d.fail("its parts are larger than the object")
	case m.First > m.Last:
		d.fail("its last key is before its first")
	}
}

func (d *metaReader) fields(b []byte, fn func(num protowire.Number, v uint64, data []byte)) {
	for len(b) > 0 && d.err == nil {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			d.fail("no field tag")
			return
		}
		var v uint64
		var data []byte
		b = b[n:]
		switch typ {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			data, n = protowire.ConsumeBytes(b)
		default:
			d.fail("a field of an unknown kind")
			return
		}
		if n < 0 {
			d.fail("a field is cut off")
			return
		}
		b = b[n:]
		fn(num, v, data)
	}
}

func (d *metaReader) exact(dst, src []byte) int {
	if len(src) != len(dst) {
		d.fail("a field has the wrong size")
	}
	return copy(dst, src)
}

func (d *metaReader) number(v uint64, most int64) int64 {
	if v > uint64(most) {
		d.fail("a number is too large")
	}
	return int64(v)
}

func (d *metaReader) column(b []byte) (c ColumnStats) {
	d.fields(b, func(num protowire.Number, v uint64, data []byte) {
		switch num {
		case statsID:
			c.ID = uint32(d.number(v, math.MaxUint32))
		case statsNulls:
			c.Nulls = int(d.number(v, math.MaxInt64))
		case statsMin:
			c.Min = d.value(data)
		case statsMax:
			c.Max = d.value(data)
		case statsDistinct:
			d.exact(c.Distinct[:], data)
		}
	})
	return c
}

func (d *metaReader) value(b []byte) base.Value {
	r := base.NewRowReader(string(b))
	_, v, ok := r.Next()
	if _, _, more := r.Next(); !ok || more || r.Err() != nil {
		d.fail("a bound is damaged")
	}
	return v
}

var le = binary.LittleEndian
