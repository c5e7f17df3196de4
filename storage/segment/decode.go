package segment

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"sync"
	"unsafe"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/format"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

// decompressor is shared: DecodeAll may be called concurrently.
var decompressor = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxMemory(4<<30))
})

// ratioMost is more than zstd can compress: a block of 128 KiB takes 4 bytes at least.
const ratioMost = 1 << 16

// scratch is the memory of a decoder that nothing it hands out refers to.
type scratch struct {
	raw []byte
	i64 []int64
	i32 []int32
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// payload checks a page, which begins at off in the object and fills b, and returns what it holds, decompressed into buf if
// that is large enough.
func (r *Reader) payload(off int64, b, buf []byte) (h pageHeader, raw []byte, err error) {
	h, n, ok := parseHeader(b)
	if !ok || h.size != len(b)-n {
		return h, nil, r.corrupt(off, "the header of a page cannot be read")
	}
	b = b[n:]
	if pageSum(b) != h.sum {
		return h, nil, r.corrupt(off, "the checksum of a page does not match")
	}
	var frame zstd.Header
	if err := frame.Decode(b); err != nil || !frame.HasFCS || frame.FrameContentSize != uint64(h.raw) || h.raw > ratioMost*len(b) {
		return h, nil, r.corrupt(off, "a page has another size than its header says")
	}
	z, err := decompressor()
	if err != nil {
		return h, nil, err
	}
	if cap(buf) <= h.raw {
		buf = make([]byte, 0, h.raw+1)
	}
	raw, err = z.DecodeAll(b, buf[:0:h.raw+1])
	if err != nil || len(raw) != h.raw {
		return h, nil, r.corrupt(off, fmt.Sprintf("a page cannot be decompressed: %v", err))
	}
	return h, raw, nil
}

// present says which rows of a page have a value.
type present struct {
	bits   []byte // one a row; nil: all are alike
	values int    // how many there are
	rows   int
}

func (p *present) get(i int) bool { return p.bits[i>>3]&(1<<(i&7)) != 0 }

// before counts the values before row i.
func (p *present) before(i int) (n int) {
	if p.bits == nil {
		return min(i, p.values)
	}
	for k := range i >> 3 {
		n += bits.OnesCount8(p.bits[k])
	}
	if i&7 != 0 {
		n += bits.OnesCount8(p.bits[i>>3] << (8 - i&7))
	}
	return n
}

// parseLevels reads what appendLevels wrote at the start of b.
func parseLevels(b []byte, rows int) (p present, rest []byte, ok bool) {
	p.rows = rows
	if len(b) < 4 {
		return p, nil, false
	}
	size := uint64(le.Uint32(b))
	if size > uint64(len(b)-4) {
		return p, nil, false
	}
	b, rest = b[4:4+size], b[4+size:]
	run, n := binary.Uvarint(b)
	if n <= 0 {
		return p, nil, false
	}
	b = b[n:]
	if run&1 == 0 {
		if run>>1 != uint64(rows) || len(b) != 1 || b[0] > 1 {
			return p, nil, false
		}
		p.values = rows * int(b[0])
		return p, rest, true
	}
	if run>>1 != uint64(rows+7)/8 || len(b) != (rows+7)/8 {
		return p, nil, false
	}
	p.bits = b
	p.values = p.before(rows)
	return p, rest, true
}

// decodePage sets rows [at, at+n) of out, which has the kind of the column, to rows [from, from+n) of page i, whose bytes are b.
func (r *Reader) decodePage(c *column, i int, b []byte, dict []string, out *vec.Vector, at, from, n int) (err error) {
	off := r.placeOf(c, i)
	defer r.guard(off, &err)
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	var h pageHeader
	var raw []byte
	if c.kind.text() { // which aliases it, unless it is read by a dictionary
		h, raw, err = r.payload(off, b, nil)
	} else {
		h, raw, err = r.payload(off, b, s.raw)
		s.raw = raw
	}
	if err != nil {
		return err
	}
	_, rows := r.PageRows(i)
	if h.dictionary || h.values != rows {
		return r.corrupt(off, "a page has other rows than the page index says")
	}
	p, ok := present{values: rows, rows: rows}, true
	if c.optional {
		if p, raw, ok = parseLevels(raw, rows); !ok {
			return r.corrupt(off, "the NULLs of a page cannot be read")
		}
	}
	for k := 0; k < n && p.values < rows; k++ {
		if p.bits == nil || !p.get(from+k) {
			out.SetNull(at + k)
		}
	}
	if !s.values(c.kind, h.encoding, raw, dict, &p, out, at, from, n) {
		return r.corrupt(off, "the values of a page cannot be read")
	}
	return nil
}

func (r *Reader) placeOf(c *column, i int) int64 {
	if ps, err := c.pages(); err == nil {
		return ps[i].off
	}
	return 0
}

// values decodes the values of a page into rows [at, at+n) of out; ok is false when they are damaged.
func (s *scratch) values(k kind, e format.Encoding, b []byte, dict []string, p *present, out *vec.Vector, at, from, n int) (ok bool) {
	switch {
	case k.text():
		return s.texts(e, b, dict, p, out.Str[at:at+n], from)
	case k.class == base.Float:
		if e != format.Plain || len(b) != 8*p.values {
			return false
		}
		spread(p, out.F64[at:at+n], from, func(i int) float64 { return base.FromBits(base.Float, le.Uint64(b[8*i:])).Float() })
		return true
	case k.wide():
		if e != format.Plain || len(b) != 16*p.values {
			return false
		}
		spread(p, out.Dec[at:at+n], from, func(i int) base.Int128 { return wideAt(b[16*i:]) })
		return true
	}
	if e != format.DeltaBinaryPacked || deltaCount(b) != p.values {
		return false
	}
	if k.class == base.Date {
		vals, err := (&delta.BinaryPackedEncoding{}).DecodeInt32(s.i32, b)
		if s.i32 = vals; err != nil || len(vals) != p.values {
			return false
		}
		spread(p, out.I64[at:at+n], from, func(i int) int64 { return int64(vals[i]) })
		return true
	}
	vals, err := (&delta.BinaryPackedEncoding{}).DecodeInt64(s.i64, b)
	if s.i64 = vals; err != nil || len(vals) != p.values {
		return false
	}
	switch {
	case k.class == base.Decimal:
		spread(p, out.Dec[at:at+n], from, func(i int) base.Int128 { return base.Int128From(vals[i]) })
	case p.values == p.rows:
		copy(out.I64[at:at+n], vals[from:])
	default:
		spread(p, out.I64[at:at+n], from, func(i int) int64 { return vals[i] })
	}
	return true
}

// spread sets dst to the rows of a page from row from, those that have a value; value(i) is the page's i-th value.
func spread[T any](p *present, dst []T, from int, value func(i int) T) {
	k := p.before(from)
	switch {
	case p.values == p.rows:
		for i := range dst {
			dst[i] = value(k + i)
		}
	case p.values > 0:
		for i := range dst {
			if p.get(from + i) {
				dst[i] = value(k)
				k++
			}
		}
	}
}

// deltaCount is how many values a DELTA_BINARY_PACKED block claims to hold, -1 none.
func deltaCount(b []byte) int {
	for range 2 {
		_, n := binary.Uvarint(b)
		if n <= 0 {
			return -1
		}
		b = b[n:]
	}
	v, n := binary.Uvarint(b)
	if n <= 0 || v > 1<<31 {
		return -1
	}
	return int(v)
}

func (s *scratch) texts(e format.Encoding, b []byte, dict []string, p *present, dst []string, from int) bool {
	switch e {
	case format.Plain:
		all := dst
		direct := len(dst) == p.rows && p.values == p.rows
		if !direct {
			all = make([]string, p.values)
		}
		if !plainTexts(b, all) {
			return false
		}
		if !direct {
			spread(p, dst, from, func(i int) string { return all[i] })
		}
		return true
	case format.RLEDictionary:
		if len(b) == 0 || b[0] > 31 {
			return false
		}
		if cap(s.i32) < p.values {
			s.i32 = make([]int32, p.values)
		}
		s.i32 = s.i32[:p.values]
		if !parseRuns(b[1:], uint(b[0]), s.i32) {
			return false
		}
		for _, i := range s.i32 {
			if int(i) >= len(dict) {
				return false
			}
		}
		spread(p, dst, from, func(i int) string { return dict[s.i32[i]] })
		return true
	}
	return false
}

// plainTexts reads exactly len(dst) texts, which alias b.
func plainTexts(b []byte, dst []string) bool {
	for i := range dst {
		if len(b) < 4 {
			return false
		}
		n := uint64(le.Uint32(b))
		if b = b[4:]; n > uint64(len(b)) {
			return false
		}
		dst[i] = unsafe.String(unsafe.SliceData(b), n)
		b = b[n:]
	}
	return len(b) == 0
}

// parseRuns reads numbers of width bits in Parquet's hybrid of runs and bit packing.
func parseRuns(b []byte, width uint, dst []int32) bool {
	for len(dst) > 0 {
		run, n := binary.Uvarint(b)
		if n <= 0 {
			return false
		}
		b = b[n:]
		if run&1 == 0 {
			size := int(width+7) / 8
			if len(b) < size || run == 0 || run>>1 > uint64(len(dst)) {
				return false
			}
			var v int32
			for i := range size {
				v |= int32(b[i]) << (8 * i)
			}
			b = b[size:]
			for i := range dst[:run>>1] {
				dst[i] = v
			}
			dst = dst[run>>1:]
			continue
		}
		groups := run >> 1
		if groups == 0 || groups*uint64(width) > uint64(len(b)) || groups > uint64(len(dst)+7)/8 {
			return false
		}
		m := min(len(dst), int(groups)*8)
		unpack(b[:groups*uint64(width)], width, dst[:m])
		b, dst = b[groups*uint64(width):], dst[m:]
	}
	return true
}

// unpack reads numbers of width bits, the lowest bit first.
func unpack(b []byte, width uint, dst []int32) {
	var acc uint64
	var have uint
	mask := uint64(1)<<width - 1
	for i := range dst {
		for have < width {
			acc |= uint64(b[0]) << have
			b = b[1:]
			have += 8
		}
		dst[i] = int32(acc & mask)
		acc >>= width
		have -= width
	}
}

// decodeKeys returns the keys of a page.
func (r *Reader) decodeKeys(i int, b []byte) (keys []string, err error) {
	off := r.placeOf(&r.columns[0], i)
	defer r.guard(off, &err)
	h, raw, err := r.payload(off, b, nil)
	if err != nil {
		return nil, err
	}
	_, rows := r.PageRows(i)
	if h.dictionary || h.values != rows || h.encoding != format.DeltaByteArray || deltaCount(raw) != rows {
		return nil, r.corrupt(off, "a page has other rows than the page index says")
	}
	joined, ends, err := (&delta.ByteArrayEncoding{}).DecodeByteArray(nil, raw, nil)
	if err != nil || len(ends) != rows+1 {
		return nil, r.corrupt(off, fmt.Sprintf("the keys of a page cannot be read: %v", err))
	}
	all := unsafe.String(unsafe.SliceData(joined), len(joined))
	keys = make([]string, rows)
	for k := range keys {
		keys[k] = all[ends[k]:ends[k+1]]
	}
	return keys, nil
}

// decodeDict returns the values of a dictionary, whose page begins at off and fills b.
func (r *Reader) decodeDict(off int64, b []byte) (values []string, err error) {
	h, raw, err := r.payload(off, b, nil)
	if err != nil {
		return nil, err
	}
	if !h.dictionary || h.encoding != format.Plain || h.values > len(raw)/4 {
		return nil, r.corrupt(off, "a dictionary was expected")
	}
	values = make([]string, h.values)
	if !plainTexts(raw, values) {
		return nil, r.corrupt(off, "a dictionary cannot be read")
	}
	return values, nil
}
