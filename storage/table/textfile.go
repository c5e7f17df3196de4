package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/cache"
	"github.com/s3sql/s3sql/storage/invert"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/segment"
)

// errTextMissing says that the object of an inverted file is not there, or not as it was written.
var errTextMissing = errors.New("the object of a full-text index is missing or damaged")

// textPageKey names a page of an inverted file.
type textPageKey struct {
	id   segmentID
	page int
}

// textPages are the pages of one file in the cache of all.
type textPages struct {
	fs *files
	id segmentID
}

// Get implements invert.Pages.
func (p textPages) Get(page int) ([]byte, bool) { return p.fs.textPages.Get(textPageKey{p.id, page}) }

// Put implements invert.Pages.
func (p textPages) Put(page int, b []byte) {
	p.fs.textPages.Put(textPageKey{p.id, page}, bytes.Clone(b)) // it may be a part of what was read together
}

// textSource reads the object of an inverted file.
type textSource struct {
	fs  *files
	obj cache.Object
}

// ReadRanges implements invert.Source.
func (s textSource) ReadRanges(ctx context.Context, rs []invert.Range) ([][]byte, error) {
	ask := make([]cache.Range, len(rs))
	for i, r := range rs {
		ask[i] = cache.Range{Off: r.Off, Len: r.Len}
	}
	out, err := s.fs.cache.ReadFrugal(ctx, s.obj, ask)
	if errors.Is(err, object.ErrNotFound) || base.KindOf(err) == base.KindCorrupt {
		err = fmt.Errorf("%w: %w", errTextMissing, err)
	}
	return out, err
}

// textFile returns the inverted file of a segment; nil: it has none.
// Errors: badText, those of the store, ctx.Err().
func (fs *files) textFile(ctx context.Context, g *seg, ix *TextIndex) (*invert.File, error) {
	t := g.text(ix.ID)
	if t == nil {
		return nil, nil
	}
	if f, ok := fs.texts.Get(t.ID); ok {
		return f, nil
	}
	src := textSource{fs, cache.Object{Key: segment.TextKey(g.table, t.ID), Size: t.Bytes, SHA256: t.SHA256}}
	f, err := invert.Open(ctx, src, invert.Meta{Docs: g.meta.Rows, Bytes: t.Bytes, Tail: t.Tail}, textPages{fs, t.ID})
	if err != nil {
		return nil, err
	}
	if len(f.Fields) != len(ix.Columns) {
		return nil, fmt.Errorf("%w: it has %d fields, the index has %d", invert.ErrCorrupt, len(f.Fields), len(ix.Columns))
	}
	fs.texts.Put(t.ID, f)
	return f, nil
}
