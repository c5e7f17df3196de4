package sqlengine

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// createView is CREATE [OR REPLACE] VIEW and ALTER VIEW. The query is planned, so that what it names is there.
func (r *run) createView(n *ast.CreateView, params int, tx *table.Tx) (*Result, error) {
	if err := r.ownDatabase(n.Name); err != nil {
		return nil, err
	}
	env, err := r.env(tx)
	if err != nil {
		return nil, err
	}
	cat := env.Catalog
	old := cat.View(n.Name.Name)
	switch {
	case params > 0:
		return nil, base.Errorf(errno.ViewVariable, "View's SELECT contains a variable or parameter")
	case cat.Table(n.Name.Name) != nil && (n.Replace || n.Alter):
		return nil, r.wrongObject(n.Name.Name, "VIEW")
	case n.Alter && old == nil:
		return nil, plan.NoSuchTable(cat, r.s.e.cfg.Database, n.Name.Name)
	case old != nil && !n.Replace && !n.Alter:
		return nil, base.Errorf(errno.TableExists, "Table '%s' already exists", n.Name.Name)
	}
	env.Inside = []string{strings.ToLower(n.Name.Name)}
	env.Var = nil
	p, err := plan.Query(env, n.Query)
	if err != nil {
		if e, ok := err.(*base.Error); ok && e.Number == errno.UnknownSysVar.Number {
			return nil, base.Errorf(errno.ViewVariable, "View's SELECT contains a variable or parameter")
		}
		return nil, err
	}
	v := &catalog.View{Name: n.Name.Name, Algorithm: n.Algorithm, Definer: n.Definer, Security: n.Security, CheckOption: n.CheckOption,
		CreatedMicros: r.start.UnixMicro(), SQL: expandStar(n, p.Columns), Listed: len(n.Columns) > 0}
	if v.Definer == "" {
		v.Definer = r.s.settings.user
	}
	if v.Security == "DEFINER" {
		v.Security = ""
	}
	if v.Columns, err = viewColumns(n, p.Columns); err != nil {
		return nil, err
	}
	if v.Updatable, err = plan.UpdatableView(env, v); err != nil {
		return nil, err
	}
	if v.CheckOption != "" && !v.Updatable {
		return nil, base.Errorf(errno.ViewCheckFixed, "CHECK OPTION on non-updatable view '%s.%s'", r.s.e.cfg.Database, v.Name)
	}
	return &Result{}, catalog.CreateView(tx, old, v)
}

// viewColumns are the names a view gives its columns, each once.
func viewColumns(n *ast.CreateView, cols []plan.Column) ([]string, error) {
	if len(n.Columns) > 0 && len(n.Columns) != len(cols) {
		return nil, base.Errorf(errno.ViewColumns, "In definition of view, derived table or common table expression, SELECT list and column names list have different column counts")
	}
	seen := map[string]bool{}
	out := make([]string, len(cols))
	for i := range cols {
		if out[i] = cols[i].Name; len(n.Columns) > 0 {
			out[i] = n.Columns[i]
		}
		if utf8.RuneCountInString(out[i]) > 64 && !named(n, i, len(cols)) { // the text of an expression
			out[i] = fmt.Sprintf("Name_exp_%d", i+1)
		}
		if err := catalog.CheckColumnName(out[i]); err != nil {
			return nil, base.Errorf(errno.WrongColumnName, "Incorrect column name '%s'", out[i])
		}
		if l := strings.ToLower(out[i]); seen[l] {
			return nil, base.Errorf(errno.DupFieldName, "Duplicate column name '%s'", out[i])
		} else {
			seen[l] = true
		}
	}
	return out, nil
}

// named reports whether the name of column i of n columns was written as such.
func named(v *ast.CreateView, i, n int) bool {
	sel, ok := v.Query.(*ast.Select)
	return len(v.Columns) > 0 || !ok || len(sel.Items) != n || sel.Items[i].Alias != ""
}

