package plan

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// subplan plans a query that stands inside an expression of b's scope.
func (b *binder) subplan(q ast.Query) (*Subquery, output, error) {
	f := &frame{scope: b.scope, b: b}
	b.p.targets.subquery++
	l, out, err := b.p.query(q, f)
	b.p.targets.subquery--
	if err != nil {
		return nil, out, err
	}
	free := f.free || volatileTree(l)
	s := &Subquery{SubqueryBody: &SubqueryBody{tree: l, out: out}, Slots: f.slots, Args: f.args,
		Once: len(f.args) == 0 && !free, Free: free}
	b.p.bodies = append(b.p.bodies, s.SubqueryBody)
	return s, out, nil
}

// onceBound binds a subquery of a SELECT with groups, or returns the equal one bound before: a select item may be a group key.
func (b *binder) onceBound(e ast.Expr, bind func() (expr.Expr, error)) (expr.Expr, error) {
	if b.same == nil {
		return bind()
	}
	key := ast.Dump(e)
	if x := b.same[key]; x != nil {
		return x, nil
	}
	x, err := bind()
	if s, ok := x.(*Subquery); ok && err == nil && (s.Kind != ScalarSubquery || len(s.out.cols) == 1) && !volatileTree(s.tree) {
		b.same[key] = x
	}
	return x, err
}

// volatileTree reports whether a query may yield other rows each time it runs over the same tables and arguments.
func volatileTree(n logical) bool {
	var test func(e expr.Expr) bool
	test = func(e expr.Expr) bool {
		if e == nil {
			return false
		}
		if s, ok := e.(*Subquery); ok && s.tree != nil && anyExpr(s.tree, test) || expr.Volatile(e) {
			return true
		}
		for _, c := range e.Children() {
			if test(c) {
				return true
			}
		}
		return false
	}
	return anyExpr(n, test)
}

func (b *binder) scalarSubquery(e *ast.Subquery) (expr.Expr, error) {
	row, err := b.subqueryRow(e)
	if err != nil {
		return nil, err
	}
	if len(row) != 1 {
		return nil, errOperandColumns(1)
	}
	return row[0], nil
}

// subqueryRow binds a subquery that yields one row at most: one expression a column.
func (b *binder) subqueryRow(e *ast.Subquery) ([]expr.Expr, error) {
	var row []expr.Expr
	first, err := b.onceBound(e, func() (expr.Expr, error) {
		s, out, err := b.subplan(e.Query)
		if err != nil {
			return nil, err
		}
		for i, c := range out.cols {
			col := *s
			col.Kind, col.Column, col.Result = ScalarSubquery, i, c.Type
			row = append(row, &col)
		}
		return row[0], nil
	})
	if row == nil && err == nil {
		row = []expr.Expr{first}
	}
	return row, err
}

func (b *binder) exists(e *ast.Exists) (expr.Expr, error) {
	s, _, err := b.subplan(e.Query)
	if err != nil {
		return nil, err
	}
	s.Kind, s.Result = ExistsSubquery, boolType
	return s, nil
}

// quantified binds x op ANY|ALL (query); IN is = ANY and NOT IN is <> ALL.
func (b *binder) quantified(x []ast.Expr, op string, all bool, q ast.Query) (expr.Expr, error) {
	s, out, err := b.subplan(q)
	if err != nil {
		return nil, err
	}
	for _, e := range x {
		v, err := b.row(e)
		if err != nil {
			return nil, err
		}
		s.X = v.flat(s.X)
	}
	if len(out.cols) != len(s.X) {
		return nil, errOperandColumns(len(s.X))
	}
	if len(s.X) > 1 && (op != "=" || all) && (op != "<>" || !all) { // of rows there is IN and NOT IN alone
		return nil, errOperandColumns(1)
	}
	s.Kind, s.Op, s.All, s.Result = QuantifiedSubquery, op, all, boolType
	return s, nil
}

func (b *binder) in(e *ast.In) (expr.Expr, error) {
	left := []ast.Expr{e.X}
	if t, ok := e.X.(*ast.Tuple); ok {
		left = t.Items
	}
	if e.Query != nil {
		if e.Not {
			return b.quantified(left, "<>", true, e.Query)
		}
		return b.quantified(left, "=", false, e.Query)
	}
	x, err := b.inList(e)
	if err != nil {
		return nil, err
	}
	return b.negate(x, e.Not)
}

func (b *binder) inList(e *ast.In) (expr.Expr, error) {
	x, err := b.row(e.X)
	if err != nil {
		return nil, err
	}
	if x.items != nil {
		return b.inRows(x, e.List)
	}
	list, err := b.exprs(e.List)
	if err != nil {
		return nil, err
	}
	return expr.In(x.scalar, list)
}

var boolType = base.Type{ID: base.TypeTinyInt, Bool: true}

// Type returns the result type.
func (s *Subquery) Type() base.Type { return s.Result }

// Nullable reports whether the result can be NULL.
func (s *Subquery) Nullable() bool { return s.Kind != ExistsSubquery }

// Eval runs the subquery through the context's Runner.
func (s *Subquery) Eval(ctx *expr.Context, b *vec.Batch) (*vec.Vector, error) {
	r, ok := ctx.Subqueries.(Runner)
	if !ok {
		return nil, base.Errorf(errno.NotSupported, "subqueries are not allowed here")
	}
	return r.Run(ctx, s, b)
}

// Children returns the expressions over the outer row: the left side, then the arguments.
func (s *Subquery) Children() []expr.Expr { return append(append([]expr.Expr(nil), s.X...), s.Args...) }

// WithChildren returns a copy with other expressions over the outer row.
func (s *Subquery) WithChildren(c []expr.Expr) expr.Expr {
	out := *s
	out.X, out.Args = c[:len(s.X)], c[len(s.X):]
	return &out
}

// String describes the subquery for messages and EXPLAIN; its plan is shown apart.
func (s *Subquery) String() string {
	switch s.Kind {
	case ExistsSubquery:
		return "EXISTS (subquery)"
	case QuantifiedSubquery:
		quantifier := "ANY"
		if s.All {
			quantifier = "ALL"
		}
		return list(s.X) + " " + s.Op + " " + quantifier + " (subquery)"
	}
	return "(subquery)"
}
