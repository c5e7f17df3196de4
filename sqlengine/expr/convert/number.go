package convert

import (
	"math"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func trimLeft(s string) string {
	for s != "" && isSpace(s[0]) {
		s = s[1:]
	}
	return s
}

func blank(s string) bool { return trimLeft(s) == "" }

// floatPrefix returns how much of s is a number.
func floatPrefix(s string) int {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	digits, point := 0, false
	for ; i < len(s); i++ {
		if s[i] == '.' && !point {
			point = true
		} else if s[i]-'0' <= 9 {
			digits++
		} else {
			break
		}
	}
	if digits == 0 {
		return 0
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		j := i + 1
		if j < len(s) && (s[j] == '-' || s[j] == '+') {
			j++
		}
		if j < len(s) && s[j]-'0' <= 9 {
			for j < len(s) && s[j]-'0' <= 9 {
				j++
			}
			return j
		}
	}
	return i
}

// ParseFloat reads the number at the start of s as MySQL does; whole is false when something else follows or none is there.
func ParseFloat(s string) (f float64, whole bool) {
	s = trimLeft(s)
	n := floatPrefix(s)
	if n == 0 {
		return 0, false
	}
	f, err := strconv.ParseFloat(s[:n], 64)
	if err != nil && math.IsInf(f, 0) {
		return math.Copysign(math.MaxFloat64, f), false
	}
	return f, blank(s[n:])
}

// ToFloat converts v of type t to DOUBLE.
//
// Warnings: 1292 when a string is not a number from end to end.
func ToFloat(v base.Value, t base.Type, warn Warn) float64 {
	switch v.Class() {
	case base.Int:
		return float64(v.Int())
	case base.Uint:
		return float64(v.Uint())
	case base.Float:
		return v.Float()
	case base.Decimal:
		return DecimalFloat(v.Decimal())
	case base.Date, base.Time, base.DateTime:
		coef, scale := temporalNumber(v, t)
		return DecimalFloat(coef, scale)
	}
	text := jsonText(v)
	f, whole := ParseFloat(text)
	if !whole {
		warnf(warn, errno.WrongValue, "Truncated incorrect DOUBLE value: '%s'", shown(text))
	}
	return f
}

// jsonText is the text of v; of a JSON string what it holds, of true and false 1 and 0.
func jsonText(v base.Value) string {
	if v.Class() != base.JSON {
		return v.Text()
	}
	switch v.Text() {
	case "true":
		return "1"
	case "false":
		return "0"
	}
	return JSONUnquote(v.Text())
}

// shown cuts a text for a message.
func shown(s string) string {
	if len(s) > 128 {
		return strings.ToValidUTF8(s[:128], "")
	}
	return s
}

// DecimalFloat returns the DOUBLE nearest to coef×10^-scale.
func DecimalFloat(coef base.Int128, scale uint8) float64 {
	if n, ok := coef.Int64(); ok && scale <= 22 && n > -1<<53 && n < 1<<53 {
		return float64(n) / pow10f[scale]
	}
	var buf [64]byte
	f, err := strconv.ParseFloat(string(base.AppendDecimal(buf[:0], coef, scale)), 64)
	if err != nil {
		return 0 // cannot happen: 38 digits are in range
	}
	return f
}

var pow10f = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
	1e18, 1e19, 1e20, 1e21, 1e22}

// ToDecimal converts v of type t to a DECIMAL of the scale it has by nature.
//
// Warnings: 1292 when a string is not a number, or a number does not fit 38 digits (it is clipped).
func ToDecimal(v base.Value, t base.Type, warn Warn) (base.Int128, uint8) {
	switch v.Class() {
	case base.Int:
		return base.Int128From(v.Int()), 0
	case base.Uint:
		return base.Int128{Lo: v.Uint()}, 0
	case base.Decimal:
		return v.Decimal()
	case base.Date, base.Time, base.DateTime:
		return temporalNumber(v, t)
	}
	var text string
	if v.Class() == base.Float {
		text = strconv.FormatFloat(v.Float(), 'g', -1, 64)
	} else {
		text = jsonText(v)
	}
	s := trimLeft(text)
	coef, scale, n, ok := base.ParseDecimal(s)
	if n == 0 || !ok || !blank(s[n:]) {
		warnf(warn, errno.WrongValue, "Truncated incorrect DECIMAL value: '%s'", shown(text))
	}
	if !ok {
		coef, scale = maxDecimal(base.MaxDecimalDigits, s != "" && s[0] == '-'), 0
	}
	return coef, scale
}

