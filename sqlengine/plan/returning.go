package plan

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// Returning is the list of a RETURNING clause, over a row of the table.
type Returning struct {
	Exprs []expr.Expr
	Out   []Column
}

// returning binds a RETURNING clause; nil without one.
func (p *planner) returning(list []ast.SelectItem, names *scope) (*Returning, error) {
	if len(list) == 0 {
		return nil, nil
	}
	defer func(saved targets) { p.targets = saved }(p.targets)
	p.targets = targets{} // the list is computed after the last change: it may read any table
	b := &binder{p: p, scope: names, clause: "field list"}
	items, err := b.items(list)
	if err != nil {
		return nil, err
	}
	r := &Returning{}
	for _, it := range items {
		r.Exprs, r.Out = append(r.Exprs, it.expr), append(r.Out, it.col)
	}
	return r, nil
}

// rowScope is the scope of one row of t: its columns are 0, 1, 2, ….
func (p *planner) rowScope(t *catalog.Table, alias string) *scope {
	_, sc := p.scan(t, alias, nil)
	return positions(sc)
}

// refuseReturning refuses RETURNING where rows of several tables change.
func refuseReturning(list []ast.SelectItem, verb string) error {
	if len(list) == 0 {
		return nil
	}
	return base.Errorf(errno.NotSupported, "RETURNING of %s of several tables is not supported", verb)
}
