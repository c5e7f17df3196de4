package fts

import (
	"sort"

	"github.com/s3sql/s3sql/storage/invert"
)

// input walks a list.
type input struct {
	c      *invert.Cursor
	i      int // in the current block
	more   bool
	field  int
	weight float64
}

func newInput(p *posting) *input {
	in := &input{c: p.list.Cursor(), field: p.field, weight: p.weight}
	in.more = in.c.Next()
	return in
}

// seek moves to the first document from doc on and returns it; none: there is none. Documents ascend from call to call.
func (in *input) seek(doc uint32) uint32 {
	for in.more {
		docs := in.c.Docs
		if docs[len(docs)-1] >= doc {
			if docs[in.i] < doc {
				in.i += sort.Search(len(docs)-in.i, func(k int) bool { return docs[in.i+k] >= doc })
			}
			return docs[in.i]
		}
		in.more, in.i = in.c.SkipTo(doc), 0
	}
	return none
}

// termMatcher finds documents with any of some terms.
type termMatcher struct {
	in      []*input
	idf     float64
	weights []float64         // of fields
	average []float64         // lengths of fields
	lengths []*invert.Lengths // nil: no scores
}

// leafMatcher returns what finds the documents of a leaf.
func (s *search) leafMatcher(o *opened, l *leaf, scored bool) matcher {
	w := &o.words[l.id]
	var lengths []*invert.Lengths
	idf := 0.0
	if scored {
		lengths, idf = o.lengths, s.stats.idf(s.stats.found[l.id])
	}
	t := termMatcher{idf: idf, weights: s.weights, average: s.stats.average, lengths: lengths}
	if l.phrase() {
		return s.phraseMatcher(o, l, t)
	}
	for _, alternatives := range w.alternatives {
		for i := range alternatives {
			t.in = append(t.in, newInput(&alternatives[i]))
		}
	}
	return &t
}

func (t *termMatcher) scored() bool { return t.lengths != nil }

func (t *termMatcher) next(doc uint32) uint32 {
	first := uint32(none)
	for _, in := range t.in {
		first = min(first, in.seek(doc))
	}
	return first
}

func (t *termMatcher) match(w *window) error {
	for _, in := range t.in {
		in.seek(w.base)
		for in.more {
			docs := in.c.Docs
			n := len(docs)
			if end := w.base + windowDocs; docs[n-1] >= end {
				n = in.i + sort.Search(n-in.i, func(k int) bool { return docs[in.i+k] >= end })
			}
			if t.lengths == nil {
				for _, d := range docs[in.i:n] {
					w.bits.set(d - w.base)
				}
			} else {
				t.add(w, in, docs[in.i:n], in.c.Freqs[in.i:n])
			}
			if in.i = n; n < len(docs) {
				break
			}
			in.more, in.i = in.c.Next(), 0
		}
		if err := in.c.Err(); err != nil {
			return corrupt(err)
		}
	}
	if t.lengths != nil {
		w.bits.each(func(i uint32) { w.scores[i] = t.score(w.scores[i]) })
	}
	return nil
}

// add adds the frequencies of some documents.
func (t *termMatcher) add(w *window, in *input, docs, freqs []uint32) {
	for k, d := range docs {
		f := t.frequency(in.field, d, in.weight*float64(freqs[k]))
		if i := d - w.base; w.bits.has(i) {
			w.scores[i] += f
		} else {
			w.bits.set(i)
			w.scores[i] = f
		}
	}
}

// frequency returns what n occurrences in a field of a document count: less in one that is longer than others.
func (t *termMatcher) frequency(field int, doc uint32, n float64) float64 {
	return t.weights[field] * n / (1 - bm25B + bm25B*float64(t.lengths[field].At(doc))/t.average[field])
}

// score returns the score of a document in which a leaf has a frequency.
func (t *termMatcher) score(frequency float64) float64 {
	return t.idf * frequency * (bm25K1 + 1) / (bm25K1 + frequency)
}
