package invert

import (
	"context"
	"errors"
	"io"
	"slices"
	"sort"
)

// Part is a file that is merged into another one.
type Part struct {
	File *File
	// Map returns the number of a document in the new file; false: it is left out. Numbers that ascend with doc are the fastest.
	Map func(doc uint32) (uint32, bool)
}

// Merge writes one file of the documents of several, docs in all. Where no part has a document it is empty.
// Cost: a read for each MiB of the parts. Errors: ErrCorrupt, those of the sources and of w, ctx.Err().
func Merge(ctx context.Context, w io.Writer, parts []Part, docs int) (Meta, error) {
	fields, positions := 0, true
	for _, p := range parts {
		fields = max(fields, len(p.File.Fields))
		positions = positions && p.File.Positions
	}
	m := merger{w: newWriter(w, fields, positions)}
	for _, p := range parts {
		in := &mergeInput{Part: p}
		if err := in.next(ctx); err != nil {
			return Meta{}, err
		}
		m.in = append(m.in, in)
	}
	if err := m.terms(ctx); err != nil {
		return Meta{}, err
	}
	lens := make([][]uint32, fields)
	for i := range lens {
		lens[i] = make([]uint32, docs)
		for _, p := range parts {
			if err := p.addLengths(ctx, i, lens[i]); err != nil {
				return Meta{}, err
			}
		}
	}
	return m.w.finish(docs, lens)
}

// addLengths sets the lengths of a field in the new file's numbers.
func (p Part) addLengths(ctx context.Context, field int, lens []uint32) error {
	if field >= len(p.File.Fields) {
		return nil
	}
	l, err := p.File.Lengths(ctx, field)
	if err != nil {
		return err
	}
	for doc := range uint32(p.File.Docs) {
		if to, ok := p.Map(doc); ok {
			lens[to] = l.At(doc)
		}
	}
	return nil
}

type merger struct {
	w                      *writer
	in                     []*mergeInput
	docs, freqs, positions []uint32
	unsorted               bool // docs are not in order yet
}

// terms writes all terms, in order.
func (m *merger) terms(ctx context.Context) error {
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		k := ""
		for _, in := range m.in {
			if in.key != "" && (k == "" || in.key < k) {
				k = in.key
			}
		}
		if k == "" {
			return nil
		}
		m.docs, m.freqs, m.positions = m.docs[:0], m.freqs[:0], m.positions[:0]
		m.unsorted = false
		for _, in := range m.in {
			if in.key != k {
				continue
			}
			if err := m.take(ctx, in); err != nil {
				return err
			}
			if err := in.next(ctx); err != nil {
				return err
			}
		}
		if m.unsorted {
			m.sort()
		}
		if len(m.docs) > 0 {
			m.w.term(k, m.docs, m.freqs, m.positions)
		}
		if m.w.err != nil {
			return m.w.err
		}
	}
}

// take appends the list of the term that an input is at.
func (m *merger) take(ctx context.Context, in *mergeInput) error {
	positions := m.w.flags&flagPositions != 0
	l, err := in.list(ctx, positions)
	if err != nil {
		return err
	}
	c := l.Cursor()
	for c.Next() {
		for i, doc := range c.Docs {
			to, ok := in.Map(doc)
			if !ok {
				continue
			}
			m.unsorted = m.unsorted || len(m.docs) > 0 && to < m.docs[len(m.docs)-1]
			m.docs, m.freqs = append(m.docs, to), append(m.freqs, c.Freqs[i])
			if positions {
				if m.positions, err = c.Positions(i, m.positions); err != nil {
					return errors.Join(ErrCorrupt, err)
				}
			}
		}
	}
	if c.Err() != nil {
		return errors.Join(ErrCorrupt, c.Err())
	}
	return nil
}

// sort puts the documents in order.
func (m *merger) sort() {
	order := make([]int, len(m.docs))
	from := make([]int, len(m.docs)+1)
	for i := range order {
		order[i] = i
		from[i+1] = from[i] + int(m.freqs[i])
	}
	slices.SortFunc(order, func(a, b int) int { return int(m.docs[a]) - int(m.docs[b]) })
	docs, freqs := make([]uint32, len(order)), make([]uint32, len(order))
	var positions []uint32
	for i, j := range order {
		docs[i], freqs[i] = m.docs[j], m.freqs[j]
		if len(m.positions) > 0 {
			positions = append(positions, m.positions[from[j]:from[j+1]]...)
		}
	}
	m.docs, m.freqs, m.positions = docs, freqs, positions
}

// mergeInput walks the terms of a file.
type mergeInput struct {
	Part
	key   string // "" at the end
	term  Term
	block int    // next
	terms []Term // of the current block, to come
	keys  []string

	buf   []byte // of lists
	bufAt int64
}

// mergeRead is how many bytes of lists a merge reads at once.
const mergeRead = 1 << 20

// next moves to the next term.
func (in *mergeInput) next(ctx context.Context) error {
	for len(in.terms) == 0 {
		if in.block == len(in.File.blocks) {
			in.key = ""
			return nil
		}
		if err := in.readBlocks(ctx); err != nil {
			return err
		}
	}
	in.key, in.term = in.keys[0], in.terms[0]
	in.keys, in.terms = in.keys[1:], in.terms[1:]
	return nil
}

func (in *mergeInput) readBlocks(ctx context.Context) error {
	f := in.File
	last := min(in.block+scanBlocks, len(f.blocks))
	from := f.dictOff[in.block]
	data, err := f.fetch(ctx, []Range{{from, f.dictOff[last-1] + int64(f.blocks[last-1].bytes) - from}})
	if err != nil {
		return err
	}
	for ; in.block < last; in.block++ {
		at := f.dictOff[in.block] - from
		err := f.entries(in.block, data[0][at:at+int64(f.blocks[in.block].bytes)], func(k []byte, t *Term) bool {
			in.keys, in.terms = append(in.keys, string(k)), append(in.terms, *t)
			return true
		})
		if err != nil {
			return err
		}
	}
	if !sort.StringsAreSorted(in.keys) {
		return corrupt("the terms of its dictionary are out of order")
	}
	return nil
}

// list returns the list of the current term.
func (in *mergeInput) list(ctx context.Context, positions bool) (*List, error) {
	size := in.term.list + in.term.pos
	if in.term.off < in.bufAt || in.term.off+size > in.bufAt+int64(len(in.buf)) {
		n := min(max(size, mergeRead), in.File.lensAt-in.term.off)
		data, err := in.File.fetch(ctx, []Range{{in.term.off, n}})
		if err != nil {
			return nil, err
		}
		in.buf, in.bufAt = data[0], in.term.off
	}
	b := in.buf[in.term.off-in.bufAt:][:size]
	var pos []byte
	if positions {
		pos = b[in.term.list:]
	}
	l, err := newList(in.term.Docs, in.File.Docs, b[:in.term.list], pos)
	if err != nil {
		return nil, corrupt("the list of a term, at byte %d", in.term.off)
	}
	return l, nil
}
