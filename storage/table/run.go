package table

import (
	"context"
	"slices"
	"sort"

	"github.com/s3sql/s3sql/storage/segment"
)

// The sizes of frames. A scan begins with few rows, as its reader may want no more, and reads more and more at once; frames that
// follow are then read ahead, on other processors and while requests are under way.
const (
	frameFirst  = 1 << 10
	frameMax    = 1 << 16
	frameCells  = 1 << 20 // rows times columns
	frameAhead  = 4       // frames under way at least, and at first
	framesMost  = 16      // and at most, of frames that are smaller than frameCells
	aheadBeyond = 1 << 14 // rows of a frame at which reading ahead begins
	smallFrame  = 1 << 12 // up to so many rows the fewest requests are the fastest; above, bytes count
)

// run reads segments that do not overlap, one after the other in the order of a scan: those of a level of a table, or some of
// level 0.
type run struct {
	fs   *files
	spec *ScanSpec
	segs []*seg // to come, the current one first; in the order of the scan
	// shared tells the segments whose keys other runs or the delta may come between.
	shared map[*seg]bool

	v      *version
	open   bool           // of the current segment: spans are set
	spans  []segment.Span // rows of it for which no frame was asked yet, ascending and apart
	hidden *hidden        // of it, with ScanSpec.AnyOrder; nil: the delta hides none
	edgeLo int            // frames that touch these rows have to be cut by the keys of the scan's bounds; -1 none
	edgeHi int
	size   int // rows of the next frame
	read   int // frames that the scan has come to
	ahead  []*pending

	first, rest []int     // the columns that the filter needs, and the others; nil: none is read first
	lateness    *lateness // of all runs of a scan

	f       *frame // current; nil: none was read since the last one ended
	at, end int    // its rows to come
	done    bool
}

func newRun(fs *files, v *version, spec *ScanSpec, segs []*seg, shared map[*seg]bool, late *lateness) *run {
	r := &run{fs: fs, v: v, spec: spec, segs: slices.Clone(segs), shared: shared, size: frameFirst, lateness: late}
	r.first, r.rest = spec.late()
	if spec.Reverse {
		slices.Reverse(r.segs)
	}
	if spec.First == 0 && !spec.Reverse {
		r.size *= 4
	}
	if spec.AnyOrder {
		r.size = r.largest()
	}
	r.done = len(segs) == 0
	return r
}

// bound returns a key that no row to come is before, in the order of the scan.
func (r *run) bound() string {
	switch {
	case r.f != nil && r.f.keys != nil && r.spec.Reverse:
		return r.f.keys[r.end-1]
	case r.f != nil && r.f.keys != nil:
		return r.f.keys[r.at]
	case r.spec.Reverse && r.spec.Hi != "":
		return min(r.current().meta.Last, r.spec.Hi)
	case r.spec.Reverse:
		return r.current().meta.Last
	}
	return max(r.current().meta.First, r.spec.Lo)
}

// last returns a key that no row to come of the current segment is after, in the order of the scan.
func (r *run) last() string {
	if r.spec.Reverse {
		return r.current().meta.First
	}
	return r.current().meta.Last
}

func (r *run) current() *seg {
	switch {
	case r.f != nil:
		return r.f.g
	case len(r.ahead) > 0:
		return r.ahead[0].spec.g
	}
	return r.segs[0]
}

// fill moves past rows that are gone, reads the next frame where the current one has ended, and reports whether there is a row.
func (r *run) fill(ctx context.Context) (bool, error) {
	for {
		if r.f != nil {
			r.trimDead()
			if r.at < r.end {
				return true, nil
			}
			r.f = nil
		}
		if err := r.next(ctx); err != nil || r.done {
			return false, err
		}
	}
}

// trimDead moves over rows that are gone where the next row is one.
func (r *run) trimDead() {
	dead := r.f.dead
	if len(dead) == 0 {
		return
	}
	if r.spec.Reverse {
		for i, _ := slices.BinarySearch(dead, int32(r.end)); i > 0 && r.end > r.at && int(dead[i-1]) == r.end-1; i-- {
			r.end--
		}
		return
	}
	for i, _ := slices.BinarySearch(dead, int32(r.at)); i < len(dead) && r.at < r.end && int(dead[i]) == r.at; i++ {
		r.at++
	}
}

