package exec

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/storage/table"
)

// Rebuild goes over the rows of a table whose definition changes, in the transaction of the change, after the new
// descriptor has its index ids. It writes what the change makes necessary and nothing else.
type Rebuild struct {
	Old, New *catalog.Table
	// From has, for every column of New, its position in Old; -1 for a new one.
	From []int
	// Fill has the values of new columns, over rows of New; nil: the column's initial value, an AUTO_INCREMENT number
	// or the hidden key.
	Fill []expr.Expr
	// Convert says which columns change their stored form.
	Convert []bool
	// Copied says that MySQL would copy the table: what it says of a NULL depends on it.
	Copied bool
	// Rows says to write every row again, under keys of New.
	Rows bool
	// NewIndexes are positions of indexes in New.Indexes that have no entries yet.
	NewIndexes []int
	// Move are the partitions of Old whose rows go to others, which are new; nil: none, or all with Rows.
	Move []int

	scans []*table.Scanner
}

// Start opens the scans of the rows as they are. It comes before the new descriptor is stored, which drops the partitions that
// go.
func (b *Rebuild) Start(ec *Context, tx *table.Tx) {
	var cols []table.ScanCol
	for i := range b.Old.Columns {
		cols = append(cols, scanCol(&b.Old.Columns[i]))
	}
	ids := b.Old.RowTables()
	if b.Move != nil && !b.Rows && b.Old.Partitioning != nil {
		ids = nil
		for _, i := range b.Move {
			ids = append(ids, b.Old.Partitioning.Parts[i].ID)
		}
	}
	for _, id := range ids {
		tx.DependOnRange(id, "", "")
		b.scans = append(b.scans, tx.Scan(ec.Ctx, id, table.ScanSpec{Cols: cols, WithKeys: true}))
	}
}

// Run does the work, after Start, and returns the number of rows.
//
// Errors: 1062 duplicates of a new key, 1138 and 1265 a NULL in a column that forbids it, the conversion errors of
// expr.Assign, 3819 a row that a new CHECK refuses; those of tx.
func (b *Rebuild) Run(ec *Context, tx *table.Tx) (int, error) {
	w := newWriter(ec, tx, b.New, false)
	ec.images = false // a column that is not opened would be lost
	if b.Rows {
		for _, id := range b.Old.RowTables() {
			if err := Restart(tx, id); err != nil {
				return 0, err
			}
		}
	}
	n := 0
	for _, scan := range b.scans {
		if err := b.run(w, scan, &n); err != nil {
			return n, err
		}
	}
	return n, nil
}

// run does the work for the rows of one scan, and counts them.
func (b *Rebuild) run(w *writer, scan *table.Scanner, count *int) error {
	n := *count
	defer func() { *count = n }()
	all := make([]int, len(b.Old.Columns))
	for i := range all {
		all[i] = i
	}
	sealed := anyEncrypted(b.Old, all)
	var batch vec.Batch
	for {
		keys, ok, err := scan.Next(w.ec.Ctx, &batch)
		if err != nil || !ok {
			return err
		}
		if sealed {
			if err := openColumns(w.ec, b.Old, all, &batch); err != nil {
				return err
			}
		}
		for k, key := range keys {
			n++
			row, err := b.row(w, &batch, k, n)
			if err != nil {
				return err
			}
			if err := b.write(w, key, row); err != nil {
				return err
			}
		}
	}
}

// Restart drops the rows of a table that are about to be written again; its AUTO_INCREMENT counter goes on.
func Restart(tx *table.Tx, id uint32) error {
	mark := tx.AutoInc(id)
	if err := tx.DropTable(id); err != nil || mark == 0 {
		return err
	}
	return tx.BumpAutoInc(id, mark)
}

