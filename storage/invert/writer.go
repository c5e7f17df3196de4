package invert

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Meta describes a file to those who read it; whoever names the file keeps it.
type Meta struct {
	Docs  int
	Bytes int64 // of the file
	Tail  int64 // bytes at its end that hold the dictionary's index and the checksums
}

// FieldStats are the totals of a field.
type FieldStats struct {
	Tokens uint64 // of all documents
	Terms  int    // different ones
}

// writer writes a file front to back: the lists in the order of their terms, then the lengths, then the end.
type writer struct {
	w      io.Writer
	fields []FieldStats
	flags  byte
	off    int64
	page   []byte   // of the current page
	sums   []uint32 // of the pages before it
	err    error

	dict      []byte // all blocks
	blocks    []dictBlock
	blockFrom int // where the current block begins in dict
	last      string
	scratch   []byte
}

// dictBlock is a block of the dictionary, as the tail describes it.
type dictBlock struct {
	first string // key
	bytes int
	lists int64 // where the list of its first term begins
}

func newWriter(w io.Writer, fields int, positions bool) *writer {
	f := &writer{w: w, fields: make([]FieldStats, fields), page: make([]byte, 0, PageBytes)}
	if positions {
		f.flags |= flagPositions
	}
	head := append([]byte(magic), 0, 0, 0, 0, byte(fields), f.flags, 0, 0)
	binary.LittleEndian.PutUint32(head[8:], version)
	f.write(head)
	return f
}

// write appends bytes that pages are made of.
func (f *writer) write(b []byte) {
	for len(b) > 0 && f.err == nil {
		n := min(len(b), PageBytes-len(f.page))
		f.page = append(f.page, b[:n]...)
		b = b[n:]
		f.off += int64(n)
		if len(f.page) == PageBytes {
			f.endPage()
		}
	}
}

func (f *writer) endPage() {
	if len(f.page) > 0 && f.err == nil {
		f.sums = append(f.sums, sum(f.page))
		_, f.err = f.w.Write(f.page)
		f.page = f.page[:0]
	}
}

// term appends the list of a term, the key of which is above that of the term before. positions are those of all documents one
// after the other, freqs[i] of docs[i]; without positions in the file they are ignored.
func (f *writer) term(k string, docs, freqs, positions []uint32) {
	lists := f.off
	head, body, pos := encodeList(f.scratch[:0], docs, freqs, positions, f.flags&flagPositions != 0)
	f.scratch = head[:0]
	f.write(head)
	f.write(body)
	f.write(pos)
	shared := 0
	if len(f.dict)-f.blockFrom == 0 {
		f.blocks = append(f.blocks, dictBlock{first: k, lists: lists})
	} else {
		for shared < len(k) && shared < len(f.last) && k[shared] == f.last[shared] {
			shared++
		}
	}
	var tokens uint64
	for _, n := range freqs {
		tokens += uint64(n)
	}
	d := binary.AppendUvarint(f.dict, uint64(shared))
	d = binary.AppendUvarint(d, uint64(len(k)-shared))
	d = append(d, k[shared:]...)
	d = binary.AppendUvarint(d, uint64(len(docs)))
	d = binary.AppendUvarint(d, tokens-uint64(len(docs)))
	d = binary.AppendUvarint(d, uint64(len(head)+len(body)))
	d = binary.AppendUvarint(d, uint64(len(pos)))
	f.dict, f.last = d, k
	f.fields[k[0]].Terms++
	if len(f.dict)-f.blockFrom >= dictBytes {
		f.endBlock()
	}
}

func (f *writer) endBlock() {
	if n := len(f.dict) - f.blockFrom; n > 0 {
		f.blocks[len(f.blocks)-1].bytes = n
		f.blockFrom = len(f.dict)
	}
}

