package expr

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

var timeFunctions = []*function{
	{name: "ADDDATE", min: 2, max: 2, build: buildAddDays(false)},
	{name: "SUBDATE", min: 2, max: 2, build: buildAddDays(true)},
	{name: "ADDTIME", min: 2, max: 2, build: buildAddTime},
	{name: "SUBTIME", min: 2, max: 2, build: buildAddTime},
	{name: "TIMEDIFF", min: 2, max: 2, build: buildTimeDiff},
	{name: "TIMESTAMP", min: 1, max: 2, build: buildTimestamp},
	{name: "MAKETIME", min: 3, max: 3, build: buildMakeTime},
	{name: "SEC_TO_TIME", min: 1, max: 1, build: buildSecToTime},
	{name: "TO_SECONDS", min: 1, max: 1, build: nullable(typed(typeInt, dateParts(func(r *row, t int64) {
		days, rest := base.SplitDateTime(t)
		if days == base.ZeroDate {
			r.setNull()
			return
		}
		r.setInt(dayNumber(days)*86400 + rest/base.Second)
	}), typeDateTime))},
	{name: "TIME_FORMAT", min: 2, max: 2, build: nullable(typed(base.Type{ID: base.TypeVarchar, Length: 255}, rows(true, func(r *row) error {
		text, ok := timeFormat(r.int(0), r.str(1))
		if !ok {
			r.setNull()
			return nil
		}
		r.setStr(text)
		return nil
	}), typeTime, typeLongText))},
	{name: "PERIOD_ADD", min: 2, max: 2, build: typed(typeInt, rows(true, func(r *row) error {
		months, ok := periodMonths(r.int(0))
		if !ok {
			return base.Errorf(errno.WrongArguments, "Incorrect arguments to period_add")
		}
		if months += r.int(1); months < 0 || months > 12*1<<40 {
			return base.Errorf(errno.WrongArguments, "Incorrect arguments to period_add")
		}
		r.setInt(months/12*100 + months%12 + 1)
		return nil
	}), typeInt)},
	{name: "PERIOD_DIFF", min: 2, max: 2, build: typed(typeInt, rows(true, func(r *row) error {
		a, ok1 := periodMonths(r.int(0))
		b, ok2 := periodMonths(r.int(1))
		if !ok1 || !ok2 {
			return base.Errorf(errno.WrongArguments, "Incorrect arguments to period_diff")
		}
		r.setInt(a - b)
		return nil
	}), typeInt)},
	{name: "GET_FORMAT", min: 2, max: 2, build: buildGetFormat},
}

// periodMonths is YYYYMM or YYMM as months since year 0.
func periodMonths(p int64) (int64, bool) {
	y, m := p/100, p%100
	if p <= 0 || m < 1 || m > 12 || y > 1<<40 {
		return 0, false
	}
	if y < 70 {
		y += 2000
	} else if y < 100 {
		y += 1900
	}
	return y*12 + m - 1, true
}

// buildAddDays is ADDDATE(x, days) and SUBDATE(x, days).
func buildAddDays(minus bool) func(*call) error {
	return func(c *call) error {
		sum, err := DateAdd(c.args[0], c.args[1], "DAY", minus)
		if err != nil {
			return err
		}
		c.wraps(sum)
		return nil
	}
}

// wraps makes the call another expression over the same operands.
func (c *call) wraps(e Expr) {
	c.in, c.typ, c.null = []Expr{e}, e.Type(), true
	c.eval = rows(true, func(r *row) error {
		r.out.Set(r.i, r.value(0))
		return nil
	})
}

// moment keeps times and dates, and makes text of everything else, for row.moment.
func (c *call) moment(k int) {
	if t := c.in[k].Type(); !isTemporal(t) {
		c.in[k] = implicit(c.in[k], typeLongText)
	}
}

