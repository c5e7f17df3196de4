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
	if s == nil {
		return false
	}
	for _, level := range s.levels {
		for _, g := range level {
			return len(g.meta.Columns) == 0
		}
	}
	return false
}

// each calls fn with the live rows of a range of keys, in the order of the scan, until it returns false. Bounds and direction are
// those of spec.
func (fs *files) each(ctx context.Context, v *version, spec ScanSpec, fn func(key, row string) bool) error {
	s := fs.scanRows(v, spec)
	var b vec.Batch
	for {
		keys, rows, ok, err := fs.nextRows(ctx, v, s, &b)
		if err != nil || !ok {
			return err
		}
		for i, key := range keys {
			if !fn(key, rows[i].Row) {
				return nil
			}
		}
	}
}

// scanRows starts a scan for nextRows.
func (fs *files) scanRows(v *version, spec ScanSpec) *Scanner {
	spec.WithKeys, spec.First = true, rangeFirst
	raw := v.segs.raw()
	if raw {
		spec.Cols = rawCols
	}
	s := fs.scan(v, spec)
	if s.m != nil {
		s.m.raw = raw
	}
	return s
}

// nextRows returns the next stored rows of a scan, with their keys.
func (fs *files) nextRows(ctx context.Context, v *version, s *Scanner, b *vec.Batch) (keys []string, rows []Found, ok bool, err error) {
	if keys, ok, err = s.Next(ctx, b); err != nil || !ok {
		return nil, nil, false, err
	}
	rows = make([]Found, len(keys))
	if !v.segs.raw() {
		return keys, rows, true, fs.rowsOf(ctx, v, keys, rows)
	}
	for i := range rows {
		rows[i] = Found{b.Cols[0].Str[i], true}
	}
	return keys, rows, true, nil
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
	if len(ask) == 0 {
		return nil
	}
	return fs.getMany(ctx, v.segs, keys, ask, found)
}
