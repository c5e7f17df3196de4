package exec

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// windowMarks finds where partitions and groups of peers begin.
type windowMarks struct {
	partition, order []sortKey
	groups           bool
	starts           []int // where partitions begin, from the one at hand on
	group            int   // where the last group begins
	number           int64 // of the last group
	prev             []*vec.Vector
	marks            []uint8
	idx              [1]int32
}

const (
	newPeers     = 1
	newPartition = 2
)

func newWindowMarks(n *plan.Window, groups bool) windowMarks {
	keys := make([]plan.SortKey, len(n.Partition))
	for i, e := range n.Partition {
		keys[i] = plan.SortKey{Expr: e}
	}
	m := windowMarks{partition: newSortKeys(keys), groups: groups}
	if groups {
		m.order = newSortKeys(n.Order)
	}
	return m
}

// last returns where the last partition begins.
func (m *windowMarks) last() int {
	if len(m.starts) == 0 {
		return 0
	}
	return m.starts[len(m.starts)-1]
}

// mark notes what begins among the rows [from, to) of a page, whose first row has the number first, and numbers their groups.
func (m *windowMarks) mark(cols []*vec.Vector, from, to, first int, numbers []int64) {
	m.marks = resize(m.marks, to-from)
	clear(m.marks)
	if first+from == 0 {
		m.marks[0] = newPartition
		m.prev = nil
	}
	for i := range m.partition {
		m.changes(&m.partition[i], cols, i, from, newPartition)
	}
	for i := range m.order {
		m.changes(&m.order[i], cols, len(m.partition)+i, from, newPeers)
	}
	for k, mark := range m.marks {
		if mark&newPartition != 0 {
			m.starts = append(m.starts, first+from+k)
		}
		if mark != 0 {
			m.group = first + from + k
			m.number++
		}
		if m.groups {
			numbers[from+k] = m.number
		}
	}
	m.keep(cols, to-1)
}

// keep holds the keys of the last row to compare the next page's first with.
func (m *windowMarks) keep(cols []*vec.Vector, last int) {
	keys := len(m.partition) + len(m.order)
	if m.prev == nil {
		m.prev = make([]*vec.Vector, keys)
		for i := range m.prev {
			m.prev[i] = &vec.Vector{}
		}
	}
	m.idx[0] = int32(last)
	for i := range m.prev {
		gather(m.prev[i], cols[m.key(i).column], m.idx[:], false)
	}
}

func (m *windowMarks) key(i int) *sortKey {
	if i < len(m.partition) {
		return &m.partition[i]
	}
	return &m.order[i-len(m.partition)]
}

// changes marks the rows whose key number n differs from that of the row before.
func (m *windowMarks) changes(key *sortKey, cols []*vec.Vector, n, from int, mark uint8) {
	col := cols[key.column]
	if from > 0 {
		if key.order(col, int32(from-1), col, int32(from)) != 0 {
			m.marks[0] |= mark
		}
	} else if m.prev != nil && key.order(m.prev[n], 0, col, 0) != 0 {
		m.marks[0] |= mark
	}
	marks := m.marks[1:]
	switch col.Class {
	case base.Int, base.Uint, base.Date, base.Time, base.DateTime:
		if col.Nulls == nil {
			v := col.I64[from : from+len(m.marks)]
			for k := range marks {
				if v[k] != v[k+1] {
					marks[k] |= mark
				}
			}
			return
		}
	}
	for k := range marks {
		if key.order(col, int32(from+k), col, int32(from+k+1)) != 0 {
			marks[k] |= mark
		}
	}
}

// segment returns the rows from row next on that belong to one partition and end before end. known is how many rows are.
func (m *windowMarks) segment(next, end, known int) winSegment {
	for len(m.starts) > 1 && m.starts[1] <= next {
		m.starts = m.starts[1:]
	}
	seg := winSegment{first: m.starts[0], end: known, from: next, to: end}
	if len(m.starts) > 1 {
		seg.end = m.starts[1]
		seg.to = min(end, seg.end)
	}
	return seg
}
