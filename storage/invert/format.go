package invert

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/bits"
)

// Sizes and marks of the format; docs/format/inverted.md.
const (
	magic       = "s3sqlINV"
	version     = 1
	headerBytes = 16
	footerBytes = 16 // length and checksum of the tail, magic

	// PageBytes is the unit in which a file is read and verified.
	PageBytes = 32 << 10
	// BlockDocs is how many postings are packed together.
	BlockDocs = 128
	// LengthDocs is how many lengths are packed together.
	LengthDocs = 4096

	dictBytes = 4 << 10 // of a dictionary block, at least

	// MaxTerm is the longest term, in bytes, that a file has.
	MaxTerm = 255
	// MaxFields is the number of fields that a file may have.
	MaxFields = 64
)

const flagPositions = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// key returns a term of a field as the dictionary orders it.
func key(field int, term string) string {
	b := make([]byte, 1+len(term))
	b[0] = byte(field)
	copy(b[1:], term)
	return string(b)
}

// packedBytes returns the size of BlockDocs numbers of some width.
func packedBytes(width int) int { return BlockDocs * width / 8 }

// pack appends BlockDocs numbers, each in width bits, the first in the lowest.
func pack(dst []byte, nums []uint32, width int) []byte {
	if width == 0 {
		return dst
	}
	var acc uint64
	have := 0
	for _, v := range nums {
		acc |= uint64(v) << have
		for have += width; have >= 8; have -= 8 {
			dst = append(dst, byte(acc))
			acc >>= 8
		}
	}
	return dst // BlockDocs times any width is whole bytes
}

// unpack reads what pack has written; b has at least packedBytes(width) bytes.
func unpack(nums *[BlockDocs]uint32, b []byte, width int) {
	switch width {
	case 0:
		clear(nums[:])
		return
	case 8:
		for i, c := range b[:BlockDocs] {
			nums[i] = uint32(c)
		}
		return
	}
	mask := uint64(1)<<width - 1
	bit := 0
	whole := BlockDocs // numbers that an eight-byte load can fetch
	for whole > 0 && (whole-1)*width/8+8 > len(b) {
		whole--
	}
	for i := range whole {
		nums[i] = uint32(binary.LittleEndian.Uint64(b[bit>>3:]) >> (bit & 7) & mask)
		bit += width
	}
	for i := whole; i < BlockDocs; i++ {
		var eight [8]byte
		copy(eight[:], b[bit>>3:])
		nums[i] = uint32(binary.LittleEndian.Uint64(eight[:]) >> (bit & 7) & mask)
		bit += width
	}
}

// widest returns the bits of the largest number.
func widest(nums []uint32) int {
	var or uint32
	for _, v := range nums {
		or |= v
	}
	return bits.Len32(or)
}

// lengthWidth returns the bytes in which each of some lengths is written.
func lengthWidth(lens []uint32) int {
	switch w := widest(lens); {
	case w == 0:
		return 0
	case w <= 8:
		return 1
	case w <= 16:
		return 2
	}
	return 4
}

// reader takes numbers and texts off a message. The first damage stays in bad, and everything after it is zero.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads a number of things of which most is the largest number that makes sense.
func (r *reader) count(most int) int {
	v := r.uvarint()
	if v > uint64(min(most, math.MaxInt32)) {
		r.bad = true
		return 0
	}
	return int(v)
}

func (r *reader) bytes(n int) []byte {
	if n > len(r.b) || n < 0 {
		r.bad, r.b = true, nil
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}
