package expr

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
)

var setFunctions = []*function{
	{name: "MAKE_SET", min: 2, max: -1, build: buildMakeSet},
	{name: "EXPORT_SET", min: 3, max: 5, build: buildExportSet},
	{name: "INTERVAL", min: 2, max: -1, build: buildInterval},
	{name: "SOUNDEX", min: 1, max: 1, build: mapped(soundex)},
}

// buildMakeSet joins the strings whose bit of the first operand is set; NULLs among them are left out.
func buildMakeSet(c *call) error {
	c.in[0] = implicit(c.in[0], typeInt)
	c.typ = base.Type{ID: base.TypeLongText}
	for i := 1; i < len(c.in); i++ {
		c.in[i] = implicit(c.in[i], c.typ)
	}
	c.null = c.args[0].Nullable()
	c.eval = rows(false, func(r *row) error {
		if r.null(0) {
			r.setNull()
			return nil
		}
		var on []string
		bits := uint64(r.int(0))
		for k := 1; k < len(r.ops) && k <= 64; k++ {
			if bits&(1<<(k-1)) != 0 && !r.null(k) {
				on = append(on, r.str(k))
			}
		}
		r.setStr(strings.Join(on, ","))
		return nil
	})
	return nil
}

// buildExportSet is EXPORT_SET(bits, on, off[, separator[, count]]): a word a bit, lowest first.
func buildExportSet(c *call) error {
	c.in[0] = implicit(c.in[0], typeInt)
	c.typ = base.Type{ID: base.TypeLongText}
	for i := 1; i < min(len(c.in), 4); i++ {
		c.in[i] = implicit(c.in[i], c.typ)
	}
	if len(c.in) == 5 {
		c.in[4] = implicit(c.in[4], typeInt)
	}
	c.eval = rows(true, func(r *row) error {
		sep, n := ",", int64(64)
		if r.has(3) {
			sep = r.str(3)
		}
		if r.has(4) && r.int(4) >= 0 {
			n = min(r.int(4), 64)
		}
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteString(sep)
			}
			if uint64(r.int(0))&(1<<i) != 0 {
				b.WriteString(r.str(1))
			} else {
				b.WriteString(r.str(2))
			}
		}
		r.setStr(b.String())
		return nil
	})
	return nil
}

// buildInterval is INTERVAL(n, a, b, …): how many of the ascending numbers are not above n, -1 when n is NULL.
func buildInterval(c *call) error {
	decimal := true
	for i := range c.in {
		c.number(i)
		decimal = decimal && numberKind(c.in[i].Type()) != numFloat
	}
	for i := range c.in {
		if decimal {
			c.in[i] = decimalOperand(c.in[i])
		} else {
			c.in[i] = implicit(c.in[i], typeDouble)
		}
	}
	c.typ, c.null = typeInt, false
	above := func(r *row, k int) bool {
		if decimal {
			x, xs := r.dec(0)
			y, ys := r.dec(k)
			return base.CompareDecimal(y, ys, x, xs) > 0
		}
		return r.float(k) > r.float(0)
	}
	c.eval = rows(false, func(r *row) error {
		if r.null(0) {
			r.setInt(-1)
			return nil
		}
		n := int64(0)
		for k := 1; k < len(r.ops); k++ {
			if !r.null(k) && above(r, k) {
				break
			}
			n++
		}
		r.setInt(n)
		return nil
	})
	return nil
}

// soundexCodes are the digits of A to Z; 0 is left out.
const soundexCodes = "01230120022455012623010202"

// soundex is the original algorithm, which drops vowels before it drops repetitions, without a limit on the length. Letters
// beyond A–Z count as vowels.
func soundex(s string) string {
	var out []byte
	last := byte(0)
	first := true
	for _, c := range s {
		letter := byte(0)
		switch {
		case c >= 'a' && c <= 'z':
			letter = byte(c) - 'a' + 'A'
		case c >= 'A' && c <= 'Z':
			letter = byte(c)
		case c < 0x80:
			continue
		}
		code := byte('0')
		if letter != 0 {
			code = soundexCodes[letter-'A']
		}
		if first {
			first, last = false, code
			out = append(out, strings.ToUpper(string(c))...)
		} else if code != '0' && code != last {
			out, last = append(out, code), code
		}
	}
	for n := charCount(string(out)); n > 0 && n < 4; n++ {
		out = append(out, '0')
	}
	return string(out)
}
