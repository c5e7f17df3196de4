package expr

import (
	"strings"
	"unicode/utf8"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/internal/errno"
)

var matchFunctions = []*function{
	{name: "LIKE", min: 2, max: 3, build: buildLike},
}

func buildLike(c *call) error {
	for i := range c.in {
		c.text(i)
	}
	c.typ = typeBool
	coll, err := c.textCollation()
	if err != nil {
		return err
	}
	binary := isBinary(c.in[0].Type()) || isBinary(c.in[1].Type())
	last, compiled := "", (*likePattern)(nil)
	if k, ok := c.in[1].(*constant); ok && len(c.in) == 2 && !k.value.IsNull() {
		last = k.value.Text()
		compiled = compileLike(last, '\\', coll, binary)
	}
	c.eval = rows(true, func(r *row) error {
		pattern, p := r.str(1), compiled
		if p == nil || pattern != last {
			escape := '\\'
			if r.has(2) {
				switch e := r.str(2); {
				case utf8.RuneCountInString(e) > 1:
					return base.Errorf(errno.WrongArguments, "Incorrect arguments to ESCAPE")
				case e == "":
					escape = -1
				default:
					escape, _ = utf8.DecodeRuneInString(e)
				}
			}
			p = compileLike(pattern, escape, coll, binary)
		}
		r.setBool(p.match(r.str(0)))
		return nil
	})
	return nil
}

// likePattern is a LIKE pattern cut at its % signs. Each piece is text with _ marked as anyChar.
type likePattern struct {
	pieces      []likePiece
	coll        *collation.Collation // its characters are compared as this folds them
	binary      bool
	anchorStart bool // the first piece stands at the start
	anchorEnd   bool
}

type likePiece struct {
	text  string // when it has no _
	runes []rune
}

const anyChar = rune(-2)

func compileLike(pattern string, escape rune, coll *collation.Collation, binary bool) *likePattern {
	p := &likePattern{coll: coll, binary: binary, anchorStart: true, anchorEnd: true}
	var cur []rune
	flush := func() {
		if len(cur) > 0 {
			p.pieces = append(p.pieces, newPiece(cur, binary))
		}
		cur = nil
	}
	rs := decode(pattern, coll, binary)
	for i := 0; i < len(rs); i++ {
		switch r := rs[i]; {
		case r == escape && i+1 < len(rs):
			i++
			cur = append(cur, rs[i])
		case r == '%':
			if len(p.pieces) == 0 && len(cur) == 0 {
				p.anchorStart = false
			}
			flush()
			p.anchorEnd = false
			continue
		case r == '_':
			cur = append(cur, anyChar)
		default:
			cur = append(cur, r)
		}
		p.anchorEnd = true
	}
	flush()
	return p
}

// decode returns the characters of s, as coll folds them, or its bytes.
func decode(s string, coll *collation.Collation, binary bool) []rune {
	if binary {
		out := make([]rune, len(s))
		for i := range len(s) {
			out[i] = rune(s[i])
		}
		return out
	}
	return []rune(coll.Fold(s))
}

func newPiece(rs []rune, binary bool) likePiece {
	for _, r := range rs {
		if r == anyChar {
			return likePiece{runes: rs}
		}
	}
	if !binary {
		return likePiece{text: string(rs), runes: rs}
	}
	b := make([]byte, len(rs))
	for i, r := range rs {
		b[i] = byte(r)
	}
	return likePiece{text: string(b), runes: rs}
}

// prefix returns how many bytes of s the piece takes at its start; -1: it does not match.
func (l *likePiece) prefix(s string, binary bool) int {
	if l.text != "" {
		if strings.HasPrefix(s, l.text) {
			return len(l.text)
		}
		return -1
	}
	at := 0
	for _, want := range l.runes {
		if at >= len(s) {
			return -1
		}
		got, n := rune(s[at]), 1
		if !binary {
			got, n = utf8.DecodeRuneInString(s[at:])
		}
		if want != anyChar && want != got {
			return -1
		}
		at += n
	}
	return at
}

func (p *likePattern) match(s string) bool {
	if !p.binary {
		s = p.coll.Fold(s)
	}
	pieces := p.pieces
	if len(pieces) == 0 {
		return s == "" || !p.anchorStart || !p.anchorEnd
	}
	if p.anchorStart {
		n := pieces[0].prefix(s, p.binary)
		if n < 0 {
			return false
		}
		s, pieces = s[n:], pieces[1:]
		if len(pieces) == 0 {
			return s == "" || !p.anchorEnd
		}
	}
	for i := range pieces {
		if i == len(pieces)-1 && p.anchorEnd {
			return p.suffix(&pieces[i], s)
		}
		at, n := p.find(&pieces[i], s)
		if at < 0 {
			return false
		}
		s = s[at+n:]
	}
	return true
}

// find returns the first place in s where the piece matches, and its length.
func (p *likePattern) find(l *likePiece, s string) (at, n int) {
	if l.text != "" {
		return strings.Index(s, l.text), len(l.text)
	}
	for at = 0; at <= len(s); {
		if n := l.prefix(s[at:], p.binary); n >= 0 {
			return at, n
		}
		if at == len(s) {
			break
		}
		_, w := utf8.DecodeRuneInString(s[at:])
		if p.binary {
			w = 1
		}
		at += w
	}
	return -1, 0
}

func (p *likePattern) suffix(l *likePiece, s string) bool {
	if l.text != "" {
		return strings.HasSuffix(s, l.text)
	}
	at := len(s)
	for range l.runes {
		if at == 0 {
			return false
		}
		w := 1
		if !p.binary {
			_, w = utf8.DecodeLastRuneInString(s[:at])
		}
		at -= w
	}
	return l.prefix(s[at:], p.binary) == len(s)-at
}
