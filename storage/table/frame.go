package table

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/s3sql/s3sql/storage/segment"
)

// frame is rows of one segment, read into memory.
type frame struct {
	g    *seg
	r    *segment.Reader
	n    int       // rows
	from int       // in the segment, of the first; those of a frame of one span follow
	cols []*column // those of the scan, n rows each; nil: not read
	keys []string  // nil: not read
	dead []int32   // rows of the frame that are gone, ascending
}

// frameSpec says which rows a frame is to have.
type frameSpec struct {
	g      *seg
	spans  []segment.Span // ascending and apart
	n      int            // rows in them
	cols   []int          // positions in the scan's columns; nil: all of them
	keys   bool
	hidden *hidden // nil: the delta hides no row
}

// pending is a frame that is being read.
type pending struct {
	spec frameSpec
	done chan struct{}
	f    *frame
	err  error

	// Of a frame that is read by the filter first (late.go): f has its columns only.
	late    bool
	settled bool           // the filter was asked
	pieces  []segment.Span // rows of f that are left
	rest    *pending       // their other columns; nil: no row is left
}

// begin reads a frame: in a goroutine of its own, which ends soon after ctx does, or before it returns.
func (fs *files) begin(ctx context.Context, spec frameSpec, cols []ScanCol, inOwn bool) *pending {
	p := &pending{spec: spec, done: make(chan struct{})}
	read := func() {
		defer close(p.done)
		p.f, p.err = fs.frame(ctx, spec, cols)
	}
	if inOwn {
		go read()
	} else {
		read()
	}
	return p
}

func (p *pending) wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ready reports whether wait would return at once.
func (p *pending) ready() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// frame reads rows of a segment.
func (fs *files) frame(ctx context.Context, spec frameSpec, cols []ScanCol) (*frame, error) {
	r, err := fs.reader(ctx, spec.g)
	if err != nil {
		return nil, err
	}
	asked := cols
	if spec.cols != nil {
		asked = make([]ScanCol, len(spec.cols))
		for k, i := range spec.cols {
			asked[k] = cols[i]
		}
	}
	plan, err := r.PlanSpans(fieldsOf(asked), spec.keys, spec.spans)
	if err != nil {
		return nil, err
	}
	src := fs.source(spec.g)
	data, err := src.read(ctx, plan.Ranges, spec.n > smallFrame)
	if err != nil {
		return nil, err
	}
	w, err := plan.Decode(data)
	if err != nil {
		return nil, err
	}
	f := &frame{g: spec.g, r: r, n: spec.n, from: spec.spans[0].From, keys: w.Keys, cols: make([]*column, len(cols))}
	for k := range asked {
		i := k
		if spec.cols != nil {
			i = spec.cols[k]
		}
		f.cols[i] = &column{id: asked[k].ID, vec: w.Cols[k]}
	}
	dead := spec.g.dead
	if spec.hidden != nil {
		if dead, err = spec.hidden.with(ctx, fs, r); err != nil {
			return nil, err
		}
	}
	f.dead = positions(spec.spans, dead)
	return f, nil
}

// positions returns the places in the rows of spans, one after the other, of the rows in set; nil has none.
func positions(spans []segment.Span, set *roaring.Bitmap) (out []int32) {
	if set == nil {
		return nil
	}
	at, it := 0, set.Iterator()
	for _, s := range spans {
		for it.AdvanceIfNeeded(uint32(s.From)); it.HasNext() && int(it.PeekNext()) < s.From+s.N; {
			out = append(out, int32(at+int(it.Next())-s.From))
		}
		at += s.N
	}
	return out
}
