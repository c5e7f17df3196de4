package expr

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

var dateFunctions = []*function{
	{name: "DATE_ADD", min: 2, max: 2, build: buildDateAdd},
	{name: "DATE_SUB", min: 2, max: 2, build: buildDateAdd},
	{name: "DATE", min: 1, max: 1, build: nullable(typed(typeDate, dateParts(func(r *row, t int64) {
		if d, _ := base.SplitDateTime(t); d == base.ZeroDate {
			r.setNull()
		} else {
			r.setInt(d)
		}
	}), typeDateTime))},
	{name: "TIME", min: 1, max: 1, build: buildTime},
	{name: "YEAR", min: 1, max: 1, build: civilPart(func(y, _, _ int) int { return y })},
	{name: "MONTH", min: 1, max: 1, build: civilPart(func(_, m, _ int) int { return m })},
	{name: "DAY", min: 1, max: 1, build: civilPart(func(_, _, d int) int { return d })},
	{name: "QUARTER", min: 1, max: 1, build: civilPart(func(_, m, _ int) int { return (m + 2) / 3 })},
	{name: "HOUR", min: 1, max: 1, build: clockPart(func(t int64) int64 { return t / base.Hour })},
	{name: "MINUTE", min: 1, max: 1, build: clockPart(func(t int64) int64 { return t / base.Minute % 60 })},
	{name: "SECOND", min: 1, max: 1, build: clockPart(func(t int64) int64 { return t / base.Second % 60 })},
	{name: "MICROSECOND", min: 1, max: 1, build: clockPart(func(t int64) int64 { return t % base.Second })},
	{name: "TIME_TO_SEC", min: 1, max: 1, build: nullable(typed(typeInt, rows(true, func(r *row) error {
		r.setInt(r.int(0) / base.Second)
		return nil
	}), typeTime))},
	{name: "DAYOFWEEK", min: 1, max: 1, build: dayPart(func(d int64) int64 { return weekday(d+1)%7 + 1 })},
	{name: "WEEKDAY", min: 1, max: 1, build: dayPart(weekday)},
	{name: "DAYOFYEAR", min: 1, max: 1, build: dayPart(dayOfYear)},
	{name: "TO_DAYS", min: 1, max: 1, build: dayPart(dayNumber)},
	{name: "FROM_DAYS", min: 1, max: 1, build: typed(typeDate, rows(true, func(r *row) error {
		if d := r.int(0) + base.MinDate; d >= base.MinDate+366 && d <= base.MaxDate {
			r.setInt(d)
		} else {
			r.setInt(base.ZeroDate)
		}
		return nil
	}), typeInt)},
	{name: "LAST_DAY", min: 1, max: 1, build: nullable(typed(typeDate, dateParts(func(r *row, t int64) {
		d, _ := base.SplitDateTime(t)
		y, m, _ := base.CivilFromDays(d)
		if m == 0 {
			r.setNull()
			return
		}
		r.setInt(base.DaysFromCivil(y, m, convert.DaysIn(y, m)))
	}), typeDateTime))},
	{name: "WEEK", min: 1, max: 2, build: buildWeek},
	{name: "WEEKOFYEAR", min: 1, max: 1, build: buildWeek},
	{name: "YEARWEEK", min: 1, max: 2, build: buildWeek},
	{name: "DAYNAME", min: 1, max: 1, build: nameOf("%W")},
	{name: "MONTHNAME", min: 1, max: 1, build: nameOf("%M")},
	{name: "DATEDIFF", min: 2, max: 2, build: nullable(typed(typeInt, rows(true, func(r *row) error {
		a, _ := base.SplitDateTime(r.int(0))
		b, _ := base.SplitDateTime(r.int(1))
		if a == base.ZeroDate || b == base.ZeroDate {
			r.setNull()
			return nil
		}
		r.setInt(a - b)
		return nil
	}), typeDateTime))},
	{name: "TIMESTAMPDIFF", min: 3, max: 3, build: buildTimestampDiff},
	{name: "TIMESTAMPADD", min: 3, max: 3, build: buildTimestampAdd},
	{name: "CONVERT_TZ", min: 3, max: 3, build: buildConvertTZ},
	{name: "STR_TO_DATE", min: 2, max: 2, build: buildStrToDate},
	{name: "EXTRACT", min: 2, max: 2, build: buildExtract},
	{name: "DATE_FORMAT", min: 2, max: 2, build: nullable(typed(base.Type{ID: base.TypeVarchar, Length: 255}, rows(true, func(r *row) error {
		text, ok := dateFormat(r.int(0), r.str(1))
		if !ok {
			r.setNull()
			return nil
		}
		r.setStr(text)
		return nil
	}), typeDateTime, typeLongText))},
	{name: "MAKEDATE", min: 2, max: 2, build: nullable(typed(typeDate, rows(true, func(r *row) error {
		y, d := r.int(0), r.int(1)
		if y >= 0 && y < 70 {
			y += 2000
		} else if y < 100 {
			y += 1900
		}
		if d <= 0 || d > 4000000 || y < 0 || y > 9999 {
			r.setNull()
			return nil
		}
		if t := base.DaysFromCivil(int(y), 1, 1) + d - 1; t <= base.MaxDate {
			r.setInt(t)
		} else {
			r.setNull()
		}
		return nil
	}), typeInt))},
}

