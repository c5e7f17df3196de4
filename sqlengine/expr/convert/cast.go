package convert

import (
	"strconv"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// To converts v, of type from, to type to, as CAST does: what does not convert becomes NULL or the nearest value, with a
// warning. Lengths of strings are not applied; see Assign for storing in a column.
//
// Errors: 3140 when a text is not JSON.
func To(v base.Value, from, to base.Type, warn Warn) (base.Value, error) {
	switch to.Class() {
	case base.Null:
		return base.Value{}, nil
	case base.Int, base.Uint:
		return toInteger(v, from, to, warn), nil
	case base.Float:
		f := ToFloat(v, from, warn)
		if to.ID == base.TypeFloat {
			f = float64(float32(f))
		}
		return base.NewFloat(f), nil
	case base.Decimal:
		return toDecimalType(v, from, to, warn), nil
	case base.String:
		return base.NewString(Format(v, from)), nil
	case base.Bytes:
		return toBytes(v, from, to, warn), nil
	case base.Date:
		t, ok := ToDateTime(v, from, warn)
		if !ok {
			return base.Value{}, nil
		}
		days, _ := base.SplitDateTime(t)
		return base.NewDate(days), nil
	case base.DateTime:
		t, ok := ToDateTime(v, from, warn)
		if !ok {
			return base.Value{}, nil
		}
		return base.NewDateTime(RoundMicros(t, to.Scale)), nil
	case base.Time:
		t, ok := ToTime(v, from, warn)
		if !ok {
			return base.Value{}, nil
		}
		return base.NewTime(RoundMicros(t, to.Scale)), nil
	}
	return toJSON(v, from)
}

func toInteger(v base.Value, from, to base.Type, warn Warn) base.Value {
	switch to.ID {
	case base.TypeEnum:
		if v.Class() == base.String {
			return base.NewUint(uint64(enumIndex(v.Text(), to)))
		}
	case base.TypeSet:
		if v.Class() == base.String {
			mask, _ := setMask(v.Text(), to)
			return base.NewUint(mask)
		}
	case base.TypeBit:
		if v.Class() == base.Bytes {
			return base.NewUint(bitsOf(v.Text()))
		}
	}
	unsigned := to.Class() == base.Uint
	if v.Class() == base.Bytes && from.ID == base.TypeBit {
		return base.NewUint(bitsOf(v.Text()))
	}
	bits, ok := ToInt(v, from, unsigned, warn)
	if !ok && (v.Class() == base.Float || v.Class() == base.Decimal) {
		if n, fits := ToInt(v, from, false, nil); unsigned && fits {
			bits = n // a negative number wraps
		} else {
			warnf(warn, errno.WrongValue, "Truncated incorrect INTEGER value: '%s'", Format(v, from))
		}
	}
	if unsigned {
		return base.NewUint(uint64(bits))
	}
	if v.Class() == base.Uint {
		bits = v.Int() // CAST(18446744073709551615 AS SIGNED) is -1
	}
	return base.NewInt(bits)
}

func bitsOf(s string) (v uint64) {
	for i := range len(s) {
		v = v<<8 | uint64(s[i])
	}
	return v
}

func toDecimalType(v base.Value, from, to base.Type, warn Warn) base.Value {
	coef, scale := ToDecimal(v, from, warn)
	precision := to.Precision
	if precision == 0 {
		precision = base.MaxDecimalDigits
	}
	r, ok := base.Rescale(coef, scale, to.Scale)
	if !ok || !base.DecimalFits(r, precision) {
		r = maxDecimal(precision, coef.Sign() < 0)
		warnf(warn, errno.OutOfRange, "Out of range value for column '%s' at row 1", Format(v, from))
	}
	return base.NewDecimal(r, to.Scale)
}

func toBytes(v base.Value, from, to base.Type, warn Warn) base.Value {
	text := Format(v, from)
	if to.ID == base.TypeUUID && len(text) != 16 {
		raw, ok := ParseUUID(text)
		if !ok {
			warnf(warn, errno.WrongValue, "Incorrect UUID value: '%s'", shown(text))
			return base.Value{}
		}
		text = raw
	}
	return base.NewBytes(text)
}

// ParseUUID reads the 36-character form, or 32 hexadecimal digits, into 16 bytes.
func ParseUUID(s string) (raw string, ok bool) {
	var out [16]byte
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '-' && (i == 8 || i == 13 || i == 18 || i == 23) && len(s) == 36 {
			continue
		}
		d, err := strconv.ParseUint(s[i:i+1], 16, 8)
		if err != nil || n == 32 {
			return "", false
		}
		out[n/2] = out[n/2]<<4 | byte(d)
		n++
	}
	return string(out[:]), n == 32
}

// RoundMicros rounds a time to frac digits of a second, half away from zero.
func RoundMicros(t int64, frac uint8) int64 {
	if frac >= 6 {
		return t
	}
	unit := base.Pow10(int(6 - frac)).Lo
	r := t % int64(unit)
	t -= r
	switch {
	case r >= int64(unit/2):
		t += int64(unit)
	case r < -int64(unit/2), r < 0 && -r >= int64(unit/2):
		t -= int64(unit)
	}
	return t
}

