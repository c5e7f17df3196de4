package exec

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// nullAware finds the candidates of NOT IN: a right row stands in a left row's way when their keys are equal, and also when
// NULLs keep that from being known. It replaces the table's candidates, which know no NULL.
type nullAware struct {
	o        *joinOp
	keys     rowStore // of the right rows
	withNull []int32  // right rows with a NULL in their key
	rows     []int32  // candidates of the left rows of a batch, one behind the other
	chain    []int32  // of positions in rows
	a, b     []byte
	tries    int // comparisons since the context was looked at
}

func newNullAware(o *joinOp) *nullAware {
	n := &nullAware{o: o}
	for _, k := range o.plan.RightKeys {
		n.keys.cols = append(n.keys.cols, newColumn(k.Type()))
	}
	return n
}

func (n *nullAware) insert(b *vec.Batch, kv []*vec.Vector, first int32) error {
	for k := range b.Rows() {
		if hasNull(kv, nil, b.Row(k)) {
			n.withNull = append(n.withNull, first+int32(k))
		}
	}
	return n.keys.addRows(kv, b.N, b.Sel, &n.o.acc)
}

// candidates gives each left row that a NULL concerns its own list of right rows.
//
// The pairer walks right rows by heads and chain, which are shared between left rows of equal keys. As such lists differ from
// row to row here, the right side is laid out anew for the batch: one entry a candidate.
func (n *nullAware) candidates(b *vec.Batch, kv []*vec.Vector, p *pairer) error {
	rows := n.o.rows.n
	if len(n.withNull) == 0 && !anyNull(kv) {
		p.right, p.chain = n.o.rows.cols, nil
		if n.o.multi {
			p.chain = n.o.next
		}
		return nil
	}
	n.rows, n.chain = n.rows[:0], n.chain[:0]
	for k := range b.Rows() {
		i, head := b.Row(k), p.heads[k]
		start := len(n.rows)
		for row := head; row >= 0; row = n.o.next[row] {
			n.rows = append(n.rows, row)
		}
		switch {
		case hasNull(kv, nil, i):
			for row := range rows {
				if err := n.maybe(kv, i, int32(row)); err != nil {
					return err
				}
			}
		default:
			for _, row := range n.withNull {
				if err := n.maybe(kv, i, row); err != nil {
					return err
				}
			}
		}
		p.heads[k] = -1
		if len(n.rows) > start {
			p.heads[k] = int32(start)
		}
		for j := start; j < len(n.rows); j++ {
			next := int32(j + 1)
			if j+1 == len(n.rows) {
				next = -1
			}
			n.chain = append(n.chain, next)
		}
	}
	p.right = make([]*vec.Vector, len(n.o.rows.cols))
	for c, src := range n.o.rows.cols {
		p.right[c] = &vec.Vector{Class: src.Class}
		gather(p.right[c], src, n.rows, false)
	}
	p.chain = n.chain
	return nil
}

// maybe adds a right row unless one of its keys is known to differ.
func (n *nullAware) maybe(kv []*vec.Vector, i int, row int32) error {
	if n.tries++; n.tries == sortRun {
		n.tries = 0
		if err := n.o.ec.Ctx.Err(); err != nil {
			return err
		}
	}
	types := n.o.keys.types
	for c, col := range kv {
		other := n.keys.cols[c]
		if col.IsNull(i) || other.IsNull(int(row)) {
			continue
		}
		n.a, n.b = expr.AppendKey(n.a[:0], types[c], col, i), expr.AppendKey(n.b[:0], types[c], other, int(row))
		if string(n.a) != string(n.b) {
			return nil
		}
	}
	n.rows = append(n.rows, row)
	return nil
}

func anyNull(cols []*vec.Vector) bool {
	for _, c := range cols {
		if c.Nulls != nil || c.Class == base.Null {
			return true
		}
	}
	return false
}
