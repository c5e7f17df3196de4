package fts

import (
	"math/bits"

	"github.com/s3sql/s3sql/storage/invert"
)

// windowDocs is how many documents are looked at together. Lengths are packed by as many.
const windowDocs = invert.LengthDocs

// bitmap is a set of documents of a window.
type bitmap [windowDocs / 64]uint64

func (b *bitmap) set(i uint32)      { b[i/64] |= 1 << (i % 64) }
func (b *bitmap) has(i uint32) bool { return b[i/64]&(1<<(i%64)) != 0 }

func (b *bitmap) and(o *bitmap) {
	for i := range b {
		b[i] &= o[i]
	}
}

func (b *bitmap) or(o *bitmap) {
	for i := range b {
		b[i] |= o[i]
	}
}

func (b *bitmap) minus(o *bitmap) {
	for i := range b {
		b[i] &^= o[i]
	}
}

// andNot takes out the documents of a set of all documents, of which the window begins at base.
func (b *bitmap) andNot(all []uint64, base uint32) {
	if from := int(base / 64); from < len(all) {
		for i, w := range all[from:min(len(all), from+len(b))] {
			b[i] &^= w
		}
	}
}

func (b *bitmap) empty() bool {
	var any uint64
	for _, w := range b {
		any |= w
	}
	return any == 0
}

func (b *bitmap) count() (n int) {
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// each calls fn with the documents of the set, ascending.
func (b *bitmap) each(fn func(i uint32)) { eachBit(b[:], fn) }

func eachBit(words []uint64, fn func(i uint32)) {
	for i, w := range words {
		for ; w != 0; w &= w - 1 {
			fn(uint32(i*64 + bits.TrailingZeros64(w)))
		}
	}
}

func countBits(words []uint64) (n int) {
	for _, w := range words {
		n += bits.OnesCount64(w)
	}
	return n
}
