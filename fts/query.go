package fts

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// Mode is how a query is read.
type Mode uint8

// The modes of MATCH … AGAINST.
const (
	Natural   Mode = iota // any of the words
	Boolean               // with operators
	Expansion             // natural, and then again with words of the best documents
)

// Bounds of a query, which keep its time and memory bounded whatever is typed.
const (
	queryBytesMax = 1 << 20
	termsMax      = 1024 // of a query
	depthMax      = 64   // of parentheses
	fuzzyTerms    = 64   // that a word with typing errors stands for
)

// Query is what a user has typed, as a tree. It is read-only once made.
type Query struct {
	root   *node
	leaves []*leaf // in the order of the text
}

// node is an inner node, or a leaf.
type node struct {
	leaf   *leaf // nil: the children
	must   []*node
	should []*node
	not    []*node
	factor float64 // of the score
}

// leaf is a word or a phrase.
type leaf struct {
	word   string // as it was typed
	id     int    // place in Query.leaves
	terms  []Token
	prefix bool
	fuzzy  int
	near   int // of a phrase: all words are within so many words; 0: they follow one another as here
	not    bool
}

func (l *leaf) phrase() bool { return len(l.terms) > 1 }

// Parse reads a query. A word of which the analyzer leaves nothing, as a stop word, is ignored, as in MySQL.
// Errors: ParseError (of boolean mode: what stands where it cannot, with the place), WrongArguments (too much of it, a phrase where positions are not kept).
func Parse(a *Analyzer, o *Options, text string, mode Mode) (*Query, error) {
	if len(text) > queryBytesMax {
		return nil, base.Errorf(errno.WrongArguments, "a full-text query of %d bytes; the most is %d", len(text), queryBytesMax)
	}
	q := &Query{}
	var err error
	if mode == Boolean {
		p := &boolParser{q: q, a: a, text: text}
		q.root, err = p.parse()
	} else {
		q.root = q.natural(a, o, text)
	}
	if err == nil && len(q.leaves) > termsMax {
		err = base.Errorf(errno.WrongArguments, "a full-text query of %d words; the most is %d", len(q.leaves), termsMax)
	}
	if err == nil && !o.Positions && q.needsPositions() {
		err = errPositions()
	}
	return q, err
}

// natural returns any of the words of a text, each once.
func (q *Query) natural(a *Analyzer, o *Options, text string) *node {
	root := &node{factor: 1}
	seen := map[string]bool{}
	for _, t := range a.Tokens(text) {
		if seen[string(t.Term)] {
			continue
		}
		seen[string(t.Term)] = true
		l := q.add(&leaf{word: strings.ToLower(text[t.Start:min(t.End, len(text))]), terms: []Token{t}})
		l.fuzzy = fuzzyFor(o.Fuzzy, t.Term)
		root.should = append(root.should, &node{leaf: l, factor: 1})
	}
	return root
}

// fuzzyFor returns how many typing errors a word may have: none in a short one, at most one in one of up to five letters.
func fuzzyFor(fuzzy int, term []byte) int {
	switch n := utf8.RuneCount(term); {
	case n < 3:
		return 0
	case n <= 5:
		return min(fuzzy, 1)
	}
	return fuzzy
}

func (q *Query) add(l *leaf) *leaf {
	l.id = len(q.leaves)
	q.leaves = append(q.leaves, l)
	return l
}

// Empty reports whether nothing can match: no word is left, or all are excluded.
func (q *Query) Empty() bool { return q.root.empty() }

func (n *node) empty() bool { return n.leaf == nil && len(n.must) == 0 && len(n.should) == 0 }

// needsPositions reports whether a phrase is among the leaves.
func (q *Query) needsPositions() bool {
	for _, l := range q.leaves {
		if l.phrase() {
			return true
		}
	}
	return false
}

// expanded returns the query with further terms, which count half.
func (q *Query) expanded(terms []string) *Query {
	next := &Query{leaves: q.leaves[:len(q.leaves):len(q.leaves)]}
	root := *q.root
	root.should = root.should[:len(root.should):len(root.should)]
	for _, t := range terms {
		l := next.add(&leaf{word: t, terms: []Token{{Term: []byte(t)}}})
		root.should = append(root.should, &node{leaf: l, factor: 0.5})
	}
	next.root = &root
	return next
}

// String shows the tree, for tests and EXPLAIN.
func (q *Query) String() string { return q.root.String() }

func (n *node) String() string {
	s := ""
	if n.leaf != nil {
		s = n.leaf.String()
	} else {
		var parts []string
		for _, c := range n.must {
			parts = append(parts, "+"+c.String())
		}
		for _, c := range n.should {
			parts = append(parts, c.String())
		}
		for _, c := range n.not {
			parts = append(parts, "-"+c.String())
		}
		s = "(" + strings.Join(parts, " ") + ")"
	}
	if n.factor != 1 {
		s += fmt.Sprintf("^%g", n.factor)
	}
	return s
}

func (l *leaf) String() string {
	var s []string
	for i, t := range l.terms {
		w := string(t.Term)
		if i > 0 && t.Position-l.terms[i-1].Position > 1 {
			w = fmt.Sprintf("+%d:%s", t.Position-l.terms[i-1].Position, w)
		}
		s = append(s, w)
	}
	out := strings.Join(s, " ")
	if l.phrase() {
		out = `"` + out + `"`
	}
	if l.prefix {
		out += "*"
	}
	if l.fuzzy > 0 {
		out += fmt.Sprintf("~%d", l.fuzzy)
	}
	if l.near > 0 {
		out += fmt.Sprintf("@%d", l.near)
	}
	return out
}
