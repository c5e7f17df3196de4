package convert

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/internal/errno"
)

func (a *assigner) datetime(v base.Value) base.Value {
	kind := "datetime"
	if a.t.ID == base.TypeDate {
		kind = "date"
	}
	micros, whole, ok := int64(0), true, true
	if isText(v) {
		micros, whole, ok = ParseDateTime(jsonText(v))
	} else {
		micros, ok = ToDateTime(v, NaturalType(v), nil)
	}
	if v.Class() == base.Time {
		ok = false // needs the current date: the planner converts TIME first
	}
	days, _ := base.SplitDateTime(micros)
	zero := ok && days == base.ZeroDate && v.Class() != base.Date && v.Class() != base.DateTime
	switch {
	case !ok || zero:
		a.incorrect(kind, v)
		micros = base.ZeroDate * base.Day
	case !whole:
		if _, n := readDateTime(trimLeft(jsonText(v))); n < 8 {
			a.incorrect(kind, v)
		} else {
			a.truncated()
		}
	}
	if a.t.ID == base.TypeDate {
		days, rest := base.SplitDateTime(RoundMicros(micros, 0))
		a.partLost(rest != 0)
		return base.NewDate(days)
	}
	micros = RoundMicros(micros, a.t.Scale)
	if a.t.ID == base.TypeTimestamp && a.problem == nil && (micros < base.Second || micros >= maxTimestamp) {
		a.incorrect(kind, v)
		micros = base.ZeroDate * base.Day
	}
	return base.NewDateTime(micros)
}

// maxTimestamp is 2038-01-19 03:14:08, the first second that MySQL 8.0 does not take.
const maxTimestamp = int64(1<<31) * base.Second

func (a *assigner) time(v base.Value) base.Value {
	micros, dated, whole, ok := int64(0), false, true, true
	switch v.Class() {
	case base.Time, base.DateTime, base.Date:
		micros, ok = ToTime(v, NaturalType(v), nil)
		dated = v.Class() != base.Time
	default:
		text := Format(v, NaturalType(v))
		if isText(v) {
			text = jsonText(v)
		}
		micros, dated, whole, ok = timeOfDay(text)
	}
	if !ok || !whole {
		a.incorrect("time", v)
	}
	a.partLost(dated)
	micros = RoundMicros(micros, a.t.Scale)
	return base.NewTime(max(min(micros, base.MaxTime), -base.MaxTime))
}

// year takes 1901–2155, 0, and two digits: 1–69 is 2001–2069, 70–99 is 1970–1999; the text '0' is 2000.
func (a *assigner) year(v base.Value) base.Value {
	if v.Class() == base.Float {
		v = base.NewFloat(math.Trunc(v.Float()))
	}
	coef, ok := a.wholeNumber(v)
	y, fits := coef.Int64()
	if a.problem != nil {
		if a.problem.Number == errno.Truncated.Number && (y < 0 || y > 99 && y < 1901 || y > 2155) {
			a.problem = nil
			a.outOfRange()
		}
		return base.NewInt(0)
	}
	text := isText(v)
	switch {
	case text && y == 0 && len(strings.TrimSpace(v.Text())) < 4:
		y = 2000
	case y >= 1 && y <= 69:
		y += 2000
	case y >= 70 && y <= 99:
		y += 1900
	}
	if !ok || !fits || y != 0 && (y < 1901 || y > 2155) {
		a.outOfRange()
		y = 0
	}
	return base.NewInt(y)
}

func enumIndex(s string, t base.Type) int {
	s = strings.TrimRight(s, " ")
	for i, e := range t.Elems {
		if e == s {
			return i + 1
		}
	}
	coll := collation.Of(t.Collation)
	for i, e := range t.Elems {
		if coll.Compare(e, s) == 0 {
			return i + 1
		}
	}
	return 0
}

func (a *assigner) enum(v base.Value) base.Value {
	n := 0
	if isText(v) {
		if n = enumIndex(v.Text(), a.t); n == 0 {
			if k, err := strconv.Atoi(v.Text()); err == nil {
				n = k // a number in quotes is an index when it is no element
			}
		}
	} else {
		i, ok := ToInt(v, NaturalType(v), false, nil)
		if n = int(i); !ok {
			n = 0
		}
	}
	if n < 1 || n > len(a.t.Elems) {
		a.truncated()
		n = 0
	}
	return base.NewUint(uint64(n))
}

func setMask(s string, t base.Type) (mask uint64, ok bool) {
	ok = true
	for s != "" {
		name, rest, _ := strings.Cut(s, ",")
		s = rest
		if n := enumIndex(name, t); n > 0 {
			mask |= 1 << uint(n-1)
		} else {
			ok = false
		}
	}
	return mask, ok
}