// nullable marks a call whose result can be NULL where no operand is.
func nullable(build func(*call) error) func(*call) error {
	return func(c *call) error {
		err := build(c)
		c.null = true
		return err
	}
}

func dateParts(f func(r *row, t int64)) kernel {
	return rows(true, func(r *row) error {
		f(r, r.int(0))
		return nil
	})
}

func civilPart(f func(y, m, d int) int) func(*call) error {
	return nullable(typed(typeInt, dateParts(func(r *row, t int64) {
		days, _ := base.SplitDateTime(t)
		r.setInt(int64(f(base.CivilFromDays(days))))
	}), typeDateTime))
}

func dayPart(f func(days int64) int64) func(*call) error {
	return nullable(typed(typeInt, dateParts(func(r *row, t int64) {
		days, _ := base.SplitDateTime(t)
		if days == base.ZeroDate {
			r.setNull()
			return
		}
		r.setInt(f(days))
	}), typeDateTime))
}

func clockPart(f func(t int64) int64) func(*call) error {
	return nullable(typed(typeInt, rows(true, func(r *row) error {
		t := r.int(0)
		r.setInt(f(max(t, -t)))
		return nil
	}), typeTime))
}

// dayNumber counts from year 0, which has no 29 February in MySQL's count.
func dayNumber(days int64) int64 {
	n := days - base.MinDate
	return n + bit(n < 31+29)
}

func buildTime(c *call) error {
	c.typ, c.null = base.Type{ID: base.TypeTime, Scale: fraction(c.args[0])}, true
	c.in[0] = implicit(c.in[0], typeTime)
	c.eval = rows(true, func(r *row) error { r.setInt(r.int(0)); return nil })
	return nil
}

// weekday is 0 for Monday.
func weekday(days int64) int64 { return ((days+3)%7 + 7) % 7 }

func dayOfYear(days int64) int64 {
	y, _, _ := base.CivilFromDays(days)
	return days - base.DaysFromCivil(y, 1, 1) + 1
}

// weekOf numbers the week of a day. The mode's bits: 1 weeks begin on Monday, 2 the range is 1–53, 4 week 1 is the first
// with its first day in the year (else the first with four days).
//
// Source: MySQL 8.0 Reference Manual, WEEK().
func weekOf(days, mode int64) (year, week int64) {
	if mode &= 7; mode&1 == 0 {
		mode ^= 4
	}
	monday, range53, firstDay := mode&1 != 0, mode&2 != 0, mode&4 != 0
	y, _, _ := base.CivilFromDays(days)
	start := func(y int) int64 { // the first day of week 1
		jan1 := base.DaysFromCivil(y, 1, 1)
		wd := weekday(jan1)
		if !monday {
			wd = (wd + 1) % 7
		}
		if firstDay && wd != 0 || !firstDay && wd >= 4 {
			return jan1 + 7 - wd
		}
		return jan1 - wd
	}
	s := start(y)
	if days < s {
		if !range53 {
			return int64(y), 0
		}
		y--
		s = start(y)
	} else if range53 && days >= start(y+1) {
		return int64(y + 1), 1
	}
	return int64(y), (days-s)/7 + 1
}

func buildWeek(c *call) error {
	c.in[0] = implicit(c.in[0], typeDateTime)
	if len(c.in) > 1 {
		c.in[1] = implicit(c.in[1], typeInt)
	}
	c.typ, c.null = typeInt, true
	name := c.fn.name
	c.eval = rows(true, func(r *row) error {
		days, _ := base.SplitDateTime(r.int(0))
		mode := int64(0)
		if name == "WEEKOFYEAR" {
			mode = 3
		} else if r.has(1) {
			mode = r.int(1)
		}
		if name == "YEARWEEK" {
			y, w := weekOf(days, mode|2)
			r.setInt(y*100 + w)
			return nil
		}
		_, w := weekOf(days, mode)
		r.setInt(w)
		return nil
	})
	return nil
}

func nameOf(format string) func(*call) error {
	return nullable(typed(base.Type{ID: base.TypeVarchar, Length: 9}, dateParts(func(r *row, t int64) {
		text, ok := dateFormat(t, format)
		if !ok {
			r.setNull()
			return
		}
		r.setStr(text)
	}), typeDateTime))
}

