package sqlengine

import (
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// createTable is CREATE TABLE. Like all DDL it is part of its transaction.
func (r *run) createTable(n *ast.CreateTable, tx *table.Tx) (*Result, error) {
	if err := r.ownDatabase(n.Table); err != nil {
		return nil, err
	}
	cat, err := r.catalog(tx)
	if err != nil {
		return nil, err
	}
	taken := cat.Taken(n.Table.Name)
	if old := cat.Table(n.Table.Name); n.Temporary {
		taken = old != nil && old.Temporary
	} else if old != nil && old.Temporary { // what it hides counts
		stored, err := r.s.e.catalog.Load(r.ctx, tx)
		if err != nil {
			return nil, err
		}
		taken = stored.Taken(n.Table.Name)
	}
	if taken {
		err := base.Errorf(errno.TableExists, "Table '%s' already exists", n.Table.Name)
		if !n.IfNotExists {
			return nil, err
		}
		r.s.warn(err)
		return &Result{}, nil
	}
	var t *catalog.Table
	var names []string
	if n.Like != nil {
		t, err = r.createLike(n, tx)
	} else {
		t, names, err = r.describe(n, tx)
	}
	switch {
	case err != nil:
	case n.Temporary && t.Partitioning != nil:
		err = partitionTemporary()
	case n.Temporary && len(n.ForeignKeys) > 0:
		err = foreignTemporary()
	case n.Temporary:
		err = r.createTemporary(t, tx)
	default:
		if err = freeChecks(cat.Stored(), t); err == nil {
			err = r.createWithKeys(cat, t, n.ForeignKeys, tx)
		}
	}
	if err == nil {
		err = r.startCounter(n, t, tx)
	}
	switch {
	case err != nil:
		return nil, err
	case n.Query != nil:
		return r.fillTable(n, names, tx)
	}
	return &Result{}, nil
}

// startCounter is the table option AUTO_INCREMENT = n.
func (r *run) startCounter(n *ast.CreateTable, t *catalog.Table, tx *table.Tx) error {
	for i := range n.Options {
		if n.Options[i].Name != "auto_increment" {
			continue
		}
		first, err := optionNumber(&n.Options[i])
		if err != nil || first < 2 || t.AutoIncrement == 0 {
			return err
		}
		return tx.BumpAutoInc(t.ID, first-1)
	}
	return nil
}

func (r *run) ownDatabase(t *ast.TableName) error {
	if t.Schema != "" && !strings.EqualFold(t.Schema, r.s.e.cfg.Database) {
		return base.Errorf(errno.BadDB, "Unknown database '%s'", t.Schema)
	}
	return nil
}

// describe makes a descriptor of a CREATE TABLE, and returns the names of the columns that its query fills.
func (r *run) describe(n *ast.CreateTable, tx *table.Tx) (*catalog.Table, []string, error) {
	t := &catalog.Table{Name: n.Table.Name, CreatedMicros: r.start.UnixMicro()}
	if err := r.defaultCollation(t, n.Options, tx); err != nil {
		return nil, nil, err
	}
	for _, o := range n.Options {
		if err := tableOption(t, o); err != nil {
			return nil, nil, err
		}
	}
	for i := range n.Columns {
		if err := r.addColumn(t, &n.Columns[i]); err != nil {
			return nil, nil, err
		}
	}
	var names []string
	if n.Query != nil {
		var err error
		if names, err = r.selectColumns(n, t, tx); err != nil {
			return nil, nil, err
		}
	}
	for i := range n.Columns {
		if err := r.columnKeys(t, &n.Columns[i]); err != nil {
			return nil, nil, err
		}
	}
	for i := range n.Indexes {
		if err := r.addIndex(t, &n.Indexes[i]); err != nil {
			return nil, nil, err
		}
	}
	if err := nullablePrimary(t, n.Columns); err != nil {
		return nil, nil, err
	}
	defs, beside := checksOf(n)
	for i, d := range defs {
		if err := r.addCheck(t, d, beside[i]); err != nil {
			return nil, nil, err
		}
	}
	if len(t.Primary) == 0 {
		catalog.AddHiddenKey(t)
	}
	if err := checkAutoIncrement(t); err != nil {
		return nil, nil, err
	}
	if err := r.checkExpressions(t); err != nil {
		return t, names, err
	}
	if n.Partition != nil {
		if err := r.partitionTable(t, n.Partition); err != nil {
			return t, names, err
		}
	}
	return t, names, r.checkLeaks(t)
}

// columnKeys adds the keys that a column's own attributes declare.
func (r *run) columnKeys(t *catalog.Table, c *ast.ColumnDef) error {
	if c.PrimaryKey {
		if err := r.addIndex(t, &ast.IndexDef{Kind: "PRIMARY", Columns: []ast.IndexColumn{{Name: c.Name}}}); err != nil {
			return err
		}
	}
	if c.Unique {
		return r.addIndex(t, &ast.IndexDef{Kind: "UNIQUE", Columns: []ast.IndexColumn{{Name: c.Name}}})
	}
	return nil
}

func (r *run) dropTable(n *ast.DropTable, tx *table.Tx) (*Result, error) {
	cat, err := r.catalog(tx)
	if err != nil {
		return nil, err
	}
	var drop []*catalog.Table
	var missing []string
	for _, name := range n.Tables {
		t := cat.Table(name.Name)
		if t == nil || r.ownDatabase(name) != nil || n.Temporary && !t.Temporary {
			if err := catalog.CheckName(name.Name); err != nil {
				return nil, err
			}
			missing = append(missing, r.s.e.cfg.Database+"."+name.Name)
			continue
		}
		drop = append(drop, t)
	}
	if len(missing) > 0 {
		e := base.Errorf(errno.BadTable, "Unknown table '%s'", strings.Join(missing, ","))
		if !n.IfExists {
			return nil, e
		}
		r.s.warn(e)
	}
	if err := r.droppable(cat, drop); err != nil {
		return nil, err
	}
	for _, t := range drop {
		remove := catalog.Drop
		if t.Temporary {
			remove = func(tx *table.Tx, t *catalog.Table) error { return r.dropTemporary(t, tx) }
		}
		if err := remove(tx, t); err != nil {
			return nil, err
		}
	}
	return &Result{}, nil
}

// renameTables is RENAME TABLE: one after the other, so that three of them swap two tables. As in MySQL it does not see temporary
// tables, which ALTER TABLE renames.
func (r *run) renameTables(n *ast.RenameTables, tx *table.Tx) (*Result, error) {
	for i := range n.From {
		if err := r.ownDatabase(n.To[i]); err != nil {
			return nil, err
		}
		cat, err := r.s.e.catalog.Load(r.ctx, tx)
		if err != nil {
			return nil, err
		}
		if v := cat.View(n.From[i].Name); v != nil && r.ownDatabase(n.From[i]) == nil {
			if err := catalog.RenameView(tx, v, n.To[i].Name); err != nil {
				return nil, err
			}
			continue
		}
		old, err := r.tableIn(cat, n.From[i])
		if err != nil {
			return nil, err
		}
		if taken := cat.Table(n.To[i].Name); taken != nil && taken.ID != old.ID {
			return nil, base.Errorf(errno.TableExists, "Table '%s' already exists", n.To[i].Name)
		}
		t := old.Clone()
		renameTable(t, n.To[i].Name)
		if err := r.followRename(cat, old, t); err != nil {
			return nil, err
		}
		if err := r.storeAltered(tx, old, t, false); err != nil {
			return nil, err
		}
	}
	return &Result{}, nil
}

func (r *run) truncate(n *ast.Truncate, tx *table.Tx) (*Result, error) {
	if v, err := r.view(n.Table, tx); err != nil {
		return nil, err
	} else if v != nil { // MySQL does not see it
		return nil, base.Errorf(errno.NoSuchTable, "Table '%s.%s' doesn't exist", r.s.e.cfg.Database, n.Table.Name)
	}
	t, err := r.table(n.Table, tx)
	if err != nil {
		return nil, err
	}
	cat, err := r.s.e.catalog.Load(r.ctx, tx)
	if err != nil {
		return nil, err
	}
	if err := r.truncatable(cat, t); err != nil {
		return nil, err
	}
	tx.DependOn(catalogTable, catalog.DescriptorKey(t.ID))
	for _, a := range r.steering.auditsOf(t, "DELETE") {
		r.s.noted.trail = append(r.s.noted.trail, r.auditRecord(a, t.Name, "TRUNCATE"))
	}
	return &Result{}, catalog.Truncate(tx, t)
}

// table resolves a table name. Errors: 1146, 1049.
func (r *run) table(name *ast.TableName, tx *table.Tx) (*catalog.Table, error) {
	cat, err := r.catalog(tx)
	if err != nil {
		return nil, err
	}
	return r.tableIn(cat, name)
}

func (r *run) tableIn(cat *catalog.Catalog, name *ast.TableName) (*catalog.Table, error) {
	if err := r.ownDatabase(name); err != nil {
		return nil, err
	}
	if t := cat.Table(name.Name); t != nil {
		return t, nil
	}
	if v := cat.View(name.Name); v != nil {
		return nil, r.wrongObject(v.Name, "BASE TABLE")
	}
	return nil, plan.NoSuchTable(cat, r.s.e.cfg.Database, name.Name)
}
