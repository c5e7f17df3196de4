package table

import (
	"context"

	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/row"
	"github.com/s3sql/s3sql/storage/segment"
)

// ScanSpec says what a scan returns.
type ScanSpec struct {
	// Cols are the columns, in the order of the batch's vectors. None is allowed: the batches then carry N alone.
	Cols []ScanCol
	// Lo and Hi bound the keys: Lo ≤ key < Hi; "" is unbounded.
	Lo, Hi string
	// Reverse returns the rows in descending key order.
	Reverse bool
	// WithKeys makes Next return the keys.
	WithKeys bool
	// AnyOrder says that all rows will be read, and that their order does not matter, which saves reading keys.
	AnyOrder bool
	// Bounds are conditions on columns. Rows that do not meet them may be left out; that need not be all of them, nor any.
	Bounds []segment.Bound
	// Filter may leave further rows out; nil: none.
	Filter *Filter
	// First bounds the rows of the first batch, where they are decoded one by one; 0 leaves it to the scanner. Batches grow.
	First int
}

// minSlice is the fewest rows of a part that are worth a batch of their own: such a batch aliases the part, a shorter
// run is copied into a batch with its neighbours.
const minSlice = 1024

// Scanner returns the rows of one table in one snapshot, batch by batch. Writes of its transaction after Scan do not
// show. It is for one goroutine; several scanners of one transaction may run at once while nobody writes. It holds no
// resource that needs a Close.
type Scanner struct {
	m    *merge // of a version with segments, which the other fields are not about; nil: there are none
	v    *version
	spec ScanSpec
	cur  *cursor     // of the delta; nil when no entry falls into the range
	dec  row.Decoder // made when it is first needed
	read *readRange  // nil: not tracked
	max  int         // rows of the next copied batch: it grows, as a caller with a LIMIT takes only the first few

	// pi is the part being read, and [lo, hi) its rows that are still to come (from the end for reverse).
	pi, lo, hi int
	cols       []*column // of part pi; nil: not fetched yet
	steps      []step
	decodes    bool // dec is made
	done       bool
}

// step is a run of rows in a copied batch: n rows of a part from position from, or one entry.
type step struct {
	cols    []*column
	p       part
	from, n int
	e       *entry
}

func (fs *files) scan(v *version, spec ScanSpec) *Scanner {
	if v.segs != nil {
		return &Scanner{m: newMerge(fs, v, spec)}
	}
	return newScanner(v, spec)
}

// track makes the scanner note in r what it reads.
func (s *Scanner) track(r *readRange) {
	if s.read = r; s.m != nil {
		s.m.read = r
	}
}

// newScanner returns the scanner of a version without segments.
func newScanner(v *version, spec ScanSpec) *Scanner {
	s := &Scanner{v: v, spec: spec, max: 64}
	if !spec.Reverse {
		s.max = 256
	}
	if spec.First > 0 {
		s.max = spec.First
	}
	if v.delta.len() > 0 {
		s.cur = v.delta.cursor(spec.Lo, spec.Hi, spec.Reverse)
		s.trimCursor()
	}
	if spec.Reverse {
		s.pi = len(v.parts) - 1
		if spec.Hi != "" {
			s.pi = min(s.pi, findPart(v.parts, spec.Hi))
		}
	} else {
		s.pi = findPart(v.parts, spec.Lo)
	}
	s.enterPart()
	return s
}

// trimCursor drops the cursor once it has left the range.
func (s *Scanner) trimCursor() {
	if s.cur == nil {
		return
	}
	e := s.cur.cur
	if e == nil || s.spec.Reverse && e.key < s.spec.Lo || !s.spec.Reverse && s.spec.Hi != "" && e.key >= s.spec.Hi {
		s.cur = nil
	}
}

