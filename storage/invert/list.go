package invert

import (
	"encoding/binary"
	"errors"
	"math"
	"sort"
)

// ErrDamaged says that a list does not have the form that the dictionary gives it.
var ErrDamaged = errors.New("an inverted list is damaged")

// List is the list of one term in one file. It is read-only and may be shared.
type List struct {
	N         int // documents
	docs      int // of the file
	skips     []skip
	body, pos []byte
}

// skip describes a full block.
type skip struct {
	last uint32 // document
	end  int    // of the block in body
	pos  int    // end of its positions in pos
}

// newList reads the skips of a list. b has the skips and blocks, pos the positions, or nothing.
func newList(n, docs int, b, pos []byte) (*List, error) {
	l := &List{N: n, docs: docs, pos: pos}
	r := reader{b: b}
	last, end, posEnd := int64(-1), 0, 0
	if full := n / BlockDocs; full > 0 {
		l.skips = make([]skip, full)
		for i := range l.skips {
			last += int64(r.count(math.MaxInt32))
			end += r.count(math.MaxInt32)
			posEnd += r.count(math.MaxInt32)
			if r.bad || last >= int64(docs) {
				return nil, ErrDamaged
			}
			l.skips[i] = skip{uint32(last), end, posEnd}
		}
	}
	if l.body = r.b; r.bad || end > len(l.body) || pos != nil && posEnd > len(pos) {
		return nil, ErrDamaged
	}
	return l, nil
}

// Cursor walks a list block by block. Its fields are valid until the next call of a method. It is for one goroutine.
type Cursor struct {
	// Docs are the documents of the block, ascending; Freqs how often each has the term.
	Docs, Freqs []uint32

	l      *List
	block  int // next
	at     int // in body, of the next block
	prev   int64
	posAt  int // in pos, of the positions of document posDoc of the current block
	posDoc int
	nums   [2][BlockDocs]uint32
	err    error
}

// Cursor returns a cursor before the first block.
func (l *List) Cursor() *Cursor { return &Cursor{l: l, prev: -1} }

// Err returns what has ended the cursor early: ErrDamaged or nil.
func (c *Cursor) Err() error { return c.err }

// Next moves to the next block and reports whether there is one.
func (c *Cursor) Next() bool {
	left := c.l.N - c.block*BlockDocs
	if left <= 0 || c.err != nil {
		return false
	}
	if c.posAt, c.posDoc = 0, 0; c.block > 0 {
		c.posAt = c.l.skips[c.block-1].pos
	}
	if left < BlockDocs {
		c.short(left)
	} else {
		c.full()
	}
	c.block++
	if c.err != nil {
		c.Docs, c.Freqs = nil, nil
		return false
	}
	return true
}

// SkipTo moves to the first block, among those that Next has not come to, that may have a document from doc on, and reports whether
// there is one.
func (c *Cursor) SkipTo(doc uint32) bool {
	s := c.l.skips
	if c.block < len(s) && s[c.block].last < doc {
		c.block += sort.Search(len(s)-c.block, func(i int) bool { return s[c.block+i].last >= doc })
		c.at, c.prev = s[c.block-1].end, int64(s[c.block-1].last)
	}
	return c.Next()
}

func (c *Cursor) full() {
	b := c.l.body[c.at:]
	if len(b) < 2 || b[0] > 32 || b[1] > 32 || len(b) < 2+packedBytes(int(b[0]))+packedBytes(int(b[1])) {
		c.err = ErrDamaged
		return
	}
	dw, cw := int(b[0]), int(b[1])
	docs, freqs := &c.nums[0], &c.nums[1]
	unpack(docs, b[2:], dw)
	unpack(freqs, b[2+packedBytes(dw):], cw)
	prev := uint32(c.prev + 1)
	for i, d := range docs {
		prev += d
		docs[i] = prev
		prev++
		freqs[i]++
	}
	c.Docs, c.Freqs = docs[:], freqs[:]
	last := docs[BlockDocs-1]
	c.at += 2 + packedBytes(dw) + packedBytes(cw)
	c.prev = int64(last)
	if s := c.l.skips[c.block]; s.last != last || s.end != c.at {
		c.err = ErrDamaged
	}
}

func (c *Cursor) short(n int) {
	r := reader{b: c.l.body[c.at:]}
	docs, freqs := c.nums[0][:n], c.nums[1][:n]
	for i := range docs {
		v := r.uvarint()
		d := c.prev + 1 + int64(v>>1)
		if r.bad || v>>1 >= uint64(c.l.docs) || d >= int64(c.l.docs) {
			c.err = ErrDamaged
			return
		}
		docs[i], freqs[i], c.prev = uint32(d), 1, d
		if v&1 == 0 {
			freqs[i] = 2 + uint32(r.count(math.MaxInt32-2))
		}
	}
	if r.bad {
		c.err = ErrDamaged
	}
	c.Docs, c.Freqs = docs, freqs
}

// Positions appends to dst the positions, ascending, of the i-th document of the current block. Within a block i ascends from call to
// call. The list was fetched with positions.
// Errors: ErrDamaged.
func (c *Cursor) Positions(i int, dst []uint32) ([]uint32, error) {
	b := c.l.pos[min(c.posAt, len(c.l.pos)):]
	for ; c.posDoc < i; c.posDoc++ {
		for n := c.Freqs[c.posDoc]; n > 0; n-- { // over a number: its last byte has no high bit
			at := 0
			for at < len(b) && b[at] >= 0x80 {
				at++
			}
			if at == len(b) {
				return dst, ErrDamaged
			}
			b = b[at+1:]
		}
	}
	prev := uint32(0)
	for range c.Freqs[i] {
		v, size := binary.Uvarint(b)
		if size <= 0 {
			return dst, ErrDamaged
		}
		prev += uint32(v)
		dst = append(dst, prev)
		b = b[size:]
	}
	c.posDoc, c.posAt = i+1, len(c.l.pos)-len(b)
	return dst, nil
}
