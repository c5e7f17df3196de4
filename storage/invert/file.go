package invert

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sort"
)

// Range is a part of a file: Len bytes from Off.
type Range struct{ Off, Len int64 }

// Source reads a file.
type Source interface {
	// ReadRanges returns the bytes of each range, in the order asked. They are shared: nobody may change them.
	ReadRanges(ctx context.Context, rs []Range) ([][]byte, error)
}

// Pages keeps verified pages of one file; nil keeps none.
type Pages interface {
	Get(page int) ([]byte, bool)
	Put(page int, b []byte)
}

// ErrCorrupt says that bytes of a file are not those that were written.
var ErrCorrupt = errors.New("an inverted file is damaged")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, args...)...)
}

// File reads one file. It is immutable and safe for concurrent use.
type File struct {
	src   Source
	pages Pages

	// Docs is the number of documents, Fields has the totals of each field.
	Docs      int
	Fields    []FieldStats
	Positions bool // lists have positions

	lensAt, dictAt, end int64
	widths              []byte // of the blocks of lengths, field by field
	sums                []uint32
	blocks              []dictBlock
	dictOff             []int64 // where each block of the dictionary begins
	tail                int64
}

// Open reads the tail of a file.
// Cost: one read. Errors: ErrCorrupt, those of src.
func Open(ctx context.Context, src Source, m Meta, pages Pages) (*File, error) {
	if m.Tail < footerBytes || m.Tail > m.Bytes {
		return nil, corrupt("a tail of %d bytes in a file of %d", m.Tail, m.Bytes)
	}
	got, err := src.ReadRanges(ctx, []Range{{m.Bytes - m.Tail, m.Tail}})
	if err != nil {
		return nil, err
	}
	f := &File{src: src, pages: pages, tail: m.Tail}
	if err := f.decodeTail(got[0], m); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *File) decodeTail(b []byte, m Meta) error {
	foot := b[len(b)-footerBytes:]
	body := b[:len(b)-footerBytes]
	if string(foot[8:]) != magic || int(binary.LittleEndian.Uint32(foot)) != len(body) ||
		binary.LittleEndian.Uint32(foot[4:]) != sum(b[:len(b)-footerBytes+4]) {
		return corrupt("the checksum of its tail differs, at byte %d", m.Bytes-m.Tail)
	}
	r := reader{b: body}
	f.Docs = r.count(math.MaxInt32)
	f.lensAt, f.dictAt, f.end = int64(r.uvarint()), int64(r.uvarint()), int64(r.uvarint())
	head := r.bytes(2)
	if r.bad || f.Docs != m.Docs || f.end != m.Bytes-m.Tail || f.lensAt < headerBytes || f.dictAt < f.lensAt || f.end < f.dictAt || head[0] > MaxFields {
		return corrupt("its tail does not fit the file")
	}
	f.Positions = head[1]&flagPositions != 0
	f.Fields = make([]FieldStats, head[0])
	for i := range f.Fields {
		f.Fields[i] = FieldStats{Tokens: r.uvarint(), Terms: r.count(math.MaxInt32)}
	}
	f.widths = r.bytes(len(f.Fields) * lengthBlocks(f.Docs))
	sums := r.bytes(4 * int((f.end+PageBytes-1)/PageBytes))
	f.sums = make([]uint32, len(sums)/4)
	for i := range f.sums {
		f.sums[i] = binary.LittleEndian.Uint32(sums[4*i:])
	}
	f.decodeDictIndex(&r)
	if r.bad || len(r.b) != 0 {
		return corrupt("its tail is cut off or too long")
	}
	return nil
}

