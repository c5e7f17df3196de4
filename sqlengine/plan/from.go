package plan

import (
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// from plans a FROM clause. Without one it yields a single row of no columns.
func (p *planner) from(list []ast.TableExpr, outer *frame) (logical, *scope, error) {
	if len(list) == 0 {
		return &lValues{rows: [][]expr.Expr{{}}}, &scope{outer: outer}, nil
	}
	node, sc, err := p.tableExpr(list[0], outer, outer)
	if err != nil {
		return nil, nil, err
	}
	for _, t := range list[1:] {
		right, rsc, f, err := p.beside(sc, t, outer, outer)
		if err != nil {
			return nil, nil, err
		}
		if err := distinctAliases(sc, rsc); err != nil {
			return nil, nil, err
		}
		node, sc = dependent(&lJoin{kind: InnerJoin, left: node, right: right, straight: p.straight}, f), sc.join(rsc)
	}
	return node, sc, nil
}

// tableExpr plans a relation. outer encloses the query; lat, at the end of which is outer, is what lateral tables see.
func (p *planner) tableExpr(t ast.TableExpr, outer, lat *frame) (logical, *scope, error) {
	if err := checkAlias(t); err != nil {
		return nil, nil, err
	}
	switch t := t.(type) {
	case *ast.TableName:
		return p.tableName(t, outer)
	case *ast.Derived:
		return p.readOnly(p.derived(t, outer, lat))
	case *ast.Join:
		return p.join(t, outer, lat)
	case *ast.TableFunc:
		return p.readOnly(p.tableFunc(t, outer, lat))
	}
	return nil, nil, base.Errorf(errno.Unknown, "unknown table expression %T", t)
}

// maxAliasLength bounds the names that a statement makes up (MySQL reference manual, "Identifier Length Limits").
const maxAliasLength = 256

// checkAlias checks the length of a table's alias. Error 1059.
func checkAlias(t ast.TableExpr) error {
	alias := ""
	switch t := t.(type) {
	case *ast.TableName:
		alias = t.Alias
	case *ast.Derived:
		alias = t.Alias
	case *ast.TableFunc:
		alias = t.Alias
	}
	return aliasLength(alias)
}

func aliasLength(alias string) error {
	if len(alias) > maxAliasLength && utf8.RuneCountInString(alias) > maxAliasLength {
		return base.Errorf(errno.TooLongIdent, "Identifier name '%s' is too long", alias)
	}
	return nil
}

// readOnly marks a relation as one that no statement can write through.
func (p *planner) readOnly(n logical, sc *scope, err error) (logical, *scope, error) {
	if err == nil {
		p.open.fix(sc)
	}
	return n, sc, err
}

func (p *planner) tableName(t *ast.TableName, outer *frame) (logical, *scope, error) {
	if t.Schema == "" {
		if n, sc, ok, err := p.cteRef(t, outer); ok || err != nil {
			return p.readOnly(noParts(t, n, sc, err))
		}
	}
	if t.AsOf != nil {
		return nil, nil, base.Errorf(errno.NotSupported, "FOR SYSTEM_TIME AS OF is not supported")
	}
	if strings.EqualFold(t.Schema, systemSchema) && p.Catalog != nil {
		if stored := p.Catalog.SystemTable(t.Name); stored != nil {
			scan, sc, err := p.tableScan(t, stored, outer)
			if p.System && err == nil {
				p.open.addTable(scan, sc)
				return scan, sc, nil
			}
			return p.readOnly(scan, sc, err)
		}
	}
	if p.Virtual != nil {
		if v := p.Virtual(t.Schema, t.Name); v != nil {
			n, sc, err := p.virtual(t, v, outer)
			return p.readOnly(noParts(t, n, sc, err))
		}
	}
	if v := p.viewNamed(t); v != nil {
		if p.open != nil {
			if n, sc, ok, err := p.openView(t, v, outer); ok || err != nil {
				return noParts(t, n, sc, err)
			}
		}
		n, sc, err := p.view(t, v, outer)
		return p.readOnly(noParts(t, n, sc, err))
	}
	table, err := p.lookupTable(t)
	if err != nil {
		return nil, nil, err
	}
	if err := p.targets.check(table); err != nil {
		return nil, nil, err
	}
	scan, sc, err := p.tableScan(t, table, outer)
	if err != nil {
		return nil, nil, err
	}
	scan.lock = p.lock.has(aliasOf(t))
	p.open.addTable(scan, sc)
	return scan, sc, nil
}

// systemSchema is the database of the system tables, of which some are stored.
const systemSchema = "system"

// tableScan plans a table with the clauses behind its name.
func (p *planner) tableScan(t *ast.TableName, table *catalog.Table, outer *frame) (*lScan, *scope, error) {
	scan, sc := p.scan(table, aliasOf(t), outer)
	var err error
	if scan.named, err = namedParts(table, t.Partitions); err == nil {
		scan.hints, err = hinted(table, aliasOf(t), t.Hints)
	}
	if err == nil {
		err = p.aging(scan)
	}
	return scan, sc, err
}

// noParts refuses PARTITION and index hints behind the name of something that has neither partitions nor keys.
func noParts(t *ast.TableName, n logical, sc *scope, err error) (logical, *scope, error) {
	if err == nil && len(t.Partitions) > 0 {
		_, err = namedParts(&catalog.Table{}, t.Partitions)
	}
	if err == nil {
		_, err = hinted(&catalog.Table{}, aliasOf(t), t.Hints)
	}
	return n, sc, err
}

const informationSchema = "information_schema"

// lookupTable resolves a base table by name. Errors: 1146, 1049 for another database, 1109 for information_schema.
func (p *planner) lookupTable(t *ast.TableName) (*catalog.Table, error) {
	if strings.EqualFold(t.Schema, informationSchema) {
		return nil, base.Errorf(errno.UnknownTable, "Unknown table '%s' in information_schema", strings.ToUpper(t.Name))
	}
	if strings.EqualFold(t.Schema, systemSchema) {
		if stored := p.Catalog.SystemTable(t.Name); stored != nil && p.System {
			return stored, nil
		}
		return nil, base.Errorf(errno.NonUpdatable, "The table '%s.%s' is not updatable: the database itself writes it", systemSchema, t.Name)
	}
	if t.Schema != "" && !strings.EqualFold(t.Schema, p.Database) {
		return nil, base.Errorf(errno.BadDB, "Unknown database '%s'", t.Schema)
	}
	table := p.Catalog.Table(t.Name)
	if table == nil {
		return nil, NoSuchTable(p.Catalog, p.Database, t.Name)
	}
	return table, nil
}

// NoSuchTable returns error 1146, or 1059 for a name that no table can have, with the nearest name there is.
func NoSuchTable(c *catalog.Catalog, db, name string) error {
	if err := catalog.CheckName(name); err != nil {
		return err
	}
	names := make([]string, 0, 16)
	for _, t := range c.Tables() {
		names = append(names, t.Name)
	}
	return base.Errorf(errno.NoSuchTable, "Table '%s.%s' doesn't exist%s", db, name, didYouMean(name, names))
}

func aliasOf(t *ast.TableName) string {
	if t.Alias != "" {
		return t.Alias
	}
	return t.Name
}

func (p *planner) scan(table *catalog.Table, alias string, outer *frame) (*lScan, *scope) {
	p.reads = append(p.reads, table)
	s := &lScan{table: table, alias: alias}
	sc := &scope{outer: outer}
	for i := range table.Columns {
		c := &table.Columns[i]
		id := p.newCol()
		s.ids = append(s.ids, id)
		p.sourced(id, table, i)
		sc.cols = append(sc.cols, scopeCol{id: id, schema: p.Database, shut: p.shut(table, c), Column: Column{Name: c.Name, Table: alias,
			OrgTable: table.Name, OrgName: c.Name, Type: c.Type, Nullable: !c.NotNull, Hidden: c.Hidden || c.Invisible}})
	}
	return s, sc
}

// shut is the error for naming a column whose values cannot be read; nil if they can.
func (p *planner) shut(t *catalog.Table, c *catalog.Column) error {
	if c.Encrypted == "" || p.Readable == nil {
		return nil
	}
	return p.Readable(t, c)
}

func (p *planner) virtual(t *ast.TableName, v *VirtualTable, outer *frame) (logical, *scope, error) {
	n := &lVirtual{name: v.Schema + "." + v.Name, source: v.Source, current: v.Current, out: v.Columns}
	sc := &scope{outer: outer}
	for _, c := range v.Columns {
		id := p.newCol()
		n.ids = append(n.ids, id)
		c.Table, c.OrgTable, c.OrgName = aliasOf(t), v.Name, c.Name
		sc.cols = append(sc.cols, scopeCol{id: id, schema: v.Schema, Column: c})
	}
	return n, sc, nil
}

func (p *planner) derived(t *ast.Derived, outer, lat *frame) (logical, *scope, error) {
	if t.Alias == "" {
		return nil, nil, base.Errorf(errno.DerivedAlias, "Every derived table must have its own alias")
	}
	border := outer
	if t.Lateral {
		border = lat
	}
	p.targets.derived++
	n, out, err := p.query(t.Query, border)
	p.targets.derived--
	if err != nil {
		return nil, nil, err
	}
	sc, err := outputScope(out, t.Alias, t.Columns, outer)
	return n, sc, err
}

// outputScope makes a query's output the columns of a relation.
func outputScope(out output, alias string, names []string, outer *frame) (*scope, error) {
	if len(names) > 0 && len(names) != len(out.cols) {
		return nil, errViewColumns()
	}
	sc := &scope{outer: outer}
	seen := map[string]bool{}
	for i, c := range out.cols {
		if len(names) > 0 {
			c.Name = names[i]
		}
		if l := strings.ToLower(c.Name); seen[l] {
			return nil, base.Errorf(errno.DupFieldName, "Duplicate column name '%s'", c.Name)
		} else {
			seen[l] = true
		}
		c.Table, c.Hidden = alias, false
		sc.cols = append(sc.cols, scopeCol{id: out.ids[i], Column: c})
	}
	return sc, nil
}

func errViewColumns() error {
	return base.Errorf(errno.ViewColumns,
		"In definition of view, derived table or common table expression, SELECT list and column names list have different column counts")
}

func (p *planner) join(t *ast.Join, outer, lat *frame) (logical, *scope, error) {
	left, lsc, err := p.tableExpr(t.L, outer, lat)
	if err != nil {
		return nil, nil, err
	}
	right, rsc, f, err := p.beside(lsc, t.R, outer, lat)
	if err == nil {
		err = noLateral(t, f)
	}
	if err != nil {
		return nil, nil, err
	}
	if p.open != nil && (t.Kind == "LEFT" || t.Kind == "RIGHT" || t.Kind == "FULL") {
		left, lsc = p.settleColumns(left, lsc)
		right, rsc = p.settleColumns(right, rsc)
	}
	if err := distinctAliases(lsc, rsc); err != nil {
		return nil, nil, err
	}
	var on []expr.Expr
	sc := lsc.join(rsc)
	if t.On != nil {
		b := &binder{p: p, scope: sc, clause: "on clause"}
		e, err := b.expr(t.On)
		if err != nil {
			return nil, nil, err
		}
		on = conjuncts(e)
	}
	n := &lJoin{kind: InnerJoin, left: left, right: right, on: on, straight: t.Straight || p.straight}
	using, err := usingColumns(t, lsc, rsc)
	if err != nil {
		return nil, nil, err
	}
	switch t.Kind {
	case "LEFT":
		n.kind = LeftJoin
		sc.cols = append([]scopeCol(nil), sc.cols...)
		(&scope{cols: sc.cols[len(lsc.cols):]}).nullable()
	case "RIGHT":
		n.kind = LeftJoin
		n.left, n.right = right, left
		(&scope{cols: sc.cols[:len(lsc.cols)]}).nullable()
	case "FULL":
		n.kind = FullJoin
		sc.nullable()
	}
	if len(using) == 0 {
		p.open.joined(n)
		return dependent(n, f), sc, nil
	}
	merged, sc, err := p.joinUsing(n, sc, using, len(lsc.cols), t.Kind)
	p.open.joined(n)
	if len(f.args) > 0 { // no FULL JOIN: merged is n
		merged = dependent(n, f)
	}
	return merged, sc, err
}

// usingColumns returns the column names of USING, or for NATURAL the names both sides have.
func usingColumns(t *ast.Join, l, r *scope) ([]string, error) {
	if !t.Natural {
		return slices.Clone(t.Using), nil
	}
	var names []string
	for i := range l.cols {
		if l.cols[i].Hidden || l.cols[i].merged {
			continue
		}
		hit, err := r.find(&ast.ColumnRef{Name: l.cols[i].Name})
		if err != nil {
			return nil, err
		}
		if hit != nil && !hit.Hidden {
			names = append(names, l.cols[i].Name)
		}
	}
	return names, nil
}

// joinUsing adds the equalities of USING and merges each pair into one visible column, which comes first (SQL:2016,
// 7.10 joined table). For a FULL join that column is COALESCE(left, right).
func (p *planner) joinUsing(n *lJoin, sc *scope, names []string, nLeft int, kind string) (logical, *scope, error) {
	lsc, rsc := &scope{cols: sc.cols[:nLeft]}, &scope{cols: sc.cols[nLeft:]}
	var front []scopeCol
	proj := &lProject{input: n}
	first := lsc // whose columns come first, and give the merged ones their order
	if kind == "RIGHT" {
		first = rsc
	}
	sort.SliceStable(names, func(i, j int) bool { return first.position(names[i]) < first.position(names[j]) })
	for _, name := range names {
		ref := &ast.ColumnRef{Name: name}
		l, err := lsc.find(ref)
		if err != nil {
			return nil, nil, (&binder{clause: "from clause"}).inClause(err)
		}
		r, err := rsc.find(ref)
		if err != nil {
			return nil, nil, (&binder{clause: "from clause"}).inClause(err)
		}
		switch {
		case l == nil || r == nil:
			return nil, nil, base.Errorf(errno.BadField, "Unknown column '%s' in 'from clause'", name)
		case l.shut != nil:
			return nil, nil, l.shut
		case r.shut != nil:
			return nil, nil, r.shut
		}
		eq, err := expr.Call("=", l.ref(), r.ref())
		if err != nil {
			return nil, nil, err
		}
		n.on = append(n.on, eq)
		merged := *l
		switch kind {
		case "RIGHT":
			merged = *r
		case "FULL":
			both, err := expr.Call("COALESCE", l.ref(), r.ref())
			if err != nil {
				return nil, nil, err
			}
			merged.id = p.newCol()
			merged.Type = both.Type()
			proj.ids, proj.exprs = append(proj.ids, merged.id), append(proj.exprs, both)
		}
		merged.merged, merged.Table, merged.schema = false, "", "" // only the bare name means it
		front = append(front, merged)
		l.merged, r.merged = true, true
	}
	out := &scope{cols: append(front, sc.cols...), outer: sc.outer}
	if kind == "RIGHT" {
		out.cols = append(append(front[:len(front):len(front)], rsc.cols...), lsc.cols...)
	}
	if len(proj.ids) == 0 {
		return n, out, nil
	}
	for i := range sc.cols {
		proj.ids, proj.exprs = append(proj.ids, sc.cols[i].id), append(proj.exprs, sc.cols[i].ref())
	}
	return proj, out, nil
}

// ref returns the expression that reads the column.
func (c *scopeCol) ref() expr.Expr {
	if c.def != nil {
		return c.def
	}
	return expr.Column(c.id, c.Type, c.Name, c.Nullable)
}

// distinctAliases checks that no table alias stands on both sides of a join.
func distinctAliases(l, r *scope) error {
	seen := map[string]bool{}
	for i := range l.cols {
		seen[l.cols[i].schema+"\x00"+strings.ToLower(l.cols[i].Table)] = true
	}
	for i := range r.cols {
		if r.cols[i].Table != "" && seen[r.cols[i].schema+"\x00"+strings.ToLower(r.cols[i].Table)] {
			return base.Errorf(errno.NonUniqTable, "Not unique table/alias: '%s'", r.cols[i].Table)
		}
	}
	return nil
}
