package sqlengine

import (
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/storage/table"
)

// settleForeignKeys checks that the foreign keys which stay still have what they rely on, and adds the new ones.
func (a *alteration) settleForeignKeys(cat *catalog.Catalog) error {
	var refs []catalog.Reference
	for i := range a.t.ForeignKeys {
		k := &a.t.ForeignKeys[i]
		if err := a.keepsChild(k); err != nil {
			return err
		}
		if strings.EqualFold(k.Parent, a.old.Name) {
			refs = append(refs, catalog.Reference{Child: a.t, Key: k})
		}
	}
	for _, ref := range cat.References(a.old.Name) {
		if ref.Child.ID != a.old.ID { // its own may go with this statement
			refs = append(refs, ref)
		}
	}
	for _, ref := range refs {
		if a.t.TTL != "" {
			return agingParent(ref.Key, a.t.Name)
		}
		if err := a.keepsParent(ref); err != nil {
			return err
		}
	}
	if err := a.r.followRename(cat, a.old, a.t); err != nil {
		return err
	}
	for i := range a.foreign {
		if d := &a.foreign[i]; strings.EqualFold(d.RefTable.Name, a.old.Name) { // the table itself, whatever it is called from now on
			to := *d.RefTable
			to.Name = a.t.Name
			d.RefTable = &to
		}
	}
	return a.r.addForeignKeys(cat, a.t, a.foreign)
}

// keepsChild checks that the table keeps the columns of one of its foreign keys, and a key that they lead.
func (a *alteration) keepsChild(k *catalog.ForeignKey) error {
	for _, id := range k.Columns {
		was := &a.old.Columns[a.old.ColumnByID(id)]
		i := a.t.ColumnByID(id)
		if i < 0 {
			return base.Errorf(errno.DropForeignColumn, "Cannot drop column '%s': needed in a foreign key constraint '%s'", was.Name, k.Name)
		}
		is := &a.t.Columns[i]
		if is.NotNull && (k.OnDelete == catalog.SetNull || k.OnUpdate == catalog.SetNull) {
			return notNullSetNull(is.Name, k.Name)
		}
		if a.r.s.foreignKeyChecks() && !keepsValues(was.Type, is.Type) {
			return base.Errorf(errno.ChangeForeignColumn, "Cannot change column '%s': used in a foreign key constraint '%s'", was.Name, k.Name)
		}
	}
	return a.keepsKey(k.Columns)
}

// keepsParent checks that the table keeps the columns that a foreign key references, and a key that they lead.
func (a *alteration) keepsParent(ref catalog.Reference) error {
	ids, _, ok := a.old.ColumnIDs(ref.Key.ParentColumns)
	if !ok {
		return nil // the table took the place of another parent while checks were off, and does not fit
	}
	for n, id := range ids {
		was := &a.old.Columns[a.old.ColumnByID(id)]
		i := a.t.ColumnByID(id)
		if i < 0 {
			return base.Errorf(errno.DropParentColumn, "Cannot drop column '%s': needed in a foreign key constraint '%s' of table '%s'",
				was.Name, ref.Key.Name, ref.Child.Name)
		}
		is := &a.t.Columns[i]
		if keepsValues(was.Type, is.Type) {
			continue
		}
		if a.r.s.foreignKeyChecks() {
			return base.Errorf(errno.ChangeParentColumn, "Cannot change column '%s': used in a foreign key constraint '%s' of table '%s'",
				was.Name, ref.Key.Name, ref.Child.Name)
		}
		if c := &ref.Child.Columns[ref.Child.ColumnByID(ref.Key.Columns[n])]; !comparableKeys(c.Type, is.Type) {
			return incomparable(c.Name, is.Name, ref.Key.Name)
		}
	}
	return a.keepsKey(ids)
}

// keepsKey checks that columns which lead a key of the old table lead one of the new. Error 1553.
func (a *alteration) keepsKey(columns []uint32) error {
	_, ix, ok := a.old.KeyOver(columns, nil)
	if !ok {
		return nil
	}
	if _, _, ok := a.t.KeyOver(columns, nil); ok {
		return nil
	}
	name := "PRIMARY"
	if ix != nil {
		name = ix.Name
	}
	return base.Errorf(errno.DropIndexForeign, "Cannot drop index '%s': needed in a foreign key constraint", name)
}

// keepsValues reports whether a column of a foreign key may change its type so: a longer text is the same key.
func keepsValues(was, is base.Type) bool {
	if was.ID == is.ID && (was.ID == base.TypeVarchar || was.ID == base.TypeVarbinary) {
		return was.Collation == is.Collation && was.Length <= is.Length
	}
	return sameStored(was, is)
}

// followRename makes the foreign keys of an altered table follow its new names and checks what these meet: constraints called
// so, and foreign keys that wait for a parent called so.
func (r *run) followRename(cat *catalog.Catalog, old, t *catalog.Table) error {
	catalog.FollowSelf(old, t)
	if strings.EqualFold(old.Name, t.Name) {
		return nil
	}
	for i := range t.ForeignKeys {
		for _, other := range cat.Tables() {
			if other.ID != t.ID && other.ForeignKey(t.ForeignKeys[i].Name) != nil {
				return duplicateForeignKey(t.ForeignKeys[i].Name)
			}
		}
	}
	return r.adoptReferences(cat, t)
}

// storeAltered stores the new descriptor of a table, and those of other tables that its names concern, and its foreign keys if
// some are new.
func (r *run) storeAltered(tx *table.Tx, old, t *catalog.Table, added bool) error {
	if old.Temporary {
		return catalog.AlterTemporary(tx, old, t, r.s.e.nextLocal)
	}
	cat, err := r.s.e.catalog.Load(r.ctx, tx)
	if err != nil {
		return err
	}
	if err := catalog.Alter(tx, old, t); err != nil {
		return err
	}
	if err := catalog.FollowParent(tx, cat, old, t); err != nil || !added {
		return err
	}
	if cat, err = r.s.e.catalog.Load(r.ctx, tx); err != nil { // a parent may be a child of t too, and has just been stored
		return err
	}
	return catalog.TouchParents(tx, cat, t)
}

// checkForeignRows checks that the rows of the table have the parents that its new foreign keys ask for. Error 1452.
func (a *alteration) checkForeignRows() error {
	if len(a.foreign) == 0 || !a.r.s.foreignKeyChecks() {
		return nil
	}
	cat, err := a.r.s.e.catalog.Load(a.r.ctx, a.tx)
	if err != nil {
		return err
	}
	ec := a.r.execContext(a.tx, 0)
	ec.Catalog = cat
	return exec.CheckForeignKeys(ec, a.tx, a.t, a.t.ForeignKeys[len(a.t.ForeignKeys)-len(a.foreign):])
}
