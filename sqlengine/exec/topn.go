package exec

import (
	"github.com/s3sql/s3sql/internal/vec"
)

// topRows keeps the first rows of an order while they are read: rows that come before the last one kept are collected, and
// each time enough of them have come, the collection is sorted and cut.
type topRows struct {
	o    *sortOp
	full bool // rows [0, limit) are sorted, and limit-1 is the last that counts
	last uint64
	sel  []int32
}

// slack is how many rows are collected beyond the limit before they are cut.
const slack = 4096

func (t *topRows) add(b *vec.Batch) error {
	rows := t.o.rows
	sel := b.Sel
	if t.full {
		if sel = t.before(b); len(sel) == 0 {
			return nil
		}
	}
	if err := rows.add(b, sel, &t.o.acc); err != nil {
		return err
	}
	if rows.rows.n < t.o.limit+max(t.o.limit, slack) {
		return nil
	}
	return t.cut()
}

// before returns the rows of b that come before the last row kept. An equal row comes after it, as it was read later.
func (t *topRows) before(b *vec.Batch) []int32 {
	rows, last := t.o.rows, int32(t.o.limit-1)
	key, col := &rows.keys[0], rows.vecs[0]
	t.sel = t.sel[:0]
	for k := range b.Rows() {
		i := b.Row(k)
		p, _ := key.bits(col, i, false)
		if p > t.last {
			continue
		}
		if p == t.last && !t.less(int32(i), last) {
			continue
		}
		t.sel = append(t.sel, int32(i))
	}
	return t.sel
}

func (t *topRows) less(i, last int32) bool {
	rows := t.o.rows
	for k := range rows.keys {
		if c := rows.keys[k].order(rows.vecs[k], i, rows.cols[k], last); c != 0 {
			return c < 0
		}
	}
	return false
}

// cut sorts what is collected and keeps the first rows.
func (t *topRows) cut() error {
	rows := t.o.rows
	order, err := rows.sorted(t.o.ec)
	if err != nil {
		return err
	}
	idx := make([]int32, t.o.limit)
	for i := range idx {
		idx[i] = order[i].row
	}
	t.o.acc.free()
	kept := newKeyedRows(t.o.plan.Input.Schema(), rows.keys)
	if err := kept.rows.addRows(rows.rows.cols, rows.rows.n, idx, &t.o.acc); err != nil {
		return err
	}
	if err := kept.extra.addRows(rows.extra.cols, rows.rows.n, idx, &t.o.acc); err != nil {
		return err
	}
	kept.vecs = rows.vecs
	kept.point()
	t.o.rows, t.full = kept, true
	t.last, _ = kept.keys[0].bits(kept.cols[0], t.o.limit-1, false)
	return nil
}
