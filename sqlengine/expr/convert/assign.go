package convert

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// Assign converts v for storing in a column of type t, by MySQL's rules for INSERT and UPDATE. In strict mode a value that
// does not fit is an error; else it is adjusted and the same error comes as a warning. NULL stays NULL. row counts from 1.
//
// Errors: 1264 out of range, 1406 too long, 1366 not a number, 1292 not a date or time, 1265 truncated, 3140 not JSON.
func Assign(v base.Value, t base.Type, strict bool, col string, row int) (out base.Value, warning *base.Error, err error) {
	if v.IsNull() {
		return v, nil, nil
	}
	a := assigner{t: t, col: col, row: row}
	out = a.assign(v)
	switch {
	case a.problem == nil:
		return out, nil, nil
	case a.note:
		a.problem.Note = true
		return out, a.problem, nil
	case !strict && !a.always:
		if a.problem.Number == errno.DataTooLong.Number {
			a.problem = base.Errorf(errno.Truncated, "Data truncated for column '%s' at row %d", col, row)
		}
		return out, a.problem, nil
	}
	return base.Value{}, nil, a.problem
}

// AsIs reports whether Assign would return *v as it is, without a warning. It may say no where it would.
func AsIs(v *base.Value, t *base.Type) bool {
	switch v.Class() {
	case base.Int:
		switch t.ID {
		case base.TypeTinyInt, base.TypeSmallInt, base.TypeMediumInt, base.TypeInt, base.TypeBigInt:
			rest := 64 - intBits(t.ID)
			return !t.Unsigned && v.Int()<<rest>>rest == v.Int()
		}
	case base.Float:
		return t.ID == base.TypeDouble && !t.Unsigned && v.Float()-v.Float() == 0
	case base.Decimal:
		coef, scale := v.Decimal()
		return t.ID == base.TypeDecimal && !t.Unsigned && scale == t.Scale && base.DecimalFits(coef, t.Precision)
	case base.String:
		return textAsIs(v.Text(), t)
	case base.Date:
		return t.ID == base.TypeDate && v.Int() >= base.ZeroDate && v.Int() <= base.MaxDate
	case base.DateTime:
		return t.ID == base.TypeDateTime && RoundMicros(v.Int(), t.Scale) == v.Int()
	}
	return false
}

func textAsIs(s string, t *base.Type) bool {
	switch t.ID {
	case base.TypeChar:
		if len(s) > t.Length || len(s) > 0 && s[len(s)-1] == ' ' {
			return false
		}
	case base.TypeVarchar:
		if len(s) > t.Length {
			return false
		}
	case base.TypeTinyText, base.TypeText, base.TypeMediumText, base.TypeLongText:
		if limit := maxBytes(t.ID); limit > 0 && len(s) > limit {
			return false
		}
	default:
		return false
	}
	return utf8.ValidString(s)
}

type assigner struct {
	t       base.Type
	col     string
	row     int
	problem *base.Error
	note    bool // never an error
	always  bool // an error in every mode
}

func (a *assigner) fail(c base.Code, format string, args ...any) {
	if a.problem == nil || a.note {
		a.note = false
		a.problem = base.Errorf(c, format, args...)
	}
}

func (a *assigner) outOfRange() {
	a.fail(errno.OutOfRange, "Out of range value for column '%s' at row %d", a.col, a.row)
}

func (a *assigner) tooLong() {
	a.fail(errno.DataTooLong, "Data too long for column '%s' at row %d", a.col, a.row)
}

func (a *assigner) truncated() {
	a.fail(errno.Truncated, "Data truncated for column '%s' at row %d", a.col, a.row)
}

// noteLost says that something is lost which is no error, even in strict mode: digits of a fraction, spaces, the time of a date.
func (a *assigner) noteLost() {
	a.truncated()
	a.note = true
}

// partLost is noteLost if a part of the value is lost, and there is nothing worse to say.
func (a *assigner) partLost(lost bool) {
	if lost && a.problem == nil {
		a.noteLost()
	}
}

func (a *assigner) incorrect(kind string, v base.Value) {
	code := errno.WrongValueForType
	if kind == "date" || kind == "time" || kind == "datetime" {
		code = errno.WrongValue
	}
	a.fail(code, "Incorrect %s value: '%s' for column '%s' at row %d", kind, shown(Format(v, NaturalType(v))), a.col, a.row)
}

func isText(v base.Value) bool {
	return v.Class() == base.String || v.Class() == base.Bytes || v.Class() == base.JSON
}

