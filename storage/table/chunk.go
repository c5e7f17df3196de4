package table

import (
	"sort"
	"strings"
	"sync"
	"sync/atomic"
)

// The sizes of a chunk. A chunk is split when it outgrows chunkRowsMax or chunkBytesMax, and joined with its neighbour
// when a fold leaves it under a quarter of chunkRowsMax.
const (
	chunkRowsMax  = 16 << 10
	chunkBytesMax = 8 << 20
)

// chunk is a part in memory: keys and rows packed into one string, so that a million rows are a few dozen objects for
// the garbage collector, and columns that are decoded when a scan first asks for them.
type chunk struct {
	data string
	// ends[2i] is where key i ends in data, ends[2i+1] where row i ends; what follows begins there.
	ends []uint32
	// heads are the first eight bytes of every headEvery-th key, as numbers in the order of the keys: a search begins among
	// them, in memory that stays in a processor's cache, where the keys themselves do not.
	heads []uint64

	building sync.Mutex                // held while columns are decoded: who comes second finds them
	cols     atomic.Pointer[[]*column] // grows by replacement under building
}

// headEvery is how many keys there are to a head.
const headEvery = 8

func newChunk(data string, ends []uint32) *chunk {
	c := &chunk{data: data, ends: ends}
	c.heads = make([]uint64, (c.rows()+headEvery-1)/headEvery)
	for i := range c.heads {
		c.heads[i] = head(c.key(i * headEvery))
	}
	return c
}

// head returns the first eight bytes of a key as a number: what is less by heads is less, what is equal may be either.
func head(key string) (h uint64) {
	if len(key) >= 8 {
		return uint64(key[0])<<56 | uint64(key[1])<<48 | uint64(key[2])<<40 | uint64(key[3])<<32 |
			uint64(key[4])<<24 | uint64(key[5])<<16 | uint64(key[6])<<8 | uint64(key[7])
	}
	for i := range len(key) {
		h |= uint64(key[i]) << (56 - 8*i)
	}
	return h
}

var _ part = (*chunk)(nil)

func (c *chunk) rows() int     { return len(c.ends) / 2 }
func (c *chunk) size() int     { return len(c.data) }
func (c *chunk) first() string { return c.key(0) }
func (c *chunk) last() string  { return c.key(c.rows() - 1) }

func (c *chunk) key(i int) string {
	from := uint32(0)
	if i > 0 {
		from = c.ends[2*i-1]
	}
	return c.data[from:c.ends[2*i]]
}

func (c *chunk) row(i int) string { return c.data[c.ends[2*i]:c.ends[2*i+1]] }

func (c *chunk) seek(key string) int {
	lo, hi := c.near(head(key))
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if c.key(mid) < key {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// near returns a range that has the first key whose head is not below h, or whose end it is when there is none in it.
func (c *chunk) near(h uint64) (lo, hi int) {
	first, end := 0, len(c.heads) // the first head that is not below h
	for first < end {
		if mid := int(uint(first+end) >> 1); c.heads[mid] < h {
			first = mid + 1
		} else {
			end = mid
		}
	}
	after := sort.Search(len(c.heads)-first, func(i int) bool { return c.heads[first+i] > h }) + first
	if after < len(c.heads) {
		hi = after * headEvery
	} else {
		hi = c.rows()
	}
	return max(first-1, 0) * headEvery, hi
}

// columns returns the asked columns, decoding those that no scan has asked for before in one pass over the rows.
func (c *chunk) columns(want []ScanCol) ([]*column, error) {
	out := make([]*column, len(want))
	if c.decoded(want, out) == 0 {
		return out, nil
	}
	c.building.Lock()
	defer c.building.Unlock()
	if c.decoded(want, out) == 0 {
		return out, nil
	}
	var todo []ScanCol
	for i, q := range want {
		if out[i] == nil {
			todo = append(todo, q)
		}
	}
	built, err := buildColumns(todo, c.rows(), c.row)
	if err != nil {
		return nil, err
	}
	var merged []*column
	if old := c.cols.Load(); old != nil {
		merged = append(merged, *old...)
	}
	merged = append(merged, built...)
	c.cols.Store(&merged)
	c.decoded(want, out)
	return out, nil
}

func (c *chunk) ready(want []ScanCol) bool { return c.decoded(want, nil) == 0 }

// decoded sets out, which may be nil, to the wanted columns that are decoded already and returns how many are not.
func (c *chunk) decoded(want []ScanCol, out []*column) (missing int) {
	var have []*column
	if p := c.cols.Load(); p != nil {
		have = *p
	}
	for i, q := range want {
		col := findColumn(have, q)
		if col == nil {
			missing++
		}
		if out != nil {
			out[i] = col
		}
	}
	return missing
}

func findColumn(cols []*column, q ScanCol) *column {
	for _, c := range cols {
		if c.fits(q) {
			return c
		}
	}
	return nil
}

// chunkBuilder packs rows that arrive in key order into chunks.
type chunkBuilder struct {
	rowsMax int
	data    strings.Builder
	ends    []uint32
	out     []part
}

func (b *chunkBuilder) add(key, row string) {
	n := len(key) + len(row)
	if len(b.ends) > 0 && (len(b.ends)/2 >= b.rowsMax || b.data.Len()+n > chunkBytesMax) {
		b.flush()
	}
	b.data.WriteString(key)
	b.ends = append(b.ends, uint32(b.data.Len()))
	b.data.WriteString(row)
	b.ends = append(b.ends, uint32(b.data.Len()))
}

func (b *chunkBuilder) flush() {
	if len(b.ends) == 0 {
		return
	}
	ends := make([]uint32, len(b.ends))
	copy(ends, b.ends)
	// Clone sheds the builder's spare capacity.
	b.out = append(b.out, newChunk(strings.Clone(b.data.String()), ends))
	b.data = strings.Builder{}
	b.ends = b.ends[:0]
}

// finish returns the chunks. It evens out the last two when the last is short, so that a split does not leave a stub.
func (b *chunkBuilder) finish() []part {
	b.flush()
	if n := len(b.out); n >= 2 && b.out[n-1].rows() < b.rowsMax/4 {
		x, y := b.out[n-2], b.out[n-1]
		half := (x.rows() + y.rows()) / 2
		even := chunkBuilder{rowsMax: b.rowsMax}
		for i := range x.rows() + y.rows() {
			if i == half {
				even.flush()
			}
			if i < x.rows() {
				even.add(x.key(i), x.row(i))
			} else {
				even.add(y.key(i-x.rows()), y.row(i-x.rows()))
			}
		}
		even.flush()
		b.out = append(b.out[:n-2], even.out...)
	}
	return b.out
}

// findPart returns the index of the first part whose last key is ≥ key: the one that holds key if any does.
func findPart(parts []part, key string) int {
	return sort.Search(len(parts), func(i int) bool { return parts[i].last() >= key })
}
