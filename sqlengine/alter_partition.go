package sqlengine

import (
	"slices"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// notPartitionedBy checks that a column that is to go or to be called otherwise is not one that rows are divided by. The columns
// of KEY () follow the primary key. Error 3855.
func (a *alteration) notPartitionedBy(id uint32, name string) error {
	if a.old.Partitioning == nil || a.old.Partitioning.Implicit || a.divide != nil && (a.divide.Op == "BY" || a.divide.Op == "REMOVE") || a.old.ColumnByID(id) < 0 {
		return nil
	}
	ids, err := a.r.partitionFields(a.old)
	if err == nil && slices.Contains(ids, id) {
		err = base.Errorf(errno.PartitionDependency, "Column '%s' has a partitioning function dependency and cannot be dropped or renamed.", name)
	}
	return err
}

// settlePartitions checks the partitioning against the new columns and keys. Where a column that rows are divided by changes its
// type, the values of the partitions take the new one, and all rows are written again.
func (a *alteration) settlePartitions() error {
	switch {
	case a.divide == nil:
	case a.divide.Op == "BY":
		a.rewrite = true
		return a.r.partitionTable(a.t, a.divide.By)
	case a.divide.Op == "REMOVE":
		a.rewrite, a.t.Partitioning = true, nil
	}
	p := a.t.Partitioning
	if p == nil {
		return nil
	}
	if p.Implicit {
		if err := implicitColumns(a.t); err != nil {
			return err
		}
		if a.old.Partitioning != nil && !slices.Equal(p.Columns, a.old.Partitioning.Columns) {
			a.rewrite = true
		}
	}
	if err := a.r.checkPartitioning(a.t); err != nil {
		return err
	}
	if err := a.r.partitionKeys(a.t); err != nil {
		return err
	}
	return a.retypePartitions()
}

func (a *alteration) retypePartitions() error {
	ids, err := a.r.partitionFields(a.t)
	if err != nil {
		return err
	}
	changed := false
	for _, id := range ids {
		i, was := a.t.ColumnByID(id), a.old.ColumnByID(id)
		changed = changed || was < 0 || !sameStored(a.old.Columns[was].Type, a.t.Columns[i].Type) || generatedAnew(&a.old.Columns[was], &a.t.Columns[i])
	}
	if !changed {
		return nil
	}
	a.rewrite = true
	p := a.t.Partitioning
	if !p.ByColumns() {
		return nil
	}
	for k := range p.Parts {
		q := &p.Parts[k]
		for _, row := range append([][]catalog.Bound{q.Less}, q.In...) {
			for i := range row {
				if row[i].Max || row[i].Value.IsNull() {
					continue
				}
				c := &a.t.Columns[a.t.ColumnByID(p.Columns[i])]
				if row[i], err = columnBound(literalBound(row[i].Value.Value, a.old, p.Columns[i], c), c); err != nil {
					return err
				}
			}
		}
	}
	return a.r.checkPartitions(a.t)
}

// literalBound is a value of a definition as it would be written for a column of another type.
func literalBound(v base.Value, old *catalog.Table, column uint32, c *catalog.Column) base.Value {
	i := old.ColumnByID(column)
	if i < 0 || v.Class() == base.Int || v.Class() == base.Uint {
		return v
	}
	if class := c.Type.Class(); class == base.Date || class == base.DateTime || class == base.String || class == base.Bytes {
		return base.NewString(expr.Format(v, old.Columns[i].Type))
	}
	return v
}

func generatedAnew(was, is *catalog.Column) bool {
	if was.Generated == nil || is.Generated == nil {
		return was.Generated != is.Generated
	}
	return *was.Generated != *is.Generated
}