func (a *assigner) set(v base.Value) base.Value {
	var mask uint64
	ok := true
	if isText(v) {
		if mask, ok = setMask(v.Text(), a.t); !ok {
			if k, err := strconv.ParseUint(v.Text(), 10, 64); err == nil {
				mask, ok = k, true
			}
		}
	} else {
		n, fits := ToInt(v, NaturalType(v), true, nil)
		mask, ok = uint64(n), fits
	}
	all := uint64(math.MaxUint64)
	if len(a.t.Elems) < 64 {
		all = 1<<uint(len(a.t.Elems)) - 1
	}
	if !ok || mask&^all != 0 {
		a.truncated()
	}
	return base.NewUint(mask & all)
}

func (a *assigner) bit(v base.Value) base.Value {
	width := uint(max(a.t.Length, 1))
	limit := uint64(math.MaxUint64) >> (64 - min(width, 64))
	var n uint64
	if isText(v) {
		s := strings.TrimLeft(v.Text(), "\x00")
		if n = bitsOf(s); len(s) > 8 {
			a.tooLong()
			return base.NewUint(limit)
		}
	} else {
		if v.Class() == base.Float {
			v = base.NewFloat(math.Trunc(v.Float()))
		}
		bits, ok := ToInt(v, NaturalType(v), v.Class() != base.Int, nil)
		if n = uint64(bits); !ok {
			a.outOfRange()
			n = math.MaxUint64
		}
	}
	if n > limit {
		a.tooLong()
		n = limit
	}
	return base.NewUint(n)
}

func (a *assigner) json(v base.Value) base.Value {
	if v.Class() == base.String || v.Class() == base.JSON || v.Class() == base.Bytes && utf8.ValidString(v.Text()) {
		text, err := NormalizeJSON(v.Text())
		if err != nil {
			a.fail(CodeInvalidJSON, "Invalid JSON text: \"%s\" at position %d in value for column '%s'.", err.Reason, err.Offset, a.col)
			a.always = true
			return base.Value{}
		}
		return base.NewJSON(text)
	}
	out, err := toJSON(v, NaturalType(v))
	if err != nil {
		a.fail(CodeInvalidJSON, "Invalid JSON text in value for column '%s'.", a.col)
		a.always = true
	}
	return out
}

// vector takes '[1, 2.5, …]' or the packed bytes, and keeps 32-bit floats, little-endian.
func (a *assigner) vector(v base.Value) base.Value {
	if s := v.Text(); v.Class() == base.Bytes && len(s)%4 == 0 && (a.t.Length == 0 || len(s) <= 4*a.t.Length) {
		return v
	}
	s := strings.TrimSpace(v.Text())
	if len(s) < 2 || s[0] != '[' || s[len(s)-1] != ']' {
		a.incorrect("vector", v)
		return base.NewBytes("")
	}
	var out []byte
	for part := range strings.SplitSeq(s[1:len(s)-1], ",") {
		f, err := strconv.ParseFloat(strings.TrimSpace(part), 32)
		if err != nil {
			a.incorrect("vector", v)
			return base.NewBytes("")
		}
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(f)))
	}
	if a.t.Length > 0 && len(out) > 4*a.t.Length {
		a.tooLong()
		out = out[:4*a.t.Length]
	}
	return base.NewBytes(string(out))
}

// Zero is the value that a NOT NULL column of type t takes where MySQL puts its implicit default.
func Zero(t base.Type) base.Value {
	switch t.Class() {
	case base.Int:
		return base.NewInt(0)
	case base.Uint:
		if t.ID == base.TypeEnum {
			return base.NewUint(1)
		}
		return base.NewUint(0)
	case base.Float:
		return base.NewFloat(0)
	case base.Decimal:
		return base.NewDecimal(base.Int128{}, t.Scale)
	case base.String:
		return base.NewString("")
	case base.Bytes:
		switch t.ID {
		case base.TypeBinary:
			return base.NewBytes(strings.Repeat("\x00", max(t.Length, 1)))
		case base.TypeUUID:
			return base.NewBytes(strings.Repeat("\x00", 16))
		}
		return base.NewBytes("")
	case base.Date:
		return base.NewDate(base.ZeroDate)
	case base.Time:
		return base.NewTime(0)
	case base.DateTime:
		return base.NewDateTime(base.ZeroDate * base.Day)
	case base.JSON:
		return base.NewJSON("null")
	}
	return base.Value{}
}
