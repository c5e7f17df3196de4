package exec

import (
	"math"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// limitOp yields count rows after skipping some.
type limitOp struct {
	in   Operator
	ec   *Context
	plan *plan.Limit
	skip int64
	left int64
	seen int64 // rows of the input
	out  vec.Batch
	sel  []int32
}

func newLimit(n *plan.Limit, ec *Context) (Operator, error) {
	in, err := Build(n.Input, ec)
	return &limitOp{in: in, ec: ec, plan: n}, err
}

func (o *limitOp) Open() (err error) {
	if o.left, err = rowCount(o.ec, o.plan.Count, math.MaxInt64); err != nil {
		return err
	}
	if o.skip, err = rowCount(o.ec, o.plan.Offset, 0); err != nil {
		return err
	}
	o.seen = 0
	return o.in.Open()
}

func (o *limitOp) Close() error { return o.in.Close() }

func (o *limitOp) Next() (*vec.Batch, error) {
	for o.left > 0 {
		b, err := o.in.Next()
		if err != nil || b == nil {
			if o.plan.All {
				o.ec.Found = &o.seen
			}
			return nil, err
		}
		n := int64(b.Rows())
		o.seen += n
		if n <= o.skip {
			o.skip -= n
			continue
		}
		from, to := o.skip, min(n, o.skip+o.left)
		if o.skip+o.left < 0 { // the sum overflows: all of it
			to = n
		}
		o.skip, o.left = 0, o.left-(to-from)
		return cut(b, &o.out, &o.sel, int(from), int(to)), nil
	}
	if o.plan.All {
		return nil, o.rest()
	}
	return nil, nil
}

// rest reads the rows beyond the limit and notes how many rows there are.
func (o *limitOp) rest() error {
	for {
		b, err := o.in.Next()
		if err != nil {
			return err
		}
		if b == nil {
			o.ec.Found = &o.seen
			return nil
		}
		o.seen += int64(b.Rows())
	}
}

// cut returns the counting rows [from, to) of b, as out.
func cut(b, out *vec.Batch, sel *[]int32, from, to int) *vec.Batch {
	if from == 0 && to == b.Rows() {
		return b
	}
	out.Cols, out.N, out.Sel = b.Cols, b.N, nil
	switch {
	case b.Sel != nil:
		out.Sel = b.Sel[from:to]
	case from == 0:
		out.N = to
	default:
		*sel = (*sel)[:0]
		for i := from; i < to; i++ {
			*sel = append(*sel, int32(i))
		}
		out.Sel = *sel
	}
	return out
}

// rowCount evaluates a LIMIT or OFFSET; nil gives none.
func rowCount(ec *Context, e expr.Expr, none int64) (int64, error) {
	if e == nil {
		return none, nil
	}
	v, err := expr.Scalar(ec.Expr, e)
	if err != nil {
		return 0, err
	}
	switch v.Class() {
	case base.Int:
		if v.Int() >= 0 {
			return v.Int(), nil
		}
	case base.Uint:
		return int64(min(v.Uint(), math.MaxInt64)), nil
	}
	return 0, base.Errorf(errno.WrongArguments, "Incorrect arguments to LIMIT: a row count is an integer that is not negative")
}
