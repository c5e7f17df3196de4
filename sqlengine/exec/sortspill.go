package exec

import (
	"slices"

	"github.com/s3sql/s3sql/internal/vec"
)

// entryBytes is what sorting takes for a row: an entry, and another to move it to.
const entryBytes = 32

// full reports whether the rows held are to become a run.
func (o *sortOp) full() bool {
	need := int64(o.rows.rows.n) * entryBytes
	return o.ec.MemoryLimit > 0 && o.ec.memoryBytes+need > o.ec.MemoryLimit && o.acc.bytes+need >= spillFloor
}

// spill sorts the rows held and writes them as a run, the keys that are no columns behind the columns.
func (o *sortOp) spill() error {
	if o.rows.rows.n == 0 {
		return nil
	}
	if o.file == nil {
		var err error
		if o.file, err = o.ec.newSpill(); err != nil {
			return err
		}
	}
	order, err := o.rows.sorted(o.ec)
	if err != nil {
		return err
	}
	if o.limit > 0 && len(order) > o.limit {
		order = order[:o.limit]
	}
	idx := make([]int32, len(order))
	for i := range order {
		idx[i] = order[i].row
	}
	run, err := o.file.writeAll(nil, append(slices.Clone(o.rows.rows.cols), o.rows.extra.cols...), idx)
	if err != nil {
		return err
	}
	o.runs = append(o.runs, run)
	o.acc.free()
	o.rows = newKeyedRows(o.plan.Input.Schema(), o.keys)
	return nil
}

// mergeRuns starts to merge the runs.
func (o *sortOp) mergeRuns() error {
	if err := o.spill(); err != nil {
		return err
	}
	keys := slices.Clone(o.keys)
	extra := len(o.plan.Input.Schema())
	for i := range keys {
		if keys[i].column < 0 {
			keys[i].column = extra
			extra++
		}
	}
	var err error
	o.merge, err = mergeRuns(o.file, o.runs, keys)
	o.rows = nil
	return err
}

// merged returns the next rows of the merged runs.
func (o *sortOp) merged() (*vec.Batch, error) {
	if o.limit > 0 && o.at >= o.limit {
		return nil, nil
	}
	b, err := o.merge.next()
	if err != nil || b == nil {
		return nil, err
	}
	b.Cols = b.Cols[:len(o.plan.Input.Schema())]
	if o.limit > 0 {
		b.N = min(b.N, o.limit-o.at)
	}
	o.at += b.N
	return b, nil
}
