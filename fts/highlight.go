package fts

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Matcher tells what a query finds in a text. It is for one goroutine.
type Matcher struct {
	a      *Analyzer
	q      *Query
	single map[string][]*leaf // leaves of one word that stands for itself
	open   []*leaf            // leaves that stand for several words
	phrase []*leaf
	typos  map[*leaf]*typos
	known  map[string]*leaf // terms that were compared with the open ones
}

// NewMatcher returns a matcher of the words that a query looks for, not of those that it excludes.
func NewMatcher(a *Analyzer, q *Query) *Matcher {
	m := &Matcher{a: a, q: q, single: map[string][]*leaf{}, typos: map[*leaf]*typos{}, known: map[string]*leaf{}}
	for _, l := range q.leaves {
		switch {
		case l.not:
		case l.phrase():
			m.phrase = append(m.phrase, l)
		case l.prefix || l.fuzzy > 0:
			m.open = append(m.open, l)
			m.typos[l] = newTypos(string(l.terms[0].Term), l.fuzzy)
		default:
			m.single[string(l.terms[0].Term)] = append(m.single[string(l.terms[0].Term)], l)
		}
	}
	return m
}

// found is a token that a query looks for.
type found struct {
	Token
	leaf *leaf
}

// find returns the tokens of a text that the query looks for, in order.
func (m *Matcher) find(text string) (out []found) {
	tokens := m.a.Tokens(text)
	for _, t := range tokens {
		if l := m.leafOf(t.Term); l != nil {
			out = append(out, found{t, l})
		}
	}
	for _, l := range m.phrase {
		for _, i := range phraseTokens(tokens, l) {
			out = append(out, found{tokens[i], l})
		}
	}
	if len(m.phrase) > 0 {
		slices.SortStableFunc(out, func(a, b found) int { return a.Start - b.Start })
	}
	return out
}

// leafOf returns the first leaf of one word that looks for a term; nil: none does.
func (m *Matcher) leafOf(term []byte) *leaf {
	if l := m.single[string(term)]; l != nil {
		return l[0]
	}
	if len(m.open) == 0 {
		return nil
	}
	l, ok := m.known[string(term)]
	if !ok {
		i := slices.IndexFunc(m.open, func(l *leaf) bool { return m.opens(l, term) })
		if i >= 0 {
			l = m.open[i]
		}
		m.known[string(term)] = l
	}
	return l
}

// opens reports whether a term is one of those that a word with a star, or with typing errors, stands for.
func (m *Matcher) opens(l *leaf, term []byte) bool {
	want := l.terms[0].Term
	if l.prefix {
		return hasPrefix(term, want)
	}
	return hasPrefix(term, []byte(firstLetter(string(want)))) && m.typos[l].distance(string(term)) <= l.fuzzy
}

func hasPrefix(b, prefix []byte) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == string(prefix)
}

