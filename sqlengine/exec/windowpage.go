package exec

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// pageStore keeps the rows of a window's input in pages of vec.MaxRows, as long as they are needed.
type pageStore struct {
	ec     *Context
	acc    account
	schema []plan.Column
	groups bool // a column with the numbers of the groups follows those of the schema
	first  int  // number of pages[0]
	pages  []*rowPage
	n      int // rows ever added
	err    error
	file   *spillFile
	cache  [4]cachedPage // pages read back
	turn   int
}

// rowPage is a page: its columns have n rows.
type rowPage struct {
	cols    []*vec.Vector
	n       int
	bytes   int64
	spilled bool // it lies in the file
	ref     blockRef
}

type cachedPage struct {
	page int
	cols []*vec.Vector
}

func newPageStore(ec *Context, schema []plan.Column, groups bool) pageStore {
	return pageStore{ec: ec, acc: account{ec: ec, soft: true}, schema: schema, groups: groups}
}

func (s *pageStore) close() error {
	s.acc.free()
	err := s.file.close()
	s.pages, s.first, s.n, s.err, s.file, s.cache = nil, 0, 0, nil, nil, [4]cachedPage{}
	return err
}

// add appends the counting rows of b; mark sees each run of them in its page, and numbers their groups.
func (s *pageStore) add(b *vec.Batch, mark func(cols []*vec.Vector, from, to, first int, numbers []int64)) error {
	rows := b.Rows()
	sel := b.Sel
	for at := 0; at < rows; {
		if s.n%vec.MaxRows == 0 {
			s.pages = append(s.pages, s.newPage())
		}
		p := s.pages[len(s.pages)-1]
		take := min(rows-at, vec.MaxRows-p.n)
		if sel == nil && take < rows {
			sel = make([]int32, rows)
			for i := range sel {
				sel[i] = int32(i)
			}
		}
		if err := s.addRun(p, b, sel, at, take, mark); err != nil {
			return err
		}
		at += take
	}
	return nil
}

func (s *pageStore) newPage() *rowPage {
	p := &rowPage{}
	for _, c := range s.schema {
		p.cols = append(p.cols, newColumn(c.Type))
	}
	if s.groups {
		p.cols = append(p.cols, newColumn(base.Type{ID: base.TypeBigInt}))
	}
	return p
}

// addRun appends rows sel[at:at+take], or the first take rows, to a page.
func (s *pageStore) addRun(p *rowPage, b *vec.Batch, sel []int32, at, take int,
	mark func(cols []*vec.Vector, from, to, first int, numbers []int64)) error {
	var run []int32
	if sel != nil {
		run = sel[at : at+take]
	}
	bytes := int64(0)
	for c := range s.schema {
		if b.Cols[c] == nil { // nobody asked for it
			bytes += appendNulls(p.cols[c], p.n, take)
			continue
		}
		bytes += appendColumn(p.cols[c], b.Cols[c], p.n, take, run)
	}
	var numbers []int64
	if s.groups {
		g := p.cols[len(s.schema)]
		g.Len += take
		g.I64 = append(g.I64, make([]int64, take)...)
		numbers = g.I64
		bytes += int64(take) * 8
	}
	from := p.n
	p.n += take
	p.bytes += bytes
	mark(p.cols, from, p.n, s.n-from, numbers)
	s.n += take
	if err := s.acc.grow(bytes); err != nil || !s.acc.mustSpill() {
		return err
	}
	return s.spill()
}

// spill writes the pages that are complete to the file.
func (s *pageStore) spill() error {
	for _, p := range s.pages {
		if p.spilled || p.n < vec.MaxRows || p.bytes == 0 {
			continue
		}
		if s.file == nil {
			var err error
			if s.file, err = s.ec.newSpill(); err != nil {
				return err
			}
		}
		var err error
		if p.ref, err = s.file.write(p.cols, rowNumbers(nil, &vec.Batch{N: p.n})); err != nil {
			return err
		}
		s.acc.shrink(p.bytes)
		p.cols, p.bytes, p.spilled = nil, 0, true
	}
	return nil
}

// load returns the columns of a page.
func (s *pageStore) load(page int) ([]*vec.Vector, error) {
	p := s.pages[page-s.first]
	if !p.spilled {
		return p.cols, nil
	}
	for _, c := range s.cache {
		if c.cols != nil && c.page == page {
			return c.cols, nil
		}
	}
	cols, err := s.file.read(p.ref)
	if err == nil {
		s.cache[s.turn%len(s.cache)] = cachedPage{page, cols}
		s.turn++
	}
	return cols, err
}

// rows returns how many rows a page has.
func (s *pageStore) rows(page int) int { return s.pages[page-s.first].n }

// dropBefore drops the pages that end before row oldest.
func (s *pageStore) dropBefore(oldest int) {
	for len(s.pages) > 0 && (s.first+1)*vec.MaxRows <= oldest {
		s.acc.shrink(s.pages[0].bytes)
		s.pages[0] = nil
		s.pages, s.first = s.pages[1:], s.first+1
	}
}

// blank returns a column in which every row can be read, for what goes on until it sees an error.
func (s *pageStore) blank(col int) *vec.Vector {
	t := base.Type{ID: base.TypeBigInt}
	if col < len(s.schema) {
		t = s.schema[col].Type
	}
	v := newColumn(t)
	v.Resize(vec.MaxRows)
	return v
}

// pageCursor reads one column row by row.
type pageCursor struct {
	store *pageStore
	col   int
	page  int
	v     *vec.Vector
}

func newPageCursor(s *pageStore, col int) pageCursor { return pageCursor{store: s, col: col, page: -1} }

// seek returns the position in v of a row.
func (c *pageCursor) seek(row int) int32 {
	if page := row / vec.MaxRows; page != c.page {
		c.load(page)
	}
	return int32(row % vec.MaxRows)
}

func (c *pageCursor) load(page int) {
	c.page = page
	cols, err := c.store.load(page)
	if err == nil {
		err = c.store.ec.Ctx.Err()
	}
	if err != nil { // reported before anything is made of what is read
		c.store.err = err
		c.v = c.store.blank(c.col)
		return
	}
	c.v = cols[c.col]
}