// next makes the next frame the current one, or sets done.
func (r *run) next(ctx context.Context) error {
	for {
		if err := r.readAhead(ctx); err != nil {
			return err
		}
		if len(r.ahead) == 0 {
			r.done = true
			return nil
		}
		p := r.ahead[0]
		f, err := r.finish(ctx, p)
		if err != nil {
			return err
		}
		r.ahead[0] = nil // a frame is large
		r.ahead = r.ahead[1:]
		r.read++
		if f != nil {
			r.enter(f)
			return nil
		}
	}
}

// readAhead asks for the frames that follow, until there are enough. A frame that is not to be read ahead has been read when it
// returns.
func (r *run) readAhead(ctx context.Context) error {
	for len(r.ahead) == 0 || len(r.ahead) < r.depth() && r.size > aheadBeyond {
		inOwn := len(r.ahead) > 0 || r.size > aheadBeyond
		spec, ok, err := r.ask(ctx)
		if err != nil || !ok {
			return err
		}
		if r.first != nil && (spec.n > smallFrame || r.lateness.on) && r.lateness.next() {
			p := r.fs.begin(ctx, r.firstOf(spec), r.spec.Cols, inOwn)
			p.late, p.spec = true, spec // the goroutine has a copy of its own
			r.ahead = append(r.ahead, p)
		} else {
			r.ahead = append(r.ahead, r.fs.begin(ctx, spec, r.spec.Cols, inOwn))
		}
	}
	return nil
}

// finish waits for a frame; nil: the filter has left no row of it.
func (r *run) finish(ctx context.Context, p *pending) (*frame, error) {
	if err := p.wait(ctx); err != nil || !p.late {
		return p.f, err
	}
	for _, x := range r.ahead { // those that follow are read on while this one is waited for
		if x.late && !x.settled && x.ready() && x.err == nil {
			r.settle(ctx, x, x != p || r.size > aheadBeyond)
		}
	}
	if p.rest == nil {
		return nil, nil
	}
	if err := p.rest.wait(ctx); err != nil {
		return nil, err
	}
	return p.whole(r.spec.Cols), nil
}

// enter makes f the current frame, without the rows outside the scan's bounds.
func (r *run) enter(f *frame) {
	r.f, r.at, r.end = f, 0, f.n
	if f.keys == nil {
		return
	}
	if lo := r.spec.Lo; lo > f.keys[0] {
		r.at = sort.SearchStrings(f.keys, lo)
	}
	if hi := r.spec.Hi; hi != "" && hi <= f.keys[f.n-1] {
		r.end = max(r.at, sort.SearchStrings(f.keys, hi))
	}
}

// largest returns the most rows of a frame.
func (r *run) largest() int {
	return min(frameMax, max(frameFirst, frameCells/r.width()))
}

// width returns how many columns of a frame are read at first.
func (r *run) width() int {
	if r.lateness.on {
		return max(len(r.first), 1)
	}
	return max(len(r.spec.Cols), 1)
}

// depth returns how many frames may be under way. It grows while the scan goes on, as far as they take no more memory together than
// frameAhead of the largest.
func (r *run) depth() int {
	fit := frameAhead * frameCells / (r.size * r.width())
	return min(frameAhead+r.read, framesMost, max(frameAhead, fit))
}