// expandStar returns the text of a view's query with a * of its select list replaced by the columns that it means now: a
// column that a table gets later does not show. Several of them are replaced where the table before the * tells them apart.
func expandStar(n *ast.CreateView, cols []plan.Column) string {
	sel, ok := n.Query.(*ast.Select)
	if !ok {
		return n.Text
	}
	bare := 0
	for _, it := range sel.Items {
		if s, ok := it.Expr.(*ast.Star); ok && (s.Table == "" || len(sel.Items) == 1) {
			bare++
		}
	}
	type span struct {
		at, end int
		text    string
	}
	var spans []span
	k := 0
	for _, it := range sel.Items {
		s, ok := it.Expr.(*ast.Star)
		if !ok {
			k++
			continue
		}
		take := 0
		if bare == 1 && s.Table == "" || len(sel.Items) == 1 {
			if take = len(cols) - (len(sel.Items) - 1); bare == 1 && take < 0 {
				return n.Text
			}
		} else {
			for k+take < len(cols) && strings.EqualFold(cols[k+take].Table, s.Table) {
				take++
			}
		}
		var list []string
		for _, c := range cols[k:min(k+take, len(cols))] {
			of := ""
			if c.Table != "" { // none: of a column that USING has merged, which only the bare name means
				of = catalog.QuoteName(c.Table) + "."
			}
			list = append(list, of+catalog.QuoteName(c.Name)+" AS "+catalog.QuoteName(c.Name))
		}
		at := int(it.At) - int(n.QueryAt)
		if take == 0 || at < 0 || at+len(it.Text) > len(n.Text) || n.Text[at:at+len(it.Text)] != it.Text {
			return n.Text
		}
		spans = append(spans, span{at, at + len(it.Text), strings.Join(list, ",")})
		k += take
	}
	text := n.Text
	for i := len(spans) - 1; i >= 0; i-- {
		text = text[:spans[i].at] + spans[i].text + text[spans[i].end:]
	}
	return text
}

func (r *run) wrongObject(name, want string) error {
	return base.Errorf(errno.WrongObject, "'%s.%s' is not %s", r.s.e.cfg.Database, name, want)
}

func (r *run) dropView(n *ast.DropView, tx *table.Tx) (*Result, error) {
	cat, err := r.catalog(tx)
	if err != nil {
		return nil, err
	}
	var drop []*catalog.View
	var missing []string
	for _, name := range n.Names {
		v := cat.View(name.Name)
		switch {
		case r.ownDatabase(name) == nil && v != nil:
			drop = append(drop, v)
		case r.ownDatabase(name) == nil && cat.Table(name.Name) != nil:
			return nil, r.wrongObject(name.Name, "VIEW")
		default:
			missing = append(missing, r.s.e.cfg.Database+"."+name.Name)
		}
	}
	if len(missing) > 0 {
		e := base.Errorf(errno.BadTable, "Unknown table '%s'", strings.Join(missing, ","))
		if !n.IfExists {
			return nil, e
		}
		r.s.warn(e)
	}
	for _, v := range drop {
		if err := catalog.DropView(tx, v); err != nil {
			return nil, err
		}
	}
	return &Result{}, nil
}

// view returns the view that a name means; nil if none.
func (r *run) view(name *ast.TableName, tx *table.Tx) (*catalog.View, error) {
	cat, err := r.catalog(tx)
	if err != nil || r.ownDatabase(name) != nil {
		return nil, err
	}
	return cat.View(name.Name), nil
}

// showCreateView is SHOW CREATE VIEW.
func showCreateView(v *catalog.View) *listing {
	return &listing{cols: columns("View", "Create View", "character_set_client", "collation_connection"),
		rows: [][]base.Value{texts(v.Name, catalog.CreateViewSQL(v), "utf8mb4", catalog.DefaultCollation)}}
}

// viewTable plans a view and returns its columns as those of a table without keys.
//
// Errors: 1356 the view no longer fits the tables there are.
func (r *run) viewTable(v *catalog.View, tx *table.Tx) (*catalog.Table, error) {
	env, err := r.env(tx)
	if err != nil {
		return nil, err
	}
	p, err := plan.Query(env, &ast.Select{Items: []ast.SelectItem{{Expr: &ast.Star{}}}, From: []ast.TableExpr{&ast.TableName{Name: v.Name}}})
	if err != nil {
		return nil, err
	}
	t := &catalog.Table{Name: v.Name}
	for i, c := range p.Columns {
		col := queryColumn(env.Catalog, c)
		col.ID = uint32(i + 1)
		t.Columns = append(t.Columns, col)
	}
	return t, nil
}

// parseQuery parses the query of a view; it is kept like that of a statement.
func (e *Engine) parseQuery(sql string) (ast.Query, error) {
	st, err := e.parsed(sql)
	if err != nil {
		return nil, err
	}
	q, ok := st.stmt.(ast.Query)
	if !ok {
		return nil, fmt.Errorf("the text of a view is not a query but %T", st.stmt)
	}
	return q, nil
}
