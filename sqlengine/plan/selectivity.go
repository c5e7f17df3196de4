package plan

import (
	"math"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// What a condition is taken to let through when nothing is known of the values.
const (
	defaultEqual = 0.01
	defaultRange = 1.0 / 3
	defaultLike  = 0.1
	defaultOther = 1.0 / 3
)

// selectivity estimates the share of rows for which all conditions are TRUE. Of several conditions each weighs less than the
// one before it, as they are seldom independent.
func (p *planner) selectivity(preds []expr.Expr) float64 {
	var shares []float64
	ranges := map[colID]*interval{}
	for _, pr := range preds {
		if id, iv, ok := p.interval(pr); ok {
			if old := ranges[id]; old != nil {
				old.lo, old.hi = max(old.lo, iv.lo), min(old.hi, iv.hi)
			} else {
				ranges[id] = &iv
			}
			continue
		}
		shares = append(shares, p.share(pr))
	}
	for _, iv := range ranges {
		shares = append(shares, max(iv.hi-iv.lo, 0.0005))
	}
	return combined(shares)
}

// combined multiplies shares, the smallest with full weight, the next with half, a quarter, …
func combined(shares []float64) float64 {
	out, weight := 1.0, 1.0
	for len(shares) > 0 {
		least := 0
		for i := range shares {
			if shares[i] < shares[least] {
				least = i
			}
		}
		out *= math.Pow(shares[least], weight)
		if weight > 0.2 {
			weight *= 0.75
		}
		shares[least] = shares[len(shares)-1]
		shares = shares[:len(shares)-1]
	}
	return out
}

// interval is the part of a column's range, from 0 (its least value) to 1, that conditions leave.
type interval struct{ lo, hi float64 }

// interval returns what a comparison with constants leaves of the range of a column.
func (p *planner) interval(pr expr.Expr) (id colID, iv interval, ok bool) {
	iv = interval{0, 1}
	if args, is := expr.AsCall(pr, "BETWEEN"); is {
		id, ok = expr.AsColumn(args[0])
		lo, okLo := p.position(id, args[1])
		hi, okHi := p.position(id, args[2])
		return id, interval{lo, hi}, ok && okLo && okHi
	}
	for _, op := range []string{"<", "<=", ">", ">="} {
		args, is := expr.AsCall(pr, op)
		if !is {
			continue
		}
		less := op[0] == '<'
		col, value := args[0], args[1]
		if id, ok = expr.AsColumn(col); !ok {
			col, value, less = value, col, !less
			if id, ok = expr.AsColumn(col); !ok {
				return 0, iv, false
			}
		}
		at, ok := p.position(id, value)
		if less {
			iv.hi = at
		} else {
			iv.lo = at
		}
		return id, iv, ok
	}
	return 0, iv, false
}

// position returns where a constant stands between the least and the greatest value of a column.
func (p *planner) position(id colID, e expr.Expr) (float64, bool) {
	s, ok := p.stats(id)
	if !ok || !constant(e) {
		return 0, false
	}
	v, ok := constantValue(e)
	if !ok {
		return 0, false
	}
	lo, okLo := number(s.Min, base.Type{})
	hi, okHi := number(s.Max, base.Type{})
	at, okAt := number(v, p.sources[id].table.Columns[p.sources[id].column].Type)
	if !okLo || !okHi || !okAt || hi <= lo {
		return 0, false
	}
	return min(max((at-lo)/(hi-lo), 0), 1), true
}

// constantValue returns the value of an expression that depends on nothing but constants.
func constantValue(e expr.Expr) (base.Value, bool) { return expr.ConstValue(expr.Fold(e)) }

// number places a value on a line; t is the column's type, for texts that are compared with times.
func number(v base.Value, t base.Type) (float64, bool) {
	if v.Class() == base.String && (t.Class() == base.Date || t.Class() == base.DateTime) {
		x, warn, err := expr.Assign(v, t, false, "", 1)
		if err != nil || warn != nil && !warn.Note {
			return 0, false
		}
		v = x
	}
	switch v.Class() {
	case base.Int, base.Time:
		return float64(v.Int()), true
	case base.Uint:
		return float64(v.Uint()), true
	case base.Float:
		return v.Float(), true
	case base.Decimal:
		coef, scale := v.Decimal()
		return (float64(coef.Hi)*(1<<64) + float64(coef.Lo)) / math.Pow10(int(scale)), true
	case base.Date:
		return float64(v.Int() * base.Day), true
	case base.DateTime:
		return float64(v.Int()), true
	}
	return 0, false
}

// share estimates for which share of rows one condition is TRUE.
//
//lint:long one flat switch over the operators
func (p *planner) share(pr expr.Expr) float64 {
	if v, ok := expr.ConstInt(pr); ok {
		if v == 0 {
			return 0.0001
		}
		return 1
	}
	if args, ok := expr.AsCall(pr, "AND"); ok {
		return combined([]float64{p.share(args[0]), p.share(args[1])})
	}
	if args, ok := expr.AsCall(pr, "OR"); ok {
		a, b := p.share(args[0]), p.share(args[1])
		return a + b - a*b
	}
	if args, ok := expr.AsCall(pr, "NOT"); ok {
		return max(1-p.share(args[0]), 0.01)
	}
	if args, ok := expr.AsCall(pr, "="); ok {
		return p.equalShare(args[0], args[1])
	}
	if args, ok := expr.AsCall(pr, "<=>"); ok {
		return p.equalShare(args[0], args[1])
	}
	if args, ok := expr.AsCall(pr, "<>"); ok {
		return 1 - p.equalShare(args[0], args[1])
	}
	if args, ok := expr.AsCall(pr, "IN"); ok {
		return min(float64(len(args)-1)*p.equalShare(args[0], args[1]), 0.9)
	}
	if args, ok := expr.AsCall(pr, "IS NULL"); ok {
		if id, ok := expr.AsColumn(args[0]); ok {
			if s, ok := p.stats(id); ok {
				return max(s.Nulls, 0.0001)
			}
		}
		return defaultLike
	}
	if _, ok := expr.AsCall(pr, "LIKE"); ok {
		return defaultLike
	}
	if _, iv, ok := p.interval(pr); ok {
		return max(iv.hi-iv.lo, 0.0005)
	}
	if _, ok := expr.AsCall(pr, "BETWEEN"); ok {
		return defaultRange / 2
	}
	return defaultOther
}

func (p *planner) equalShare(a, b expr.Expr) float64 {
	share := 1.0
	known := false
	for _, e := range []expr.Expr{a, b} {
		if id, ok := expr.AsColumn(e); ok {
			if s, ok := p.stats(id); ok && s.Distinct > 0 {
				share, known = min(share, (1-s.Nulls)/s.Distinct), true
			}
		}
	}
	if !known {
		return defaultEqual
	}
	return share
}
