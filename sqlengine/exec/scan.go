package exec

import (
	"math"
	"slices"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// scanOp reads one table: by a scan of its keys, by keys, or through an index.
type scanOp struct {
	ec   *Context
	tx   TxReader
	plan *plan.Scan
	acc  access

	at      int // next of acc.points, then of acc.ranges
	scanner *table.Scanner
	left    int64 // rows until the limit
	fetch   rowFetcher
	raw     vec.Batch
	kept    vec.Batch
	cutOff  vec.Batch
	sel     []int32
	cutSel  []int32
	pks     []string // keys of rows found in the index, still to be fetched
}

func newScan(n *plan.Scan, ec *Context) Operator {
	return &scanOp{ec: ec, tx: ec.reader(n), plan: n, fetch: rowFetcher{table: n.Table, cols: n.Cols}}
}

func (o *scanOp) Open() (err error) {
	o.at, o.scanner, o.pks = 0, nil, nil
	if o.left, err = rowCount(o.ec, o.plan.Limit, math.MaxInt64); err != nil {
		return err
	}
	if err := resolve(o.ec, o.plan, &o.acc); err != nil {
		return err
	}
	if o.plan.Reverse {
		slices.Reverse(o.acc.points)
		if len(o.acc.ranges) > 1 {
			slices.Reverse(o.acc.ranges)
		}
	}
	return nil
}

func (o *scanOp) Close() error {
	o.scanner = nil
	o.raw, o.kept = vec.Batch{}, vec.Batch{}
	o.fetch.reset()
	return nil
}

func (o *scanOp) Next() (*vec.Batch, error) {
	for o.left > 0 {
		if err := o.ec.Ctx.Err(); err != nil {
			return nil, err
		}
		ok, err := o.read()
		if err != nil || !ok {
			return nil, err
		}
		if o.raw.N == 0 {
			continue
		}
		if err := computeVirtual(o.ec, o.plan, &o.raw); err != nil {
			return nil, err
		}
		b, err := keepTrue(o.ec, o.plan.Filter, &o.raw, &o.kept, &o.sel)
		if err != nil {
			return nil, err
		}
		if b == nil {
			continue
		}
		n := int64(b.Rows())
		if n > o.left {
			b = cut(b, &o.cutOff, &o.cutSel, 0, int(o.left))
			n = o.left
		}
		o.left -= n
		return b, nil
	}
	return nil, nil
}

// read puts the next rows, before the filter, into raw; ok is false at the end.
func (o *scanOp) read() (ok bool, err error) {
	if len(o.acc.points) > 0 {
		return o.readPoints()
	}
	if o.acc.index != nil {
		return o.readIndex()
	}
	for {
		if o.scanner == nil && !o.nextRange(o.plan.Table.ID) {
			return false, nil
		}
		_, ok, err := o.scanner.Next(o.ec.Ctx, &o.raw)
		if err != nil || ok {
			return ok, err
		}
		o.scanner = nil
	}
}

// nextRange starts the scan of the next range of a table.
func (o *scanOp) nextRange(id uint32) bool {
	if o.at >= len(o.acc.ranges) {
		return false
	}
	r := o.acc.ranges[o.at]
	o.at++
	spec := table.ScanSpec{Lo: r.lo, Hi: r.hi, Reverse: o.plan.Reverse}
	if id == o.plan.Table.ID {
		spec.Cols = columnsAsked(o.plan.Table, o.plan.Cols)
	} else {
		spec.WithKeys = true
	}
	o.scanner = o.tx.Scan(o.ec.Ctx, id, spec)
	return true
}

// columnsAsked asks for the columns of t at the given positions.
func columnsAsked(t *catalog.Table, at []int) []table.ScanCol {
	cols := make([]table.ScanCol, len(at))
	for i, c := range at {
		cols[i] = scanCol(&t.Columns[c])
	}
	return cols
}

func scanCol(c *catalog.Column) table.ScanCol {
	q := table.ScanCol{ID: c.ID, Type: c.Type}
	if c.Initial != nil {
		q.Missing = c.Initial.Value
	}
	return q
}

// readPoints looks the next points up, in the table or in a unique index.
func (o *scanOp) readPoints() (bool, error) {
	n := min(len(o.acc.points)-o.at, vec.MaxRows)
	if n == 0 {
		return false, nil
	}
	o.fetch.start(n)
	for _, key := range o.acc.points[o.at : o.at+n] {
		if o.acc.index != nil {
			pk, found := o.tx.Get(o.acc.index.ID, key)
			if !found {
				continue
			}
			if err := o.fetch.indexed(o.tx, pk); err != nil {
				return false, err
			}
			continue
		}
		if row, found := o.tx.Get(o.plan.Table.ID, key); found {
			if err := o.fetch.add(row); err != nil {
				return false, err
			}
		}
	}
	o.at += n
	o.fetch.finish(&o.raw)
	return true, nil
}

// readIndex reads the next rows that the ranges of an index lead to.
func (o *scanOp) readIndex() (bool, error) {
	for {
		if o.scanner == nil && !o.nextRange(o.acc.index.ID) {
			return false, nil
		}
		var keys vec.Batch
		found, ok, err := o.scanner.Next(o.ec.Ctx, &keys)
		if err != nil {
			return false, err
		}
		if !ok {
			o.scanner = nil
			continue
		}
		o.fetch.start(len(found))
		for _, key := range found {
			pk, there := o.tx.Get(o.acc.index.ID, key)
			if !there {
				return false, base.Corruptf("", "an entry of index %s of table %s vanished while it was read", o.acc.index.Name, o.plan.Table.Name)
			}
			if err := o.fetch.indexed(o.tx, pk); err != nil {
				return false, err
			}
		}
		o.fetch.finish(&o.raw)
		return true, nil
	}
}