// moment reads operand k as a time, or as a date with a time; ok is false, with a warning, for what is neither.
func (r *row) moment(k int) (micros int64, dated, ok bool) {
	switch o := r.ops[k]; o.v.Class {
	case base.Time:
		return r.int(k), false, true
	case base.DateTime:
		return r.int(k), true, true
	case base.Date:
		return r.int(k) * base.Day, true, true
	}
	micros, dated, whole, ok := convert.ParseMoment(r.str(k))
	if !ok || !whole {
		kind := "time"
		if dated {
			kind = "datetime"
		}
		if dated && !ok {
			r.ctx.warn(errno.WrongValue, "Incorrect %s value: '%s'", kind, prefixChars(r.str(k), 128))
		} else {
			r.ctx.warn(errno.WrongValue, "Truncated incorrect %s value: '%s'", kind, prefixChars(r.str(k), 128))
		}
	}
	return micros, dated, ok
}

// clipTime keeps a TIME in its range.
func (r *row) clipTime(t int64) int64 {
	if t <= base.MaxTime && t >= -base.MaxTime {
		return t
	}
	r.ctx.warn(errno.WrongValue, "Truncated incorrect time value: '%s'", base.AppendTime(nil, t, 0))
	return max(min(t, base.MaxTime), -base.MaxTime)
}

// buildAddTime is ADDTIME and SUBTIME of a moment and a time. What is text stays text.
func buildAddTime(c *call) error {
	t := c.args[0].Type()
	scale := max(t.Scale, c.args[1].Type().Scale)
	if !isTemporal(c.args[1].Type()) {
		scale = 6
	}
	switch t.Class() {
	case base.Time:
		c.typ = base.Type{ID: base.TypeTime, Scale: scale}
	case base.DateTime, base.Date:
		c.typ = base.Type{ID: base.TypeDateTime, Scale: scale}
	default:
		c.typ = typeVarchar(26, "")
	}
	c.moment(0)
	c.moment(1)
	c.null = true
	minus := c.fn.name == "SUBTIME"
	c.eval = rows(true, func(r *row) error {
		x, dated, ok := r.moment(0)
		y, dated2, ok2 := r.moment(1)
		if !ok || !ok2 || dated2 {
			r.setNull()
			return nil
		}
		if minus {
			y = -y
		}
		return r.setMoment(x+y, dated)
	})
	return nil
}

// setMoment stores a moment or a time in a result of a temporal or character type.
func (r *row) setMoment(t int64, dated bool) error {
	if dated && (t < base.MinDate*base.Day || t >= (base.MaxDate+1)*base.Day) {
		r.ctx.warn(errno.TimeOverflow, "Datetime function: datetime field overflow")
		r.setNull()
		return nil
	}
	if !dated {
		t = r.clipTime(t)
	}
	if r.out.Class != base.String {
		r.setInt(t)
		return nil
	}
	frac := uint8(0)
	if t%base.Second != 0 {
		frac = 6
	}
	if dated {
		r.setStr(string(base.AppendDateTime(nil, t, frac)))
	} else {
		r.setStr(string(base.AppendTime(nil, t, frac)))
	}
	return nil
}

// buildTimeDiff is the difference of two times or of two moments; of one and the other it is NULL.
func buildTimeDiff(c *call) error {
	scale := uint8(0)
	for _, a := range c.args {
		scale = max(scale, fraction(a))
	}
	c.typ, c.null = base.Type{ID: base.TypeTime, Scale: scale}, true
	c.moment(0)
	c.moment(1)
	c.eval = rows(true, func(r *row) error {
		x, dated, ok := r.moment(0)
		y, dated2, ok2 := r.moment(1)
		if !ok || !ok2 || dated != dated2 {
			r.setNull()
			return nil
		}
		r.setInt(r.clipTime(x - y))
		return nil
	})
	return nil
}

// buildTimestamp is TIMESTAMP(x): x as a DATETIME, and TIMESTAMP(x, t): t later.
func buildTimestamp(c *call) error {
	scale := fraction(c.args[0])
	c.in[0] = implicit(c.in[0], typeDateTime)
	if len(c.args) == 2 {
		scale = max(scale, fraction(c.args[1]))
		c.moment(1)
	}
	c.typ, c.null = base.Type{ID: base.TypeDateTime, Scale: scale}, true
	c.eval = rows(true, func(r *row) error {
		t := r.int(0)
		if r.has(1) {
			d, dated, ok := r.moment(1)
			if !ok || dated {
				r.setNull()
				return nil
			}
			t += d
		}
		return r.setMoment(t, true)
	})
	return nil
}

