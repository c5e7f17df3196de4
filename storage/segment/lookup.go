package segment

import (
	"context"
	"hash/crc32"
	"sort"

	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
)

// Lookup calls fn for each of the ascending keys that the segment has, with its place in keys, its row number and the
// encoded row of the columns ids, ascending; nil stands for all. Columns that the segment does not have are left out. A segment
// that keeps rows as they are gives the row, whatever ids says. fn's error ends the call.
//
// Cost: one ReadRanges of the pages that can hold the keys, in every column, less what the cache has.
// Errors: Corrupt, those of the Source and of fn.
func (r *Reader) Lookup(ctx context.Context, keys []string, ids []uint32, fn func(i, ord int, row string) error) error {
	cols := r.withKeys(ids)
	pages, at := r.candidates(keys)
	got, err := r.fetch(ctx, pages, cols)
	if err != nil {
		return err
	}
	var buf []byte
	for i, key := range keys {
		if at[i] < 0 {
			continue
		}
		page := got[at[i]]
		k := sort.SearchStrings(page[0].Keys, key)
		if k == len(page[0].Keys) || page[0].Keys[k] != key {
			continue
		}
		row := ""
		row, buf = r.encoded(page[1:], cols[1:], k, buf)
		if err := fn(i, r.starts[pages[at[i]]]+k, row); err != nil {
			return err
		}
	}
	return nil
}

// withKeys returns the column of the keys and the columns ids, those that the segment has; nil stands for all.
func (r *Reader) withKeys(ids []uint32) []*column {
	cols := []*column{&r.columns[0]}
	if ids == nil || r.Raw() {
		ids = r.IDs()
	}
	for _, id := range ids {
		if c := r.find(id); c != nil {
			cols = append(cols, c)
		}
	}
	return cols
}

// encoded returns row k of pages as a stored row; buf is room to make it in.
func (r *Reader) encoded(pages []*Page, cols []*column, k int, buf []byte) (row string, room []byte) {
	if r.Raw() {
		return pages[0].Vec.Str[k], buf
	}
	buf = buf[:0]
	for c, p := range pages {
		buf = base.AppendField(buf, cols[c].id, p.Vec.Value(k))
	}
	return string(buf), buf
}

// RowsAt calls fn for each of the ascending row numbers, with its place in ords, its key, which is "" unless keys is set, and its row as
// Lookup gives it. It is for few rows: their pages go to the cache. fn's error ends the call.
//
// Cost: one ReadRanges of the pages that have the rows, less what the cache has.
// Errors: Corrupt, Internal (rows that do not exist), those of the Source and of fn.
func (r *Reader) RowsAt(ctx context.Context, ords []int, ids []uint32, keys bool, fn func(i int, key, row string) error) error {
	cols := r.withKeys(ids)
	values := 1 // of cols, the first that is part of the row
	if !keys {
		cols, values = cols[1:], 0
	}
	var pages []int
	for _, ord := range ords {
		if ord < 0 || ord >= r.Rows() {
			return base.Errorf(errno.Unknown, "row %d of a segment with %d rows", ord, r.Rows())
		}
		if p := r.PageAt(ord); len(pages) == 0 || pages[len(pages)-1] != p {
			pages = append(pages, p)
		}
	}
	var got [][]*Page
	if len(cols) > 0 {
		var err error
		if got, err = r.fetch(ctx, pages, cols); err != nil {
			return err
		}
	}
	var buf []byte
	at := 0
	for i, ord := range ords {
		for pages[at] != r.PageAt(ord) {
			at++
		}
		k, key, row := ord-r.starts[pages[at]], "", ""
		if len(cols) > 0 {
			if keys {
				key = got[at][0].Keys[k]
			}
			row, buf = r.encoded(got[at][values:], cols[values:], k, buf)
		}
		if err := fn(i, key, row); err != nil {
			return err
		}
	}
	return nil
}

