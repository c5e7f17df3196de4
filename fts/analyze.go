package fts

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/token/stop"
	bleveunicode "github.com/blevesearch/bleve/v2/analysis/tokenizer/unicode"
	"github.com/blevesearch/bleve/v2/registry"
	"golang.org/x/text/unicode/norm"

	"github.com/s3sql/s3sql/storage/invert"
)

// Analyzer makes terms out of texts. It is safe for concurrent use.
type Analyzer struct {
	tokenizer analysis.Tokenizer
	filters   []analysis.TokenFilter
	light     []analysis.TokenFilter // those that do not look at the end of a word
	min       int
	fold      bool
}

// Token is a term of a text.
type Token struct {
	Term       []byte
	Position   int // in words, from 0 on; words that are left out are counted
	Start, End int // bytes of the text
}

// NewAnalyzer returns the analyzer of an index.
func NewAnalyzer(o Options) *Analyzer {
	cache := registry.NewCache()
	lang := languages[o.Language]
	a := &Analyzer{tokenizer: bleveunicode.NewUnicodeTokenizer(), min: o.MinWordLength, fold: !o.Accents}
	add := func(names ...string) {
		for _, n := range names {
			a.filters = append(a.filters, tokenFilter(cache, n))
		}
	}
	if lang.width {
		add(widthAndBigrams[0])
	}
	if !o.CaseSensitive {
		a.filters = append(a.filters, lowerCase{})
	}
	add(lang.before...)
	a.light = a.filters[:len(a.filters):len(a.filters)]
	switch {
	case o.StopWords != nil:
		words := analysis.NewTokenMap()
		for _, w := range o.StopWords {
			if !o.CaseSensitive {
				w = strings.ToLower(w)
			}
			words.AddToken(w)
		}
		a.filters = append(a.filters, stop.NewStopTokensFilter(words))
	case lang.stop != "":
		add(lang.stop)
	}
	if o.Stemming {
		add(lang.stemmer...)
	}
	if lang.bigrams {
		add(widthAndBigrams[1])
	}
	return a
}

// Tokens returns the terms of a text. Bytes that are not UTF-8 separate words.
func (a *Analyzer) Tokens(text string) []Token {
	stream := a.tokenizer.Tokenize(validBytes(text))
	long := longWords(stream, a.min)
	for _, f := range a.filters {
		stream = f.Filter(stream)
	}
	out := make([]Token, 0, len(stream))
	for _, t := range stream {
		if len(t.Term) == 0 || long != nil && !long[t.Start] && (t.Type == analysis.AlphaNumeric || t.Type == analysis.Numeric) || len(t.Term) > invert.MaxTerm {
			continue
		}
		term := t.Term
		if a.fold {
			term = foldAccents(term)
		}
		out = append(out, Token{Term: term, Position: t.Position - 1, Start: t.Start, End: t.End})
	}
	return out
}

// validBytes returns a text as bytes, with a blank for each byte that is not UTF-8, so that places stay the same.
func validBytes(text string) []byte {
	b := []byte(text)
	if utf8.Valid(b) {
		return b
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			b[i] = ' '
		}
		i += n
	}
	return b
}

// lowerCase is a filter that makes letters small ones. Bleve's own leaves bytes that are not UTF-8 of an İ.
type lowerCase struct{}

// Filter implements analysis.TokenFilter.
func (lowerCase) Filter(in analysis.TokenStream) analysis.TokenStream {
	for _, t := range in {
		t.Term = bytes.ToLower(t.Term)
	}
	return in
}

// longWords returns where the words begin that have at least min characters; nil: all have. Stemming is not to make a word too short.
func longWords(stream analysis.TokenStream, min int) map[int]bool {
	if min <= 1 {
		return nil
	}
	long := make(map[int]bool, len(stream))
	for _, t := range stream {
		if len(t.Term) >= min && utf8.RuneCount(t.Term) >= min {
			long[t.Start] = true
		}
	}
	return long
}

// foldAccents returns a term without the marks on Latin and Greek letters, and with letters that stand for two as two.
func foldAccents(term []byte) []byte {
	ascii := true
	for _, c := range term {
		ascii = ascii && c < utf8.RuneSelf
	}
	if ascii {
		return term
	}
	var out []byte
	letter := false // the last letter is one whose marks go
	for _, r := range string(norm.NFD.Bytes(term)) {
		if unicode.Is(unicode.Mn, r) && letter {
			continue
		}
		letter = unicode.In(r, unicode.Latin, unicode.Greek)
		if two := ligatures[r]; two != "" {
			out = append(out, two...)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return norm.NFC.Bytes(out)
}

// ligatures are letters that have no decomposition and are sorted as others (Unicode Technical Standard 10, DUCET, first level).
var ligatures = map[rune]string{'ß': "ss", 'æ': "ae", 'Æ': "AE", 'œ': "oe", 'Œ': "OE", 'ø': "o", 'Ø': "O", 'đ': "d", 'Đ': "D", 'ł': "l", 'Ł': "L", 'ı': "i", 'ð': "d", 'þ': "th"}
