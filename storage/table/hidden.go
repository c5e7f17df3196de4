package table

import (
	"context"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/s3sql/s3sql/storage/segment"
)

// hidden finds the rows of a segment that entries of the delta hide, by their positions, once for all frames of a scan.
type hidden struct {
	g *seg
	v *version

	once sync.Mutex // held while they are looked for
	dead *roaring.Bitmap
	done bool
}

// newHidden returns nil when no entry hides a row of g.
func newHidden(v *version, g *seg) *hidden {
	any := false
	v.delta.ascend(g.meta.First, func(e *entry) bool {
		any = e.hides && e.key <= g.meta.Last
		return !any && e.key <= g.meta.Last
	})
	if !any {
		return nil
	}
	return &hidden{g: g, v: v}
}

// with returns the rows of the segment that are gone or hidden.
// Cost: one read of the keys' pages, for those entries whose places nobody has looked for yet.
func (h *hidden) with(ctx context.Context, fs *files, r *segment.Reader) (*roaring.Bitmap, error) {
	h.once.Lock()
	defer h.once.Unlock()
	if h.done {
		return h.dead, nil
	}
	dead := roaring.New()
	if h.g.dead != nil {
		dead.Or(h.g.dead)
	}
	var ask []*entry
	var keys []string
	h.v.delta.ascend(h.g.meta.First, func(e *entry) bool {
		if e.key > h.g.meta.Last {
			return false
		}
		if !e.hides {
			return true
		}
		switch at := e.at.Load(); {
		case at != nil && at.id == h.g.meta.ID:
			dead.Add(at.row)
		case at == nil || h.v.segs.find(at.id) == nil:
			ask, keys = append(ask, e), append(keys, e.key)
		}
		return true
	})
	ords := make([]int, len(keys))
	if err := r.Find(ctx, keys, ords); err != nil {
		return nil, err
	}
	for i, row := range ords {
		if row >= 0 && dead.CheckedAdd(uint32(row)) { // else it was gone before, and hides another segment's
			ask[i].at.Store(&place{h.g.meta.ID, uint32(row)})
		}
	}
	h.dead, h.done = dead, true
	return dead, nil
}
