package plan

import (
	"errors"
	"slices"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// maxViewDepth bounds views on views.
const maxViewDepth = 64

// viewNamed returns the view that a name means; nil if none.
func (p *planner) viewNamed(t *ast.TableName) *catalog.View {
	if t.Schema != "" && !strings.EqualFold(t.Schema, p.Database) {
		return nil
	}
	return p.Catalog.View(t.Name)
}

// view plans a view as the query it stands for. The names of the statement around mean nothing in it.
//
// Errors: 1462 a view that leads back to itself, 1356 a query that no longer fits the tables there are.
func (p *planner) view(t *ast.TableName, v *catalog.View, outer *frame) (logical, *scope, error) {
	leave, err := p.enterView(t, v)
	if err != nil {
		return nil, nil, err
	}
	defer leave()
	q, err := p.ParseQuery(v.SQL)
	if err != nil {
		return nil, nil, p.invalidView(v)
	}
	p.stmt = q.(ast.Statement)
	n, out, err := p.query(q, nil)
	if err != nil {
		return nil, nil, p.viewError(v, err)
	}
	sc, err := outputScope(out, aliasOf(t), v.Columns, outer)
	if err != nil {
		return nil, nil, p.invalidView(v)
	}
	return n, sc, nil
}

// enterView makes the names of the statement around mean nothing until the returned function is called.
func (p *planner) enterView(t *ast.TableName, v *catalog.View) (leave func(), err error) {
	name := strings.ToLower(v.Name)
	if slices.Contains(p.views, name) || len(p.views) >= maxViewDepth {
		return nil, base.Errorf(errno.ViewRecursive, "`%s`.`%s` contains view recursion", p.Database, v.Name)
	}
	ctes, stmt, names, top := p.ctes, p.stmt, p.tableNames, p.targets.top
	p.ctes, p.tableNames = nil, nil
	p.views = append(p.views, name)
	if top == nil {
		p.targets.top = &topView{alias: aliasOf(t), view: v}
	}
	return func() {
		p.views = p.views[:len(p.views)-1]
		p.ctes, p.stmt, p.tableNames, p.targets.top = ctes, stmt, names, top
	}, nil
}

// viewError is what an error inside a view means to the statement that names it.
func (p *planner) viewError(v *catalog.View, err error) error {
	var be *base.Error
	if errors.As(err, &be) {
		switch be.Number {
		case errno.ViewRecursive.Number, errno.UpdateTableUsed.Number, errno.ViewPrevents.Number:
			return err
		}
	}
	return p.invalidView(v)
}

func (p *planner) invalidView(v *catalog.View) error {
	return base.Errorf(errno.ViewInvalid, "View '%s.%s' references invalid table(s) or column(s) or function(s) or definer/invoker of view lack rights to use them",
		p.Database, v.Name)
}
