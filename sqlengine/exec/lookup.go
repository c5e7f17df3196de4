package exec

import (
	"cmp"
	"slices"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// lookupOp joins each left row to the row of a table that its key names: an index nested-loop join.
type lookupOp struct {
	ec    *Context
	plan  *plan.Lookup
	left  Operator
	fetch rowFetcher
	// sealed says that a column of the right side is encrypted.
	sealed bool

	kv    []*vec.Vector
	types []base.Type // of the key columns looked up
	raw   vec.Batch
	kept  vec.Batch
	sel   []int32
	pass  vec.Bitmap
	key   []byte
	asks  []ask
	keys  []string
	row   []base.Value // of a table with partitions: the key's values by column
	pairs pairer
}

func newLookup(n *plan.Lookup, ec *Context) (Operator, error) {
	left, err := Build(n.Left, ec)
	if err != nil {
		return nil, err
	}
	types := make([]base.Type, len(n.Keys))
	for i, part := range n.Right.Table.Primary {
		types[i] = n.Right.Table.Columns[n.Right.Table.ColumnByID(part.Column)].Type
	}
	return &lookupOp{ec: ec, plan: n, left: left, kv: make([]*vec.Vector, len(n.Keys)), types: types,
		fetch: rowFetcher{table: n.Right.Table, cols: n.Right.Cols}, sealed: anyEncrypted(n.Right.Table, n.Right.Cols),
		pairs: newPairer(ec, n.Kind, n.On, len(n.Left.Schema()), len(n.Right.Schema()))}, nil
}

func (o *lookupOp) Open() error {
	o.pairs.left = nil
	return o.left.Open()
}

func (o *lookupOp) Close() error {
	o.pairs.left, o.pairs.right = nil, nil
	o.fetch.reset()
	return o.left.Close()
}

func (o *lookupOp) Next() (*vec.Batch, error) {
	for {
		b, err := o.pairs.next()
		if err != nil || b != nil {
			return b, err
		}
		if b, err = o.left.Next(); err != nil || b == nil {
			return nil, err
		}
		if err := o.read(b); err != nil {
			return nil, err
		}
	}
}

// read fetches the right rows of a left batch.
func (o *lookupOp) read(b *vec.Batch) error {
	if err := evalAll(o.ec.Expr, o.plan.Keys, b, o.kv); err != nil {
		return err
	}
	n := b.Rows()
	o.fetch.start(n)
	heads := resize(o.pairs.heads, n)
	o.asks = o.asks[:0]
	for k := range n {
		heads[k] = -1
		i := b.Row(k)
		if hasNull(o.kv, nil, i) {
			continue
		}
		o.key = o.key[:0]
		for c, col := range o.kv {
			o.key = base.AppendKey(o.key, catalog.KeyValue(o.types[c], col.Value(i)))
		}
		if t := o.table(i); t != nil {
			o.asks = append(o.asks, ask{row: k, table: t.ID, key: string(o.key)})
		}
	}
	if err := o.look(heads); err != nil {
		return err
	}
	o.fetch.finish(&o.raw)
	if o.sealed {
		if err := openColumns(o.ec, o.plan.Right.Table, o.plan.Right.Cols, &o.raw); err != nil {
			return err
		}
	}
	if err := computeVirtual(o.ec, o.plan.Right, &o.raw); err != nil {
		return err
	}
	o.pairs.heads, o.pairs.right = heads, o.raw.Cols
	if err := o.filter(heads); err != nil {
		return err
	}
	o.pairs.start(b)
	return nil
}

// ask is a key to be looked up for a row of the left side.
type ask struct {
	row   int
	table uint32
	key   string
}

// look fetches what was asked for, table by table, and sets heads where there is a row.
func (o *lookupOp) look(heads []int32) error {
	if o.plan.Right.Parts != nil {
		slices.SortStableFunc(o.asks, func(a, b ask) int { return cmp.Compare(a.table, b.table) })
	}
	for rest := o.asks; len(rest) > 0; {
		o.keys = o.keys[:0]
		for _, a := range rest {
			if a.table != rest[0].table {
				break
			}
			o.keys = append(o.keys, a.key)
		}
		found, err := o.fetch.look(o.ec.Ctx, o.ec.reader(o.plan.Right), rest[0].table, o.keys)
		if err != nil {
			return err
		}
		for i := range found {
			if !found[i].OK {
				continue
			}
			heads[rest[i].row] = int32(o.fetch.n)
			if err := o.fetch.add(found[i].Row); err != nil {
				return err
			}
		}
		rest = rest[len(found):]
	}
	return nil
}

// table returns where row i of the left side looks its match up; nil nowhere.
func (o *lookupOp) table(i int) *catalog.Table {
	n := o.plan.Right
	if n.Parts == nil {
		return n.Table
	}
	if o.row == nil {
		o.row = make([]base.Value, len(n.Table.Columns))
	}
	for c, part := range n.Table.Primary {
		o.row[n.Table.ColumnByID(part.Column)] = o.kv[c].Value(i)
	}
	return partOf(o.ec, n, o.row)
}

// filter takes the candidates away that do not pass the table's own filter.
func (o *lookupOp) filter(heads []int32) error {
	if o.plan.Right.Filter == nil || o.raw.N == 0 {
		return nil
	}
	kept, err := keepTrue(o.ec, o.plan.Right.Filter, &o.raw, &o.kept, &o.sel)
	if err != nil {
		return err
	}
	o.pass = noneSet(o.pass, o.raw.N)
	if kept != nil {
		for k := range kept.Rows() {
			o.pass.Set(kept.Row(k))
		}
	}
	for k, h := range heads {
		if h >= 0 && !o.pass.Get(int(h)) {
			heads[k] = -1
		}
	}
	return nil
}