// enterPart sets lo and hi to the rows of part pi in the range; without a part left, to an empty range.
func (s *Scanner) enterPart() {
	s.lo, s.hi, s.cols = 0, 0, nil
	if s.pi < 0 || s.pi >= len(s.v.parts) {
		return
	}
	p := s.v.parts[s.pi]
	s.hi = p.rows()
	if s.spec.Lo > p.first() {
		s.lo = p.seek(s.spec.Lo)
	}
	if s.spec.Hi != "" && s.spec.Hi <= p.last() {
		s.hi = p.seek(s.spec.Hi)
	}
	s.hi = max(s.hi, s.lo)
}

// advance moves to the next part that has rows in the range, and reports whether there is one.
func (s *Scanner) advance() bool {
	for s.lo == s.hi {
		if s.pi < 0 || s.pi >= len(s.v.parts) {
			return false
		}
		p := s.v.parts[s.pi]
		switch {
		case s.spec.Reverse && p.first() <= s.spec.Lo, !s.spec.Reverse && s.spec.Hi != "" && s.spec.Hi <= p.last():
			s.pi = len(s.v.parts) // nothing after this part is in the range
		case s.spec.Reverse:
			s.pi--
		default:
			s.pi++
		}
		s.enterPart()
	}
	return true
}

// run returns how many rows of the current part come before the next entry of the delta, at most limit.
func (s *Scanner) run(limit int) int {
	n := min(s.hi-s.lo, limit)
	if s.cur == nil || n == 0 {
		return n
	}
	p, k := s.v.parts[s.pi], s.cur.cur.key
	if s.spec.Reverse {
		if p.key(s.hi-n) > k {
			return n
		}
		return s.hi - seekWithin(p, k, s.hi-n, s.hi, true)
	}
	if p.key(s.lo+n-1) < k {
		return n
	}
	return seekWithin(p, k, s.lo, s.lo+n, false) - s.lo
}

