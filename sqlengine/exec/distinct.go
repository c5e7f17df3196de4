package exec

import (
	"errors"
	"hash/maphash"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// distinctOp drops rows that have come before. When memory runs out, rows that are new go to a file, and are looked at when
// the input is at its end.
type distinctOp struct {
	in    Operator
	ec    *Context
	acc   account
	types []base.Type
	seen  *keyTable
	spill *groupSpill
	parts *partWriter
	rows  int64
	ended bool
	ids   []uint32
	found []int32
	sel   []int32
	out   vec.Batch
}

func newDistinct(n *plan.Distinct, ec *Context) (Operator, error) {
	in, err := Build(n.Input, ec)
	o := &distinctOp{in: in, ec: ec, acc: account{ec: ec, soft: true}, types: columnTypes(n.Schema())}
	group := &plan.Aggregate{Input: n.Input, Out: n.Schema()} // each row a group of its own kind
	for i, c := range n.Schema() {
		group.Keys = append(group.Keys, expr.Column(i, c.Type, c.Name, c.Nullable))
	}
	o.spill = &groupSpill{ec: ec, plan: group}
	return o, err
}

func columnTypes(cols []plan.Column) []base.Type {
	out := make([]base.Type, len(cols))
	for i := range cols {
		out[i] = cols[i].Type
	}
	return out
}

func (o *distinctOp) Open() error {
	if err := o.drop(); err != nil {
		return err
	}
	o.seen = newKeyTable(o.types)
	return o.in.Open()
}

func (o *distinctOp) Close() error { return errors.Join(o.drop(), o.in.Close()) }

func (o *distinctOp) drop() error {
	o.acc.free()
	o.seen, o.parts, o.rows, o.ended = nil, nil, 0, false
	return o.spill.close()
}

func (o *distinctOp) Next() (*vec.Batch, error) {
	for !o.ended {
		b, err := o.in.Next()
		if err != nil {
			return nil, err
		}
		if b == nil {
			if err := o.end(); err != nil {
				return nil, err
			}
			break
		}
		if o.parts != nil {
			if err := o.divert(b); err != nil {
				return nil, err
			}
			continue
		}
		if err := o.fresh(b); err != nil {
			return nil, err
		}
		switch len(o.sel) {
		case 0:
			continue
		case b.N:
			return b, nil
		}
		o.out = vec.Batch{Cols: b.Cols, N: b.N, Sel: o.sel}
		return &o.out, nil
	}
	return o.spill.next()
}

// fresh sets sel to the rows that are new.
func (o *distinctOp) fresh(b *vec.Batch) error {
	o.ids = resize(o.ids, b.Rows())
	next := uint32(o.seen.n)
	o.seen.put(b.Cols, b, o.ids)
	if err := o.acc.grow(o.seen.takeBytes()); err != nil {
		return err
	}
	o.sel = o.sel[:0]
	for k, id := range o.ids {
		if id == next { // new keys are numbered as they come
			next++
			o.sel = append(o.sel, int32(b.Row(k)))
		}
	}
	if !o.acc.mustSpill() {
		return nil
	}
	file, err := o.spill.open()
	if err == nil {
		o.parts = newPartWriter(file, maphash.MakeSeed(), o.types)
	}
	return err
}

// divert writes the rows that are new to the file.
func (o *distinctOp) divert(b *vec.Batch) error {
	o.found = resize(o.found, b.Rows())
	o.seen.find(b.Cols, b, o.found)
	o.sel = o.sel[:0]
	for k, id := range o.found {
		if id < 0 {
			o.sel = append(o.sel, int32(b.Row(k)))
		}
	}
	seq := o.parts.sequence(b, o.rows)
	o.rows += int64(b.Rows())
	if len(o.sel) == 0 {
		return nil
	}
	return o.parts.add(b.Cols, b.Cols, o.sel, seq)
}

// end makes the rows in the file ready.
func (o *distinctOp) end() error {
	o.ended = true
	o.acc.free()
	o.seen = nil
	if o.parts == nil {
		return nil
	}
	if err := o.parts.finish(); err != nil {
		return err
	}
	for _, refs := range o.parts.refs {
		if len(refs) > 0 {
			o.spill.queue = append(o.spill.queue, groupPart{refs, 1})
		}
	}
	return nil
}