func maxDecimal(precision uint8, neg bool) base.Int128 {
	m, _ := base.Pow10(int(precision)).Sub(base.Int128{Lo: 1})
	if neg {
		return m.Neg()
	}
	return m
}

// temporalNumber is a date or time as the number MySQL makes of it: 20240131, 20240131235959.5, 235959.
func temporalNumber(v base.Value, t base.Type) (base.Int128, uint8) {
	var n int64
	var micros int64
	switch v.Class() {
	case base.Date:
		y, m, d := base.CivilFromDays(v.Int())
		return base.Int128From(int64(y)*10000 + int64(m)*100 + int64(d)), 0
	case base.Time:
		abs := max(v.Int(), -v.Int())
		n, micros = abs/base.Hour*10000+abs/base.Minute%60*100+abs/base.Second%60, abs%base.Second
	default:
		days, rest := base.SplitDateTime(v.Int())
		y, m, d := base.CivilFromDays(days)
		n = (int64(y)*10000+int64(m)*100+int64(d))*1000000 + rest/base.Hour*10000 + rest/base.Minute%60*100 + rest/base.Second%60
		micros = rest % base.Second
	}
	scale := min(t.Scale, 6)
	unit := base.Pow10(int(6 - scale)).Lo
	coef, _ := base.Int128From(n).Mul(base.Pow10(int(scale)))
	coef, _ = coef.Add(base.Int128{Lo: uint64(micros) / unit})
	if v.Class() == base.Time && v.Int() < 0 {
		coef = coef.Neg()
	}
	return coef, scale
}

// ToInt converts v of type t to a 64-bit integer, signed or not, as CAST does: rounding numbers, reading the digits at the
// start of a string. ok is false when the number was out of range; the result is then the nearest.
//
// Warnings: 1292 for strings.
func ToInt(v base.Value, t base.Type, unsigned bool, warn Warn) (bits int64, ok bool) {
	switch v.Class() {
	case base.Int:
		return v.Int(), !unsigned || v.Int() >= 0
	case base.Uint:
		return v.Int(), unsigned || v.Int() >= 0
	case base.Float:
		return floatInt(math.RoundToEven(v.Float()), unsigned)
	case base.Decimal, base.Date, base.Time, base.DateTime:
		coef, scale := ToDecimal(v, t, warn)
		coef, _ = base.Rescale(coef, scale, 0)
		return clampInt(coef, unsigned)
	}
	text := jsonText(v)
	s := trimLeft(text)
	n := 0
	if n < len(s) && (s[n] == '-' || s[n] == '+') {
		n++
	}
	start := n
	for n < len(s) && s[n]-'0' <= 9 {
		n++
	}
	coef, _, _, fits := base.ParseDecimal(s[:n])
	if !fits {
		coef = maxDecimal(base.MaxDecimalDigits, s[0] == '-')
	}
	bits, ok = clampInt(coef, unsigned || start == 0)
	if !unsigned && coef.Hi == 0 && bits < 0 {
		ok = false
	}
	if n == start || !ok || !blank(s[n:]) {
		warnf(warn, errno.WrongValue, "Truncated incorrect INTEGER value: '%s'", shown(text))
	}
	return bits, ok
}

func clampInt(coef base.Int128, unsigned bool) (int64, bool) {
	if n, ok := coef.Int64(); ok {
		return n, !unsigned || n >= 0
	}
	switch {
	case unsigned && coef.Hi == 0:
		return int64(coef.Lo), true
	case unsigned && coef.Sign() > 0:
		return -1, false // all ones
	case coef.Sign() > 0:
		return math.MaxInt64, false
	}
	return math.MinInt64, false
}

func floatInt(f float64, unsigned bool) (int64, bool) {
	switch {
	case f >= -9223372036854775808 && f < 9223372036854775808:
		return int64(f), !unsigned || f >= 0
	case unsigned && f > 0 && f < 18446744073709551616:
		return int64(uint64(f)), true
	case unsigned && f > 0:
		return -1, false
	case f > 0:
		return math.MaxInt64, false
	}
	return math.MinInt64, false
}