// finish writes the lengths, lens[field][doc], and the end of the file.
func (f *writer) finish(docs int, lens [][]uint32) (Meta, error) {
	lensAt := f.off
	var widths []byte
	for field, all := range lens {
		for from := 0; from < docs; from += LengthDocs {
			block := all[from:min(from+LengthDocs, docs)]
			width := lengthWidth(block)
			widths = append(widths, byte(width))
			var b []byte
			for _, n := range block {
				f.fields[field].Tokens += uint64(n)
				b = append(b, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))[:len(b)+width]
			}
			f.write(b)
		}
	}
	f.endBlock()
	dictAt := f.off
	f.write(f.dict)
	pagesEnd := f.off
	f.endPage()
	t := binary.AppendUvarint(nil, uint64(docs))
	t = binary.AppendUvarint(t, uint64(lensAt))
	t = binary.AppendUvarint(t, uint64(dictAt))
	t = binary.AppendUvarint(t, uint64(pagesEnd))
	t = append(t, byte(len(f.fields)), f.flags)
	for _, s := range f.fields {
		t = binary.AppendUvarint(t, s.Tokens)
		t = binary.AppendUvarint(t, uint64(s.Terms))
	}
	t = append(t, widths...)
	for _, s := range f.sums {
		t = binary.LittleEndian.AppendUint32(t, s)
	}
	t = binary.AppendUvarint(t, uint64(len(f.blocks)))
	lists := int64(0)
	for _, b := range f.blocks {
		t = binary.AppendUvarint(t, uint64(len(b.first)))
		t = append(t, b.first...)
		t = binary.AppendUvarint(t, uint64(b.bytes))
		t = binary.AppendUvarint(t, uint64(b.lists-lists))
		lists = b.lists
	}
	t = binary.LittleEndian.AppendUint32(t, uint32(len(t)))
	t = binary.LittleEndian.AppendUint32(t, sum(t))
	t = append(t, magic...)
	if f.err == nil {
		_, f.err = f.w.Write(t)
	}
	if f.err != nil {
		return Meta{}, fmt.Errorf("write an inverted file: %w", f.err)
	}
	return Meta{Docs: docs, Bytes: pagesEnd + int64(len(t)), Tail: int64(len(t))}, nil
}

// encodeList returns a list in three pieces: the skips, the blocks of documents and frequencies, and the positions. head is
// written over dst.
func encodeList(dst []byte, docs, freqs, positions []uint32, withPositions bool) (head, body, pos []byte) {
	head = dst
	prev := int64(-1)
	posAt := 0
	var deltas, counts [BlockDocs]uint32
	for len(docs) >= BlockDocs {
		from, posFrom := len(body), len(pos)
		first := prev
		for i := range BlockDocs {
			deltas[i] = uint32(int64(docs[i]) - prev - 1)
			prev = int64(docs[i])
			counts[i] = freqs[i] - 1
		}
		dw, cw := widest(deltas[:]), widest(counts[:])
		body = append(body, byte(dw), byte(cw))
		body = pack(body, deltas[:], dw)
		body = pack(body, counts[:], cw)
		if withPositions {
			pos, posAt = appendPositions(pos, positions, posAt, freqs[:BlockDocs])
		}
		head = binary.AppendUvarint(head, uint64(prev-first))
		head = binary.AppendUvarint(head, uint64(len(body)-from))
		head = binary.AppendUvarint(head, uint64(len(pos)-posFrom))
		docs, freqs = docs[BlockDocs:], freqs[BlockDocs:]
	}
	for i, d := range docs {
		v := uint64(int64(d)-prev-1) << 1
		prev = int64(d)
		if freqs[i] == 1 {
			body = binary.AppendUvarint(body, v|1)
		} else {
			body = binary.AppendUvarint(body, v)
			body = binary.AppendUvarint(body, uint64(freqs[i]-2))
		}
	}
	if withPositions {
		pos, _ = appendPositions(pos, positions, posAt, freqs)
	}
	return head, body, pos
}

// appendPositions appends the positions, from at on, of documents with these frequencies, and returns where the next ones are.
func appendPositions(dst []byte, positions []uint32, at int, freqs []uint32) ([]byte, int) {
	for _, n := range freqs {
		prev := uint32(0)
		for range n {
			dst = binary.AppendUvarint(dst, uint64(positions[at]-prev))
			prev = positions[at]
			at++
		}
	}
	return dst, at
}
