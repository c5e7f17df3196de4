package segment

import (
	"context"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/row"
)

// Plan is what it takes to decode some rows of some columns: read Ranges, whenever that suits, and hand the bytes to Decode.
type Plan struct {
	Ranges []Range

	r       *Reader
	cols    []row.Field
	keys    bool
	from, n int
	parts   []part
}

// part is the pages of one column in one row group.
type part struct {
	col         int // of Plan.cols; -1 the keys
	c           *column
	group       int
	first, last int // pages
	data        int // of Plan.Ranges
	dict        int // of Plan.Ranges; -1 none, or before the data in its range
	known       []string
}

// Window is what Plan.Decode returns.
type Window struct {
	Keys   []string      // nil when they were not asked for
	Cols   []*vec.Vector // as asked for
	Absent []bool        // the segment does not have the column: all rows are Field.Missing
}

// Plan returns what it takes to read rows [from, from+n) of the columns, and of the keys. No request is made.
//
// Errors: Corrupt (the page index, or a column of another class than asked for), Internal (rows that do not exist).
func (r *Reader) Plan(cols []row.Field, keys bool, from, n int) (*Plan, error) {
	if from < 0 || n < 0 || from+n > r.meta.Rows {
		return nil, base.Errorf(errno.Unknown, "rows [%d, %d) of a segment with %d", from, from+n, r.meta.Rows)
	}
	p := &Plan{r: r, cols: cols, keys: keys, from: from, n: n}
	if n == 0 {
		return p, nil
	}
	if keys {
		if err := p.add(-1, &r.columns[0]); err != nil {
			return nil, err
		}
	}
	for i := range cols {
		c := r.find(cols[i].ID)
		if c == nil {
			continue
		}
		if err := c.fits(&cols[i]); err != nil {
			return nil, err
		}
		if err := p.add(i, c); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// fits reports a column that is of another class than asked for, as row.Fit does.
func (c *column) fits(q *row.Field) error {
	if c.id == KeyID || q.Class != c.kind.class {
		return base.Errorf(base.CodeCorrupt, "column %d holds values of class %s where its type says %s", c.id, c.kind.class, q.Class)
	}
	if q.Class == base.Decimal && q.Scale < c.kind.scale {
		return base.Errorf(base.CodeCorrupt, "column %d holds a DECIMAL that does not fit scale %d", c.id, q.Scale)
	}
	return nil
}

func (p *Plan) add(col int, c *column) error {
	places, err := c.pages()
	if err != nil {
		return err
	}
	first, last := p.r.pageAt(p.from), p.r.pageAt(p.from+p.n-1)
	for first <= last {
		g := p.r.groupAt(first)
		end := min(last, p.r.groups[g+1].page-1)
		at := Range{Off: places[first].off, Len: places[end].off + int64(places[end].size) - places[first].off}
		s := part{col: col, c: c, group: g, first: first, last: end, dict: -1}
		if k := &c.chunks[g]; k.start < k.data {
			if d := c.dict.Load(); d != nil && d.group == g {
				s.known = d.values
			} else if at.Off == k.data {
				at = Range{Off: k.start, Len: at.Len + at.Off - k.start}
			} else {
				s.dict = len(p.Ranges)
				p.Ranges = append(p.Ranges, Range{Off: k.start, Len: k.data - k.start})
			}
		}
		s.data = len(p.Ranges)
		p.Ranges = append(p.Ranges, at)
		p.parts = append(p.parts, s)
		first = end + 1
	}
	return nil
}

// Decode decodes the rows; data is what reading Ranges gave, and texts may alias it. The vectors are the caller's.
//
// Errors: Corrupt (names object and offset).
func (p *Plan) Decode(data [][]byte) (w Window, err error) {
	if err := p.r.complete(p.Ranges, data); err != nil {
		return w, err
	}
	w.Cols, w.Absent = make([]*vec.Vector, len(p.cols)), make([]bool, len(p.cols))
	for i := range p.cols {
		q := &p.cols[i]
		w.Cols[i] = vec.New(q.Class, q.Scale, p.n)
		if w.Absent[i] = p.r.find(q.ID) == nil; w.Absent[i] {
			fill(w.Cols[i], q.Missing)
		}
	}
	if p.keys {
		w.Keys = make([]string, 0, p.n)
	}
	for i := range p.parts {
		if err := p.decode(&p.parts[i], data, &w); err != nil {
			return Window{}, err
		}
	}
	for i, v := range w.Cols {
		if err := p.widen(i, v, w.Absent[i]); err != nil {
			return Window{}, err
		}
	}
	return w, nil
}

func fill(v *vec.Vector, missing *base.Value) {
	var val base.Value
	if missing != nil {
		val = *missing
	}
	for i := range v.Len {
		v.Set(i, val)
	}
}

func (p *Plan) decode(s *part, data [][]byte, w *Window) (err error) {
	places, err := s.c.pages()
	if err != nil {
		return err
	}
	b, dict, k := data[s.data], s.known, &s.c.chunks[s.group]
	if k.start < k.data && dict == nil {
		d := b
		if s.dict >= 0 {
			d = data[s.dict]
		} else {
			d, b = b[:k.data-k.start], b[k.data-k.start:]
		}
		if dict, err = p.r.decodeDict(k.start, d); err != nil {
			return err
		}
		s.c.dict.Store(&dictOf{group: s.group, values: dict})
	}
	for i := s.first; i <= s.last; i++ {
		begin, rows := p.r.PageRows(i)
		from, to := max(begin, p.from), min(begin+rows, p.from+p.n)
		one := b[:places[i].size]
		b = b[places[i].size:]
		if s.col < 0 {
			keys, err := p.r.decodeKeys(i, one)
			if err != nil {
				return err
			}
			w.Keys = append(w.Keys, keys[from-begin:to-begin]...)
			continue
		}
		if err := p.r.decodePage(s.c, i, one, dict, w.Cols[s.col], from-p.from, from-begin, to-from); err != nil {
			return err
		}
	}
	return nil
}

// widen brings DECIMALs of column i to the scale that was asked for.
func (p *Plan) widen(i int, v *vec.Vector, absent bool) error {
	if absent || v.Class != base.Decimal {
		return nil
	}
	have := p.r.find(p.cols[i].ID).kind.scale
	for k := range v.Dec {
		if have == v.Scale {
			break
		}
		if v.IsNull(k) {
			continue
		}
		c, ok := base.Rescale(v.Dec[k], have, v.Scale)
		if !ok {
			return base.Errorf(base.CodeCorrupt, "column %d holds a DECIMAL that does not fit scale %d", p.cols[i].ID, v.Scale)
		}
		v.Dec[k] = c
	}
	return nil
}

// Columns decodes rows [from, from+n) of the columns into vectors of the classes and scales asked for; absent says which of
// them the segment does not have, whose rows are Field.Missing. The vectors are the caller's.
//
// Cost: one ReadRanges. Errors: as Plan and Decode, those of the Source.
func (r *Reader) Columns(ctx context.Context, cols []row.Field, from, n int) (vecs []*vec.Vector, absent []bool, err error) {
	w, err := r.window(ctx, cols, false, from, n)
	return w.Cols, w.Absent, err
}

// Keys returns the keys of rows [from, from+n).
//
// Cost: one ReadRanges. Errors: Corrupt, those of the Source.
func (r *Reader) Keys(ctx context.Context, from, n int) ([]string, error) {
	w, err := r.window(ctx, nil, true, from, n)
	return w.Keys, err
}

func (r *Reader) window(ctx context.Context, cols []row.Field, keys bool, from, n int) (w Window, err error) {
	p, err := r.Plan(cols, keys, from, n)
	if err != nil {
		return w, err
	}
	data, err := r.read(ctx, p.Ranges)
	if err != nil {
		return w, err
	}
	return p.Decode(data)
}
