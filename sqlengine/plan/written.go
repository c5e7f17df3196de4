package plan

import (
	"slices"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// ViewCheck is the WITH CHECK OPTION of a view that a statement writes through.
type ViewCheck struct {
	View string // database.view
	// Holds is over a row of the table, or over a joined row where the statement is one of several tables. A row for which it
	// is not TRUE is refused with error 1369.
	Holds expr.Expr
}

// written is a table that a statement changes, under the names that it has for the columns: the table's own, or those of a view.
type written struct {
	table    *catalog.Table
	alias    string
	view     *catalog.View // nil: the table itself is named
	names    *scope        // over a row of the table
	check    *ViewCheck
	named    []int       // the partitions that rows may go to; nil: all
	defaults []expr.Expr // by position; nil: the column has none
}

// writtenTable is a table that a statement names itself.
func (p *planner) writtenTable(t *catalog.Table, alias string) (*written, error) {
	w := &written{table: t, alias: alias, names: p.rowScope(t, alias)}
	var err error
	w.defaults, err = p.defaults(t)
	return w, err
}

// through is a table below a view that has been laid open. Of a view over several tables the columns of the others have no name.
func (p *planner) through(o *opened, at *part) (*written, error) {
	if o.view == nil {
		w, err := p.writtenTable(at.table, o.alias)
		if err == nil {
			w.named = at.named
		}
		return w, err
	}
	w := &written{table: at.table, alias: o.alias, view: o.view, names: &scope{}, named: at.named}
	l := layout(at.ids)
	for _, c := range o.cols {
		switch i := l.pos(c.id); {
		case c.def != nil:
			var err error
			if c.def, err = l.place(c.def); err != nil {
				continue // it reads another table
			}
		case i < 0:
			continue
		default:
			c.id = i
		}
		w.names.cols = append(w.names.cols, c)
	}
	var err error
	if w.check, err = p.viewCheck(o, l); err == nil {
		w.defaults, err = p.defaults(at.table)
	}
	return w, err
}

// viewCheck places what WITH CHECK OPTION asks for; nil when that is nothing. Columns that l does not have are those of tables
// for which there is no row: they are NULL.
func (p *planner) viewCheck(o *opened, l layout) (*ViewCheck, error) {
	if len(o.check) == 0 {
		return nil, nil
	}
	e, err := conjunction(o.check)
	if err != nil {
		return nil, err
	}
	e = rewrite(e, func(e expr.Expr) expr.Expr {
		if id, ok := expr.AsColumn(e); ok && l.pos(id) < 0 {
			return expr.Const(base.Value{}, e.Type())
		}
		return nil
	})
	if e, err = l.place(e); err != nil {
		return nil, err
	}
	return &ViewCheck{View: p.Database + "." + o.view.Name, Holds: e}, nil
}

// find returns the column that a reference means.
//
// Errors: 1054, 1052, and 1348 for a column of a view that is an expression.
func (w *written) find(ref *ast.ColumnRef) (int, *catalog.Column, error) {
	c, err := w.names.find(ref)
	switch {
	case err != nil:
		return 0, nil, err
	case c == nil:
		return 0, nil, w.unknown(ref.Name)
	case c.def != nil:
		return 0, nil, fixedColumn(c.Name)
	case c.shut != nil:
		return 0, nil, c.shut
	}
	return c.id, &w.table.Columns[c.id], nil
}

func (w *written) unknown(name string) error {
	var names []string
	for i := range w.names.cols {
		if !w.names.cols[i].Hidden {
			names = append(names, w.names.cols[i].Name)
		}
	}
	return base.Errorf(errno.BadField, "Unknown column '%s' in 'field list'%s", name, didYouMean(name, names))
}

// nameOf returns the name that the statement has for a column of the table; "" if none.
func (w *written) nameOf(pos int) string {
	for i := range w.names.cols {
		if c := &w.names.cols[i]; c.def == nil && c.id == pos {
			return c.Name
		}
	}
	return ""
}

// targets resolves the column list of an INSERT; without one it is every visible column.
func (w *written) targets(names []string) ([]int, error) {
	var out []int
	if len(names) == 0 {
		for i := range w.names.cols {
			if !w.names.cols[i].Hidden {
				out = append(out, w.names.cols[i].id)
			}
		}
		return out, nil
	}
	for _, name := range names {
		i, _, err := w.find(&ast.ColumnRef{Name: name})
		if err != nil {
			return nil, err
		}
		if slices.Contains(out, i) {
			return nil, base.Errorf(errno.FieldSpecTwice, "Column '%s' specified twice", name)
		}
		out = append(out, i)
	}
	return out, nil
}

// defaultOf is DEFAULT(column).
func (w *written) defaultOf(ref *ast.ColumnRef) (expr.Expr, error) {
	i, c, err := w.find(&ast.ColumnRef{Name: ref.Name})
	if err != nil {
		return nil, err
	}
	if w.defaults[i] == nil {
		return nil, base.Errorf(errno.NoDefault, "Field '%s' doesn't have a default value", c.Name)
	}
	return w.defaults[i], nil
}

// openNamed plans the relation that a statement of one table names, laid open if it is a view. It is nil for a view that cannot be.
func (p *planner) openNamed(t *ast.TableName) (*opened, logical, *scope, error) {
	v := p.viewNamed(t)
	if v == nil {
		table, err := p.lookupTable(t)
		if err != nil {
			return nil, nil, nil, err
		}
		scan, sc, err := p.tableScan(t, table, nil)
		if err != nil {
			return nil, nil, nil, err
		}
		return &opened{alias: aliasOf(t), parts: []part{{table, scan.ids, scan.named}}, cols: sc.cols}, scan, sc, nil
	}
	p.open = &opening{}
	n, sc, ok, err := p.openView(t, v, nil)
	n, sc, err = noParts(t, n, sc, err)
	o := p.open
	p.open = nil
	if err != nil || !ok {
		return nil, nil, nil, err
	}
	return o.rels[0], n, sc, nil
}

// inserted resolves the table or view that rows are inserted into.
//
// Errors: 1471 a view with columns that are no column of a table, or the same one; 1393, 1394 a view over several tables.
func (p *planner) inserted(t *ast.TableName, names []string, verb string) (*written, error) {
	o, _, _, err := p.openNamed(t)
	if err != nil {
		return nil, err
	}
	if o == nil || !o.writable() || len(o.fixed) > 0 {
		return nil, notInsertable(aliasOf(t), verb)
	}
	if o.view == nil {
		return p.through(o, &o.parts[0])
	}
	at := &o.parts[0]
	if len(o.parts) > 1 {
		if at, err = p.partNamed(o, names); err != nil {
			return nil, err
		}
	}
	for i := range o.cols {
		c := &o.cols[i]
		if c.def != nil {
			return nil, notInsertable(o.alias, verb)
		}
		for _, before := range o.cols[:i] {
			if before.id == c.id && slices.Contains(at.ids, c.id) {
				return nil, notInsertable(o.alias, verb)
			}
		}
	}
	return p.through(o, at)
}

// partNamed returns which table below a view over several has the columns named.
func (p *planner) partNamed(o *opened, names []string) (*part, error) {
	if len(names) == 0 {
		return nil, base.Errorf(errno.ViewNoColumns, "Can not insert into join view '%s.%s' without fields list", p.Database, o.view.Name)
	}
	var hit *part
	sc := &scope{cols: o.cols}
	for _, name := range names {
		c, err := sc.find(&ast.ColumnRef{Name: name})
		if err != nil {
			return nil, err
		}
		if c == nil {
			return nil, (&written{names: sc}).unknown(name)
		}
		if c.def != nil {
			return nil, fixedColumn(c.Name)
		}
		at := o.of(c.id)
		if at == nil {
			return nil, fixedColumn(c.Name)
		}
		if hit != nil && hit != at {
			return nil, p.severalTables(o)
		}
		hit = at
	}
	return hit, nil
}

// severalTables is error 1393.
func (p *planner) severalTables(o *opened) error {
	return base.Errorf(errno.ViewSeveral, "Can not modify more than one base table through a join view '%s.%s'", p.Database, o.view.Name)
}
