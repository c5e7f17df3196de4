package expr

import (
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
)

var (
	monthNames = [...]string{"", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
		"November", "December"}
	dayNames = [...]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
)

// dateFormat prints a DATETIME by a DATE_FORMAT pattern; ok is false when the pattern asks for the name of a month or day
// that the zero date does not have.
func dateFormat(t int64, format string) (text string, ok bool) {
	days, rest := base.SplitDateTime(t)
	return formatMoment(days, rest, format)
}

// timeFormat prints a TIME, whose hours go beyond 23; ok is false when the pattern asks for a part of a date that has no zero.
func timeFormat(t int64, format string) (text string, ok bool) {
	for i := 0; i+1 < len(format); i++ {
		if format[i] != '%' {
			continue
		}
		if i++; strings.IndexByte("aWbMjUuVvXxw", format[i]) >= 0 {
			return "", false
		}
	}
	if text, ok = formatMoment(base.ZeroDate, max(t, -t), format); t < 0 {
		text = "-" + text
	}
	return text, ok
}

//lint:long one flat switch over the specifiers
func formatMoment(days, rest int64, format string) (text string, ok bool) {
	y, m, d := base.CivilFromDays(days)
	h, mi, s := int(rest/base.Hour), int(rest/base.Minute%60), int(rest/base.Second%60)
	out := make([]byte, 0, len(format)+16)
	pad := func(v, width int) {
		for limit := 10; width > 1; width-- {
			if v < limit {
				out = append(out, "000000"[:width-1]...)
				break
			}
			limit *= 10
		}
		out = strconv.AppendInt(out, int64(v), 10)
	}
	h12 := (h%24+11)%12 + 1
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			out = append(out, format[i])
			continue
		}
		i++
		switch c := format[i]; c {
		case 'a', 'W':
			if m == 0 {
				return "", false
			}
			name := dayNames[weekday(days)]
			if c == 'a' {
				name = name[:3]
			}
			out = append(out, name...)
		case 'b', 'M':
			if m == 0 {
				return "", false
			}
			name := monthNames[m]
			if c == 'b' {
				name = name[:3]
			}
			out = append(out, name...)
		case 'c':
			pad(m, 1)
		case 'D':
			pad(d, 1)
			out = append(out, ordinalSuffix(d)...)
		case 'd':
			pad(d, 2)
		case 'e':
			pad(d, 1)
		case 'f':
			pad(int(rest%base.Second), 6)
		case 'H':
			pad(h, 2)
		case 'h', 'I':
			pad(h12, 2)
		case 'i':
			pad(mi, 2)
		case 'j':
			pad(int(dayOfYear(days)), 3)
		case 'k':
			pad(h, 1)
		case 'l':
			pad(h12, 1)
		case 'm':
			pad(m, 2)
		case 'p':
			out = append(out, half(h%24)...)
		case 'r':
			pad(h12, 2)
			out = append(out, ':')
			pad(mi, 2)
			out = append(out, ':')
			pad(s, 2)
			out = append(append(out, ' '), half(h%24)...)
		case 'S', 's':
			pad(s, 2)
		case 'T':
			pad(h, 2)
			out = append(out, ':')
			pad(mi, 2)
			out = append(out, ':')
			pad(s, 2)
		case 'U', 'u', 'V', 'v':
			_, w := weekOf(days, map[byte]int64{'U': 0, 'u': 1, 'V': 2, 'v': 3}[c])
			pad(int(w), 2)
		case 'w':
			pad(int(weekday(days+1)), 1)
		case 'X', 'x':
			wy, _ := weekOf(days, map[byte]int64{'X': 2, 'x': 3}[c])
			pad(int(wy), 4)
		case 'Y':
			pad(y, 4)
		case 'y':
			pad(y%100, 2)
		default:
			out = append(out, c)
		}
	}
	return string(out), true
}

func half(h int) string {
	if h < 12 {
		return "AM"
	}
	return "PM"
}

func ordinalSuffix(d int) string {
	if d/10 != 1 {
		switch d % 10 {
		case 1:
			return "st"
		case 2:
			return "nd"
		case 3:
			return "rd"
		}
	}
	return "th"
}
