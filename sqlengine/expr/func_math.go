package expr

import (
	"math"

	"github.com/s3sql/s3sql/internal/base"
)

var mathFunctions = []*function{
	{name: "ABS", min: 1, max: 1, build: buildAbs},
	{name: "SIGN", min: 1, max: 1, build: buildSign},
	{name: "CEILING", min: 1, max: 1, build: buildCeiling},
	{name: "FLOOR", min: 1, max: 1, build: buildCeiling},
	{name: "ROUND", min: 1, max: 2, build: buildRound},
	{name: "TRUNCATE", min: 2, max: 2, build: buildRound},
	{name: "PI", build: always(typeDouble, rows(false, func(r *row) error { r.out.F64[r.i] = math.Pi; return nil }))},
	{name: "POW", min: 2, max: 2, build: float2(func(x, y float64) (float64, bool) { return math.Pow(x, y), true })},
	{name: "ATAN2", min: 2, max: 2, build: float2(func(x, y float64) (float64, bool) { return math.Atan2(x, y), true })},
	{name: "SQRT", min: 1, max: 1, build: float1(func(x float64) (float64, bool) { return math.Sqrt(x), x >= 0 })},
	{name: "EXP", min: 1, max: 1, build: float1(func(x float64) (float64, bool) { return math.Exp(x), true })},
	{name: "LN", min: 1, max: 1, build: logarithm(math.Log)},
	{name: "LOG2", min: 1, max: 1, build: logarithm(math.Log2)},
	{name: "LOG10", min: 1, max: 1, build: logarithm(math.Log10)},
	{name: "LOG", min: 1, max: 2, build: buildLog},
	{name: "SIN", min: 1, max: 1, build: float1(func(x float64) (float64, bool) { return math.Sin(x), true })},
	{name: "COS", min: 1, max: 1, build: float1(func(x float64) (float64, bool) { return math.Cos(x), true })},
	{name: "TAN", min: 1, max: 1, build: float1(func(x float64) (float64, bool) { return math.Tan(x), true })},
	{name: "COT", min: 1, max: 1, build: float1(func(x float64) (float64, bool) { return 1 / math.Tan(x), true })},
	{name: "ASIN", min: 1, max: 1, build: float1(func(x float64) (float64, bool) { return math.Asin(x), x >= -1 && x <= 1 })},
	{name: "ACOS", min: 1, max: 1, build: float1(func(x float64) (float64, bool) { return math.Acos(x), x >= -1 && x <= 1 })},
	{name: "ATAN", min: 1, max: 2, build: buildAtan},
	{name: "DEGREES", min: 1, max: 1, build: float1(func(x float64) (float64, bool) { return x * 180 / math.Pi, true })},
	{name: "RADIANS", min: 1, max: 1, build: float1(func(x float64) (float64, bool) { return x * math.Pi / 180, true })},
}

// float1 is a function of a DOUBLE that is NULL outside its domain.
func float1(f func(float64) (float64, bool)) func(*call) error {
	return nullable(typed(typeDouble, rows(true, func(r *row) error {
		v, ok := f(r.float(0))
		if !ok {
			r.setNull()
			return nil
		}
		return r.setFloat(v)
	}), typeDouble))
}

func float2(f func(x, y float64) (float64, bool)) func(*call) error {
	return nullable(typed(typeDouble, rows(true, func(r *row) error {
		v, ok := f(r.float(0), r.float(1))
		if !ok {
			r.setNull()
			return nil
		}
		return r.setFloat(v)
	}), typeDouble))
}

func buildAtan(c *call) error {
	if len(c.args) == 2 {
		return float2(func(x, y float64) (float64, bool) { return math.Atan2(x, y), true })(c)
	}
	return float1(func(x float64) (float64, bool) { return math.Atan(x), true })(c)
}

var codeLogarithm = base.Code{Number: 3020, State: "2201E", Kind: base.KindInvalid}

func logarithm(f func(float64) float64) func(*call) error {
	return nullable(typed(typeDouble, rows(true, func(r *row) error {
		if r.float(0) <= 0 {
			return r.noLogarithm()
		}
		return r.setFloat(f(r.float(0)))
	}), typeDouble))
}

func (r *row) noLogarithm() error {
	r.ctx.warn(codeLogarithm, "Invalid argument for logarithm")
	r.setNull()
	return nil
}

// buildLog is LOG(x), or LOG(base, x).
func buildLog(c *call) error {
	if len(c.args) == 1 {
		return logarithm(math.Log)(c)
	}
	return nullable(typed(typeDouble, rows(true, func(r *row) error {
		b, x := r.float(0), r.float(1)
		if b <= 0 || b == 1 || x <= 0 {
			return r.noLogarithm()
		}
		return r.setFloat(math.Log(x) / math.Log(b))
	}), typeDouble))(c)
}

func buildAbs(c *call) error {
	c.number(0)
	t := c.in[0].Type()
	switch numberKind(t) {
	case numFloat:
		c.typ = typeDouble
		c.eval = rows(true, func(r *row) error { return r.setFloat(math.Abs(r.float(0))) })
	case numDecimal:
		c.typ = t
		c.eval = rows(true, func(r *row) error {
			d, _ := r.dec(0)
			if d.Sign() < 0 {
				d = d.Neg()
			}
			r.out.Dec[r.i] = d
			return nil
		})
	default:
		c.typ = base.Type{ID: base.TypeBigInt, Unsigned: t.Class() == base.Uint}
		c.eval = rows(true, func(r *row) error {
			v := r.wide(0)
			if v.Sign() < 0 {
				v = v.Neg()
			}
			return r.setWide(v, true)
		})
	}
	return nil
}

