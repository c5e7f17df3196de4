package table

import (
	"sync"
	"sync/atomic"

	"github.com/tidwall/btree"
)

// entry is one change of a delta: a row, or the tombstone of one. It is immutable once a version has it, but for at.
type entry struct {
	key, row string
	seq      uint64                // of the commit record; 0 in a transaction's own writes
	dead     bool                  // a tombstone
	hides    bool                  // a part or a segment may have a row of the key, which the entry replaces; false is certain
	fresh    bool                  // of a transaction's own writes: the snapshot has no row of the key
	at       atomic.Pointer[place] // where in the segments that row is, once somebody has looked
}

// void reports whether a transaction's own write comes to nothing: it deletes what the transaction has inserted.
func (e *entry) void() bool { return e.dead && e.fresh }

// over returns the write as one that comes in the place of old, of the same key.
func (e *entry) over(old *entry) *entry {
	return &entry{key: e.key, row: e.row, seq: e.seq, dead: e.dead, hides: old.hides, fresh: old.fresh}
}

// place is a row of a segment.
type place struct {
	id  segmentID
	row uint32
}

// tree is an ordered set of entries, one a key. Once shared it is only read and cloned.
type tree struct {
	mu   sync.Mutex // clone writes to the source's copy-on-write mark
	btre *btree.BTreeG[*entry]
	most string // no key is above it
}

func lessEntry(a, b *entry) bool { return a.key < b.key }

func newTree() *tree {
	return &tree{btre: btree.NewBTreeGOptions(lessEntry, btree.Options{NoLocks: true})}
}

// clone returns a tree that can be written without the source seeing it. O(1); several may clone one tree at a time.
func (t *tree) clone() *tree {
	t.mu.Lock()
	defer t.mu.Unlock()
	return &tree{btre: t.btre.Copy(), most: t.most}
}

func (t *tree) len() int { return t.btre.Len() }

func (t *tree) get(key string) *entry {
	if key > t.most {
		return nil
	}
	e, _ := t.btre.Get(&entry{key: key})
	return e
}

func (t *tree) set(e *entry) (old *entry) {
	if e.key > t.most { // keys that ascend are not searched for
		t.most = e.key
		t.btre.Load(e)
		return nil
	}
	old, _ = t.btre.Set(e)
	return old
}

// bounds returns the smallest and the largest key of a tree that has some.
func (t *tree) bounds() (first, last string) {
	a, _ := t.btre.Min()
	b, _ := t.btre.Max()
	return a.key, b.key
}

func (t *tree) remove(key string) { t.btre.Delete(&entry{key: key}) }

// ascend calls fn for the entries from key lo on, in order, until it returns false.
func (t *tree) ascend(lo string, fn func(*entry) bool) { t.btre.Ascend(&entry{key: lo}, fn) }

// cursor walks a tree that nobody writes meanwhile, in either direction.
type cursor struct {
	it      btree.IterG[*entry]
	cur     *entry // nil: past the end
	reverse bool
}

// cursor returns a cursor at the first entry ≥ lo, or for reverse at the last entry < hi ("" is unbounded).
func (t *tree) cursor(lo, hi string, reverse bool) *cursor {
	c := &cursor{it: t.btre.Iter(), reverse: reverse}
	var ok bool
	switch {
	case !reverse:
		ok = c.it.Seek(&entry{key: lo})
	case hi == "":
		ok = c.it.Last()
	default:
		if c.it.Seek(&entry{key: hi}) {
			ok = c.it.Prev()
		} else {
			ok = c.it.Last()
		}
	}
	if ok {
		c.cur = c.it.Item()
	}
	return c
}

func (c *cursor) next() {
	var ok bool
	if c.reverse {
		ok = c.it.Prev()
	} else {
		ok = c.it.Next()
	}
	if c.cur = nil; ok {
		c.cur = c.it.Item()
	}
}
