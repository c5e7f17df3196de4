package table

import (
	"context"
	"errors"

	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/segment"
)

// output writes rows in key order to new segments of a table. Nobody sees them before a commit names them.
type output struct {
	db     *DB
	table  uint32
	level  int
	schema Schema

	id   segmentID
	up   *object.Upload
	w    *segment.Writer // nil: none is open
	segs []*seg          // finished

	texts  []*textOutput // of the full-text indexes; those that are merged from others' files are not among them
	merged []*textMerge  // those that are
	moved  *placement    // where rows have gone; nil: nothing is merged
}

func (db *DB) newOutput(table uint32, level int, schema Schema) *output {
	o := &output{db: db, table: table, level: level, schema: schema}
	for _, ix := range schema.Texts {
		o.texts = append(o.texts, newTextOutput(ix, schema.Columns))
	}
	return o
}

// add appends a row.
func (o *output) add(ctx context.Context, key, row string) error {
	if err := o.room(ctx); err != nil {
		return err
	}
	for _, t := range o.texts {
		if err := t.add(row); err != nil {
			return err
		}
	}
	return o.w.Add(key, row)
}

// addColumns appends n rows from position from.
func (o *output) addColumns(ctx context.Context, keys []string, cols []*vec.Vector, from, n int) error {
	if err := o.room(ctx); err != nil {
		return err
	}
	for _, t := range o.texts {
		if err := t.addColumns(cols, from, n); err != nil {
			return err
		}
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
		o.up = object.NewUpload(ctx, o.db.store, segment.ObjectKey(o.table, o.id))
		var err error
		o.w, err = segment.NewWriter(o.up, o.id, o.schema.Columns, segment.WriterOptions{Level: o.level})
		return err
	}
	return nil
}

// finish writes the segment that is open.
func (o *output) finish(ctx context.Context) error {
	if o.w == nil {
		return nil
	}
	m, err := o.w.Finish()
	if err != nil {
		return err
	}
	if _, err := o.up.Commit(ctx); err != nil {
		return err
	}
	o.w, o.up = nil, nil
	g := newSeg(o.table, m)
	o.segs = append(o.segs, g)
	for _, t := range o.texts {
		if err := o.writeText(ctx, g, t.ix, t.finish); err != nil {
			return err
		}
	}
	return nil
}

// abort gives up a segment that is open.
func (o *output) abort(ctx context.Context) {
	if o.up == nil {
		return
	}
	if err := o.up.Abort(ctx); err != nil && !errors.Is(err, context.Canceled) {
		o.db.opts.Logger.Warn("an upload could not be given up", "table", o.table, "error", err)
	}
	o.w, o.up = nil, nil
}

// discard removes what was written, which no commit names. What it leaves behind VACUUM removes.
func (o *output) discard(ctx context.Context) {
	o.abort(ctx)
	for _, t := range o.texts {
		t.close()
	}
	var keys []string
	for _, g := range o.segs {
		keys = append(append(keys, g.key()), g.textKeys()...)
	}
	for _, k := range keys {
		o.db.files.cache.Forget(k)
	}
	if len(keys) == 0 {
		return
	}
	if err := o.db.store.Delete(ctx, keys...); err != nil && !errors.Is(err, context.Canceled) {
		o.db.opts.Logger.Warn("segments that nothing names could not be removed; VACUUM removes them", "table", o.table, "error", err)
	}
}
