package exec

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/row"
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

// indexed adds the row that an index entry leads to. t is the fetcher's table or the partition that the entry is of.
func (f *rowFetcher) indexed(tx TxReader, t *catalog.Table, pk string) error {
	row, ok := tx.Get(t.ID, pk)
	if !ok {
		return base.Corruptf("", "an index of table %s points to a row that does not exist; run CHECK TABLE", f.table.Name)
	}
	return f.add(row)
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
func (f *rowFetcher) reset() { f.vecs, f.ptrs, f.dec = nil, nil, row.Decoder{} }
