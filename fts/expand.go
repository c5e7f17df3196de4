package fts

import (
	"cmp"
	"context"
	"slices"
)

// candidatesMax is how many words of the best documents are weighed against one another.
const candidatesMax = 64

// Expand returns the query with the words that say most about the best documents of a first search: those that are in many of them
// and in few others. texts are the columns of each.
// Cost: as Search, of up to 64 words. Errors: those of Search.
func Expand(ctx context.Context, a *Analyzer, parts []Part, req Request, texts [][]string) (*Query, error) {
	count := map[string]int{} // documents among the best that have a word
	for _, doc := range texts {
		seen := map[string]bool{}
		for _, text := range doc {
			for _, t := range a.Tokens(text) {
				seen[string(t.Term)] = true
			}
		}
		for term := range seen {
			count[term]++
		}
	}
	for _, l := range req.Query.leaves {
		for _, t := range l.terms {
			delete(count, string(t.Term))
		}
	}
	terms := make([]string, 0, len(count))
	for t := range count {
		terms = append(terms, t)
	}
	often := func(x, y string) int { return cmp.Or(cmp.Compare(count[y], count[x]), cmp.Compare(x, y)) }
	slices.SortFunc(terms, often)
	terms = terms[:min(len(terms), candidatesMax)]
	st, err := countTerms(ctx, parts, req, terms)
	if err != nil {
		return nil, err
	}
	value := map[string]float64{}
	for i, t := range terms {
		value[t] = float64(count[t]) * st.idf(st.found[i])
	}
	slices.SortFunc(terms, func(x, y string) int { return cmp.Or(cmp.Compare(value[y], value[x]), cmp.Compare(x, y)) })
	return req.Query.expanded(terms[:min(len(terms), expandBy)]), nil
}

// expandBy is how many words a query is given.
const expandBy = 20

// expandFrom is how many of the best documents Expand is to be given, and those that are as good as the last of them: which of these
// come first depends on where they are. ExpandMost bounds them.
const (
	expandFrom = 20
	ExpandMost = 100
)

// ExpandFrom returns the hits, of which there are up to ExpandMost in descending order of their scores, whose texts Expand is to be given.
func ExpandFrom(hits []Hit) []Hit {
	if len(hits) <= expandFrom {
		return hits
	}
	n := expandFrom
	for n < len(hits) && hits[n].Score == hits[expandFrom-1].Score {
		n++
	}
	return hits[:n]
}

// countTerms returns how many live documents there are and how many have each term.
func countTerms(ctx context.Context, parts []Part, req Request, terms []string) (*stats, error) {
	s := &search{q: &Query{}, fields: req.Fields, weights: req.Weights}
	for _, t := range terms {
		s.q.add(&leaf{terms: []Token{{Term: []byte(t)}}})
	}
	open, err := s.openAll(ctx, parts)
	if err == nil {
		err = s.count(ctx, open)
	}
	return &s.stats, err
}
