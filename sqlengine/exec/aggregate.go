package exec

import (
	"errors"

	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// aggregateOp groups its input by keys. Groups come out in the order their first rows came in.
type aggregateOp struct {
	in    Operator
	ec    *Context
	plan  *plan.Aggregate
	group *grouper
	spill *groupSpill

	result rowStore
	at     int
	done   bool
	out    vec.Batch
	views  []vec.Vector
}

func newAggregate(n *plan.Aggregate, ec *Context) (Operator, error) {
	in, err := Build(n.Input, ec)
	return &aggregateOp{in: in, ec: ec, plan: n}, err
}

func (o *aggregateOp) Open() error {
	if err := o.drop(); err != nil {
		return err
	}
	return o.in.Open()
}

func (o *aggregateOp) Close() error { return errors.Join(o.drop(), o.in.Close()) }

func (o *aggregateOp) drop() error {
	o.group.release()
	err := o.spill.close()
	o.group, o.spill, o.result, o.at, o.done = nil, nil, rowStore{}, 0, false
	return err
}

func (o *aggregateOp) Next() (*vec.Batch, error) {
	if !o.done {
		if err := o.consume(); err != nil {
			return nil, err
		}
		o.done = true
	}
	n := min(o.result.n-o.at, vec.MaxRows)
	if n == 0 { // what was held is all out
		o.group.release()
		o.result = rowStore{}
		o.at = 0
		return o.spill.next()
	}
	if err := o.ec.Ctx.Err(); err != nil {
		return nil, err
	}
	o.result.view(&o.out, o.views, o.at, n)
	o.at += n
	return &o.out, nil
}

func (o *aggregateOp) consume() error {
	o.spill = &groupSpill{ec: o.ec, plan: o.plan}
	o.group = newGrouper(o.ec, o.plan, o.spill, 0)
	var seq vec.Vector
	rows := int64(0)
	for {
		b, err := o.in.Next()
		if err != nil {
			return err
		}
		if b == nil {
			break
		}
		var numbers *vec.Vector
		if o.group.parts != nil {
			numbers = sequenceOf(&seq, b, rows)
		}
		if err := o.group.add(b, numbers); err != nil {
			return err
		}
		rows += int64(b.Rows())
	}
	var err error
	o.result, err = o.group.finish()
	o.views = make([]vec.Vector, len(o.result.cols))
	return err
}
