package plan

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// DupMode says what an INSERT does with a row whose key is taken.
type DupMode uint8

// The modes.
const (
	DupError DupMode = iota
	DupIgnore
	DupReplace
	DupUpdate
)

// Assignment sets the column at a position of the table.
type Assignment struct {
	Column int
	Value  expr.Expr
}

// Insert adds rows to a table.
type Insert struct {
	Table *catalog.Table
	Mode  DupMode
	// Ignore turns errors of single rows into warnings (INSERT IGNORE).
	Ignore bool
	// Rows are constant rows, one expression a target column; nil where DEFAULT stands. Else Source yields the rows.
	Rows   [][]expr.Expr
	Source Node
	Target []int // table column of each value
	// ReadsRow says that expressions of Rows name columns of the row they belong to: the table's, by position.
	ReadsRow bool
	// Defaults has the default of every column of the table; nil: the column has none.
	Defaults []expr.Expr
	// RowDefaults says which of them read other columns of the row, by position in the table.
	RowDefaults []bool
	// OnDup is over the old row followed by the new one.
	OnDup     []Assignment
	Returning *Returning
	View      string     // database.view that the statement names; "" the table itself
	Check     *ViewCheck // of that view; nil: none
	Named     []int      // the partitions that rows may go to; nil: all
}

// Update changes rows of one table. Source yields all columns of the table, in order; Set is over them, left to right,
// each seeing what those before it did.
type Update struct {
	Table  *catalog.Table
	Ignore bool
	Source Node
	Set    []Assignment
	Check  *ViewCheck // of the view that the statement names; nil: none
	// Passing says that rows may be written while Source goes on.
	Passing bool

	Returning *Returning
	Named     []int // the partitions that rows may go to; nil: all
}

// Delete removes the rows that Source yields: all columns of the table, in order.
type Delete struct {
	Table     *catalog.Table
	Ignore    bool
	Source    Node
	Passing   bool // rows may be removed while Source goes on
	Returning *Returning
}

// Mutation is a planned INSERT, UPDATE or DELETE.
type Mutation struct {
	Stmt    any              // *Insert, *Update, *Delete, *MultiUpdate, *MultiDelete or *Load
	Catalog *catalog.Catalog // that the statement was planned with
	Slots   int
	Cached  bool
	Sizes   Sizes // as in Plan
}

// Mutate plans an INSERT, REPLACE, UPDATE or DELETE.
func Mutate(env Env, stmt ast.Statement) (*Mutation, error) {
	p := &planner{Env: env, nextSlot: len(env.Params), stmt: stmt}
	var out any
	var err error
	switch s := stmt.(type) {
	case *ast.Insert:
		out, err = p.insert(s)
	case *ast.Update:
		out, err = p.updateAny(s)
	case *ast.Delete:
		out, err = p.deleteAny(s)
	case *ast.LoadData:
		out, err = p.load(s)
	default:
		err = base.Errorf(errno.Unknown, "unknown statement %T", stmt)
	}
	if err == nil {
		err = p.settle()
	}
	if err != nil {
		return nil, err
	}
	return &Mutation{Stmt: out, Catalog: env.Catalog, Slots: p.nextSlot, Cached: !p.volatile, Sizes: p.sizes}, nil
}

func (p *planner) insert(s *ast.Insert) (*Insert, error) {
	defer p.withCTEs(s.With)()
	w, err := p.inserted(s.Table, s.Columns, "INSERT")
	if err != nil {
		return nil, err
	}
	n := p.insertInto(w)
	n.Ignore = s.Ignore
	switch {
	case s.Replace:
		n.Mode = DupReplace
	case len(s.OnDup) > 0:
		n.Mode = DupUpdate
	case s.Ignore:
		n.Mode = DupIgnore
	}
	if n.Target, err = w.targets(s.Columns); err != nil {
		return nil, err
	}
	if s.Query == nil {
		err = p.insertRows(n, w, s)
	}
	var extra []ast.SelectItem
	if err == nil && len(s.OnDup) > 0 {
		extra, err = p.onDup(n, w, s)
	}
	if err == nil && s.Query != nil {
		err = p.insertQuery(n, s, extra)
	}
	if err == nil {
		n.Returning, err = p.returning(s.Returning, w.names)
	}
	return n, err
}

