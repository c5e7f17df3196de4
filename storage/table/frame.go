package table

import (
	"context"
)

// frame is a run of rows of one segment, read into memory.
type frame struct {
	g    *seg
	from int       // position of the first row in the segment
	n    int       // rows
	cols []*column // those of the scan, n rows each
	keys []string  // nil: not read
	dead []int32   // rows of the frame that are gone, ascending
}

// frameSpec says which rows a frame is to have.
type frameSpec struct {
	g       *seg
	from, n int
	keys    bool
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
	plan, err := r.Plan(fieldsOf(cols), spec.keys, spec.from, spec.n)
	if err != nil {
		return nil, err
	}
	data, err := fs.source(spec.g).ReadRanges(ctx, plan.Ranges)
	if err != nil {
		return nil, err
	}
	w, err := plan.Decode(data)
	if err != nil {
		return nil, err
	}
	f := &frame{g: spec.g, from: spec.from, n: spec.n, keys: w.Keys, cols: make([]*column, len(cols))}
	for i := range cols {
		f.cols[i] = &column{id: cols[i].ID, vec: w.Cols[i]}
	}
	if spec.g.dead != nil {
		it := spec.g.dead.Iterator()
		for it.AdvanceIfNeeded(uint32(spec.from)); it.HasNext(); {
			row := int(it.Next()) - spec.from
			if row >= spec.n {
				break
			}
			f.dead = append(f.dead, int32(row))
		}
	}
	return f, nil
}
