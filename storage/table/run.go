package table

import (
	"context"
	"slices"
	"sort"
)

// The sizes of frames. A scan begins with few rows, as its reader may want no more, and reads more and more at once; frames that
// follow are then read ahead, on other processors and while requests are under way.
const (
	frameFirst  = 1 << 10
	frameMax    = 1 << 16
	frameCells  = 1 << 20 // rows times columns
	frameAhead  = 4
	aheadBeyond = 1 << 14 // rows of a frame at which reading ahead begins
)

// run reads segments that do not overlap, one after the other in the order of a scan: a level of a table, or one segment of
// level 0.
type run struct {
	fs   *files
	spec *ScanSpec
	segs []*seg // to come, the current one first; in the order of the scan
	// shared tells the segments whose keys other runs or the delta may come between.
	shared map[*seg]bool

	open   bool // of the current segment: lo and hi are set
	lo, hi int  // rows of it for which no frame was asked yet
	edgeLo int  // frames that touch these rows have to be cut by the keys of the scan's bounds; -1 none
	edgeHi int
	size   int // rows of the next frame
	ahead  []*pending

	f       *frame // current; nil: none was read since the last one ended
	at, end int    // its rows to come
	done    bool
}

func newRun(fs *files, spec *ScanSpec, segs []*seg, shared map[*seg]bool) *run {
	r := &run{fs: fs, spec: spec, segs: slices.Clone(segs), shared: shared, size: frameFirst}
	if spec.Reverse {
		slices.Reverse(r.segs)
	}
	if spec.First == 0 && !spec.Reverse {
		r.size *= 4
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
		return r.ahead[0].g
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
	for len(r.ahead) == 0 || len(r.ahead) < frameAhead && r.size > aheadBeyond {
		spec, ok, err := r.ask(ctx)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if len(r.ahead) == 0 && r.size <= aheadBeyond { // nothing is read ahead: no goroutine is needed
			f, err := r.fs.frame(ctx, spec, r.spec.Cols)
			if err != nil {
				return err
			}
			r.enter(f)
			return nil
		}
		r.ahead = append(r.ahead, r.fs.start(ctx, spec, r.spec.Cols))
	}
	if len(r.ahead) == 0 {
		r.done = true
		return nil
	}
	f, err := r.ahead[0].wait(ctx)
	if err != nil {
		return err
	}
	r.ahead = r.ahead[1:]
	r.enter(f)
	return nil
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

// ask returns the next frame to be read; ok is false when there is none.
func (r *run) ask(ctx context.Context) (spec frameSpec, ok bool, err error) {
	for !r.open || r.lo == r.hi {
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
	n := min(r.size, r.hi-r.lo)
	spec = frameSpec{g: r.segs[0], from: r.lo, n: n, keys: r.spec.WithKeys || r.shared[r.segs[0]]}
	if r.spec.Reverse {
		spec.from = r.hi - n
		r.hi -= n
	} else {
		r.lo += n
	}
	if r.edgeLo >= 0 && spec.from <= r.edgeLo || r.edgeHi >= 0 && spec.from+n >= r.edgeHi {
		spec.keys = true
	}
	r.size = min(4*r.size, frameMax, max(frameFirst, frameCells/max(len(r.spec.Cols), 1)))
	return spec, true, nil
}

// enterSegment finds the rows of the next segment that may be within the bounds of the scan.
func (r *run) enterSegment(ctx context.Context) error {
	g := r.segs[0]
	r.open, r.lo, r.hi, r.edgeLo, r.edgeHi = true, 0, g.meta.Rows, -1, -1
	cutLo, cutHi := r.spec.Lo > g.meta.First, r.spec.Hi != "" && r.spec.Hi <= g.meta.Last
	if !cutLo && !cutHi {
		return nil
	}
	rd, err := r.fs.reader(ctx, g)
	if err != nil {
		return err
	}
	if cutLo {
		page, _ := rd.PageOf(r.spec.Lo)
		r.lo, _ = rd.PageRows(max(page, 0))
		r.edgeLo = r.lo
	}
	if cutHi {
		page, _ := rd.PageOf(r.spec.Hi)
		from, n := rd.PageRows(max(page, 0))
		r.hi = max(r.lo, from+n)
		r.edgeHi = r.hi
	}
	return nil
}