func (p *planner) insertInto(w *written) *Insert {
	n := &Insert{Table: w.table, Defaults: w.defaults, RowDefaults: make([]bool, len(w.defaults)), Check: w.check, Named: w.named}
	for i, e := range n.Defaults {
		n.RowDefaults[i] = e != nil && readsColumn(e)
	}
	if w.view != nil {
		n.View = p.Database + "." + w.view.Name
	}
	return n
}

// defaults binds the DEFAULT of every column; a nullable column without one has NULL.
func (p *planner) defaults(t *catalog.Table) ([]expr.Expr, error) {
	out := make([]expr.Expr, len(t.Columns))
	for i := range t.Columns {
		c := &t.Columns[i]
		switch {
		case c.Generated != nil:
			out[i] = expr.Const(base.Value{}, base.Type{})
		case c.Default != nil:
			e, err := p.defaultExpr(t, c)
			if err != nil {
				return nil, err
			}
			out[i] = e
		case !c.NotNull && !c.NoDefault:
			out[i] = expr.Const(base.Value{}, base.Type{})
		}
	}
	return out, nil
}

func (p *planner) defaultExpr(t *catalog.Table, c *catalog.Column) (expr.Expr, error) {
	x, err := p.ParseExpr(c.Default.SQL)
	if err != nil {
		return nil, err
	}
	if !c.Default.Expr {
		t = &catalog.Table{}
	}
	e, err := p.rowExpr(t, x, "default value expression")
	if err != nil {
		return nil, err
	}
	return expr.Storing(e, c.Type), nil
}

func (p *planner) insertRows(n *Insert, w *written, s *ast.Insert) error {
	b := &binder{p: p, scope: w.names, clause: "field list", defaultOf: w.defaultOf}
	if err := p.targets.add(changed{w.table, w.alias, w.view, "INSERT"}); err != nil {
		return err
	}
	used := idSet{}
	for i, row := range s.Rows {
		if len(row) == 0 && len(s.Columns) == 0 {
			n.Rows = append(n.Rows, make([]expr.Expr, len(n.Target)))
			continue
		}
		if len(row) != len(n.Target) {
			return base.Errorf(errno.WrongValueCount, "Column count doesn't match value count at row %d", i+1)
		}
		xs := make([]expr.Expr, len(row))
		for j, e := range row {
			if d, ok := e.(*ast.Default); ok && d.Column == nil {
				continue
			}
			if c := &n.Table.Columns[n.Target[j]]; c.Generated != nil {
				return generatedValue(n.Table, c)
			}
			x, err := b.expr(e)
			if err != nil {
				return err
			}
			xs[j] = expr.Storing(x, n.Table.Columns[n.Target[j]].Type)
			used.addExpr(x)
		}
		n.Rows = append(n.Rows, xs)
	}
	n.ReadsRow = len(used) > 0
	return nil
}

// generatedValue is the error for a value that is given to a generated column.
func generatedValue(t *catalog.Table, c *catalog.Column) error {
	return base.Errorf(errno.GeneratedValue, "The value specified for generated column '%s' in table '%s' is not allowed.", c.Name, t.Name)
}

// assignments binds SET items. b's columns 0… are the table's.
func assignments(b *binder, w *written, items []ast.SetItem) ([]Assignment, error) {
	out := make([]Assignment, 0, len(items))
	for _, it := range items {
		i, c, err := w.find(&ast.ColumnRef{Name: it.Column.Name})
		if err != nil {
			return nil, err
		}
		var e expr.Expr
		d, ok := it.Value.(*ast.Default)
		switch deflt := ok && d.Column == nil; {
		case deflt && c.Generated != nil:
			continue // it is computed as always
		case deflt:
			e, err = w.defaultOf(it.Column)
		case c.Generated != nil:
			err = generatedValue(w.table, c)
		default:
			e, err = b.expr(it.Value)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, Assignment{Column: i, Value: expr.Storing(e, c.Type)})
	}
	return out, nil
}

