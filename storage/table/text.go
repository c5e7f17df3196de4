package table

import (
	"context"
	"crypto/sha256"
	"io"

	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/invert"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/row"
	"github.com/s3sql/s3sql/storage/segment"
)

// TextIndex is a full-text index of a table. It is read-only.
//
// Each segment has an inverted file of its own beside it, in which document n is row n, so that what is known of rows by position
// holds for documents. Rows in memory are indexed when they are searched. A file that is missing or damaged is made again from the
// rows: what it says is in them.
type TextIndex struct {
	ID        uint32
	Columns   []ScanCol // the fields of the files, in order; their class is String or JSON
	Positions bool
	// Analyze calls emit with the terms of a text, in order. It is safe for concurrent use.
	Analyze func(text string, emit func(term []byte, position int))
	// Made is told of each file that was written, though its commit may still fail; nil: nobody wants to know. It does not wait.
	Made func(rows int, bytes int64)
}

// newBuilder returns a builder of a file of the index.
func (ix *TextIndex) newBuilder(limit int) *invert.Builder {
	return invert.NewBuilder(len(ix.Columns), ix.Positions, limit)
}

// addTo adds row i of the index's columns to a file.
func (ix *TextIndex) addTo(b *invert.Builder, cols []*vec.Vector, i int) error {
	if err := b.Begin(); err != nil {
		return err
	}
	for f, v := range cols {
		if !v.IsNull(i) {
			ix.Analyze(v.Str[i], func(term []byte, position int) { b.Add(f, term, position) })
		}
	}
	return nil
}

func scanCols(s segment.Schema) []ScanCol {
	cols := make([]ScanCol, len(s))
	for i, c := range s {
		cols[i] = ScanCol{ID: c.ID, Type: c.Type, Missing: c.Missing}
	}
	return cols
}

// textOutput makes the file of a segment that is being written.
type textOutput struct {
	ix   *TextIndex
	at   []int // of the index's columns, in the columns of the segment
	b    *invert.Builder
	dec  row.Decoder
	cols []*vec.Vector // of one row, or aliases of those of a batch
}

func newTextOutput(ix *TextIndex, schema segment.Schema) *textOutput {
	t := &textOutput{ix: ix, b: ix.newBuilder(0), dec: row.NewDecoder(fieldsOf(ix.Columns)), cols: make([]*vec.Vector, len(ix.Columns))}
	for _, c := range ix.Columns {
		for i := range schema {
			if schema[i].ID == c.ID {
				t.at = append(t.at, i)
			}
		}
	}
	return t
}

func (t *textOutput) add(row string) error {
	for i, c := range t.ix.Columns {
		if t.cols[i] == nil {
			t.cols[i] = vec.New(c.Type.Class(), 0, 1)
		}
		t.cols[i].Resize(1)
	}
	if err := t.dec.Decode(row, t.cols, 0); err != nil {
		return err
	}
	return t.ix.addTo(t.b, t.cols, 0)
}

func (t *textOutput) addColumns(cols []*vec.Vector, from, n int) error {
	own := make([]*vec.Vector, len(t.at))
	for k, i := range t.at {
		own[k] = cols[i]
	}
	for i := range n {
		if err := t.ix.addTo(t.b, own, from+i); err != nil {
			return err
		}
	}
	return nil
}

// finish writes the file of the rows so far; the next one begins.
func (t *textOutput) finish(ctx context.Context, w io.Writer) (invert.Meta, error) {
	b := t.b
	t.b = t.ix.newBuilder(0)
	return b.Finish(ctx, w)
}

func (t *textOutput) close() { t.b.Close() }

// writeText writes the file of a finished segment, and names it there.
func (o *output) writeText(ctx context.Context, g *seg, ix *TextIndex, write func(context.Context, io.Writer) (invert.Meta, error)) error {
	f, err := o.db.uploadText(ctx, o.table, ix, write)
	if err == nil {
		g.meta.Texts = append(g.meta.Texts, f)
	}
	return err
}

// uploadText writes an object with the inverted file that write makes.
func (db *DB) uploadText(ctx context.Context, table uint32, ix *TextIndex, write func(context.Context, io.Writer) (invert.Meta, error)) (f segment.TextFile, err error) {
	f = segment.TextFile{Index: ix.ID, ID: newSegmentID(db.opts.Clock, db.opts.Rand)}
	up := object.NewUpload(ctx, db.store, segment.TextKey(table, f.ID))
	sum := sha256.New()
	m, err := write(ctx, io.MultiWriter(up, sum))
	if err != nil {
		if aerr := up.Abort(context.WithoutCancel(ctx)); aerr != nil {
			db.opts.Logger.Warn("an upload could not be given up", "table", table, "error", aerr)
		}
		return f, err
	}
	f.Bytes, f.Tail = m.Bytes, m.Tail
	sum.Sum(f.SHA256[:0])
	if _, err = up.Commit(ctx); err == nil && ix.Made != nil {
		ix.Made(m.Docs, m.Bytes)
	}
	return f, err
}

// text returns the file of an index; nil: there is none.
func (g *seg) text(index uint32) *segment.TextFile {
	for i := range g.meta.Texts {
		if g.meta.Texts[i].Index == index {
			return &g.meta.Texts[i]
		}
	}
	return nil
}

// textIDs returns the names of the segment's inverted files.
func (g *seg) textIDs() (ids []segmentID) {
	for i := range g.meta.Texts {
		ids = append(ids, g.meta.Texts[i].ID)
	}
	return ids
}

// textKeys returns the keys of the segment's inverted files.
func (g *seg) textKeys() (keys []string) {
	for i := range g.meta.Texts {
		keys = append(keys, segment.TextKey(g.table, g.meta.Texts[i].ID))
	}
	return keys
}
