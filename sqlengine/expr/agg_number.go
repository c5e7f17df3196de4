package expr

import (
	"math"
	"math/bits"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
)

func buildCount(a *Agg) error {
	a.typ = typeInt
	if len(a.args) == 1 && !a.opts.Distinct && !a.args[0].Nullable() {
		a.in = nil // counts every row
	}
	a.make = func() AggState { return &countState{} }
	a.frame = func(bool) Frame { return &countFrame{} }
	return nil
}

type countState struct{ n []int64 }

func (s *countState) Grow(n int) { s.n = extend(s.n, n) }
func (s *countState) Bytes() int { return 8 * cap(s.n) }

func (s *countState) Update(groups []uint32, args []*vec.Vector, b *vec.Batch) error {
	null := false
	for _, v := range args {
		null = null || v.Class == base.Null || v.Nulls != nil
	}
	switch {
	case !null && groups == nil:
		s.n[0] += int64(b.Rows())
	case !null:
		n := s.n
		for _, g := range groups[:b.Rows()] {
			n[g]++
		}
	default:
		for k := range b.Rows() {
			i, add := b.Row(k), int64(1)
			for _, v := range args {
				if v.IsNull(i) {
					add = 0
				}
			}
			s.n[group(groups, k)] += add
		}
	}
	return nil
}

func (s *countState) Merge(other AggState, mapping []uint32) error {
	for g, n := range other.(*countState).n {
		s.n[mapping[g]] += n
	}
	return nil
}

func (s *countState) Result(*Context) (*vec.Vector, error) {
	return &vec.Vector{Class: base.Int, Len: len(s.n), I64: s.n}, nil
}

// sumExtra is how many digits MySQL adds to the precision of a sum.
const sumExtra = 22

// buildSum is SUM and AVG: exact for integers and decimals, DOUBLE for the others.
func buildSum(a *Agg) error {
	a.in[0] = numberArg(a.in[0])
	t := a.in[0].Type()
	avg := a.fn.name == "AVG"
	if numberKind(t) == numFloat {
		a.in[0], a.typ = implicit(a.in[0], typeDouble), typeDouble
		a.make = func() AggState { return &floatSum{avg: avg} }
		a.frame = func(growing bool) Frame { return newFloatFrame(&floatSum{avg: avg}, growing) }
		return nil
	}
	whole, scale := digitsOf(t)
	shown := declaredScale(t)
	a.typ = guarded(whole+sumExtra, scale, shown)
	if avg {
		a.typ = guarded(whole, quotientScale(scale, 0), shown+divScale)
	}
	typ := a.typ
	a.make = func() AggState { return &exactSum{avg: avg, from: t.Class(), scale: uint8(scale), typ: typ} }
	a.frame = func(bool) Frame {
		return &exactFrame{sum: exactSum{avg: avg, from: t.Class(), scale: uint8(scale), typ: typ}}
	}
	return nil
}

func numberArg(e Expr) Expr { return implicit(e, numberType(e.Type())) }

// exactSum adds in 128 bits.
type exactSum struct {
	avg   bool
	from  base.Class
	scale uint8
	typ   base.Type
	acc   []exactCell
}

type exactCell struct {
	lo uint64
	hi int64
	n  int64
}

func (s *exactSum) Grow(n int) { s.acc = extend(s.acc, n) }
func (s *exactSum) Bytes() int { return 24 * cap(s.acc) }

func (c *exactCell) add(lo uint64, hi int64) {
	var carry uint64
	c.lo, carry = bits.Add64(c.lo, lo, 0)
	c.hi += hi + int64(carry)
	c.n++
}

func (s *exactSum) Update(groups []uint32, args []*vec.Vector, b *vec.Batch) error {
	v := args[0]
	if v.Class == base.Null {
		return nil
	}
	switch {
	case s.from == base.Decimal:
		return s.decimals(groups, v, b)
	case groups != nil && b.Sel == nil && v.Nulls == nil:
		s.dense(groups[:b.N], v.I64[:b.N])
		return nil
	}
	for k := range b.Rows() {
		i := b.Row(k)
		if v.Nulls.Get(i) {
			continue
		}
		hi := v.I64[i] >> 63
		if s.from == base.Uint {
			hi = 0
		}
		s.acc[group(groups, k)].add(uint64(v.I64[i]), hi)
	}
	return nil
}

// dense adds a row a group without looking at selections or NULLs.
func (s *exactSum) dense(groups []uint32, v []int64) {
	acc := s.acc
	mask := int64(-1)
	if s.from == base.Uint {
		mask = 0
	}
	for k, g := range groups {
		c := &acc[g]
		x := v[k]
		var carry uint64
		c.lo, carry = bits.Add64(c.lo, uint64(x), 0)
		c.hi += x>>63&mask + int64(carry)
		c.n++
	}
}

