package exec

import (
	"errors"
	"math"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// joinOp reads its right input into memory, by the values of its keys, and then goes through the left input. Without keys
// every right row is a candidate for every left row, which is a nested-loop join.
type joinOp struct {
	ec          *Context
	plan        *plan.Join
	left, right Operator
	acc         account

	built bool
	rows  rowStore // of the right input
	keys  *keyTable
	head  []int32 // by key: its first row
	tail  []int32
	next  []int32 // by row: the next row of the key, -1 none
	multi bool    // a key has several rows

	kv    []*vec.Vector
	ids   []int32
	put   []uint32
	pairs pairer
	nulls *nullAware // of NOT IN
	rest  int        // of a full join: the next right row to look at for partners
	ended bool
	out   vec.Batch

	spill      *joinSpill
	level      int         // how often its input was divided
	sharedFile *spillFile  // of the join whose part this is
	numbered   *partReader // the left input, when its rows have numbers
	seq        *vec.Vector // the numbers of the last rows

	keyed *keyedInput // the left input, when it hands its keys to a scan on the right side
}

func newJoin(n *plan.Join, ec *Context) (Operator, error) {
	left, right, err := buildTwo(n.Left, n.Right, ec)
	if err != nil {
		return nil, err
	}
	if n.Keys == nil {
		return newJoinOver(n, ec, left, right), nil
	}
	keyed := newKeyedInput(left, n, ec)
	o := newJoinOver(n, ec, keyed, right)
	o.keyed = keyed
	return o, nil
}

func newJoinOver(n *plan.Join, ec *Context, left, right Operator) *joinOp {
	o := &joinOp{ec: ec, plan: n, left: left, right: right, acc: account{ec: ec, soft: true}, kv: make([]*vec.Vector, len(n.LeftKeys))}
	o.pairs = newPairer(ec, n.Kind, n.On, len(n.Left.Schema()), len(n.Right.Schema()))
	return o
}

func (o *joinOp) Open() error {
	if err := o.drop(); err != nil {
		return err
	}
	if o.keyed == nil {
		if err := o.right.Open(); err != nil {
			return err
		}
	}
	return o.left.Open()
}

func (o *joinOp) Close() error {
	return errors.Join(o.drop(), o.left.Close(), o.right.Close())
}

func (o *joinOp) drop() error {
	o.acc.free()
	err := o.spill.close()
	o.spill = nil
	o.built, o.multi, o.ended, o.rest, o.nulls = false, false, false, 0, nil
	o.rows, o.keys, o.head, o.tail, o.next = rowStore{}, nil, nil, nil, nil
	o.pairs.left, o.pairs.right, o.pairs.chain, o.pairs.joined = nil, nil, nil, nil
	return err
}

func (o *joinOp) Next() (*vec.Batch, error) {
	if !o.built {
		if err := o.build(); err != nil {
			return nil, err
		}
		o.built = true
	}
	if o.spill != nil {
		b, err := o.spill.next()
		if b != nil && o.numbered == nil {
			b.Cols = b.Cols[:len(b.Cols)-1]
		}
		return b, err
	}
	for !o.ended {
		b, err := o.pairs.next()
		if err != nil {
			return nil, err
		}
		if b != nil {
			o.follow()
			return b, nil
		}
		if b, err = o.left.Next(); err != nil {
			return nil, err
		}
		if b == nil {
			o.ended = true
			break
		}
		if err := o.probe(b); err != nil {
			return nil, err
		}
	}
	if o.plan.Kind == plan.FullJoin {
		return o.unjoined()
	}
	return nil, nil
}

// joinKeyTable returns the table for keys of a join, whose sides may differ in class or collation.
func joinKeyTable(left, right []expr.Expr) *keyTable {
	types := typesOf(right)
	same := true
	for i, l := range left {
		t := l.Type()
		same = same && t.Class() == types[i].Class()
		if types[i].Class() == base.String && !expr.BinaryCollation(t.Collation) {
			types[i].Collation = t.Collation
		}
	}
	t := newKeyTable(types)
	if !same {
		t.form, t.texts, t.ints = mixedKey, newTextTable(), nil
	}
	return t
}

func (o *joinOp) build() error {
	if o.keyed != nil {
		if err := o.keyed.collect(); err != nil {
			return err
		}
		if err := o.right.Open(); err != nil {
			return err
		}
	}
	o.rows = newRowStore(o.plan.Right.Schema())
	o.keys = joinKeyTable(o.plan.LeftKeys, o.plan.RightKeys)
	if o.plan.NullAware && o.plan.Kind == plan.AntiJoin {
		o.nulls = newNullAware(o)
	}
	for {
		b, err := o.right.Next()
		if err != nil {
			return err
		}
		if b == nil {
			break
		}
		if o.spill != nil {
			err = o.spill.addRight(b)
		} else {
			err = o.insert(b)
		}
		if err != nil {
			return err
		}
	}
	if o.spill != nil {
		return nil
	}
	o.pairs.right = o.rows.cols
	if o.multi {
		o.pairs.chain = o.next
	}
	if o.plan.Kind == plan.FullJoin {
		o.pairs.joined = vec.NewBitmap(o.rows.n)
	}
	if o.rows.n == 0 && (o.plan.Kind == plan.InnerJoin || o.plan.Kind == plan.SemiJoin) {
		o.ended = true // no left row can have a partner
	}
	return nil
}

// insert adds a right batch to the table.
func (o *joinOp) insert(b *vec.Batch) error {
	if err := evalAll(o.ec.Expr, o.plan.RightKeys, b, o.kv); err != nil {
		return err
	}
	n, first := b.Rows(), int32(o.rows.n)
	if o.rows.n > math.MaxInt32-vec.MaxRows {
		return base.Errorf(errno.CapacityExceeded, "a join holds at most %d rows", math.MaxInt32)
	}
	o.put = resize(o.put, n)
	o.keys.put(o.kv, b, o.put)
	if err := o.rows.add(b, &o.acc); err != nil {
		return err
	}
	for k, id := range o.put[:n] {
		row := first + int32(k)
		o.next = append(o.next, -1)
		for int(id) >= len(o.head) {
			o.head, o.tail = append(o.head, -1), append(o.tail, -1)
		}
		if hasNull(o.kv, o.plan.NullSafe, b.Row(k)) {
			continue
		}
		if o.head[id] < 0 {
			o.head[id] = row
		} else {
			o.next[o.tail[id]] = row
			o.multi = true
		}
		o.tail[id] = row
	}
	if o.nulls != nil {
		if err := o.nulls.insert(b, o.kv, first); err != nil {
			return err
		}
	}
	if err := o.acc.grow(o.keys.takeBytes() + int64(n)*4); err != nil || !o.acc.mustSpill() {
		return err
	}
	if !o.spillable() {
		return o.ec.reserve(0)
	}
	return o.divide()
}

// resize returns s with length n, its contents undefined.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// probe finds the candidates of a left batch.
func (o *joinOp) probe(b *vec.Batch) error {
	if err := evalAll(o.ec.Expr, o.plan.LeftKeys, b, o.kv); err != nil {
		return err
	}
	n := b.Rows()
	o.ids = resize(o.ids, n)
	o.keys.find(o.kv, b, o.ids)
	nulls := false
	for c, col := range o.kv {
		nulls = nulls || (col.Nulls != nil || col.Class == base.Null) && (o.plan.NullSafe == nil || !o.plan.NullSafe[c])
	}
	for k, id := range o.ids[:n] {
		switch {
		case id < 0:
		case nulls && hasNull(o.kv, o.plan.NullSafe, b.Row(k)):
			o.ids[k] = -1
		default:
			o.ids[k] = o.head[id]
		}
	}
	o.pairs.heads = o.ids
	if o.nulls != nil {
		if err := o.nulls.candidates(b, o.kv, &o.pairs); err != nil {
			return err
		}
	}
	o.pairs.start(b)
	return nil
}

// unjoined yields the right rows of a full join that have no partner.
func (o *joinOp) unjoined() (*vec.Batch, error) {
	var idx []int32
	for ; o.rest < o.rows.n && len(idx) < vec.MaxRows; o.rest++ {
		if !o.pairs.joined.Get(o.rest) {
			idx = append(idx, int32(o.rest))
		}
	}
	if len(idx) == 0 {
		return nil, nil
	}
	if err := o.ec.Ctx.Err(); err != nil {
		return nil, err
	}
	o.out = vec.Batch{N: len(idx)}
	for _, c := range o.plan.Left.Schema() {
		col := newColumn(c.Type)
		appendNulls(col, 0, len(idx))
		o.out.Cols = append(o.out.Cols, col)
	}
	for _, src := range o.rows.cols {
		col := &vec.Vector{Class: src.Class}
		gather(col, src, idx, false)
		o.out.Cols = append(o.out.Cols, col)
	}
	return &o.out, nil
}
