package fts

import (
	"context"
	"math"
)

// none is a document that no file has.
const none = math.MaxUint32

// window is what a matcher says of the documents from base on.
type window struct {
	base   uint32
	bits   bitmap
	scores []float64 // of the documents in bits; nil where none are asked for
}

func newWindow(scored bool) *window {
	w := &window{}
	if scored {
		w.scores = make([]float64, windowDocs)
	}
	return w
}

// matcher finds documents of one part, window by window, in order. It is for one goroutine.
type matcher interface {
	// next returns a document that none which matches, from doc on, is before; none: there are no more.
	next(doc uint32) uint32
	// match sets bits, and scores where there are any, to the documents of the window at base.
	match(w *window) error
	// scored reports whether it sets scores.
	scored() bool
}

// eachWindow calls fn with the windows that may have documents of m.
func eachWindow(ctx context.Context, o *opened, m matcher, fn func(*window)) error {
	w := newWindow(m.scored())
	for doc := m.next(0); doc < uint32(o.File.Docs); doc = m.next(w.base + windowDocs) {
		if err := ctx.Err(); err != nil {
			return err
		}
		w.base = doc / windowDocs * windowDocs
		w.bits = bitmap{}
		if err := m.match(w); err != nil {
			return err
		}
		if !w.bits.empty() {
			fn(w)
		}
	}
	return nil
}

// matcher returns what finds the documents of a node.
func (s *search) matcher(o *opened, n *node) matcher {
	if n.leaf != nil {
		return s.leafMatcher(o, n.leaf, s.scored && !n.leaf.not)
	}
	b := &boolMatcher{}
	for _, c := range n.must {
		b.must = append(b.must, s.clause(o, c))
	}
	for _, c := range n.should {
		b.should = append(b.should, s.clause(o, c))
	}
	for _, c := range n.not {
		b.not = append(b.not, s.clause(o, c))
	}
	return b
}

func (s *search) clause(o *opened, n *node) clause {
	m := s.matcher(o, n)
	return clause{m: m, factor: n.factor, w: newWindow(m.scored())}
}

// boolMatcher combines others.
type boolMatcher struct {
	must, should, not []clause
}

type clause struct {
	m      matcher
	factor float64
	w      *window
	any    bool // in the current window
}

func (b *boolMatcher) scored() bool {
	for _, list := range [][]clause{b.must, b.should} {
		for i := range list {
			if list[i].m.scored() {
				return true
			}
		}
	}
	return false
}

func (b *boolMatcher) next(doc uint32) uint32 {
	if len(b.must) > 0 {
		for i := range b.must {
			doc = max(doc, b.must[i].m.next(doc))
		}
		return doc
	}
	first := uint32(none)
	for i := range b.should {
		first = min(first, b.should[i].m.next(doc))
	}
	return first
}

// match implements matcher. Words that are wanted but not required only count in the score where others are required.
func (b *boolMatcher) match(w *window) error {
	for i := range b.must {
		c := &b.must[i]
		if err := c.match(w.base); err != nil {
			return err
		}
		if i == 0 {
			w.bits = c.w.bits
		} else {
			w.bits.and(&c.w.bits)
		}
		if w.bits.empty() {
			return nil
		}
	}
	for i := range b.should {
		c := &b.should[i]
		if len(b.must) > 0 && w.scores == nil {
			break
		}
		if err := c.match(w.base); err != nil {
			return err
		}
		if len(b.must) == 0 {
			w.bits.or(&c.w.bits)
		}
	}
	for i := range b.not {
		if err := b.not[i].match(w.base); err != nil {
			return err
		}
		w.bits.minus(&b.not[i].w.bits)
	}
	if w.scores != nil {
		b.sum(w)
	}
	return nil
}

// sum adds up the scores of the documents that are left.
func (b *boolMatcher) sum(w *window) {
	w.bits.each(func(i uint32) { w.scores[i] = 0 })
	for _, list := range [][]clause{b.must, b.should} {
		for k := range list {
			c := &list[k]
			if !c.any || c.w.scores == nil {
				continue
			}
			c.w.bits.and(&w.bits)
			c.w.bits.each(func(i uint32) { w.scores[i] += c.factor * c.w.scores[i] })
		}
	}
}

// match fills the clause's own window.
func (c *clause) match(base uint32) error {
	c.w.base, c.w.bits, c.any = base, bitmap{}, false
	if c.m.next(base) >= base+windowDocs {
		return nil
	}
	c.any = true
	return c.m.match(c.w)
}
