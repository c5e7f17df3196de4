package table

import (
	"context"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/segment"
)

// rangeFirst is how many rows of a range are read at first: most ranges have few.
const rangeFirst = 128

// rawCols asks for the rows of a table whose rows are not made of fields.
var rawCols = []ScanCol{{ID: segment.RowID, Type: base.Type{ID: base.TypeLongBlob}}}

// raw reports whether the rows of the table are not made of fields: those of an index.
func (s *segments) raw() bool {
	for _, level := range s.levels {
		for _, g := range level {
			return len(g.meta.Columns) == 0
		}
	}
	return false
}

// ascend calls fn with the live rows of a range, of a version with segments, in key order until it returns false.
func (fs *files) ascend(ctx context.Context, v *version, lo, hi string, fn func(key, row string) bool) error {
	spec := ScanSpec{Lo: lo, Hi: hi, WithKeys: true, First: rangeFirst}
	raw := v.segs.raw()
	if raw {
		spec.Cols = rawCols
	}
	m := newMerge(fs, v, spec)
	m.raw = raw
	var b vec.Batch
	for {
		keys, ok, err := m.next(ctx, &b)
		if err != nil || !ok {
			return err
		}
		rows := make([]Found, len(keys))
		if raw {
			for i := range rows {
				rows[i] = Found{b.Cols[0].Str[i], true}
			}
		} else if err := fs.rowsOf(ctx, v, keys, rows); err != nil {
			return err
		}
		for i, key := range keys {
			if !fn(key, rows[i].Row) {
				return nil
			}
		}
	}
}

// rowsOf sets found to the rows of live keys.
func (fs *files) rowsOf(ctx context.Context, v *version, keys []string, found []Found) error {
	var ask []int
	for i, key := range keys {
		row, ok, known := v.inMemory(key)
		if found[i] = (Found{row, ok}); !known {
			ask = append(ask, i)
		}
	}
	return fs.getMany(ctx, v.segs, keys, ask, found)
}
