package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

// buildStrToDate is STR_TO_DATE(text, format). A constant format says whether the result is a DATE, a TIME or a DATETIME.
func buildStrToDate(c *call) error {
	c.in[0], c.in[1] = implicit(c.in[0], typeLongText), Fold(implicit(c.in[1], typeLongText))
	c.typ, c.null = typeDateTime, true
	if k, ok := c.in[1].(*constant); ok && !k.value.IsNull() {
		c.typ = formatType(k.value.Text())
	}
	kind := strings.ToLower(c.typ.Class().String())
	c.eval = rows(true, func(r *row) error {
		p := dateReader{s: r.str(0)}
		t, ok := int64(0), p.read(r.str(1))
		if ok {
			t, ok = p.value(c.typ.Class())
		}
		if !ok {
			return r.wrongValue(kind, r.str(0))
		}
		if strings.TrimSpace(p.s) != "" {
			r.ctx.warn(errno.WrongValue, "Truncated incorrect %s value: '%s'", kind, prefixChars(r.str(0), 128))
		}
		r.setInt(t)
		return nil
	})
	return nil
}

// formatType is the type of what a format reads.
func formatType(format string) base.Type {
	date, clock, frac := false, false, uint8(0)
	for i := 0; i+1 < len(format); i++ {
		if format[i] != '%' {
			continue
		}
		i++
		switch {
		case format[i] == 'f':
			clock, frac = true, 6
		case strings.IndexByte("HISThiklprs", format[i]) >= 0:
			clock = true
		case strings.IndexByte("MVUXYWabcjmvuxyweDd", format[i]) >= 0:
			date = true
		}
	}
	switch {
	case date && !clock:
		return typeDate
	case clock && !date:
		return base.Type{ID: base.TypeTime, Scale: frac}
	}
	return base.Type{ID: base.TypeDateTime, Scale: frac}
}

// dateReader is what has been read of a text, and the rest of it.
type dateReader struct {
	s                string
	y, m, d, h, i, f int // f in microseconds, of seconds and fraction
	half             byte
	twelve           bool // hours were written 1 to 12
	yday             int
	weekday          int // 1 Monday to 7 Sunday
	week             int
	weekMode         byte // 'U', 'u', 'V' or 'v'; 0 none
	weekYear         int
	weekYearMode     byte // 'X' or 'x'
}

// number reads up to width digits.
func (p *dateReader) number(width int, to *int) bool {
	n, v := 0, 0
	for n < len(p.s) && n < width && p.s[n] >= '0' && p.s[n] <= '9' {
		v = v*10 + int(p.s[n]-'0')
		n++
	}
	p.s, *to = p.s[n:], v
	return n > 0
}

// word reads one of names, or its first n letters if n is not 0, in any case, and returns its index from 1; 0: none.
func (p *dateReader) word(names []string, n int) int {
	for i, name := range names {
		if n > 0 {
			name = name[:n]
		}
		if len(p.s) >= len(name) && strings.EqualFold(p.s[:len(name)], name) {
			p.s = p.s[len(name):]
			return i + 1
		}
	}
	return 0
}

func (p *dateReader) spaces() { p.s = strings.TrimLeft(p.s, " \t\n\r") }

// read matches the text against a format. A text that ends before the format does is fine.
func (p *dateReader) read(format string) bool {
	for p.spaces(); format != ""; {
		if p.s == "" {
			return true
		}
		c, n := utf8.DecodeRuneInString(format)
		if c == ' ' || c == '\t' || c == '\n' {
			p.spaces()
			format = format[n:]
			continue
		}
		if c != '%' || len(format) < 2 {
			if !strings.HasPrefix(p.s, format[:n]) {
				return false
			}
			p.s, format = p.s[n:], format[n:]
			continue
		}
		p.spaces()
		if !p.field(format[1]) {
			return false
		}
		format = format[2:]
	}
	return true
}

