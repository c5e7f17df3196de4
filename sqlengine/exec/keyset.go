package exec

import (
	"slices"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// aheadRows is how many rows keyedInput reads ahead at most.
const aheadRows = 64 << 10

// keyedInput is the left input of a join that hands its keys to a scan on the right side. To know them it reads ahead, until
// there are more keys than the scan is served by.
type keyedInput struct {
	Operator
	ec   *Context
	plan *plan.KeySet

	acc   account
	rows  rowStore // read ahead
	at    int      // of rows: what comes next
	out   vec.Batch
	views []vec.Vector
	kv    []*vec.Vector
}

func newKeyedInput(in Operator, n *plan.Join, ec *Context) *keyedInput {
	return &keyedInput{Operator: in, ec: ec, plan: n.Keys, acc: account{ec: ec, soft: true}, rows: newRowStore(n.Left.Schema()),
		views: make([]vec.Vector, len(n.Left.Schema())), kv: make([]*vec.Vector, len(n.Keys.Keys))}
}

// drop forgets what was read ahead.
func (o *keyedInput) drop() {
	o.acc.free()
	o.rows, o.at = rowStore{cols: o.rows.cols}, 0
	for i, c := range o.rows.cols {
		o.rows.cols[i] = &vec.Vector{Class: c.Class, Scale: c.Scale}
	}
}

func (o *keyedInput) Close() error {
	o.drop()
	o.ec.handKeys(o.plan, nil)
	return o.Operator.Close()
}

// collect reads ahead and hands the keys to the scan; without them when they are too many.
func (o *keyedInput) collect() error {
	o.drop()
	keys, err := o.keys()
	if err != nil {
		return err
	}
	o.ec.handKeys(o.plan, keys)
	return nil
}

// keys reads ahead and returns the keys of all rows, sorted; nil when there are too many.
func (o *keyedInput) keys() ([]string, error) {
	seen := newTextTable()
	r := resolver{ec: o.ec, table: o.plan.Table, parts: o.plan.Parts()}
	var buf []byte
	for {
		b, err := o.Operator.Next()
		if err != nil {
			return nil, err
		}
		if b == nil {
			out := seen.keys
			slices.Sort(out)
			return append([]string{}, out...), nil
		}
		if err := o.rows.add(b, &o.acc); err != nil {
			return nil, err
		}
		if err := evalAll(o.ec.Expr, o.plan.Keys, b, o.kv); err != nil {
			return nil, err
		}
		for k := range b.Rows() {
			var fit fitness
			if buf, fit = o.key(&r, buf[:0], b.Row(k)); fit == exactKey {
				seen.putBytes(buf)
			}
			if fit == anyMatch || len(seen.keys) > o.plan.Max {
				return nil, nil
			}
		}
		if o.rows.n > aheadRows || o.acc.mustSpill() {
			return nil, nil
		}
	}
}

// key appends the key of row i.
func (o *keyedInput) key(r *resolver, buf []byte, i int) ([]byte, fitness) {
	for c, col := range o.kv {
		if col.IsNull(i) {
			return buf, noMatch // NULL is equal to nothing
		}
		b := r.place(col.Value(i), o.plan.Keys[c].Type(), c)
		switch {
		case !b.OK:
			return buf, anyMatch
		case b.Side != 0:
			return buf, noMatch
		}
		buf = base.AppendKey(buf, b.Near)
	}
	return buf, exactKey
}

func (o *keyedInput) Next() (*vec.Batch, error) {
	if o.at < o.rows.n {
		n := min(o.rows.n-o.at, vec.MaxRows)
		o.rows.view(&o.out, o.views, o.at, n)
		o.at += n
		return &o.out, nil
	}
	return o.Operator.Next()
}

// handKeys keeps the keys that a scan is to read; nil takes them back.
func (ec *Context) handKeys(s *plan.KeySet, keys []string) {
	if keys == nil {
		delete(ec.keySets, s)
		return
	}
	if ec.keySets == nil {
		ec.keySets = map[*plan.KeySet][]string{}
	}
	ec.keySets[s] = keys
}
