package exec

import (
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// aggregateOp groups its input by keys in memory. Groups come out in the order their first rows came in.
type aggregateOp struct {
	in   Operator
	ec   *Context
	plan *plan.Aggregate
	acc  account

	table  *keyTable
	keys   rowStore // of the groups
	kv     []*vec.Vector
	states []expr.AggState
	ids    []uint32
	fresh  []int32
	bytes  int64 // of states, as last accounted

	result rowStore
	at     int
	done   bool
	out    vec.Batch
	views  []vec.Vector
}

func newAggregate(n *plan.Aggregate, ec *Context) (Operator, error) {
	in, err := Build(n.Input, ec)
	return &aggregateOp{in: in, ec: ec, plan: n, acc: account{ec: ec}, kv: make([]*vec.Vector, len(n.Keys))}, err
}

func (o *aggregateOp) Open() error {
	o.drop()
	return o.in.Open()
}

func (o *aggregateOp) Close() error {
	o.drop()
	return o.in.Close()
}

func (o *aggregateOp) drop() {
	o.acc.free()
	o.table, o.keys, o.states, o.result = nil, rowStore{}, nil, rowStore{}
	o.at, o.done, o.bytes = 0, false, 0
}

func (o *aggregateOp) Next() (*vec.Batch, error) {
	if !o.done {
		if err := o.consume(); err != nil {
			return nil, err
		}
		o.done = true
	}
	n := min(o.result.n-o.at, vec.MaxRows)
	if n == 0 {
		return nil, nil
	}
	o.result.view(&o.out, o.views, o.at, n)
	o.at += n
	return &o.out, nil
}

func (o *aggregateOp) consume() error {
	o.table = newKeyTable(typesOf(o.plan.Keys))
	o.keys.cols = o.keys.cols[:0]
	for _, k := range o.plan.Keys {
		o.keys.cols = append(o.keys.cols, newColumn(k.Type()))
	}
	for _, a := range o.plan.Aggs {
		o.states = append(o.states, a.NewState())
	}
	if len(o.plan.Keys) == 0 {
		o.grow(1)
	}
	for {
		b, err := o.in.Next()
		if err != nil {
			return err
		}
		if b == nil {
			return o.finish()
		}
		if err := o.add(b); err != nil {
			return err
		}
	}
}

func (o *aggregateOp) grow(groups int) {
	for _, s := range o.states {
		s.Grow(groups)
	}
}

// add sorts the rows of b into groups and updates the aggregates.
func (o *aggregateOp) add(b *vec.Batch) error {
	var groups []uint32
	if len(o.plan.Keys) > 0 {
		if err := o.group(b); err != nil {
			return err
		}
		groups = o.ids
	}
	for i, a := range o.plan.Aggs {
		args, err := a.Eval(o.ec.Expr, b)
		if err != nil {
			return err
		}
		if err := o.states[i].Update(groups, args, b); err != nil {
			return err
		}
	}
	bytes := int64(0)
	for _, s := range o.states {
		bytes += int64(s.Bytes())
	}
	grown := bytes - o.bytes
	o.bytes = bytes
	return o.acc.grow(grown)
}

// group sets ids to the groups of the rows of b.
func (o *aggregateOp) group(b *vec.Batch) error {
	if err := evalAll(o.ec.Expr, o.plan.Keys, b, o.kv); err != nil {
		return err
	}
	o.ids = resize(o.ids, b.Rows())
	next := uint32(o.table.n)
	o.table.put(o.kv, b, o.ids)
	if uint32(o.table.n) == next {
		return nil
	}
	o.fresh = o.fresh[:0]
	for k, id := range o.ids {
		if id == next {
			o.fresh = append(o.fresh, int32(b.Row(k)))
			next++
		}
	}
	o.grow(int(next))
	if err := o.keys.addRows(o.kv, b.N, o.fresh, &o.acc); err != nil {
		return err
	}
	return o.acc.grow(o.table.takeBytes())
}

// finish lays the keys and the results of the aggregates side by side.
func (o *aggregateOp) finish() error {
	o.result = rowStore{cols: o.keys.cols, n: o.keys.n}
	if len(o.plan.Keys) == 0 {
		o.result.n = 1
	}
	for _, s := range o.states {
		v, err := s.Result(o.ec.Expr)
		if err != nil {
			return err
		}
		o.result.cols = append(o.result.cols, v)
	}
	o.table, o.states = nil, nil
	o.views = make([]vec.Vector, len(o.result.cols))
	return nil
}