// Find sets ords, which is as long as keys, to the row numbers of the ascending keys, -1 for those that are absent.
//
// Cost: one ReadRanges of the key pages that can hold the keys, less what the cache has; none when no page can.
// Errors: Corrupt, those of the Source.
func (r *Reader) Find(ctx context.Context, keys []string, ords []int) error {
	pages, at := r.candidates(keys)
	got, err := r.fetch(ctx, pages, []*column{&r.columns[0]})
	if err != nil {
		return err
	}
	for i, key := range keys {
		if ords[i] = -1; at[i] < 0 {
			continue
		}
		have := got[at[i]][0].Keys
		if k := sort.SearchStrings(have, key); k < len(have) && have[k] == key {
			ords[i] = r.starts[pages[at[i]]] + k
		}
	}
	return nil
}

// SeekAll sets ords, which is as long as keys, to the first rows whose keys are not below the ascending keys; Rows() where
// there is none.
//
// Cost and errors: as Find.
func (r *Reader) SeekAll(ctx context.Context, keys []string, ords []int) error {
	pages, at := r.candidates(keys)
	got, err := r.fetch(ctx, pages, []*column{&r.columns[0]})
	if err != nil {
		return err
	}
	for i, key := range keys {
		if at[i] >= 0 {
			ords[i] = r.starts[pages[at[i]]] + sort.SearchStrings(got[at[i]][0].Keys, key)
		} else {
			ords[i] = r.starts[r.pageBefore(key)+1]
		}
	}
	return nil
}

// Seek returns the first row whose key is not below key; Rows() when there is none.
//
// Cost and errors: as Find.
func (r *Reader) Seek(ctx context.Context, key string) (ord int, err error) {
	var ords [1]int
	err = r.SeekAll(ctx, []string{key}, ords[:])
	return ords[0], err
}

// candidates returns the pages that can hold the ascending keys, and of each key the place of its page among them, -1 none.
func (r *Reader) candidates(keys []string) (pages, at []int) {
	at = make([]int, len(keys))
	for i, key := range keys {
		p, ok := r.PageOf(key)
		switch n := len(pages); {
		case !ok:
			at[i] = -1
			continue
		case n == 0 || pages[n-1] != p:
			pages = append(pages, p)
		}
		at[i] = len(pages) - 1
	}
	return pages, at
}

// wanted is a page, or a dictionary, that is read.
type wanted struct {
	c    *column
	page int // -1-group for a dictionary
	into **Page
	from int // of the ranges
}

// fetch returns pages of columns, by page and column: from the cache, and the others in one request.
func (r *Reader) fetch(ctx context.Context, pages []int, cols []*column) ([][]*Page, error) {
	got := make([][]*Page, len(pages))
	var want []wanted
	var ranges []Range
	dicts := map[*column]map[int]*Page{}
	for i, page := range pages {
		got[i] = make([]*Page, len(cols))
		for k, c := range cols {
			if p, ok := r.cached(c, page); ok {
				got[i][k] = p
				continue
			}
			places, err := c.pages()
			if err != nil {
				return nil, err
			}
			g := r.groupAt(page)
			if part := &c.chunks[g]; part.start < part.data && dicts[c][g] == nil {
				if dicts[c] == nil {
					dicts[c] = map[int]*Page{}
				}
				if p := r.knownDict(c, g); p != nil {
					dicts[c][g] = p
				} else {
					dicts[c][g] = new(Page)
					want = append(want, wanted{c: c, page: -1 - g, from: len(ranges)})
					ranges = append(ranges, Range{part.start, part.data - part.start})
				}
			}
			want = append(want, wanted{c: c, page: page, into: &got[i][k], from: len(ranges)})
			ranges = append(ranges, Range{places[page].off, int64(places[page].size)})
		}
	}
	data, err := r.read(ctx, ranges)
	if err != nil {
		return nil, err
	}
	for _, x := range want {
		if err := r.decodeWanted(x, data[x.from], dicts[x.c]); err != nil {
			return nil, err
		}
	}
	return got, nil
}

func (r *Reader) cached(c *column, page int) (*Page, bool) {
	if r.cache == nil {
		return nil, false
	}
	return r.cache.Get(r.meta.ID, c.id, page)
}

