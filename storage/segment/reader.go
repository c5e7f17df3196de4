package segment

import (
	"context"
	"fmt"
	"hash/crc32"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

// Range is a piece of an object: Len bytes from Off.
type Range struct{ Off, Len int64 }

// Source reads a segment's object. What it returns is not changed by anyone afterwards: decoded texts may alias it. Errors
// name the object.
type Source interface {
	ReadRanges(ctx context.Context, rs []Range) ([][]byte, error)
}

// Cache keeps decoded pages for point reads; col is a column id (KeyID and RowID too) and page counts from the segment's
// first. A negative page is the dictionary of row group -page-1. It may be called concurrently.
type Cache interface {
	Get(seg ID, col uint32, page int) (*Page, bool)
	Put(seg ID, col uint32, page int, p *Page)
}

// Page is a decoded page. It is read-only.
type Page struct {
	Vec  *vec.Vector // of a column
	Keys []string    // of the key; the entries of a dictionary
}

// Bytes is the memory that p takes, about.
func (p *Page) Bytes() int {
	n := 128
	for _, k := range p.Keys {
		n += 16 + len(k)
	}
	if v := p.Vec; v != nil {
		n += 8*len(v.I64) + 8*len(v.F64) + 16*len(v.Dec) + 16*len(v.Str)
		for _, s := range v.Str {
			n += len(s)
		}
	}
	return n
}

// Reader reads one segment. It may be used concurrently.
type Reader struct {
	src    Source
	object string
	meta   Meta
	cache  Cache
	tail   []byte
	tailAt int64

	columns []column // the key first, then by ascending id
	groups  []rowGroup
	starts  []int    // first row of each page, and the number of rows
	least   []string // of each page a lower bound of its keys that is above all keys before it
	most    []string // of each page an upper bound of its keys
	blooms  atomic.Pointer[[]filter]
}

type rowGroup struct{ row, page int } // the first of each; one more group closes the list

// column is a column of the file.
type column struct {
	id       uint32
	kind     kind
	optional bool
	chunks   []columnChunk // of each row group

	pages func() ([]place, error) // of the segment; read from the tail once
	index func() ([]bounds, error)
	dict  atomic.Pointer[dictOf] // the last one used
}

type dictOf struct {
	group  int
	values []string
}

type place struct {
	off  int64
	size int32
}

// columnChunk is where the parts of a column chunk are.
type columnChunk struct {
	start, data, end int64 // of the dictionary or data, of the data pages, after them
	offsets, bounds  Range // of the page index
	bloom            Range
}

// Open reads the tail of the object that m describes; c may be nil. m is kept.
//
// Cost: one ReadRanges of m.Tail bytes.
// Errors: Corrupt (names object and offset; ErrNewer), those of src.
func Open(ctx context.Context, src Source, object string, m *Meta, c Cache) (*Reader, error) {
	at := m.Bytes - m.Tail
	r := &Reader{src: src, object: object, meta: *m, cache: c, tailAt: at}
	if m.Tail <= 0 || at < 0 || m.Bloom < 0 || m.Bloom > at {
		return nil, r.corrupt(at, "its description does not fit it")
	}
	data, err := r.read(ctx, []Range{{at, m.Tail}})
	if err != nil {
		return nil, err
	}
	if crc32.Checksum(data[0], castagnoli) != m.TailSum {
		return nil, r.corrupt(at, "the checksum of page index and footer does not match")
	}
	r.tail = data[0]
	if err := r.parse(); err != nil {
		return nil, err
	}
	return r, nil
}

// read reads ranges and checks that it got all of them.
func (r *Reader) read(ctx context.Context, rs []Range) ([][]byte, error) {
	if len(rs) == 0 {
		return nil, nil
	}
	data, err := r.src.ReadRanges(ctx, rs)
	if err != nil {
		return nil, err
	}
	return data, r.complete(rs, data)
}

func (r *Reader) complete(rs []Range, data [][]byte) error {
	if len(data) != len(rs) {
		return r.corrupt(0, fmt.Sprintf("%d pieces were read of %d", len(data), len(rs)))
	}
	for i, b := range data {
		if int64(len(b)) != rs[i].Len {
			return r.corrupt(rs[i].Off, fmt.Sprintf("it ends after %d of %d bytes", len(b), rs[i].Len))
		}
	}
	return nil
}

func (r *Reader) corrupt(off int64, what string) error {
	return base.Corruptf(r.object, "the segment is damaged at offset %d: %s", off, what)
}

// guard turns a panic of a decoder over damaged bytes into an error.
func (r *Reader) guard(off int64, err *error) {
	if p := recover(); p != nil {
		*err = r.corrupt(off, fmt.Sprint(p))
	}
}

// Meta returns what the segment was opened with.
func (r *Reader) Meta() *Meta { return &r.meta }

// Rows returns the number of rows.
func (r *Reader) Rows() int { return r.meta.Rows }

// Raw reports whether the segment keeps rows as they are, in the column RowID.
func (r *Reader) Raw() bool { return len(r.columns) == 2 && r.columns[1].id == RowID }

// IDs returns the ids of the columns that the segment has, ascending.
func (r *Reader) IDs() []uint32 {
	ids := make([]uint32, 0, len(r.columns)-1)
	for i := range r.columns[1:] {
		ids = append(ids, r.columns[i+1].id)
	}
	return ids
}

// Pages returns the number of pages, which is that of every column.
func (r *Reader) Pages() int { return len(r.starts) - 1 }

// PageRows returns the rows of page i: n of them from row from.
func (r *Reader) PageRows(i int) (from, n int) { return r.starts[i], r.starts[i+1] - r.starts[i] }

// PageOf returns the one page that can hold key; ok is false when none can.
func (r *Reader) PageOf(key string) (page int, ok bool) {
	page = r.pageBefore(key)
	return page, page >= 0 && key <= r.most[page]
}

// pageBefore returns the last page whose keys' lower bound is not above key, -1 when all are.
func (r *Reader) pageBefore(key string) int {
	return sort.Search(len(r.least), func(i int) bool { return r.least[i] > key }) - 1
}

// PageAt returns the page of a row.
func (r *Reader) PageAt(row int) int {
	return sort.Search(len(r.starts), func(i int) bool { return r.starts[i] > row }) - 1
}

// groupAt returns the row group of a page.
func (r *Reader) groupAt(page int) int {
	return sort.Search(len(r.groups), func(i int) bool { return r.groups[i].page > page }) - 1
}

// find returns the column of an id; nil when the segment does not have it.
func (r *Reader) find(id uint32) *column {
	if id == KeyID {
		return &r.columns[0]
	}
	cols := r.columns[1:]
	i := sort.Search(len(cols), func(i int) bool { return cols[i].id >= id })
	if i < len(cols) && cols[i].id == id {
		return &cols[i]
	}
	return nil
}

// lazily makes functions of a column that parse their part of the tail when first called.
func (r *Reader) lazily(c *column) {
	c.pages = sync.OnceValues(func() ([]place, error) { return r.parsePages(c) })
	c.index = sync.OnceValues(func() ([]bounds, error) { return r.parseIndex(c) })
}
