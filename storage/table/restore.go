package table

import (
	"context"
	"errors"

	"github.com/tidwall/btree"
	"golang.org/x/sync/errgroup"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/commitlog"
	"github.com/s3sql/s3sql/storage/manifest"
	"github.com/s3sql/s3sql/storage/object"
)

// packsParallel is how many packs an open reads at a time.
const packsParallel = 64

// packs reads packs, and returns the records of all of them, each once. damaged is why one cannot be used: it is missing, or its
// contents are not what they should be.
func (o *opener) packs(ctx context.Context, db commitlog.ID, list []manifest.Pack) (recs []*commitlog.Record, damaged, err error) {
	all, errs := make([][]*commitlog.Record, len(list)), make([]error, len(list))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(packsParallel)
	for i, p := range list {
		g.Go(func() error {
			obj, err := o.store.Get(gctx, p.Key())
			if err == nil {
				all[i], err = o.db.codec().DecodePack(p.Key(), obj.Data, db, p.First, p.Last)
			}
			if errs[i] = err; base.KindOf(err) == base.KindCorrupt || errors.Is(err, object.ErrNotFound) {
				return nil
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err, nil
	}
	for _, more := range all {
		if n := len(recs); n > 0 {
			more = more[recs[n-1].Seq+1-more[0].Seq:] // neighbours may share some
		}
		recs = append(recs, more...)
	}
	return recs, nil, nil
}

// load reads the checkpoint at seq.
func (o *opener) load(ctx context.Context, seq uint64, uuid string) (size int, err error) {
	key := manifest.Key(seq)
	obj, err := o.store.Get(ctx, key)
	if err != nil {
		return 0, err
	}
	c, err := manifest.Decode(key, obj.Data)
	if err != nil {
		return 0, err
	}
	if c.UUID != uuid {
		return 0, base.Corruptf(key, "it belongs to another database, %.36q", c.UUID)
	}
	o.st, err = newState(c, o.opts.limits)
	return len(obj.Data), err
}

// newState builds the state that a checkpoint describes; nil: that of an empty database.
//
// Errors: Corrupt.
func newState(c *manifest.Checkpoint, l limits) (st *state, err error) {
	st = &state{tables: new(btree.Map[uint32, *version])}
	if c == nil {
		return st, nil
	}
	st.seq = c.Seq
	object := manifest.Key(c.Seq)
	if st.garbage, err = decodeGarbage(object, c.Garbage); err != nil {
		return nil, err
	}
	for i := range c.Tables {
		v, err := newVersion(object, c.Seq, &c.Tables[i], l)
		if err != nil {
			return nil, err
		}
		st.tables.Set(c.Tables[i].ID, v)
		st.mem += v.mem
		st.few = st.few || v.rowsMax > 0
	}
	return st, nil
}

// newVersion builds the version that a checkpoint describes.
func newVersion(object string, seq uint64, t *manifest.Table, l limits) (*version, error) {
	v := &version{delta: emptyTree, autoInc: t.AutoInc, seq: seq}
	b := &chunkBuilder{rowsMax: l.chunkRows}
	t.Each(func(key, row string) bool {
		b.add(key, row)
		v.mem += len(key) + len(row)
		return true
	})
	v.parts, v.base, v.rows, v.bytes = b.finish(), t.Rows, t.Rows, v.mem
	if t.Entries != nil {
		v.delta = newTree()
		t.Entries(func(e manifest.Entry) bool {
			v.delta.set(&entry{key: e.Key, row: e.Row, seq: e.Seq, dead: e.Dead, hides: e.Hides})
			v.mem += len(e.Key) + len(e.Row)
			return true
		})
	}
	if t.Segments == "" {
		return v, nil
	}
	return v, v.decodeState(object, t.ID, t.Segments)
}
