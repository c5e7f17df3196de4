package invert

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Builder makes a file of documents that are added one after the other. What it holds in memory is bounded: it writes parts to
// temporary files, which Finish merges. It is for one goroutine.
type Builder struct {
	positions bool
	limit     int // bytes in memory

	docs  int
	lens  [][]uint32 // by field
	terms map[string]*growing
	bytes int // of terms, about
	first int // document of the current part
	runs  []*os.File
	metas []Meta
}

// growing is the list of a term that documents are still added to.
type growing struct {
	docs, pos    []byte // numbers as varints: difference and frequency; differences of positions
	n            int    // documents
	last         int    // document; -1 none
	prev         int    // the one before
	freq, posEnd uint32
}

// NewBuilder returns a builder of a file of so many fields. limit is how many bytes it may hold, about; 0 is 32 MiB.
func NewBuilder(fields int, positions bool, limit int) *Builder {
	if limit == 0 {
		limit = 32 << 20
	}
	return &Builder{positions: positions, limit: limit, lens: make([][]uint32, fields), terms: map[string]*growing{}}
}

// Docs returns the number of documents.
func (b *Builder) Docs() int { return b.docs }

// Begin begins the next document.
// Errors: of the temporary file that a part is written to.
func (b *Builder) Begin() error {
	if b.bytes >= b.limit {
		if err := b.spill(); err != nil {
			return err
		}
	}
	for i := range b.lens {
		b.lens[i] = append(b.lens[i], 0)
	}
	b.docs++
	return nil
}

// growingBytes is about what a term takes beside its lists.
const growingBytes = 200

// Add adds an occurrence of a term to a field of the current document. Positions of a field ascend. Terms that are empty or longer
// than MaxTerm are counted in the length of the document and left out.
func (b *Builder) Add(field int, term []byte, position int) {
	doc := b.docs - 1
	b.lens[field][doc]++
	if len(term) == 0 || len(term) > MaxTerm {
		return
	}
	var buf [1 + MaxTerm]byte
	buf[0] = byte(field)
	k := buf[:1+copy(buf[1:], term)]
	g := b.terms[string(k)]
	if g == nil {
		g = &growing{last: -1, prev: -1}
		b.terms[string(k)] = g
		b.bytes += growingBytes + len(k)
	}
	before := cap(g.docs) + cap(g.pos)
	if g.last != doc {
		g.end()
		g.last, g.posEnd = doc, 0
		g.n++
	}
	g.freq++
	if b.positions {
		g.pos = binary.AppendUvarint(g.pos, uint64(uint32(position)-g.posEnd))
		g.posEnd = uint32(position)
	}
	b.bytes += cap(g.docs) + cap(g.pos) - before
}

// end writes down the last document of a list.
func (g *growing) end() {
	if g.last >= 0 {
		g.docs = binary.AppendUvarint(g.docs, uint64(g.last-g.prev-1))
		g.docs = binary.AppendUvarint(g.docs, uint64(g.freq))
		g.prev, g.freq = g.last, 0
	}
}

// spill writes what is in memory to a temporary file.
func (b *Builder) spill() error {
	f, err := os.CreateTemp("", "s3sql-text-")
	if err != nil {
		return fmt.Errorf("write a part of a full-text index: %w", err)
	}
	_ = os.Remove(f.Name()) // it goes when it is closed; where that is refused, Close removes it
	b.runs = append(b.runs, f)
	m, err := b.write(f)
	b.metas = append(b.metas, m)
	b.terms, b.bytes, b.first = map[string]*growing{}, 0, b.docs
	return err
}

// write writes the documents in memory, as numbers from 0 on.
func (b *Builder) write(w io.Writer) (Meta, error) {
	f := newWriter(w, len(b.lens), b.positions)
	var docs, freqs, positions []uint32
	for _, k := range b.sorted() {
		g := b.terms[k]
		g.end()
		g.last = -1
		docs, freqs, positions = g.decode(docs[:0], freqs[:0], positions[:0], b.first)
		f.term(k, docs, freqs, positions)
	}
	lens := make([][]uint32, len(b.lens))
	for i := range lens {
		lens[i] = b.lens[i][b.first:]
	}
	return f.finish(b.docs-b.first, lens)
}

func (b *Builder) sorted() []string {
	keys := make([]string, 0, len(b.terms))
	for k := range b.terms {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, strings.Compare)
	return keys
}

// decode appends what the list has, with documents counted from first.
func (g *growing) decode(docs, freqs, positions []uint32, first int) (d, f, p []uint32) {
	doc := -1
	pos := g.pos
	for b := g.docs; len(b) > 0; {
		delta, n := binary.Uvarint(b)
		freq, m := binary.Uvarint(b[n:])
		b = b[n+m:]
		doc += int(delta) + 1
		docs, freqs = append(docs, uint32(doc-first)), append(freqs, uint32(freq))
		if len(g.pos) > 0 {
			at := uint32(0)
			for range freq {
				v, n := binary.Uvarint(pos)
				pos = pos[n:]
				at += uint32(v)
				positions = append(positions, at)
			}
		}
	}
	return docs, freqs, positions
}

// Finish writes the file to w and lets go of what the builder holds.
// Errors: those of w and of temporary files, ctx.Err().
func (b *Builder) Finish(ctx context.Context, w io.Writer) (Meta, error) {
	defer b.Close()
	if len(b.runs) == 0 {
		return b.write(w)
	}
	if b.docs > b.first {
		if err := b.spill(); err != nil {
			return Meta{}, err
		}
	}
	parts := make([]Part, len(b.runs))
	at := 0
	for i, run := range b.runs {
		f, err := Open(ctx, fileSource{run}, b.metas[i], nil)
		if err != nil {
			return Meta{}, err
		}
		from := at
		parts[i] = Part{File: f, Map: func(doc uint32) (uint32, bool) { return uint32(from) + doc, true }}
		at += f.Docs
	}
	return Merge(ctx, w, parts, b.docs)
}

// Close lets go of what the builder holds. After Finish it does nothing.
func (b *Builder) Close() {
	for _, f := range b.runs {
		_ = f.Close()
		_ = os.Remove(f.Name()) // where an open file could not be removed
	}
	b.runs, b.terms, b.lens = nil, nil, make([][]uint32, len(b.lens))
}

// Bytes returns the file as bytes, for one that is small.
func (b *Builder) Bytes(ctx context.Context) ([]byte, Meta, error) {
	var buf bytes.Buffer
	m, err := b.Finish(ctx, &buf)
	return buf.Bytes(), m, err
}

// fileSource reads a temporary file.
type fileSource struct{ f *os.File }

// ReadRanges implements Source.
func (s fileSource) ReadRanges(_ context.Context, rs []Range) ([][]byte, error) {
	out := make([][]byte, len(rs))
	for i, r := range rs {
		out[i] = make([]byte, r.Len)
		if _, err := s.f.ReadAt(out[i], r.Off); err != nil {
			return nil, err
		}
	}
	return out, nil
}
