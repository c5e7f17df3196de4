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

// createWithKeys stores a new table with its foreign keys.
func (r *run) createWithKeys(cat *catalog.Catalog, t *catalog.Table, defs []ast.ForeignKeyDef, tx *table.Tx) error {
	cat = cat.Stored()
	if err := r.addForeignKeys(cat, t, defs); err != nil {
		return err
	}
	if err := r.adoptReferences(cat, t); err != nil {
		return err
	}
	if err := partitionForeignKeys(cat, t); err != nil {
		return err
	}
	if err := catalog.Create(tx, t); err != nil {
		return err
	}
	return catalog.TouchParents(tx, cat, t)
}

// partitionForeignKeys refuses foreign keys from and to tables with partitions. Error 1506.
func partitionForeignKeys(cat *catalog.Catalog, t *catalog.Table) error {
	refused := t.Partitioning != nil && (len(t.ForeignKeys) > 0 || len(cat.References(t.Name)) > 0)
	for i := range t.ForeignKeys {
		parent := cat.Table(t.ForeignKeys[i].Parent)
		refused = refused || parent != nil && parent.Partitioning != nil
	}
	if refused {
		return base.Errorf(errno.PartitionForeignKey, "Foreign keys are not yet supported in conjunction with partitioning")
	}
	return nil
}

