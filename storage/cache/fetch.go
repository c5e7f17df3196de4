package cache

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
)

// fetch reads from the store.
func (c *Cache) fetch(ctx context.Context, obj Object, f fetches) ([][]byte, error) {
	chunks := make([][][]byte, len(f.groups))
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.SetLimit(getsMax)
	gets, _ := f.cost()
	for i, g := range f.groups {
		ranges := g.chunks()
		chunks[i] = make([][]byte, len(ranges))
		for j, r := range ranges {
			get := func() (err error) {
				chunks[i][j], err = c.get(ctx, obj, r)
				return err
			}
			if gets > 1 {
				tasks.Go(get)
			} else if err := get(); err != nil { // needs no other goroutine
				return nil, err
			}
		}
	}
	if err := tasks.Wait(); err != nil {
		return nil, err
	}
	out := make([][]byte, f.ranges)
	for i, g := range f.groups {
		for _, p := range g.parts {
			out[p.index] = g.cut(p.r, chunks[i])
		}
	}
	return out, nil
}

// get reads one chunk when its turn has come.
func (c *Cache) get(ctx context.Context, obj Object, r Range) ([]byte, error) {
	select {
	case c.gets <- struct{}{}:
		defer func() { <-c.gets }()
	case <-ctx.Done():
		return nil, object.FailContext(ctx, object.OpGetRange, obj.Key, false)
	}
	o, err := c.store.GetRange(ctx, obj.Key, r.Off, r.Len)
	return checked(obj, r, o, err)
}

// checked holds an answer of the store to what is known of the object.
func checked(obj Object, r Range, o object.Object, err error) ([]byte, error) {
	switch {
	case errors.Is(err, object.ErrNotFound):
		e := base.Corruptf(obj.Key, "segment object is missing, of which %d bytes at offset %d are needed", r.Len, r.Off)
		e.Err = object.ErrNotFound // err itself has another kind
		return nil, e
	case errors.Is(err, object.ErrRange):
		e := base.Corruptf(obj.Key, "segment object ends before offset %d; it should have %d bytes", r.Off, obj.Size)
		e.Err = object.ErrRange
		return nil, e
	case err != nil:
		return nil, err
	case o.Size != obj.Size:
		return nil, base.Corruptf(obj.Key, "segment object has %d bytes instead of %d, found at offset %d", o.Size, obj.Size, r.Off)
	case int64(len(o.Data)) != r.Len:
		return nil, base.Corruptf(obj.Key, "store gave %d bytes at offset %d instead of %d", len(o.Data), r.Off, r.Len)
	}
	return o.Data, nil
}
