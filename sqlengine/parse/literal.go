package parse

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// literal reads a constant made of one token, or of several strings in a row, which MySQL joins.
func (p *parser) literal() *ast.Literal {
	at, t := p.at(), p.tok()
	switch t.kind {
	case tString:
		return text(at, p.stringValue())
	case tNumber:
		p.i++
		return number(at, p.text(t))
	case tHex, tBit:
		p.i++
		return binary(at, p.bytesValue(t))
	case tIntro:
		return p.introduced()
	}
	p.fail("expected a constant")
	return nil
}

func text(at ast.Pos, s string) *ast.Literal {
	return &ast.Literal{At: at, Value: base.NewString(s), Type: base.Type{ID: base.TypeVarchar, Length: utf8.RuneCountInString(s)}}
}

func binary(at ast.Pos, s string) *ast.Literal {
	return &ast.Literal{At: at, Value: base.NewBytes(s), Type: base.Type{ID: base.TypeVarbinary, Length: len(s)}}
}

// introduced reads _charset'…' and _charset x'…'.
func (p *parser) introduced() *ast.Literal {
	at, charset := p.at(), strings.ToLower(p.text(p.tok()))
	p.i++
	var s string
	if t := p.tok(); t.kind == tString {
		s = p.rawString()
	} else {
		s = p.bytesValue(t)
		p.i++
	}
	if charset == "_binary" {
		return binary(at, s)
	}
	if charset == "_latin1" {
		var b strings.Builder
		for i := 0; i < len(s); i++ {
			b.WriteRune(rune(s[i]))
		}
		s = b.String()
	}
	p.checkUTF8(s)
	return text(at, s)
}

func (p *parser) checkUTF8(s string) {
	if !utf8.ValidString(s) {
		p.failCode(errno.InvalidCharset, "Invalid utf8mb4 character string: '%.20X'", s)
	}
}

// stringValue reads string tokens and returns their value.
func (p *parser) stringValue() string {
	s := p.rawString()
	p.checkUTF8(s)
	return s
}

func (p *parser) rawString() string {
	s := unquote(p.text(p.tok()))
	if p.i++; !p.stringGoesOn() {
		return s
	}
	var b strings.Builder // adding one by one would take time in the square of their number
	for b.WriteString(s); p.stringGoesOn(); p.i++ {
		b.WriteString(unquote(p.text(p.tok())))
	}
	return b.String()
}

// stringGoesOn reports whether a string comes next that adjoins the one before: 'a' 'b' is 'ab'.
func (p *parser) stringGoesOn() bool {
	return p.tok().kind == tString && p.text(p.tok())[0]|0x20 != 'n'
}

// unquote returns the value of '…', "…" and N'…'. Backslash escapes are MySQL's: \% and \_ keep their backslash, which LIKE
// needs; before any other character it has no meaning (https://dev.mysql.com/doc/refman/8.0/en/string-literals.html).
func unquote(s string) string {
	if s[0]|0x20 == 'n' {
		s = s[1:]
	}
	q := s[0]
	s = s[1 : len(s)-1]
	if strings.IndexByte(s, '\\') < 0 && strings.IndexByte(s, q) < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == q:
			i++
		case c == '\\':
			i++
			switch c = s[i]; c {
			case '0':
				c = 0
			case 'b':
				c = '\b'
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 't':
				c = '\t'
			case 'Z':
				c = 26
			case '%', '_':
				b = append(b, '\\')
			}
		}
		b = append(b, c)
	}
	return string(b)
}

// bytesValue returns the value of a hex or bit literal, padded with zeros on the left to whole bytes.
func (p *parser) bytesValue(t *token) string {
	s := strings.TrimSuffix(p.text(t)[2:], "'")
	bits := 4
	if t.kind == tBit {
		bits = 1
	}
	per := 8 / bits
	out := make([]byte, (len(s)+per-1)/per)
	pad := len(out)*per - len(s)
	for i := 0; i < len(s); i++ {
		k := (i + pad) / per
		out[k] = out[k]<<bits | byte(hexDigit(s[i]))
	}
	return string(out)
}

// number returns an INT, UINT or DECIMAL for exact digits and a DOUBLE for what has an exponent or does not fit.
func number(at ast.Pos, s string) *ast.Literal {
	float := strings.ContainsAny(s, "eE")
	if !float && strings.IndexByte(s, '.') < 0 {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return &ast.Literal{At: at, Value: base.NewInt(n), Type: base.Type{ID: base.TypeBigInt}}
		}
		if n, err := strconv.ParseUint(s, 10, 64); err == nil {
			return &ast.Literal{At: at, Value: base.NewUint(n), Type: base.Type{ID: base.TypeBigInt, Unsigned: true}}
		}
	}
	if !float {
		if coef, scale, _, ok := base.ParseDecimal(s); ok {
			digits := uint8(min(max(len(strings.Trim(s, "0.")), int(scale), 1), base.MaxDecimalDigits))
			if intDigits := len(strings.TrimLeft(s[:strings.IndexByte(s+".", '.')], "0")); intDigits+int(scale) <= base.MaxDecimalDigits {
				digits = uint8(max(intDigits+int(scale), 1))
			}
			return &ast.Literal{At: at, Value: base.NewDecimal(coef, scale), Type: base.Type{ID: base.TypeDecimal, Precision: digits, Scale: scale}}
		}
	}
	f, _ := strconv.ParseFloat(s, 64) // out of range gives ±Inf, which the engine refuses
	return &ast.Literal{At: at, Value: base.NewFloat(f), Type: base.Type{ID: base.TypeDouble}}
}

