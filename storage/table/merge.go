package table

import (
	"context"
	"slices"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/row"
)

// merge reads a version that has segments, in the order of the keys: its runs, and its delta, which hides rows of the same key.
// Keys of a segment are only read where another run or the delta has keys in between.
type merge struct {
	spec  ScanSpec
	runs  []*run
	cur   *cursor // of the delta; nil: no entry is left in the range
	dec   row.Decoder
	decs  bool // dec is made
	raw   bool // rows are not made of fields: the one column is the row
	max   int  // rows of the next copied batch
	read  *readRange
	late  lateness
	steps []piece
	done  bool
}

// piece is a run of rows in a copied batch: n rows of a frame from position from, or one entry.
type piece struct {
	f       *frame
	from, n int
	e       *entry
}

func newMerge(fs *files, v *version, spec ScanSpec) *merge {
	m := &merge{spec: spec, max: 256}
	if spec.First > 0 {
		m.max = spec.First
	}
	if v.delta.len() > 0 {
		m.cur = v.delta.cursor(spec.Lo, spec.Hi, spec.Reverse)
		m.trimCursor()
	}
	runs := runsWithin(v.segs, &m.spec)
	if spec.AnyOrder {
		if all := slices.Concat(runs...); len(all) > 0 {
			m.runs = []*run{newRun(fs, v, &m.spec, all, nil, &m.late)}
		}
		return m
	}
	shared := sharedKeys(runs, v.delta)
	for _, segs := range runs {
		m.runs = append(m.runs, newRun(fs, v, &m.spec, segs, shared, &m.late))
	}
	return m
}

// runsWithin returns the segments that a scan reads, in as few runs of segments that do not overlap as their order allows.
func runsWithin(s *segments, spec *ScanSpec) (runs [][]*seg) {
	for i, level := range s.levels {
		if i > 0 {
			level = within(level, spec.Lo, spec.Hi)
		}
		var in []*seg
		for _, g := range level {
			if (i > 0 || g.overlaps(spec.Lo, spec.Hi)) && g.meta.MayMeet(spec.Bounds) {
				in = append(in, g)
			}
		}
		switch {
		case i == 0:
			runs = chains(in)
		case len(in) > 0:
			runs = append(runs, in)
		}
	}
	return runs
}

// chains parts segments into runs of some that do not overlap: each goes to the first run that ends before it.
func chains(segs []*seg) (runs [][]*seg) {
	slices.SortFunc(segs, func(a, b *seg) int { return strings.Compare(a.meta.First, b.meta.First) })
	for _, g := range segs {
		i := slices.IndexFunc(runs, func(r []*seg) bool { return r[len(r)-1].meta.Last < g.meta.First })
		if i < 0 {
			i, runs = len(runs), append(runs, nil)
		}
		runs[i] = append(runs[i], g)
	}
	return runs
}

// sharedKeys returns the segments between whose keys other runs or entries have some.
func sharedKeys(runs [][]*seg, delta *tree) map[*seg]bool {
	shared := map[*seg]bool{}
	for i, segs := range runs {
		for _, g := range segs {
			for j := range runs {
				if j != i && len(within(runs[j], g.meta.First, successor(g.meta.Last))) > 0 {
					shared[g] = true
				}
			}
			if c := delta.cursor(g.meta.First, "", false); c.cur != nil && c.cur.key <= g.meta.Last {
				shared[g] = true
			}
		}
	}
	return shared
}

func (m *merge) trimCursor() {
	if m.cur == nil {
		return
	}
	e := m.cur.cur
	if e == nil || m.spec.Reverse && e.key < m.spec.Lo || !m.spec.Reverse && m.spec.Hi != "" && e.key >= m.spec.Hi {
		m.cur = nil
	}
}

// before reports whether key a comes before key b in the order of the scan.
func (m *merge) before(a, b string) bool {
	if m.spec.Reverse {
		return a > b
	}
	return a < b
}

// first returns the run whose rows may come first, and the key that no other run's row and no entry is before; rest is false
// when there are no others.
func (m *merge) first() (r *run, limit string, rest bool) {
	var best string
	for _, x := range m.runs {
		if x.done {
			continue
		}
		b := x.bound()
		if r == nil {
			r, best = x, b
			continue
		}
		if m.before(b, best) {
			r, best, b = x, b, best
		}
		if !rest || m.before(b, limit) {
			limit, rest = b, true
		}
	}
	if m.cur != nil && (!rest || m.before(m.cur.cur.key, limit)) {
		limit, rest = m.cur.cur.key, true
	}
	return r, limit, rest
}

