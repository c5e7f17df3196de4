package table

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/segment"
)

// editTries is how often an edit of segments is made anew after another process came between.
const editTries = 5

// Flush writes the rows and changes of a table that are in memory to segments, unless there are none, or the table is a reserved
// one, or local.
// Cost: a PUT for each 64 MiB of segments, one for the commit record, and GETs where rows of older segments are replaced.
// Errors: OptionPrevents (the database is read-only), Closed, those of the store, ctx.Err().
func (db *DB) Flush(ctx context.Context, table uint32) error {
	if err := db.writable(); err != nil {
		return err
	}
	return db.flush(ctx, table)
}

// flush is Flush. Several at once only waste work.
func (db *DB) flush(ctx context.Context, table uint32) error {
	tx := db.begin(TxOptions{ReadOnly: true})
	defer tx.Rollback()
	v := tx.table(table)
	if v.mem == 0 || !v.unfolded {
		return nil
	}
	schema, ok, err := db.schema(ctx, tx, table)
	if err != nil || !ok {
		return err
	}
	out := db.newOutput(table, 0, schema)
	memory := *v
	memory.segs = nil
	memory.each(func(key, row string) bool {
		err = out.add(ctx, key, row)
		return err == nil
	})
	if err == nil {
		err = out.finish(ctx)
	}
	if err != nil {
		out.discard(ctx)
		return err
	}
	e := &edit{born: v.born, flushed: true, flushedFrom: v.flushed, flushedTo: tx.Seq(), add: out.segs}
	keys := v.hiding()
	var unfit error
	err = db.commitEdit(ctx, table, e, func(now *version) error {
		e.kill, unfit = db.files.locate(ctx, now.segs, keys)
		return unfit
	})
	return settleOutput(ctx, out, unfit, err)
}

// settleOutput comes after the commit of what was written, which ended with err. What was written is removed where no commit can
// have happened: unfit says that the last one was not tried, and a conflict that it was refused, which is no error, as another
// process was first.
func settleOutput(ctx context.Context, out *output, unfit, err error) error {
	conflict := base.KindOf(err) == base.KindConflict
	if unfit != nil || conflict {
		out.discard(ctx)
	}
	if conflict {
		return nil
	}
	return err
}

// hiding returns the keys of the entries that may replace a row of a segment, ascending.
func (v *version) hiding() (keys []string) {
	if v.segs == nil {
		return nil
	}
	v.delta.ascend("", func(e *entry) bool {
		if e.hides {
			keys = append(keys, e.key)
		}
		return true
	})
	return keys
}

// locate returns the live rows of ascending keys.
func (fs *files) locate(ctx context.Context, s *segments, keys []string) (out []killing, err error) {
	for _, g := range s.all() {
		in := keysWithin(keys, g.meta.First, g.meta.Last)
		if len(in) == 0 {
			continue
		}
		r, err := fs.reader(ctx, g)
		if err != nil {
			return nil, err
		}
		at := make([]int, len(in))
		if err := r.Find(ctx, in, at); err != nil {
			return nil, err
		}
		rows := roaring.New()
		for _, row := range at {
			if row >= 0 && (g.dead == nil || !g.dead.Contains(uint32(row))) {
				rows.Add(uint32(row))
			}
		}
		if !rows.IsEmpty() {
			out = append(out, killing{g.meta.ID, rows})
		}
	}
	return out, nil
}

// commitEdit commits an edit of a table's segments. prepare makes it fit the version of the table that it is given; it is called
// again when another commit came between.
//
// Errors: Conflict (the edit cannot be made to fit), those of prepare and of Tx.Commit.
func (db *DB) commitEdit(ctx context.Context, table uint32, e *edit, prepare func(now *version) error) error {
	for try := 0; ; try++ {
		tx := db.begin(TxOptions{})
		now := tx.table(table)
		err := prepare(now)
		if err == nil {
			err = e.check(table, now)
		}
		if err == nil {
			err = tx.editSegments(table, e)
		}
		if err != nil {
			tx.Rollback()
			return err
		}
		_, err = tx.commit(ctx)
		if err == nil || base.KindOf(err) != base.KindConflict || try == editTries {
			return err
		}
	}
}

// editSegments makes an edit part of the transaction.
func (tx *Tx) editSegments(table uint32, e *edit) error {
	o, err := tx.write(table)
	if err == nil {
		o.edit = e
	}
	return err
}

// Schema is what segments of a table have to hold.
type Schema struct {
	Columns segment.Schema // nil for a table whose rows are not made of fields, as an index
	Texts   []*TextIndex
}

// SchemaOf returns the schema of a table, as the transaction sees the catalog. ok is false for a table that is not to have segments.
type SchemaOf func(ctx context.Context, tx *Tx, table uint32) (s Schema, ok bool, err error)

func (db *DB) schema(ctx context.Context, tx *Tx, table uint32) (Schema, bool, error) {
	if db.opts.Schema == nil {
		return Schema{}, false, nil
	}
	return db.opts.Schema(ctx, tx, table)
}

// keysRun is how many rows keysAt reads the keys of at once.
const keysRun = 8 << 10

// keysAt returns the keys of rows of a segment, ascending.
func (fs *files) keysAt(ctx context.Context, g *seg, rows *roaring.Bitmap) (out []string, err error) {
	r, err := fs.reader(ctx, g)
	if err != nil {
		return nil, err
	}
	for it := rows.Iterator(); it.HasNext(); {
		from := int(it.PeekNext())
		keys, err := r.Keys(ctx, from, min(keysRun, g.meta.Rows-from))
		if err != nil {
			return nil, err
		}
		for it.HasNext() && int(it.PeekNext()) < from+len(keys) {
			out = append(out, keys[int(it.Next())-from])
		}
	}
	return out, nil
}
