package exec

import (
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// mergeMax is the most runs that are merged at once.
const mergeMax = 32

// runMerger merges sorted runs of a file. Of rows that compare as equal those of the earlier run come first.
type runMerger struct {
	file *spillFile
	keys []sortKey // over the columns of the runs
	heap []*runCursor
	out  vec.Batch
	idx  []int32
}

// runCursor is a run and the row of it that comes next.
type runCursor struct {
	refs   []blockRef
	cols   []*vec.Vector
	row, n int
	order  int
}

// mergeRuns merges runs, in several passes when they are many. keys say how they are sorted.
func mergeRuns(file *spillFile, runs [][]blockRef, keys []sortKey) (*runMerger, error) {
	for len(runs) > mergeMax {
		var wider [][]blockRef
		for len(runs) > 0 {
			n := min(len(runs), mergeMax)
			run, err := mergeToRun(file, runs[:n], keys)
			if err != nil {
				return nil, err
			}
			wider, runs = append(wider, run), runs[n:]
		}
		runs = wider
	}
	m := &runMerger{file: file, keys: keys}
	for i, r := range runs {
		c := &runCursor{refs: r, order: i}
		ok, err := m.fill(c)
		if err != nil {
			return nil, err
		}
		if ok {
			m.heap = append(m.heap, c)
		}
	}
	for i := len(m.heap)/2 - 1; i >= 0; i-- {
		m.down(i)
	}
	return m, nil
}

func mergeToRun(file *spillFile, runs [][]blockRef, keys []sortKey) ([]blockRef, error) {
	m, err := mergeRuns(file, runs, keys)
	if err != nil {
		return nil, err
	}
	var out []blockRef
	for {
		b, err := m.next()
		if err != nil || b == nil {
			return out, err
		}
		if out, err = file.writeAll(out, b.Cols, rowNumbers(nil, b)); err != nil {
			return nil, err
		}
	}
}

// rowNumbers returns the positions of the counting rows of b.
func rowNumbers(dst []int32, b *vec.Batch) []int32 {
	if b.Sel != nil {
		return b.Sel
	}
	dst = resize(dst, b.N)
	for i := range dst {
		dst[i] = int32(i)
	}
	return dst
}

// fill reads the next block of a run; false at its end.
func (m *runMerger) fill(c *runCursor) (bool, error) {
	c.cols, c.row, c.n = nil, 0, 0
	if len(c.refs) == 0 {
		return false, nil
	}
	cols, err := m.file.read(c.refs[0])
	if err != nil {
		return false, err
	}
	c.refs, c.cols, c.n = c.refs[1:], cols, cols[0].Len
	return true, nil
}

func (m *runMerger) less(a, b *runCursor) bool {
	for i := range m.keys {
		k := &m.keys[i]
		if c := k.order(a.cols[k.column], int32(a.row), b.cols[k.column], int32(b.row)); c != 0 {
			return c < 0
		}
	}
	return a.order < b.order
}

func (m *runMerger) down(i int) {
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(m.heap); c++ {
			if m.less(m.heap[c], m.heap[least]) {
				least = c
			}
		}
		if least == i {
			return
		}
		m.heap[i], m.heap[least] = m.heap[least], m.heap[i]
		i = least
	}
}

// next returns more rows, nil at the end.
func (m *runMerger) next() (*vec.Batch, error) {
	if len(m.heap) == 0 {
		return nil, nil
	}
	m.out = vec.Batch{}
	for _, col := range m.heap[0].cols {
		m.out.Cols = append(m.out.Cols, &vec.Vector{Class: col.Class, Scale: col.Scale})
	}
	for m.out.N < vec.MaxRows && len(m.heap) > 0 {
		if err := m.take(); err != nil {
			return nil, err
		}
	}
	return &m.out, nil
}

// take moves the rows of the first run that come before those of all others, as far as its block goes.
func (m *runMerger) take() error {
	c := m.heap[0]
	m.idx = m.idx[:0]
	for c.row < c.n && m.heap[0] == c && m.out.N+len(m.idx) < vec.MaxRows {
		m.idx = append(m.idx, int32(c.row))
		if c.row++; c.row < c.n {
			m.down(0)
		}
	}
	for i, col := range c.cols {
		appendColumn(m.out.Cols[i], col, m.out.N, len(m.idx), m.idx)
	}
	m.out.N += len(m.idx)
	if c.row < c.n {
		return nil
	}
	ok, err := m.fill(c)
	if err != nil {
		return err
	}
	if !ok {
		last := len(m.heap) - 1
		m.heap[0] = m.heap[last]
		m.heap = m.heap[:last]
	}
	m.down(0)
	return nil
}

// sequenceKeys sorts by column, which numbers rows.
func sequenceKeys(column int) []sortKey {
	return newSortKeys([]plan.SortKey{{Expr: sequenceColumn(column)}})
}
