package fts

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/s3sql/s3sql/storage/invert"
)

// Part is a file whose documents are searched.
type Part struct {
	File *invert.File
	// Dead are the documents that are gone, a bit for each, or nil.
	Dead []uint64
}

// opened is what a query needs of a part.
type opened struct {
	*Part
	words   []word // by leaf
	lengths []*invert.Lengths
	dead    int
}

// word is a leaf in one part: for each term of the leaf, which is one but in a phrase, what stands for it.
type word struct {
	alternatives [][]posting // by term of the leaf
}

// posting is a list that counts for a term of a query.
type posting struct {
	field  int
	weight float64 // how much an occurrence counts: less for one with typing errors
	term   invert.Term
	list   *invert.List
}

// open reads what a query needs of a part.
func (s *search) open(ctx context.Context, p *Part) (*opened, error) {
	o := &opened{Part: p, words: make([]word, len(s.q.leaves)), lengths: make([]*invert.Lengths, len(p.File.Fields)), dead: countBits(p.Dead)}
	g, ctx := errgroup.WithContext(ctx)
	if s.scored {
		for _, f := range s.fields {
			g.Go(func() (err error) {
				o.lengths[f], err = p.File.Lengths(ctx, f)
				return err
			})
		}
	}
	g.Go(func() error { return s.openWords(ctx, o) })
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return o, nil
}

// openWords finds the terms that the query's words stand for, and then reads their lists, all at once.
func (s *search) openWords(ctx context.Context, o *opened) error {
	if err := s.findExact(ctx, o); err != nil {
		return err
	}
	for i, l := range s.q.leaves {
		if l.prefix || l.fuzzy > 0 {
			alternatives, err := s.expand(ctx, o.File, l)
			if err != nil {
				return err
			}
			o.words[i].alternatives = [][]posting{alternatives}
		}
	}
	var terms []invert.Term
	var to []*posting
	for i := range o.words {
		for _, alternatives := range o.words[i].alternatives {
			for j := range alternatives {
				terms, to = append(terms, alternatives[j].term), append(to, &alternatives[j])
			}
		}
	}
	lists, err := o.File.Lists(ctx, terms, s.q.needsPositions())
	for i, l := range lists {
		to[i].list = l
	}
	return err
}

// findExact looks up the terms of the leaves that stand for themselves.
func (s *search) findExact(ctx context.Context, o *opened) error {
	var keys []invert.Key
	type place struct{ leaf, term int }
	var at []place
	for i, l := range s.q.leaves {
		if l.prefix || l.fuzzy > 0 {
			continue
		}
		o.words[i].alternatives = make([][]posting, len(l.terms))
		for j := range l.terms {
			for _, f := range s.fields {
				keys = append(keys, invert.Key{Field: f, Text: string(l.terms[j].Term)})
				at = append(at, place{i, j})
			}
		}
	}
	found, err := o.File.Find(ctx, keys)
	if err != nil {
		return err
	}
	for i, t := range found {
		if t.Docs > 0 {
			list := &o.words[at[i].leaf].alternatives[at[i].term]
			*list = append(*list, posting{field: keys[i].Field, weight: 1, term: t})
		}
	}
	return nil
}

// expand returns the terms that a word with a star, or with typing errors, stands for.
func (s *search) expand(ctx context.Context, f *invert.File, l *leaf) (out []posting, err error) {
	want := string(l.terms[0].Term)
	prefix := want
	if !l.prefix {
		prefix = firstLetter(want)
	}
	m := newTypos(want, l.fuzzy)
	for _, field := range s.fields {
		err := f.Scan(ctx, field, prefix, func(t invert.Term) bool {
			weight := 1.0
			if !l.prefix {
				d := m.distance(t.Text)
				if d > l.fuzzy {
					return true
				}
				weight = 1 / float64(1+d)
			}
			t.Field = field
			out = append(out, posting{field: field, weight: weight, term: t})
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
