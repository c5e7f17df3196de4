package sqlengine

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// digest gathers a column's values. The batches of the sample go in turn to two halves, whose overlap tells how many
// values there are that neither has (Lincoln and Petersen's estimate of a population).
type digest struct {
	typ      base.Type
	min, max base.Value
	n, nulls int
	batches  int
	seen     [2]hashSet
	key      []byte
}

func (d *digest) add(b *vec.Batch) {
	v := b.Cols[0]
	half := &d.seen[d.batches&1]
	d.batches++
	d.n += b.N
	lo, hi := -1, -1 // rows of the least and the greatest value
	less := lessFunc(v)
	for i := range b.N {
		if v.IsNull(i) {
			d.nulls++
			continue
		}
		half.add(d.hash(v, i))
		if lo < 0 || less != nil && less(i, lo) {
			lo = i
		}
		if hi < 0 || less != nil && less(hi, i) {
			hi = i
		}
	}
	if less == nil || lo < 0 {
		return
	}
	if x := v.Value(lo); d.min.IsNull() || expr.Compare(x, d.min, d.typ) < 0 {
		d.min = x
	}
	if x := v.Value(hi); d.max.IsNull() || expr.Compare(x, d.max, d.typ) > 0 {
		d.max = x
	}
}

// lessFunc returns the order of two rows of v; nil for texts: ranges of texts are not interpolated.
func lessFunc(v *vec.Vector) func(i, j int) bool {
	switch v.Class {
	case base.String, base.Bytes, base.JSON, base.Null:
		return nil
	case base.Float:
		return func(i, j int) bool { return v.F64[i] < v.F64[j] }
	case base.Decimal:
		return func(i, j int) bool {
			a, b := v.Dec[i], v.Dec[j]
			return a.Hi < b.Hi || a.Hi == b.Hi && a.Lo < b.Lo
		}
	case base.Uint:
		return func(i, j int) bool { return uint64(v.I64[i]) < uint64(v.I64[j]) }
	}
	return func(i, j int) bool { return v.I64[i] < v.I64[j] }
}

// hash returns the same number for rows with equal values, and hardly ever for others.
func (d *digest) hash(v *vec.Vector, i int) uint64 {
	switch v.Class {
	case base.Float:
		if v.F64[i] == 0 {
			return mix(1, 0) // -0 is 0
		}
		return mix(1, math.Float64bits(v.F64[i]))
	case base.Decimal:
		return mix(mix(1, uint64(v.Dec[i].Hi)), v.Dec[i].Lo)
	case base.String, base.Bytes, base.JSON:
		d.key = expr.AppendKey(d.key[:0], d.typ, v, i)
		return hashBytes(d.key)
	}
	return mix(1, uint64(v.I64[i]))
}

// mix is one step of a hash: a product folded into itself.
func mix(h, x uint64) uint64 {
	hi, lo := bits.Mul64(h^0x9E3779B97F4A7C15, x^0xD6E8FEB86659FD93)
	return hi ^ lo
}

func hashBytes(b []byte) uint64 {
	h := uint64(len(b))
	for ; len(b) >= 8; b = b[8:] {
		h = mix(h, binary.LittleEndian.Uint64(b))
	}
	var rest [8]byte
	copy(rest[:], b)
	return mix(h, binary.LittleEndian.Uint64(rest[:]))
}

// stats describes a column of so many rows by the values seen.
func (d *digest) stats(rows int) plan.ColumnStats {
	s := plan.ColumnStats{Min: d.min, Max: d.max}
	if d.n == 0 {
		return s
	}
	s.Nulls = float64(d.nulls) / float64(d.n)
	a, b := float64(d.seen[0].n), float64(d.seen[1].n)
	both := float64(d.seen[0].shared(&d.seen[1]))
	seen := a + b - both
	s.Distinct = seen
	if d.n < rows {
		s.Distinct = min(seen*float64(rows)/float64(d.n), max(seen, a*b/max(both, 1)))
		if both == 0 {
			s.Distinct = seen * float64(rows) / float64(d.n)
		}
	}
	s.Distinct = max(min(s.Distinct, float64(rows)), 1)
	return s
}

// hashSet is a set of hashes: open addressing, at most half full. 0 is an empty slot.
type hashSet struct {
	slots []uint64
	n     int
}

func (s *hashSet) add(h uint64) {
	if h == 0 {
		h = 1
	}
	if 2*s.n >= len(s.slots) {
		s.grow()
	}
	if at := s.find(h); s.slots[at] == 0 {
		s.slots[at] = h
		s.n++
	}
}

// find returns the slot of h, or the empty one where it belongs.
func (s *hashSet) find(h uint64) int {
	mask := len(s.slots) - 1
	at := int(h) & mask
	for s.slots[at] != 0 && s.slots[at] != h {
		at = (at + 1) & mask
	}
	return at
}

func (s *hashSet) grow() {
	old := s.slots
	s.slots = make([]uint64, max(64, 2*len(old)))
	for _, h := range old {
		if h != 0 {
			s.slots[s.find(h)] = h
		}
	}
}

// shared counts the hashes that both sets have.
func (s *hashSet) shared(other *hashSet) (n int) {
	if other.n == 0 {
		return 0
	}
	for _, h := range s.slots {
		if h != 0 && other.slots[other.find(h)] == h {
			n++
		}
	}
	return n
}
