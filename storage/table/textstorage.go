package table

import "context"

// TextStorage describes the files of a full-text index.
type TextStorage struct {
	Bytes     int64
	Terms     int // one that several files have counts more than once
	Unindexed int // rows in memory, and of segments without a file
}

// TextStorage describes the files of a full-text index of a table, and makes none.
// Cost: a GET for each file whose tail is in no cache. Errors: those of the store, ctx.Err(). A damaged file counts as missing.
func (tx *Tx) TextStorage(ctx context.Context, table uint32, ix *TextIndex) (out TextStorage, err error) {
	v := tx.view(table)
	out.Unindexed = v.rows
	for _, g := range v.segs.all() {
		f, err := tx.db.files.textFile(ctx, g, ix)
		if err != nil && !badText(err) {
			return out, err
		}
		if f == nil {
			continue
		}
		out.Unindexed -= g.live()
		out.Bytes += g.text(ix.ID).Bytes
		for _, field := range f.Fields {
			out.Terms += field.Terms
		}
	}
	out.Unindexed = max(out.Unindexed, 0)
	return out, nil
}
