package sqlengine

import (
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// keepForeignKeys refuses changes of what foreign keys rely on: their columns on both sides, the keys these lead, the name of
// a table that others refer to.
func (r *run) keepForeignKeys(cat *catalog.Catalog, old, t *catalog.Table) error {
	for _, fk := range old.ForeignKeys {
		var names []string
		for _, id := range fk.Columns {
			if i := old.ColumnByID(id); i >= 0 {
				names = append(names, old.Columns[i].Name)
			}
		}
		if err := keptColumns(old, t, names, fk.Name); err != nil {
			return err
		}
	}
	for _, child := range cat.Tables() {
		for _, fk := range child.ForeignKeys {
			if !strings.EqualFold(fk.Parent, old.Name) {
				continue
			}
			if !strings.EqualFold(t.Name, old.Name) {
				return base.Errorf(errno.NotSupported, "renaming table '%s', which foreign key '%s' refers to, is not supported", old.Name, fk.Name)
			}
			if err := keptColumns(old, t, fk.ParentColumns, fk.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// keptColumns checks that columns have kept name and type, and that the keys which start with one of them are still there.
func keptColumns(old, t *catalog.Table, names []string, key string) error {
	for _, name := range names {
		was, _ := old.Column(name)
		is, _ := t.Column(name)
		if was == nil {
			continue
		}
		if is == nil || is.ID != was.ID || !sameStored(was.Type, is.Type) {
			return base.Errorf(errno.NotSupported, "changing column '%s', which foreign key '%s' uses, is not supported; drop the foreign key first", name, key)
		}
		if leads(old.Primary, was.ID) && !leads(t.Primary, was.ID) {
			return base.Errorf(errno.NotSupported, "dropping the primary key, which foreign key '%s' may use, is not supported", key)
		}
		for _, ix := range old.Indexes {
			if !leads(ix.Parts, was.ID) {
				continue
			}
			kept := false
			for _, other := range t.Indexes {
				kept = kept || other.Name == ix.Name && leads(other.Parts, was.ID)
			}
			if !kept {
				return base.Errorf(errno.NotSupported, "dropping index '%s', which foreign key '%s' may use, is not supported; drop the foreign key first", ix.Name, key)
			}
		}
	}
	return nil
}

func leads(parts []catalog.KeyPart, column uint32) bool {
	return len(parts) > 0 && parts[0].Column == column
}
