package table

import (
	"bytes"
	"context"
	"io"

	"github.com/RoaringBitmap/roaring/v2"
	"golang.org/x/sync/errgroup"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/invert"
	"github.com/s3sql/s3sql/storage/segment"
)

// TextPart is an inverted file of a table as a transaction sees it.
type TextPart struct {
	File *invert.File
	Dead []uint64 // documents that are gone, a bit for each; nil: none

	seg   *seg       // nil: rows in memory
	block *textBlock // these
}

// Texts returns the inverted files of a full-text index that together have every row of the table as the transaction sees it, once.
// One that is missing or damaged is made again, with a warning, and written to the store unless the database is read-only.
// Cost: a GET for each file whose tail is in no cache, and for segments with rows that are replaced or deleted in memory those of
// their keys.
// Errors: Corrupt (rows cannot be read), those of the store, ctx.Err().
func (tx *Tx) Texts(ctx context.Context, table uint32, ix *TextIndex) ([]TextPart, error) {
	if tx.opts.TrackReads && table < LocalFirst {
		tx.trackTable(table)
	}
	v := tx.view(table)
	segs := v.segs.all()
	out := make([]TextPart, len(segs))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(textsAtOnce)
	for i := range segs {
		g.Go(func() (err error) {
			out[i], err = tx.textOf(gctx, v, segs[i], ix)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	inMemory, err := tx.db.texts.of(table, ix.ID).parts(ctx, ix, v)
	return append(out, inMemory...), err
}

// textsAtOnce is how many files are opened at once.
const textsAtOnce = 32

// textOf returns the file of a segment of a version.
func (tx *Tx) textOf(ctx context.Context, v *version, g *seg, ix *TextIndex) (p TextPart, err error) {
	fs := tx.db.files
	f, err := fs.textFile(ctx, g, ix)
	if err != nil && !badText(err) {
		return p, err
	}
	if f == nil {
		if f, err = tx.remakeText(ctx, g, ix, err); err != nil {
			return p, err
		}
	}
	dead := g.dead
	if h := newHidden(v, g); h != nil {
		r, err := fs.reader(ctx, g)
		if err != nil {
			return p, err
		}
		if dead, err = h.with(ctx, fs, r); err != nil {
			return p, err
		}
	}
	return TextPart{File: f, Dead: bitsOf(dead, g.meta.Rows), seg: g}, nil
}

// RemakeText makes the file of a part again, where what a search has met says that it is damaged, with a warning; it reports whether it
// was. Rows that are gone are the same in the new file.
// Cost: as Texts. Errors: Corrupt (rows cannot be read), those of the store, ctx.Err().
func (tx *Tx) RemakeText(ctx context.Context, p *TextPart, ix *TextIndex, met error) (bool, error) {
	if p.seg == nil || !badText(met) {
		return false, nil
	}
	f, err := tx.remakeText(ctx, p.seg, ix, met)
	if err == nil {
		p.File = f
	}
	return err == nil, err
}

// trackTable notes that the whole table is read.
func (tx *Tx) trackTable(table uint32) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.mu.ranges = append(tx.mu.ranges, &readRange{table: table})
}

// bitsOf returns a set of rows as bits; nil: it is empty.
func bitsOf(set *roaring.Bitmap, n int) []uint64 {
	if set == nil || set.IsEmpty() {
		return nil
	}
	out := make([]uint64, (n+63)/64)
	for it := set.Iterator(); it.HasNext(); {
		i := it.Next()
		out[i/64] |= 1 << (i % 64)
	}
	return out
}

// remakeText makes the inverted file of a segment from its rows. cause says what is wrong with the one it has; nil: it has none. It is
// kept in memory alone, and for this search alone, where nothing can be written, and in a transaction that has written something: the
// index may be one that the transaction has made, and that never comes to be.
func (tx *Tx) remakeText(ctx context.Context, g *seg, ix *TextIndex, cause error) (*invert.File, error) {
	db := tx.db
	select {
	case db.remaking <- struct{}{}: // it takes memory and processors: one at a time
		defer func() { <-db.remaking }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if now := db.state.Load().table(g.table).segs.find(g.meta.ID); now != nil && now.text(ix.ID) != nil && g.text(ix.ID) == nil {
		return db.files.textFile(ctx, now, ix) // somebody was first
	}
	if cause != nil {
		db.opts.Logger.Warn("a full-text file is damaged; it is made again from the rows", "table", g.table, "segment", g.meta.ID.String(), "error", cause)
	}
	if db.opts.ReadOnly || g.table >= LocalFirst || tx.Changed() {
		var buf bytes.Buffer
		m, err := db.writeSegmentText(ctx, &buf, g, ix)
		if err != nil {
			return nil, err
		}
		return invert.Open(ctx, invert.Memory(buf.Bytes()), m, nil)
	}
	t, err := db.attachText(ctx, g, ix)
	if err != nil {
		return nil, err
	}
	return db.files.textFile(ctx, g.attach(t), ix)
}

// attachText writes the inverted file of a segment and commits its name, unless the segment has been replaced meanwhile.
func (db *DB) attachText(ctx context.Context, g *seg, ix *TextIndex) (segment.TextFile, error) {
	f, err := db.uploadText(ctx, g.table, ix, func(ctx context.Context, w io.Writer) (invert.Meta, error) {
		return db.writeSegmentText(ctx, w, g, ix)
	})
	if err != nil {
		return f, err
	}
	e := &edit{texts: []attachment{{g.meta.ID, f}}}
	err = db.commitEdit(ctx, g.table, e, func(now *version) error {
		e.born = now.born
		return nil
	})
	if base.KindOf(err) == base.KindConflict { // the file is right all the same, and VACUUM removes it
		err = nil
	}
	return f, err
}

// writeSegmentText makes an inverted file of the rows of a segment, those that are gone included.
func (db *DB) writeSegmentText(ctx context.Context, w io.Writer, g *seg, ix *TextIndex) (invert.Meta, error) {
	b := ix.newBuilder(0)
	defer b.Close()
	whole := &seg{table: g.table, meta: g.meta}
	m := newMerge(db.files, &version{segs: newSegments([]*seg{whole}), delta: emptyTree}, ScanSpec{Cols: ix.Columns})
	var batch vec.Batch
	for {
		_, ok, err := m.next(ctx, &batch)
		if err != nil {
			return invert.Meta{}, err
		}
		if !ok {
			return b.Finish(ctx, w)
		}
		for i := range batch.N {
			if err := ix.addTo(b, batch.Cols, i); err != nil {
				return invert.Meta{}, err
			}
		}
	}
}

// BuildTexts makes the inverted files of the segments of a table that have none of an index, or with again of all segments, and calls
// report with the rows that are done and those there are. Rows in memory need none.
// Cost: for each segment the GETs of a scan of the index's columns, and two PUTs.
// Errors: OptionPrevents (the database is read-only), Corrupt, those of the store and of report, ctx.Err().
func (db *DB) BuildTexts(ctx context.Context, table uint32, ix *TextIndex, again bool, report func(done, rows int) error) error {
	if err := db.writable(); err != nil {
		return err
	}
	tx := db.begin(TxOptions{ReadOnly: true})
	defer tx.Rollback()
	segs := tx.table(table).segs.all()
	rows, done := 0, 0
	for _, g := range segs {
		rows += g.meta.Rows
	}
	for _, g := range segs {
		if g.text(ix.ID) == nil || again {
			if _, err := db.attachText(ctx, g, ix); err != nil {
				return err
			}
		}
		done += g.meta.Rows
		if err := report(done, rows); err != nil {
			return err
		}
	}
	return nil
}

// mergeInMemory merges files into one in memory.
func mergeInMemory(ctx context.Context, parts []invert.Part, docs int) (*invert.File, error) {
	var buf bytes.Buffer
	m, err := invert.Merge(ctx, &buf, parts, docs)
	if err != nil {
		return nil, err
	}
	return invert.Open(ctx, invert.Memory(buf.Bytes()), m, nil)
}
