package fts

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// What an operator makes of the score of a word.
const (
	factorMore    = 2
	factorLess    = 0.5
	factorAgainst = -0.5 // ~
)

// boolParser reads the language of IN BOOLEAN MODE: MySQL 8.0 Reference Manual, 12.9.2, and word~n for typing errors.
type boolParser struct {
	q    *Query
	a    *Analyzer
	text string
	at   int
	deep int
}

// operators are those in front of a word.
type operators struct {
	sign   byte // '+', '-' or 0
	factor float64
	at     int
	any    bool
}

func (p *boolParser) fail(at int, format string, args ...any) error {
	line := p.text[max(0, at-20):min(len(p.text), at+20)]
	return base.Errorf(errno.Parse, "full-text query, character %d, near '%s': "+format,
		append([]any{utf8.RuneCountInString(p.text[:at]) + 1, strings.ToValidUTF8(line, "")}, args...)...)
}

func (p *boolParser) parse() (*node, error) {
	n, err := p.list()
	if err == nil && p.at < len(p.text) {
		err = p.fail(p.at, "a ) without its (")
	}
	return n, err
}

// list reads words up to the end, or to a closing parenthesis.
func (p *boolParser) list() (*node, error) {
	n := &node{factor: 1}
	for {
		p.space()
		if p.at == len(p.text) || p.text[p.at] == ')' {
			return n, nil
		}
		ops, err := p.operators()
		if err != nil {
			return nil, err
		}
		if p.space() && ops.any || p.at == len(p.text) || p.text[p.at] == ')' {
			return nil, p.fail(ops.at, "an operator with no word behind it")
		}
		child, err := p.item()
		if err != nil {
			return nil, err
		}
		if child == nil {
			continue
		}
		child.factor *= ops.factor
		switch ops.sign {
		case '+':
			n.must = append(n.must, child)
		case '-':
			child.exclude()
			n.not = append(n.not, child)
		default:
			n.should = append(n.should, child)
		}
	}
}

// exclude marks the words beneath as such that are not searched for.
func (n *node) exclude() {
	if n.leaf != nil {
		n.leaf.not = true
	}
	for _, list := range [][]*node{n.must, n.should, n.not} {
		for _, c := range list {
			c.exclude()
		}
	}
}

// space moves over what separates words, and reports whether there was any.
func (p *boolParser) space() bool {
	from := p.at
	for p.at < len(p.text) {
		r, n := utf8.DecodeRuneInString(p.text[p.at:])
		if !unicode.IsSpace(r) && r != ',' && r != ';' {
			break
		}
		p.at += n
	}
	return p.at > from
}

func (p *boolParser) operators() (operators, error) {
	ops := operators{factor: 1, at: p.at}
	for ; p.at < len(p.text); p.at++ {
		switch p.text[p.at] {
		case '+', '-':
			if ops.sign != 0 {
				return ops, p.fail(p.at, "a word is either required or excluded")
			}
			ops.sign = p.text[p.at]
		case '>':
			ops.factor *= factorMore
		case '<':
			ops.factor *= factorLess
		case '~':
			ops.factor = factorAgainst
		default:
			return ops, nil
		}
		ops.any = true
	}
	return ops, nil
}

// item reads a word, a phrase or what is in parentheses; nil: nothing is left of it.
func (p *boolParser) item() (*node, error) {
	from := p.at
	switch p.text[p.at] {
	case '(':
		return p.group()
	case '"':
		return p.phrase()
	case '*', '@':
		return nil, p.fail(from, "%c with no word before it", p.text[from])
	}
	for p.at < len(p.text) {
		r, n := utf8.DecodeRuneInString(p.text[p.at:])
		if unicode.IsSpace(r) || strings.ContainsRune(`,;()"*~@<>`, r) {
			break
		}
		p.at += n
	}
	return p.word(p.text[from:p.at])
}

func (p *boolParser) group() (*node, error) {
	from := p.at
	if p.deep++; p.deep > depthMax {
		return nil, p.fail(from, "more than %d parentheses in one another", depthMax)
	}
	p.at++
	n, err := p.list()
	if err != nil {
		return nil, err
	}
	if p.at == len(p.text) {
		return nil, p.fail(from, "a ( without its )")
	}
	p.at++
	p.deep--
	if n.empty() {
		return nil, nil
	}
	return n, nil
}

// phrase reads "words" or "words"@n.
func (p *boolParser) phrase() (*node, error) {
	from := p.at
	end := strings.IndexByte(p.text[p.at+1:], '"')
	if end < 0 {
		return nil, p.fail(from, "a quotation mark without the second one")
	}
	words := p.text[p.at+1 : p.at+1+end]
	p.at += end + 2
	near := 0
	if at := p.at + len(p.text[p.at:]) - len(strings.TrimLeft(p.text[p.at:], " ")); at < len(p.text) && p.text[at] == '@' {
		var err error
		p.at = at + 1
		if near, err = p.digits("@"); err != nil {
			return nil, err
		}
	}
	l := &leaf{word: strings.ToLower(words), terms: p.a.Tokens(words), near: near}
	if len(l.terms) == 0 {
		return nil, nil
	}
	if len(l.terms) == 1 {
		l.near = 0
	}
	return &node{leaf: p.q.add(l), factor: 1}, nil
}

// digits reads the number behind an operator.
func (p *boolParser) digits(op string) (int, error) {
	from := p.at
	for p.at < len(p.text) && '0' <= p.text[p.at] && p.text[p.at] <= '9' {
		p.at++
	}
	n, err := strconv.Atoi(p.text[from:p.at])
	if err != nil || n < 1 || n > 1<<20 {
		return 0, p.fail(from, "behind %s comes a number from 1 on", op)
	}
	return n, nil
}

// word makes a leaf of a word and reads what stands behind it. A word in which the analyzer finds several is a phrase.
func (p *boolParser) word(word string) (*node, error) {
	l := &leaf{word: strings.ToLower(word), terms: p.a.Tokens(word)}
	if p.at < len(p.text) {
		switch p.text[p.at] {
		case '*':
			p.at++
			l.prefix = true
			l.terms = p.a.prefix(word)
		case '~':
			p.at++
			n := 1
			if p.at < len(p.text) && '0' <= p.text[p.at] && p.text[p.at] <= '9' {
				var err error
				if n, err = p.digits("~"); err != nil {
					return nil, err
				}
			}
			if n > fuzzyMax {
				return nil, p.fail(p.at-1, "a word may have at most %d typing errors", fuzzyMax)
			}
			l.fuzzy = n
		case '<', '>', '@':
			return nil, p.fail(p.at, "%c stands before a word, or behind a phrase", p.text[p.at])
		}
	}
	if len(l.terms) == 0 {
		return nil, nil
	}
	if len(l.terms) > 1 {
		l.prefix, l.fuzzy = false, 0
	}
	return &node{leaf: p.q.add(l), factor: 1}, nil
}

// prefix returns the beginning of a word as the terms have it: neither stemmed nor left out for being short or common, as there may be
// more of it.
func (a *Analyzer) prefix(word string) []Token {
	return (&Analyzer{tokenizer: a.tokenizer, filters: a.light, light: a.light, min: 1, fold: a.fold}).Tokens(word)
}

// Prefixes returns what a beginning of a word may look like in the terms of an index: one text, or with several words that of the last
// one; none for a text without a letter.
func (a *Analyzer) Prefixes(letters string) []string {
	tokens := a.prefix(letters)
	if len(tokens) == 0 {
		return nil
	}
	return []string{string(tokens[len(tokens)-1].Term)}
}
