package convert

import (
	"github.com/s3sql/s3sql/internal/base"
)

// parts is a date and time of day read from text or from a number.
type parts struct {
	y, mon, d, h, m, s int
	micros             int64 // 0 to 999,999; 1,000,000 after rounding up
	hasTime            bool
	offset             int64 // microseconds east of UTC, when hasOffset
	hasOffset          bool
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func digits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

func number(s string) int {
	v := 0
	for i := range len(s) {
		v = v*10 + int(s[i]-'0')
	}
	return v
}

func fullYear(y, width int) int {
	switch {
	case width > 2:
		return y
	case y < 70:
		return y + 2000
	}
	return y + 1900
}

// readDateTime reads a date with an optional time the way MySQL's relaxed literals are written: any punctuation between
// the parts, or none at all; two-digit years; a fraction; an offset. n is how much was read; 0: not a date.
func readDateTime(s string) (p parts, n int) {
	run := digits(s)
	switch {
	case run == 8 || run == 14:
		p.y = number(s[:4])
		n = p.compact(s, 4, run)
	case run == 6 || run == 12:
		p.y = fullYear(number(s[:2]), 2)
		n = p.compact(s, 2, run)
	case run == 0 || run > 4:
		return p, 0
	default:
		if n = p.delimited(s, run); n == 0 {
			return p, 0
		}
	}
	if p.hasTime {
		n += p.fraction(s[n:])
		n += p.zone(s[n:])
	}
	return p, n
}

// compact reads MMDD[HHMMSS] from position i of a run of digits.
func (p *parts) compact(s string, i, run int) int {
	p.mon, p.d = number(s[i:i+2]), number(s[i+2:i+4])
	if i += 4; i < run {
		p.h, p.m, p.s, p.hasTime = number(s[i:i+2]), number(s[i+2:i+4]), number(s[i+4:i+6]), true
		return run
	}
	if i+1 < len(s) && s[i] == 'T' {
		i++
		if digits(s[i:]) == 6 {
			p.h, p.m, p.s, p.hasTime = number(s[i:i+2]), number(s[i+2:i+4]), number(s[i+4:i+6]), true
			return i + 6
		}
		if n := p.clock(s[i:]); n > 0 {
			return i + n
		}
		i--
	}
	return i
}

func isPunct(c byte) bool {
	return c >= '!' && c <= '/' || c >= ':' && c <= '@' || c >= '[' && c <= '`' || c >= '{' && c <= '~'
}

// delimited reads Y-M-D[ H[:M[:S]]].
func (p *parts) delimited(s string, run int) int {
	p.y = fullYear(number(s[:run]), run)
	i := run
	for _, to := range []*int{&p.mon, &p.d} {
		if i >= len(s) || !isPunct(s[i]) {
			return 0
		}
		i++
		k := digits(s[i:])
		if k == 0 || k > 2 {
			return 0
		}
		*to = number(s[i : i+k])
		i += k
	}
	j := i
	if j < len(s) && s[j] == 'T' {
		j++
	}
	for j < len(s) && s[j] == ' ' {
		j++
	}
	if j > i {
		if n := p.clock(s[j:]); n > 0 {
			return j + n
		}
	}
	return i
}

// clock reads H[:M[:S]].
func (p *parts) clock(s string) int {
	i := 0
	for k, to := range []*int{&p.h, &p.m, &p.s} {
		j := i
		if k > 0 {
			if j >= len(s) || s[j] != ':' && (!isPunct(s[j]) || s[j] == '.' || s[j] == '+' || s[j] == '-') {
				break
			}
			j++
		}
		w := digits(s[j:])
		if w == 0 || w > 2 {
			break
		}
		*to = number(s[j : j+w])
		i = j + w
	}
	p.hasTime = i > 0
	return i
}

// fraction reads .ffffff, rounding at the seventh digit.
func (p *parts) fraction(s string) int {
	if s == "" || s[0] != '.' {
		return 0
	}
	n := digits(s[1:])
	for i := range 6 {
		p.micros *= 10
		if i < n {
			p.micros += int64(s[1+i] - '0')
		}
	}
	if n > 6 && s[7] >= '5' {
		p.micros++
	}
	return n + 1
}

// zone reads ±HH:MM, or Z.
func (p *parts) zone(s string) int {
	if s != "" && s[0] == 'Z' {
		p.hasOffset = true
		return 1
	}
	if len(s) < 6 || s[0] != '+' && s[0] != '-' || digits(s[1:]) != 2 || s[3] != ':' || digits(s[4:6]) != 2 {
		return 0
	}
	p.hasOffset = true
	p.offset = int64(number(s[1:3]))*base.Hour + int64(number(s[4:6]))*base.Minute
	if s[0] == '-' {
		p.offset = -p.offset
	}
	return 6
}

var monthDays = [...]int{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// DaysIn returns the number of days of a month.
func DaysIn(y, m int) int {
	if m == 2 && y%4 == 0 && (y%100 != 0 || y%400 == 0) {
		return 29
	}
	return monthDays[m]
}

// micros checks the parts and returns the DATETIME they are.
func (p *parts) datetime() (int64, bool) {
	if p.y == 0 && p.mon == 0 && p.d == 0 && p.h|p.m|p.s == 0 && p.micros == 0 {
		return base.ZeroDate * base.Day, true
	}
	if p.mon < 1 || p.mon > 12 || p.d < 1 || p.d > DaysIn(p.y, p.mon) || p.h > 23 || p.m > 59 || p.s > 59 {
		return 0, false
	}
	t := base.DaysFromCivil(p.y, p.mon, p.d)*base.Day + int64(p.h)*base.Hour + int64(p.m)*base.Minute + int64(p.s)*base.Second
	t += p.micros - p.offset
	return t, t < (base.MaxDate+1)*base.Day && t >= base.MinDate*base.Day
}

// ParseDateTime reads a date with an optional time of day. ok is false for what is not a valid date; whole is false when
// other text follows, which comparisons and functions forgive.
//
// Source: MySQL 8.0 Reference Manual, "Date and Time Literals".
func ParseDateTime(s string) (micros int64, whole, ok bool) {
	s = trimLeft(s)
	p, n := readDateTime(s)
	if n == 0 {
		return 0, false, false
	}
	micros, ok = p.datetime()
	return micros, blank(s[n:]), ok
}

// ParseTime reads [-][D ]H:M[:S][.f], [-]HHMMSS[.f] or the time of day of a datetime. whole and ok are as in ParseDateTime;
// a time beyond 838:59:59 is clipped and not whole.
func ParseTime(s string) (micros int64, whole, ok bool) {
	micros, _, whole, ok = timeOfDay(s)
	return micros, whole, ok
}

// timeOfDay is ParseTime; dated says that a date stands before the time.
func timeOfDay(s string) (micros int64, dated, whole, ok bool) {
	s = trimLeft(s)
	body, neg := s, false
	if s != "" && s[0] == '-' {
		body, neg = s[1:], true
	}
	if p, n := readDateTime(body); !neg && n > 0 && p.hasTime && digits(body) != 6 && (digits(body) >= 12 || body[digits(body)] != ':') {
		t, ok := p.datetime()
		day, rest := base.SplitDateTime(t)
		return rest, day != base.ZeroDate, blank(body[n:]), ok
	}
	h, m, sec, n := readClock(body)
	if n == 0 {
		return 0, false, false, false
	}
	if m > 59 || sec > 59 {
		return 0, false, false, false
	}
	var f parts
	n += f.fraction(body[n:])
	if exponent(body[n:]) {
		return 0, false, false, false
	}
	micros = int64(min(h, 100000))*base.Hour + int64(m)*base.Minute + int64(sec)*base.Second + f.micros
	whole = blank(body[n:])
	if micros > base.MaxTime {
		micros, whole = base.MaxTime, false
	}
	if neg {
		micros = -micros
	}
	return micros, false, whole, true
}

// exponent reports whether s goes on with one, which makes what stands before it a number and no time.
func exponent(s string) bool {
	if len(s) < 2 || s[0]|0x20 != 'e' {
		return false
	}
	return isDigit(s[1]) || (s[1] == '+' || s[1] == '-') && len(s) > 2 && isDigit(s[2])
}

// readClock reads [D ]H:M[:S], D H, or a run of digits HHMMSS.
func readClock(s string) (h, m, sec, n int) {
	run := digits(s)
	if run == 0 || run > 10 {
		return 0, 0, 0, 0
	}
	first := number(s[:run])
	if run < len(s) && s[run] == ' ' && run+1 < len(s) && isDigit(s[run+1]) {
		var p parts
		if k := p.clock(s[run+1:]); k > 0 {
			return first*24 + p.h, p.m, p.s, run + 1 + k
		}
	}
	if run < len(s) && s[run] == ':' {
		var p parts // the hours may have three digits: M[:S] is read as a clock of its own
		if k := p.clock(s[run+1:]); k > 0 {
			return first, p.h, p.m, run + 1 + k
		}
	}
	return first / 10000, first / 100 % 100, first % 100, run
}

// ParseMoment reads what may be a time or a date with a time, as functions that take either do; dated says which it was.
func ParseMoment(s string) (micros int64, dated, whole, ok bool) {
	body := trimLeft(s)
	run := digits(body)
	if run > 0 && (run == 12 || run >= 14 || run < len(body) && isPunct(body[run]) && body[run] != ':' && body[run] != '.') {
		micros, whole, ok = ParseDateTime(s)
		return micros, true, whole, ok
	}
	micros, whole, ok = ParseTime(s)
	return micros, false, whole, ok
}
