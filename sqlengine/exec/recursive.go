package exec

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// maxRecursion is the default of @@cte_max_recursion_depth.
const maxRecursion = 1000

// recursiveOp evaluates a recursive query step by step. Rows are yielded as they are made, so that a LIMIT above ends the
// recursion.
type recursiveOp struct {
	ec    *Context
	plan  *plan.Recursive
	seed  Operator
	parts []Operator

	running Operator // the seed or one of parts; nil between them
	part    int      // the next part to run
	step    int64
	limit   int64
	work    *rowStore // rows of the step before
	fresh   *rowStore // rows of this step
	workAcc account
	acc     account // of fresh

	seen    *keyTable // of DISTINCT
	seenAcc account
	ids     []uint32
	sel     []int32
	conv    []*vec.Vector
	out     vec.Batch
}

func newRecursive(n *plan.Recursive, ec *Context) (Operator, error) {
	seed, err := Build(n.Seed, ec)
	if err != nil {
		return nil, err
	}
	o := &recursiveOp{ec: ec, plan: n, seed: seed, workAcc: account{ec: ec}, acc: account{ec: ec}, seenAcc: account{ec: ec},
		conv: make([]*vec.Vector, len(n.Out))}
	for _, part := range n.Parts {
		op, err := Build(part, ec)
		if err != nil {
			return nil, err
		}
		o.parts = append(o.parts, op)
	}
	return o, nil
}

func (o *recursiveOp) Open() error {
	if err := o.Close(); err != nil {
		return err
	}
	o.limit = maxRecursion
	if o.ec.Expr != nil && o.ec.Expr.Var != nil {
		if v, ok := o.ec.Expr.Var("cte_max_recursion_depth", true); ok && !v.IsNull() {
			o.limit = v.Int()
		}
	}
	o.step, o.part = 0, len(o.parts)
	o.fresh = o.store()
	if o.plan.Distinct {
		o.seen = newKeyTable(columnTypes(o.plan.Out))
	}
	o.running = o.seed
	return o.seed.Open()
}

func (o *recursiveOp) store() *rowStore {
	s := newRowStore(o.plan.Out)
	return &s
}

func (o *recursiveOp) Close() (err error) {
	if o.running != nil {
		err = o.running.Close()
	}
	o.workAcc.free()
	o.acc.free()
	o.seenAcc.free()
	o.running, o.work, o.fresh, o.seen = nil, nil, nil, nil
	return err
}

func (o *recursiveOp) Next() (*vec.Batch, error) {
	for {
		if err := o.ec.Ctx.Err(); err != nil {
			return nil, err
		}
		if o.running == nil {
			more, err := o.start()
			if err != nil || !more {
				return nil, err
			}
		}
		b, err := o.running.Next()
		if err != nil {
			return nil, err
		}
		if b == nil {
			err := o.running.Close()
			if o.running = nil; err != nil {
				return nil, err
			}
			continue
		}
		if b, err = o.take(b); err != nil || b != nil {
			return b, err
		}
	}
}

// start opens the next part, of the next step when all have run; more is false when a step made no rows.
func (o *recursiveOp) start() (more bool, err error) {
	if o.fresh == nil {
		return false, nil
	}
	if o.part == len(o.parts) {
		o.workAcc.free()
		o.work, o.fresh = o.fresh, nil
		o.workAcc, o.acc = o.acc, account{ec: o.ec}
		if o.work.n == 0 {
			return false, nil
		}
		if o.step++; o.step > o.limit {
			return false, base.Errorf(errno.CTEMaxDepth,
				"Recursive query aborted after %d iterations. Try increasing @@cte_max_recursion_depth to a larger value.", o.step)
		}
		o.fresh, o.part = o.store(), 0
	}
	o.ec.hold(o.plan.Work, o.work)
	o.running = o.parts[o.part]
	o.part++
	return true, o.running.Open()
}

// take converts the rows of b to the columns' types, keeps those that are new, and returns them; nil if none is.
func (o *recursiveOp) take(b *vec.Batch) (*vec.Batch, error) {
	if err := o.convert(b); err != nil {
		return nil, err
	}
	o.out = vec.Batch{Cols: o.conv, N: b.N, Sel: b.Sel}
	if o.seen != nil {
		o.ids = resize(o.ids, b.Rows())
		next := uint32(o.seen.n)
		o.seen.put(o.conv, &o.out, o.ids)
		o.sel = o.sel[:0]
		for k, id := range o.ids {
			if id == next {
				o.sel = append(o.sel, int32(b.Row(k)))
				next++
			}
		}
		if err := o.seenAcc.grow(o.seen.takeBytes()); err != nil {
			return nil, err
		}
		if len(o.sel) == 0 {
			return nil, nil
		}
		o.out.Sel = o.sel
	}
	return &o.out, o.fresh.addRows(o.conv, b.N, o.out.Sel, &o.acc)
}

func (o *recursiveOp) convert(b *vec.Batch) error {
	from := o.plan.Seed.Schema()
	if o.step > 0 {
		from = o.plan.Parts[o.part-1].Schema()
	}
	for c := range o.conv {
		to := &o.plan.Out[c]
		if o.conv[c] = b.Cols[c]; fits(from[c].Type, to.Type) {
			continue
		}
		col := newColumn(to.Type)
		col.Resize(b.N)
		for k := range b.Rows() {
			i := b.Row(k)
			v, warning, err := convert.Assign(typed(b.Cols[c].Value(i), from[c].Type), to.Type, o.ec.Strict, to.Name, 1)
			if err != nil {
				return err
			}
			if warning != nil && o.ec.Expr.Warn != nil {
				o.ec.Expr.Warn(warning)
			}
			if err := setValue(col, i, v); err != nil {
				return err
			}
		}
		o.conv[c] = col
	}
	return nil
}

// fits reports whether every value of one type is one of the other as it is.
func fits(from, to base.Type) bool {
	switch {
	case from.ID != to.ID || from.Unsigned != to.Unsigned || from.Scale != to.Scale || from.Length > to.Length ||
		from.Precision > to.Precision:
		return false
	case from.ID == base.TypeEnum || from.ID == base.TypeSet:
		return false
	}
	return true
}

// typed returns a value as text where its number alone does not say what it is.
func typed(v base.Value, t base.Type) base.Value {
	if v.IsNull() || t.ID != base.TypeEnum && t.ID != base.TypeSet {
		return v
	}
	return base.NewString(convert.Format(v, t))
}
