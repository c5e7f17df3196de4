package cache

import "sync"

// pagesShare is the part of a budget, one in so many, that caches of pages may fill while nobody else needs it.
const pagesShare = 2

// steps is how finely the room for pages follows the reservations: it changes in steps of one in so many of the limit,
// so that a reservation seldom has to wait for pages to be evicted.
const steps = 64

// Budget is the account of the memory that one process spends on rows not yet in segments, caches and queries.
//
// What others need they reserve. What is left goes to caches of pages (NewPages), up to half of the limit: a reservation
// that needs the room has pages evicted before it returns, a release gives it back. It is safe for concurrent use.
type Budget struct {
	limit int64

	mu struct {
		sync.Mutex
		reserved int64
		room     int64    // of all caches of pages together
		pages    []shrink // the caches
	}
}

// shrink is a cache of pages as the budget sees it.
type shrink interface {
	resize(bytes int64) // evicts what is more, before it returns
	used() int64
}

// NewBudget returns an account of limit bytes, none of which is reserved. A limit below zero counts as zero.
func NewBudget(limit int64) *Budget {
	b := &Budget{limit: max(limit, 0)}
	b.mu.room = b.roomLocked()
	return b
}

// Limit returns the bytes that the account is about.
func (b *Budget) Limit() int64 { return b.limit }

// Used returns the bytes reserved and those that pages take.
func (b *Budget) Used() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	used := b.mu.reserved
	for _, p := range b.mu.pages {
		used += p.used()
	}
	return used
}

// Reserve takes n bytes, and returns false, changing nothing, if that is more than what is not reserved yet. Pages make
// way. n below zero is refused.
func (b *Budget) Reserve(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n < 0 || n > b.limit-b.mu.reserved {
		return false
	}
	b.mu.reserved += n
	b.resizeLocked()
	return true
}

// Release gives back n bytes of those that were reserved. To give back more than was taken is an error of the program.
func (b *Budget) Release(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n < 0 || n > b.mu.reserved {
		panic("cache: more memory released than was reserved")
	}
	b.mu.reserved -= n
	b.resizeLocked()
}

// roomLocked returns how much pages may take: rounded down, so that pages and reservations never exceed the limit.
func (b *Budget) roomLocked() int64 {
	step := max(b.limit/steps, 1)
	return min(b.limit/pagesShare, b.limit-b.mu.reserved) / step * step
}

func (b *Budget) resizeLocked() {
	if room := b.roomLocked(); room != b.mu.room {
		b.mu.room = room
		b.shareLocked()
	}
}

// shareLocked gives each cache an equal part.
func (b *Budget) shareLocked() {
	for _, p := range b.mu.pages {
		p.resize(b.mu.room / int64(len(b.mu.pages)))
	}
}

func (b *Budget) add(p shrink) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mu.pages = append(b.mu.pages, p)
	b.shareLocked()
}

func (b *Budget) remove(p shrink) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, have := range b.mu.pages {
		if have == p {
			b.mu.pages = append(b.mu.pages[:i:i], b.mu.pages[i+1:]...)
			b.shareLocked()
			return
		}
	}
}
