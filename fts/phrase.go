package fts

import (
	"errors"
	"slices"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/invert"
)

func corrupt(err error) error { return errors.Join(invert.ErrCorrupt, err) }

// errPositions is what a phrase gets where it is not known where words stand.
func errPositions() error {
	return base.Errorf(errno.WrongArguments, "phrases need an index with positions = true; this one has positions = false")
}

// phraseMatcher finds documents in which terms stand as in a phrase, in one field.
type phraseMatcher struct {
	termMatcher
	l      *leaf
	fields []*phraseField // those that have all the terms
}

// phraseField walks the lists of a phrase in one field.
type phraseField struct {
	field     int
	in        []*input // by term
	positions [][]uint32
}

func (s *search) phraseMatcher(o *opened, l *leaf, t termMatcher) *phraseMatcher {
	p := &phraseMatcher{termMatcher: t, l: l}
	for _, f := range s.fields {
		field := &phraseField{field: f, positions: make([][]uint32, len(l.terms))}
		for _, alternatives := range o.words[l.id].alternatives {
			for i := range alternatives {
				if alternatives[i].field == f {
					field.in = append(field.in, newInput(&alternatives[i]))
				}
			}
		}
		if len(field.in) == len(l.terms) {
			p.fields = append(p.fields, field)
		}
	}
	return p
}

func (p *phraseMatcher) next(doc uint32) uint32 {
	first := uint32(none)
	for _, f := range p.fields {
		first = min(first, f.next(doc))
	}
	return first
}

// next returns the first document from doc on that has all the terms.
func (f *phraseField) next(doc uint32) uint32 {
	for agreed := 0; agreed < len(f.in) && doc != none; {
		agreed = 0
		for _, in := range f.in {
			if d := in.seek(doc); d > doc {
				doc = d
				break
			}
			agreed++
		}
	}
	return doc
}

func (p *phraseMatcher) match(w *window) error {
	for _, f := range p.fields {
		for doc := f.next(w.base); doc < w.base+windowDocs; doc = f.next(doc + 1) {
			n, err := f.occurrences(p.l)
			if err != nil {
				return corrupt(err)
			}
			if n == 0 {
				continue
			}
			i := doc - w.base
			if p.lengths != nil {
				freq := p.frequency(f.field, doc, float64(n))
				if w.bits.has(i) {
					freq += w.scores[i]
				}
				w.scores[i] = freq
			}
			w.bits.set(i)
		}
		for _, in := range f.in {
			if err := in.c.Err(); err != nil {
				return corrupt(err)
			}
		}
	}
	if p.lengths != nil {
		w.bits.each(func(i uint32) { w.scores[i] = p.score(w.scores[i]) })
	}
	return nil
}

// occurrences returns how often the phrase is in the document that all lists are at.
func (f *phraseField) occurrences(l *leaf) (n int, err error) {
	for k, in := range f.in {
		if f.positions[k], err = in.c.Positions(in.i, f.positions[k][:0]); err != nil {
			return 0, err
		}
	}
	if l.near > 0 {
		return countNear(f.positions, uint32(l.near)), nil
	}
	for _, at := range f.positions[0] {
		whole := true
		for k := 1; whole && k < len(l.terms); k++ {
			want := at + uint32(l.terms[k].Position-l.terms[0].Position)
			_, whole = slices.BinarySearch(f.positions[k], want)
		}
		if whole {
			n++
		}
	}
	return n, nil
}

// countNear returns how many stretches there are, apart from one another, in which a position of each list is within a distance of
// all the others.
func countNear(lists [][]uint32, distance uint32) (n int) {
	at := make([]int, len(lists))
	for {
		least, first, last := 0, uint32(none), uint32(0)
		for k, list := range lists {
			if at[k] == len(list) {
				return n
			}
			if p := list[at[k]]; p < first {
				least, first = k, p
			}
			last = max(last, lists[k][at[k]])
		}
		if last-first > distance {
			at[least]++
			continue
		}
		n++
		for k := range lists {
			at[k]++
		}
	}
}
