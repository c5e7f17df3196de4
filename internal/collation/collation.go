package collation

import (
	"strings"
)

// Collation orders text. Its methods may be called from several goroutines.
type Collation struct {
	Name    string // in lower case
	Charset string
	ID      int  // MySQL's number
	Primary bool // the default of its character set
	SortLen int  // MySQL's figure for the memory that sorting by it takes
	// PadSpace makes trailing spaces insignificant.
	PadSpace bool

	weigh weigher // nil: by bytes
}

// weigher gives the characters of a text their weights.
type weigher interface {
	compare(a, b string) int
	// appendKey appends bytes that order and equal as compare does.
	appendKey(dst []byte, s string) []byte
	// fold returns s such that two characters that weigh the same are the same.
	fold(s string) string
}

// Binary reports whether c orders text by its bytes alone.
func (c *Collation) Binary() bool { return c.weigh == nil && !c.PadSpace }

// Bytewise reports whether c, trailing spaces aside, tells all texts apart: the …_bin collations.
func (c *Collation) Bytewise() bool { return c.weigh == nil }

// Compare returns -1, 0 or 1.
func (c *Collation) Compare(a, b string) int {
	if c.PadSpace {
		a, b = strings.TrimRight(a, " "), strings.TrimRight(b, " ")
	}
	if c.weigh == nil || a == b {
		return strings.Compare(a, b)
	}
	return c.weigh.compare(a, b)
}

// AppendKey appends the sort key of s: bytes that are equal for texts that c holds for equal, and order as c does. One key
// may be the beginning of another.
func (c *Collation) AppendKey(dst []byte, s string) []byte {
	if c.PadSpace {
		s = strings.TrimRight(s, " ")
	}
	if c.weigh == nil {
		return append(dst, s...)
	}
	return c.weigh.appendKey(dst, s)
}

// Fold returns s without the differences that c ignores within a character, for comparing character by character: LIKE,
// LOCATE, REPLACE. It has as many characters as s, accents that stand alone aside.
func (c *Collation) Fold(s string) string {
	if c.weigh == nil {
		return s
	}
	return c.weigh.fold(s)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
