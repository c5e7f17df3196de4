package fts

import (
	"context"
	"errors"
	"math"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// The constants of BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009), those of Lucene.
// Weights of fields are applied to frequencies, before they are saturated (BM25F, the same paper, 3.5).
const (
	bm25K1 = 1.2
	bm25B  = 0.75
)

// Request says what is searched for.
type Request struct {
	Query   *Query
	Fields  []int     // of the files
	Weights []float64 // of each field of the files
	Scores  bool      // hits have a score
	Best    int       // the number of hits with the highest scores that are asked for; 0: all
	Count   bool      // only Hits.Total is asked for
}

// Hit is a document.
type Hit struct {
	Part  int
	Doc   uint32
	Score float64 // above 0; 0 where none was asked for
}

// Hits are the documents that match.
type Hits struct {
	// List is in the order of the parts and documents; with Request.Best in descending order of the scores, and in that order where these
	// are equal.
	List  []Hit
	Total int     // of documents that match
	Max   float64 // the highest score
}

// search is one run of a query.
type search struct {
	q       *Query
	fields  []int
	weights []float64
	scored  bool
	best    int
	stats   stats
}

// stats are about all live documents.
type stats struct {
	docs    int
	average []float64 // length of each field
	found   []int     // documents that have each leaf
}

// Search returns the documents of parts that match.
//
// Scores are BM25F. They depend on the live documents of all parts together, and on nothing else.
// Cost: for each part at most two reads one after the other, of what nothing keeps.
// Errors: PartError (which part cannot be read), ctx.Err().
func Search(ctx context.Context, parts []Part, req Request) (*Hits, error) {
	if req.Query.Empty() || len(parts) == 0 {
		return &Hits{}, ctx.Err()
	}
	s := &search{q: req.Query, fields: req.Fields, weights: req.Weights, scored: req.Scores || req.Best > 0, best: req.Best}
	open, err := s.openAll(ctx, parts)
	if err == nil && s.scored {
		err = s.count(ctx, open)
	}
	if err != nil {
		return nil, err
	}
	found := make([]*collector, len(parts))
	err = eachPart(ctx, len(parts), runtime.GOMAXPROCS(0), func(ctx context.Context, i int) error {
		found[i] = &collector{part: i, best: s.best, count: req.Count}
		return s.run(ctx, open[i], found[i])
	})
	if err != nil {
		return nil, err
	}
	return gather(found, s.best), nil
}

func (s *search) openAll(ctx context.Context, parts []Part) ([]*opened, error) {
	open := make([]*opened, len(parts))
	err := eachPart(ctx, len(parts), readsAtOnce, func(ctx context.Context, i int) (err error) {
		open[i], err = s.open(ctx, &parts[i])
		return err
	})
	return open, err
}

// PartError says which part could not be read.
type PartError struct {
	Part int
	Err  error
}

func (e *PartError) Error() string { return e.Err.Error() }
func (e *PartError) Unwrap() error { return e.Err }

// readsAtOnce is how many parts are read at once, which waits for a store and not for a processor.
const readsAtOnce = 32

// eachPart calls fn for each part, for several at once.
func eachPart(ctx context.Context, n, atOnce int, fn func(ctx context.Context, i int) error) error {
	if n == 1 {
		return partError(fn(ctx, 0), 0)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i := range n {
		g.Go(func() error { return partError(fn(ctx, i), i) })
	}
	return g.Wait()
}

func partError(err error, part int) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &PartError{part, err}
}

// count makes the statistics of all parts together.
func (s *search) count(ctx context.Context, open []*opened) error {
	s.stats.average = make([]float64, len(s.weights))
	s.stats.found = make([]int, len(s.q.leaves))
	tokens := make([]uint64, len(s.weights))
	for _, o := range open {
		s.stats.docs += o.File.Docs - o.dead
		for _, f := range s.fields {
			if s.scored {
				tokens[f] += o.tokens(f)
			}
		}
	}
	for f, n := range tokens {
		s.stats.average[f] = float64(n) / float64(max(s.stats.docs, 1))
	}
	counts := make([][]int, len(open))
	err := eachPart(ctx, len(open), runtime.GOMAXPROCS(0), func(ctx context.Context, i int) (err error) {
		counts[i], err = s.countLeaves(ctx, open[i])
		return err
	})
	for _, c := range counts {
		for i, n := range c {
			s.stats.found[i] += n
		}
	}
	return err
}

// tokens returns the length of a field in all live documents.
func (o *opened) tokens(field int) uint64 {
	n := o.File.Fields[field].Tokens
	if o.dead > 0 {
		eachBit(o.Dead, func(doc uint32) { n -= uint64(o.lengths[field].At(doc)) })
	}
	return n
}

// countLeaves returns how many live documents have each leaf.
func (s *search) countLeaves(ctx context.Context, o *opened) ([]int, error) {
	out := make([]int, len(s.q.leaves))
	for i, l := range s.q.leaves {
		if l.not {
			continue
		}
		if list, ok := o.words[i].only(); ok && !l.phrase() && o.dead == 0 {
			out[i] = list
			continue
		}
		m := s.leafMatcher(o, l, false)
		err := eachWindow(ctx, o, m, func(w *window) {
			w.bits.andNot(o.Dead, w.base)
			out[i] += w.bits.count()
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// only returns the number of documents of a word that at most one list stands for.
func (w *word) only() (docs int, ok bool) {
	if len(w.alternatives) != 1 || len(w.alternatives[0]) > 1 {
		return 0, false
	}
	for _, p := range w.alternatives[0] {
		docs = p.term.Docs
	}
	return docs, true
}

// idf returns how much a leaf says, given that so many of all documents have it (Lucene's BM25Similarity, never below 0).
func (st *stats) idf(found int) float64 {
	return math.Log(1 + (float64(st.docs-found)+0.5)/(float64(found)+0.5))
}

// run collects the documents of a part that match.
func (s *search) run(ctx context.Context, o *opened, c *collector) error {
	m := s.matcher(o, s.q.root)
	return eachWindow(ctx, o, m, func(w *window) {
		w.bits.andNot(o.Dead, w.base)
		c.take(w, s.scored)
	})
}