func (f *File) decodeDictIndex(r *reader) {
	n := r.count(len(r.b))
	f.blocks = make([]dictBlock, n)
	f.dictOff = make([]int64, n)
	lists, off := int64(0), f.dictAt
	for i := range f.blocks {
		first := string(r.bytes(r.count(1 + MaxTerm)))
		size := r.count(math.MaxInt32)
		lists += int64(r.uvarint())
		f.blocks[i] = dictBlock{first: first, bytes: size, lists: lists}
		f.dictOff[i] = off
		off += int64(size)
		if first == "" || int(first[0]) >= len(f.Fields) || lists > f.lensAt || i > 0 && first <= f.blocks[i-1].first {
			r.bad = true
		}
	}
	if off != f.end {
		r.bad = true
	}
	want := f.lensAt
	for i, w := range f.widths {
		if w == 3 || w > 4 {
			r.bad = true
		}
		want += int64(w) * int64(f.lengthsIn(i%max(1, lengthBlocks(f.Docs))))
	}
	if want != f.dictAt {
		r.bad = true
	}
}

// lengthBlocks returns in how many blocks the lengths of a field are.
func lengthBlocks(docs int) int { return (docs + LengthDocs - 1) / LengthDocs }

func (f *File) lengthsIn(block int) int { return min(LengthDocs, f.Docs-block*LengthDocs) }

// Size returns about how many bytes of memory the File takes.
func (f *File) Size() int64 { return 4 * f.tail }

// fetch returns the bytes of ranges, verified.
func (f *File) fetch(ctx context.Context, rs []Range) ([][]byte, error) {
	have := map[int][]byte{}
	var ask []Range
	var asked []int
	for _, r := range rs {
		if r.Len == 0 {
			continue
		}
		if r.Off < 0 || r.Len < 0 || r.Off+r.Len > f.end {
			return nil, corrupt("it names bytes %d to %d of %d", r.Off, r.Off+r.Len, f.end)
		}
		for p := int(r.Off / PageBytes); int64(p)*PageBytes < r.Off+r.Len; p++ {
			if _, ok := have[p]; ok {
				continue
			}
			if f.pages != nil {
				if b, ok := f.pages.Get(p); ok {
					have[p] = b
					continue
				}
			}
			have[p] = nil
			asked = append(asked, p)
		}
	}
	sort.Ints(asked)
	for _, p := range asked {
		off := int64(p) * PageBytes
		ask = append(ask, Range{off, min(PageBytes, f.end-off)})
	}
	if len(ask) > 0 {
		got, err := f.src.ReadRanges(ctx, ask)
		if err != nil {
			return nil, err
		}
		for i, b := range got {
			if sum(b) != f.sums[asked[i]] {
				return nil, corrupt("the checksum of a page differs, at byte %d", ask[i].Off)
			}
			have[asked[i]] = b
			if f.pages != nil {
				f.pages.Put(asked[i], b)
			}
		}
	}
	out := make([][]byte, len(rs))
	for i, r := range rs {
		out[i] = assemble(have, r)
	}
	return out, nil
}

// assemble returns the bytes of a range out of pages.
func assemble(pages map[int][]byte, r Range) []byte {
	if r.Len == 0 {
		return []byte{}
	}
	p, at := int(r.Off/PageBytes), int(r.Off%PageBytes)
	if at+int(r.Len) <= PageBytes {
		return pages[p][at : at+int(r.Len)]
	}
	out := make([]byte, 0, r.Len)
	for int64(len(out)) < r.Len {
		b := pages[p][at:]
		out = append(out, b[:min(len(b), int(r.Len)-len(out))]...)
		p, at = p+1, 0
	}
	return out
}

// Memory is the Source of a file in memory.
type Memory []byte

// ReadRanges implements Source.
func (m Memory) ReadRanges(_ context.Context, rs []Range) ([][]byte, error) {
	out := make([][]byte, len(rs))
	for i, r := range rs {
		if r.Off < 0 || r.Len < 0 || r.Off+r.Len > int64(len(m)) {
			return nil, corrupt("it ends at byte %d", len(m))
		}
		out[i] = m[r.Off : r.Off+r.Len]
	}
	return out, nil
}