// knownDict returns the dictionary of a row group if it is in memory.
func (r *Reader) knownDict(c *column, g int) *Page {
	if d := c.dict.Load(); d != nil && d.group == g {
		return &Page{Keys: d.values}
	}
	p, _ := r.cached(c, -1-g)
	return p
}

func (r *Reader) decodeWanted(x wanted, b []byte, dicts map[int]*Page) (err error) {
	p := new(Page)
	_, n := 0, 0
	if x.page >= 0 {
		_, n = r.PageRows(x.page)
	}
	switch {
	case x.page < 0:
		p = dicts[-1-x.page]
		p.Keys, err = r.decodeDict(x.c.chunks[-1-x.page].start, b)
	case x.c.id == KeyID:
		p.Keys, err = r.decodeKeys(x.page, b)
	default:
		var dict []string
		if d := dicts[r.groupAt(x.page)]; d != nil {
			dict = d.Keys
		}
		p.Vec = vec.New(x.c.kind.class, x.c.kind.scale, n)
		err = r.decodePage(x.c, x.page, b, dict, p.Vec, 0, 0, n)
	}
	if err != nil {
		return err
	}
	if x.into != nil {
		*x.into = p
	}
	if r.cache != nil {
		r.cache.Put(r.meta.ID, x.c.id, x.page, p)
	}
	return nil
}

// filter is the bloom filter of a row group's keys.
type filter = bloom.SplitBlockFilter

// MayHold reports whether the segment can have key, by the page index and the bloom filter: of 100 other keys about one passes.
//
// Cost: none when no page can hold the key; else one ReadRanges of all bloom filters the first time, and none later.
// Errors: Corrupt, those of the Source.
func (r *Reader) MayHold(ctx context.Context, key string) (bool, error) {
	page, ok := r.PageOf(key)
	if !ok || r.meta.Bloom == 0 {
		return ok, nil
	}
	fs := r.blooms.Load()
	if fs == nil {
		list, err := r.readBlooms(ctx)
		if err != nil {
			return false, err
		}
		fs = &list
		r.blooms.Store(fs)
	}
	return (*fs)[r.groupAt(page)].Check(hashText(key)), nil
}

func (r *Reader) readBlooms(ctx context.Context) (fs []filter, err error) {
	at := Range{r.tailAt - r.meta.Bloom, r.meta.Bloom}
	data, err := r.read(ctx, []Range{at})
	if err != nil {
		return nil, err
	}
	if crc32.Checksum(data[0], castagnoli) != r.meta.BloomSum {
		return nil, r.corrupt(at.Off, "the checksum of the bloom filters does not match")
	}
	for i := range r.columns[0].chunks {
		b := r.columns[0].chunks[i].bloom
		from := b.Off - at.Off
		if from < 0 || b.Len < 0 || from+b.Len > at.Len || from+b.Len < from {
			return nil, r.corrupt(at.Off, "a bloom filter is outside of its place")
		}
		f, err := r.parseBloom(b.Off, data[0][from:from+b.Len])
		if err != nil {
			return nil, err
		}
		fs = append(fs, f)
	}
	return fs, nil
}

func (r *Reader) parseBloom(off int64, b []byte) (f filter, err error) {
	defer r.guard(off, &err)
	var h format.BloomFilterHeader
	br := new(thrift.CompactProtocol).NewReaderFromBytes(append([]byte(nil), b...))
	if err := thrift.NewDecoder(br).Decode(&h); err != nil {
		return nil, r.corrupt(off, err.Error())
	}
	b = b[min(br.BytesRead(), len(b)):]
	if len(b) == 0 || len(b)%bloom.BlockSize != 0 || int(h.NumBytes) != len(b) {
		return nil, r.corrupt(off, "a bloom filter cannot be read")
	}
	f = make(filter, len(b)/bloom.BlockSize)
	for i := range f {
		for k := range f[i] {
			f[i][k] = bloom.Word(le.Uint32(b))
			b = b[4:]
		}
	}
	return f, nil
}
