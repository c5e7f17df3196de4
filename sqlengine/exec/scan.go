package exec

import (
	"math"
	"slices"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/fts"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/segment"
	"github.com/s3sql/s3sql/storage/table"
)

// scanOp reads one table: by a scan of its keys, by keys, or through an index.
type scanOp struct {
	ec   *Context
	tx   TxReader
	plan *plan.Scan
	acc  access

	tables  []*catalog.Table // what is left to read: the table, or partitions of it
	first   int              // rows of the first batch; 0 leaves it to the scanner
	at      int              // next of acc.points, then of acc.ranges
	bounds  []segment.Bound
	scanner *table.Scanner
	read    int      // rows that scanner has returned
	helpers *helpers // nil until it has read for a while
	left    int64    // rows until the limit
	fetch   rowFetcher
	sealed  bool // a column is encrypted
	raw     vec.Batch
	kept    vec.Batch
	cutOff  vec.Batch
	sel     []int32
	cutSel  []int32
	room    int                // of ranges: rows of the next batch, which grows
	pks     []string           // primary keys that index entries have led to
	reader  *table.RangeReader // of the range at hand; nil: it has not begun
	hits    []fts.Hit          // of a search, that are still to be read
	counted int                // rows of it that are still to be counted, of which nothing else is asked for
	search  *textRun           // nil: it has not run
}

// minRoom is the size of the first batch of rows fetched by index: a caller with a LIMIT takes only a few.
const minRoom = 128

func newScan(n *plan.Scan, ec *Context) Operator {
	if n.Parts != nil && n.Parts.Order != nil {
		return newPartMerge(n, ec)
	}
	return newTableScan(n, ec)
}

func newTableScan(n *plan.Scan, ec *Context) *scanOp {
	return &scanOp{ec: ec, tx: ec.reader(n), plan: n, fetch: rowFetcher{table: n.Table, cols: n.Cols}, sealed: anyEncrypted(n.Table, n.Cols)}
}

func (o *scanOp) Open() error {
	if err := o.open(nil); err != nil || o.plan.Table.Partitioning == nil || len(o.acc.points) > 0 {
		return err // a point has its own partition
	}
	o.tables = o.choose()
	return nil
}

// open starts the scan of partitions; nil for a table that has none.
func (o *scanOp) open(tables []*catalog.Table) (err error) {
	o.tables = tables
	o.at, o.scanner, o.reader, o.room = 0, nil, nil, minRoom
	o.search, o.hits, o.counted = nil, nil, 0
	if n := o.plan.First; n > 0 {
		o.room = min(n, minRoom)
	}
	if o.left, err = rowCount(o.ec, o.plan.Limit, math.MaxInt64); err != nil {
		return err
	}
	if err := resolve(o.ec, o.plan, &o.acc); err != nil {
		return err
	}
	if o.bounds = nil; len(o.acc.ranges) > 0 && o.acc.index == nil {
		o.bounds = boundsOf(o.ec, o.plan.Table, o.plan.Conds)
	}
	if o.plan.Reverse {
		slices.Reverse(o.acc.points)
		slices.Reverse(o.acc.homes)
		if len(o.acc.ranges) > 1 {
			slices.Reverse(o.acc.ranges)
		}
	}
	return nil
}

// ended lets go of a scanner.
func (o *scanOp) ended() {
	o.helpers.dismiss()
	o.scanner, o.helpers, o.read = nil, nil, 0
}

func (o *scanOp) Close() error {
	o.ended()
	o.raw, o.kept, o.reader = vec.Batch{}, vec.Batch{}, nil
	o.fetch.reset()
	return nil
}

