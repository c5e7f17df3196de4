package exec

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// quantifier answers x op ANY|ALL (rows): for equality with a set of the rows, otherwise and where NULLs make a difference
// by comparing x with each row.
type quantifier struct {
	ec   *Context
	plan *plan.Subquery
	x    []*vec.Vector // left sides, over the outer batch
	rows rowStore
	acc  account

	compare expr.Expr // over the left sides, then the columns of a row
	trial   vec.Batch
	views   []vec.Vector
	idx     []int32

	hashed   bool
	lx, rx   []expr.Expr // the two sides, converted to be hashed
	lk       []*vec.Vector
	set      *keyTable
	setNull  bool // a row has a NULL
	probe    vec.Batch
	probeOne [1]int32
}

func newQuantifier(ec *Context, q *plan.Subquery) (*quantifier, error) {
	s := &quantifier{ec: ec, plan: q, acc: account{ec: ec}, x: make([]*vec.Vector, len(q.X))}
	schema := q.Plan.Schema()
	s.hashed = q.Once && (q.Op == "=" && !q.All || q.Op == "<>" && q.All)
	join := "AND"
	if q.Op == "<>" {
		join = "OR"
	}
	for i, x := range q.X {
		row := expr.Column(len(q.X)+i, schema[i].Type, schema[i].Name, true)
		c, err := expr.Call(q.Op, expr.Column(i, x.Type(), x.String(), true), row)
		if err != nil {
			return nil, err
		}
		if s.compare == nil {
			s.compare = c
		} else if s.compare, err = expr.Call(join, s.compare, c); err != nil {
			return nil, err
		}
		l, r, ok, err := expr.HashKeys(expr.Column(i, x.Type(), "", true), expr.Column(i, schema[i].Type, "", true))
		if err != nil {
			return nil, err
		}
		s.hashed = s.hashed && ok
		s.lx, s.rx = append(s.lx, l), append(s.rx, r)
	}
	s.lk = make([]*vec.Vector, len(s.lx))
	return s, nil
}

// eval evaluates the left sides over an outer batch.
func (s *quantifier) eval(ctx *expr.Context, b *vec.Batch) error {
	if err := evalAll(ctx, s.plan.X, b, s.x); err != nil {
		return err
	}
	if !s.hashed {
		return nil
	}
	s.probe = vec.Batch{Cols: s.x, N: b.N, Sel: b.Sel}
	return evalAll(ctx, s.lx, &s.probe, s.lk)
}

// fill reads the rows of the subquery.
func (s *quantifier) fill(op Operator) error {
	s.acc.free()
	s.rows, s.setNull = newRowStore(s.plan.Plan.Schema()), false
	if s.hashed {
		s.set = joinKeyTable(s.lx, s.rx)
	}
	rk := make([]*vec.Vector, len(s.rx))
	var ids []uint32
	for {
		b, err := op.Next()
		if err != nil || b == nil {
			return err
		}
		if err := s.rows.add(b, &s.acc); err != nil {
			return err
		}
		if !s.hashed {
			continue
		}
		if err := evalAll(s.ec.Expr, s.rx, b, rk); err != nil {
			return err
		}
		ids = resize(ids, b.Rows())
		s.set.put(rk, b, ids)
		for k := 0; k < b.Rows() && !s.setNull; k++ {
			s.setNull = hasNull(rk, nil, b.Row(k))
		}
		if err := s.acc.grow(s.set.takeBytes()); err != nil {
			return err
		}
	}
}

// answer compares row i of the outer batch with the rows.
func (s *quantifier) answer(i int) (base.Value, error) {
	if s.rows.n == 0 {
		return base.NewBool(s.plan.All), nil
	}
	if !s.hashed {
		return s.scan(i)
	}
	null := hasNull(s.lk, nil, i)
	if !null {
		s.probeOne[0] = int32(i)
		s.probe.Sel = s.probeOne[:]
		var id [1]int32
		s.set.find(s.lk, &s.probe, id[:])
		if id[0] >= 0 {
			return base.NewBool(!s.plan.All), nil
		}
		if !s.setNull {
			return base.NewBool(s.plan.All), nil
		}
	}
	if len(s.lk) == 1 {
		return base.Value{}, nil
	}
	return s.scan(i)
}

// scan compares row i with each row: for ANY until the comparison is TRUE, for ALL until it is FALSE.
func (s *quantifier) scan(i int) (base.Value, error) {
	unknown := false
	width := len(s.x) + len(s.rows.cols)
	if s.views == nil {
		s.views = make([]vec.Vector, width)
	}
	for from := 0; from < s.rows.n; from += vec.MaxRows {
		if err := s.ec.Ctx.Err(); err != nil {
			return base.Value{}, err
		}
		n := min(s.rows.n-from, vec.MaxRows)
		var right vec.Batch
		s.rows.view(&right, s.views[len(s.x):], from, n)
		s.idx = resize(s.idx, n)
		for k := range s.idx {
			s.idx[k] = int32(i)
		}
		s.trial = vec.Batch{N: n, Cols: s.trial.Cols[:0]}
		for c, x := range s.x {
			gather(&s.views[c], x, s.idx, false)
			s.trial.Cols = append(s.trial.Cols, &s.views[c])
		}
		s.trial.Cols = append(s.trial.Cols, right.Cols...)
		v, err := s.compare.Eval(s.ec.Expr, &s.trial)
		if err != nil {
			return base.Value{}, err
		}
		for k := range n {
			switch {
			case v.IsNull(k):
				unknown = true
			case (v.I64[k] != 0) != s.plan.All:
				return base.NewBool(!s.plan.All), nil
			}
		}
	}
	if unknown {
		return base.Value{}, nil
	}
	return base.NewBool(s.plan.All), nil
}
