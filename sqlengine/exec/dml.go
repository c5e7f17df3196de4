package exec

import (
	"errors"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// Outcome is what an INSERT, UPDATE or DELETE did, as MySQL counts it.
type Outcome struct {
	Affected     uint64
	Generated    uint64 // first AUTO_INCREMENT value that the statement generated; 0 none
	LastInsertID uint64 // Generated, or else the value in the last row written
	Copied       uint64 // rows that an INSERT wrote, and rows that ON DUPLICATE KEY UPDATE changed
	Matched      uint64 // rows an UPDATE found
	Records      uint64 // rows an INSERT was given
	Duplicates   uint64
	Returned     [][]base.Value // rows of RETURNING
}

// writer changes the rows of one table and keeps its indexes in step.
type writer struct {
	ec        *Context
	tx        *table.Tx
	t         *catalog.Table
	ignore    bool         // errors of single rows become warnings
	nullFails bool         // NULL for a NOT NULL column is an error also where the SQL mode is not strict
	fk        *foreignKeys // nil: none concern the table
	fam       *family
	out       Outcome
	ret       *returner       // nil without RETURNING
	view      *plan.ViewCheck // of the view that the statement names; nil: none

	audit Auditor     // nil: nobody wants to know
	shut  bool        // the key does not open a column of the table: rows keep what they have there
	named []int       // the partitions that rows may go to; nil: all
	rules *plan.Rules // see ruleSet
	ruled bool
}

func newWriter(ec *Context, tx *table.Tx, t *catalog.Table, ignore bool) *writer {
	ec.prepare()
	ec.images = true
	tx.DependOn(catalog.DescriptorTable, catalog.DescriptorKey(t.ID))
	if t.TTL != "" && ec.Aging != nil {
		ec.Aging(t)
	}
	return &writer{ec: ec, tx: tx, t: t, ignore: ignore, fk: newForeignKeys(ec, tx, t), fam: &family{touched: map[uint32]bool{}},
		shut: catalog.FirstUnreadable(ec.Key, t) != nil, audit: ec.auditor(t)}
}

// conflict is a row that stands in the way of a new one.
type conflict struct {
	pk    string // its primary key
	index *catalog.Index
	home  *catalog.Table // the partition that it is in, or the table
}

// findConflict returns the row that holds the primary key or a unique key of row, or nil. self is the primary key of the row
// being replaced, which does not count, and old that row; "" and nil none. home is the row's partition: its unique keys have all columns that tell it. Rows in
// the way that are past their time make room.
func (w *writer) findConflict(home *catalog.Table, pk string, row []base.Value, self string, old []base.Value) (*conflict, error) {
	for {
		c, err := w.holder(home, pk, row, self, old)
		if c == nil || err != nil {
			return nil, err
		}
		if gone, err := w.bury(c); err != nil || !gone {
			return c, err
		}
	}
}

func (w *writer) holder(home *catalog.Table, pk string, row []base.Value, self string, old []base.Value) (*conflict, error) {
	if pk != self {
		if _, taken, err := w.tx.Get(w.ec.Ctx, home.ID, pk); err != nil {
			return nil, err
		} else if taken {
			return &conflict{pk: pk, home: home}, nil
		}
	}
	for i := range w.t.Indexes {
		ix := &w.t.Indexes[i]
		if !ix.Unique {
			continue
		}
		key, null := catalog.IndexKey(w.t, ix, row)
		if null {
			continue // a NULL is never equal to another
		}
		if old != nil {
			if was, _ := catalog.IndexKey(w.t, ix, old); was == key {
				continue // it is the row's own
			}
		}
		holder, taken, err := w.tx.Get(w.ec.Ctx, home.Indexes[i].ID, key)
		if err != nil {
			return nil, err
		}
		if taken && holder != self {
			return &conflict{pk: holder, index: ix, home: home}, nil
		}
	}
	return nil, nil
}

// insertRow writes a new row that findConflict has cleared.
func (w *writer) insertRow(home *catalog.Table, pk string, row []base.Value) error {
	if w.fk != nil {
		if err := w.checkParents(row, nil); err != nil {
			return err
		}
	}
	return w.put(home, pk, row)
}

// put writes a new row and its index entries.
func (w *writer) put(home *catalog.Table, pk string, row []base.Value) error {
	enc, err := w.encode(home, "", row)
	if err != nil {
		return err
	}
	return w.putEncoded(home, pk, row, enc)
}

func (w *writer) putEncoded(home *catalog.Table, pk string, row []base.Value, enc string) error {
	if err := w.audited(nil, row); err != nil {
		return err
	}
	return w.putRow(home, pk, row, enc)
}

func (w *writer) putRow(home *catalog.Table, pk string, row []base.Value, enc string) error {
	if err := w.tx.Insert(home.ID, pk, enc); err != nil {
		return err
	}
	for i := range home.Indexes {
		ix := &home.Indexes[i]
		key, _ := catalog.IndexKey(w.t, ix, row)
		if err := w.tx.Insert(ix.ID, key, pk); err != nil {
			return err
		}
	}
	return w.tx.Relieve(w.ec.Ctx)
}

// remove deletes a row and its index entries.
func (w *writer) remove(pk string, row []base.Value) error {
	if err := w.audited(row, nil); err != nil {
		return err
	}
	return w.removeRow(pk, row)
}

func (w *writer) removeRow(pk string, row []base.Value) error {
	home, err := w.locate(row)
	if err != nil {
		return err
	}
	if err := w.tx.Delete(home.ID, pk); err != nil {
		return err
	}
	for i := range home.Indexes {
		ix := &home.Indexes[i]
		key, _ := catalog.IndexKey(w.t, ix, row)
		if err := w.tx.Delete(ix.ID, key); err != nil {
			return err
		}
	}
	return w.tx.Relieve(w.ec.Ctx)
}

// replace writes newRow in the place of oldRow, touching only the index entries that change.
func (w *writer) replace(oldPK string, oldRow []base.Value, pk string, newRow []base.Value) error {
	home, err := w.locate(newRow)
	if err != nil {
		return err
	}
	from, err := w.locate(oldRow)
	if err != nil {
		return err
	}
	enc, err := w.encode(from, oldPK, newRow)
	if err != nil {
		return err
	}
	if err := w.audited(oldRow, newRow); err != nil {
		return err
	}
	if pk != oldPK || from != home {
		if err := w.removeRow(oldPK, oldRow); err != nil {
			return err
		}
		return w.putRow(home, pk, newRow, enc)
	}
	if err := w.tx.Update(home.ID, pk, enc); err != nil {
		return err
	}
	for i := range home.Indexes {
		ix := &home.Indexes[i]
		was, _ := catalog.IndexKey(w.t, ix, oldRow)
		is, _ := catalog.IndexKey(w.t, ix, newRow)
		if was == is {
			continue
		}
		if err := w.tx.Delete(ix.ID, was); err != nil {
			return err
		}
		if err := w.tx.Insert(ix.ID, is, pk); err != nil {
			return err
		}
	}
	return w.tx.Relieve(w.ec.Ctx)
}

// read returns the stored row of a conflict, all columns of the table.
func (w *writer) read(c *conflict) ([]base.Value, error) {
	enc, ok, err := w.tx.Get(w.ec.Ctx, c.home.ID, c.pk)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, base.Corruptf("", "an index of table %s points to a row that does not exist; run CHECK TABLE", w.t.Name)
	}
	row, err := catalog.DecodeRow(w.t, enc, w.ec.Key)
	if err == nil && w.t.HasVirtual() {
		err = w.derive(row, 1)
	}
	return row, err
}

