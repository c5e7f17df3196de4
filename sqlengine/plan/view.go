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
	name := strings.ToLower(v.Name)
	if slices.Contains(p.views, name) || len(p.views) >= maxViewDepth {
		return nil, nil, base.Errorf(errno.ViewRecursive, "`%s`.`%s` contains view recursion", p.Database, v.Name)
	}
	q, err := p.ParseQuery(v.SQL)
	if err != nil {
		return nil, nil, p.invalidView(v)
	}
	ctes, stmt, names := p.ctes, p.stmt, p.tableNames
	p.ctes, p.stmt, p.tableNames = nil, q.(ast.Statement), nil
	p.views = append(p.views, name)
	n, out, err := p.query(q, nil)
	p.views = p.views[:len(p.views)-1]
	p.ctes, p.stmt, p.tableNames = ctes, stmt, names
	var be *base.Error
	if err != nil && (!errors.As(err, &be) || be.Number != errno.ViewRecursive.Number) {
		return nil, nil, p.invalidView(v)
	}
	if err != nil {
		return nil, nil, err
	}
	sc, err := outputScope(out, aliasOf(t), v.Columns, outer)
	if err != nil {
		return nil, nil, p.invalidView(v)
	}
	return n, sc, nil
}

func (p *planner) invalidView(v *catalog.View) error {
	return base.Errorf(errno.ViewInvalid, "View '%s.%s' references invalid table(s) or column(s) or function(s) or definer/invoker of view lack rights to use them",
		p.Database, v.Name)
}