// negate returns -x. The smallest BIGINT is written as the minus of a number that is no BIGINT; it is made one here.
func negate(at ast.Pos, x ast.Expr) ast.Expr {
	if l, ok := x.(*ast.Literal); ok && l.Value.Class() == base.Uint && l.Value.Uint() == 1<<63 {
		return &ast.Literal{At: at, Value: base.NewInt(-1 << 63), Type: base.Type{ID: base.TypeBigInt}}
	}
	return &ast.Unary{At: at, Op: "NEG", X: x}
}

// temporal reads DATE '…', TIME '…' and TIMESTAMP '…', and {d '…'}, {t '…'}, {ts '…'}; what is DATE, TIME or TIMESTAMP.
func (p *parser) temporal(at ast.Pos, what string) *ast.Literal {
	s := p.str("a string")
	l := &ast.Literal{At: at}
	ok := false
	switch what {
	case "DATE":
		l.Type = base.Type{ID: base.TypeDate}
		l.Value, ok = dateValue(s)
	case "TIME":
		l.Type = base.Type{ID: base.TypeTime, Scale: fraction(s)}
		l.Value, ok = timeValue(s)
	default:
		what = "DATETIME"
		l.Type = base.Type{ID: base.TypeDateTime, Scale: fraction(s)}
		l.Value, ok = dateTimeValue(s)
	}
	if !ok {
		p.failCode(errno.WrongLiteral, "Incorrect %s value: '%s'", what, s)
	}
	return l
}

// fraction counts the digits of the fraction of a second.
func fraction(s string) uint8 {
	if i := strings.IndexByte(s, '.'); i >= 0 {
		return uint8(min(len(s)-i-1, 6))
	}
	return 0
}

func dateValue(s string) (base.Value, bool) {
	days, ok := civil(s)
	return base.NewDate(days), ok
}

// civil reads YYYY-MM-DD with any one punctuation character between the parts.
func civil(s string) (int64, bool) {
	n, ok := parts(s)
	if !ok || len(n) != 3 || n[1] < 1 || n[1] > 12 || n[2] < 1 {
		return 0, false
	}
	days := base.DaysFromCivil(n[0], n[1], n[2])
	_, m, _ := base.CivilFromDays(days)
	return days, m == n[1] && days >= base.MinDate && days <= base.MaxDate
}

// parts reads numbers with one punctuation character between them.
func parts(s string) ([]int, bool) {
	var out []int
	for len(s) > 0 {
		i := 0
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		n, err := strconv.Atoi(s[:i])
		if err != nil || i > 4 {
			return nil, false
		}
		out = append(out, n)
		if s = s[i:]; len(s) == 1 || len(out) > 3 {
			return nil, false
		}
		if len(s) > 0 {
			if strings.IndexByte("-/.:", s[0]) < 0 {
				return nil, false
			}
			s = s[1:]
		}
	}
	return out, len(out) > 0
}

func timeValue(s string) (base.Value, bool) {
	neg := strings.HasPrefix(s, "-")
	micros, ok := clock(strings.TrimPrefix(s, "-"))
	if neg {
		micros = -micros
	}
	return base.NewTime(micros), ok && micros <= base.MaxTime && micros >= -base.MaxTime
}

// clock reads [d ]hh:mm[:ss[.ffffff]]; digits past the sixth are cut off.
func clock(s string) (int64, bool) {
	var days int64
	if d, rest, ok := strings.Cut(s, " "); ok {
		n, err := strconv.ParseUint(d, 10, 8)
		if err != nil {
			return 0, false
		}
		days, s = int64(n), rest
	}
	s, frac, dotted := strings.Cut(s, ".")
	n, ok := parts(s)
	if !ok || len(n) < 2 || len(n) > 3 || n[1] > 59 || dotted && len(n) != 3 {
		return 0, false
	}
	micros := days*base.Day + int64(n[0])*base.Hour + int64(n[1])*base.Minute
	if len(n) == 3 {
		if n[2] > 59 {
			return 0, false
		}
		micros += int64(n[2]) * base.Second
	}
	if frac = (frac + "000000")[:6]; frac != "000000" {
		f, err := strconv.ParseUint(frac, 10, 32)
		if err != nil {
			return 0, false
		}
		micros += int64(f)
	}
	return micros, true
}

func dateTimeValue(s string) (base.Value, bool) {
	i := strings.IndexAny(s, " T")
	if i < 0 {
		days, ok := civil(s)
		return base.NewDateTime(days * base.Day), ok
	}
	days, ok := civil(s[:i])
	micros, ok2 := clock(s[i+1:])
	return base.NewDateTime(days*base.Day + micros), ok && ok2 && micros < base.Day
}
