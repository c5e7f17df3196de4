package table

import (
	"cmp"
	"slices"
	"sort"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/segment"
)

type segmentID = segment.ID

// seg is a segment as one version of a table has it. It is immutable.
type seg struct {
	table uint32
	meta  *segment.Meta
	dead  *roaring.Bitmap // rows that are gone, by position; nil: none
	deads int             // their number
}

func (g *seg) live() int { return g.meta.Rows - g.deads }

// key returns the key of the object.
func (g *seg) key() string { return segment.ObjectKey(g.table, g.meta.ID) }

func (g *seg) covers(key string) bool { return g.meta.First <= key && key <= g.meta.Last }

// kill returns the segment with more rows gone.
func (g *seg) kill(rows *roaring.Bitmap) *seg {
	next := *g
	if next.dead = rows.Clone(); g.dead != nil {
		next.dead.Or(g.dead)
	}
	next.deads = int(next.dead.GetCardinality())
	return &next
}

// segments are those of one version. No key has a live row in two of them, nor in a segment and a part. A nil pointer has none.
// It is immutable.
type segments struct {
	// levels[0] are those that may overlap, in the order in which they came; those of each further level are in key order and
	// do not overlap.
	levels [][]*seg
}

// all returns every segment.
func (s *segments) all() (out []*seg) {
	if s != nil {
		for _, level := range s.levels {
			out = append(out, level...)
		}
	}
	return out
}

// covers reports whether a segment may have the key.
func (s *segments) covers(key string) bool {
	if s == nil {
		return false
	}
	for i, level := range s.levels {
		if i == 0 {
			for _, g := range level {
				if g.covers(key) {
					return true
				}
			}
		} else if g := coveringKey(level, key); g != nil {
			return true
		}
	}
	return false
}

// candidates appends the segments that may have the key, the newest first.
func (s *segments) candidates(out []*seg, key string) []*seg {
	if s == nil {
		return out
	}
	for i, level := range s.levels {
		if i > 0 {
			if g := coveringKey(level, key); g != nil {
				out = append(out, g)
			}
			continue
		}
		for _, g := range slices.Backward(level) {
			if g.covers(key) {
				out = append(out, g)
			}
		}
	}
	return out
}

// coveringKey returns the segment of a sorted level that may have the key, or nil.
func coveringKey(level []*seg, key string) *seg {
	i := sort.Search(len(level), func(i int) bool { return level[i].meta.Last >= key })
	if i < len(level) && level[i].meta.First <= key {
		return level[i]
	}
	return nil
}

// within returns the part of a sorted level that may have keys in [lo, hi); "" is unbounded.
func within(level []*seg, lo, hi string) []*seg {
	from := sort.Search(len(level), func(i int) bool { return level[i].meta.Last >= lo })
	to := len(level)
	if hi != "" {
		to = sort.Search(len(level), func(i int) bool { return level[i].meta.First >= hi })
	}
	if from >= to {
		return nil
	}
	return level[from:to]
}

// overlaps reports whether the segment may have keys in [lo, hi); "" is unbounded.
func (g *seg) overlaps(lo, hi string) bool {
	return g.meta.Last >= lo && (hi == "" || g.meta.First < hi)
}

// find returns a segment by its name, or nil.
func (s *segments) find(id segmentID) *seg {
	if s != nil {
		for _, level := range s.levels {
			for _, g := range level {
				if g.meta.ID == id {
					return g
				}
			}
		}
	}
	return nil
}

// newSegments puts segments into their levels; nil if there are none. Those of level 0 come in their order.
func newSegments(list []*seg) *segments {
	if len(list) == 0 {
		return nil
	}
	s := new(segments)
	for _, g := range list {
		for len(s.levels) <= g.meta.Level {
			s.levels = append(s.levels, nil)
		}
		s.levels[g.meta.Level] = append(s.levels[g.meta.Level], g)
	}
	for i := 1; i < len(s.levels); i++ {
		slices.SortFunc(s.levels[i], func(a, b *seg) int { return cmp.Compare(a.meta.First, b.meta.First) })
	}
	return s
}

// sound reports whether the segments of each level from 1 on do not overlap.
func (s *segments) sound() bool {
	if s != nil {
		for _, level := range s.levels[min(1, len(s.levels)):] {
			if !disjoint(level) {
				return false
			}
		}
	}
	return true
}

// disjoint reports whether no two of the segments, in key order, have keys in common.
func disjoint(sorted []*seg) bool {
	for i := 1; i < len(sorted); i++ {
		if sorted[i-1].meta.Last >= sorted[i].meta.First {
			return false
		}
	}
	return true
}

func sortedByKey(segs []*seg) []*seg {
	out := slices.Clone(segs)
	slices.SortFunc(out, func(a, b *seg) int { return cmp.Compare(a.meta.First, b.meta.First) })
	return out
}

// keyRange returns the smallest and the largest key of segments.
func keyRange(segs []*seg) (lo, hi string) {
	lo, hi = segs[0].meta.First, segs[0].meta.Last
	for _, g := range segs[1:] {
		lo, hi = min(lo, g.meta.First), max(hi, g.meta.Last)
	}
	return lo, hi
}

// before returns the last segment of a sorted level that ends before key, or nil.
func before(level []*seg, key string) *seg {
	if i := sort.Search(len(level), func(i int) bool { return level[i].meta.Last >= key }); i > 0 {
		return level[i-1]
	}
	return nil
}

// keysWithin returns those of ascending keys that are in [first, last].
func keysWithin(keys []string, first, last string) []string {
	from := sort.SearchStrings(keys, first)
	to := sort.Search(len(keys), func(i int) bool { return keys[i] > last })
	return keys[from:max(from, to)]
}

// newSegmentID returns a name that no other segment has. Names order by the time they were given, in milliseconds.
func newSegmentID(c base.Clock, r base.Rand) (id segmentID) {
	r.Read(id[:])
	ms := uint64(c.Now().UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	return id
}
