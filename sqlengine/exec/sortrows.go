package exec

import (
	"cmp"
	"slices"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// sortKey is one ORDER BY key.
type sortKey struct {
	expr    expr.Expr
	desc    bool
	binary  bool // text that is compared by its bytes
	compare compareFunc
	column  int // the input column that the key is, or else -1
}

func newSortKeys(keys []plan.SortKey) []sortKey {
	out := make([]sortKey, len(keys))
	for i, k := range keys {
		t := k.Expr.Type()
		out[i] = sortKey{expr: k.Expr, desc: k.Desc, compare: comparer(t), column: -1,
			binary: t.Class() == base.Bytes || t.Class() == base.String && collation.Binary(t.Collation)}
		if c, ok := expr.AsColumn(k.Expr); ok {
			out[i].column = c
		}
	}
	return out
}

// order compares row i of a with row j of b. NULL is lowest, as in MySQL.
func (k *sortKey) order(a *vec.Vector, i int32, b *vec.Vector, j int32) int {
	an, bn := a.IsNull(int(i)), b.IsNull(int(j))
	c := 0
	switch {
	case an && bn:
		return 0
	case an:
		c = -1
	case bn:
		c = 1
	default:
		c = k.compare(a, i, b, j)
	}
	if k.desc {
		return -c
	}
	return c
}

// bits is orderBits with NULL lowest and DESC turned round; full says that the column has no NULL at all.
func (k *sortKey) bits(v *vec.Vector, i int, full bool) (p uint64, exact bool) {
	switch {
	case full:
		p, exact = orderBits(v, i, k.binary)
	case !v.IsNull(i):
		p, _ = orderBits(v, i, k.binary)
		p = p>>1 | 1<<63
	default:
		exact = true
	}
	if k.desc {
		p = ^p
	}
	return p, exact
}

// keyedRows holds rows and their sort keys.
type keyedRows struct {
	rows  rowStore
	extra rowStore // of keys that are no columns
	keys  []sortKey
	vecs  []*vec.Vector // scratch: the keys of a batch
	cols  []*vec.Vector // the keys of the rows held
}

func newKeyedRows(schema []plan.Column, keys []sortKey) *keyedRows {
	r := &keyedRows{rows: newRowStore(schema), keys: keys, vecs: make([]*vec.Vector, len(keys))}
	for _, k := range keys {
		if k.column < 0 {
			r.extra.cols = append(r.extra.cols, newColumn(k.expr.Type()))
		}
	}
	r.point()
	return r
}

// point sets cols.
func (r *keyedRows) point() {
	r.cols = r.cols[:0]
	extra := 0
	for _, k := range r.keys {
		if k.column >= 0 {
			r.cols = append(r.cols, r.rows.cols[k.column])
		} else {
			r.cols = append(r.cols, r.extra.cols[extra])
			extra++
		}
	}
}

// eval evaluates the keys of b into vecs.
func (r *keyedRows) eval(ctx *expr.Context, b *vec.Batch) (err error) {
	for i, k := range r.keys {
		if k.column >= 0 {
			r.vecs[i] = b.Cols[k.column]
		} else if r.vecs[i], err = k.expr.Eval(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// add copies rows of b, whose keys eval has left in vecs.
func (r *keyedRows) add(b *vec.Batch, sel []int32, acc *account) error {
	if err := r.rows.addRows(b.Cols, b.N, sel, acc); err != nil {
		return err
	}
	at := 0
	for i, k := range r.keys {
		if k.column < 0 {
			r.vecs[at] = r.vecs[i]
			at++
		}
	}
	return r.extra.addRows(r.vecs[:at], b.N, sel, acc)
}

// sortEntry is a row to be sorted: the bits of the key at hand, and where the row is.
type sortEntry struct {
	bits uint64
	row  int32
}

// radixMin is how many entries make counting passes cheaper than comparing.
const radixMin = 512

// sortRun is how many rows a pass goes on for without looking whether the statement was cancelled.
const sortRun = 1 << 16

// stopped reports whether the statement was cancelled; then the order is of no use any more.
func (s *rowSorter) stopped() bool {
	if s.err == nil {
		s.err = s.ec.Ctx.Err()
	}
	return s.err != nil
}

// rowSorter sorts the rows of a keyedRows by moving entries.
type rowSorter struct {
	ec       *Context
	rows     *keyedRows
	spare    []sortEntry
	steps    int // rows since the context was looked at
	compared int
	err      error
}

// sorted returns the positions of the rows in order; equal rows keep the order they came in.
func (r *keyedRows) sorted(ec *Context) ([]sortEntry, error) {
	es := make([]sortEntry, r.rows.n)
	for i := range es {
		es[i].row = int32(i)
	}
	s := rowSorter{ec: ec, rows: r}
	s.sort(es, 0)
	return es, s.err
}

// sort orders es, which are equal in the keys before k and in row order, by the keys from k.
func (s *rowSorter) sort(es []sortEntry, k int) {
	if k == len(s.rows.keys) || len(es) < 2 || s.err != nil {
		return
	}
	if s.steps += len(es); s.steps >= sortRun {
		if s.steps = 0; s.stopped() {
			return
		}
	}
	if len(es) < 32 {
		s.compareSort(es, k)
		return
	}
	exact := s.fill(es, k)
	if !s.bitSort(es) && !exact { // the bits tell nothing
		s.compareSort(es, k)
		return
	}
	for from := 0; from < len(es); {
		to := from + 1
		for to < len(es) && es[to].bits == es[from].bits {
			to++
		}
		if to-from > 1 {
			if exact {
				s.sort(es[from:to], k+1)
			} else {
				s.sort(es[from:to], k) // fewer rows: their bits can tell more
			}
		}
		from = to
	}
}

// fill sets the bits of es to those of key k, and reports whether equal bits mean equal keys.
func (s *rowSorter) fill(es []sortEntry, k int) (exact bool) {
	key, col := &s.rows.keys[k], s.rows.cols[k]
	full := true
	if col.Nulls != nil || col.Class == base.Null {
		nulls := 0
		for i := range es {
			if col.IsNull(int(es[i].row)) {
				nulls++
			}
		}
		full = nulls == 0
	}
	if full && key.binary {
		return fillText(es, col.Str, key.desc)
	}
	exact = true
	for i := range es {
		p, e := key.bits(col, int(es[i].row), full)
		es[i].bits = p
		exact = exact && e
	}
	return exact
}

// fillText takes the eight bytes after what all the texts begin with; exact says that all are equal.
func fillText(es []sortEntry, texts []string, desc bool) (exact bool) {
	common, exact := texts[es[0].row], true
	for i := range es {
		s := texts[es[i].row]
		if s == common && exact {
			continue
		}
		exact = false
		n := 0
		for n < len(common) && n < len(s) && common[n] == s[n] {
			n++
		}
		common = common[:n]
	}
	flip := uint64(0)
	if desc {
		flip = ^flip
	}
	for i := range es {
		es[i].bits = 0
		if !exact {
			es[i].bits = textBits(texts[es[i].row][len(common):]) ^ flip
		}
	}
	return exact
}

// bitSort orders es by their bits, keeping the order of equal ones, and reports whether they differ at all.
func (s *rowSorter) bitSort(es []sortEntry) bool {
	differ := uint64(0)
	ascending := true
	for i := 1; i < len(es); i++ {
		differ |= es[i].bits ^ es[0].bits
		ascending = ascending && es[i-1].bits <= es[i].bits
	}
	if differ == 0 || ascending {
		return differ != 0
	}
	if len(es) < radixMin {
		slices.SortFunc(es, func(a, b sortEntry) int {
			if a.bits != b.bits {
				return cmp.Compare(a.bits, b.bits)
			}
			return int(a.row) - int(b.row)
		})
		return true
	}
	s.radix(es, differ)
	return true
}

// radix sorts by counting passes over the bytes that differ, lowest first.
func (s *rowSorter) radix(es []sortEntry, differ uint64) {
	if cap(s.spare) < len(es) {
		s.spare = make([]sortEntry, len(es))
	}
	from, to := es, s.spare[:len(es)]
	moved := false
	for shift := uint(0); shift < 64; shift += 8 {
		if differ>>shift&0xFF == 0 {
			continue
		}
		var counts [256]int
		for run := range slices.Chunk(from, sortRun) {
			for i := range run {
				counts[byte(run[i].bits>>shift)]++
			}
		}
		at := 0
		for b, n := range counts {
			counts[b] = at
			at += n
		}
		for run := range slices.Chunk(from, sortRun) {
			if s.stopped() {
				return
			}
			for i := range run {
				b := byte(run[i].bits >> shift)
				to[counts[b]] = run[i]
				counts[b]++
			}
		}
		from, to, moved = to, from, !moved
	}
	if moved {
		copy(es, from)
	}
}

// compareSort orders es by comparing the keys from k. Once the statement is cancelled every comparison is a tie, so that
// what is left of the sort takes little time.
func (s *rowSorter) compareSort(es []sortEntry, k int) {
	keys, cols := s.rows.keys[k:], s.rows.cols[k:]
	slices.SortFunc(es, func(a, b sortEntry) int {
		if s.compared++; s.compared&0xFFF == 0 && s.stopped() || s.err != nil {
			return 0
		}
		for i := range keys {
			if c := keys[i].order(cols[i], a.row, cols[i], b.row); c != 0 {
				return c
			}
		}
		return int(a.row) - int(b.row)
	})
}