// duplicate is error 1062 for a conflict, as MySQL words it.
func (w *writer) duplicate(c *conflict, row []base.Value) error {
	name, parts := w.keyOf(c)
	entry := ""
	for i, p := range parts {
		col := w.t.ColumnByID(p.Column)
		if i > 0 {
			entry += "-"
		}
		entry += expr.Format(p.Cut(row[col]), w.t.Columns[col].Type)
	}
	return base.Errorf(errno.DupEntry, "Duplicate entry '%s' for key '%s.%s'", entry, w.t.Name, name)
}

// keyOf returns the name and the columns of the key that a row is in the way of.
func (w *writer) keyOf(c *conflict) (name string, parts []catalog.KeyPart) {
	if c.index != nil {
		return c.index.Name, c.index.Parts
	}
	return "PRIMARY", w.t.Primary
}

// assign converts v for storing in a column. Under IGNORE a value that does not fit is adjusted, with a warning.
func (w *writer) assign(v base.Value, col *catalog.Column, rowNo int) (base.Value, error) {
	if expr.AsIs(&v, &col.Type) {
		return v, nil
	}
	strict := w.ec.Strict && !w.ignore
	if v.IsNull() {
		if !col.NotNull {
			return v, nil
		}
		err := base.Errorf(errno.BadNull, "Column '%s' cannot be null", col.Name)
		if strict || w.nullFails {
			return v, err
		}
		w.warn(err)
		return expr.Zero(col.Type), nil
	}
	out, warning, err := expr.Assign(v, col.Type, strict, col.Name, rowNo)
	if warning != nil {
		w.warn(warning)
	}
	return out, err
}

func (w *writer) warn(err error) {
	var e *base.Error
	if errors.As(err, &e) && w.ec.Expr.Warn != nil {
		w.ec.Expr.Warn(e)
	}
}

// ignored turns the error of one row into a warning where IGNORE asks for that (MySQL reference manual, "The Effect of IGNORE on
// Statement Execution"); other errors come back.
func (w *writer) ignored(err error) error {
	var e *base.Error
	if !w.ignore || !errors.As(err, &e) {
		return err
	}
	switch e.Number {
	case errno.DupEntry.Number, errno.BadNull.Number, errno.SubqueryRows.Number, errno.RowIsReferenced.Number, errno.NoReferencedRow.Number,
		errno.CheckViolated.Number, errno.NoPartition.Number, errno.PartitionMismatch.Number, errno.ViewCheckFailed.Number:
		w.warn(e)
		return nil
	}
	return err
}
