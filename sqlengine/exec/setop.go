package exec

import (
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// setOp is INTERSECT and EXCEPT: it counts the rows of its right input and then decides row by row about the left one.
type setOp struct {
	ec          *Context
	plan        *plan.SetOp
	left, right Operator
	acc         account
	built       bool
	rows        *keyTable
	count       []int64 // of a key's rows: on the right and not yet used up; -1 once a left row was yielded, without ALL
	ids         []uint32
	sel         []int32
	out         vec.Batch
}

func newSetOp(n *plan.SetOp, ec *Context) (Operator, error) {
	left, right, err := buildTwo(n.Left, n.Right, ec)
	return &setOp{ec: ec, plan: n, left: left, right: right, acc: account{ec: ec}}, err
}

func (o *setOp) Open() error {
	o.drop()
	if err := o.right.Open(); err != nil {
		return err
	}
	return o.left.Open()
}

func (o *setOp) drop() {
	o.acc.free()
	o.built, o.rows, o.count = false, nil, nil
}

func (o *setOp) Close() error {
	o.drop()
	err := o.left.Close()
	if rerr := o.right.Close(); err == nil {
		err = rerr
	}
	return err
}

func (o *setOp) Next() (*vec.Batch, error) {
	if !o.built {
		if err := o.build(); err != nil {
			return nil, err
		}
		o.built = true
	}
	for {
		b, err := o.left.Next()
		if err != nil || b == nil {
			return nil, err
		}
		if err := o.number(b); err != nil {
			return nil, err
		}
		o.sel = o.sel[:0]
		for k, id := range o.ids {
			if o.take(id) {
				o.sel = append(o.sel, int32(b.Row(k)))
			}
		}
		if len(o.sel) > 0 {
			o.out = vec.Batch{Cols: b.Cols, N: b.N, Sel: o.sel}
			return &o.out, nil
		}
	}
}

// take reports whether a left row of this key is a row of the result.
func (o *setOp) take(id uint32) bool {
	c := &o.count[id]
	switch {
	case o.plan.All:
		*c--
		return (*c < 0) == o.plan.Except
	case *c < 0: // yielded before
		return false
	case (*c == 0) != o.plan.Except:
		return false
	}
	*c = -1
	return true
}

func (o *setOp) build() error {
	o.rows = newKeyTable(columnTypes(o.plan.Out))
	for {
		b, err := o.right.Next()
		if err != nil || b == nil {
			return err
		}
		if err := o.number(b); err != nil {
			return err
		}
		for _, id := range o.ids {
			o.count[id]++
		}
	}
}

// number sets ids to the numbers of the rows of b.
func (o *setOp) number(b *vec.Batch) error {
	o.ids = resize(o.ids, b.Rows())
	o.rows.put(b.Cols, b, o.ids)
	for len(o.count) < int(o.rows.n) {
		o.count = append(o.count, 0)
	}
	return o.acc.grow(o.rows.takeBytes())
}
