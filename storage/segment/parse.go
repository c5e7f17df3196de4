package segment

import (
	"fmt"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// parse reads the footer and the key's page index; other columns' are read when they are asked for.
func (r *Reader) parse() error {
	n := int64(len(r.tail))
	end := r.tailAt + n
	if n < 8 || string(r.tail[n-4:]) != magic {
		return r.corrupt(end-4, "it does not end as a Parquet file does")
	}
	size := int64(le.Uint32(r.tail[n-8:]))
	if size > n-8 {
		return r.corrupt(end-8, "its footer is too long")
	}
	var f format.FileMetaData
	at := end - 8 - size
	if err := r.unmarshal(Range{at, size}, &f); err != nil {
		return err
	}
	if err := r.checkVersion(&f, at); err != nil {
		return err
	}
	if err := r.parseSchema(f.Schema, at); err != nil {
		return err
	}
	if err := r.parseGroups(&f, at); err != nil {
		return err
	}
	for i := range r.columns {
		r.lazily(&r.columns[i])
	}
	return r.parseKeys()
}

// unmarshal reads a Thrift struct out of the tail.
func (r *Reader) unmarshal(at Range, v any) (err error) {
	from := at.Off - r.tailAt
	if from < 0 || at.Len <= 0 || from+at.Len > int64(len(r.tail)) || from+at.Len < from {
		return r.corrupt(at.Off, "a part of the page index is outside of it")
	}
	defer r.guard(at.Off, &err)
	if !plausible(r.tail[from : from+at.Len]) {
		return r.corrupt(at.Off, "a part of the page index cannot be read")
	}
	if err := thrift.Unmarshal(new(thrift.CompactProtocol), r.tail[from:from+at.Len], v); err != nil {
		return r.corrupt(at.Off, err.Error())
	}
	return nil
}

func (r *Reader) checkVersion(f *format.FileMetaData, at int64) error {
	got, id := "", ""
	for _, kv := range f.KeyValueMetadata {
		switch kv.Key {
		case versionKey:
			got = kv.Value
		case idKey:
			id = kv.Value
		}
	}
	switch {
	case got == "":
		return r.corrupt(at, "it is not a segment of s3sql")
	case got != fmt.Sprint(version):
		return newer(r.object, got)
	case id != r.meta.ID.String():
		return r.corrupt(at, fmt.Sprintf("it is segment %.40q, not %s", id, r.meta.ID))
	case f.NumRows != int64(r.meta.Rows) || f.NumRows <= 0:
		return r.corrupt(at, fmt.Sprintf("it has %d rows where its description says %d", f.NumRows, r.meta.Rows))
	}
	return nil
}

func (r *Reader) parseSchema(es []format.SchemaElement, at int64) error {
	if len(es) < 2 || es[1].FieldID != KeyID || es[1].RepetitionType.V != format.Required {
		return r.corrupt(at, "its schema has no key")
	}
	r.columns = make([]column, len(es)-1)
	for i := range r.columns {
		e := &es[i+1]
		k, ok := kindIn(e)
		if !ok || e.NumChildren.Valid || e.RepetitionType.V == format.Repeated || i > 1 && r.columns[i-1].id >= uint32(e.FieldID) {
			return r.corrupt(at, fmt.Sprintf("column %d of its schema cannot be read", i))
		}
		c := &r.columns[i]
		c.id, c.kind, c.optional = uint32(e.FieldID), k, e.RepetitionType.V == format.Optional
	}
	return nil
}

func (r *Reader) parseGroups(f *format.FileMetaData, at int64) error {
	row, end := 0, int64(len(magic))
	for g := range f.RowGroups {
		rg := &f.RowGroups[g]
		if len(rg.Columns) != len(r.columns) || rg.NumRows <= 0 || rg.NumRows > f.NumRows {
			return r.corrupt(at, fmt.Sprintf("row group %d cannot be read", g))
		}
		r.groups = append(r.groups, rowGroup{row: row})
		row += int(rg.NumRows)
		for i := range rg.Columns {
			c := &rg.Columns[i]
			m := &c.MetaData
			part := columnChunk{start: m.DataPageOffset, data: m.DataPageOffset,
				offsets: Range{c.OffsetIndexOffset, int64(c.OffsetIndexLength)}, bounds: Range{c.ColumnIndexOffset, int64(c.ColumnIndexLength)},
				bloom: Range{m.BloomFilterOffset, int64(m.BloomFilterLength)}}
			if m.DictionaryPageOffset > 0 {
				part.start = m.DictionaryPageOffset
			}
			part.end = part.start + m.TotalCompressedSize
			if part.start != end || part.data < part.start || part.end <= part.data || part.end > r.tailAt ||
				m.NumValues != rg.NumRows || m.Codec != format.Zstd || m.Type != r.columns[i].kind.physical() {
				return r.corrupt(at, fmt.Sprintf("column %d of row group %d cannot be read", i, g))
			}
			end = part.end
			r.columns[i].chunks = append(r.columns[i].chunks, part)
		}
	}
	r.groups = append(r.groups, rowGroup{row: row})
	if row != r.meta.Rows {
		return r.corrupt(at, "its row groups have another number of rows than it")
	}
	return nil
}

// parseKeys reads the key's page index, which says where every column's pages begin and end.
func (r *Reader) parseKeys() error {
	key := &r.columns[0]
	for g := range key.chunks {
		r.groups[g].page = len(r.starts)
		if err := r.offsets(key, g, func(l *format.PageLocation) {
			r.starts = append(r.starts, r.groups[g].row+int(l.FirstRowIndex))
		}); err != nil {
			return err
		}
	}
	r.groups[len(key.chunks)].page = len(r.starts)
	r.starts = append(r.starts, r.meta.Rows)
	for i, row := range r.starts[1:] {
		if row <= r.starts[i] || row-r.starts[i] > 1<<20 {
			return r.corrupt(key.chunks[0].offsets.Off, "pages do not follow each other")
		}
	}
	for g := range key.chunks {
		if n := r.groups[g]; r.starts[n.page] != n.row {
			return r.corrupt(key.chunks[g].offsets.Off, "a row group does not begin with a page")
		}
	}
	bs, err := key.index()
	if err != nil {
		return err
	}
	for i, b := range bs {
		if b.min.IsNull() || i > 0 && r.least[i-1] >= b.min.Text() {
			return r.corrupt(key.chunks[0].bounds.Off, "the pages' keys are out of order")
		}
		r.least, r.most = append(r.least, b.min.Text()), append(r.most, b.max.Text())
	}
	return nil
}

// offsets calls fn with the places of the pages of row group g, which follow each other without gaps.
func (r *Reader) offsets(c *column, g int, fn func(l *format.PageLocation)) error {
	part := &c.chunks[g]
	var x format.OffsetIndex
	if err := r.unmarshal(part.offsets, &x); err != nil {
		return err
	}
	at := part.data
	for i := range x.PageLocations {
		l := &x.PageLocations[i]
		if l.Offset != at || l.CompressedPageSize <= 0 {
			return r.corrupt(part.offsets.Off, "pages do not follow each other")
		}
		at += int64(l.CompressedPageSize)
		fn(l)
	}
	if at != part.end || at == part.data {
		return r.corrupt(part.offsets.Off, "pages do not fill their column")
	}
	return nil
}

// parsePages reads where a column's pages are.
func (r *Reader) parsePages(c *column) ([]place, error) {
	out := make([]place, 0, r.Pages())
	for g := range c.chunks {
		aligned := true
		err := r.offsets(c, g, func(l *format.PageLocation) {
			at := len(out)
			aligned = aligned && at < r.Pages() && r.starts[at] == r.groups[g].row+int(l.FirstRowIndex)
			out = append(out, place{l.Offset, l.CompressedPageSize})
		})
		if err != nil {
			return nil, err
		}
		if !aligned || len(out) != r.groups[g+1].page {
			return nil, r.corrupt(c.chunks[g].offsets.Off, "pages do not have the rows that the key's have")
		}
	}
	return out, nil
}

// parseIndex reads the bounds of a column's pages.
func (r *Reader) parseIndex(c *column) ([]bounds, error) {
	out := make([]bounds, 0, r.Pages())
	for g := range c.chunks {
		at := c.chunks[g].bounds
		var x format.ColumnIndex
		if err := r.unmarshal(at, &x); err != nil {
			return nil, err
		}
		n := r.groups[g+1].page - r.groups[g].page
		if len(x.NullPages) != n || len(x.MinValues) != n || len(x.MaxValues) != n || len(x.NullCounts) != n {
			return nil, r.corrupt(at.Off, "bounds of pages are missing")
		}
		for i := range n {
			_, rows := r.PageRows(len(out))
			b := bounds{nulls: int(x.NullCounts[i])}
			ok1, ok2 := true, true
			if !x.NullPages[i] {
				b.min, ok1 = parsePlain(x.MinValues[i], c.kind)
				b.max, ok2 = parsePlain(x.MaxValues[i], c.kind)
			}
			if !ok1 || !ok2 || b.nulls < 0 || b.nulls > rows || x.NullPages[i] != (b.nulls == rows) {
				return nil, r.corrupt(at.Off, fmt.Sprintf("the bounds of page %d cannot be read", len(out)))
			}
			out = append(out, b)
		}
	}
	return out, nil
}
