package sqlengine

import (
	"slices"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/plugins/replication"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/parse"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// route is the way of a table's changes to one destination.
type route struct {
	table *catalog.Table
	item  *catalog.FlowItem
	at    int // of the item
	dest  *replication.Destination
	tr    *plan.Transform
	types []base.Type // of the destination's columns
}

// routesOf returns the routes of a replication through the tables of a catalog, by table.
//
// Errors: 1146 (a table that is not there any more); those of plan.ChangeTransform, with the table's name; 1235-class for a transform that leaves
// out the key of rows that can change.
func (e *Engine) routesOf(cat *catalog.Catalog, o *catalog.Object) ([]*route, error) {
	var out []*route
	for i := range o.Flow.Items {
		it := &o.Flow.Items[i]
		if it.Table != "" && cat.Stored().Table(it.Table) == nil {
			return nil, base.Errorf(errno.NoSuchTable, "%s: there is no table '%s' any more; CREATE OR REPLACE REPLICATION without it", what(o.Kind, o.Name), it.Table)
		}
		for _, t := range cat.Stored().Tables() {
			if !it.Covers(t) || t.System || t.Temporary {
				continue
			}
			r, err := e.routeOf(cat, t, it)
			if err != nil {
				return nil, err
			}
			r.at = i
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b *route) int { return int(a.table.ID) - int(b.table.ID) })
	return out, nil
}

// routeOf is the route of one table.
func (e *Engine) routeOf(cat *catalog.Catalog, t *catalog.Table, it *catalog.FlowItem) (*route, error) {
	r := &route{table: t, item: it, dest: &replication.Destination{Source: t.Name, Name: it.Into}}
	if it.Into == "" {
		r.dest.Name = t.Name
	}
	list, cond := plainList(t), ast.Expr(nil)
	if it.Select != "" {
		var err error
		if list, cond, err = parse.Transform(it.Select, it.Where); err != nil {
			return nil, inTransform(t, err)
		}
	}
	env := plan.Env{Catalog: cat, Database: e.cfg.Database, ParseExpr: e.parseExpr, Readable: refuseEncrypted, Function: e.customFunction}
	tr, err := plan.ChangeTransform(env, t, list, cond)
	if err != nil {
		return nil, inTransform(t, err)
	}
	r.tr = tr
	for i, c := range tr.Out {
		r.types = append(r.types, c.Type)
		col := flowColumn(c.Name, c.Type, c.Nullable)
		if from := tr.From[i]; from >= 0 && t.Columns[from].Initial != nil {
			col.Initial = flowValue(t.Columns[from].Initial.Value, c.Type, col.Kind)
		}
		r.dest.Columns = append(r.dest.Columns, col)
	}
	return r, r.key()
}

// inTransform says which table's transform an error is about.
func inTransform(t *catalog.Table, err error) error {
	e, ok := err.(*base.Error)
	if !ok {
		return err
	}
	copied := *e
	copied.Msg = "the transform of table " + t.Name + ": " + e.Msg
	return &copied
}

// refuseEncrypted keeps ENCRYPTED columns out of transforms: what is sealed here is not to lie open elsewhere.
func refuseEncrypted(t *catalog.Table, c *catalog.Column) error {
	if c.Encrypted == "" {
		return nil
	}
	return base.Errorf(errno.NotSupported, "column %s.%s is ENCRYPTED, and is not replicated: leave it out", t.Name, c.Name)
}

// plainList is the list of the columns of a table as they are: all but those that are hidden or ENCRYPTED.
func plainList(t *catalog.Table) (list []ast.SelectItem) {
	for i := range t.Columns {
		if c := &t.Columns[i]; !c.Hidden && c.Encrypted == "" {
			list = append(list, ast.SelectItem{Expr: &ast.ColumnRef{Name: c.Name}})
		}
	}
	return list
}

// key finds the columns of the destination that are the table's primary key.
//
// Errors: 1235-class: rows that change could not be found there.
func (r *route) key() error {
	missing := ""
	for _, p := range r.table.Primary {
		i := r.table.ColumnByID(p.Column)
		c := &r.table.Columns[i]
		at := slices.Index(r.tr.From, i)
		if at < 0 || c.Hidden {
			missing, r.dest.Key = c.Name, nil
			break
		}
		r.dest.Key = append(r.dest.Key, at)
		r.dest.Columns[at].NotNull = true
	}
	onlyInserts := r.item.For != nil && !slices.ContainsFunc(r.item.For, func(op string) bool { return op != "INSERT" })
	if missing == "" || onlyInserts || r.item.Select == "" {
		return nil
	}
	if strings.HasPrefix(missing, "(") {
		return base.Errorf(errno.NotSupported, "table %s has no primary key, by which a row that changes could be found in %s: add FOR INSERT", r.table.Name, r.dest.Name)
	}
	return base.Errorf(errno.NotSupported, "the transform of table %s leaves out %s, by which a row that changes is found in %s: select it, or add FOR INSERT",
		r.table.Name, missing, r.dest.Name)
}

// keyless reports whether changes but INSERTs of the table cannot be delivered.
func (r *route) keyless() bool { return r.dest.Key == nil }

// evaluate makes the values of a destination's columns of a change: a row of all that plan.Transform names. ok is false if the condition does
// not hold.
func (r *route) evaluate(c *expr.Context, row []base.Value) (data []any, ok bool, err error) {
	b := flowBatch(r.table, row)
	if r.tr.Cond != nil {
		pass, err := expr.Filter(c, r.tr.Cond, b, nil)
		if err != nil || len(pass) == 0 {
			return nil, false, err
		}
	}
	data = make([]any, len(r.tr.Exprs))
	for i, x := range r.tr.Exprs {
		if from := r.tr.From[i]; from >= 0 {
			data[i] = flowValue(row[from], r.types[i], r.dest.Columns[i].Kind)
			continue
		}
		v, err := x.Eval(c, b)
		if err != nil {
			return nil, false, err
		}
		data[i] = flowValue(v.Value(0), r.types[i], r.dest.Columns[i].Kind)
	}
	return data, true, nil
}