func (a *assigner) assign(v base.Value) base.Value {
	switch a.t.ID {
	case base.TypeTinyInt, base.TypeSmallInt, base.TypeMediumInt, base.TypeInt, base.TypeBigInt:
		return a.integer(v)
	case base.TypeDecimal:
		return a.decimal(v)
	case base.TypeFloat, base.TypeDouble:
		return a.float(v)
	case base.TypeDate, base.TypeDateTime, base.TypeTimestamp:
		return a.datetime(v)
	case base.TypeTime:
		return a.time(v)
	case base.TypeYear:
		return a.year(v)
	case base.TypeEnum:
		return a.enum(v)
	case base.TypeSet:
		return a.set(v)
	case base.TypeBit:
		return a.bit(v)
	case base.TypeJSON:
		return a.json(v)
	case base.TypeUUID:
		raw := Format(v, NaturalType(v))
		if len(raw) != 16 || v.Class() != base.Bytes {
			parsed, ok := ParseUUID(raw)
			if !ok {
				a.incorrect("uuid", v)
				parsed = strings.Repeat("\x00", 16)
			}
			raw = parsed
		}
		return base.NewBytes(raw)
	case base.TypeVector:
		return a.vector(v)
	case base.TypeNull:
		return base.Value{}
	}
	if a.t.Class() == base.Bytes {
		return a.binary(v)
	}
	return a.text(v)
}

// intBits is the width of an integer type.
func intBits(id base.TypeID) uint {
	switch id {
	case base.TypeTinyInt:
		return 8
	case base.TypeSmallInt:
		return 16
	case base.TypeMediumInt:
		return 24
	case base.TypeInt:
		return 32
	}
	return 64
}

func (a *assigner) integer(v base.Value) base.Value {
	width := intBits(a.t.ID)
	coef, ok := a.wholeNumber(v)
	truncated := a.problem
	lo, hi := base.Int128From(-1<<(width-1)), base.Int128From(int64(uint64(1)<<(width-1)-1))
	if a.t.Unsigned {
		lo, hi = base.Int128{}, base.Int128{Lo: math.MaxUint64 >> (64 - width)}
	}
	switch {
	case coef.Cmp(lo) < 0:
		coef, ok = lo, false
	case coef.Cmp(hi) > 0:
		coef, ok = hi, false
	}
	if !ok {
		if truncated != nil && truncated.Number == errno.Truncated.Number {
			a.problem = nil // of a number out of range, what stands behind it does not matter
		}
		a.outOfRange()
	}
	if a.t.Unsigned {
		return base.NewUint(coef.Lo)
	}
	return base.NewInt(int64(coef.Lo))
}

// wholeNumber rounds v to an integer; ok is false beyond 38 digits.
func (a *assigner) wholeNumber(v base.Value) (coef base.Int128, ok bool) {
	switch v.Class() {
	case base.Int:
		return base.Int128From(v.Int()), true
	case base.Uint:
		return base.Int128{Lo: v.Uint()}, true
	case base.Float:
		f := math.RoundToEven(v.Float())
		if math.Abs(f) >= 1e30 {
			return maxDecimal(base.MaxDecimalDigits, f < 0), false
		}
		coef, scale := ToDecimal(base.NewFloat(f), base.Type{ID: base.TypeDouble}, nil)
		coef, _ = base.Rescale(coef, scale, 0)
		return coef, true
	case base.Bytes:
		if a.t.ID == base.TypeBit {
			return base.Int128{Lo: bitsOf(v.Text())}, true
		}
	}
	if !isText(v) {
		coef, scale := ToDecimal(v, NaturalType(v), nil)
		coef, ok = base.Rescale(coef, scale, 0)
		return coef, ok
	}
	coef, scale, fits := a.textNumber(v, "integer")
	coef, _ = base.Rescale(coef, scale, 0)
	return coef, fits
}

// textNumber reads a text that should be a number.
func (a *assigner) textNumber(v base.Value, kind string) (coef base.Int128, scale uint8, ok bool) {
	text := jsonText(v)
	s := trimLeft(text)
	coef, scale, n, ok := base.ParseDecimal(s)
	switch {
	case n == 0:
		a.incorrect(kind, v)
	case !blank(s[n:]):
		a.truncated()
	}
	if !ok {
		coef, scale = maxDecimal(base.MaxDecimalDigits, s[0] == '-'), 0
	}
	return coef, scale, ok
}

