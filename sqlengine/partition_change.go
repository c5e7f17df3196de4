package sqlengine

import (
	"slices"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// managePartitions runs what changes no definition, or that of two tables; done is false for the rest.
func (a *alteration) managePartitions(x *ast.AlterPartitions) (res *Result, done bool, err error) {
	if a.old.Partitioning == nil && x.Op != "BY" {
		switch x.Op {
		case "ANALYZE", "CHECK", "OPTIMIZE", "REPAIR":
		default:
			return nil, true, partitionManagement()
		}
	}
	switch x.Op {
	case "TRUNCATE":
		res, err = a.truncatePartitions(x)
	case "EXCHANGE":
		res, err = a.exchangePartition(x)
	case "REBUILD":
		_, err = a.partitionList(x.Names, x.All, "REBUILD")
		res = &Result{} // OPTIMIZE TABLE writes what there is to write
	case "ANALYZE", "CHECK", "OPTIMIZE", "REPAIR":
		res, err = a.r.partitionAdmin(a.old, x, a.tx)
	default:
		return nil, false, nil
	}
	return res, true, err
}

func partitionManagement() error {
	return base.Errorf(errno.PartitionManagement, "Partition management on a not partitioned table is not possible")
}

// changePartitions makes a change in the new definition.
func (a *alteration) changePartitions(x *ast.AlterPartitions) error {
	if a.t.Partitioning == nil && x.Op != "BY" {
		return partitionManagement()
	}
	switch x.Op {
	case "BY", "REMOVE":
		return nil // settlePartitions
	case "ADD":
		return a.addPartitions(x)
	case "DROP":
		return a.dropPartitions(x)
	case "COALESCE":
		return a.coalescePartitions(x.Count)
	case "REORGANIZE":
		return a.reorganizePartitions(x)
	}
	return base.Errorf(errno.NotSupported, "ALTER TABLE … %s PARTITION is not supported; docs/compatibility.md lists what is", x.Op)
}

func hashed(p *catalog.Partitioning) bool {
	return p.Method == catalog.PartitionHash || p.Method == catalog.PartitionKey
}

// partitionList resolves names of partitions, which may each stand once: positions in the old definition, in order. Error 1507.
func (a *alteration) partitionList(names []string, all bool, verb string) ([]int, error) {
	out := make([]int, 0, len(names))
	if all {
		for i := range a.old.Partitioning.Parts {
			out = append(out, i)
		}
		return out, nil
	}
	for _, name := range names {
		i := a.old.Partitioning.Part(name)
		if i < 0 || slices.Contains(out, i) {
			return nil, base.Errorf(errno.PartitionListError, "Error in list of partitions to %s", verb)
		}
		out = append(out, i)
	}
	slices.Sort(out)
	return out, nil
}

// addPartitions is ADD PARTITION. Rows of RANGE and LIST tables stay where they are, those of HASH and KEY are divided anew.
func (a *alteration) addPartitions(x *ast.AlterPartitions) error {
	p := a.t.Partitioning
	switch {
	case len(x.Parts) == 0 && !hashed(p):
		return base.Errorf(errno.PartitionsMustBeDefined, "For %s partitions each partition must be defined", p.Method)
	case len(x.Parts) == 0 && x.Count == 0:
		return base.Errorf(errno.AddNoPartition, "At least one partition must be added")
	case len(p.Parts)+x.Count > catalog.MaxPartitions:
		return tooManyPartitions()
	}
	parts, err := a.r.partitions(a.t, x.Parts)
	if err != nil {
		return err
	}
	p.Parts = append(p.Parts, parts...)
	if hashed(p) {
		p.Listed = p.Listed || len(parts) > 0
		addDefaultPartitions(p, x.Count)
		a.divideAnew()
	}
	return a.r.checkPartitions(a.t)
}

// divideAnew moves all rows to partitions of the same definitions with new ids.
func (a *alteration) divideAnew() {
	for i := range a.old.Partitioning.Parts {
		a.move = append(a.move, i)
	}
	for i := range a.t.Partitioning.Parts {
		a.t.Partitioning.Parts[i].ID, a.t.Partitioning.Parts[i].Indexes = 0, nil
	}
}

// dropPartitions is DROP PARTITION: the rows go with it.
func (a *alteration) dropPartitions(x *ast.AlterPartitions) error {
	p := a.t.Partitioning
	if hashed(p) {
		return base.Errorf(errno.OnlyRangeList, "DROP PARTITION can only be used on RANGE/LIST partitions")
	}
	drop, err := a.partitionList(x.Names, false, "DROP")
	if err != nil {
		return err
	}
	if len(drop) == len(p.Parts) {
		return dropLastPartition()
	}
	for _, i := range slices.Backward(drop) {
		p.Parts = slices.Delete(p.Parts, i, i+1)
	}
	return nil
}

func dropLastPartition() error {
	return base.Errorf(errno.DropLastPartition, "Cannot remove all partitions, use DROP TABLE instead")
}

// coalescePartitions is COALESCE PARTITION: the last n partitions go, and the rows are divided among the others.
func (a *alteration) coalescePartitions(n int) error {
	p := a.t.Partitioning
	switch {
	case !hashed(p):
		return base.Errorf(errno.CoalesceOnlyHash, "COALESCE PARTITION can only be used on HASH/KEY partitions")
	case n == 0:
		return base.Errorf(errno.CoalesceNoPartition, "At least one partition must be coalesced")
	case n >= len(p.Parts):
		return dropLastPartition()
	}
	p.Parts = p.Parts[:len(p.Parts)-n]
	a.divideAnew()
	return nil
}

// reorganizePartitions is REORGANIZE PARTITION … INTO: the rows of some partitions go to others in their place.
func (a *alteration) reorganizePartitions(x *ast.AlterPartitions) error {
	p := a.t.Partitioning
	switch {
	case len(x.Names) == 0:
		return base.Errorf(errno.ReorgNoParam, "REORGANIZE PARTITION without parameters can only be used on auto-partitioned tables using HASH PARTITIONs")
	case len(x.Names) > len(p.Parts):
		return base.Errorf(errno.ReorgNotExist, "More partitions to reorganize than there are partitions")
	}
	from, err := a.partitionList(x.Names, false, "REORGANIZE")
	if err != nil {
		return err
	}
	if hashed(p) && len(from) != len(x.Parts) {
		return base.Errorf(errno.ReorgHashSameNumber, "REORGANIZE PARTITION can only be used to reorganize partitions not to change their numbers")
	}
	parts, err := a.r.partitions(a.t, x.Parts)
	if err != nil {
		return err
	}
	if hashed(p) { // only names change
		for k, i := range from {
			parts[k].ID, parts[k].Indexes = p.Parts[i].ID, p.Parts[i].Indexes
			p.Parts[i] = parts[k]
		}
		p.Listed = true
		return a.r.checkPartitions(a.t)
	}
	if from[len(from)-1]-from[0] != len(from)-1 {
		return base.Errorf(errno.ReorgNotConsecutive, "When reorganizing a set of partitions they must be in consecutive order")
	}
	if p.Method == catalog.PartitionRange {
		if err := a.reorganizedRange(from, parts); err != nil {
			return err
		}
	}
	for _, i := range slices.Backward(from) {
		p.Parts = slices.Delete(p.Parts, i, i+1)
	}
	p.Parts = slices.Insert(p.Parts, from[0], parts...)
	a.move = from
	return a.r.checkPartitions(a.t)
}

// reorganizedRange checks that new partitions cover the range of those they replace; at the end of the table they may cover more.
// Error 1520.
func (a *alteration) reorganizedRange(from []int, parts []catalog.Partition) error {
	old := a.old.Partitioning.Parts
	f, err := a.r.partFunc(a.old)
	if err != nil {
		return err
	}
	last := from[len(from)-1]
	was, is := f.BoundKey(old[last].Less), f.BoundKey(parts[len(parts)-1].Less)
	if is < was || is > was && last < len(old)-1 {
		return base.Errorf(errno.ReorgOutsideRange,
			"Reorganize of range partitions cannot change total ranges except for last partition where it can extend the range")
	}
	return nil
}

// truncatePartitions is TRUNCATE PARTITION. Error 1735.
func (a *alteration) truncatePartitions(x *ast.AlterPartitions) (*Result, error) {
	for _, name := range x.Names {
		if a.old.Partitioning.Part(name) < 0 {
			return nil, unknownPartition(a.old, name)
		}
	}
	list, err := a.partitionList(x.Names, x.All, "TRUNCATE")
	if err != nil {
		return nil, err
	}
	a.tx.DependOn(catalogTable, catalog.DescriptorKey(a.old.ID))
	for _, i := range list {
		if err := catalog.TruncatePart(a.tx, a.old, i); err != nil {
			return nil, err
		}
	}
	return &Result{}, nil
}

func unknownPartition(t *catalog.Table, name string) error {
	return base.Errorf(errno.UnknownPartition, "Unknown partition '%s' in table '%s'", name, t.Name)
}
