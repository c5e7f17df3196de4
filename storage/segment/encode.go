package segment

import (
	"encoding/binary"
	"math/bits"
	"sync"
	"unsafe"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/bloom/xxhash"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/format"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

// compressor is shared: EncodeAll may be called concurrently. A single segment makes every frame say its size, and a
// checksum would double that of the page.
var compressor = sync.OnceValues(func() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1<<20),
		zstd.WithSingleSegment(true), zstd.WithEncoderCRC(false))
})

// A dictionary is kept up to this many entries and bytes; values that come after are written plain.
const (
	dictEntries = 1 << 14
	dictBytes   = 128 << 10
	// dictShare is how many rows per distinct value the first page of a row group has to have for a dictionary.
	dictShare = 4
)

// dictionary collects the distinct values of a text column in one row group.
type dictionary struct {
	at   map[string]int32
	page []byte // the plain encoding of the values, in order
}

// pageEncoder turns the rows of one column into pages. Its buffers are used again for every page.
type pageEncoder struct {
	raw, packed []byte
	i64         []int64
	i32         []int32
}

// levels appends the definition levels of n rows: one run when all are alike, one bit a row otherwise.
func appendLevels(b []byte, nulls vec.Bitmap, from, n, nullCount int) []byte {
	at := len(b)
	b = append(b, 0, 0, 0, 0)
	switch nullCount {
	case 0, n:
		b = binary.AppendUvarint(b, uint64(n)<<1)
		if nullCount == 0 {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
	default:
		groups := (n + 7) / 8
		b = binary.AppendUvarint(b, uint64(groups)<<1|1)
		for g := range groups {
			var set byte
			for i := g * 8; i < min(n, g*8+8); i++ {
				if !nulls.Get(from + i) {
					set |= 1 << (i & 7)
				}
			}
			b = append(b, set)
		}
	}
	le.PutUint32(b[at:], uint32(len(b)-at-4))
	return b
}

// numbers encodes a column that is not a text and adds its values to the sketch.
func (e *pageEncoder) numbers(b []byte, k kind, v *vec.Vector, from, n int, s *Sketch) ([]byte, format.Encoding, error) {
	switch {
	case k.class == base.Float:
		for i := from; i < from+n; i++ {
			if !v.IsNull(i) {
				u := base.NewFloat(v.F64[i]).Bits()
				s.add(mix(u))
				b = le.AppendUint64(b, u)
			}
		}
		return b, format.Plain, nil
	case k.wide():
		for i := from; i < from+n; i++ {
			if !v.IsNull(i) {
				s.add(mix(mix(uint64(v.Dec[i].Hi)) ^ v.Dec[i].Lo))
				b = appendWide(b, v.Dec[i])
			}
		}
		return b, format.Plain, nil
	}
	src, err := e.integers(k, v, from, n)
	if err != nil {
		return b, 0, err
	}
	for _, x := range src {
		s.add(mix(uint64(x)))
	}
	if k.class == base.Date {
		e.i32 = e.i32[:0]
		for _, x := range src {
			if int64(int32(x)) != x {
				return b, 0, base.Errorf(base.CodeCorrupt, "a DATE of %d days does not fit a segment", x)
			}
			e.i32 = append(e.i32, int32(x))
		}
		e.packed, err = (&delta.BinaryPackedEncoding{}).EncodeInt32(e.packed, e.i32)
	} else {
		e.packed, err = (&delta.BinaryPackedEncoding{}).EncodeInt64(e.packed, src)
	}
	return append(b, e.packed...), format.DeltaBinaryPacked, err
}

// integers returns the values that are not NULL as 64 bits each, perhaps aliasing v.
func (e *pageEncoder) integers(k kind, v *vec.Vector, from, n int) ([]int64, error) {
	if v.Class == base.Null {
		return nil, nil
	}
	if k.class != base.Decimal && v.Nulls == nil {
		return v.I64[from : from+n], nil
	}
	e.i64 = e.i64[:0]
	for i := from; i < from+n; i++ {
		switch {
		case v.Nulls.Get(i):
		case k.class != base.Decimal:
			e.i64 = append(e.i64, v.I64[i])
		default:
			x, ok := v.Dec[i].Int64()
			if !ok {
				return nil, base.Errorf(base.CodeCorrupt, "a DECIMAL does not fit its precision of %d digits", k.precision)
			}
			e.i64 = append(e.i64, x)
		}
	}
	return e.i64, nil
}

// plainText encodes a text column with lengths and bytes in turn.
func plainText(b []byte, v *vec.Vector, from, n int, s *Sketch) []byte {
	for i := from; i < from+n; i++ {
		if !v.IsNull(i) {
			s.add(hashText(v.Str[i]))
			b = append(le.AppendUint32(b, uint32(len(v.Str[i]))), v.Str[i]...)
		}
	}
	return b
}

// indexed encodes a text column by the dictionary, which takes in values that are new; ok is false when it is full.
func (e *pageEncoder) indexed(b []byte, d *dictionary, v *vec.Vector, from, n int, s *Sketch) (_ []byte, ok bool, err error) {
	e.i32 = e.i32[:0]
	for i := from; i < from+n; i++ {
		if v.IsNull(i) {
			continue
		}
		x := v.Str[i]
		at, ok := d.at[x]
		if !ok {
			if len(d.at) >= dictEntries || len(d.page)+len(x) > dictBytes {
				return b, false, nil
			}
			at = int32(len(d.at))
			d.at[x] = at
			d.page = append(le.AppendUint32(d.page, uint32(len(x))), x...)
			s.add(hashText(x))
		}
		e.i32 = append(e.i32, at)
	}
	width := bits.Len(uint(max(len(d.at), 2) - 1))
	e.packed, err = (&rle.Encoding{BitWidth: width}).EncodeInt32(e.packed, e.i32)
	return append(append(b, byte(width)), e.packed...), true, err
}

// keys encodes ascending keys, of which each shares a prefix with the one before.
func (e *pageEncoder) keys(b []byte, keys []string) ([]byte, error) {
	total := 0
	for _, k := range keys {
		total += len(k)
	}
	joined := make([]byte, 0, total)
	ends := make([]uint32, 1, len(keys)+1)
	for _, k := range keys {
		joined = append(joined, k...)
		ends = append(ends, uint32(len(joined)))
	}
	var err error
	e.packed, err = (&delta.ByteArrayEncoding{}).EncodeByteArray(e.packed, joined, ends)
	return append(b, e.packed...), err
}

func hashText(s string) uint64 {
	return xxhash.Sum64(unsafe.Slice(unsafe.StringData(s), len(s)))
}

// appendWide appends v as 16 bytes, big-endian.
func appendWide(b []byte, v base.Int128) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, uint64(v.Hi)), v.Lo)
}

func wideAt(b []byte) base.Int128 {
	return base.Int128{Hi: int64(binary.BigEndian.Uint64(b)), Lo: binary.BigEndian.Uint64(b[8:])}
}
