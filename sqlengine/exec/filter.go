package exec

import (
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// filterOp keeps the rows for which the predicate is TRUE.
type filterOp struct {
	in   Operator
	ec   *Context
	pred expr.Expr
	out  vec.Batch
	sel  []int32
}

func newFilter(n *plan.Filter, ec *Context) (Operator, error) {
	in, err := Build(n.Input, ec)
	return &filterOp{in: in, ec: ec, pred: n.Pred}, err
}

func (o *filterOp) Open() error  { return o.in.Open() }
func (o *filterOp) Close() error { return o.in.Close() }

func (o *filterOp) Next() (*vec.Batch, error) {
	for {
		b, err := o.in.Next()
		if err != nil || b == nil {
			return nil, err
		}
		out, err := keepTrue(o.ec, o.pred, b, &o.out, &o.sel)
		if err != nil || out != nil {
			return out, err
		}
	}
}

// keepTrue returns b without the rows for which pred is not TRUE, as out, whose selection lies in sel; nil when no row is
// left. A nil pred keeps all.
func keepTrue(ec *Context, pred expr.Expr, b, out *vec.Batch, sel *[]int32) (*vec.Batch, error) {
	if pred == nil {
		return b, nil
	}
	if expr.Assigns(pred) {
		return keepByRow(ec, pred, b, out, sel)
	}
	keep, err := expr.Filter(ec.Expr, pred, b, (*sel)[:0])
	if err != nil {
		return nil, err
	}
	*sel = keep
	switch len(keep) {
	case 0:
		return nil, nil
	case b.N:
		return b, nil
	}
	out.Cols, out.N, out.Sel = b.Cols, b.N, keep
	return out, nil
}

// keepByRow is keepTrue for a predicate that assigns to user variables, which the predicate of the next row may read.
func keepByRow(ec *Context, pred expr.Expr, b, out *vec.Batch, sel *[]int32) (*vec.Batch, error) {
	keep, one := (*sel)[:0], [1]int32{}
	err := expr.EachRow(b, func(row *vec.Batch, i int) error {
		hit, err := expr.Filter(ec.Expr, pred, row, one[:0])
		if len(hit) > 0 {
			keep = append(keep, int32(i))
		}
		return err
	})
	if *sel = keep; err != nil || len(keep) == 0 {
		return nil, err
	}
	out.Cols, out.N, out.Sel = b.Cols, b.N, keep
	return out, nil
}
