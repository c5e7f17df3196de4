package sqlengine

import (
	"slices"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// exchangePartition is EXCHANGE PARTITION p WITH TABLE s: the two change their rows. Rows of s are always checked, WITHOUT
// VALIDATION too: one in the wrong partition would not be found again.
func (a *alteration) exchangePartition(x *ast.AlterPartitions) (*Result, error) {
	s, err := a.r.table(x.Table, a.tx)
	if err != nil {
		return nil, err
	}
	if err := a.exchangeable(s); err != nil {
		return nil, err
	}
	i := a.old.Partitioning.Part(x.Names[0])
	if i < 0 {
		return nil, unknownPartition(a.old, x.Names[0])
	}
	if !sameDefinition(a.old, s) {
		return nil, base.Errorf(errno.ExchangeMetadata, "Tables have different definitions")
	}
	if err := a.rowsMatch(s, i); err != nil {
		return nil, err
	}
	if sameLayout(a.old, s) {
		err = a.swapIDs(s, i)
	} else {
		err = a.swapRows(s, i)
	}
	if err != nil {
		return nil, err
	}
	return &Result{}, nil
}

// exchangeable checks the table that a partition is exchanged with. Errors 1732, 1733, 1740.
func (a *alteration) exchangeable(s *catalog.Table) error {
	cat, err := a.r.s.e.catalog.Load(a.r.ctx, a.tx)
	if err != nil {
		return err
	}
	switch {
	case s.Temporary:
		return base.Errorf(errno.ExchangeTempTable, "Table to exchange with partition is temporary: '%s'", s.Name)
	case s.Partitioning != nil:
		return base.Errorf(errno.ExchangePartTable, "Table to exchange with partition is partitioned: '%s'", s.Name)
	case len(s.ForeignKeys) > 0 || len(cat.References(s.Name)) > 0:
		return base.Errorf(errno.ExchangeForeignKey, "Table to exchange with partition has foreign key references: '%s'", s.Name)
	}
	return nil
}

// sameDefinition reports whether two tables have the same columns, keys and constraints, in the same order.
func sameDefinition(t, s *catalog.Table) bool {
	if len(t.Columns) != len(s.Columns) || len(t.Indexes) != len(s.Indexes) || catalog.HiddenKey(t) != catalog.HiddenKey(s) || len(t.Checks) != len(s.Checks) ||
		t.TTL != s.TTL {
		return false
	}
	for i := range t.Columns {
		c, d := &t.Columns[i], &s.Columns[i]
		if !strings.EqualFold(c.Name, d.Name) && !c.Hidden || !sameStored(c.Type, d.Type) || c.NotNull != d.NotNull || c.Hidden != d.Hidden || c.Encrypted != d.Encrypted ||
			generatedAnew(c, d) || (c.ID == t.AutoIncrement) != (d.ID == s.AutoIncrement) {
			return false
		}
	}
	for i := range t.Checks {
		if t.Checks[i].SQL != s.Checks[i].SQL || t.Checks[i].NotEnforced != s.Checks[i].NotEnforced {
			return false
		}
	}
	for i := range t.Indexes {
		x, y := &t.Indexes[i], &s.Indexes[i]
		if !strings.EqualFold(x.Name, y.Name) || x.Unique != y.Unique || !sameParts(t, s, x.Parts, y.Parts) {
			return false
		}
	}
	return sameParts(t, s, t.Primary, s.Primary)
}

func sameParts(t, s *catalog.Table, a, b []catalog.KeyPart) bool {
	return slices.EqualFunc(a, b, func(x, y catalog.KeyPart) bool {
		return t.ColumnByID(x.Column) == s.ColumnByID(y.Column) && x.Prefix == y.Prefix
	})
}

// sameLayout reports whether rows of two tables of the same definition can change tables as they are stored: the ids of the
// columns are the same, and so is what rows without a field stand for. Hidden keys are numbered anew instead.
func sameLayout(t, s *catalog.Table) bool {
	for i := range t.Columns {
		c, d := &t.Columns[i], &s.Columns[i]
		if c.ID != d.ID || (c.Initial == nil) != (d.Initial == nil) || c.Initial != nil && *c.Initial != *d.Initial {
			return false
		}
	}
	return !catalog.HiddenKey(t) && !t.HasEncrypted() // values are sealed for one table
}

// rowsMatch checks that the rows of s belong to a partition. Error 1737.
func (a *alteration) rowsMatch(s *catalog.Table, part int) error {
	f, err := a.r.partFunc(a.old)
	if err != nil {
		return err
	}
	a.tx.DependOnRange(s.ID, "", "")
	ctx := a.r.exprContext(nil)
	return a.r.eachRow(s, a.tx, func(row []base.Value) error {
		if i, err := f.Locate(ctx, row); err != nil || i != part {
			return base.Errorf(errno.ExchangeRowMismatch, "Found a row that does not match the partition")
		}
		return nil
	})
}

// swapIDs exchanges the tables that hold the rows and the entries.
func (a *alteration) swapIDs(s *catalog.Table, part int) error {
	out, err := catalog.Exchange(a.tx, a.old, part, s)
	if err != nil {
		return err
	}
	return a.sameCounters(s, out.ID)
}

// sameCounters makes the AUTO_INCREMENT values that t and s give out next greater than those of the rows that both have got. id is
// where the counter of s goes on.
func (a *alteration) sameCounters(s *catalog.Table, id uint32) error {
	for _, c := range []struct{ t, s, next uint32 }{{a.old.ID, s.ID, id}, {a.old.HiddenCounter, s.HiddenCounter, s.HiddenCounter}} {
		mark := max(a.tx.AutoInc(c.t), a.tx.AutoInc(c.s))
		if mark == 0 {
			continue
		}
		for _, counter := range []uint32{c.t, c.next} {
			if err := a.tx.BumpAutoInc(counter, mark); err != nil {
				return err
			}
		}
	}
	return nil
}

// swapRows writes the rows of both sides again, each in the form of the other.
func (a *alteration) swapRows(s *catalog.Table, part int) error {
	inner := *a.old.PartTables()[part]
	inner.Partitioning, inner.Checks, inner.HiddenCounter = nil, nil, a.old.HiddenCounter
	ec := a.r.execContext(a.tx, 0)
	out, in := moveAll(&inner, s), moveAll(s, &inner)
	out.Start(ec, a.tx)
	in.Start(ec, a.tx)
	if err := a.sameCounters(s, s.ID); err != nil {
		return err
	}
	for _, t := range []*catalog.Table{&inner, s} {
		ids := []uint32{t.ID}
		for i := range t.Indexes {
			ids = append(ids, t.Indexes[i].ID)
		}
		for _, id := range ids {
			if err := exec.Restart(a.tx, id); err != nil {
				return err
			}
		}
	}
	if _, err := out.Run(ec, a.tx); err != nil {
		return err
	}
	if _, err := in.Run(ec, a.tx); err != nil {
		return err
	}
	a.tx.DependOn(catalogTable, catalog.DescriptorKey(s.ID))
	return a.r.storeAltered(a.tx, a.old, a.t, false)
}

// moveAll writes the rows of a table into another of the same definition, with hidden keys of that one.
func moveAll(from, to *catalog.Table) *exec.Rebuild {
	b := &exec.Rebuild{Old: from, New: to, From: make([]int, len(to.Columns)), Fill: make([]expr.Expr, len(to.Columns)),
		Convert: make([]bool, len(to.Columns)), Move: []int{}}
	for i := range b.From {
		if b.From[i] = i; to.Columns[i].Hidden && to.Columns[i].Generated == nil {
			b.From[i] = -1
		}
	}
	return b
}
