package expr

import (
	"strings"
	"unicode/utf8"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// maxTextBytes bounds what REPEAT, SPACE, LPAD, RPAD and CONCAT make, as max_allowed_packet does in MySQL: more is NULL.
const maxTextBytes = 64 << 20

var stringFunctions = []*function{
	{name: "CONCAT", min: 1, max: -1, build: texts(concat)},
	{name: "CONCAT_WS", min: 2, max: -1, build: buildConcatWS},
	{name: "LENGTH", min: 1, max: 1, build: textNumber(func(s string) int { return len(s) })},
	{name: "BIT_LENGTH", min: 1, max: 1, build: textNumber(func(s string) int { return 8 * len(s) })},
	{name: "CHAR_LENGTH", min: 1, max: 1, build: buildCharLength},
	{name: "ASCII", min: 1, max: 1, build: textNumber(func(s string) int {
		if s == "" {
			return 0
		}
		return int(s[0])
	})},
	{name: "ORD", min: 1, max: 1, build: textNumber(ord)},
	{name: "UPPER", min: 1, max: 1, build: mapped(strings.ToUpper)},
	{name: "LOWER", min: 1, max: 1, build: mapped(strings.ToLower)},
	{name: "REVERSE", min: 1, max: 1, build: mapped(reverse)},
	{name: "LTRIM", min: 1, max: 1, build: mapped(func(s string) string { return strings.TrimLeft(s, " ") })},
	{name: "RTRIM", min: 1, max: 1, build: mapped(func(s string) string { return strings.TrimRight(s, " ") })},
	{name: "TRIM", min: 1, max: 3, build: buildTrim},
	{name: "SUBSTRING", min: 2, max: 3, build: nthText(substring, 1)},
	{name: "LEFT", min: 2, max: 2, build: nthText(func(r *row) error {
		s := r.str(0)
		r.setStr(s[:r.offset(s, r.int(1))])
		return nil
	}, 1)},
	{name: "RIGHT", min: 2, max: 2, build: nthText(func(r *row) error {
		s := r.str(0)
		r.setStr(s[r.offset(s, int64(r.chars(s))-max(r.int(1), 0)):])
		return nil
	}, 1)},
	{name: "REPLACE", min: 3, max: 3, build: texts(func(r *row) error {
		if r.str(1) == "" {
			r.setStr(r.str(0))
			return nil
		}
		r.setStr(strings.ReplaceAll(r.str(0), r.str(1), r.str(2)))
		return nil
	})},
	{name: "REPEAT", min: 2, max: 2, build: nullable(nthText(func(r *row) error {
		n := max(r.int(1), 0)
		if n > 0 && int64(len(r.str(0))) > maxTextBytes/n {
			return r.tooLarge("repeat")
		}
		r.setStr(strings.Repeat(r.str(0), int(n)))
		return nil
	}, 1))},
	{name: "SPACE", min: 1, max: 1, build: nullable(typed(typeLongText, rows(true, func(r *row) error {
		n := max(r.int(0), 0)
		if n > maxTextBytes {
			return r.tooLarge("space")
		}
		r.setStr(strings.Repeat(" ", int(n)))
		return nil
	}), typeInt))},
	{name: "LPAD", min: 3, max: 3, build: nullable(padded(true))},
	{name: "RPAD", min: 3, max: 3, build: nullable(padded(false))},
	{name: "INSTR", min: 2, max: 2, build: buildLocate},
	{name: "LOCATE", min: 2, max: 3, build: buildLocate},
	{name: "SUBSTRING_INDEX", min: 3, max: 3, build: buildSubstringIndex},
	{name: "INSERT", min: 4, max: 4, build: buildInsert},
	{name: "FIELD", min: 2, max: -1, build: buildField},
	{name: "ELT", min: 2, max: -1, build: buildElt},
	{name: "FIND_IN_SET", min: 2, max: 2, build: buildFindInSet},
}

// texts makes strings of all operands; the result is a string, binary when an operand is.
func texts(f func(*row) error) func(*call) error {
	return func(c *call) error {
		binary, n := false, 0
		for i := range c.in {
			c.text(i)
			t := c.in[i].Type()
			binary = binary || isBinary(t)
			if l := textLength(t); l == 0 && t.ID != base.TypeNull {
				n = 1 << 20
			} else {
				n += l
			}
		}
		coll, err := mixCollations(c.fn.name, c.in...)
		if err != nil {
			return err
		}
		c.typ = typeVarchar(n, coll)
		if binary {
			c.typ = base.Type{ID: base.TypeLongBlob}
		}
		c.eval = rows(true, f)
		return nil
	}
}

// nthText is texts for a string followed by numbers, from operand first on.
func nthText(f func(*row) error, first int) func(*call) error {
	return func(c *call) error {
		for i := range c.in {
			if i >= first {
				c.in[i] = implicit(c.in[i], typeInt)
			}
		}
		c.text(0)
		t := c.in[0].Type()
		c.typ = base.Type{ID: base.TypeLongText, Collation: collationOf(t)}
		if t.ID == base.TypeVarchar && c.fn.name != "REPEAT" {
			c.typ = t
		}
		if isBinary(t) {
			c.typ = base.Type{ID: base.TypeLongBlob}
		}
		c.eval = rows(true, f)
		return nil
	}
}

func (r *row) tooLarge(name string) error {
	r.ctx.warn(codeTooLarge, "Result of %s() was larger than max_allowed_packet (%d) - truncated", name, maxTextBytes)
	r.setNull()
	return nil
}

var codeTooLarge = base.Code{Number: 1301, State: "HY000", Kind: base.KindInvalid}

// binary reports whether the result is counted in bytes.
func (r *row) binary() bool { return r.out.Class == base.Bytes }

func (r *row) chars(s string) int {
	if r.binary() {
		return len(s)
	}
	return charCount(s)
}

// offset returns where character (or byte) n of s begins.
func (r *row) offset(s string, n int64) int {
	n = max(min(n, int64(len(s))), 0)
	if r.binary() {
		return int(n)
	}
	return charOffset(s, int(n))
}

func concat(r *row) error {
	n := 0
	for k := range r.ops {
		n += len(r.str(k))
	}
	if n > maxTextBytes {
		return r.tooLarge("concat")
	}
	out := make([]byte, 0, n)
	for k := range r.ops {
		out = append(out, r.str(k)...)
	}
	r.setStr(string(out))
	return nil
}

// buildConcatWS joins the operands that are not NULL.
func buildConcatWS(c *call) error {
	if err := texts(concat)(c); err != nil {
		return err
	}
	c.typ.Length = 0
	if !isBinary(c.typ) {
		c.typ.ID = base.TypeLongText
	}
	c.null = c.args[0].Nullable()
	c.eval = rows(false, func(r *row) error {
		if r.null(0) {
			r.setNull()
			return nil
		}
		var b strings.Builder
		first := true
		for k := 1; k < len(r.ops); k++ {
			if r.null(k) {
				continue
			}
			if !first {
				b.WriteString(r.str(0))
			}
			first = false
			b.WriteString(r.str(k))
		}
		r.setStr(b.String())
		return nil
	})
	return nil
}

func textNumber(f func(string) int) func(*call) error {
	return func(c *call) error {
		c.text(0)
		c.typ = typeInt
		c.eval = rows(true, func(r *row) error { r.setInt(int64(f(r.str(0)))); return nil })
		return nil
	}
}

func buildCharLength(c *call) error {
	if isBinary(c.args[0].Type()) {
		return textNumber(func(s string) int { return len(s) })(c)
	}
	return textNumber(charCount)(c)
}

func ord(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	v := 0
	for i := range n {
		v = v<<8 | int(s[i])
	}
	return v
}

func mapped(f func(string) string) func(*call) error {
	return texts(func(r *row) error {
		if s := r.str(0); r.binary() && (r.c.fn.name == "UPPER" || r.c.fn.name == "LOWER") {
			r.setStr(s) // bytes have no case
		} else {
			r.setStr(f(s))
		}
		return nil
	})
}

func reverse(s string) string {
	out := make([]byte, len(s))
	at := len(s)
	for i := 0; i < len(s); {
		_, n := utf8.DecodeRuneInString(s[i:])
		at -= n
		copy(out[at:], s[i:i+n])
		i += n
	}
	return string(out)
}

// buildTrim is TRIM(s), TRIM(pattern FROM s) as (s, pattern), and TRIM(LEADING|TRAILING|BOTH pattern FROM s) as
// ('LEADING', pattern, s).
func buildTrim(c *call) error {
	lead, trail := true, true
	s, pattern := 0, 1
	if len(c.args) == 3 {
		k, ok := c.args[0].(*constant)
		if !ok {
			return base.Errorf(errno.WrongArguments, "Incorrect arguments to TRIM")
		}
		side := strings.ToUpper(k.value.Text())
		lead, trail = side != "TRAILING", side != "LEADING"
		s, pattern = 2, 1
	}
	return texts(func(r *row) error {
		text, p := r.str(s), " "
		if len(r.ops) > 1 {
			p = r.str(pattern)
		}
		for lead && p != "" && strings.HasPrefix(text, p) {
			text = text[len(p):]
		}
		for trail && p != "" && strings.HasSuffix(text, p) {
			text = text[:len(text)-len(p)]
		}
		r.setStr(text)
		return nil
	})(c)
}