func buildSign(c *call) error {
	c.number(0)
	c.typ = typeInt
	kind := numberKind(c.in[0].Type())
	c.eval = rows(true, func(r *row) error {
		switch kind {
		case numFloat:
			r.setInt(bit(r.float(0) > 0) - bit(r.float(0) < 0))
		case numDecimal:
			d, _ := r.dec(0)
			r.setInt(int64(d.Sign()))
		default:
			r.setInt(int64(r.wide(0).Sign()))
		}
		return nil
	})
	return nil
}

// buildCeiling is CEILING and FLOOR: of an exact number an integer, or a DECIMAL without fraction when it has many digits.
func buildCeiling(c *call) error {
	c.number(0)
	t := c.in[0].Type()
	up := c.fn.name == "CEILING"
	switch numberKind(t) {
	case numFloat:
		c.typ = typeDouble
		c.eval = rows(true, func(r *row) error {
			if up {
				return r.setFloat(math.Ceil(r.float(0)))
			}
			return r.setFloat(math.Floor(r.float(0)))
		})
	case numDecimal:
		whole, _ := digitsOf(t)
		c.typ = typeInt
		if whole >= 18 {
			c.typ = typeDecimal(whole+1, 0)
		}
		c.eval = rows(true, func(r *row) error {
			d, scale := r.dec(0)
			q, rem := d.QuoRem(base.Pow10(int(scale)))
			if up && rem.Sign() > 0 {
				q, _ = q.Add(base.Int128From(1))
			} else if !up && rem.Sign() < 0 {
				q, _ = q.Add(base.Int128From(-1))
			}
			if r.out.Class == base.Decimal {
				r.out.Dec[r.i] = q
				return nil
			}
			return r.setWide(q, true)
		})
	default:
		c.typ = base.Type{ID: base.TypeBigInt, Unsigned: t.Class() == base.Uint}
		c.eval = rows(true, func(r *row) error { r.setInt(r.int(0)); return nil })
	}
	return nil
}

// buildRound is ROUND(x[, d]) and TRUNCATE(x, d); d below 0 works before the point.
func buildRound(c *call) error {
	c.number(0)
	digits, known := int64(0), true
	if len(c.args) == 2 {
		c.in[1] = Fold(implicit(c.in[1], typeInt))
		digits, known = ConstInt(c.in[1])
	}
	t := c.in[0].Type()
	cut := c.fn.name == "TRUNCATE"
	switch numberKind(t) {
	case numFloat:
		c.typ = typeDouble
		c.eval = rows(true, func(r *row) error { return r.setFloat(roundFloat(r.float(0), r.digits(), cut)) })
	case numDecimal:
		whole, scale := digitsOf(t)
		if known {
			scale = int(max(min(digits, int64(scale)), 0))
		}
		c.typ = typeDecimal(whole+scale+int(bit(!cut)), scale)
		c.eval = rows(true, func(r *row) error {
			d, from := r.dec(0)
			v, ok := roundDecimal(d, int(from), r.digits(), scale, cut)
			if !ok {
				return outOfRange("DECIMAL", r.c)
			}
			r.out.Dec[r.i] = v
			return nil
		})
	default:
		c.typ = base.Type{ID: base.TypeBigInt, Unsigned: t.Class() == base.Uint}
		c.eval = rows(true, func(r *row) error {
			v, ok := roundDecimal(r.wide(0), 0, min(r.digits(), 0), 0, cut)
			return r.setWide(v, ok)
		})
	}
	return nil
}

// digits is the second operand, within what matters.
func (r *row) digits() int {
	if !r.has(1) {
		return 0
	}
	return int(max(min(r.int(1), 400), -400))
}

// roundDecimal rounds d×10^-from to digits after the point and returns it at scale to.
func roundDecimal(d base.Int128, from, digits, to int, cut bool) (base.Int128, bool) {
	if drop := from - digits; drop > base.MaxDecimalDigits {
		return base.Int128{}, true
	} else if drop > 0 {
		unit := base.Pow10(drop)
		if cut {
			d, _ = d.QuoRem(unit)
		} else {
			d = d.QuoRound(unit)
		}
		var ok bool
		if d, ok = d.Mul(unit); !ok {
			return d, false
		}
	}
	return base.Rescale(d, uint8(from), uint8(to))
}

// roundFloat rounds half to even at 0 digits, as MySQL's DOUBLE does by the C library, and half away after scaling.
func roundFloat(x float64, digits int, cut bool) float64 {
	p := math.Pow(10, math.Abs(float64(digits)))
	scaled := x * p
	if digits < 0 {
		scaled = x / p
	}
	if math.IsInf(p, 0) && digits < 0 {
		return 0
	}
	if math.IsInf(scaled, 0) || math.IsNaN(scaled) {
		return x
	}
	if cut {
		scaled = math.Trunc(scaled)
	} else {
		scaled = math.RoundToEven(scaled)
	}
	if digits < 0 {
		return scaled * p
	}
	return scaled / p
}
