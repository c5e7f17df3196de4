package segment

import (
	"crypto/sha256"
	"hash"
	"io"
	"math"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/row"
)

// Where pages and row groups end. A page has pageRows rows; fewer, though pageRowsLeast, once a text column takes pageBytes;
// fewer still once one takes pageBytesMost.
const (
	pageRows      = 1024
	pageRowsLeast = 64
	pageBytes     = 64 << 10
	pageBytesMost = 4 << 20
	groupRows     = 64 * pageRows
	groupBytes    = 16 << 20
)

// WriterOptions say what the segment is.
type WriterOptions struct {
	Level int // recorded in Meta
}

// Writer writes one segment. It is for one goroutine.
//
// It holds one row group in memory, encoded, and what it was given since the last page ended. After an error it is of no use.
type Writer struct {
	out    io.Writer
	sum    hash.Hash
	off    int64 // bytes written
	schema Schema
	fields row.Decoder
	meta   Meta
	last   string // the last key added

	// The page under way: rows that are not encoded yet.
	keys  []string
	vecs  []*vec.Vector // schema's columns, or the rows as they are
	bytes []int         // of the keys, and of each text column

	enc      pageEncoder
	chunks   []chunk // of the row group under way: the key's, and those of vecs
	rows     int     // in the row group's pages
	groupRaw int64   // meta.RawBytes as the row group began
	ended    string  // the last key of the last page
	hashes   []uint64
	groups   []group
	stats    []bounds // of vecs
	sketches []Sketch // of vecs
}

// NewWriter returns a writer of segment id to w, which sees bytes in order; schema is kept.
//
// Errors: Internal (a schema out of order or without types).
func NewWriter(w io.Writer, id ID, schema Schema, opts WriterOptions) (*Writer, error) {
	if err := schema.check(); err != nil {
		return nil, err
	}
	s := &Writer{out: w, sum: sha256.New(), schema: schema, meta: Meta{ID: id, Level: opts.Level}}
	kinds := []kind{{class: base.Bytes}}
	fields := make([]row.Field, len(schema))
	for i := range schema {
		k := kindOf(schema[i].Type)
		fields[i] = row.Field{ID: schema[i].ID, Class: k.class, Scale: k.scale, Missing: &schema[i].Missing}
		kinds = append(kinds, k)
	}
	if schema == nil {
		kinds = append(kinds, kind{class: base.Bytes})
	}
	s.fields = row.NewDecoder(fields)
	for _, k := range kinds[1:] {
		s.vecs = append(s.vecs, vec.New(k.class, k.scale, pageRows))
	}
	s.bytes = make([]int, len(kinds))
	s.chunks = make([]chunk, len(kinds))
	for i, k := range kinds {
		s.chunks[i] = chunk{kind: k, optional: i > 0 && schema != nil}
	}
	s.stats, s.sketches = make([]bounds, len(s.vecs)), make([]Sketch, len(s.vecs))
	return s, s.write([]byte(magic))
}

func (w *Writer) write(b []byte) error {
	w.sum.Write(b)
	w.off += int64(len(b))
	if _, err := w.out.Write(b); err != nil {
		return err
	}
	return nil
}

// Size returns the bytes that the object has so far, about.
func (w *Writer) Size() int64 {
	n := w.off
	for i := range w.chunks {
		n += w.chunks[i].size()
	}
	for _, b := range w.bytes {
		n += int64(b) / 2
	}
	return n
}

// Rows returns how many rows were added.
func (w *Writer) Rows() int { return w.meta.Rows }

// begin counts a row with the key, which has to come after all others.
func (w *Writer) begin(key string) error {
	if key <= w.last && (w.meta.Rows > 0 || key == "") {
		return base.Errorf(errno.Unknown, "rows of a segment are out of order at row %d", w.meta.Rows)
	}
	if w.meta.Rows == 0 {
		w.meta.First = key
	}
	w.last = key
	w.meta.Rows++
	return nil
}

