package exec

import (
	"hash/maphash"

	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// grouper puts rows into groups and updates their aggregates. When memory runs out it keeps the groups that it has: rows of
// further ones go to parts of a file, whole groups in each, which are worked on one after the other.
type grouper struct {
	ec   *Context
	plan *plan.Aggregate
	acc  account

	table  *keyTable
	keys   rowStore // of the groups
	firsts []int64  // the number of each group's first row
	kv     []*vec.Vector
	states []expr.AggState
	ids    []uint32
	found  []int32
	fresh  []int32
	rest   []int32
	bytes  int64 // of states, as last accounted

	spill *groupSpill
	level int
	parts *partWriter
	limit int64 // of states that grow once further groups are turned away
}

func newGrouper(ec *Context, n *plan.Aggregate, spill *groupSpill, level int) *grouper {
	g := &grouper{ec: ec, plan: n, acc: account{ec: ec, soft: true}, spill: spill, level: level, kv: make([]*vec.Vector, len(n.Keys))}
	g.table = newKeyTable(typesOf(n.Keys))
	for _, k := range n.Keys {
		g.keys.cols = append(g.keys.cols, newColumn(k.Type()))
	}
	for _, a := range n.Aggs {
		g.states = append(g.states, a.NewState())
	}
	if len(n.Keys) == 0 {
		g.grow(1)
	}
	return g
}

func (g *grouper) grow(groups int) {
	for _, s := range g.states {
		s.Grow(groups)
	}
}

// add sorts the rows of b, whose numbers are seq, into groups and updates the aggregates.
func (g *grouper) add(b *vec.Batch, seq *vec.Vector) error {
	var groups []uint32
	if len(g.plan.Keys) > 0 {
		if err := evalAll(g.ec.Expr, g.plan.Keys, b, g.kv); err != nil {
			return err
		}
		if g.parts != nil {
			var err error
			if b, err = g.divert(b, seq); err != nil || b == nil {
				return err
			}
		} else if err := g.group(b, seq); err != nil {
			return err
		}
		groups = g.ids
	}
	for i, a := range g.plan.Aggs {
		args, err := a.Eval(g.ec.Expr, b)
		if err != nil {
			return err
		}
		if err := g.states[i].Update(groups, args, b); err != nil {
			return err
		}
	}
	return g.account()
}

// account takes the states' memory into account and turns further groups away when it is too much.
func (g *grouper) account() error {
	bytes := int64(0)
	for _, s := range g.states {
		bytes += int64(s.Bytes())
	}
	grown := bytes - g.bytes
	g.bytes = bytes
	if err := g.acc.grow(grown); err != nil || g.ec.MemoryLimit == 0 {
		return err
	}
	switch {
	case g.parts != nil || len(g.plan.Keys) == 0:
		if g.ec.over() && g.acc.bytes > max(g.limit, spillFloor) {
			return g.ec.tooLarge("what the aggregates hold of a group")
		}
		return nil
	case g.acc.bytes < spillFloor || g.ec.memoryBytes < g.ec.MemoryLimit/2:
		return nil // half is left for groups that grow
	case g.level == partLevels:
		return g.ec.tooLarge("a group")
	}
	g.limit = 2 * g.acc.bytes
	file, err := g.spill.open()
	if err == nil {
		g.parts = newPartWriter(file, maphash.MakeSeed(), g.table.types)
	}
	return err
}

// group sets ids to the groups of the rows of b.
func (g *grouper) group(b *vec.Batch, seq *vec.Vector) error {
	g.ids = resize(g.ids, b.Rows())
	next := uint32(g.table.n)
	g.table.put(g.kv, b, g.ids)
	if uint32(g.table.n) == next {
		return nil
	}
	g.fresh = g.fresh[:0]
	for k, id := range g.ids {
		if id == next {
			i := b.Row(k)
			g.fresh = append(g.fresh, int32(i))
			if seq != nil {
				g.firsts = append(g.firsts, seq.I64[i])
			}
			next++
		}
	}
	g.grow(int(next))
	if err := g.keys.addRows(g.kv, b.N, g.fresh, &g.acc); err != nil {
		return err
	}
	return g.acc.grow(g.table.takeBytes())
}

// divert writes the rows of groups that are not held to their parts and returns the others, nil if there are none.
func (g *grouper) divert(b *vec.Batch, seq *vec.Vector) (*vec.Batch, error) {
	g.found = resize(g.found, b.Rows())
	g.table.find(g.kv, b, g.found)
	g.rest, g.ids = g.rest[:0], g.ids[:0]
	sel := make([]int32, 0, len(g.found))
	for k, id := range g.found {
		if i := int32(b.Row(k)); id < 0 {
			g.rest = append(g.rest, i)
		} else {
			sel, g.ids = append(sel, i), append(g.ids, uint32(id))
		}
	}
	if len(g.rest) > 0 {
		if err := g.parts.add(b.Cols, g.kv, g.rest, seq); err != nil {
			return nil, err
		}
	}
	if len(sel) == 0 {
		return nil, nil
	}
	return &vec.Batch{Cols: b.Cols, N: b.N, Sel: sel}, nil
}

// finish returns the groups: the keys and the results of the aggregates side by side, in the order of their first rows. The
// parts are left to g.spill. The memory is freed by release.
func (g *grouper) finish() (rowStore, error) {
	result := rowStore{cols: g.keys.cols, n: g.keys.n}
	if len(g.plan.Keys) == 0 {
		result.n = 1
	}
	for _, s := range g.states {
		v, err := s.Result(g.ec.Expr)
		if err != nil {
			return result, err
		}
		result.cols = append(result.cols, v)
	}
	g.table, g.states = nil, nil
	if g.parts == nil {
		return result, nil
	}
	if err := g.parts.finish(); err != nil {
		return result, err
	}
	for _, refs := range g.parts.refs {
		if len(refs) > 0 {
			g.spill.queue = append(g.spill.queue, groupPart{refs, g.level + 1})
		}
	}
	return result, nil
}

func (g *grouper) release() {
	if g != nil {
		g.acc.free()
	}
}

// groupSpill works off the parts that groupers have left: each gives a run of groups in the order of their first rows, and
// the runs are merged.
type groupSpill struct {
	ec    *Context
	plan  *plan.Aggregate
	file  *spillFile
	queue []groupPart
	at    *grouper
	merge *runMerger
	width int
}

type groupPart struct {
	refs  []blockRef
	level int
}

func (s *groupSpill) open() (*spillFile, error) {
	if s.file == nil {
		var err error
		if s.file, err = s.ec.newSpill(); err != nil {
			return nil, err
		}
	}
	return s.file, nil
}

func (s *groupSpill) close() error {
	if s == nil {
		return nil
	}
	s.at.release()
	err := s.file.close()
	s.file, s.queue, s.at, s.merge = nil, nil, nil, nil
	return err
}

// next returns more of the groups that were not held, nil at the end.
func (s *groupSpill) next() (*vec.Batch, error) {
	if s.merge == nil {
		if len(s.queue) == 0 {
			return nil, nil
		}
		if err := s.work(); err != nil {
			return nil, err
		}
	}
	b, err := s.merge.next()
	if b != nil {
		b.Cols = b.Cols[:s.width]
	}
	return b, err
}

// work turns the parts into runs.
func (s *groupSpill) work() error {
	var runs [][]blockRef
	for len(s.queue) > 0 {
		part := s.queue[0]
		s.queue = s.queue[1:]
		run, err := s.group(part)
		if err != nil {
			return err
		}
		runs = append(runs, run)
	}
	var err error
	s.merge, err = mergeRuns(s.file, runs, sequenceKeys(s.width))
	return err
}

func (s *groupSpill) group(part groupPart) ([]blockRef, error) {
	s.at = newGrouper(s.ec, s.plan, s, part.level)
	defer func() {
		s.at.release()
		s.at = nil
	}()
	in := partReader{file: s.file, refs: part.refs}
	for {
		b, err := in.Next()
		if err != nil {
			return nil, err
		}
		if b == nil {
			break
		}
		if err := s.at.add(b, in.seq); err != nil {
			return nil, err
		}
	}
	firsts := s.at.firsts
	result, err := s.at.finish()
	if err != nil {
		return nil, err
	}
	s.width = len(result.cols)
	cols := append(result.cols[:s.width:s.width], &vec.Vector{Class: sequenceType.Class(), Len: len(firsts), I64: firsts})
	return s.file.writeAll(nil, cols, rowNumbers(nil, &vec.Batch{N: result.n}))
}
