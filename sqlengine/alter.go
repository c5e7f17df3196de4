package sqlengine

import (
	"slices"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// alteration is an ALTER TABLE under way: the old descriptor, and the new one that the changes are made to in order.
// Names of columns, indexes and constraints that exist mean those of old, so that a statement can swap two.
type alteration struct {
	r   *run
	tx  *table.Tx
	old *catalog.Table
	t   *catalog.Table

	added   map[uint32]*ast.ColumnDef // new columns by id
	rebuild bool                      // FORCE
	copied  bool                      // MySQL would copy the rows, whatever is done here: those of a temporary table
	rewrite bool                      // rows are divided in another way, or by other values
	move    []int                     // partitions of old whose rows go to new ones
	divide  *ast.AlterPartitions      // PARTITION BY and REMOVE PARTITIONING, which come when columns and keys are complete
	look    bool                      // rows have to be looked at
	autoInc uint64                    // AUTO_INCREMENT = n; 0 none
	rename  string                    // RENAME TO; "" none
	foreign []ast.ForeignKeyDef       // ADD FOREIGN KEY: they are made when columns and keys are complete
}

// alterTable is ALTER TABLE, CREATE INDEX and DROP INDEX. What needs no row to change touches none.
func (r *run) alterTable(n *ast.AlterTable) (*Result, error) {
	if r.temporaryNamed(n.Table) != nil {
		return r.alterTemporary(n)
	}
	var t *catalog.Table
	res, err := r.write(func(tx *table.Tx) (*Result, error) {
		a, res, err := r.alter(n, tx)
		if err == nil {
			t = a.t
		}
		return res, err
	})
	if err == nil {
		err = r.buildTexts(t, false)
	}
	return res, err
}

// alter makes the changes in tx. What it returns beside the result has the old and the new descriptor.
func (r *run) alter(n *ast.AlterTable, tx *table.Tx) (*alteration, *Result, error) {
	old, err := r.table(n.Table, tx)
	if err != nil {
		return nil, nil, err
	}
	a := &alteration{r: r, tx: tx, old: old, t: old.Clone(), added: map[uint32]*ast.ColumnDef{}}
	if len(n.Actions) == 1 && n.Actions[0].Partitions != nil {
		if res, done, err := a.managePartitions(n.Actions[0].Partitions); done || err != nil {
			return a, res, err
		}
	}
	for i := range n.Actions {
		if x := n.Actions[i].Partitions; x != nil {
			a.divide = x
		}
	}
	for i := range n.Actions {
		a.copied = a.copied || old.Temporary && n.Actions[i].Kind != ast.RenameTo && n.Actions[i].Kind != ast.SwitchKeys
		if err := a.apply(&n.Actions[i]); err != nil {
			return nil, nil, err
		}
	}
	if err := a.settle(); err != nil {
		return nil, nil, err
	}
	res, err := a.store()
	return a, res, err
}

//lint:long one case a change
func (a *alteration) apply(c *ast.AlterAction) error {
	switch c.Kind {
	case ast.AddColumn:
		return a.addColumn(c)
	case ast.DropColumn:
		return a.dropColumn(c.Name)
	case ast.ChangeColumn:
		return a.changeColumn(c)
	case ast.RenameColumn:
		i, err := a.column(c.Name)
		if err == nil {
			err = a.renameColumn(i, c.NewName)
		}
		return err
	case ast.SetDefault, ast.DropDefault:
		return a.setDefault(c)
	case ast.ColumnVisible:
		i, err := a.column(c.Name)
		if err == nil {
			a.t.Columns[i].Invisible = c.Off
		}
		return err
	case ast.AddIndex:
		return a.r.addIndex(a.t, c.Index)
	case ast.DropIndex:
		return a.dropIndex(c.Name)
	case ast.DropPrimary:
		return a.dropPrimary()
	case ast.RenameIndex:
		return a.renameIndex(c.Name, c.NewName)
	case ast.IndexVisible:
		return a.indexVisible(c.Name, c.Off)
	case ast.TextOptions, ast.RebuildText:
		return a.alterText(c)
	case ast.AddCheck:
		a.look = a.look || !c.Check.NotEnforced
		return a.r.addCheck(a.t, c.Check, "")
	case ast.DropCheck:
		return a.dropCheck(c.Name)
	case ast.Enforce, ast.EnforceAny:
		return a.enforce(c)
	case ast.DropConstraint:
		return a.dropConstraint(c.Name)
	case ast.AddForeignKey:
		a.foreign = append(a.foreign, *c.Foreign)
	case ast.DropForeignKey:
		return dropForeignKey(a.t, c.Name)
	case ast.RenameTo:
		if err := a.r.ownDatabase(c.Table); err != nil {
			return err
		}
		a.rename = c.Table.Name
	case ast.TableOption:
		return a.option(c.Option)
	case ast.ConvertCharset:
		return a.convertCharset(c.Name, c.NewName)
	case ast.ForceRebuild:
		a.rebuild = true
	case ast.ChangePartitions:
		return a.changePartitions(c.Partitions)
	case ast.SwitchKeys, ast.OrderRows: // no effect in MySQL either: rows stand in the order of their key, keys are always kept
	default:
		return base.Errorf(errno.NotSupported, "ALTER TABLE … %s is not supported; docs/compatibility.md lists what is", c.Kind)
	}
	return nil
}

// column returns the position in the new descriptor of a column by the name it had before the statement.
func (a *alteration) column(name string) (int, error) {
	if c, _ := a.old.Column(name); c != nil {
		if i := a.t.ColumnByID(c.ID); i >= 0 {
			return i, nil
		}
	}
	return -1, base.Errorf(errno.BadField, "Unknown column '%s' in '%s'", name, a.old.Name)
}

// index returns the position in the new descriptor of an index by the name it had before the statement; -1 if none.
func (a *alteration) index(name string) int {
	for i := range a.old.Indexes {
		if !strings.EqualFold(a.old.Indexes[i].Name, name) {
			continue
		}
		for j := range a.t.Indexes {
			if a.t.Indexes[j].ID == a.old.Indexes[i].ID {
				return j
			}
		}
	}
	return -1
}

func (a *alteration) addColumn(c *ast.AlterAction) error {
	if err := a.r.addColumn(a.t, c.Column); err != nil {
		return err
	}
	a.added[a.t.NextColumnID] = c.Column
	if err := a.place(len(a.t.Columns)-1, c.First, c.After); err != nil {
		return err
	}
	return a.columnParts(c.Column)
}

// place moves the column at position i to the front or behind another. A hidden column stays last.
func (a *alteration) place(i int, first bool, after string) error {
	cols := a.t.Columns
	col := cols[i]
	rest := append(append([]catalog.Column(nil), cols[:i]...), cols[i+1:]...)
	to := i
	switch {
	case first:
		to = 0
	case after != "":
		to = -1
		for j := range rest {
			if !rest[j].Hidden && strings.EqualFold(rest[j].Name, after) {
				to = j + 1
			}
		}
		if to < 0 {
			return base.Errorf(errno.BadField, "Unknown column '%s' in '%s'", after, a.old.Name)
		}
	case i == len(rest): // a new column goes before the hidden ones
		for to > 0 && rest[to-1].Hidden {
			to--
		}
	}
	a.t.Columns = append(append(append([]catalog.Column(nil), rest[:to]...), col), rest[to:]...)
	return nil
}

// dropColumn removes a column, from keys too; a key without columns goes with it.
func (a *alteration) dropColumn(name string) error {
	c, _ := a.old.Column(name)
	i := -1
	if c != nil {
		i = a.t.ColumnByID(c.ID)
	}
	if i < 0 {
		return base.Errorf(errno.CantDropField, "Can't DROP '%s'; check that column/key exists", name)
	}
	id := a.t.Columns[i].ID
	if err := a.unused(id, name, true); err != nil {
		return err
	}
	a.t.Columns = append(a.t.Columns[:i], a.t.Columns[i+1:]...)
	if a.t.AutoIncrement == id {
		a.t.AutoIncrement = 0
	}
	a.t.Primary = without(a.t.Primary, id)
	kept := a.t.Indexes[:0]
	for _, ix := range a.t.Indexes {
		parts := without(ix.Parts, id)
		if len(parts) == 0 {
			continue
		}
		if len(parts) != len(ix.Parts) {
			ix.Parts, ix.ID = parts, 0
		}
		kept = append(kept, ix)
	}
	a.t.Indexes = kept
	a.t.DropTextColumn(id)
	return nil
}

func without(parts []catalog.KeyPart, column uint32) []catalog.KeyPart {
	var out []catalog.KeyPart
	for _, p := range parts {
		if p.Column != column {
			out = append(out, p)
		}
	}
	return out
}

// changeColumn is MODIFY and CHANGE: a new definition for a column, which keeps its id and what keys say of it.
func (a *alteration) changeColumn(c *ast.AlterAction) error {
	i, err := a.column(c.Name)
	if err != nil {
		return err
	}
	was := a.t.Columns[i]
	if a.t.AutoIncrement == was.ID {
		a.t.AutoIncrement = 0
	}
	col, err := a.r.columnOf(a.t, c.Column, was.ID)
	if err != nil {
		return err
	}
	for _, p := range a.t.Primary {
		col.NotNull = col.NotNull || p.Column == was.ID
	}
	if (was.Generated != nil) != (col.Generated != nil) && (was.Virtual() || col.Virtual()) || was.Generated != nil && col.Generated != nil && was.Generated.Stored != col.Generated.Stored {
		return base.Errorf(errno.GeneratedUnsupported, "'Changing the STORED status' is not supported for generated columns.")
	}
	col.Initial = was.Initial
	if col.Name != was.Name {
		if err := a.renameColumn(i, col.Name); err != nil {
			return err
		}
	}
	a.t.Columns[i] = col
	if err := a.place(i, c.First, c.After); err != nil {
		return err
	}
	return a.columnParts(c.Column)
}

// renameColumn gives a column another name; expressions that name it would no longer mean it.
func (a *alteration) renameColumn(i int, name string) error {
	if !strings.EqualFold(a.t.Columns[i].Name, name) {
		if err := a.unused(a.t.Columns[i].ID, a.t.Columns[i].Name, false); err != nil {
			return err
		}
	}
	a.t.Columns[i].Name = name
	return nil
}

// columnParts adds the keys and checks that a column definition brings along.
func (a *alteration) columnParts(c *ast.ColumnDef) error {
	if err := a.r.columnKeys(a.t, c); err != nil {
		return err
	}
	for i := range c.Check {
		a.look = a.look || !c.Check[i].NotEnforced
		if err := a.r.addCheck(a.t, &c.Check[i], c.Name); err != nil {
			return err
		}
	}
	return nil
}

// unused checks that no expression of the table names a column that is to go or to be called otherwise. A CHECK on a
// dropped column alone goes with it.
func (a *alteration) unused(id uint32, name string, drop bool) error {
	uses := func(sql string) (bool, int) {
		e, err := a.r.rowText(a.t, sql, "expression")
		if err != nil {
			return false, 0 // a column it names has gone already; the whole is checked at the end
		}
		cols := plan.RowColumns(e)
		return cols[a.t.ColumnByID(id)], len(cols)
	}
	for i := range a.t.Columns {
		c := &a.t.Columns[i]
		switch {
		case c.ID == id, c.Hidden && c.Generated != nil && keyOf(a.t, c.ID) == "":
		case c.Generated != nil:
			if yes, _ := uses(c.Generated.SQL); yes && c.Hidden {
				return base.Errorf(errno.FunctionalDependency, "Column '%s' has a functional index dependency and cannot be dropped or renamed.", name)
			} else if yes {
				return base.Errorf(errno.GeneratedDependency, "Column '%s' has a generated column dependency.", name)
			}
		case c.Default != nil && c.Default.Expr:
			if yes, _ := uses(c.Default.SQL); yes {
				return base.Errorf(errno.DefaultDependency, "Column '%s' of table '%s' has a default value expression dependency and cannot be dropped or renamed.", name, a.old.Name)
			}
		}
	}
	if a.t.TTL != "" {
		if yes, _ := uses(a.t.TTL); yes {
			return base.Errorf(errno.CheckDependency, "The ttl of table '%s' uses column '%s', hence column cannot be dropped or renamed.", a.old.Name, name)
		}
	}
	if err := a.notPartitionedBy(id, name); err != nil {
		return err
	}
	kept := a.t.Checks[:0:0]
	for _, c := range a.t.Checks {
		yes, n := uses(c.SQL)
		if yes && (!drop || n > 1) {
			return base.Errorf(errno.CheckDependency, "Check constraint '%s' uses column '%s', hence column cannot be dropped or renamed.", c.Name, name)
		}
		if !yes {
			kept = append(kept, c)
		}
	}
	a.t.Checks = kept
	return nil
}

// checkIndex returns the position of a CHECK constraint; -1 if there is none.
func (a *alteration) checkIndex(name string) int {
	for i := range a.t.Checks {
		if strings.EqualFold(a.t.Checks[i].Name, name) {
			return i
		}
	}
	return -1
}

func (a *alteration) dropCheck(name string) error {
	i := a.checkIndex(name)
	if i < 0 {
		return base.Errorf(errno.CheckNotFound, "Check constraint '%s' is not found in the table.", name)
	}
	a.t.Checks = append(a.t.Checks[:i], a.t.Checks[i+1:]...)
	return nil
}

// enforce is ALTER CHECK and ALTER CONSTRAINT [NOT] ENFORCED.
func (a *alteration) enforce(c *ast.AlterAction) error {
	i := a.checkIndex(c.Name)
	if i < 0 && c.Kind == ast.EnforceAny {
		return base.Errorf(errno.ConstraintNotFound, "Constraint '%s' does not exist.", c.Name)
	} else if i < 0 {
		return base.Errorf(errno.CheckNotFound, "Check constraint '%s' is not found in the table.", c.Name)
	}
	a.look = a.look || a.t.Checks[i].NotEnforced && !c.Off
	a.t.Checks[i].NotEnforced = c.Off
	return nil
}

func (a *alteration) setDefault(c *ast.AlterAction) error {
	i, err := a.column(c.Name)
	if err != nil {
		return err
	}
	col := &a.t.Columns[i]
	col.Default = nil
	if c.Kind == ast.DropDefault {
		// MySQL: without a default even for a nullable column, which then needs a value.
		col.NoDefault = !col.NotNull
		return nil
	}
	col.NoDefault = false
	return a.r.setDefault(col, &ast.ColumnDef{Default: c.Default, DefaultText: c.Text, AutoIncrement: a.t.AutoIncrement == col.ID})
}

func (a *alteration) dropIndex(name string) error {
	if strings.EqualFold(name, "PRIMARY") {
		return a.dropPrimary()
	}
	if ix := a.text(name); ix != nil {
		a.t.Texts = slices.DeleteFunc(a.t.Texts, func(x catalog.Text) bool { return x.Name == ix.Name })
		return nil
	}
	i := a.index(name)
	if i < 0 {
		return base.Errorf(errno.CantDropField, "Can't DROP '%s'; check that column/key exists", name)
	}
	a.t.Indexes = append(a.t.Indexes[:i], a.t.Indexes[i+1:]...)
	return nil
}

func (a *alteration) dropPrimary() error {
	if catalog.HiddenKey(a.old) {
		return base.Errorf(errno.CantDropField, "Can't DROP 'PRIMARY'; check that column/key exists")
	}
	a.t.Primary = nil
	return nil
}

func (a *alteration) renameIndex(name, to string) error {
	if strings.EqualFold(name, "PRIMARY") || strings.EqualFold(to, "PRIMARY") {
		return base.Errorf(errno.WrongNameForIndex, "Incorrect index name 'PRIMARY'")
	}
	if ix := a.text(name); ix != nil {
		ix.Name = to
		return nil
	}
	i := a.index(name)
	if i < 0 {
		return base.Errorf(errno.KeyDoesNotExist, "Key '%s' doesn't exist in table '%s'", name, a.old.Name)
	}
	a.t.Indexes[i].Name = to
	return nil
}

func (a *alteration) indexVisible(name string, invisible bool) error {
	if strings.EqualFold(name, "PRIMARY") && !catalog.HiddenKey(a.old) {
		if invisible {
			return base.Errorf(errno.PrimaryIndexVisible, "A primary key index cannot be invisible")
		}
		return nil
	}
	if ix := a.text(name); ix != nil {
		ix.Invisible = invisible
		return nil
	}
	i := a.index(name)
	if i < 0 {
		return base.Errorf(errno.KeyDoesNotExist, "Key '%s' doesn't exist in table '%s'", name, a.old.Name)
	}
	a.t.Indexes[i].Invisible = invisible
	return nil
}

// dropConstraint is DROP CONSTRAINT, which names a key, a foreign key or a CHECK.
func (a *alteration) dropConstraint(name string) error {
	if strings.EqualFold(name, "PRIMARY") && !catalog.HiddenKey(a.old) {
		return a.dropPrimary()
	}
	i := a.index(name)
	unique, check, foreign := i >= 0 && a.t.Indexes[i].Unique, a.checkIndex(name) >= 0, a.t.ForeignKey(name) != nil
	switch {
	case unique && check, unique && foreign, check && foreign:
		return base.Errorf(errno.SameConstraintName,
			"Table has multiple constraints with the name '%s'. Please use constraint specific 'DROP' clause.", name)
	case unique:
		a.t.Indexes = append(a.t.Indexes[:i], a.t.Indexes[i+1:]...)
		return nil
	case check:
		return a.dropCheck(name)
	case foreign:
		return dropForeignKey(a.t, name)
	}
	return base.Errorf(errno.ConstraintNotFound, "Constraint '%s' does not exist.", name)
}
