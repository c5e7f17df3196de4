package exec

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
)

// Auditor is told of each row that a statement changes, before it is written.
type Auditor func(c RowChange) error

// RowChange is the change of one row: Old is nil for a new one, New for one that goes.
type RowChange struct {
	Old, New         []base.Value
	Partition        string // "" of a table without
	PartitionColumns []int  // that tell the partition
}

func (ec *Context) auditor(t *catalog.Table) Auditor {
	if ec.Audit == nil {
		return nil
	}
	return ec.Audit(t)
}

// audited tells the auditor of a change.
func (w *writer) audited(old, row []base.Value) error {
	if w.audit == nil {
		return nil
	}
	c := RowChange{Old: old, New: row}
	if w.t.Partitioning != nil {
		at := row
		if at == nil {
			at = old
		}
		_, i, err := w.locateAt(at)
		if err != nil {
			return err
		}
		c.Partition, c.PartitionColumns = w.t.Partitioning.Parts[i].Name, w.rules.Parts.Columns()
	}
	return w.audit(c)
}