// ask returns the next frame to be read; ok is false when there is none.
func (r *run) ask(ctx context.Context) (spec frameSpec, ok bool, err error) {
	for !r.open || len(r.spans) == 0 {
		if r.open {
			r.segs, r.open = r.segs[1:], false
		}
		if len(r.segs) == 0 {
			return spec, false, nil
		}
		if err := r.enterSegment(ctx); err != nil {
			return spec, false, err
		}
	}
	spec = frameSpec{g: r.segs[0], keys: r.spec.WithKeys || r.shared[r.segs[0]], hidden: r.hidden}
	n := min(r.size, r.largest())
	if !r.spec.Reverse { // row groups begin at multiples of frameMax, as a rule: a frame of two takes twice the requests
		n = min(n, frameMax-r.spans[0].From%frameMax)
	}
	spec.spans, r.spans = cutSpans(r.spans, n, r.spec.Reverse)
	for _, s := range spec.spans {
		spec.n += s.N
	}
	first, last := spec.spans[0], spec.spans[len(spec.spans)-1]
	if r.edgeLo >= 0 && first.From <= r.edgeLo || r.edgeHi >= 0 && last.From+last.N >= r.edgeHi {
		spec.keys = true
	}
	r.size = min(4*r.size, r.largest())
	return spec, true, nil
}

// cutSpans takes n rows from the start of spans, from their end for reverse.
func cutSpans(spans []segment.Span, n int, reverse bool) (cut, rest []segment.Span) {
	if reverse {
		for i := len(spans) - 1; i >= 0; i-- {
			s := spans[i]
			if s.N >= n {
				rest = append(slices.Clone(spans[:i]), segment.Span{From: s.From, N: s.N - n})
				if s.N == n {
					rest = rest[:i]
				}
				return append([]segment.Span{{From: s.From + s.N - n, N: n}}, spans[i+1:]...), rest
			}
			n -= s.N
		}
		return spans, nil
	}
	for i, s := range spans {
		if s.N >= n {
			cut = append(slices.Clone(spans[:i]), segment.Span{From: s.From, N: n})
			rest = slices.Clone(spans[i:])
			if rest[0] = (segment.Span{From: s.From + n, N: s.N - n}); s.N == n {
				rest = rest[1:]
			}
			return cut, rest
		}
		n -= s.N
	}
	return spans, nil
}

// enterSegment finds the rows of the next segment that may be within the bounds of the scan.
func (r *run) enterSegment(ctx context.Context) error {
	g := r.segs[0]
	r.open, r.spans, r.edgeLo, r.edgeHi, r.hidden = true, []segment.Span{{N: g.meta.Rows}}, -1, -1, nil
	if r.spec.AnyOrder {
		r.hidden = newHidden(r.v, g)
	}
	cutLo, cutHi := r.spec.Lo > g.meta.First, r.spec.Hi != "" && r.spec.Hi <= g.meta.Last
	if !cutLo && !cutHi && len(r.spec.Bounds) == 0 {
		return nil
	}
	r.openAhead(ctx)
	rd, err := r.fs.reader(ctx, g)
	if err != nil {
		return err
	}
	if len(r.spec.Bounds) > 0 {
		if r.spans, err = rd.Prune(r.spec.Bounds); err != nil {
			return err
		}
	}
	lo, hi := 0, g.meta.Rows
	if cutLo {
		page, _ := rd.PageOf(r.spec.Lo)
		lo, _ = rd.PageRows(max(page, 0))
		r.edgeLo = lo
	}
	if cutHi {
		page, _ := rd.PageOf(r.spec.Hi)
		from, n := rd.PageRows(max(page, 0))
		hi = max(lo, from+n)
		r.edgeHi = hi
	}
	r.spans = clip(r.spans, lo, hi)
	return nil
}

// clip returns the parts of spans in [lo, hi).
func clip(spans []segment.Span, lo, hi int) (out []segment.Span) {
	for _, s := range spans {
		from, to := max(s.From, lo), min(s.From+s.N, hi)
		if from < to {
			out = append(out, segment.Span{From: from, N: to - from})
		}
	}
	return out
}

// openAhead has the footers of the segments that follow read meanwhile.
func (r *run) openAhead(ctx context.Context) {
	for _, g := range r.segs[1:min(len(r.segs), 1+frameAhead)] {
		if _, ok := r.fs.readers.Get(g.meta.ID); !ok && !r.fs.isOpening(g) {
			go func() { _, _ = r.fs.reader(ctx, g) }() // whoever needs it meets the error
		}
	}
}
