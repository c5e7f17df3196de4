package expr

import (
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

// unitParts says what the numbers of an interval literal mean, last one last, each as months or as microseconds.
type unitParts struct {
	months []int64
	micros []int64
}

// units are MySQL's interval units.
var units = map[string]unitParts{
	"YEAR":               {months: []int64{12}},
	"QUARTER":            {months: []int64{3}},
	"MONTH":              {months: []int64{1}},
	"YEAR_MONTH":         {months: []int64{12, 1}},
	"WEEK":               {micros: []int64{7 * base.Day}},
	"DAY":                {micros: []int64{base.Day}},
	"HOUR":               {micros: []int64{base.Hour}},
	"MINUTE":             {micros: []int64{base.Minute}},
	"SECOND":             {micros: []int64{base.Second}},
	"MICROSECOND":        {micros: []int64{1}},
	"DAY_HOUR":           {micros: []int64{base.Day, base.Hour}},
	"DAY_MINUTE":         {micros: []int64{base.Day, base.Hour, base.Minute}},
	"DAY_SECOND":         {micros: []int64{base.Day, base.Hour, base.Minute, base.Second}},
	"DAY_MICROSECOND":    {micros: []int64{base.Day, base.Hour, base.Minute, base.Second, 1}},
	"HOUR_MINUTE":        {micros: []int64{base.Hour, base.Minute}},
	"HOUR_SECOND":        {micros: []int64{base.Hour, base.Minute, base.Second}},
	"HOUR_MICROSECOND":   {micros: []int64{base.Hour, base.Minute, base.Second, 1}},
	"MINUTE_SECOND":      {micros: []int64{base.Minute, base.Second}},
	"MINUTE_MICROSECOND": {micros: []int64{base.Minute, base.Second, 1}},
	"SECOND_MICROSECOND": {micros: []int64{base.Second, 1}},
}

// interval is months or microseconds.
type interval struct{ months, micros int64 }

// wholeDays reports a unit that leaves a DATE a DATE.
func wholeDays(unit string) bool {
	return units[unit].months != nil || unit == "WEEK" || unit == "DAY"
}

// DateAdd is x + INTERVAL n unit, or x - INTERVAL n unit with minus set.
//
// Errors: 1064 for an unknown unit.
func DateAdd(x, n Expr, unit string, minus bool) (Expr, error) {
	name := "DATE_ADD"
	if minus {
		name = "DATE_SUB"
	}
	return newCall(registry[name], []Expr{x, n}, strings.ToUpper(unit))
}

func buildDateAdd(c *call) error {
	unit := c.extra
	if unit == "" {
		return base.Errorf(errno.Parse, "%s needs INTERVAL and a unit of time", c.fn.name)
	}
	parts, ok := units[unit]
	if !ok {
		return base.Errorf(errno.Parse, "unknown interval unit '%s'", unit)
	}
	n := len(parts.months) + len(parts.micros)
	switch {
	case n > 1:
		c.in[1] = implicit(c.in[1], typeLongText)
	case unit == "SECOND":
		c.in[1] = implicit(c.in[1], typeDecimal(24, 6))
	default:
		c.in[1] = implicit(c.in[1], typeInt)
	}
	c.null = true
	from := c.args[0].Type()
	c.dateAddType(from, unit)
	minus := c.fn.name == "DATE_SUB"
	asText := c.typ.Class() == base.String
	c.eval = rows(true, func(r *row) error {
		iv, ok := r.interval(1, parts)
		if !ok {
			r.setNull()
			return nil
		}
		if minus {
			iv = interval{-iv.months, -iv.micros}
		}
		if from.Class() == base.Time {
			r.addTime(iv)
			return nil
		}
		days := r.ops[0].v.Class == base.Date
		t := r.int(0)
		if days {
			t *= base.Day
		}
		t, ok = iv.add(t)
		switch {
		case !ok:
			r.ctx.warn(errno.TimeOverflow, "Datetime function: datetime field overflow")
			r.setNull()
		case asText:
			r.setStr(dateText(t, r.int(0), unit))
		case c.typ.Class() == base.Date:
			d, _ := base.SplitDateTime(t)
			r.setInt(d)
		default:
			r.setInt(t)
		}
		return nil
	})
	return nil
}

// dateAddType is the result of adding a unit to a type: a string gives a string.
func (c *call) dateAddType(from base.Type, unit string) {
	scale := uint8(0)
	if strings.Contains(unit, "MICROSECOND") || unit == "SECOND" && c.args[1].Type().Class() != base.Int && c.args[1].Type().Class() != base.Uint {
		scale = 6
	}
	switch from.Class() {
	case base.Date:
		c.typ = base.Type{ID: base.TypeDateTime, Scale: scale}
		if wholeDays(unit) {
			c.typ = typeDate
		}
	case base.DateTime:
		c.typ = base.Type{ID: base.TypeDateTime, Scale: max(scale, from.Scale)}
	case base.Time:
		c.typ = base.Type{ID: base.TypeTime, Scale: max(scale, from.Scale)}
	default:
		c.typ = typeVarchar(26, "")
		c.in[0] = implicit(c.in[0], typeDateTime)
	}
}

// dateText prints a moment as DATE_ADD of a string does: as a date when the time of day is not concerned.
func dateText(t, before int64, unit string) string {
	_, rest := base.SplitDateTime(t)
	_, was := base.SplitDateTime(before)
	if wholeDays(unit) && rest == 0 && was == 0 {
		d, _ := base.SplitDateTime(t)
		return string(base.AppendDate(nil, d))
	}
	frac := uint8(0)
	if rest%base.Second != 0 {
		frac = 6
	}
	return string(base.AppendDateTime(nil, t, frac))
}

func (r *row) addTime(iv interval) {
	t := r.int(0) + iv.micros
	if iv.months != 0 || t > base.MaxTime || t < -base.MaxTime {
		r.ctx.warn(errno.TimeOverflow, "Datetime function: time field overflow")
		r.setNull()
		return
	}
	r.setInt(t)
}

// interval reads operand k, a number or the text of a composite unit; ok is false on overflow.
func (r *row) interval(k int, parts unitParts) (iv interval, ok bool) {
	list, months := parts.micros, false
	if parts.months != nil {
		list, months = parts.months, true
	}
	var total int64
	switch v := r.value(k); v.Class() {
	case base.String:
		total, ok = compositeInterval(v.Text(), list)
	case base.Decimal:
		coef, scale := v.Decimal()
		wide, _ := base.Rescale(coef, scale, 6)
		total, ok = wide.Int64()
	default:
		wide, fits := base.Int128From(v.Int()).Mul(base.Int128From(list[0]))
		total, ok = wide.Int64()
		ok = ok && fits
	}
	const limit = int64(1) << 60
	if total > limit || total < -limit {
		ok = false
	}
	if months {
		return interval{months: total}, ok
	}
	return interval{micros: total}, ok
}

// compositeInterval reads runs of digits between anything else. Fewer numbers than the unit has parts are its last parts.
func compositeInterval(s string, list []int64) (int64, bool) {
	neg := strings.HasPrefix(strings.TrimSpace(s), "-")
	nums := strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if len(nums) > len(list) {
		nums = nums[:len(list)]
	}
	var total int64
	for i, text := range nums {
		unit := list[len(list)-len(nums)+i]
		if unit == 1 && len(list) > 1 && i == len(nums)-1 && list[len(list)-2] == base.Second {
			text = (text + "000000")[:6] // a fraction: .5 is 500,000 microseconds
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n > 1<<50/max(unit/base.Hour, 1) {
			return 0, false
		}
		total += n * unit
	}
	if neg {
		total = -total
	}
	return total, true
}

// add moves a DATETIME; a month that is too short for the day gives its last day.
func (iv interval) add(t int64) (int64, bool) {
	days, rest := base.SplitDateTime(t)
	if days == base.ZeroDate {
		return 0, false
	}
	if iv.months != 0 {
		y, m, d := base.CivilFromDays(days)
		total := int64(y)*12 + int64(m) - 1 + iv.months
		if total < 0 || total >= 12*10000 {
			return 0, false
		}
		y, m = int(total/12), int(total%12)+1
		days = base.DaysFromCivil(y, m, min(d, convert.DaysIn(y, m)))
	}
	t = days*base.Day + rest + iv.micros
	return t, t >= base.MinDate*base.Day && t < (base.MaxDate+1)*base.Day
}