func (s *exactSum) decimals(groups []uint32, v *vec.Vector, b *vec.Batch) error {
	for k := range b.Rows() {
		i := b.Row(k)
		if v.Nulls.Get(i) {
			continue
		}
		if err := s.acc[group(groups, k)].addDecimal(v.Dec[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *exactCell) addDecimal(d base.Int128) error {
	c.add(d.Lo, d.Hi)
	if c.hi > maxSumHi || c.hi < -maxSumHi {
		return base.Errorf(errno.DataOutOfRange, "DECIMAL value is out of range in 'sum'")
	}
	return nil
}

// maxSumHi keeps a sum within 128 bits: one more decimal cannot wrap it.
const maxSumHi = int64(1) << 62

func (s *exactSum) Merge(other AggState, mapping []uint32) error {
	for g, c := range other.(*exactSum).acc {
		to := &s.acc[mapping[g]]
		to.add(c.lo, c.hi)
		to.n += c.n - 1
	}
	return nil
}

func (s *exactSum) Result(*Context) (*vec.Vector, error) {
	out := vec.New(base.Decimal, s.typ.Scale, len(s.acc))
	for g := range s.acc {
		if err := s.store(out, g, &s.acc[g]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// store sets row g of out to the result of a cell.
func (s *exactSum) store(out *vec.Vector, g int, c *exactCell) error {
	if c.n == 0 {
		out.SetNull(g)
		return nil
	}
	sum, ok := base.Int128{Hi: c.hi, Lo: c.lo}, true
	if s.avg {
		sum, ok = base.TruncQuoDecimal(sum, s.scale, base.Int128From(c.n), 0, s.typ.Scale)
	}
	if !ok || !base.DecimalFits(sum, base.MaxDecimalDigits) {
		return base.Errorf(errno.DataOutOfRange, "DECIMAL value is out of range in 'sum'")
	}
	out.Dec[g] = sum
	return nil
}

type floatSum struct {
	avg bool
	acc []floatCell
}

type floatCell struct {
	sum float64
	n   int64
}

func (s *floatSum) Grow(n int) { s.acc = extend(s.acc, n) }
func (s *floatSum) Bytes() int { return 16 * cap(s.acc) }

func (s *floatSum) Update(groups []uint32, args []*vec.Vector, b *vec.Batch) error {
	v := args[0]
	if v.Class == base.Null {
		return nil
	}
	acc := s.acc
	if groups != nil && b.Sel == nil && v.Nulls == nil {
		f := v.F64[:b.N]
		for k, g := range groups[:b.N] {
			acc[g].sum += f[k]
			acc[g].n++
		}
		return nil
	}
	for k := range b.Rows() {
		if i := b.Row(k); !v.Nulls.Get(i) {
			c := &acc[group(groups, k)]
			c.sum += v.F64[i]
			c.n++
		}
	}
	return nil
}

func (s *floatSum) Merge(other AggState, mapping []uint32) error {
	for g, c := range other.(*floatSum).acc {
		s.acc[mapping[g]].sum += c.sum
		s.acc[mapping[g]].n += c.n
	}
	return nil
}

func (s *floatSum) Result(*Context) (*vec.Vector, error) {
	out := vec.New(base.Float, 0, len(s.acc))
	for g := range s.acc {
		if err := s.store(out, g, &s.acc[g]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// store sets row g of out to the result of a cell.
func (s *floatSum) store(out *vec.Vector, g int, c *floatCell) error {
	switch {
	case c.n == 0:
		out.SetNull(g)
	case math.IsInf(c.sum, 0) || math.IsNaN(c.sum):
		return base.Errorf(errno.DataOutOfRange, "DOUBLE value is out of range in 'sum'")
	case s.avg:
		out.F64[g] = c.sum / float64(c.n)
	default:
		out.F64[g] = c.sum
	}
	return nil
}

func buildVariance(a *Agg) error {
	a.in[0], a.typ = implicit(a.in[0], typeDouble), typeDouble
	sample := strings.HasSuffix(a.fn.name, "_SAMP")
	root := strings.HasPrefix(a.fn.name, "STD")
	a.make = func() AggState { return &varianceState{sample: sample, root: root} }
	a.frame = func(growing bool) Frame { return newVarianceFrame(&varianceState{sample: sample, root: root}, growing) }
	return nil
}

// varianceState is Welford's recurrence, and Chan's formula to merge.
type varianceState struct {
	sample, root bool
	acc          []varianceCell
}

type varianceCell struct{ n, mean, m2 float64 }

func (s *varianceState) Grow(n int) { s.acc = extend(s.acc, n) }
func (s *varianceState) Bytes() int { return 24 * cap(s.acc) }

func (s *varianceState) Update(groups []uint32, args []*vec.Vector, b *vec.Batch) error {
	for k := range b.Rows() {
		i := b.Row(k)
		if args[0].IsNull(i) {
			continue
		}
		s.acc[group(groups, k)].add(args[0].F64[i])
	}
	return nil
}

func (c *varianceCell) add(x float64) {
	c.n++
	d := x - c.mean
	c.mean += d / c.n
	c.m2 += d * (x - c.mean)
}

func (c *varianceCell) merge(o *varianceCell) {
	if o.n == 0 {
		return
	}
	n, d := c.n+o.n, o.mean-c.mean
	c.m2 += o.m2 + d*d*c.n*o.n/n
	c.mean += d * o.n / n
	c.n = n
}

func (s *varianceState) Merge(other AggState, mapping []uint32) error {
	for g, o := range other.(*varianceState).acc {
		s.acc[mapping[g]].merge(&o)
	}
	return nil
}

func (s *varianceState) Result(*Context) (*vec.Vector, error) {
	out := vec.New(base.Float, 0, len(s.acc))
	for g := range s.acc {
		if err := s.store(out, g, &s.acc[g]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// store sets row g of out to the result of a cell.
func (s *varianceState) store(out *vec.Vector, g int, c *varianceCell) error {
	n := c.n
	if s.sample {
		n--
	}
	if n <= 0 {
		out.SetNull(g)
		return nil
	}
	out.F64[g] = c.m2 / n
	if s.root {
		out.F64[g] = math.Sqrt(out.F64[g])
	}
	return nil
}