// fraction is how many digits of a second the value of e shows.
func fraction(e Expr) uint8 {
	t := e.Type()
	switch {
	case isTemporal(t) || t.Class() == base.Decimal:
		return min(t.Scale, 6)
	case isInteger(t):
		return 0
	}
	if k, ok := e.(*constant); ok {
		_, frac, _ := strings.Cut(convert.Format(k.value, k.typ), ".")
		return uint8(min(len(frac), 6))
	}
	return 6
}

func buildMakeTime(c *call) error {
	c.in[0], c.in[1] = implicit(c.in[0], typeInt), implicit(c.in[1], typeInt)
	scale := fraction(c.args[2])
	c.in[2] = implicit(c.in[2], typeDecimal(24, 6))
	c.typ, c.null = base.Type{ID: base.TypeTime, Scale: scale}, true
	c.eval = rows(true, func(r *row) error {
		h, m := r.int(0), r.int(1)
		sec, _ := r.dec(2)
		s, ok := sec.Int64()
		if !ok || m < 0 || m > 59 || s < 0 || s >= base.Minute {
			r.setNull()
			return nil
		}
		t := m*base.Minute + s
		if h < 0 {
			t = -t
		}
		if h > 838 || h < -838 {
			r.ctx.warn(errno.WrongValue, "Truncated incorrect time value: '%d:%02d:%02d'", h, m, s/base.Second)
			t, h = 0, max(min(h, 839), -839)
		}
		t += h * base.Hour
		r.setInt(convert.RoundMicros(max(min(t, base.MaxTime), -base.MaxTime), scale))
		return nil
	})
	return nil
}

func buildSecToTime(c *call) error {
	scale := fraction(c.args[0])
	c.in[0] = implicit(c.in[0], typeDecimal(30, 6))
	c.typ = base.Type{ID: base.TypeTime, Scale: scale}
	c.eval = rows(true, func(r *row) error {
		d, _ := r.dec(0)
		t, ok := d.Int64()
		if !ok || t > base.MaxTime || t < -base.MaxTime {
			r.ctx.warn(errno.WrongValue, "Truncated incorrect time value: '%s'", base.AppendDecimal(nil, d, 6))
			t = base.MaxTime
			if d.Sign() < 0 {
				t = -t
			}
		}
		r.setInt(convert.RoundMicros(t, scale))
		return nil
	})
	return nil
}

// dateFormats are GET_FORMAT's answers by what is asked for and the style.
var dateFormats = map[string]map[string]string{
	"DATE":     {"USA": "%m.%d.%Y", "JIS": "%Y-%m-%d", "ISO": "%Y-%m-%d", "EUR": "%d.%m.%Y", "INTERNAL": "%Y%m%d"},
	"DATETIME": {"USA": "%Y-%m-%d %H.%i.%s", "JIS": "%Y-%m-%d %H:%i:%s", "ISO": "%Y-%m-%d %H:%i:%s", "EUR": "%Y-%m-%d %H.%i.%s", "INTERNAL": "%Y%m%d%H%i%s"},
	"TIME":     {"USA": "%h:%i:%s %p", "JIS": "%H:%i:%s", "ISO": "%H:%i:%s", "EUR": "%H.%i.%s", "INTERNAL": "%H%i%s"},
}

// buildGetFormat is GET_FORMAT('DATE', style); the first operand is a word of the syntax.
func buildGetFormat(c *call) error {
	k, ok := c.args[0].(*constant)
	if !ok {
		return base.Errorf(errno.WrongArguments, "Incorrect arguments to GET_FORMAT")
	}
	what := strings.ToUpper(k.value.Text())
	if what == "TIMESTAMP" {
		what = "DATETIME"
	}
	formats := dateFormats[what]
	c.in[1] = implicit(c.in[1], typeLongText)
	c.typ, c.null = base.Type{ID: base.TypeVarchar, Length: 17}, true
	c.eval = rows(true, func(r *row) error {
		if f, ok := formats[strings.ToUpper(r.str(1))]; ok {
			r.setStr(f)
		} else {
			r.setNull()
		}
		return nil
	})
	return nil
}
