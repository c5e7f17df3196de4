package exec

import (
	"context"
	"slices"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/row"
	"github.com/s3sql/s3sql/storage/table"
)

// rowFetcher decodes stored rows one by one into the vectors of a batch.
type rowFetcher struct {
	table *catalog.Table
	cols  []int // positions in table.Columns

	vecs []vec.Vector
	ptrs []*vec.Vector
	dec  row.Decoder
	n    int

	entries []base.Value // of an index entry
	found   []table.Found
}

// start makes room for at most `rows` rows.
func (f *rowFetcher) start(rows int) {
	f.n = 0
	if f.vecs == nil {
		f.vecs, f.ptrs = make([]vec.Vector, len(f.cols)), make([]*vec.Vector, len(f.cols))
		fields := make([]row.Field, len(f.cols))
		for i, c := range f.cols {
			col := &f.table.Columns[c]
			t := col.StoredType()
			fields[i] = row.Field{ID: col.ID, Class: t.Class(), Scale: scaleOf(t)}
			if col.Initial != nil && !col.Initial.Value.IsNull() {
				fields[i].Missing = &col.Initial.Value
			}
		}
		f.dec = row.NewDecoder(fields)
		for i := range f.vecs {
			t := f.table.Columns[f.cols[i]].StoredType()
			f.vecs[i].Class = t.Class()
			f.vecs[i].Scale = scaleOf(t)
			f.ptrs[i] = &f.vecs[i]
		}
		f.slab(rows)
	}
	for i := range f.vecs {
		f.vecs[i].Resize(rows)
	}
}

func scaleOf(t base.Type) uint8 {
	if t.Class() == base.Decimal {
		return t.Scale
	}
	return 0
}

// slab allocates the payload of all columns of a class at once.
func (f *rowFetcher) slab(rows int) {
	var nums, texts int
	for i := range f.vecs {
		switch f.vecs[i].Class {
		case base.Int, base.Uint, base.Date, base.Time, base.DateTime:
			nums++
		case base.String, base.Bytes, base.JSON:
			texts++
		}
	}
	i64, str := make([]int64, nums*rows), make([]string, texts*rows)
	for i := range f.vecs {
		switch f.vecs[i].Class {
		case base.Int, base.Uint, base.Date, base.Time, base.DateTime:
			f.vecs[i].I64, i64 = i64[:rows:rows], i64[rows:]
		case base.String, base.Bytes, base.JSON:
			f.vecs[i].Str, str = str[:rows:rows], str[rows:]
		}
	}
}

// add decodes one row.
func (f *rowFetcher) add(row string) error {
	if err := f.dec.Decode(row, f.ptrs, f.n); err != nil {
		return err
	}
	f.n++
	return nil
}

// look returns what there is under keys of a table, a partition or an index. It is valid until the next call.
func (f *rowFetcher) look(ctx context.Context, tx TxReader, id uint32, keys []string) ([]table.Found, error) {
	f.found = slices.Grow(f.found[:0], len(keys))[:len(keys)]
	if len(keys) == 1 {
		row, ok, err := tx.Get(ctx, id, keys[0])
		f.found[0] = table.Found{Row: row, OK: ok}
		return f.found, err
	}
	return f.found, tx.GetMany(ctx, id, keys, f.found)
}

// indexed adds the rows whose primary keys index entries lead to. t is the fetcher's table or the partition that the entries are
// of.
func (f *rowFetcher) indexed(ctx context.Context, tx TxReader, t *catalog.Table, pks []string) error {
	if len(pks) == 0 {
		return nil
	}
	found, err := f.look(ctx, tx, t.ID, pks)
	if err != nil {
		return err
	}
	for i := range found {
		if !found[i].OK {
			return base.Corruptf("", "an index of table %s points to a row that does not exist; run CHECK TABLE", f.table.Name)
		}
		if err := f.add(found[i].Row); err != nil {
			return err
		}
	}
	return nil
}

// finish makes b the rows added since start.
func (f *rowFetcher) finish(b *vec.Batch) {
	for i := range f.vecs {
		v := &f.vecs[i]
		v.Len = f.n
	}
	b.Cols, b.N, b.Sel = f.ptrs, f.n, nil
}

// reset drops what the fetcher holds.
func (f *rowFetcher) reset() { f.vecs, f.ptrs, f.dec, f.found = nil, nil, row.Decoder{}, nil }
