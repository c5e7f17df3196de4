package segment

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/s3sql/s3sql/storage/row"
)

// Verify reads the whole object and compares it with its description: its SHA-256, the order of the keys, the bloom filters,
// and of every page the number of NULLs and the bounds. It holds the object in memory.
//
// Cost: one ReadRanges of all bytes, and one of the bloom filters.
// Errors: Corrupt (names object and offset), those of the Source.
func (r *Reader) Verify(ctx context.Context) error {
	data, err := r.read(ctx, []Range{{0, r.meta.Bytes}})
	if err != nil {
		return err
	}
	whole := data[0]
	if sha256.Sum256(whole) != r.meta.SHA256 {
		return r.corrupt(0, "its SHA-256 is another one than its description says")
	}
	fields := make([]row.Field, len(r.columns)-1)
	for i := range fields {
		c := &r.columns[i+1]
		fields[i] = row.Field{ID: c.id, Class: c.kind.class, Scale: c.kind.scale}
	}
	last := ""
	for p := range r.Pages() {
		from, n := r.PageRows(p)
		plan, err := r.Plan(fields, true, from, n)
		if err != nil {
			return err
		}
		pieces := make([][]byte, len(plan.Ranges))
		for i, at := range plan.Ranges {
			pieces[i] = whole[at.Off : at.Off+at.Len]
		}
		w, err := plan.Decode(pieces)
		if err != nil {
			return err
		}
		if err := r.verifyKeys(ctx, p, last, w.Keys); err != nil {
			return err
		}
		last = w.Keys[n-1]
		for i, v := range w.Cols {
			c := &r.columns[i+1]
			index, err := c.index()
			if err != nil {
				return err
			}
			got, b := extent(v, 0, n), index[p]
			if got.nulls != b.nulls || !got.min.IsNull() && (compare(got.min, b.min) < 0 || compare(got.max, b.max) > 0) {
				return r.corrupt(r.placeOf(c, p), fmt.Sprintf("a page of column %d is outside of its bounds", c.id))
			}
		}
	}
	if last != r.meta.Last {
		return r.corrupt(0, "its last key is another one than its description says")
	}
	return nil
}

// verifyKeys looks at the keys of page p, which follow last.
func (r *Reader) verifyKeys(ctx context.Context, p int, last string, keys []string) error {
	at := r.placeOf(&r.columns[0], p)
	if p == 0 && keys[0] != r.meta.First {
		return r.corrupt(at, "its first key is another one than its description says")
	}
	for i, key := range keys {
		if key <= last && (p > 0 || i > 0) {
			return r.corrupt(at, "keys are out of order")
		}
		ok, err := r.MayHold(ctx, key)
		if err != nil {
			return err
		}
		if got, _ := r.PageOf(key); !ok || got != p {
			return r.corrupt(at, "a key is not where the indexes say")
		}
		last = key
	}
	return nil
}
