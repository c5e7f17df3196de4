package sqlengine

import (
	"slices"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// settle checks the new descriptor as a whole, once all changes are made.
func (a *alteration) settle() error {
	visible := 0
	for i := range a.t.Columns {
		if !a.t.Columns[i].Hidden {
			visible++
		}
	}
	if visible == 0 {
		return base.Errorf(errno.CantRemoveAllFields, "You can't delete all columns with ALTER TABLE; use DROP TABLE instead")
	}
	if a.rename != "" {
		renameTable(a.t, a.rename)
	}
	a.settleKey()
	a.t.Columns = slices.DeleteFunc(a.t.Columns, func(c catalog.Column) bool {
		return c.Hidden && c.Generated != nil && keyOf(a.t, c.ID) == "" // of a functional key part that has gone
	})
	if err := checkAutoIncrement(a.t); err != nil {
		return err
	}
	if err := a.r.checkExpressions(a.t); err != nil {
		return err
	}
	if !a.old.Temporary {
		if err := a.settlePartitions(); err != nil {
			return err
		}
	}
	if err := a.r.checkLeaks(a.t); err != nil {
		return err
	}
	if a.old.Temporary {
		return a.settleTemporary()
	}
	cat, err := a.r.s.e.catalog.Load(a.r.ctx, a.tx)
	if err != nil {
		return err
	}
	if err := freeChecks(cat, a.t); err != nil {
		return err
	}
	if err := a.settleForeignKeys(cat); err != nil {
		return err
	}
	return partitionForeignKeys(cat, a.t)
}

// settleKey adds the hidden key to a table that has lost its key, and takes it from one that has got one.
func (a *alteration) settleKey() {
	if catalog.HiddenKey(a.old) {
		hidden := a.old.Primary[0].Column
		if len(a.t.Primary) > 1 {
			a.t.Primary = without(a.t.Primary, hidden)
		}
		if i := a.t.ColumnByID(hidden); i >= 0 && len(a.t.Primary) > 0 && a.t.Primary[0].Column != hidden {
			a.t.Columns = slices.Delete(a.t.Columns, i, i+1)
		}
	}
	if len(a.t.Primary) == 0 {
		catalog.AddHiddenKey(a.t)
	}
}

// store writes the new descriptor and what it makes necessary.
func (a *alteration) store() (*Result, error) {
	b, err := a.plan()
	if err != nil {
		return nil, err
	}
	if b != nil && a.old.TTL != "" { // rows that nobody sees are in nobody's way
		if _, err := a.r.removeExpired(a.tx, a.old, 0); err != nil {
			return nil, err
		}
	}
	if b != nil {
		b.Start(a.r.execContext(a.tx, 0), a.tx)
	}
	if err := a.r.storeAltered(a.tx, a.old, a.t, len(a.foreign) > 0); err != nil {
		return nil, err
	}
	res := &Result{Info: "Records: 0  Duplicates: 0  Warnings: 0"}
	if b == nil && a.copied {
		res.copied(tableRows(a.tx, a.t), a.r.s.warningCount)
	}
	if b != nil {
		ec := a.r.execContext(a.tx, 0)
		n, err := b.Run(ec, a.tx)
		if err != nil {
			return nil, err
		}
		if b.Copied {
			res.copied(n, a.r.s.warningCount)
		}
	}
	if err := a.checkForeignRows(); err != nil {
		return nil, err
	}
	if a.autoInc > 1 && a.t.AutoIncrement != 0 {
		return res, a.tx.BumpAutoInc(a.t.ID, a.autoInc-1)
	}
	return res, nil
}

// copied says that n rows were copied, by MySQL's ways of altering a table.
func (r *Result) copied(n, warnings int) {
	r.AffectedRows, r.Info = uint64(n), insertInfo(exec.Outcome{Records: uint64(n)}, warnings)
}

// plan finds out what has to be done to the rows: nothing (nil), a look at them, entries for new indexes, or writing all
// of them again. It gives the new columns their initial values.
func (a *alteration) plan() (*exec.Rebuild, error) {
	b := &exec.Rebuild{Old: a.old, New: a.t, From: make([]int, len(a.t.Columns)), Fill: make([]expr.Expr, len(a.t.Columns)),
		Convert: make([]bool, len(a.t.Columns)), Rows: a.rebuild || a.rewrite, Copied: a.rebuild || a.rewrite || a.copied, Move: a.move}
	look := a.rebuild || a.rewrite || a.look || a.move != nil
	for i := range a.t.Columns {
		c := &a.t.Columns[i]
		b.From[i] = a.old.ColumnByID(c.ID)
		if b.From[i] < 0 {
			write, err := a.fill(b, i)
			if err != nil {
				return nil, err
			}
			b.Rows = b.Rows || write
			continue
		}
		was := &a.old.Columns[b.From[i]]
		if was.Encrypted != c.Encrypted {
			b.Rows, b.Copied = true, true
		}
		if c.Generated != nil {
			if was.Generated == nil || was.Generated.SQL != c.Generated.SQL || !sameStored(was.Type, c.Type) {
				b.Rows = b.Rows || a.recompute()
				b.Copied = b.Copied || b.Rows
			}
			continue
		}
		look = look || c.NotNull && !was.NotNull
		if sameStored(was.Type, c.Type) {
			continue
		}
		a.staleIndexes(c.ID)
		if !catalog.Widens(was.Type, c.Type) || a.inPrimary(c.ID) {
			b.Convert[i], b.Rows, b.Copied = true, true, true
		} else if was.Initial != nil {
			v, _, err := expr.Assign(was.Initial.Value, c.Type, false, c.Name, 1)
			if err != nil {
				return nil, err
			}
			c.Initial = &catalog.Initial{Value: v}
		}
	}
	if b.Rows = b.Rows || !slices.Equal(a.old.Primary, a.t.Primary); b.Rows {
		for i := range a.t.Indexes {
			a.t.Indexes[i].ID = 0
		}
		for i, from := range b.From {
			if from >= 0 {
				a.t.Columns[i].Initial = nil // every row has the column from now on
			}
		}
	}
	for i := range a.t.Indexes {
		if a.t.Indexes[i].ID == 0 {
			b.NewIndexes = append(b.NewIndexes, i)
		}
	}
	if !look && !b.Rows && len(b.NewIndexes) == 0 {
		return nil, nil
	}
	return b, nil
}

// sameStored reports whether two types store and compare values alike.
func sameStored(a, b base.Type) bool {
	a.Bool, b.Bool = false, false
	return a.ID == b.ID && a.Unsigned == b.Unsigned && a.Length == b.Length && a.Precision == b.Precision && a.Scale == b.Scale &&
		a.Collation == b.Collation && slices.Equal(a.Elems, b.Elems)
}

// recompute marks what depends on generated columns, one of which has changed: their indexes. It reports whether values are
// stored that may be others now.
func (a *alteration) recompute() (rows bool) {
	for i := range a.t.Columns {
		if c := &a.t.Columns[i]; c.Generated != nil {
			a.staleIndexes(c.ID)
			rows = rows || c.Generated.Stored
		}
	}
	return rows
}

func (a *alteration) inPrimary(column uint32) bool {
	return slices.ContainsFunc(a.t.Primary, func(p catalog.KeyPart) bool { return p.Column == column })
}

// staleIndexes marks the indexes of a column whose values change their form as to be built anew.
func (a *alteration) staleIndexes(column uint32) {
	for i := range a.t.Indexes {
		if slices.ContainsFunc(a.t.Indexes[i].Parts, func(p catalog.KeyPart) bool { return p.Column == column }) {
			a.t.Indexes[i].ID = 0
		}
	}
}

// fill decides what rows have in a new column: an initial value in the descriptor, or one for each row, which makes it
// necessary to write them.
func (a *alteration) fill(b *exec.Rebuild, i int) (write bool, err error) {
	c := &a.t.Columns[i]
	switch {
	case c.Generated != nil:
		b.Copied = b.Copied || c.Generated.Stored
		return c.Generated.Stored, nil
	case c.Hidden, c.ID == a.t.AutoIncrement:
		return true, nil
	case c.Default == nil && !c.NotNull:
		return false, nil
	case c.Default == nil:
		if t := c.Type.Class(); (t == base.Date || t == base.DateTime) && tableRows(a.tx, a.old) > 0 {
			return false, base.Errorf(errno.WrongValue, "Incorrect %s value: '%s' for column '%s' at row 1", typeName(c.Type),
				expr.Format(expr.Zero(c.Type), c.Type), c.Name)
		}
		return a.fillEncrypted(&b.Fill[i], c, expr.Zero(c.Type)), nil
	}
	x, err := a.r.s.e.parseExpr(c.Default.SQL)
	if err != nil {
		return false, err
	}
	env := a.r.s.planEnv(nil, a.tx, nil)
	e, err := plan.RowExpr(env, a.t, x, "default")
	if err != nil {
		return false, err
	}
	if !plan.Fixed(e) {
		b.Fill[i], b.Copied = e, true
		return true, nil
	}
	v, err := expr.Scalar(a.r.exprContext(nil), e)
	if err != nil {
		return false, err
	}
	v, _, err = expr.Assign(v, c.Type, a.r.s.settings.strict, c.Name, 1)
	if err != nil || v.IsNull() {
		return false, err
	}
	return a.fillEncrypted(&b.Fill[i], c, v), nil
}

func typeName(t base.Type) string {
	if t.Class() == base.Date {
		return "date"
	}
	return "datetime"
}