// next is Scanner.Next.
func (m *merge) next(ctx context.Context, b *vec.Batch) (keys []string, ok bool, err error) {
	if m.done {
		return nil, false, nil
	}
	clear(m.steps) // a frame is large
	m.steps = m.steps[:0]
	for room := m.max; room > 0; {
		n, err := m.step(ctx, room)
		if err != nil {
			return nil, false, err
		}
		if n == 0 {
			break
		}
		room -= n
		if p := &m.steps[len(m.steps)-1]; len(m.steps) == 1 && p.e == nil && p.n == m.max && !m.spec.Reverse {
			break // it is handed out as it is
		}
	}
	m.max = min(4*m.max, vec.MaxRows)
	return m.batch(b)
}

// step adds the next rows, at most room, to the steps, and returns how many; 0 at the end.
func (m *merge) step(ctx context.Context, room int) (int, error) {
	if m.spec.AnyOrder && len(m.runs) > 0 {
		if r := m.runs[0]; !r.done {
			if ok, err := r.fill(ctx); err != nil {
				return 0, err
			} else if ok {
				n := r.live(min(room, r.end-r.at))
				m.steps = append(m.steps, r.take(n))
				return n, nil
			}
		}
		m.runs = nil // what hides rows is known by now: only entries are left
	}
	for {
		r, limit, rest := m.first()
		if r == nil {
			for m.cur != nil {
				if n := m.entry(); n > 0 {
					return n, nil
				}
			}
			return 0, nil
		}
		key := r.bound()
		if ok, err := r.fill(ctx); err != nil {
			return 0, err
		} else if !ok || r.bound() != key {
			continue // it was further on than its bound said
		}
		if rest && m.before(limit, key) {
			if e := m.entry(); e > 0 {
				return e, nil
			}
			continue // a tombstone
		}
		n := r.live(min(room, r.end-r.at))
		if rest && !m.before(r.last(), limit) {
			n = r.until(limit, n)
		}
		if n > 0 {
			m.steps = append(m.steps, r.take(n))
			return n, nil
		}
		if err := m.sameKey(ctx, r, limit); err != nil {
			return 0, err
		}
	}
}

// sameKey settles that the next row of r does not come before limit: an entry has that key, or another run may have it.
func (m *merge) sameKey(ctx context.Context, r *run, limit string) error {
	if m.cur != nil && m.cur.cur.key == limit {
		r.take(1) // the entry hides the row
		return nil
	}
	for _, x := range m.runs {
		if x == r || x.done || x.bound() != limit {
			continue
		}
		if ok, err := x.fill(ctx); err != nil {
			return err
		} else if ok && x.bound() == limit {
			return base.Corruptf(r.current().key(), "it has a row of which %s has one, too; run CHECK TABLE", x.current().key())
		}
	}
	return nil
}

// entry moves past the next entry and adds it to the steps if it is a row; it returns the number of rows added.
func (m *merge) entry() (n int) {
	if e := m.cur.cur; !e.dead {
		m.steps = append(m.steps, piece{n: 1, e: e})
		n = 1
	}
	m.cur.next()
	m.trimCursor()
	return n
}

// live returns how many of the next n rows come before the next one that is gone.
func (r *run) live(n int) int {
	dead := r.f.dead
	if len(dead) == 0 {
		return n
	}
	if r.spec.Reverse {
		if i, _ := slices.BinarySearch(dead, int32(r.end)); i > 0 {
			return min(n, r.end-1-int(dead[i-1]))
		}
		return n
	}
	if i, _ := slices.BinarySearch(dead, int32(r.at)); i < len(dead) {
		return min(n, int(dead[i])-r.at)
	}
	return n
}

// until returns how many of the next n rows come before limit.
func (r *run) until(limit string, n int) int {
	if r.spec.Reverse {
		keys := r.f.keys[r.end-n : r.end]
		at, found := slices.BinarySearch(keys, limit)
		if found {
			at++
		}
		return n - at
	}
	at, _ := slices.BinarySearch(r.f.keys[r.at:r.at+n], limit)
	return at
}

// take moves past the next n rows and returns them.
func (r *run) take(n int) piece {
	p := piece{f: r.f, from: r.at, n: n}
	if r.spec.Reverse {
		r.end -= n
		p.from = r.end
	} else {
		r.at += n
	}
	if r.at == r.end {
		r.f, r.done = nil, len(r.ahead) == 0 && len(r.segs) == 0
	}
	return p
}