// unitOf returns the unit that operand 0 names, a string constant.
func (c *call) unitOf() (string, error) {
	k, ok := c.args[0].(*constant)
	if !ok || units[unitName(k)].months == nil && units[unitName(k)].micros == nil {
		return "", base.Errorf(errno.Parse, "unknown interval unit %s", c.args[0])
	}
	return unitName(k), nil
}

func unitName(k *constant) string {
	return strings.TrimPrefix(strings.ToUpper(k.value.Text()), "SQL_TSI_")
}

func buildTimestampDiff(c *call) error {
	unit, err := c.unitOf()
	if err != nil {
		return err
	}
	c.in[1], c.in[2] = implicit(c.in[1], typeDateTime), implicit(c.in[2], typeDateTime)
	c.typ, c.null = typeInt, true
	parts := units[unit]
	c.eval = rows(true, func(r *row) error {
		a, b := r.int(1), r.int(2)
		if parts.micros != nil {
			r.setInt((b - a) / parts.micros[0])
			return nil
		}
		r.setInt(monthsBetween(a, b) / parts.months[0])
		return nil
	})
	return nil
}

// monthsBetween counts the whole months from a to b.
func monthsBetween(a, b int64) int64 {
	if b < a {
		return -monthsBetween(b, a)
	}
	ad, ar := base.SplitDateTime(a)
	bd, br := base.SplitDateTime(b)
	ay, am, aday := base.CivilFromDays(ad)
	by, bm, bday := base.CivilFromDays(bd)
	n := int64(by-ay)*12 + int64(bm-am)
	if bday < aday || bday == aday && br < ar {
		n--
	}
	return n
}

func buildTimestampAdd(c *call) error {
	unit, err := c.unitOf()
	if err != nil {
		return err
	}
	sum, err := DateAdd(c.args[2], c.args[1], unit, false)
	if err != nil {
		return err
	}
	c.wraps(sum)
	return nil
}

// extractors give the number of EXTRACT(unit FROM datetime).
var extractors = map[string]func(days, t int64) int64{
	"YEAR":        func(d, _ int64) int64 { y, _, _ := base.CivilFromDays(d); return int64(y) },
	"QUARTER":     func(d, _ int64) int64 { _, m, _ := base.CivilFromDays(d); return int64(m+2) / 3 },
	"MONTH":       func(d, _ int64) int64 { _, m, _ := base.CivilFromDays(d); return int64(m) },
	"YEAR_MONTH":  func(d, _ int64) int64 { y, m, _ := base.CivilFromDays(d); return int64(y*100 + m) },
	"WEEK":        func(d, _ int64) int64 { _, w := weekOf(d, 0); return w },
	"DAY":         func(d, _ int64) int64 { _, _, day := base.CivilFromDays(d); return int64(day) },
	"HOUR":        func(_, t int64) int64 { return t / base.Hour },
	"MINUTE":      func(_, t int64) int64 { return t / base.Minute % 60 },
	"SECOND":      func(_, t int64) int64 { return t / base.Second % 60 },
	"MICROSECOND": func(_, t int64) int64 { return t % base.Second },
}

func buildExtract(c *call) error {
	unit, err := c.unitOf()
	if err != nil {
		return err
	}
	if p := units[unit]; p.months != nil || unit == "DAY" || unit == "WEEK" {
		c.in[1] = implicit(c.in[1], typeDateTime)
	} else {
		c.moment(1)
	}
	c.typ, c.null = typeInt, true
	names, scales := []string{unit}, map[string]int64{"HOUR": 100, "MINUTE": 100, "SECOND": 100, "MICROSECOND": 1000000}
	if from, to, ok := strings.Cut(unit, "_"); ok && unit != "YEAR_MONTH" {
		order := []string{"DAY", "HOUR", "MINUTE", "SECOND", "MICROSECOND"}
		names = nil
		for _, u := range order {
			if u == from || len(names) > 0 {
				names = append(names, u)
			}
			if u == to {
				break
			}
		}
	}
	c.eval = rows(true, func(r *row) error {
		t, dated, ok := r.moment(1)
		if !ok {
			r.setNull()
			return nil
		}
		days, rest := int64(0), max(t, -t)
		neg := !dated && t < 0
		if dated {
			days, rest = base.SplitDateTime(t)
		}
		v := int64(0)
		for i, u := range names {
			if i > 0 {
				v *= scales[u]
			}
			if u == "DAY" && !dated {
				continue
			}
			v += extractors[u](days, rest)
		}
		if neg {
			v = -v
		}
		r.setInt(v)
		return nil
	})
	return nil
}
