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

	r     *Reader
	cols  []row.Field
	keys  bool
	n     int // rows
	parts []part
}

// part is the pages of one column in one row group, of one span.
type part struct {
	span Span
	at   int // row of the window where the span begins

	col         int // of Plan.cols; -1 the keys
	c           *column
	group       int
	first, last int  // pages
	data        int  // of Plan.Ranges
	dict        int  // of Plan.Ranges; -1 none, or before the data in its range
	again       bool // the dictionary is that of the part before
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
	return r.PlanSpans(cols, keys, []Span{{from, n}})
}

// PlanSpans is Plan for the rows of spans, which are ascending and apart; the window has them one after the other.
//
// Errors: as Plan.
func (r *Reader) PlanSpans(cols []row.Field, keys bool, spans []Span) (*Plan, error) {
	p := &Plan{r: r, cols: cols, keys: keys}
	end := 0
	for _, s := range spans {
		if s.From < end || s.N < 0 || s.From+s.N > r.meta.Rows {
			return nil, base.Errorf(errno.Unknown, "rows [%d, %d) of a segment with %d", s.From, s.From+s.N, r.meta.Rows)
		}
		p.n += s.N
		end = s.From + s.N
	}
	if p.n == 0 {
		return p, nil
	}
	if keys {
		if err := p.addAll(-1, &r.columns[0], spans); err != nil {
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
		if err := p.addAll(i, c, spans); err != nil {
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

func (p *Plan) addAll(col int, c *column, spans []Span) error {
	places, err := c.pages()
	if err != nil {
		return err
	}
	at, first := 0, len(p.parts)
	for _, s := range spans {
		if s.N > 0 {
			p.add(part{col: col, c: c, span: s, at: at}, places, first)
		}
		at += s.N
	}
	return nil
}

// add appends the parts of a span; those of the column begin at mine.
func (p *Plan) add(s part, places []place, mine int) {
	first, last := p.r.PageAt(s.span.From), p.r.PageAt(s.span.From+s.span.N-1)
	for first <= last {
		g := p.r.groupAt(first)
		end := min(last, p.r.groups[g+1].page-1)
		at := Range{Off: places[first].off, Len: places[end].off + int64(places[end].size) - places[first].off}
		s.group, s.first, s.last, s.dict, s.again, s.known = g, first, end, -1, false, nil
		if k := &s.c.chunks[g]; k.start < k.data {
			if n := len(p.parts); n > mine && p.parts[n-1].group == g {
				s.again = true
			} else if d := s.c.dict.Load(); d != nil && d.group == g {
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
	var dict []string
	for i := range p.parts {
		if dict, err = p.decode(&p.parts[i], data, dict, &w); err != nil {
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

// decode decodes a part; last is the dictionary of the one before. It returns its own.
func (p *Plan) decode(s *part, data [][]byte, last []string, w *Window) (dict []string, err error) {
	places, err := s.c.pages()
	if err != nil {
		return nil, err
	}
	b := data[s.data]
	switch k := &s.c.chunks[s.group]; {
	case s.again:
		dict = last
	case s.known != nil || k.start == k.data:
		dict = s.known
	default:
		d := b
		if s.dict >= 0 {
			d = data[s.dict]
		} else {
			d, b = b[:k.data-k.start], b[k.data-k.start:]
		}
		if dict, err = p.r.decodeDict(k.start, d); err != nil {
			return nil, err
		}
		s.c.dict.Store(&dictOf{group: s.group, values: dict})
	}
	for i := s.first; i <= s.last; i++ {
		begin, rows := p.r.PageRows(i)
		from, to := max(begin, s.span.From), min(begin+rows, s.span.From+s.span.N)
		one := b[:places[i].size]
		b = b[places[i].size:]
		if s.col < 0 {
			keys, err := p.r.decodeKeys(i, one)
			if err != nil {
				return nil, err
			}
			w.Keys = append(w.Keys, keys[from-begin:to-begin]...)
			continue
		}
		if err := p.r.decodePage(s.c, i, one, dict, w.Cols[s.col], s.at+from-s.span.From, from-begin, to-from); err != nil {
			return nil, err
		}
	}
	return dict, nil
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
