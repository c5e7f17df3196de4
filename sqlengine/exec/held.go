package exec

import (
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// heldOp yields rows that the context holds under a key.
type heldOp struct {
	ec    *Context
	key   any
	rows  *rowStore
	at    int
	out   vec.Batch
	views []vec.Vector
}

func (o *heldOp) Open() error {
	o.rows, o.at = o.ec.held[o.key], 0
	return nil
}

func (o *heldOp) Close() error {
	o.rows = nil
	return nil
}

func (o *heldOp) Next() (*vec.Batch, error) {
	if err := o.ec.Ctx.Err(); err != nil {
		return nil, err
	}
	if o.rows == nil || o.at >= o.rows.n {
		return nil, nil
	}
	n := min(o.rows.n-o.at, vec.MaxRows)
	o.views = resize(o.views, len(o.rows.cols))
	o.rows.view(&o.out, o.views, o.at, n)
	o.at += n
	return &o.out, nil
}

// hold keeps rows under a key for the operators that read them.
func (ec *Context) hold(key any, rows *rowStore) {
	if ec.held == nil {
		ec.held = map[any]*rowStore{}
	}
	ec.held[key] = rows
}

// sharedOp runs a query when its rows are first asked for; they are kept until the execution ends, and so are accounted.
type sharedOp struct {
	heldOp
	plan *plan.SharedQuery
}

func newShared(n *plan.Shared, ec *Context) Operator {
	return &sharedOp{heldOp: heldOp{ec: ec, key: n.Of}, plan: n.Of}
}

func (o *sharedOp) Open() error {
	if o.ec.held[o.key] == nil {
		if err := o.run(); err != nil {
			return err
		}
	}
	return o.heldOp.Open()
}

func (o *sharedOp) run() (err error) {
	in, err := Build(o.plan.Plan, o.ec)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := in.Close(); err == nil {
			err = cerr
		}
	}()
	if err := in.Open(); err != nil {
		return err
	}
	rows, acc := newRowStore(o.plan.Plan.Schema()), account{ec: o.ec}
	for {
		b, err := in.Next()
		if err == nil && b != nil {
			err = rows.add(b, &acc)
		}
		if err != nil {
			acc.free()
			return err
		}
		if b == nil {
			o.ec.hold(o.key, &rows)
			return nil
		}
	}
}
