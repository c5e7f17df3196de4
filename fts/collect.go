package fts

import (
	"cmp"
	"container/heap"
	"slices"
)

// leastScore is what a document that matches has at least, whatever speaks against it: a score of 0 says that it does not match.
const leastScore = 1e-9

// collector takes the documents of one part.
type collector struct {
	part  int
	best  int // 0: all
	count bool
	hits  []Hit
	total int
	max   float64
}

// take takes the documents of a window.
func (c *collector) take(w *window, scored bool) {
	if c.count {
		c.total += w.bits.count()
		return
	}
	w.bits.each(func(i uint32) {
		h := Hit{Part: c.part, Doc: w.base + i}
		if scored {
			h.Score = max(w.scores[i], leastScore)
			c.max = max(c.max, h.Score)
		}
		c.total++
		switch {
		case c.best == 0:
			c.hits = append(c.hits, h)
		case len(c.hits) < c.best:
			heap.Push(c, h)
		case better(h, c.hits[0]):
			c.hits[0] = h
			heap.Fix(c, 0)
		}
	})
}

// better reports whether a comes before b: by its score, then by its place.
func better(a, b Hit) bool { return compareHits(a, b) < 0 }

func compareHits(a, b Hit) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Part, b.Part), cmp.Compare(a.Doc, b.Doc))
}

// The worst of the best is at the top of the heap.

func (c *collector) Len() int           { return len(c.hits) }
func (c *collector) Less(i, j int) bool { return better(c.hits[j], c.hits[i]) }
func (c *collector) Swap(i, j int)      { c.hits[i], c.hits[j] = c.hits[j], c.hits[i] }
func (c *collector) Push(x any)         { c.hits = append(c.hits, x.(Hit)) }

// Pop implements heap.Interface; nothing is taken out one by one.
func (c *collector) Pop() any { panic("fts: a collector only grows") }

// gather puts the hits of all parts together.
func gather(parts []*collector, best int) *Hits {
	h := &Hits{}
	for _, c := range parts {
		h.List = append(h.List, c.hits...)
		h.Total += c.total
		h.Max = max(h.Max, c.max)
	}
	if best > 0 {
		slices.SortFunc(h.List, compareHits)
		h.List = h.List[:min(best, len(h.List))]
	}
	return h
}