// target plans the rows that an UPDATE or DELETE of one table works on. w.names are for expressions over a row of the table.
func (p *planner) target(o *opened, n logical, sc *scope, verb string, where ast.Expr, order []ast.OrderItem, limit *ast.Limit) (w *written, node Node, err error) {
	if w, err = p.through(o, &o.parts[0]); err != nil {
		return nil, nil, err
	}
	if err := p.targets.add(changed{w.table, w.alias, w.view, verb}); err != nil {
		return nil, nil, err
	}
	if where != nil {
		e, err := (&binder{p: p, scope: sc, clause: "where clause"}).expr(where)
		if err != nil {
			return nil, nil, err
		}
		n = &lFilter{input: n, preds: conjuncts(e)}
	}
	b := &binder{p: p, scope: sc, clause: "order clause"}
	proj := &lProject{input: n, keep: true}
	var keys []SortKey
	for _, it := range order {
		e, err := b.expr(it.Expr)
		if err != nil {
			return nil, nil, err
		}
		keys = append(keys, SortKey{Expr: p.asColumn(proj, e), Desc: it.Desc})
	}
	if len(proj.ids) > 0 {
		n = proj
	}
	if n, err = p.orderLimit(n, keys, limit, b); err != nil {
		return nil, nil, err
	}
	node, err = p.exactly(p.optimize(n), o.parts[0].ids)
	return w, node, err
}

// updateAny plans an UPDATE of one table or several. A view over several is several.
func (p *planner) updateAny(s *ast.Update) (any, error) {
	defer p.withCTEs(s.With)()
	name, ok := s.From[0].(*ast.TableName)
	if !ok || len(s.From) > 1 {
		return p.multiUpdate(s)
	}
	if p.isCTE(name) {
		return nil, notUpdatable(aliasOf(name), "UPDATE")
	}
	o, n, sc, err := p.openNamed(name)
	switch {
	case err != nil:
		return nil, err
	case o == nil || !o.writable():
		return nil, notUpdatable(aliasOf(name), "UPDATE")
	case o.several():
		return p.multiUpdate(s)
	}
	return p.update(s, o, n, sc)
}

func (p *planner) update(s *ast.Update, o *opened, n logical, sc *scope) (*Update, error) {
	w, source, err := p.target(o, n, sc, "UPDATE", s.Where, s.OrderBy, s.Limit)
	if err != nil {
		return nil, err
	}
	for _, it := range s.Set {
		if _, _, err := w.find(it.Column); err != nil {
			return nil, err
		}
	}
	b := &binder{p: p, scope: w.names, clause: "field list", defaultOf: w.defaultOf}
	u := &Update{Table: w.table, Ignore: s.Ignore, Source: source, Check: w.check, Named: w.named}
	if u.Set, err = assignments(b, w, s.Set); err == nil {
		u.Passing = !p.Plain && u.Check == nil && passing(source, u.Set)
		u.Returning, err = p.returning(s.Returning, w.names)
	}
	return u, err
}

// positions renumbers a scope so that its columns are 0, 1, 2, …: the positions of a row of the whole table.
func positions(sc *scope) *scope {
	out := &scope{cols: append([]scopeCol(nil), sc.cols...), outer: sc.outer}
	for i := range out.cols {
		out.cols[i].id = i
	}
	return out
}

// deleteAny plans a DELETE of one table or several.
func (p *planner) deleteAny(s *ast.Delete) (any, error) {
	defer p.withCTEs(s.With)()
	if len(s.Targets) > 0 {
		return p.multiDelete(s)
	}
	name := s.From[0].(*ast.TableName) // the syntax allows nothing else
	if p.isCTE(name) {
		return nil, notUpdatable(aliasOf(name), "DELETE")
	}
	o, from, sc, err := p.openNamed(name)
	switch {
	case err != nil:
		return nil, err
	case o == nil || !o.writable():
		return nil, notUpdatable(aliasOf(name), "DELETE")
	case o.several():
		return nil, p.deleteJoin(o)
	}
	w, source, err := p.target(o, from, sc, "DELETE", s.Where, s.OrderBy, s.Limit)
	if err != nil {
		return nil, err
	}
	n := &Delete{Table: w.table, Ignore: s.Ignore, Source: source, Passing: !p.Plain && passing(source, nil)}
	n.Returning, err = p.returning(s.Returning, w.names)
	return n, err
}

// deleteJoin is error 1395.
func (p *planner) deleteJoin(o *opened) error {
	return base.Errorf(errno.ViewDeleteJoin, "Can not delete from join view '%s.%s'", p.Database, o.view.Name)
}
