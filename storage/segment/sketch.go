package segment

import (
	"math"
	"math/bits"
)

// Sketch estimates how many distinct values it was given, from 64 registers; the zero Sketch has seen none. The standard
// error is 1.04/√64, 13 %.
//
// Source: Flajolet, Fusy, Gandouet and Meunier, "HyperLogLog: the analysis of a near-optimal cardinality estimation
// algorithm" (2007), with their linear counting of small sets.
type Sketch [64]uint8

// add takes a value by its hash, all of whose bits have to be good.
func (s *Sketch) add(hash uint64) {
	i := hash >> 58
	if rank := uint8(bits.LeadingZeros64(hash<<6|1<<5)) + 1; rank > s[i] {
		s[i] = rank
	}
}

// Merge makes s the sketch of what either has seen.
func (s *Sketch) Merge(o *Sketch) {
	for i, r := range o {
		s[i] = max(s[i], r)
	}
}

// Estimate returns about how many distinct values were added.
func (s *Sketch) Estimate() float64 {
	const m = float64(len(s))
	sum, zeros := 0.0, 0
	for _, r := range s {
		sum += math.Ldexp(1, -int(r))
		if r == 0 {
			zeros++
		}
	}
	e := 0.709 * m * m / sum
	if e <= 2.5*m && zeros > 0 {
		return m * math.Log(m/float64(zeros))
	}
	return e
}

// mix spreads the bits of a number over a hash (the finaliser of MurmurHash3, which is a bijection).
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
