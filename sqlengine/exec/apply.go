package exec

import (
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// applyOp runs its right input for every left row. The rows of several left rows make one batch.
type applyOp struct {
	ec          *Context
	plan        *plan.Apply
	left, right Operator

	row      *vec.Batch // left rows at hand
	k        int        // counting row of row whose turn is next
	args     []*vec.Vector
	open     bool       // right is, for counting row k-1
	matched  bool       // it has had a row
	pending  *vec.Batch // rows of right that did not fit into the last batch
	trial    vec.Batch
	spare    []vec.Vector
	idx, sel []int32
	kept     vec.Batch
	out      vec.Batch
	rows     rowStore
	acc      account
}

func newApply(n *plan.Apply, ec *Context) (Operator, error) {
	left, right, err := buildTwo(n.Left, n.Right, ec)
	return &applyOp{ec: ec, plan: n, left: left, right: right, args: make([]*vec.Vector, len(n.Args)), acc: account{ec: ec},
		spare: make([]vec.Vector, len(n.Left.Schema()))}, err
}

func (o *applyOp) Open() error {
	if err := o.closeRight(); err != nil {
		return err
	}
	o.row, o.k, o.pending = nil, 0, nil
	return o.left.Open()
}

func (o *applyOp) Close() error {
	o.acc.free()
	o.row, o.pending, o.rows = nil, nil, rowStore{}
	err := o.closeRight()
	if lerr := o.left.Close(); err == nil {
		err = lerr
	}
	return err
}

func (o *applyOp) closeRight() error {
	if !o.open {
		return nil
	}
	o.open = false
	return o.right.Close()
}

func (o *applyOp) Next() (*vec.Batch, error) {
	o.acc.free()
	o.rows = newRowStore(o.plan.Out)
	for {
		b, more, err := o.pair()
		if err != nil {
			return nil, err
		}
		if b != nil {
			if o.rows.n > 0 && o.rows.n+b.Rows() > vec.MaxRows {
				o.pending = b
				break
			}
			if err := o.rows.add(b, &o.acc); err != nil {
				return nil, err
			}
		}
		if !more {
			break
		}
	}
	if o.rows.n == 0 {
		return nil, nil
	}
	o.out = vec.Batch{Cols: o.rows.cols, N: o.rows.n}
	return &o.out, nil
}

// pair returns the next rows of the join, of one left row; more is false at the end. Both may have nothing for now.
func (o *applyOp) pair() (b *vec.Batch, more bool, err error) {
	if b := o.pending; b != nil {
		o.pending = nil
		return b, true, nil
	}
	if err := o.ec.Ctx.Err(); err != nil {
		return nil, false, err
	}
	if !o.open {
		more, err := o.start()
		return nil, more, err
	}
	rb, err := o.right.Next()
	if err != nil {
		return nil, false, err
	}
	if rb != nil {
		b, err = o.beside(rb)
		return b, true, err
	}
	if err := o.closeRight(); err != nil {
		return nil, false, err
	}
	if o.plan.Kind == plan.LeftJoin && !o.matched {
		return o.alone(), true, nil
	}
	return nil, true, nil
}

// start opens the right input for the next left row; more is false when there is none.
func (o *applyOp) start() (more bool, err error) {
	for o.row == nil || o.k >= o.row.Rows() {
		if o.row, err = o.left.Next(); err != nil || o.row == nil {
			return false, err
		}
		o.k = 0
		if err := evalAll(o.ec.Expr, o.plan.Args, o.row, o.args); err != nil {
			return false, err
		}
	}
	i := o.row.Row(o.k)
	for a, col := range o.args {
		o.ec.Expr.Params[o.plan.Slots[a]] = col.Value(i)
	}
	o.k++
	o.open, o.matched = true, false
	return true, o.right.Open()
}

// beside lays the left row beside the right rows and keeps those that meet the condition; nil if none does.
func (o *applyOp) beside(right *vec.Batch) (*vec.Batch, error) {
	o.repeat(right.N)
	o.trial.Cols = append(o.trial.Cols, right.Cols...)
	o.trial.Sel = right.Sel
	b, err := keepTrue(o.ec, o.plan.On, &o.trial, &o.kept, &o.sel)
	o.matched = o.matched || b != nil
	return b, err
}

// repeat starts trial with n times the left row.
func (o *applyOp) repeat(n int) {
	o.idx = resize(o.idx, n)
	for k := range o.idx {
		o.idx[k] = int32(o.row.Row(o.k - 1))
	}
	o.trial = vec.Batch{N: n, Cols: o.trial.Cols[:0]}
	for c, col := range o.row.Cols {
		gather(&o.spare[c], col, o.idx, false)
		o.trial.Cols = append(o.trial.Cols, &o.spare[c])
	}
}

// alone returns the left row with NULLs in place of a right row.
func (o *applyOp) alone() *vec.Batch {
	o.repeat(1)
	for _, c := range o.plan.Right.Schema() {
		col := newColumn(c.Type)
		appendNulls(col, 0, 1)
		o.trial.Cols = append(o.trial.Cols, col)
	}
	return &o.trial
}
