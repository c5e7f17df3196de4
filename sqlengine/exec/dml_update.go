package exec

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// change is a row as an UPDATE found it and as it becomes; row is nil when nothing changes.
type change struct{ old, row []base.Value }

// Update runs an UPDATE of one table in tx. It finds and computes all rows before it writes the first, or, where that makes no
// difference, those of a batch.
//
// Errors: as Insert.
func Update(ec *Context, tx *table.Tx, n *plan.Update) (Outcome, error) {
	w := newWriter(ec, tx, n.Table, n.Ignore)
	w.ret, w.view, w.named = newReturner(ec, n.Table, n.Returning), n.Check, n.Named
	assigned := make([]bool, len(w.t.Columns))
	for _, a := range n.Set {
		assigned[a.Column] = true
	}
	var err error
	if n.Passing && w.fk == nil {
		err = w.changes(n, assigned, func(list []change, _ int64) error { return w.applyAll(list, assigned) })
	} else {
		err = w.updateFound(n, assigned)
	}
	if err != nil {
		return w.out, err
	}
	return w.out, w.ret.finish(&w.out)
}

// updateFound finds all rows, and then writes them.
func (w *writer) updateFound(n *plan.Update, assigned []bool) error {
	acc := account{ec: w.ec}
	defer acc.free()
	var all []change
	err := w.changes(n, assigned, func(list []change, bytes int64) error {
		all = append(all, list...)
		return acc.grow(bytes)
	})
	if err != nil {
		return err
	}
	return w.applyAll(all, assigned)
}

func (w *writer) applyAll(list []change, assigned []bool) error {
	for i, c := range list {
		if i%lookedUp == 0 {
			if err := w.ec.Ctx.Err(); err != nil {
				return err
			}
			if err := w.lookAheadOf(list[i:min(i+lookedUp, len(list))]); err != nil {
				return err
			}
		}
		if err := w.apply(c, assigned); err != nil {
			return err
		}
	}
	return nil
}

// changes computes what becomes of the rows that an UPDATE finds, and calls fn for those of each batch, with about the bytes they
// take in memory. Rows that stay as they are come along for RETURNING only.
func (w *writer) changes(n *plan.Update, assigned []bool, fn func(list []change, bytes int64) error) error {
	op, err := Build(n.Source, w.ec)
	if err != nil {
		return err
	}
	s := &setter{ec: w.ec, schema: tableSchema(w.t)}
	for _, a := range n.Set {
		s.add(w, 0, 0, a)
	}
	return eachBatch(op, func(b *vec.Batch) error {
		if err := w.ec.Ctx.Err(); err != nil {
			return err
		}
		first := s.rowNo
		olds, news, err := s.batch(b, nil)
		if err != nil {
			return err
		}
		w.out.Matched += uint64(len(olds))
		var bytes int64
		var list []change
		for k, old := range olds {
			c := change{old, news[k]}
			changed, err := w.touched(old, c.row, assigned, first+k+1)
			if err != nil {
				return err
			}
			if !changed {
				if w.ret == nil {
					continue
				}
				c.row = nil
			}
			list = append(list, c)
			bytes += 2 * rowBytes(old)
		}
		return fn(list, bytes)
	})
}

// apply writes one row of an UPDATE. Under IGNORE a row that cannot change stays as it is.
func (w *writer) apply(c change, assigned []bool) error {
	now, ok, err := w.current(c.old)
	if err != nil || !ok {
		return err
	}
	if c.row == nil {
		return w.ret.add(now)
	}
	if w.fam.touched[w.t.ID] {
		c = w.rebased(c, now, assigned)
	}
	if err := w.change(c.old, c.row); err != nil {
		return w.ignored(err)
	}
	w.out.Affected++
	return w.ret.add(c.row)
}

// rebased lays the assignments of a change over the row as the statement has left it meanwhile.
func (w *writer) rebased(c change, now []base.Value, assigned []bool) change {
	row := append([]base.Value(nil), now...)
	for i, yes := range assigned {
		if yes || w.t.Columns[i].OnUpdate {
			row[i] = c.row[i]
		}
	}
	return change{now, row}
}

// change writes row in the place of old, unless its key is taken.
func (w *writer) change(old, row []base.Value) error {
	if err := w.derive(row, 1); err != nil {
		return err
	}
	if err := w.check(row); err != nil {
		return err
	}
	if err := w.checkShown(row); err != nil {
		return err
	}
	oldPK, _ := catalog.EncodeKey(w.t, w.t.Primary, old)
	pk, _ := catalog.EncodeKey(w.t, w.t.Primary, row)
	home, err := w.home(row)
	if err != nil {
		return err
	}
	clash, err := w.findConflict(home, pk, row, oldPK, old)
	if err != nil {
		return err
	}
	if clash != nil {
		return w.duplicate(clash, row)
	}
	if w.fk == nil {
		return w.replace(oldPK, old, pk, row)
	}
	return w.whole(func() error { return w.changeParent(oldPK, old, pk, row) })
}

// current returns the row as a cascade of this statement has left it; ok is false if it is gone. Without such a cascade it is
// the row as it was found.
func (w *writer) current(found []base.Value) (row []base.Value, ok bool, err error) {
	if !w.fam.touched[w.t.ID] {
		return found, true, nil
	}
	pk, _ := catalog.EncodeKey(w.t, w.t.Primary, found)
	enc, ok, err := w.stored(pk, found)
	if err != nil || !ok {
		return nil, false, err
	}
	row, err = catalog.DecodeRow(w.t, enc, w.ec.Key)
	if err == nil && w.t.HasVirtual() {
		err = w.derive(row, 1)
	}
	return row, true, err
}

// Delete runs a DELETE of one table in tx.
//
// Errors: those of tx and of evaluating the condition.
func Delete(ec *Context, tx *table.Tx, n *plan.Delete) (Outcome, error) {
	w := newWriter(ec, tx, n.Table, n.Ignore)
	w.ret = newReturner(ec, n.Table, n.Returning)
	op, err := Build(n.Source, ec)
	if err != nil {
		return w.out, err
	}
	if n.Passing && w.fk == nil {
		err = eachBatch(op, func(b *vec.Batch) error { return w.deleteRows(appendRows(nil, b)) })
	} else {
		err = w.deleteFound(op)
	}
	if err != nil {
		return w.out, err
	}
	return w.out, w.ret.finish(&w.out)
}

// deleteFound finds all rows, and then deletes them.
func (w *writer) deleteFound(op Operator) error {
	acc := account{ec: w.ec}
	defer acc.free()
	rows, err := collect(op, &acc)
	if err != nil {
		return err
	}
	return w.deleteRows(rows)
}

// deleteRows deletes rows as a DELETE found them.
func (w *writer) deleteRows(rows [][]base.Value) error {
	for i, row := range rows {
		if i&1023 == 0 {
			if err := w.ec.Ctx.Err(); err != nil {
				return err
			}
		}
		row, ok, err := w.current(row)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		pk, _ := catalog.EncodeKey(w.t, w.t.Primary, row)
		if err := w.deleteRow(pk, row); err != nil {
			if err = w.ignored(err); err != nil {
				return err
			}
			continue
		}
		w.out.Affected++
		if err := w.ret.add(row); err != nil {
			return err
		}
	}
	return nil
}
