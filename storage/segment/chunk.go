package segment

import (
	"bytes"
	"math/bits"

	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

// chunk is one column of the row group under way.
type chunk struct {
	kind
	optional bool
	data     bytes.Buffer // pages, each after its header
	pages    []page
	dict     *dictionary // nil: not tried yet, or given up (noDict)
	noDict   bool
}

// page is what the page index says of a page.
type page struct {
	offset, size int // in the chunk's data; the header counts
	rows, raw    int
	bounds       bounds
	encoding     format.Encoding
}

func (c *chunk) size() int64 {
	n := int64(c.data.Len())
	if c.dict != nil {
		n += int64(len(c.dict.page))
	}
	return n
}

func (c *chunk) reset() {
	c.data.Reset()
	c.pages, c.dict, c.noDict = nil, nil, false
}

// group is a row group that is written: its parts of the tail.
type group struct {
	row     format.RowGroup
	columns []format.ColumnIndex
	offsets []format.OffsetIndex
	bloom   []byte
}

// writePage encodes rows [from, from+len(keys)) of cols as the next page of every column.
func (w *Writer) writePage(keys []string, cols []*vec.Vector, from int) error {
	if w.rows+len(keys) > groupRows || w.rows > 0 && w.meta.RawBytes-w.groupRaw >= groupBytes {
		if err := w.endGroup(); err != nil {
			return err
		}
	}
	for _, k := range keys {
		w.hashes = append(w.hashes, hashText(k))
	}
	var err error
	e := &w.enc
	if e.raw, err = e.keys(e.raw[:0], keys); err != nil {
		return err
	}
	if err := w.chunks[0].add(e, len(keys), keyBounds(w.ended, keys), format.DeltaByteArray); err != nil {
		return err
	}
	for i, v := range cols {
		if err := w.writeColumn(i, v, from, len(keys)); err != nil {
			return err
		}
	}
	w.rows += len(keys)
	w.ended = keys[len(keys)-1]
	return nil
}

// keyBounds bounds the keys of a page that follows the key before: the least is longer than boundBytes where it takes that to
// be above before, so that one page alone can hold a key.
func keyBounds(before string, keys []string) bounds {
	first, last := keys[0], keys[len(keys)-1]
	n := 0
	for n < len(first) && n < len(before) && first[n] == before[n] {
		n++
	}
	return bounds{min: base.NewBytes(prefix(first, max(boundBytes, n+1), false)), max: base.NewBytes(above(last, boundBytes, false))}
}

func (w *Writer) writeColumn(i int, v *vec.Vector, from, n int) (err error) {
	c, e := &w.chunks[i+1], &w.enc
	b := extent(v, from, n)
	w.stats[i].add(b)
	e.raw = e.raw[:0]
	if c.optional {
		e.raw = appendLevels(e.raw, v.Nulls, from, n, b.nulls)
	}
	encoding := format.Plain
	switch s := &w.sketches[i]; {
	case !c.text():
		e.raw, encoding, err = e.numbers(e.raw, c.kind, v, from, n, s)
	default:
		encoding, err = c.encodeText(e, v, from, n, s)
	}
	if err != nil {
		return err
	}
	return c.add(e, n, b.cut(boundBytes), encoding)
}

// encodeText adds to e.raw, by the dictionary if the column's first values were few.
func (c *chunk) encodeText(e *pageEncoder, v *vec.Vector, from, n int, s *Sketch) (format.Encoding, error) {
	if !c.noDict {
		first := c.dict == nil
		if first {
			c.dict = &dictionary{at: map[string]int32{}}
		}
		have := len(e.raw)
		raw, ok, err := e.indexed(e.raw, c.dict, v, from, n, s)
		if err != nil {
			return 0, err
		}
		if few := len(c.dict.at)*dictShare <= len(e.i32); ok && (few || !first) {
			e.raw = raw
			return format.RLEDictionary, nil
		}
		e.raw = raw[:have]
		if c.noDict = true; first {
			c.dict = nil
		}
	}
	e.raw = plainText(e.raw, v, from, n, s)
	return format.Plain, nil
}

// add appends e.raw as a page.
func (c *chunk) add(e *pageEncoder, rows int, b bounds, encoding format.Encoding) error {
	at := c.data.Len()
	if err := c.frame(e, e.raw, pageHeader{values: rows, encoding: encoding}); err != nil {
		return err
	}
	c.pages = append(c.pages, page{offset: at, size: c.data.Len() - at, rows: rows, raw: len(e.raw), bounds: b, encoding: encoding})
	return nil
}

// frame compresses raw and appends it to the chunk's data with its header.
func (c *chunk) frame(e *pageEncoder, raw []byte, h pageHeader) error {
	z, err := compressor()
	if err != nil {
		return err
	}
	e.packed = z.EncodeAll(raw, e.packed[:0])
	h.raw, h.size, h.sum = len(raw), len(e.packed), pageSum(e.packed)
	c.data.Write(appendHeader(make([]byte, 0, headerBytes), h))
	c.data.Write(e.packed)
	return nil
}

// endGroup writes the row group under way.
func (w *Writer) endGroup() error {
	if w.rows == 0 {
		return nil
	}
	g := group{row: format.RowGroup{NumRows: int64(w.rows), FileOffset: w.off, Ordinal: int16(len(w.groups)),
		SortingColumns: []format.SortingColumn{{ColumnIdx: 0}}}}
	elements := w.schema.elements()
	for i := range w.chunks {
		if err := w.writeChunk(&g, &w.chunks[i], elements[i+1].Name); err != nil {
			return err
		}
		w.chunks[i].reset()
	}
	f := make(bloom.SplitBlockFilter, bloom.NumSplitBlocksOf(int64(len(w.hashes)), bloomBits))
	f.InsertBulk(w.hashes)
	g.bloom = bloomBytes(f)
	w.groups = append(w.groups, g)
	w.hashes, w.rows, w.groupRaw = w.hashes[:0], 0, w.meta.RawBytes
	return nil
}

// writeChunk writes a column of the row group and adds its parts of the tail to g.
func (w *Writer) writeChunk(g *group, c *chunk, name string) error {
	m := format.ColumnMetaData{Type: c.physical(), PathInSchema: []string{name}, Codec: format.Zstd, NumValues: g.row.NumRows}
	start, raw := w.off, 0
	used := map[format.Encoding]int32{}
	for _, p := range c.pages {
		used[p.encoding]++
		raw += p.raw
	}
	if used[format.RLEDictionary] > 0 {
		page, d := chunk{}, c.dict
		if err := page.frame(&w.enc, d.page, pageHeader{dictionary: true, values: len(d.at), encoding: format.Plain}); err != nil {
			return err
		}
		m.DictionaryPageOffset = w.off
		m.EncodingStats = append(m.EncodingStats, format.PageEncodingStats{PageType: format.DictionaryPage, Count: 1})
		raw += len(d.page)
		if err := w.write(page.data.Bytes()); err != nil {
			return err
		}
	}
	m.DataPageOffset = w.off
	if err := w.write(c.data.Bytes()); err != nil {
		return err
	}
	for _, e := range []format.Encoding{format.Plain, format.DeltaBinaryPacked, format.DeltaByteArray, format.RLEDictionary} {
		if used[e] > 0 {
			m.Encoding = append(m.Encoding, e)
			m.EncodingStats = append(m.EncodingStats, format.PageEncodingStats{PageType: format.DataPage, Encoding: e, Count: used[e]})
		}
	}
	if m.DictionaryPageOffset > 0 && used[format.Plain] == 0 {
		m.Encoding = append(m.Encoding, format.Plain)
	}
	if c.optional {
		m.Encoding = append(m.Encoding, format.RLE)
	}
	m.TotalCompressedSize, m.TotalUncompressedSize = w.off-start, int64(raw)
	columns, offsets, whole := c.index(m.DataPageOffset)
	m.Statistics = statistics(c.kind, whole)
	g.columns, g.offsets = append(g.columns, columns), append(g.offsets, offsets)
	g.row.TotalByteSize += m.TotalUncompressedSize
	g.row.TotalCompressedSize += m.TotalCompressedSize
	g.row.Columns = append(g.row.Columns, format.ColumnChunk{MetaData: m})
	return nil
}

// index returns the page index of a chunk whose data begins at offset, and the bounds of all its pages.
func (c *chunk) index(offset int64) (columns format.ColumnIndex, offsets format.OffsetIndex, whole bounds) {
	first := int64(0)
	for _, p := range c.pages {
		empty := p.bounds.min.IsNull()
		lo, hi := []byte{}, []byte{}
		if !empty {
			lo, hi = appendPlain(lo, c.kind, p.bounds.min), appendPlain(hi, c.kind, p.bounds.max)
		}
		columns.NullPages = append(columns.NullPages, empty)
		columns.MinValues, columns.MaxValues = append(columns.MinValues, lo), append(columns.MaxValues, hi)
		columns.NullCounts = append(columns.NullCounts, int64(p.bounds.nulls))
		offsets.PageLocations = append(offsets.PageLocations, format.PageLocation{Offset: offset + int64(p.offset),
			CompressedPageSize: int32(p.size), FirstRowIndex: first})
		first += int64(p.rows)
		whole.add(p.bounds)
	}
	if c.isKey() {
		columns.BoundaryOrder = format.Ascending
	}
	return columns, offsets, whole
}

// isKey reports whether the chunk is the key's, whose pages alone have that encoding.
func (c *chunk) isKey() bool { return len(c.pages) > 0 && c.pages[0].encoding == format.DeltaByteArray }

func statistics(k kind, b bounds) format.Statistics {
	s := format.Statistics{NullCount: int64(b.nulls)}
	if b = b.cut(boundBytes); !b.min.IsNull() {
		s.MinValue, s.MaxValue = appendPlain(nil, k, b.min), appendPlain(nil, k, b.max)
	}
	return s
}

func varintBytes(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }

// wideVarintBytes is the size of the zigzag varint of v.
func wideVarintBytes(v base.Int128) int {
	sign := uint64(v.Hi >> 63)
	hi, lo := (uint64(v.Hi)<<1|v.Lo>>63)^sign, v.Lo<<1^sign
	if hi == 0 {
		return varintBytes(lo)
	}
	return (64 + bits.Len64(hi) + 6) / 7
}

func marshal(v any) ([]byte, error) { return thrift.Marshal(new(thrift.CompactProtocol), v) }