func (o *scanOp) Next() (*vec.Batch, error) {
	for o.left > 0 {
		if err := o.ec.Ctx.Err(); err != nil {
			return nil, err
		}
		ok, err := o.readMore()
		if err != nil || !ok {
			return nil, err
		}
		if o.raw.N == 0 {
			continue
		}
		if o.sealed {
			if err := openColumns(o.ec, o.plan.Table, o.plan.Cols, &o.raw); err != nil {
				return nil, err
			}
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

// readMore puts the next rows, before the filter, into raw; ok is false at the end.
func (o *scanOp) readMore() (ok bool, err error) {
	if o.plan.Text != nil {
		return o.readText()
	}
	if len(o.acc.points) > 0 {
		return o.readPoints()
	}
	if o.plan.Table.Partitioning == nil {
		return o.readTable(o.plan.Table)
	}
	for len(o.tables) > 0 {
		if ok, err := o.readTable(o.tables[0]); ok || err != nil {
			return ok, err
		}
		o.tables, o.at = o.tables[1:], 0
	}
	return false, nil
}

// readTable reads the next rows of a table or partition.
func (o *scanOp) readTable(t *catalog.Table) (bool, error) {
	if o.acc.index != nil || o.acc.handed {
		return o.readRanges(t)
	}
	for {
		if o.scanner == nil && !o.nextRange(t.ID) {
			return false, nil
		}
		_, ok, err := o.scanner.Next(o.ec.Ctx, &o.raw)
		if err != nil || ok {
			if o.read += o.raw.N; o.read >= helpAfter && o.helpers == nil {
				o.helpers = help(o.ec.Ctx, o.scanner)
			}
			return ok, err
		}
		o.ended()
	}
}

// nextRange starts the scan of the next range of a table.
func (o *scanOp) nextRange(id uint32) bool {
	if o.at >= len(o.acc.ranges) {
		return false
	}
	r := o.acc.ranges[o.at]
	o.at++
	spec := table.ScanSpec{Lo: r.lo, Hi: r.hi, Reverse: o.plan.Reverse, First: o.first, Cols: columnsAsked(o.plan.Table, o.plan.Cols),
		AnyOrder: o.plan.AnyOrder, Bounds: o.bounds, Filter: earlyFilter(o.ec, o.plan.Early)}
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
	q := table.ScanCol{ID: c.ID, Type: c.StoredType()}
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
	for at := o.at; at < o.at+n; {
		t, keys := o.plan.Table, o.acc.points[at:o.at+n]
		if o.acc.homes != nil {
			t = o.acc.homes[at]
			for k := range keys {
				if o.acc.homes[at+k] != t {
					keys = keys[:k]
					break
				}
			}
		}
		if err := o.readKeys(t, keys); err != nil {
			return false, err
		}
		at += len(keys)
	}
	o.at += n
	o.fetch.finish(&o.raw)
	return true, nil
}

// readKeys adds the rows under keys of a table or partition, or under entries of its index.
func (o *scanOp) readKeys(t *catalog.Table, keys []string) error {
	id := t.ID
	if o.acc.index != nil {
		id = o.indexID(t)
	}
	found, err := o.fetch.look(o.ec.Ctx, o.tx, id, keys)
	if err != nil {
		return err
	}
	o.pks = o.pks[:0]
	for i := range found {
		switch {
		case !found[i].OK:
		case o.acc.index != nil:
			o.pks = append(o.pks, found[i].Row) // the row of an entry is the primary key
		default:
			if err := o.fetch.add(found[i].Row); err != nil {
				return err
			}
		}
	}
	return o.fetch.indexed(o.ec.Ctx, o.tx, t, o.pks)
}

// readRanges reads the next rows of ranges that have few rows each: of an index, or of keys that a join has handed over.
func (o *scanOp) readRanges(t *catalog.Table) (ok bool, err error) {
	if o.at == len(o.acc.ranges) {
		return false, nil
	}
	id := t.ID
	if o.acc.index != nil {
		id = o.indexID(t)
	}
	cover := coveringOf(o.plan, o.acc.index)
	o.fetch.start(o.room)
	o.pks = o.pks[:0]
	for o.at < len(o.acc.ranges) && o.fetch.n+len(o.pks) < o.room {
		if o.reader == nil {
			o.reader = o.tx.OpenRange(id, o.acc.ranges[o.at].lo, o.acc.ranges[o.at].hi, o.plan.Reverse)
		}
		more, ioErr := o.reader.Read(o.ec.Ctx, o.room-o.fetch.n-len(o.pks), func(key, row string) {
			switch {
			case err != nil:
			case cover != nil:
				err = o.fetch.entry(cover, key, row)
			case o.acc.index != nil:
				o.pks = append(o.pks, row)
			default:
				err = o.fetch.add(row)
			}
		})
		if err == nil {
			err = ioErr
		}
		if err != nil {
			return false, err
		}
		if !more {
			o.at, o.reader = o.at+1, nil
		}
	}
	if err := o.fetch.indexed(o.ec.Ctx, o.tx, t, o.pks); err != nil {
		return false, err
	}
	o.fetch.finish(&o.raw)
	o.room = min(4*o.room, vec.MaxRows)
	return true, nil
}

// indexID returns the table that has the entries of the access's index for t, the scan's table or a partition of it.
func (o *scanOp) indexID(t *catalog.Table) uint32 {
	if t == o.plan.Table {
		return o.acc.index.ID
	}
	return t.Indexes[slices.IndexFunc(o.plan.Table.Indexes, func(ix catalog.Index) bool { return ix.ID == o.acc.index.ID })].ID
}