// ToDateTime converts v of type t to microseconds of a DATETIME; ok is false for what is no date.
//
// Warnings: 1292, for that and for text after a date.
func ToDateTime(v base.Value, t base.Type, warn Warn) (micros int64, ok bool) {
	var whole bool
	text := ""
	switch v.Class() {
	case base.DateTime:
		return v.Int(), true
	case base.Date:
		return v.Int() * base.Day, true
	case base.Time:
		return v.Int(), true // callers that need today's date add it
	}
	if isWords(v, t) {
		text = words(v, t)
		micros, whole, ok = ParseDateTime(text)
	} else {
		text = Format(v, t)
		micros, ok = numberDateTime(v, t)
		whole = ok
	}
	if !ok {
		warnf(warn, errno.WrongValue, "Incorrect datetime value: '%s'", shown(text))
	} else if !whole {
		warnf(warn, errno.WrongValue, "Truncated incorrect datetime value: '%s'", shown(text))
	}
	return micros, ok
}

// isWords reports values that are read as a text where a time is wanted: texts, and the names of ENUM and SET.
func isWords(v base.Value, t base.Type) bool {
	switch v.Class() {
	case base.String, base.Bytes, base.JSON:
		return true
	}
	return t.ID == base.TypeEnum || t.ID == base.TypeSet
}

func words(v base.Value, t base.Type) string {
	if t.ID == base.TypeEnum || t.ID == base.TypeSet {
		return Format(v, t)
	}
	return jsonText(v)
}

// numberDateTime reads YYYYMMDD, YYMMDD, YYYYMMDDHHMMSS, YYMMDDHHMMSS.
func numberDateTime(v base.Value, t base.Type) (int64, bool) {
	coef, scale := ToDecimal(v, t, nil)
	whole, _ := base.Int128{}, 0
	whole, _ = coef.QuoRem(base.Pow10(int(scale)))
	n, ok := whole.Int64()
	if !ok || n < 0 {
		return 0, false
	}
	if n == 0 {
		return base.ZeroDate * base.Day, true
	}
	var date, clock int64
	switch {
	case n < 101:
		return 0, false
	case n <= 99991231:
		date = n
	default:
		date, clock = n/1000000, n%1000000
	}
	switch {
	case date < 700000:
		date += 20000000
	case date <= 991231:
		date += 19000000
	}
	p := parts{y: int(date / 10000), mon: int(date / 100 % 100), d: int(date % 100),
		h: int(clock / 10000), m: int(clock / 100 % 100), s: int(clock % 100)}
	back, _ := whole.Mul(base.Pow10(int(scale)))
	frac, _ := coef.Sub(back)
	if f, ok := base.Rescale(frac, scale, 6); ok {
		p.micros = int64(f.Lo)
	}
	return p.datetime()
}

// ToTime converts v of type t to microseconds of a TIME; ok is false for what is no time.
//
// Warnings: 1292.
func ToTime(v base.Value, t base.Type, warn Warn) (micros int64, ok bool) {
	switch v.Class() {
	case base.Time:
		return v.Int(), true
	case base.Date:
		return 0, true
	case base.DateTime:
		_, rest := base.SplitDateTime(v.Int())
		return rest, true
	}
	text, whole := "", true
	if isWords(v, t) {
		text = words(v, t)
		micros, whole, ok = ParseTime(text)
	} else {
		text = Format(v, t)
		micros, ok = numberTime(v, t)
	}
	if !ok || !whole {
		warnf(warn, errno.WrongValue, "Truncated incorrect time value: '%s'", shown(text))
	}
	return micros, ok
}

// numberTime reads HHMMSS, and the time of day of YYYYMMDDHHMMSS, whose month and day may be 0. A number beyond 8385959 that
// is neither is no time, while a text would be clipped.
func numberTime(v base.Value, t base.Type) (micros int64, ok bool) {
	coef, scale := ToDecimal(v, t, nil)
	whole, rest := coef.QuoRem(base.Pow10(int(scale)))
	n, fits := whole.Int64()
	switch {
	case !fits || n < -8385959:
		return 0, false
	case n >= 1_00_00_00_00_00:
		n %= 1_00_00_00
		if n/10000 > 23 {
			return 0, false
		}
	case n > 8385959:
		return 0, false
	}
	f, fits := base.Rescale(rest, scale, 6)
	neg := n < 0 || n == 0 && coef.Sign() < 0
	n = max(n, -n)
	h, m, s := n/10000, n/100%100, n%100
	if !fits || m > 59 || s > 59 {
		return 0, false
	}
	frac, _ := f.Int64()
	micros = h*base.Hour + m*base.Minute + s*base.Second + max(frac, -frac)
	if neg {
		micros = -micros
	}
	return max(min(micros, base.MaxTime), -base.MaxTime), true
}
