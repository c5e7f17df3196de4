package cache

import (
	"math"

	"github.com/maypok86/otter/v2"
)

// pageOverhead is about what an entry takes beside its value.
const pageOverhead = 128

// Pages keeps values that are costly to make again, such as decoded pages, in the memory that a Budget has left.
//
// What is kept is decided by frequency as well as recency (W-TinyLFU), so one pass over a large table does not drive out
// what is used again and again. Eviction runs on the goroutine that adds or reserves; there is no other. Values are
// shared: whoever gets one must not change it. It is safe for concurrent use.
type Pages[K comparable, V any] struct {
	budget *Budget
	cache  *otter.Cache[K, V]
}

// NewPages returns an empty cache, one of those that share what budget has for pages. size returns the bytes that a value
// takes with its key; it must be quick, and always the same for the same value. Close gives the memory back.
func NewPages[K comparable, V any](budget *Budget, size func(K, V) int64) *Pages[K, V] {
	cache := otter.Must(&otter.Options[K, V]{
		MaximumWeight: 1, // until the budget says
		Weigher: func(k K, v V) uint32 {
			return uint32(min(max(size(k, v), 0)+pageOverhead, math.MaxUint32))
		},
		Executor: func(f func()) { f() }, // so that no goroutine is started, and room is there when a call returns
		Logger:   &otter.NoopLogger{},
	})
	p := &Pages[K, V]{budget: budget, cache: cache}
	budget.add(p)
	return p
}

// Get returns the value of k, if it is there.
func (p *Pages[K, V]) Get(k K) (V, bool) { return p.cache.GetIfPresent(k) }

// Put offers a value. One larger than the room is not kept.
func (p *Pages[K, V]) Put(k K, v V) { p.cache.Set(k, v) }

// Close empties the cache and leaves the room to the others. Values put later are not kept.
func (p *Pages[K, V]) Close() {
	p.budget.remove(p)
	p.resize(0)
}

// resize sets the maximum; a shrinking cache has evicted what is too much when it returns.
func (p *Pages[K, V]) resize(bytes int64) { p.cache.SetMaximum(uint64(bytes)) }

func (p *Pages[K, V]) used() int64 { return int64(p.cache.WeightedSize()) }