// addForeignKeys adds FOREIGN KEY clauses to a descriptor whose columns and keys are complete, with the indexes they need.
//
// Errors: 1072, 1239, 1824, 3734, 3780, 1822, 1826, 1830, 1215.
func (r *run) addForeignKeys(cat *catalog.Catalog, t *catalog.Table, defs []ast.ForeignKeyDef) error {
	for i := range defs {
		if err := r.addForeignKey(cat, t, &defs[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) addForeignKey(cat *catalog.Catalog, t *catalog.Table, d *ast.ForeignKeyDef) error {
	if err := r.ownDatabase(d.RefTable); err != nil {
		return err
	}
	k := catalog.ForeignKey{Name: d.Name, Parent: d.RefTable.Name, ParentColumns: d.RefColumns}
	if k.Name == "" {
		k.Name = catalog.ForeignKeyName(t)
	}
	if err := catalog.CheckName(k.Name); err != nil {
		return err
	}
	for _, other := range append(cat.Tables(), t) {
		if old := other.ForeignKey(k.Name); old != nil && (other.ID != t.ID || other == t) {
			return duplicateForeignKey(k.Name)
		}
	}
	var missing string
	var ok bool
	if k.Columns, missing, ok = t.ColumnIDs(d.Columns); !ok {
		return base.Errorf(errno.KeyColumnMissing, "Key column '%s' doesn't exist in table", missing)
	}
	if len(d.RefColumns) != len(d.Columns) {
		name := d.Name
		if name == "" {
			name = "foreign key without name"
		}
		return base.Errorf(errno.WrongForeignKey, "Incorrect foreign key definition for '%s': Key reference and table reference don't match", name)
	}
	if err := setActions(t, &k, d); err != nil {
		return err
	}
	if err := r.generatedChild(t, &k); err != nil {
		return err
	}
	parent := cat.Table(k.Parent)
	if strings.EqualFold(k.Parent, t.Name) {
		parent = t
	}
	switch {
	case parent != nil:
		if err := checkParent(t, &k, parent); err != nil {
			return err
		}
	case r.s.foreignKeyChecks():
		return base.Errorf(errno.NoParentTable, "Failed to open the referenced table '%s'", k.Parent)
	}
	if err := childIndex(t, &k, d); err != nil {
		return err
	}
	t.ForeignKeys = append(t.ForeignKeys, k)
	return nil
}

// setActions takes ON DELETE and ON UPDATE over.
func setActions(t *catalog.Table, k *catalog.ForeignKey, d *ast.ForeignKeyDef) error {
	for _, a := range []struct {
		text string
		to   *catalog.Action
	}{{d.OnDelete, &k.OnDelete}, {d.OnUpdate, &k.OnUpdate}} {
		switch a.text {
		case "SET DEFAULT":
			return base.Errorf(errno.CannotAddForeign, "Cannot add foreign key constraint: ON … SET DEFAULT is not supported")
		case "", "NO ACTION":
		default:
			*a.to = catalog.Action(a.text)
		}
		if *a.to != catalog.SetNull {
			continue
		}
		for _, id := range k.Columns {
			if c := &t.Columns[t.ColumnByID(id)]; c.NotNull {
				return notNullSetNull(c.Name, k.Name)
			}
		}
	}
	return nil
}

// generatedChild refuses foreign keys on generated columns that would have to change them: virtual columns are in none, and
// neither a generated column nor a column that a stored one is computed from changes by an action.
//
// Errors: 3733, 3104, 3192.
func (r *run) generatedChild(t *catalog.Table, k *catalog.ForeignKey) error {
	clause := ""
	switch {
	case k.OnUpdate == catalog.Cascade || k.OnUpdate == catalog.SetNull:
		clause = "ON UPDATE " + string(k.OnUpdate)
	case k.OnDelete == catalog.SetNull:
		clause = "ON DELETE SET NULL"
	}
	for _, id := range k.Columns {
		c := &t.Columns[t.ColumnByID(id)]
		switch {
		case c.Virtual():
			return virtualKey(k.Name, c.Name)
		case c.Generated != nil && clause != "":
			return base.Errorf(errno.GeneratedForeign, "Cannot define foreign key with %s clause on a generated column.", clause)
		}
	}
	if clause == "" && k.OnDelete != catalog.Cascade {
		return nil
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Generated == nil || !c.Generated.Stored {
			continue
		}
		e, err := r.rowText(t, c.Generated.SQL, "generated column function")
		if err != nil {
			return err
		}
		for at := range plan.RowColumns(e) {
			if slices.Contains(k.Columns, t.Columns[at].ID) {
				return base.Errorf(errno.GeneratedForeignBase, "Cannot add foreign key on the base column of stored column")
			}
		}
	}
	return nil
}

func virtualKey(key, column string) error {
	return base.Errorf(errno.ForeignVirtual, "Foreign key '%s' uses virtual column '%s' which is not supported.", key, column)
}

// checkParent checks that the columns which a foreign key references are there, of the child's types, and lead a key.
func checkParent(t *catalog.Table, k *catalog.ForeignKey, parent *catalog.Table) error {
	if parent.TTL != "" {
		return agingParent(k, parent.Name)
	}
	ids, missing, ok := parent.ColumnIDs(k.ParentColumns)
	if !ok {
		return base.Errorf(errno.NoParentColumn, "Failed to add the foreign key constraint. Missing column '%s' for constraint '%s' in the referenced table '%s'",
			missing, k.Name, k.Parent)
	}
	for i, id := range ids {
		c, p := &t.Columns[t.ColumnByID(k.Columns[i])], &parent.Columns[parent.ColumnByID(id)]
		if !comparableKeys(c.Type, p.Type) {
			return incomparable(c.Name, p.Name, k.Name)
		}
		if p.Virtual() {
			return virtualKey(k.Name, p.Name)
		}
	}
	if _, _, ok := parent.KeyOver(ids, nil); !ok {
		return base.Errorf(errno.NoParentIndex, "Failed to add the foreign key constraint. Missing index for constraint '%s' in the referenced table '%s'",
			k.Name, k.Parent)
	}
	return nil
}

// comparableKeys reports whether columns of two types can reference one another: types must be the same, lengths of texts need
// not (MySQL reference manual, "FOREIGN KEY Constraints").
func comparableKeys(a, b base.Type) bool {
	switch class := a.Class(); {
	case class != b.Class() || class == base.JSON:
		return false
	case class == base.String || class == base.Bytes:
		return strings.EqualFold(a.Collation, b.Collation)
	case class == base.Decimal:
		return a.Precision == b.Precision && a.Scale == b.Scale && a.Unsigned == b.Unsigned
	}
	return a.ID == b.ID && a.Unsigned == b.Unsigned && a.Scale == b.Scale
}

func duplicateForeignKey(name string) error {
	return base.Errorf(errno.DupForeignKey, "Duplicate foreign key constraint name '%s'", name)
}

func notNullSetNull(column, key string) error {
	return base.Errorf(errno.ColumnNotNull, "Column '%s' cannot be NOT NULL: needed in a foreign key constraint '%s' SET NULL", column, key)
}

func incomparable(child, parent, key string) error {
	return base.Errorf(errno.ForeignKeyTypes, "Referencing column '%s' and referenced column '%s' in foreign key constraint '%s' are incompatible.",
		child, parent, key)
}

// childIndex adds the index that a foreign key needs on the child, unless a key of the table serves.
//
// Errors: 1170.
func childIndex(t *catalog.Table, k *catalog.ForeignKey, d *ast.ForeignKeyDef) error {
	if _, _, ok := t.KeyOver(k.Columns, nil); ok {
		return nil
	}
	name := d.Name
	if name == "" {
		name = d.Index
	}
	if name == "" {
		name = d.Columns[0]
	}
	parts := make([]catalog.KeyPart, len(k.Columns))
	for i, id := range k.Columns {
		if _, err := prefixLength(&t.Columns[t.ColumnByID(id)], 0); err != nil {
			return err
		}
		parts[i].Column = id
	}
	t.Indexes = append(t.Indexes, catalog.Index{Name: freeIndexName(t, name), Parts: parts})
	return nil
}

// dropForeignKey removes a foreign key of a descriptor; its index stays.
func dropForeignKey(t *catalog.Table, name string) error {
	for i := range t.ForeignKeys {
		if strings.EqualFold(t.ForeignKeys[i].Name, name) {
			t.ForeignKeys = append(t.ForeignKeys[:i:i], t.ForeignKeys[i+1:]...)
			return nil
		}
	}
	return base.Errorf(errno.NoForeignKey, "Can't DROP '%s'; check that column/key exists", name)
}

// adoptReferences checks that a table that is being made fits the foreign keys which wait for a parent of its name.
func (r *run) adoptReferences(cat *catalog.Catalog, t *catalog.Table) error {
	for _, ref := range cat.References(t.Name) {
		if ref.Child.ID != t.ID {
			if err := checkParent(ref.Child, ref.Key, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// droppable checks that no table outside list references one of list. Error 3730.
func (r *run) droppable(cat *catalog.Catalog, list []*catalog.Table) error {
	if !r.s.foreignKeyChecks() {
		return nil
	}
	going := map[uint32]bool{}
	for _, t := range list {
		going[t.ID] = true
	}
	for _, t := range list {
		for _, ref := range cat.References(t.Name) {
			if !going[ref.Child.ID] && !t.Temporary {
				return base.Errorf(errno.DropReferenced, "Cannot drop table '%s' referenced by a foreign key constraint '%s' on table '%s'.",
					t.Name, ref.Key.Name, ref.Child.Name)
			}
		}
	}
	return nil
}

// truncatable checks that no other table references t. Error 1701.
func (r *run) truncatable(cat *catalog.Catalog, t *catalog.Table) error {
	if !r.s.foreignKeyChecks() || t.Temporary {
		return nil
	}
	for _, ref := range cat.References(t.Name) {
		if ref.Child.ID != t.ID {
			return base.Errorf(errno.TruncateReferenced, "Cannot truncate a table referenced in a foreign key constraint (`%s`.`%s`, CONSTRAINT `%s`)",
				r.s.e.cfg.Database, ref.Child.Name, ref.Key.Name)
		}
	}
	return nil
}

// foreignKeyChecks is the variable foreign_key_checks.
func (s *Session) foreignKeyChecks() bool {
	return s.text(systemVars["foreign_key_checks"], false) == "ON"
}
