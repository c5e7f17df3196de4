package tpch

import (
	"strings"
)

// random draws numbers from a seed: the same seed gives the same numbers everywhere (splitmix64, Steele et al. 2014).
type random struct{ state uint64 }

func newRandom(seed uint64) *random { return &random{state: seed} }

func (r *random) next() uint64 {
	r.state += 0x9E3779B97F4A7C15
	z := r.state
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// between returns a number in [lo, hi].
func (r *random) between(lo, hi int) int { return lo + int(r.next()%uint64(hi-lo+1)) }

func (r *random) of(list []string) string { return list[r.between(0, len(list)-1)] }

const alphanumeric = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ, "

// vstring is a random text of lo to hi characters (clause 4.2.2.7).
func (r *random) vstring(lo, hi int) string {
	b := make([]byte, r.between(lo, hi))
	for i := range b {
		b[i] = alphanumeric[r.between(0, len(alphanumeric)-1)]
	}
	return string(b)
}

// text is pseudo text of lo to hi characters (clause 4.2.2.10): sentences, cut to length.
func (r *random) text(lo, hi int) string {
	n := r.between(lo, hi)
	var b strings.Builder
	for b.Len() < n {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		r.sentence(&b)
	}
	return strings.TrimRight(b.String()[:n], " ")
}

func (r *random) sentence(b *strings.Builder) {
	r.nounPhrase(b)
	b.WriteByte(' ')
	r.verbPhrase(b)
	switch r.between(0, 4) {
	case 0, 1:
		b.WriteByte(' ')
		r.prepositional(b)
	case 2:
		b.WriteByte(' ')
		r.nounPhrase(b)
	}
	b.WriteString(r.of(terminators))
}

func (r *random) nounPhrase(b *strings.Builder) {
	switch r.between(0, 3) {
	case 0:
		b.WriteString(r.of(adjectives) + " ")
	case 1:
		b.WriteString(r.of(adjectives) + ", " + r.of(adjectives) + " ")
	case 2:
		b.WriteString(r.of(adverbs) + " " + r.of(adjectives) + " ")
	}
	b.WriteString(r.of(nouns))
}

func (r *random) verbPhrase(b *strings.Builder) {
	if r.between(0, 2) == 0 {
		b.WriteString(r.of(adverbs) + " ")
	}
	b.WriteString(r.of(verbs))
	if r.between(0, 2) == 0 {
		b.WriteString(" " + r.of(adverbs))
	}
}

func (r *random) prepositional(b *strings.Builder) {
	b.WriteString(r.of(prepositions) + " the ")
	r.nounPhrase(b)
}

// phone is a number of a country (clause 4.2.2.9).
func (r *random) phone(nation int) string {
	var b strings.Builder
	digits := func(n, width int) {
		s := itoa(n)
		b.WriteString(strings.Repeat("0", width-len(s)) + s)
	}
	digits(nation+10, 2)
	b.WriteByte('-')
	digits(r.between(100, 999), 3)
	b.WriteByte('-')
	digits(r.between(100, 999), 3)
	b.WriteByte('-')
	digits(r.between(1000, 9999), 4)
	return b.String()
}
