package table

import (
	"bytes"
	"context"
	"errors"

	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/cache"
	"github.com/s3sql/s3sql/storage/segment"
)

// output writes rows in key order to new segments of a table. Nobody sees them before a commit names them.
type output struct {
	db     *DB
	table  uint32
	level  int
	schema segment.Schema

	buf  bytes.Buffer
	id   segmentID
	w    *segment.Writer // nil: none is open
	segs []*seg          // finished
}

func (db *DB) newOutput(table uint32, level int, schema segment.Schema) *output {
	return &output{db: db, table: table, level: level, schema: schema}
}

// add appends a row.
func (o *output) add(ctx context.Context, key, row string) error {
	if err := o.room(ctx); err != nil {
		return err
	}
	return o.w.Add(key, row)
}

// addColumns appends n rows from position from.
func (o *output) addColumns(ctx context.Context, keys []string, cols []*vec.Vector, from, n int) error {
	if err := o.room(ctx); err != nil {
		return err
	}
	return o.w.AddColumns(keys, cols, from, n)
}

// room closes a segment that has its size, and opens one where there is none.
func (o *output) room(ctx context.Context) error {
	if o.w != nil && o.w.Size() >= int64(o.db.opts.limits.object) {
		if err := o.finish(ctx); err != nil {
			return err
		}
	}
	if o.w == nil {
		o.id = newSegmentID(o.db.opts.Clock, o.db.opts.Rand)
		o.buf.Reset()
		var err error
		o.w, err = segment.NewWriter(&o.buf, o.id, o.schema, segment.WriterOptions{Level: o.level})
		return err
	}
	return nil
}

// finish writes the segment that is open.
func (o *output) finish(ctx context.Context) error {
	if o.w == nil {
		return nil
	}
	w := o.w
	o.w = nil
	m, err := w.Finish()
	if err != nil {
		return err
	}
	g := newSeg(o.table, m)
	if _, err := o.db.store.Put(ctx, g.key(), o.buf.Bytes()); err != nil {
		return err
	}
	o.db.files.cache.Put(cache.Object{Key: g.key(), Size: m.Bytes, SHA256: m.SHA256}, o.buf.Bytes())
	o.segs = append(o.segs, g)
	return nil
}

// discard removes what was written, which no commit names. What it leaves behind VACUUM removes.
func (o *output) discard(ctx context.Context) error {
	keys := make([]string, len(o.segs))
	for i, g := range o.segs {
		keys[i] = g.key()
		o.db.files.cache.Forget(keys[i])
	}
	if len(keys) == 0 {
		return nil
	}
	if err := o.db.store.Delete(ctx, keys...); err != nil && !errors.Is(err, context.Canceled) {
		o.db.opts.Logger.Warn("segments that nothing names could not be removed; VACUUM removes them", "table", o.table, "error", err)
	}
	return nil
}
