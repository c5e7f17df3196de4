package exec

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// Update runs an UPDATE of one table in tx. It finds and computes all rows before it writes the first.
//
// Errors: as Insert.
func Update(ec *Context, tx *table.Tx, n *plan.Update) (Outcome, error) {
	w := newWriter(ec, tx, n.Table)
	op, err := Build(n.Source, ec)
	if err != nil {
		return w.out, err
	}
	rows, err := drain(op)
	if err != nil {
		return w.out, err
	}
	w.out.Matched = uint64(len(rows))
	changed := make([][]base.Value, len(rows))
	for i, old := range rows {
		if i&1023 == 0 {
			if err := ec.Ctx.Err(); err != nil {
				return w.out, err
			}
		}
		if changed[i], err = w.set(n.Set, rowBatch(n.Table, old), old, i+1, n.Ignore); err != nil {
			return w.out, err
		}
	}
	for i, row := range changed {
		if row == nil {
			continue
		}
		if err := w.change(rows[i], row, n.Ignore); err != nil {
			return w.out, err
		}
	}
	return w.out, nil
}

// change writes one updated row, unless its key is taken.
func (w *writer) change(old, row []base.Value, ignore bool) error {
	oldPK, _ := catalog.EncodeKey(w.t, w.t.Primary, old)
	pk, _ := catalog.EncodeKey(w.t, w.t.Primary, row)
	clash, err := w.findConflict(pk, row, oldPK)
	if err != nil {
		return err
	}
	if clash != nil {
		if ignore {
			w.warn(w.duplicate(clash, row))
			return nil
		}
		return w.duplicate(clash, row)
	}
	w.out.Affected++
	return w.replace(oldPK, old, pk, row)
}

// set evaluates assignments left to right over b, whose first columns are the row's, and returns the new row, or nil when
// nothing changes. ON UPDATE CURRENT_TIMESTAMP columns follow a change.
func (w *writer) set(list []plan.Assignment, b *vec.Batch, old []base.Value, rowNo int, ignore bool) ([]base.Value, error) {
	row := append([]base.Value(nil), old...)
	assigned := make([]bool, len(row))
	changed := false
	for _, a := range list {
		v, err := a.Value.Eval(w.ec.Expr, b)
		if err != nil {
			return nil, err
		}
		col := &w.t.Columns[a.Column]
		if row[a.Column], err = w.assign(v.Value(0), col, rowNo, ignore); err != nil {
			return nil, err
		}
		cell := vec.New(col.Type.Class(), col.Type.Scale, 1)
		cell.Set(0, row[a.Column])
		b.Cols[a.Column] = cell
		assigned[a.Column] = true
		changed = changed || row[a.Column] != old[a.Column]
	}
	if !changed {
		return nil, nil
	}
	for i := range w.t.Columns {
		if w.t.Columns[i].OnUpdate && !assigned[i] {
			now, err := w.assign(w.ec.now(), &w.t.Columns[i], rowNo, ignore)
			if err != nil {
				return nil, err
			}
			row[i] = now
		}
	}
	return row, nil
}

// now is CURRENT_TIMESTAMP(6) of the statement.
func (ec *Context) now() base.Value { return base.NewDateTime(ec.Expr.Now.UTC().UnixMicro()) }

// Delete runs a DELETE of one table in tx.
//
// Errors: those of tx and of evaluating the condition.
func Delete(ec *Context, tx *table.Tx, n *plan.Delete) (Outcome, error) {
	w := newWriter(ec, tx, n.Table)
	op, err := Build(n.Source, ec)
	if err != nil {
		return w.out, err
	}
	rows, err := drain(op)
	if err != nil {
		return w.out, err
	}
	for _, row := range rows {
		pk, _ := catalog.EncodeKey(w.t, w.t.Primary, row)
		if err := w.remove(pk, row); err != nil {
			return w.out, err
		}
		w.out.Affected++
	}
	return w.out, nil
}
