package expr

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
)

// What counts positions in a string: SUBSTRING, LPAD, LOCATE, SUBSTRING_INDEX and INSERT.

// substring counts positions from 1, from the end when negative; position 0 gives nothing.
func substring(r *row) error {
	s, pos := r.str(0), r.int(1)
	n := int64(r.chars(s))
	if pos < 0 {
		pos += n + 1
	}
	if pos <= 0 || pos > n {
		r.setStr("")
		return nil
	}
	s = s[r.offset(s, pos-1):]
	if r.has(2) {
		s = s[:r.offset(s, r.int(2))]
	}
	r.setStr(s)
	return nil
}

func padded(left bool) func(*call) error {
	return func(c *call) error {
		c.text(0)
		c.in[1] = implicit(c.in[1], typeInt)
		c.text(2)
		c.typ = base.Type{ID: base.TypeLongText, Collation: collationOf(c.in[0].Type())}
		if isBinary(c.in[0].Type()) || isBinary(c.in[2].Type()) {
			c.typ = base.Type{ID: base.TypeLongBlob}
		}
		c.eval = rows(true, func(r *row) error {
			s, n, pad := r.str(0), r.int(1), r.str(2)
			have := int64(r.chars(s))
			switch {
			case n < 0:
				r.setNull()
			case n <= have:
				r.setStr(s[:r.offset(s, n)])
			case n > maxTextBytes/4:
				return r.tooLarge(strings.ToLower(r.c.fn.name))
			case pad == "":
				r.setStr("")
			default:
				unit := int64(r.chars(pad))
				fill := strings.Repeat(pad, int((n-have)/unit+1))
				fill = fill[:r.offset(fill, n-have)]
				if left {
					r.setStr(fill + s)
				} else {
					r.setStr(s + fill)
				}
			}
			return nil
		})
		return nil
	}
}

// buildLocate is LOCATE(part, s[, from]) and INSTR(s, part).
func buildLocate(c *call) error {
	part, s := 0, 1
	if c.fn.name == "INSTR" {
		part, s = 1, 0
	}
	c.text(0)
	c.text(1)
	if len(c.in) > 2 {
		c.in[2] = implicit(c.in[2], typeInt)
	}
	c.typ = typeInt
	coll, err := c.textCollation()
	if err != nil {
		return err
	}
	bytes := isBinary(c.in[0].Type()) || isBinary(c.in[1].Type())
	c.eval = rows(true, func(r *row) error {
		text, find, from := r.str(s), r.str(part), int64(1)
		if r.has(2) {
			from = r.int(2)
		}
		if !bytes {
			text, find = coll.Fold(text), coll.Fold(find)
		}
		count, at := charCount, charOffset
		if bytes {
			count, at = func(s string) int { return len(s) }, func(_ string, n int) int { return n }
		}
		if from < 1 || from > int64(count(text))+1 {
			r.setInt(0)
			return nil
		}
		start := at(text, int(from-1))
		k := strings.Index(text[start:], find)
		if k < 0 {
			r.setInt(0)
			return nil
		}
		r.setInt(int64(count(text[:start+k])) + 1)
		return nil
	})
	return nil
}

func buildSubstringIndex(c *call) error {
	c.text(0)
	c.text(1)
	c.in[2] = implicit(c.in[2], typeInt)
	c.typ = c.in[0].Type()
	c.eval = rows(true, func(r *row) error {
		s, sep, n := r.str(0), r.str(1), r.int(2)
		if sep == "" || n == 0 {
			r.setStr("")
			return nil
		}
		parts := strings.Split(s, sep)
		switch {
		case n > 0 && n < int64(len(parts)):
			parts = parts[:n]
		case n < 0 && n > -int64(len(parts)):
			parts = parts[int64(len(parts))+n:]
		}
		r.setStr(strings.Join(parts, sep))
		return nil
	})
	return nil
}

// buildInsert is INSERT(s, pos, len, new): the characters replaced.
func buildInsert(c *call) error {
	c.text(0)
	c.in[1], c.in[2] = implicit(c.in[1], typeInt), implicit(c.in[2], typeInt)
	c.text(3)
	c.typ = base.Type{ID: base.TypeLongText, Collation: collationOf(c.in[0].Type())}
	c.in[0], c.in[3] = implicit(c.in[0], c.typ), implicit(c.in[3], c.typ)
	c.eval = rows(true, func(r *row) error {
		s, pos, n := r.str(0), r.int(1), r.int(2)
		if pos < 1 || pos > int64(charCount(s)) {
			r.setStr(s)
			return nil
		}
		head := charOffset(s, int(pos-1))
		tail := len(s)
		if n >= 0 {
			tail = head + r.offset(s[head:], n)
		}
		r.setStr(s[:head] + r.str(3) + s[tail:])
		return nil
	})
	return nil
}
