package plan

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// query plans any query. outer is the border to the query around it; nil at the top of a statement.
func (p *planner) query(q ast.Query, outer *frame) (logical, output, error) {
	if p.rowOnly {
		return nil, output{}, ErrSubquery
	}
	defer func(saved *opening) { p.open = saved }(p.open)
	p.open = nil
	switch q := q.(type) {
	case *ast.Select:
		if err := checkCTEs(q.With); err != nil {
			return nil, output{}, err
		}
		defer p.with(q.With, outer)()
		return p.selectBlock(q, outer)
	case *ast.SetOp:
		if err := checkCTEs(q.With); err != nil {
			return nil, output{}, err
		}
		defer p.with(q.With, outer)()
		return p.setOp(q, outer)
	case *ast.ValuesList:
		return p.valuesList(q, outer)
	}
	return nil, output{}, base.Errorf(errno.Unknown, "unknown query %T", q)
}

func (p *planner) valuesList(q *ast.ValuesList, outer *frame) (logical, output, error) {
	b := &binder{p: p, scope: &scope{outer: outer}, clause: "field list"}
	n := &lValues{}
	var out output
	for _, row := range q.Rows {
		xs, err := b.exprs(row)
		if err != nil {
			return nil, out, err
		}
		if len(n.rows) > 0 && len(xs) != len(n.rows[0]) {
			return nil, out, base.Errorf(errno.WrongValueCount, "Column count doesn't match value count at row %d", len(n.rows)+1)
		}
		for i := range xs {
			xs[i] = expr.Settle(xs[i])
		}
		n.rows = append(n.rows, xs)
	}
	for i, x := range n.rows[0] {
		t, null := x.Type(), x.Nullable()
		for _, row := range n.rows[1:] {
			t, null = expr.UnionType(t, row[i].Type()), null || row[i].Nullable()
		}
		for _, row := range n.rows {
			c, err := expr.Cast(row[i], t)
			if err != nil {
				return nil, out, err
			}
			row[i] = c
		}
		id := p.newCol()
		n.ids = append(n.ids, id)
		out.ids = append(out.ids, id)
		out.cols = append(out.cols, Column{Name: "column_" + itoa(i), Type: t, Nullable: null})
	}
	return p.orderLimitSet(n, out, q.OrderBy, q.Limit, outer)
}

func (p *planner) setOp(q *ast.SetOp, outer *frame) (logical, output, error) {
	l, lo, err := p.query(q.L, outer)
	if err != nil {
		return nil, output{}, err
	}
	r, ro, err := p.query(q.R, outer)
	if err != nil {
		return nil, output{}, err
	}
	if len(lo.cols) != len(ro.cols) {
		return nil, output{}, base.Errorf(errno.WrongColumnCount, "The used SELECT statements have a different number of columns")
	}
	out := output{}
	types := make([]base.Type, len(lo.cols))
	for i := range lo.cols {
		types[i] = expr.UnionType(lo.cols[i].Type, ro.cols[i].Type)
		out.ids = append(out.ids, p.newCol())
		out.cols = append(out.cols, Column{Name: lo.cols[i].Name, Type: types[i], Nullable: lo.cols[i].Nullable || ro.cols[i].Nullable})
	}
	if l, lo.ids, err = p.converted(l, lo, types); err != nil {
		return nil, output{}, err
	}
	if r, ro.ids, err = p.converted(r, ro, types); err != nil {
		return nil, output{}, err
	}
	var n logical = &lSetOp{op: q.Op, all: q.All, inputs: []logical{l, r}, in: [][]colID{lo.ids, ro.ids}, ids: out.ids}
	if q.Op == "UNION" && !q.All {
		n = &lDistinct{input: n, ids: out.ids}
	}
	return p.orderLimitSet(n, out, q.OrderBy, q.Limit, outer)
}

// converted casts a query's columns to the types a set operation gives them.
func (p *planner) converted(n logical, out output, types []base.Type) (logical, []colID, error) {
	proj := &lProject{input: n}
	for i, c := range out.cols {
		e, err := expr.Cast(expr.Column(out.ids[i], c.Type, c.Name, c.Nullable), types[i])
		if err != nil {
			return nil, nil, err
		}
		proj.ids, proj.exprs = append(proj.ids, p.newCol()), append(proj.exprs, e)
	}
	return proj, proj.ids, nil
}

// orderLimitSet applies ORDER BY and LIMIT of a set operation, which may name output columns only.
func (p *planner) orderLimitSet(n logical, out output, order []ast.OrderItem, limit *ast.Limit, outer *frame) (logical, output, error) {
	sc := &scope{outer: outer}
	for i, c := range out.cols {
		sc.cols = append(sc.cols, scopeCol{Column: c, id: out.ids[i]})
	}
	b := &binder{p: p, scope: sc, clause: "order clause"}
	var keys []SortKey
	proj := &lProject{input: n}
	for _, item := range order {
		e, err := b.orderKey(item.Expr, out, nil)
		if err != nil {
			return nil, out, err
		}
		keys = append(keys, SortKey{Expr: p.asColumn(proj, e), Desc: item.Desc})
	}
	if len(proj.ids) > 0 {
		proj.keep = true
		n = proj
	}
	n, err := p.orderLimit(n, keys, limit, b)
	return n, out, err
}

// asColumn returns e as a reference to a column: its own, or a new one that proj computes.
func (p *planner) asColumn(proj *lProject, e expr.Expr) expr.Expr {
	if _, ok := expr.AsColumn(e); ok {
		return e
	}
	id := p.newCol()
	proj.ids, proj.exprs = append(proj.ids, id), append(proj.exprs, e)
	return expr.Column(id, e.Type(), "", e.Nullable())
}

// orderLimit puts a sort, a top-N or a limit above n.
func (p *planner) orderLimit(n logical, keys []SortKey, limit *ast.Limit, b *binder) (logical, error) {
	var count, offset expr.Expr
	if limit != nil {
		lb := &binder{p: p, scope: &scope{}, clause: "limit clause"}
		var err error
		if limit.Count != nil {
			if count, err = lb.expr(limit.Count); err != nil {
				return nil, err
			}
		}
		if limit.Offset != nil {
			if offset, err = lb.expr(limit.Offset); err != nil {
				return nil, err
			}
		}
	}
	if len(keys) > 0 {
		n = &lSort{input: n, keys: keys, limit: count, offset: offset}
	}
	if count != nil || offset != nil {
		n = &lLimit{input: n, count: count, offset: offset}
	}
	return n, nil
}