// phraseTokens returns which tokens make up a phrase, ascending.
func phraseTokens(tokens []Token, l *leaf) (out []int) {
	lists := make([][]uint32, len(l.terms)) // of positions
	byPosition := map[uint32][]int{}
	for i, t := range tokens {
		for k := range l.terms {
			if string(t.Term) == string(l.terms[k].Term) {
				lists[k] = append(lists[k], uint32(t.Position))
				byPosition[uint32(t.Position)] = append(byPosition[uint32(t.Position)], i)
			}
		}
	}
	add := func(position uint32) { out = append(out, byPosition[position]...) }
	if l.near > 0 {
		if countNear(lists, uint32(l.near)) > 0 {
			for _, list := range lists {
				for _, p := range list {
					add(p)
				}
			}
		}
	} else {
		for _, at := range lists[0] {
			offset := func(k int) uint32 { return at + uint32(l.terms[k].Position-l.terms[0].Position) }
			whole := true
			for k := range l.terms {
				_, there := slices.BinarySearch(lists[k], offset(k))
				whole = whole && there
			}
			for k := 0; whole && k < len(l.terms); k++ {
				add(offset(k))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Words returns the words of the query that are in any of some texts, as they were typed, in the order of the query.
func (m *Matcher) Words(texts []string) []string {
	have := make([]bool, len(m.q.leaves))
	for _, text := range texts {
		for _, f := range m.find(text) {
			for _, l := range m.single[string(f.Term)] {
				have[l.id] = true
			}
			have[f.leaf.id] = true
		}
	}
	out := []string{}
	for i, l := range m.q.leaves {
		if have[i] && !slices.Contains(out, l.word) {
			out = append(out, l.word)
		}
	}
	return out
}

// In reports whether a text has any of the words.
func (m *Matcher) In(text string) bool { return len(m.find(text)) > 0 }

// Highlight returns a text with from before and to behind the words that the query looks for. Words with only blanks in between
// are taken together.
func (m *Matcher) Highlight(text, from, to string) string {
	return mark(text, m.find(text), from, to, 0, len(text))
}

// mark returns text[lo:hi] with marks around what was found in it.
func mark(text string, found []found, from, to string, lo, hi int) string {
	var b strings.Builder
	at := lo
	for i := 0; i < len(found); {
		start, end := found[i].Start, found[i].End
		for i++; i < len(found) && found[i].Start >= end && strings.TrimSpace(text[end:found[i].Start]) == "" || i < len(found) && found[i].Start < end; i++ {
			end = max(end, found[i].End)
		}
		if start < at || end > hi {
			continue
		}
		b.WriteString(text[at:start])
		b.WriteString(from)
		b.WriteString(text[start:end])
		b.WriteString(to)
		at = end
	}
	b.WriteString(text[at:hi])
	return b.String()
}

// Snippet returns the part of a text, of about so many words, that has most of the words that the query looks for, marked as
// Highlight does, with an ellipsis where the text goes on.
func (m *Matcher) Snippet(text string, words int, from, to string) string {
	all := fieldsOf(text)
	if len(all) <= words {
		return m.Highlight(text, from, to)
	}
	hits := m.find(text)
	first := bestStretch(all, hits, words)
	lo, hi := all[first][0], all[first+words-1][1]
	inside := slices.DeleteFunc(slices.Clone(hits), func(f found) bool { return f.Start < lo || f.End > hi })
	out := mark(text, inside, from, to, lo, hi)
	if first > 0 {
		out = "…" + out
	}
	if first+words < len(all) {
		out += "…"
	}
	return out
}

// bestStretch returns where so many words begin that have most of the different words of a query, and then most of them; a little
// before the first, where there is room.
func bestStretch(all [][2]int, hits []found, words int) int {
	at := make([]int, len(hits)) // the word that each hit is in
	w := 0
	for i := range hits {
		for w < len(all)-1 && all[w][1] <= hits[i].Start {
			w++
		}
		at[i] = w
	}
	best, bestScore := 0, -1
	inside := map[*leaf]int{} // of the hits from i to end
	end := 0
	for i := range hits {
		for ; end < len(hits) && at[end] < at[i]+words-words/8; end++ {
			inside[hits[end].leaf]++
		}
		if score := len(inside)*len(hits) + end - i; score > bestScore {
			best, bestScore = max(0, min(at[i]-words/8, len(all)-words)), score
		}
		if inside[hits[i].leaf]--; inside[hits[i].leaf] == 0 {
			delete(inside, hits[i].leaf)
		}
	}
	return best
}

// fieldsOf returns where the words of a text that are set apart by blanks begin and end. Where there are few blanks, as in scripts without
// them, a word is a letter.
func fieldsOf(text string) (out [][2]int) {
	letters := utf8.RuneCountInString(text)
	start := -1
	for i, r := range text {
		if unicode.IsSpace(r) {
			if start >= 0 {
				out = append(out, [2]int{start, i})
			}
			start = -1
		} else if start < 0 {
			start = i
		}
	}
	if start >= 0 {
		out = append(out, [2]int{start, len(text)})
	}
	if len(out)*30 >= letters {
		return out
	}
	out = out[:0]
	for i := 0; i < len(text); {
		_, n := utf8.DecodeRuneInString(text[i:])
		out = append(out, [2]int{i, i + n})
		i += n
	}
	return out
}