// Add adds a row; the strings are kept until its page is written. Columns that the schema does not have are left out.
//
// Errors: Internal (keys do not ascend), Corrupt (a row that does not fit the schema), those of the io.Writer.
func (w *Writer) Add(key, row string) error {
	if err := w.begin(key); err != nil {
		return err
	}
	w.meta.RawBytes += int64(len(key) + len(row))
	at := len(w.keys)
	if w.schema == nil {
		w.vecs[0].Str[at] = row
	} else if err := w.fields.Decode(row, w.vecs, at); err != nil {
		return err
	}
	w.keys = append(w.keys, key)
	w.bytes[0] += len(key)
	full := at+1 >= pageRows || pageFull(w.bytes[0], at+1)
	for i, v := range w.vecs {
		if w.chunks[i+1].text() && !v.Nulls.Get(at) {
			w.bytes[i+1] += len(v.Str[at])
			full = full || pageFull(w.bytes[i+1], at+1)
		}
	}
	if full {
		return w.endPage()
	}
	return nil
}

// pageFull reports whether a page ends after so many rows, of which a column takes so many bytes.
func pageFull(bytes, rows int) bool {
	return bytes >= pageBytes && rows >= pageRowsLeast || bytes >= pageBytesMost
}

// AddColumns adds the rows [from, from+n) of keys and cols, which are the columns of the schema (for a nil schema, one column
// of class Bytes). Strings are kept until their page is written. The rows count for RawBytes as if they were encoded.
//
// Errors: Internal (keys do not ascend, other columns than the schema's), Corrupt (a value that does not fit its type), those
// of the io.Writer.
func (w *Writer) AddColumns(keys []string, cols []*vec.Vector, from, n int) error {
	if len(cols) != len(w.vecs) {
		return base.Errorf(errno.Unknown, "%d columns where the segment has %d", len(cols), len(w.vecs))
	}
	for i, v := range cols {
		if k := w.chunks[i+1].kind; v.Class != base.Null && (v.Class != k.class || v.Class == base.Decimal && v.Scale != k.scale) {
			return base.Errorf(errno.Unknown, "a column of class %s where the segment has %s", v.Class, k.class)
		}
	}
	for n > 0 {
		take := w.room(keys, cols, from, n)
		for _, k := range keys[from : from+take] {
			if err := w.begin(k); err != nil {
				return err
			}
			w.meta.RawBytes += int64(len(k))
		}
		for i, v := range cols {
			w.meta.RawBytes += w.encodedBytes(i, v, from, take)
		}
		if err := w.take(keys, cols, from, take); err != nil {
			return err
		}
		from, n = from+take, n-take
	}
	return nil
}

// take adds rows that room had room for: straight from the caller's vectors when they are a page.
func (w *Writer) take(keys []string, cols []*vec.Vector, from, n int) error {
	if len(w.keys) == 0 && n == pageRows {
		return w.writePage(keys[from:from+n], cols, from)
	}
	for _, k := range keys[from : from+n] {
		w.bytes[0] += len(k)
	}
	full := pageFull(w.bytes[0], len(w.keys)+n)
	for i, v := range cols {
		if w.chunks[i+1].text() {
			w.bytes[i+1] += textBytes(v, from, n)
			full = full || pageFull(w.bytes[i+1], len(w.keys)+n)
		}
		copyRows(w.vecs[i], len(w.keys), v, from, n)
	}
	w.keys = append(w.keys, keys[from:from+n]...)
	if full || len(w.keys) >= pageRows {
		return w.endPage()
	}
	return nil
}