// field reads what one specifier stands for.
//
//lint:long one flat switch over the specifiers
func (p *dateReader) field(spec byte) bool {
	switch spec {
	case 'Y':
		before := len(p.s)
		ok := p.number(4, &p.y)
		if n := before - len(p.s); ok && n <= 2 {
			p.y = fullYear(p.y)
		}
		return ok
	case 'y':
		ok := p.number(2, &p.y)
		p.y = fullYear(p.y)
		return ok
	case 'm', 'c':
		return p.number(2, &p.m)
	case 'M':
		p.m = p.word(monthNames[1:], 0)
		return p.m > 0
	case 'b':
		p.m = p.word(monthNames[1:], 3)
		return p.m > 0
	case 'd', 'e':
		return p.number(2, &p.d)
	case 'D':
		ok := p.number(2, &p.d)
		p.s = p.s[min(2, len(p.s)):]
		return ok
	case 'H', 'k':
		return p.number(2, &p.h)
	case 'h', 'I', 'l':
		p.twelve = true
		return p.number(2, &p.h) && p.h <= 12 && p.h > 0
	case 'i':
		return p.number(2, &p.i)
	case 's', 'S':
		sec := 0
		ok := p.number(2, &sec) && sec <= 59
		p.f = sec*int(base.Second) + p.f%int(base.Second)
		return ok
	case 'f':
		before, frac := len(p.s), 0
		ok := p.number(6, &frac)
		for n := before - len(p.s); n < 6; n++ {
			frac *= 10
		}
		p.f += frac
		return ok
	case 'p':
		p.twelve = true
		half := p.word([]string{"AM", "PM"}, 0)
		p.half = byte(half)
		return half > 0
	case 'r':
		return p.read("%h:%i:%s %p")
	case 'T':
		return p.read("%H:%i:%s")
	case 'j':
		return p.number(3, &p.yday) && p.yday >= 1 && p.yday <= 366
	case 'W':
		p.weekday = p.word(dayNames[:], 0)
		return p.weekday > 0
	case 'a':
		p.weekday = p.word(dayNames[:], 3)
		return p.weekday > 0
	case 'w':
		ok := p.number(1, &p.weekday) && p.weekday <= 6
		if p.weekday == 0 {
			p.weekday = 7
		}
		return ok
	case 'U', 'u', 'V', 'v':
		p.weekMode = spec
		ok := p.number(2, &p.week)
		return ok && p.week <= 53 && (p.week > 0 || spec == 'U' || spec == 'u')
	case 'X', 'x':
		p.weekYearMode = spec
		return p.number(4, &p.weekYear)
	case '.':
		p.skip(unicode.IsPunct)
	case '@':
		p.skip(unicode.IsLetter)
	case '#':
		p.skip(unicode.IsDigit)
	case '%':
		ok := strings.HasPrefix(p.s, "%")
		p.s = strings.TrimPrefix(p.s, "%")
		return ok
	default:
		return false
	}
	return true
}

func (p *dateReader) skip(of func(rune) bool) { p.s = strings.TrimLeftFunc(p.s, of) }

func fullYear(y int) int {
	if y < 70 {
		return y + 2000
	}
	return y + 1900
}

// value checks the parts and puts them together.
func (p *dateReader) value(class base.Class) (int64, bool) {
	if p.twelve {
		p.h %= 12
		if p.half == 2 {
			p.h += 12
		}
	}
	rest := int64(p.h)*base.Hour + int64(p.i)*base.Minute + int64(p.f)
	if p.i > 59 || p.h > 23 && class != base.Time {
		return 0, false
	}
	if class == base.Time {
		return rest, true
	}
	days, ok := p.days()
	switch {
	case !ok:
		return 0, false
	case class == base.Date:
		return days, true
	}
	return days*base.Day + rest, true
}

// days is the date: of the year and the day of it, of year, week and weekday, or of year, month and day.
func (p *dateReader) days() (int64, bool) {
	switch {
	case p.yday > 0:
		d := base.DaysFromCivil(p.y, 1, 1) + int64(p.yday) - 1
		return d, d <= base.MaxDate
	case p.weekMode != 0 && p.weekday > 0:
		return p.weekDays()
	}
	if p.m < 1 || p.m > 12 || p.d < 1 || p.d > convert.DaysIn(p.y, p.m) {
		return 0, false
	}
	return base.DaysFromCivil(p.y, p.m, p.d), true
}

// weekDays finds the day of a week: %V goes with %X, %v with %x, and %U and %u with %Y.
func (p *dateReader) weekDays() (int64, bool) {
	strict := p.weekMode == 'V' || p.weekMode == 'v'
	sunday := p.weekMode == 'U' || p.weekMode == 'V'
	y := p.y
	if strict {
		if p.weekYearMode == 0 || (p.weekYearMode == 'X') != sunday {
			return 0, false
		}
		y = p.weekYear
	} else if p.weekYearMode != 0 {
		return 0, false
	}
	jan1 := base.DaysFromCivil(y, 1, 1)
	first := weekday(jan1) // of 1 January, 0 for Monday
	var d int64
	if sunday {
		first = (first + 1) % 7
		if d = jan1 - first; first != 0 {
			d += 7
		}
		d += int64(p.week-1)*7 + int64(p.weekday%7)
	} else {
		if d = jan1 - first; first > 3 {
			d += 7
		}
		d += int64(p.week-1)*7 + int64(p.weekday-1)
	}
	return d, d >= base.MinDate && d <= base.MaxDate
}
