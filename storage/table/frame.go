package table

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/s3sql/s3sql/storage/segment"
)

// frame is rows of one segment, read into memory.
type frame struct {
	g    *seg
	n    int       // rows
	cols []*column // those of the scan, n rows each
	keys []string  // nil: not read
	dead []int32   // rows of the frame that are gone, ascending
}

// frameSpec says which rows a frame is to have.
type frameSpec struct {
	g      *seg
	spans  []segment.Span // ascending and apart
	n      int            // rows in them
	keys   bool
	hidden *hidden // nil: the delta hides no row
}

// pending is a frame that is being read.
type pending struct {
	g    *seg
	done chan struct{}
	f    *frame
	err  error
}

// start reads a frame in a goroutine of its own, which ends soon after ctx does.
func (fs *files) start(ctx context.Context, spec frameSpec, cols []ScanCol) *pending {
	p := &pending{g: spec.g, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.f, p.err = fs.frame(ctx, spec, cols)
	}()
	return p
}

func (p *pending) wait(ctx context.Context) (*frame, error) {
	select {
	case <-p.done:
		return p.f, p.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// frame reads rows of a segment.
func (fs *files) frame(ctx context.Context, spec frameSpec, cols []ScanCol) (*frame, error) {
	r, err := fs.reader(ctx, spec.g)
	if err != nil {
		return nil, err
	}
	plan, err := r.PlanSpans(fieldsOf(cols), spec.keys, spec.spans)
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
	f := &frame{g: spec.g, n: spec.n, keys: w.Keys, cols: make([]*column, len(cols))}
	for i := range cols {
		f.cols[i] = &column{id: cols[i].ID, vec: w.Cols[i]}
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
