package segment

import (
	"encoding/binary"
	"hash/crc32"
	"math"

	"github.com/parquet-go/parquet-go/format"
)

// pageHeader is what a page's header says. It is written in one form only (Thrift's compact protocol, the fields in order), so
// that the reader can take every other byte for damage: the checksum does not cover the header.
type pageHeader struct {
	dictionary bool
	raw, size  int // bytes of the page, before and after compression
	sum        uint32
	values     int // rows of a data page, entries of a dictionary
	encoding   format.Encoding
}

const (
	thriftI32    = 0x15 // field id one above the last, type i32
	thriftStruct = 0x1C
	headerBytes  = 48 // room for any header
)

func appendI32(b []byte, v int) []byte {
	return binary.AppendVarint(append(b, thriftI32), int64(v))
}

func appendHeader(b []byte, h pageHeader) []byte {
	kind, field := format.DataPage, byte(thriftStruct)
	if h.dictionary {
		kind, field = format.DictionaryPage, thriftStruct+0x20 // field 7 in place of 5
	}
	b = appendI32(b, int(kind))
	b = appendI32(b, h.raw)
	b = appendI32(b, h.size)
	b = appendI32(b, int(int32(h.sum)))
	b = append(b, field)
	b = appendI32(b, h.values)
	b = appendI32(b, int(h.encoding))
	if !h.dictionary {
		b = appendI32(b, int(format.RLE)) // definition levels
		b = appendI32(b, int(format.RLE)) // repetition levels, of which there are none
	}
	return append(b, 0, 0)
}

// parseHeader reads the header at the start of b, n bytes long; ok is false for what appendHeader does not write.
func parseHeader(b []byte) (h pageHeader, n int, ok bool) {
	ok = true
	expect := func(c byte) {
		if ok = ok && n < len(b) && b[n] == c; ok {
			n++
		}
	}
	number := func() int {
		expect(thriftI32)
		if !ok {
			return 0
		}
		v, m := binary.Varint(b[n:])
		ok = m > 0 && v >= math.MinInt32 && v <= math.MaxInt32
		n += max(m, 0)
		return int(v)
	}
	kind := format.PageType(number())
	h.dictionary = kind == format.DictionaryPage
	h.raw, h.size, h.sum = number(), number(), uint32(number())
	if h.dictionary {
		expect(thriftStruct + 0x20)
	} else {
		expect(thriftStruct)
	}
	h.values, h.encoding = number(), format.Encoding(number())
	if !h.dictionary {
		ok = number() == int(format.RLE) && ok
		ok = number() == int(format.RLE) && ok
	}
	expect(0)
	expect(0)
	return h, n, ok && (h.dictionary || kind == format.DataPage) && h.raw >= 0 && h.size >= 0 && h.values >= 0
}

func pageSum(b []byte) uint32 { return crc32.ChecksumIEEE(b) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)
