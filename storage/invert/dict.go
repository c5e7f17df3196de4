package invert

import (
	"context"
	"math"
	"sort"
)

// Term is an entry of a dictionary.
type Term struct {
	Field  int
	Text   string
	Docs   int // documents that have it
	Tokens int // occurrences

	off, list, pos int64 // of the list, and how many bytes list and positions have
}

// Key names a term.
type Key struct {
	Field int
	Text  string
}

// blockOf returns the block that has a key if any does; -1: none.
func (f *File) blockOf(k string) int {
	return sort.Search(len(f.blocks), func(i int) bool { return f.blocks[i].first > k }) - 1
}

// Find returns the terms of some keys; Docs is 0 where the file has no such term.
// Cost: one read of the pages that nothing keeps. Errors: ErrCorrupt, those of the source.
func (f *File) Find(ctx context.Context, keys []Key) ([]Term, error) {
	out := make([]Term, len(keys))
	var rs []Range
	at := make([]int, len(keys)) // of the range of each key; -1 none
	byBlock := map[int]int{}
	for i, k := range keys {
		at[i] = -1
		b := f.blockOf(key(k.Field, k.Text))
		if b < 0 {
			continue
		}
		if _, ok := byBlock[b]; !ok {
			byBlock[b] = len(rs)
			rs = append(rs, Range{f.dictOff[b], int64(f.blocks[b].bytes)})
		}
		at[i] = byBlock[b]
	}
	data, err := f.fetch(ctx, rs)
	if err != nil {
		return nil, err
	}
	for i, k := range keys {
		if at[i] < 0 {
			continue
		}
		want := key(k.Field, k.Text)
		err := f.entries(f.blockOf(want), data[at[i]], func(got []byte, t *Term) bool {
			if string(got) == want {
				out[i] = *t
				out[i].Text = k.Text
			}
			return string(got) < want
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// entries calls fn with each key of a block, which is valid until fn returns, and its term, without the text, until fn returns
// false.
func (f *File) entries(block int, b []byte, fn func(k []byte, t *Term) bool) error {
	r := reader{b: b}
	k := make([]byte, 0, 1+MaxTerm)
	off := f.blocks[block].lists
	var t Term
	for len(r.b) > 0 {
		shared := r.count(len(k))
		k = append(k[:shared], r.bytes(r.count(1+MaxTerm))...)
		t.Docs = r.count(f.Docs)
		t.Tokens = t.Docs + r.count(math.MaxInt32-t.Docs)
		t.off, t.list = off, int64(r.count(math.MaxInt32))
		t.pos = int64(r.count(math.MaxInt32))
		if off += t.list + t.pos; r.bad || len(k) == 0 || int(k[0]) >= len(f.Fields) || t.Docs == 0 || off > f.lensAt {
			return corrupt("a block of its dictionary, at byte %d", f.dictOff[block])
		}
		if t.Field = int(k[0]); !fn(k, &t) {
			return nil
		}
	}
	return nil
}

// scanBlocks is how many blocks of a dictionary are read at once.
const scanBlocks = 64

// Scan calls fn with the terms of a field that begin with prefix, in the order of their bytes, until it returns false. The term is
// fn's.
// Cost: a read for every 256 KiB of the dictionary. Errors: ErrCorrupt, those of the source, ctx.Err().
func (f *File) Scan(ctx context.Context, field int, prefix string, fn func(Term) bool) error {
	lo := key(field, prefix)
	more := true
	for b, n := max(f.blockOf(lo), 0), 4; more && b < len(f.blocks); n = scanBlocks {
		last := min(b+n, len(f.blocks))
		for last > b && f.blocks[last-1].first > lo && !hasPrefix(f.blocks[last-1].first, lo) {
			last--
		}
		if last == b {
			return nil
		}
		from := f.dictOff[b]
		data, err := f.fetch(ctx, []Range{{from, f.dictOff[last-1] + int64(f.blocks[last-1].bytes) - from}})
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		for ; more && b < last; b++ {
			at := f.dictOff[b] - from
			err := f.entries(b, data[0][at:at+int64(f.blocks[b].bytes)], func(k []byte, t *Term) bool {
				if string(k) < lo {
					return true
				}
				if !hasPrefix(string(k), lo) {
					more = false
					return false
				}
				one := *t
				one.Text = string(k[1:])
				more = fn(one)
				return more
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func hasPrefix(s, prefix string) bool { return len(s) >= len(prefix) && s[:len(prefix)] == prefix }

// Lists returns the lists of terms of this file.
// Cost: one read of the pages that nothing keeps. Errors: ErrCorrupt, those of the source.
func (f *File) Lists(ctx context.Context, terms []Term, positions bool) ([]*List, error) {
	rs := make([]Range, len(terms))
	for i := range terms {
		rs[i] = Range{terms[i].off, terms[i].list}
		if positions {
			rs[i].Len += terms[i].pos
		}
	}
	data, err := f.fetch(ctx, rs)
	if err != nil {
		return nil, err
	}
	out := make([]*List, len(terms))
	for i := range terms {
		var pos []byte
		if positions {
			pos = data[i][terms[i].list:]
		}
		if out[i], err = newList(terms[i].Docs, f.Docs, data[i][:terms[i].list], pos); err != nil {
			return nil, corrupt("the list of a term, at byte %d", terms[i].off)
		}
	}
	return out, nil
}

// Lengths are the numbers of tokens that a field has in each document.
type Lengths struct {
	widths []byte
	from   []int // where each block begins in b
	b      []byte
}

// Lengths returns the lengths of a field.
// Cost: one read of the pages that nothing keeps. Errors: ErrCorrupt, those of the source.
func (f *File) Lengths(ctx context.Context, field int) (*Lengths, error) {
	blocks := lengthBlocks(f.Docs)
	off := f.lensAt
	for i, w := range f.widths[:field*blocks] {
		off += int64(w) * int64(f.lengthsIn(i%blocks))
	}
	l := &Lengths{widths: f.widths[field*blocks : (field+1)*blocks], from: make([]int, blocks)}
	size := 0
	for i, w := range l.widths {
		l.from[i] = size
		size += int(w) * f.lengthsIn(i)
	}
	data, err := f.fetch(ctx, []Range{{off, int64(size)}})
	if err != nil {
		return nil, err
	}
	l.b = data[0]
	return l, nil
}

// At returns the length of a document.
func (l *Lengths) At(doc uint32) uint32 {
	block, i := doc/LengthDocs, int(doc%LengthDocs)
	at := l.from[block]
	switch l.widths[block] {
	case 0:
		return 0
	case 1:
		return uint32(l.b[at+i])
	case 2:
		at += 2 * i
		return uint32(l.b[at]) | uint32(l.b[at+1])<<8
	}
	at += 4 * i
	return uint32(l.b[at]) | uint32(l.b[at+1])<<8 | uint32(l.b[at+2])<<16 | uint32(l.b[at+3])<<24
}
