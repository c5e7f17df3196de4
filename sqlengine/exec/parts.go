package exec

import (
	"slices"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// locate returns the descriptor of the partition that a row is in, or would be: the table itself if it has none.
//
// Errors: 1526; those of the partitioning expression.
func (w *writer) locate(row []base.Value) (*catalog.Table, error) {
	t, _, err := w.locateAt(row)
	return t, err
}

// home is locate for a row that a statement writes, which may say to which partitions.
//
// Errors: 1748 beside those of locate.
func (w *writer) home(row []base.Value) (*catalog.Table, error) {
	t, i, err := w.locateAt(row)
	if err == nil && w.named != nil && !slices.Contains(w.named, i) {
		err = base.Errorf(errno.PartitionMismatch, "Found a row not matching the given partition set")
	}
	return t, err
}

func (w *writer) locateAt(row []base.Value) (*catalog.Table, int, error) {
	if w.t.Partitioning == nil {
		return w.t, 0, nil
	}
	rules, err := w.ruleSet()
	if err != nil {
		return nil, 0, err
	}
	if rules == nil || rules.Parts == nil {
		return nil, 0, base.Errorf(errno.Unknown, "the partitioning of table %s is not known where a row is written", w.t.Name)
	}
	i, err := rules.Parts.Locate(w.ec.Expr, row)
	if err != nil {
		return nil, 0, err
	}
	if i < 0 {
		return nil, 0, base.Errorf(errno.NoPartition, "Table has no partition for value %s", rules.Parts.Describe(w.ec.Expr, row))
	}
	return w.t.PartTables()[i], i, nil
}

// stored returns the encoded row of a primary key as the statement has left it meanwhile. row is what was found under the key.
func (w *writer) stored(pk string, row []base.Value) (enc string, ok bool, err error) {
	t, err := w.locate(row)
	if err != nil {
		return "", false, err
	}
	if enc, ok, err = w.tx.Get(w.ec.Ctx, t.ID, pk); ok || err != nil || w.t.Partitioning == nil || !catalog.HiddenKey(w.t) {
		return enc, ok, err
	}
	for _, t := range w.t.PartTables() { // a row with a hidden key moves without changing it
		if enc, ok, err = w.tx.Get(w.ec.Ctx, t.ID, pk); ok || err != nil {
			return enc, ok, err
		}
	}
	return "", false, nil
}

// choose returns what a scan reads: a descriptor for each partition that its conditions leave, or that of its table.
func (o *scanOp) choose() []*catalog.Table {
	all := o.plan.Table.PartTables()
	if o.plan.Parts == nil {
		return all
	}
	keep := o.plan.Parts.Func.Prune(o.ec.Expr, o.plan.Parts.Conds, o.plan.Parts.Named)
	if len(keep) == len(all) {
		return all
	}
	out := make([]*catalog.Table, len(keep))
	for k, i := range keep {
		out[k] = all[i]
	}
	return out
}

// partOf returns the descriptor of the partition that a row whose key columns are known belongs to; nil if there is none that
// the statement looks into. Where the partitioning expression has no value, as when it overflows, no row can be.
func partOf(ec *Context, n *plan.Scan, row []base.Value) *catalog.Table {
	i, err := n.Parts.Func.Locate(ec.Expr, row)
	if err != nil || i < 0 || n.Parts.Named != nil && !slices.Contains(n.Parts.Named, i) {
		return nil
	}
	return n.Table.PartTables()[i]
}
