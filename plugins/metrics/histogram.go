package metrics

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Durations are counted in microseconds, in buckets of which each power of two has 8: a quantile is off by a sixteenth at most.
const (
	subBits    = 3
	sub        = 1 << subBits
	maxPower   = 32 // 2^32 µs are 71 minutes; what takes longer is in the last bucket
	bucketsMax = (maxPower - subBits + 1) * sub
)

// Histogram is a distribution of durations. The zero value is ready; it is safe for concurrent use and must not be copied.
type Histogram struct {
	sum      atomic.Int64 // nanoseconds
	min, max atomic.Int64 // nanoseconds, min plus one so that 0 means none
	buckets  [bucketsMax]atomic.Uint64
}

func bucketOf(d time.Duration) int {
	us := uint64(max(d, 0) / time.Microsecond)
	if us < sub {
		return int(us)
	}
	power := bits.Len64(us) - 1
	return min((power-subBits)*sub+int(us>>(power-subBits)), bucketsMax-1)
}

// bounds returns the least duration of a bucket and of the next.
func bounds(i int) (lo, hi time.Duration) {
	at := func(i int) time.Duration {
		if i < sub {
			return time.Duration(i) * time.Microsecond
		}
		shift := i/sub - 1
		return time.Duration(uint64(sub+i%sub)<<shift) * time.Microsecond
	}
	return at(i), at(i + 1)
}

// Observe counts a duration.
func (h *Histogram) Observe(d time.Duration) {
	h.buckets[bucketOf(d)].Add(1)
	h.sum.Add(int64(d))
	for n := h.min.Load(); n == 0 || int64(d) < n-1; n = h.min.Load() {
		if h.min.CompareAndSwap(n, int64(d)+1) {
			break
		}
	}
	for n := h.max.Load(); int64(d) > n; n = h.max.Load() {
		if h.max.CompareAndSwap(n, int64(d)) {
			break
		}
	}
}

// Distribution is the state of a Histogram at one moment.
type Distribution struct {
	Count   int64         `json:"count"`
	Sum     time.Duration `json:"sum"`
	Min     time.Duration `json:"min"`
	Max     time.Duration `json:"max"`
	Buckets map[int]int64 `json:"buckets,omitempty"` // by number; those that are empty are not there
}

// Snapshot returns the counts so far. Durations that are counted meanwhile may be in it in part.
func (h *Histogram) Snapshot() Distribution {
	d := Distribution{Sum: time.Duration(h.sum.Load()), Max: time.Duration(h.max.Load()), Buckets: map[int]int64{}}
	if n := h.min.Load(); n > 0 {
		d.Min = time.Duration(n - 1)
	}
	for i := range h.buckets {
		if n := h.buckets[i].Load(); n > 0 {
			d.Buckets[i] = int64(n)
			d.Count += int64(n)
		}
	}
	return d
}

// Add returns the distribution of both.
func (d Distribution) Add(e Distribution) Distribution {
	switch {
	case d.Count == 0:
		return e
	case e.Count == 0:
		return d
	}
	out := Distribution{Count: d.Count + e.Count, Sum: d.Sum + e.Sum, Min: min(d.Min, e.Min), Max: max(d.Max, e.Max), Buckets: map[int]int64{}}
	for _, b := range []map[int]int64{d.Buckets, e.Buckets} {
		for i, n := range b {
			out.Buckets[i] += n
		}
	}
	return out
}

// Mean returns the average, 0 of nothing.
func (d Distribution) Mean() time.Duration {
	if d.Count == 0 {
		return 0
	}
	return d.Sum / time.Duration(d.Count)
}

// Quantile returns the duration that a share q of all does not exceed, 0 of nothing. Inside a bucket it is interpolated.
func (d Distribution) Quantile(q float64) time.Duration {
	total := int64(0)
	for _, n := range d.Buckets {
		total += n
	}
	rank := q * float64(total)
	for i := range bucketsMax {
		n := float64(d.Buckets[i])
		if n == 0 {
			continue
		}
		if rank <= n {
			lo, hi := bounds(i)
			return min(max(lo+time.Duration(rank/n*float64(hi-lo)), d.Min), d.Max)
		}
		rank -= n
	}
	return d.Max
}

// Sub returns what came after earlier, which is an earlier state of the same histogram. Min and Max stay those of all.
func (d Distribution) Sub(earlier Distribution) Distribution {
	out := Distribution{Count: d.Count - earlier.Count, Sum: d.Sum - earlier.Sum, Min: d.Min, Max: d.Max, Buckets: map[int]int64{}}
	for i, n := range d.Buckets {
		if n -= earlier.Buckets[i]; n > 0 {
			out.Buckets[i] = n
		}
	}
	return out
}