// room returns how many of the n rows the page under way takes before it ends.
func (w *Writer) room(keys []string, cols []*vec.Vector, from, n int) int {
	have := len(w.keys)
	n = min(n, pageRows-have)
	total := w.bytes[0]
	for i := range n {
		if total += len(keys[from+i]); pageFull(total, have+i+1) {
			n = i + 1
			break
		}
	}
	for c, v := range cols {
		if !w.chunks[c+1].text() || v.Class == base.Null {
			continue
		}
		total := w.bytes[c+1]
		for i := range n {
			if v.Nulls.Get(from + i) {
				continue
			}
			if total += len(v.Str[from+i]); pageFull(total, have+i+1) {
				n = i + 1
				break
			}
		}
	}
	return n
}

func textBytes(v *vec.Vector, from, n int) (total int) {
	for i := from; i < from+n; i++ {
		if !v.IsNull(i) {
			total += len(v.Str[i])
		}
	}
	return total
}

// copyRows sets rows [at, at+n) of dst to rows [from, from+n) of src.
func copyRows(dst *vec.Vector, at int, src *vec.Vector, from, n int) {
	switch src.Class {
	case base.Null:
	case base.Float:
		copy(dst.F64[at:at+n], src.F64[from:])
	case base.Decimal:
		copy(dst.Dec[at:at+n], src.Dec[from:])
	case base.String, base.Bytes, base.JSON:
		copy(dst.Str[at:at+n], src.Str[from:])
	default:
		copy(dst.I64[at:at+n], src.I64[from:])
	}
	if src.Class != base.Null && src.Nulls == nil {
		return
	}
	for i := range n {
		if src.IsNull(from + i) {
			dst.SetNull(at + i)
		}
	}
}

// endPage writes the rows under way as a page.
func (w *Writer) endPage() error {
	if len(w.keys) == 0 {
		return nil
	}
	err := w.writePage(w.keys, w.vecs, 0)
	clear(w.keys)
	w.keys = w.keys[:0]
	clear(w.bytes)
	for _, v := range w.vecs {
		v.Nulls = nil
	}
	return err
}

// encodedBytes is what rows of column i take in the row encoding.
func (w *Writer) encodedBytes(i int, v *vec.Vector, from, n int) (total int64) {
	if w.schema == nil {
		return int64(textBytes(v, from, n))
	}
	tag := varintBytes(uint64(w.schema[i].ID) << 4)
	total = int64(n * tag)
	if v.Class == base.Null {
		return total
	}
	for r := from; r < from+n; r++ {
		if v.Nulls.Get(r) {
			continue
		}
		switch v.Class {
		case base.Float:
			total += 8
		case base.Uint:
			total += int64(varintBytes(uint64(v.I64[r])))
		case base.Decimal:
			total += 1 + int64(wideVarintBytes(v.Dec[r]))
		case base.String, base.Bytes, base.JSON:
			total += int64(varintBytes(uint64(len(v.Str[r]))) + len(v.Str[r]))
		default:
			total += int64(varintBytes(uint64(v.I64[r])<<1 ^ uint64(v.I64[r]>>63)))
		}
	}
	return total
}

// Finish writes what is left and the end of the file, and describes the segment. Without rows it is an error: there is no
// empty segment.
//
// Errors: Internal (no rows), Corrupt (as Add), those of the io.Writer.
func (w *Writer) Finish() (Meta, error) {
	if w.meta.Rows == 0 || w.meta.Rows > math.MaxInt32 {
		return Meta{}, base.Errorf(errno.Unknown, "a segment cannot have %d rows", w.meta.Rows)
	}
	if err := w.endPage(); err != nil {
		return Meta{}, err
	}
	if err := w.endGroup(); err != nil {
		return Meta{}, err
	}
	if err := w.writeTail(); err != nil {
		return Meta{}, err
	}
	w.meta.Bytes, w.meta.Last = w.off, w.last
	w.sum.Sum(w.meta.SHA256[:0])
	for i, c := range w.schema {
		b := w.stats[i].cut(statsBytes)
		w.meta.Columns = append(w.meta.Columns, ColumnStats{ID: c.ID, Nulls: b.nulls, Min: b.min, Max: b.max, Distinct: w.sketches[i]})
	}
	return w.meta, nil
}
