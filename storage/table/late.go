package table

import (
	"context"
	"sort"

	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/segment"
)

// Filter lets a scan leave out rows that its caller drops: it reads the columns the filter needs first, and of the others the
// pages in which a row is left.
type Filter struct {
	// Cols are the positions in ScanSpec.Cols of the columns that Keep looks at.
	Cols []int
	// Keep returns the rows of b that are needed, ascending, written over sel. Only the vectors at Cols are there, and rows may be
	// among them that the scan does not return. It is called by Scanner.Next.
	Keep func(b *vec.Batch, sel []int32) ([]int32, error)
}

// lateAgain is how many frames are read whole, after one of which the filter has left most, until the filter is asked again.
const lateAgain = 16

// lateness decides which frames of a scan are read by the filter first. It pays where the filter leaves few pages, and costs a
// round trip: the first frame tells, and after that every frame that was read so.
type lateness struct {
	on      bool
	asking  bool // the frame that tells is under way
	waiting int  // frames until the next one that tells
}

// next reports whether the next frame is to be read by the filter first.
func (l *lateness) next() bool {
	switch {
	case l.on:
		return true
	case l.asking:
		return false
	case l.waiting > 0:
		l.waiting--
		return false
	}
	l.asking = true
	return true
}

// learn takes how many rows of a frame are in pages that the filter has left.
func (l *lateness) learn(left, rows int) {
	l.asking = false
	if l.on = left <= rows/2; !l.on {
		l.waiting = lateAgain
	}
}

// late returns the columns of a scan that its filter needs, and the others; nil: there is no filter, or no other column.
func (s *ScanSpec) late() (first, rest []int) {
	if s.Filter == nil || len(s.Filter.Cols) >= len(s.Cols) {
		return nil, nil
	}
	needed := make([]bool, len(s.Cols))
	for _, i := range s.Filter.Cols {
		needed[i] = true
	}
	for i := range s.Cols {
		if !needed[i] {
			rest = append(rest, i)
		}
	}
	return s.Filter.Cols, rest
}

// firstOf returns the specification of the part of a frame that the filter looks at.
func (r *run) firstOf(spec frameSpec) frameSpec {
	spec.cols, spec.keys, spec.hidden = r.first, false, nil
	return spec
}

// settle asks the filter about a frame that has its columns, and starts to read the others of what is left of it.
func (r *run) settle(ctx context.Context, p *pending, inOwn bool) {
	p.settled = true
	sel, err := r.kept(p.f)
	if err != nil { // it is for the caller to meet that, at a row that is there
		sel = all(p.f.n)
	}
	spec, pieces := narrow(p.spec, p.f, sel)
	r.lateness.learn(spec.n, p.spec.n)
	if spec.n > 0 {
		spec.cols, p.pieces = r.rest, pieces
		p.rest = r.fs.begin(ctx, spec, r.spec.Cols, inOwn)
	}
}

// kept returns the rows of a frame that the filter leaves.
func (r *run) kept(f *frame) (rows []int32, err error) {
	b := vec.Batch{Cols: make([]*vec.Vector, len(r.spec.Cols))}
	var sel []int32
	for from := 0; from < f.n; from += vec.MaxRows {
		b.N = min(vec.MaxRows, f.n-from)
		for _, i := range r.first {
			b.Cols[i] = f.cols[i].slice(r.spec.Cols[i], from, b.N)
		}
		if sel, err = r.spec.Filter.Keep(&b, sel[:0]); err != nil {
			return nil, err
		}
		for _, i := range sel {
			rows = append(rows, int32(from)+i)
		}
	}
	return rows, nil
}

func all(n int) []int32 {
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}

// narrow returns a frame's specification without the pages of which no row is in keep, and where the rows that are left are in f.
func narrow(spec frameSpec, f *frame, keep []int32) (left frameSpec, pieces []segment.Span) {
	left = spec
	left.spans, left.n = nil, 0
	at := 0 // where the span begins in the frame
	for _, s := range spec.spans {
		for len(keep) > 0 && int(keep[0]) < at+s.N {
			page, rows := f.r.PageRows(f.r.PageAt(s.From + int(keep[0]) - at))
			from, to := max(page, s.From), min(page+rows, s.From+s.N)
			left.spans, pieces = join(left.spans, from, to-from), join(pieces, at+from-s.From, to-from)
			left.n += to - from
			end := int32(at + to - s.From)
			keep = keep[sort.Search(len(keep), func(i int) bool { return keep[i] >= end }):]
		}
		at += s.N
	}
	return left, pieces
}

// join appends a span, to the last one where that ends at its beginning.
func join(spans []segment.Span, from, n int) []segment.Span {
	if last := len(spans) - 1; last >= 0 && spans[last].From+spans[last].N == from {
		spans[last].N += n
		return spans
	}
	return append(spans, segment.Span{From: from, N: n})
}

// whole returns the frame of a pending one whose rest has been read: with the filter's columns, of the rows that are left.
func (p *pending) whole(cols []ScanCol) *frame {
	f := p.rest.f
	for i, c := range p.f.cols {
		if c == nil {
			continue
		}
		v := vec.New(c.vec.Class, c.vec.Scale, f.n)
		at := 0
		for _, s := range p.pieces {
			c.copyTo(v, cols[i], at, s.From, s.N, false)
			at += s.N
		}
		f.cols[i] = &column{id: c.id, vec: v}
	}
	return f
}