func (a *assigner) decimal(v base.Value) base.Value {
	var coef base.Int128
	var scale uint8
	ok := true
	if isText(v) {
		coef, scale, ok = a.textNumber(v, "decimal")
	} else {
		overflow := false
		coef, scale = ToDecimal(v, NaturalType(v), func(*base.Error) { overflow = true })
		ok = !overflow
	}
	r, fits := base.Rescale(coef, scale, a.t.Scale)
	if fits && scale > a.t.Scale && a.problem == nil {
		if back, _ := base.Rescale(r, a.t.Scale, scale); back != coef {
			a.noteLost()
		}
	}
	if !ok || !fits || !base.DecimalFits(r, a.t.Precision) {
		a.outOfRange()
		r = maxDecimal(a.t.Precision, coef.Sign() < 0)
	}
	if a.t.Unsigned && r.Sign() < 0 {
		a.outOfRange()
		r = base.Int128{}
	}
	return base.NewDecimal(r, a.t.Scale)
}

func (a *assigner) float(v base.Value) base.Value {
	var f float64
	if isText(v) {
		text := jsonText(v)
		s := trimLeft(text)
		n := floatPrefix(s)
		switch {
		case n == 0:
			a.incorrect("double", v)
		case !blank(s[n:]):
			a.truncated()
		}
		if f, _ = ParseFloat(s); math.Abs(f) == math.MaxFloat64 {
			a.outOfRange() // or very near it
		}
	} else {
		f = ToFloat(v, NaturalType(v), nil)
	}
	if a.t.ID == base.TypeFloat {
		if math.Abs(f) > math.MaxFloat32 {
			a.outOfRange()
			f = math.Copysign(math.MaxFloat32, f)
		}
		f = float64(float32(f))
	}
	if math.IsInf(f, 0) || math.IsNaN(f) || a.t.Unsigned && f < 0 {
		a.outOfRange()
		f = 0
	}
	return base.NewFloat(f)
}

// maxBytes is the length limit of the TEXT and BLOB types; 0 none.
func maxBytes(id base.TypeID) int {
	switch id {
	case base.TypeTinyText, base.TypeTinyBlob:
		return 255
	case base.TypeText, base.TypeBlob:
		return 65535
	case base.TypeMediumText, base.TypeMediumBlob:
		return 1<<24 - 1
	}
	return 0
}

func (a *assigner) text(v base.Value) base.Value {
	s := Format(v, NaturalType(v))
	if !utf8.ValidString(s) {
		a.fail(errno.WrongValueForType, "Incorrect string value: '%s' for column '%s' at row %d", escaped(s), a.col, a.row)
		s = strings.ToValidUTF8(s, "?")
	}
	switch a.t.ID {
	case base.TypeChar, base.TypeVarchar:
		limit := a.t.Length
		if a.t.ID == base.TypeChar {
			limit = max(limit, 1)
			s = strings.TrimRight(s, " ")
		}
		if len(s) > limit && utf8.RuneCountInString(s) > limit {
			cut := s[:runeOffset(s, limit)]
			if strings.TrimRight(s[len(cut):], " ") == "" {
				a.noteLost() // only spaces
			} else {
				a.tooLong()
			}
			if s = cut; a.t.ID == base.TypeChar {
				s = strings.TrimRight(s, " ")
			}
		}
	default:
		if limit := maxBytes(a.t.ID); limit > 0 && len(s) > limit {
			a.tooLong()
			s = strings.ToValidUTF8(s[:limit], "")
		}
	}
	return base.NewString(s)
}

// escaped shows the first bytes of a broken text as MySQL does: \xNN.
func escaped(s string) string {
	i := 0
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		i += n
	}
	var b strings.Builder
	for k := i; k < len(s) && k < i+6; k++ {
		if s[k] < 0x80 {
			b.WriteByte(s[k])
		} else {
			b.WriteString(`\x` + strings.ToUpper(hexDigits[s[k]>>4:s[k]>>4+1]+hexDigits[s[k]&15:s[k]&15+1]))
		}
	}
	return b.String()
}

// runeOffset returns where character n of s begins.
func runeOffset(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

func (a *assigner) binary(v base.Value) base.Value {
	s := Format(v, NaturalType(v))
	limit := maxBytes(a.t.ID)
	switch a.t.ID {
	case base.TypeBinary:
		limit = max(a.t.Length, 1)
		if len(s) < limit {
			s += strings.Repeat("\x00", limit-len(s))
		}
	case base.TypeVarbinary:
		limit = max(a.t.Length, 1)
	}
	if limit > 0 && len(s) > limit {
		a.tooLong()
		s = s[:limit]
	}
	return base.NewBytes(s)
}
