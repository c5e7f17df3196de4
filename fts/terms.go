package fts

import (
	"context"

	"github.com/s3sql/s3sql/storage/invert"
)

// TermCount is a term of a field.
type TermCount struct {
	Field  int
	Text   string
	Docs   int // live documents that have it
	Tokens int // how often these have it
}

// Terms calls fn with the terms of live documents, field by field, that begin with prefix, in no particular order.
// Cost: reads of the dictionaries, and where documents are gone of the lists. Errors: PartError, ctx.Err().
func Terms(ctx context.Context, parts []Part, fields []int, prefix string, fn func(TermCount)) error {
	for _, f := range fields {
		all := map[string]*TermCount{}
		for i := range parts {
			if err := parts[i].terms(ctx, f, prefix, all); err != nil {
				return partError(err, i)
			}
		}
		for _, t := range all {
			fn(*t)
		}
	}
	return nil
}

// termsAtOnce is how many lists are read at once.
const termsAtOnce = 1024

func (p *Part) terms(ctx context.Context, field int, prefix string, all map[string]*TermCount) error {
	var batch []invert.Term
	flush := func() error {
		err := p.countTerms(ctx, field, batch, all)
		batch = batch[:0]
		return err
	}
	var inner error
	err := p.File.Scan(ctx, field, prefix, func(t invert.Term) bool {
		if batch = append(batch, t); len(batch) == termsAtOnce {
			inner = flush()
		}
		return inner == nil
	})
	if err == nil {
		err = inner
	}
	if err == nil {
		err = flush()
	}
	return err
}

func (p *Part) countTerms(ctx context.Context, field int, terms []invert.Term, all map[string]*TermCount) error {
	add := func(text string, docs, tokens int) {
		if docs == 0 {
			return
		}
		if all[text] == nil {
			all[text] = &TermCount{Field: field, Text: text}
		}
		all[text].Docs += docs
		all[text].Tokens += tokens
	}
	if p.Dead == nil {
		for i := range terms {
			add(terms[i].Text, terms[i].Docs, terms[i].Tokens)
		}
		return nil
	}
	lists, err := p.File.Lists(ctx, terms, false)
	if err != nil {
		return err
	}
	for i, l := range lists {
		docs, tokens := 0, 0
		c := l.Cursor()
		for c.Next() {
			for k, d := range c.Docs {
				if p.Dead[d/64]&(1<<(d%64)) == 0 {
					docs++
					tokens += int(c.Freqs[k])
				}
			}
		}
		if c.Err() != nil {
			return corrupt(c.Err())
		}
		add(terms[i].Text, docs, tokens)
	}
	return nil
}
