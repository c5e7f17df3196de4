package exec

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// runner runs the subqueries of a statement.
type runner struct {
	ec   *Context
	subs map[*plan.Subquery]*subquery
}

var _ plan.Runner = (*runner)(nil)

// subquery is the state of one subquery during an execution.
type subquery struct {
	ec   *Context
	plan *plan.Subquery
	op   Operator
	args []*vec.Vector

	done  bool
	value base.Value // result of the last run of a scalar or EXISTS subquery
	last  []base.Value
	cache resultCache // of a scalar or EXISTS subquery
	quant *quantifier
}

// Run evaluates a subquery for the counting rows of b: once if it depends on none of them, else row by row.
func (r *runner) Run(ctx *expr.Context, q *plan.Subquery, b *vec.Batch) (*vec.Vector, error) {
	s := r.subs[q]
	if s == nil {
		op, err := Build(q.Plan, r.ec)
		if err != nil {
			return nil, err
		}
		s = &subquery{ec: r.ec, plan: q, op: op, args: make([]*vec.Vector, len(q.Args)), last: make([]base.Value, len(q.Args))}
		if q.Kind == plan.QuantifiedSubquery {
			if s.quant, err = newQuantifier(r.ec, q); err != nil {
				return nil, err
			}
		}
		if r.subs == nil {
			r.subs = map[*plan.Subquery]*subquery{}
		}
		r.subs[q] = s
	}
	return s.eval(ctx, b)
}

func (s *subquery) eval(ctx *expr.Context, b *vec.Batch) (*vec.Vector, error) {
	out := newColumn(s.plan.Result)
	out.Resize(b.N)
	if err := evalAll(ctx, s.plan.Args, b, s.args); err != nil {
		return nil, err
	}
	if s.quant != nil {
		if err := s.quant.eval(ctx, b); err != nil {
			return nil, err
		}
	}
	args := append([]*vec.Vector(nil), s.args...) // a subquery inside may come back here
	for k := range b.Rows() {
		i := b.Row(k)
		if s.plan.Once && s.done {
			if err := s.result(out, i); err != nil {
				return nil, err
			}
			continue
		}
		same := s.done
		for a, col := range args {
			v := col.Value(i)
			same = same && v == s.last[a]
			s.last[a], ctx.Params[s.plan.Slots[a]] = v, v
		}
		if !same || s.plan.Free {
			if err := s.answer(); err != nil {
				return nil, err
			}
		}
		if err := s.result(out, i); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// answer takes the result for the parameters as they are from the cache, or runs the plan.
func (s *subquery) answer() error {
	s.done = false
	cached := s.quant == nil && s.plan.Stable && !s.plan.Free && !s.plan.Once
	if cached {
		s.cache.at(s.last)
		if v, ok := s.cache.get(); ok {
			s.value, s.done = v, true
			return nil
		}
	}
	if err := s.run(); err != nil {
		return err
	}
	if s.done = true; cached {
		s.cache.at(s.last) // the plan may have come back here
		s.cache.put(s.value)
	}
	return nil
}

// result stores the result of the last run for row i.
func (s *subquery) result(out *vec.Vector, i int) error {
	v := s.value
	if s.quant != nil {
		var err error
		if v, err = s.quant.answer(i); err != nil {
			return err
		}
	}
	return setValue(out, i, v)
}

// run runs the plan with the parameters as they are.
func (s *subquery) run() (err error) {
	if err := s.ec.Ctx.Err(); err != nil {
		return err
	}
	defer func() {
		if cerr := s.op.Close(); err == nil {
			err = cerr
		}
	}()
	if err := s.op.Open(); err != nil {
		return err
	}
	switch s.plan.Kind {
	case plan.ExistsSubquery:
		b, err := s.op.Next()
		s.value = base.NewBool(b != nil)
		return err
	case plan.QuantifiedSubquery:
		return s.quant.fill(s.op)
	}
	return s.scalar()
}

func (s *subquery) scalar() error {
	s.value = base.Value{}
	b, err := s.op.Next()
	if err != nil || b == nil {
		return err
	}
	if b.Rows() == 1 {
		s.value = b.Cols[s.plan.Column].Value(b.Row(0))
		if b, err = s.op.Next(); err != nil || b == nil {
			return err
		}
	}
	return base.Errorf(errno.SubqueryRows, "Subquery returns more than 1 row")
}
