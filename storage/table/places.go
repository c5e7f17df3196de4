package table

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/row"
)

// Place is a row of one of several TextParts.
type Place struct {
	Part int
	Doc  uint32
}

// RowsAt puts the rows at some places, in that order, into b, and returns their keys if withKeys is set. No place is there twice. b's
// columns are replaced and the caller's.
// Cost: none for rows in memory or in a cache; else two GETs for each segment, for the pages that have some of the rows, at once.
// Errors: Corrupt, those of the store, ctx.Err().
func (tx *Tx) RowsAt(ctx context.Context, parts []TextPart, places []Place, cols []ScanCol, withKeys bool, b *vec.Batch) (keys []string, err error) {
	b.N, b.Sel, b.Cols = len(places), nil, make([]*vec.Vector, len(cols))
	for i, q := range cols {
		b.Cols[i] = vec.New(q.Type.Class(), q.scale(), len(places))
	}
	if withKeys {
		keys = make([]string, len(places))
	}
	byPart := map[int][]int{} // places in places
	for i, p := range places {
		byPart[p.Part] = append(byPart[p.Part], i)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	var mu sync.Mutex // of b's bitmaps, in which rows share words
	for part, list := range byPart {
		p := &parts[part]
		slices.SortFunc(list, func(x, y int) int { return int(places[x].Doc) - int(places[y].Doc) })
		if p.seg == nil {
			if err := p.block.rowsAt(places, list, cols, b, keys, &mu); err != nil {
				return nil, err
			}
			continue
		}
		g.Go(func() error { return tx.db.files.rowsAt(ctx, p.seg, places, list, cols, b, keys, &mu) })
	}
	return keys, g.Wait()
}

// rowsAt sets rows of memory.
func (t *textBlock) rowsAt(places []Place, list []int, cols []ScanCol, b *vec.Batch, keys []string, mu *sync.Mutex) error {
	mu.Lock()
	defer mu.Unlock()
	dec := row.NewDecoder(fieldsOf(cols))
	for _, i := range list {
		doc := int(places[i].Doc)
		var key, enc string
		if t.entries != nil {
			key, enc = t.entries[doc].key, t.entries[doc].row
		} else {
			key, enc = t.part.key(doc), t.part.row(doc)
		}
		if keys != nil {
			keys[i] = key
		}
		if err := dec.Decode(enc, b.Cols, i); err != nil {
			return err
		}
	}
	return nil
}

// fewPlaces is how many rows of a segment are read page by page, for the cache to keep the pages; more are read as a scan reads them.
const fewPlaces = 1024

// rowsAt sets rows of a segment.
func (fs *files) rowsAt(ctx context.Context, g *seg, places []Place, list []int, cols []ScanCol, b *vec.Batch, keys []string, mu *sync.Mutex) error {
	if len(list) <= fewPlaces {
		return fs.fewRowsAt(ctx, g, places, list, cols, b, keys, mu)
	}
	spec := frameSpec{g: g, n: len(list), keys: keys != nil}
	for _, i := range list {
		spec.spans = join(spec.spans, int(places[i].Doc), 1)
	}
	f, err := fs.frame(ctx, spec, cols)
	if err != nil {
		return err
	}
	mu.Lock()
	defer mu.Unlock()
	for k, i := range list {
		for c, q := range cols {
			f.cols[c].copyTo(b.Cols[c], q, i, k, 1, false)
		}
		if keys != nil {
			keys[i] = f.keys[k]
		}
	}
	return nil
}

func (fs *files) fewRowsAt(ctx context.Context, g *seg, places []Place, list []int, cols []ScanCol, b *vec.Batch, keys []string, mu *sync.Mutex) error {
	r, err := fs.reader(ctx, g)
	if err != nil {
		return err
	}
	ords, ids := make([]int, len(list)), make([]uint32, 0, len(cols))
	for k, i := range list {
		ords[k] = int(places[i].Doc)
	}
	for _, c := range cols {
		ids = append(ids, c.ID)
	}
	slices.Sort(ids)
	dec := row.NewDecoder(fieldsOf(cols))
	return r.RowsAt(ctx, ords, slices.Compact(ids), keys != nil, func(k int, key, enc string) error {
		mu.Lock()
		defer mu.Unlock()
		if keys != nil {
			keys[list[k]] = key
		}
		return dec.Decode(enc, b.Cols, list[k])
	})
}
