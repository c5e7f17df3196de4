package collation

import (
	"cmp"
	"encoding/binary"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// generalCI weighs each character by the capital of its base letter: no contractions, no expansions, and all characters
// beyond the basic multilingual plane are equal.
//
// Source: MySQL 8.0 Reference Manual, "Unicode Character Sets", _general_ci collations.
type generalCI struct{}

const (
	unknownChar = 0xFFFD // the weight of what has none
	planeSize   = 1 << 16
)

// generalTable holds the weights of the basic multilingual plane.
var generalTable = sync.OnceValue(func() *[planeSize]uint16 {
	t := new([planeSize]uint16)
	for r := range rune(planeSize) {
		t[r] = uint16(weight(r))
	}
	return t
})

// weight is the base letter of r as a capital.
func weight(r rune) rune {
	switch {
	case r == 'ß':
		return 'S'
	case !utf8.ValidRune(r):
		return unknownChar
	}
	base, n := utf8.DecodeRuneInString(norm.NFD.String(string(r)))
	if n > 0 && base != r && unicode.IsLetter(base) {
		r = base
	}
	if up := unicode.ToUpper(r); up < planeSize {
		return up
	}
	return r
}

// next returns the weight of the first character of s and its length in bytes.
func (generalCI) next(s string, t *[planeSize]uint16) (w uint16, n int) {
	if c := s[0]; c < utf8.RuneSelf {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		return uint16(c), 1
	}
	r, n := utf8.DecodeRuneInString(s)
	if r >= planeSize {
		return unknownChar, n
	}
	return t[r], n
}

func (g generalCI) compare(a, b string) int {
	t := generalTable()
	for len(a) > 0 && len(b) > 0 {
		x, n := g.next(a, t)
		y, m := g.next(b, t)
		if x != y {
			return cmp.Compare(x, y)
		}
		a, b = a[n:], b[m:]
	}
	return cmp.Compare(len(a), len(b))
}

func (g generalCI) appendKey(dst []byte, s string) []byte {
	for t := generalTable(); len(s) > 0; {
		w, n := g.next(s, t)
		dst, s = binary.BigEndian.AppendUint16(dst, w), s[n:]
	}
	return dst
}

func (g generalCI) fold(s string) string {
	var b strings.Builder
	for t := generalTable(); len(s) > 0; {
		w, n := g.next(s, t)
		b.WriteRune(rune(w))
		s = s[n:]
	}
	return b.String()
}