// seekWithin returns the first position in [lo, hi) whose key is ≥ k (> k with after), by galloping from lo, as the
// next entry is usually near.
func seekWithin(p part, k string, lo, hi int, after bool) int {
	below := func(i int) bool { return p.key(i) < k || after && p.key(i) == k }
	for step := 1; lo+step < hi; step *= 2 {
		if !below(lo + step) {
			hi = lo + step
			break
		}
		lo += step
	}
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if below(mid) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// Next puts the next rows, at most vec.MaxRows, into b and reports whether there were any. keys has one key a row with
// ScanSpec.WithKeys, else it is nil. b's columns are replaced; they are immutable and stay valid as long as they are
// held.
// Cost: none for rows in memory or in a cache; else a GET for each segment, and one or more for every 65,536 rows of it.
// Errors: Corrupt (a row that cannot be decoded or does not fit its column's type; a segment that is damaged or missing), those of
// the store, ctx.Err().
func (s *Scanner) Next(ctx context.Context, b *vec.Batch) (keys []string, ok bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	b.N, b.Sel = 0, nil
	if s.m != nil {
		return s.m.next(ctx, b)
	}
	if s.done {
		return nil, false, nil
	}
	if s.advance() && !s.spec.Reverse {
		if n := s.run(vec.MaxRows); n >= minSlice || n > 0 && s.cur == nil && n == s.hi-s.lo {
			return s.sliceBatch(b, n)
		}
	}
	if err := s.collect(s.max); err != nil {
		return nil, false, err
	}
	s.max = min(4*s.max, vec.MaxRows)
	return s.copyBatch(b)
}

// sliceBatch hands out the next n rows of the current part without copying.
func (s *Scanner) sliceBatch(b *vec.Batch, n int) (keys []string, ok bool, err error) {
	if err := s.loadCols(); err != nil {
		return nil, false, err
	}
	p := s.v.parts[s.pi]
	b.N, b.Cols = n, resizeCols(b.Cols, len(s.cols))
	for i, c := range s.cols {
		b.Cols[i] = c.slice(s.spec.Cols[i], s.lo, n)
	}
	if s.spec.WithKeys {
		keys = make([]string, n)
		for i := range keys {
			keys[i] = p.key(s.lo + i)
		}
	}
	s.lo += n
	s.read.extend(p.key(s.lo-1), s.spec)
	return keys, true, nil
}

func (s *Scanner) loadCols() (err error) {
	if s.cols == nil {
		s.cols, err = s.v.parts[s.pi].columns(s.spec.Cols)
	}
	return err
}

func resizeCols(cols []*vec.Vector, n int) []*vec.Vector {
	if cap(cols) >= n {
		return cols[:n]
	}
	return make([]*vec.Vector, n)
}

// collect merges parts and delta into steps of together at most limit rows.
func (s *Scanner) collect(limit int) error {
	s.steps = s.steps[:0]
	for limit > 0 {
		inPart := s.advance()
		if s.cur == nil && !inPart {
			break
		}
		n := 0
		if inPart {
			n = s.run(limit)
		}
		if n > 0 {
			if err := s.loadCols(); err != nil {
				return err
			}
			st := step{cols: s.cols, p: s.v.parts[s.pi], from: s.lo, n: n}
			if s.spec.Reverse {
				s.hi -= n
				st.from = s.hi
			} else {
				s.lo += n
			}
			s.steps = append(s.steps, st)
			limit -= n
			continue
		}
		e := s.cur.cur
		if inPart { // the entry hides the row of the same key
			p := s.v.parts[s.pi]
			if s.spec.Reverse && p.key(s.hi-1) == e.key {
				s.hi--
			} else if !s.spec.Reverse && p.key(s.lo) == e.key {
				s.lo++
			}
		}
		if !e.dead {
			s.steps = append(s.steps, step{n: 1, e: e})
			limit--
		}
		s.cur.next()
		s.trimCursor()
	}
	return nil
}

// copyBatch copies the collected steps into a new batch.
func (s *Scanner) copyBatch(b *vec.Batch) (keys []string, ok bool, err error) {
	n := 0
	for i := range s.steps {
		n += s.steps[i].n
	}
	if n == 0 {
		s.done = true
		s.read.exhaust(s.spec)
		return nil, false, nil
	}
	b.N, b.Cols = n, resizeCols(b.Cols, len(s.spec.Cols))
	for i, q := range s.spec.Cols {
		b.Cols[i] = vec.New(q.Type.Class(), q.scale(), n)
	}
	if s.spec.WithKeys {
		keys = make([]string, 0, n)
	}
	at := 0
	for i := range s.steps {
		st := &s.steps[i]
		if st.e != nil {
			if !s.decodes {
				s.dec, s.decodes = row.NewDecoder(fieldsOf(s.spec.Cols)), true
			}
			if err := s.dec.Decode(st.e.row, b.Cols, at); err != nil {
				return nil, false, err
			}
		} else {
			for c, q := range s.spec.Cols {
				st.cols[c].copyTo(b.Cols[c], q, at, st.from, st.n, s.spec.Reverse)
			}
		}
		if s.spec.WithKeys {
			keys = st.appendKeys(keys, s.spec.Reverse)
		}
		at += st.n
	}
	s.read.extend(s.steps[len(s.steps)-1].lastKey(s.spec.Reverse), s.spec)
	return keys, true, nil
}

func (st *step) lastKey(reverse bool) string {
	switch {
	case st.e != nil:
		return st.e.key
	case reverse:
		return st.p.key(st.from)
	}
	return st.p.key(st.from + st.n - 1)
}

func (st *step) appendKeys(keys []string, reverse bool) []string {
	if st.e != nil {
		return append(keys, st.e.key)
	}
	for i := range st.n {
		if reverse {
			keys = append(keys, st.p.key(st.from+st.n-1-i))
		} else {
			keys = append(keys, st.p.key(st.from+i))
		}
	}
	return keys
}
