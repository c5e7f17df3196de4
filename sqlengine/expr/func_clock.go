package expr

import (
	"math"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

var clockFunctions = []*function{
	{name: "NOW", min: 0, max: 1, session: true, build: buildNow(base.TypeDateTime, func(c *Context) int64 { return civil(c.Now) })},
	{name: "UTC_TIMESTAMP", min: 0, max: 1, session: true, build: buildNow(base.TypeDateTime, func(c *Context) int64 { return c.Now.UnixMicro() })},
	{name: "SYSDATE", min: 0, max: 1, volatile: true, build: buildNow(base.TypeDateTime, func(c *Context) int64 { return civil(c.clock().Now().In(c.Now.Location())) })},
	{name: "CURTIME", min: 0, max: 1, session: true, build: buildNow(base.TypeTime, func(c *Context) int64 { return timeOfDay(civil(c.Now)) })},
	{name: "UTC_TIME", min: 0, max: 1, session: true, build: buildNow(base.TypeTime, func(c *Context) int64 { return timeOfDay(c.Now.UnixMicro()) })},
	{name: "CURDATE", min: 0, max: 0, session: true, build: buildNow(base.TypeDate, func(c *Context) int64 { return civil(c.Now) })},
	{name: "UTC_DATE", min: 0, max: 0, session: true, build: buildNow(base.TypeDate, func(c *Context) int64 { return c.Now.UnixMicro() })},
	{name: "UNIX_TIMESTAMP", min: 0, max: 1, session: true, build: buildUnixTimestamp},
	{name: "FROM_UNIXTIME", min: 1, max: 2, session: true, build: buildFromUnixTime},
	{name: "SLEEP", min: 1, max: 1, volatile: true, build: typed(typeInt, rows(true, sleep), typeDouble)},
}

func timeOfDay(t int64) int64 {
	_, rest := base.SplitDateTime(t)
	return rest
}

func (c *Context) clock() base.Clock {
	if c.Clock == nil {
		return base.SystemClock{}
	}
	return c.Clock
}

// buildNow is a function of the statement's time; its argument is the number of fractional digits, 0 without one.
func buildNow(id base.TypeID, f func(*Context) int64) func(*call) error {
	return func(c *call) error {
		c.typ, c.null = base.Type{ID: id}, false
		if len(c.args) == 1 {
			n, ok := ConstInt(c.args[0])
			if !ok || n < 0 || n > 6 {
				return base.Errorf(codeTooBigPrecision, "Too-big precision %s specified for '%s'. Maximum is 6.", c.args[0], c.fn.name)
			}
			c.typ.Scale = uint8(n)
		}
		c.in = nil
		unit := int64(base.Pow10(int(6 - c.typ.Scale)).Lo)
		c.eval = rows(false, func(r *row) error {
			t := f(r.ctx)
			if id == base.TypeDate {
				t, _ = base.SplitDateTime(t)
			} else {
				t -= ((t % unit) + unit) % unit
			}
			r.setInt(t)
			return nil
		})
		return nil
	}
}

var codeTooBigPrecision = base.Code{Number: 1426, State: "42000", Kind: base.KindInvalid}

// buildUnixTimestamp is the seconds since 1970 of now or of a moment in the session's time zone.
func buildUnixTimestamp(c *call) error {
	c.typ = typeInt
	if len(c.args) == 0 {
		c.eval = rows(false, func(r *row) error { r.setInt(r.ctx.Now.Unix()); return nil })
		return nil
	}
	frac := int(fraction(c.args[0]))
	c.in[0], c.null = implicit(c.in[0], typeDateTime), true
	if frac > 0 {
		c.typ = typeDecimal(12+frac, frac)
	}
	unit := int64(base.Pow10(6 - frac).Lo)
	c.eval = rows(true, func(r *row) error {
		u := instant(r.int(0), r.ctx.Loc)
		if u < 0 || u >= maxTimestamp*base.Second {
			u = 0
		}
		if frac == 0 {
			r.setInt(u / base.Second)
			return nil
		}
		r.out.Dec[r.i] = base.Int128From(u / unit)
		return nil
	})
	return nil
}

// instant is the moment, in microseconds since 1970 UTC, that a civil time means in loc.
func instant(t int64, loc *time.Location) int64 {
	if loc == nil || loc == time.UTC {
		return t
	}
	days, rest := base.SplitDateTime(t)
	y, m, d := base.CivilFromDays(days)
	return time.Date(y, time.Month(m), d, 0, 0, int(rest/base.Second), int(rest%base.Second)*1000, loc).UnixMicro()
}

func buildFromUnixTime(c *call) error {
	t := c.args[0].Type()
	frac := uint8(6)
	if isInteger(t) {
		frac = 0
	} else if t.Class() == base.Decimal {
		frac = min(t.Scale, 6)
	}
	c.in[0] = implicit(c.in[0], typeDecimal(24, 6))
	c.typ, c.null = base.Type{ID: base.TypeDateTime, Scale: frac}, true
	asText := len(c.args) == 2
	if asText {
		c.in[1] = implicit(c.in[1], typeLongText)
		c.typ = base.Type{ID: base.TypeVarchar, Length: 255}
	}
	c.eval = rows(true, func(r *row) error {
		coef, _ := r.dec(0)
		u, ok := coef.Int64()
		if !ok || u < 0 || u >= maxTimestamp*base.Second {
			r.setNull()
			return nil
		}
		if loc := r.ctx.Loc; loc != nil {
			u = civil(time.UnixMicro(u).In(loc))
		}
		if asText {
			text, _ := dateFormat(u, r.str(1))
			r.setStr(text)
			return nil
		}
		r.setInt(u)
		return nil
	})
	return nil
}

// sleep waits and is 0; a statement cancelled meanwhile fails with the error of its context.
func sleep(r *row) error {
	d := r.float(0)
	if d < 0 || math.IsNaN(d) {
		return base.Errorf(errno.WrongArguments, "Incorrect arguments to sleep.")
	}
	var done <-chan struct{}
	if r.ctx.Ctx != nil {
		done = r.ctx.Ctx.Done()
	}
	r.setInt(0)
	if !r.ctx.clock().Sleep(time.Duration(min(d, 1e9)*float64(time.Second)), done) {
		return r.ctx.Ctx.Err()
	}
	return nil
}