// row makes the new form of a row.
func (b *Rebuild) row(w *writer, batch *vec.Batch, k, n int) ([]base.Value, error) {
	row := make([]base.Value, len(b.New.Columns))
	for i := range row {
		c := &b.New.Columns[i]
		from := b.From[i]
		var err error
		switch {
		case c.Generated != nil:
			continue
		case from >= 0:
			row[i] = batch.Cols[from].Value(k)
			row[i], err = b.convert(w, row[i], i, n)
		case c.Hidden:
			row[i], err = nextID(w.tx, b.New.HiddenCounter)
		case c.ID == b.New.AutoIncrement:
			if row[i], err = nextID(w.tx, b.New.ID); err == nil {
				row[i], err = w.assign(row[i], c, n)
			}
		case b.Fill[i] == nil && c.Initial != nil:
			row[i] = c.Initial.Value
		}
		if err != nil {
			return nil, err
		}
	}
	for i, e := range b.Fill {
		if e == nil {
			continue
		}
		v, err := e.Eval(w.ec.Expr, rowBatch(b.New, row))
		if err != nil {
			return nil, err
		}
		if row[i], err = w.assign(v.Value(0), &b.New.Columns[i], n); err != nil {
			return nil, err
		}
	}
	if err := w.derive(row, n); err != nil {
		return nil, err
	}
	return row, w.check(row)
}

func nextID(tx *table.Tx, counter uint32) (base.Value, error) {
	id, err := tx.NextAutoInc(counter, 1)
	return base.NewUint(id), err
}

// convert brings a value to the new type of its column.
func (b *Rebuild) convert(w *writer, v base.Value, i, n int) (base.Value, error) {
	c := &b.New.Columns[i]
	if v.IsNull() {
		if !c.NotNull {
			return v, nil
		}
		if c.ID == b.New.AutoIncrement {
			return nextID(w.tx, b.New.ID)
		}
		if b.Copied {
			return v, base.Errorf(errno.Truncated, "Data truncated for column '%s' at row %d", c.Name, n)
		}
		return v, base.Errorf(errno.InvalidUseOfNull, "Invalid use of NULL value: column '%s' at row %d", c.Name, n)
	}
	if !b.Convert[i] {
		return v, nil
	}
	was := b.Old.Columns[b.From[i]].Type
	return w.assign(asSource(v, was, c.Type), c, n)
}

// asSource returns a value of type from as it is assigned to a column of type to: a text where the text is what counts.
func asSource(v base.Value, from, to base.Type) base.Value {
	set := from.ID == base.TypeEnum || from.ID == base.TypeSet
	switch to.Class() {
	case base.String, base.JSON:
		return base.NewString(expr.Format(v, from))
	case base.Bytes:
		return base.NewBytes(expr.Format(v, from))
	case base.Date, base.Time, base.DateTime:
		if set {
			return base.NewString(expr.Format(v, from))
		}
	case base.Uint:
		if to.ID == base.TypeEnum || to.ID == base.TypeSet {
			return base.NewString(expr.Format(v, from))
		}
	}
	return v
}

// write writes what is new of a row: the row, or its entries in new indexes.
func (b *Rebuild) write(w *writer, key string, row []base.Value) error {
	if !b.Rows && b.Move == nil && len(b.NewIndexes) == 0 {
		return nil
	}
	home, err := w.locate(row)
	if err != nil {
		return err
	}
	if b.Rows || b.Move != nil {
		pk, _ := catalog.EncodeKey(b.New, b.New.Primary, row)
		if c, err := w.findConflict(home, pk, row, "", nil); err != nil {
			return err
		} else if c != nil {
			return w.duplicate(c, row)
		}
		return w.put(home, pk, row)
	}
	for _, i := range b.NewIndexes {
		ix := &home.Indexes[i]
		entry, null := catalog.IndexKey(b.New, ix, row)
		if ix.Unique && !null {
			if _, taken, err := w.tx.Get(w.ec.Ctx, ix.ID, entry); err != nil {
				return err
			} else if taken {
				return w.duplicate(&conflict{index: &b.New.Indexes[i]}, row)
			}
		}
		if err := w.tx.Insert(ix.ID, entry, key); err != nil {
			return err
		}
		if err := w.tx.Relieve(w.ec.Ctx); err != nil {
			return err
		}
	}
	return nil
}
