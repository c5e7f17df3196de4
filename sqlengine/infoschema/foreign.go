package infoschema

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
)

// foreignColumns are the rows of KEY_COLUMN_USAGE for the foreign keys of a table.
func foreignColumns(r *reader, t *catalog.Table) (out [][]base.Value) {
	for i := range t.ForeignKeys {
		fk := &t.ForeignKeys[i]
		for n, id := range fk.Columns {
			column := t.Columns[t.ColumnByID(id)].Name
			out = append(out, []base.Value{str(catalogName), str(r.Database()), str(fk.Name), str(catalogName), str(r.Database()), str(t.Name),
				str(column), num(n + 1), num(n + 1), str(r.Database()), str(fk.Parent), str(fk.ParentColumns[n])})
		}
	}
	return out
}

// foreignKeyRows are the rows of REFERENTIAL_CONSTRAINTS for a table. UNIQUE_CONSTRAINT_NAME is NULL while the parent is missing.
func foreignKeyRows(r *reader, t *catalog.Table) (out [][]base.Value) {
	cat, err := r.Catalog()
	if err != nil {
		return nil // perTable has loaded it already
	}
	for i := range t.ForeignKeys {
		fk, unique := &t.ForeignKeys[i], base.Value{}
		if parent := cat.Table(fk.Parent); parent != nil {
			unique = parentKey(parent, fk)
		}
		out = append(out, []base.Value{str(catalogName), str(r.Database()), str(fk.Name), str(catalogName), str(r.Database()), unique, num(1),
			rule(fk.OnUpdate), rule(fk.OnDelete), str(t.Name), str(fk.Parent)})
	}
	return out
}

// parentKey returns the name of the unique key that a foreign key refers to; NULL if it is not unique or gone.
func parentKey(parent *catalog.Table, fk *catalog.ForeignKey) base.Value {
	ids, _, ok := parent.ColumnIDs(fk.ParentColumns)
	if !ok {
		return base.Value{}
	}
	_, ix, ok := parent.KeyOver(ids, nil)
	switch {
	case !ok || ix != nil && !ix.Unique:
		return base.Value{}
	case ix == nil:
		return str("PRIMARY")
	}
	return str(ix.Name)
}

func rule(a catalog.Action) base.Value {
	name := string(a)
	if a == catalog.NoAction {
		name = "NO ACTION"
	}
	for i, known := range referenceRules {
		if known == name {
			return num(i + 1)
		}
	}
	return num(0)
}
