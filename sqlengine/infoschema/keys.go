package infoschema

import (
	"slices"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
)

// key is the primary key or an index of a table.
type key struct {
	name            string
	primary, unique bool
	parts           []catalog.KeyPart
	index           *catalog.Index // nil: the primary key, or one of full text
	text            *catalog.Text  // nil: another one
}

// nullable reports whether a part of the key may be NULL.
func (k *key) nullable(t *catalog.Table) bool {
	return slices.ContainsFunc(k.parts, func(p catalog.KeyPart) bool { return !t.Columns[t.ColumnByID(p.Column)].NotNull })
}

// keysOf returns the keys of a table in the order in which MySQL lists them.
func keysOf(t *catalog.Table) []key {
	var out []key
	if !catalog.HiddenKey(t) {
		out = append(out, key{name: "PRIMARY", primary: true, unique: true, parts: t.Primary})
	}
	for _, ix := range catalog.SortedIndexes(t) {
		out = append(out, key{name: ix.Name, unique: ix.Unique, parts: ix.Parts, index: ix})
	}
	for i := range t.Texts {
		k := key{name: t.Texts[i].Name, text: &t.Texts[i]}
		for _, id := range k.text.Columns {
			k.parts = append(k.parts, catalog.KeyPart{Column: id})
		}
		out = append(out, k)
	}
	return out
}

// statistics lists the parts of keys.
var statistics = definition{
	name: "STATISTICS",
	columns: join(names("TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME"), cols(required(of("NON_UNIQUE", base.TypeInt))),
		names("INDEX_SCHEMA", "INDEX_NAME"), cols(required(unsigned("SEQ_IN_INDEX", base.TypeInt)), text("COLUMN_NAME", 64),
			text("COLLATION", 1), of("CARDINALITY", base.TypeBigInt), of("SUB_PART", base.TypeBigInt), binary("PACKED"),
			required(text("NULLABLE", 3)), required(text("INDEX_TYPE", 11)), required(text("COMMENT", 8)),
			required(text("INDEX_COMMENT", 2048)), required(text("IS_VISIBLE", 3)), of("EXPRESSION", base.TypeLongText))),
	keys: schemaAndTable,
	rows: perTable(func(r *reader, t *catalog.Table) (out [][]base.Value) {
		for _, k := range keysOf(t) {
			for i, p := range k.parts {
				out = append(out, statisticsRow(r, t, &k, i, p))
			}
		}
		return out
	}),
}

func statisticsRow(r *reader, t *catalog.Table, k *key, i int, p catalog.KeyPart) []base.Value {
	c := &t.Columns[t.ColumnByID(p.Column)]
	collation, sub, nullable, nonUnique, kind := str("A"), base.Value{}, "", int64(1), "BTREE"
	if p.Desc {
		collation = str("D")
	}
	if p.Prefix > 0 {
		sub = base.NewInt(int64(p.Prefix))
	}
	if !c.NotNull {
		nullable = "YES"
	}
	if k.unique {
		nonUnique = 0
	}
	column, expression := str(c.Name), base.Value{}
	if c.Hidden && c.Generated != nil { // a functional key part
		column, expression = base.Value{}, str(c.Generated.SQL)
	}
	comment, visible := "", true
	switch {
	case k.index != nil:
		comment, visible = k.index.Comment, !k.index.Invisible
	case k.text != nil:
		comment, visible = k.text.Comment, !k.text.Invisible
		collation, kind = base.Value{}, "FULLTEXT"
	}
	return []base.Value{str(catalogName), str(r.Database()), str(t.Name), base.NewInt(nonUnique), str(r.Database()), str(k.name), num(i + 1),
		column, collation, base.NewInt(tableSizes(r, t.PartTables())[0].Int()), sub, {}, str(nullable), str(kind), str(""), str(comment),
		str(yesNo(visible)), expression}
}

// keyColumnUsage lists the columns of primary, unique and foreign keys.
var keyColumnUsage = definition{
	name: "KEY_COLUMN_USAGE",
	columns: join(names("CONSTRAINT_CATALOG", "CONSTRAINT_SCHEMA", "CONSTRAINT_NAME", "TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME",
		"COLUMN_NAME"), cols(required(unsigned("ORDINAL_POSITION", base.TypeInt)), unsigned("POSITION_IN_UNIQUE_CONSTRAINT", base.TypeInt)),
		names("REFERENCED_TABLE_SCHEMA", "REFERENCED_TABLE_NAME", "REFERENCED_COLUMN_NAME")),
	keys: []int{4, 5},
	rows: perTable(func(r *reader, t *catalog.Table) (out [][]base.Value) {
		for _, k := range keysOf(t) {
			if !k.unique {
				continue
			}
			for i, p := range k.parts {
				out = append(out, []base.Value{str(catalogName), str(r.Database()), str(k.name), str(catalogName), str(r.Database()), str(t.Name),
					str(t.Columns[t.ColumnByID(p.Column)].Name), num(i + 1), {}, {}, {}, {}})
			}
		}
		return append(out, foreignColumns(r, t)...)
	}),
}

// tableConstraints lists the primary, unique and foreign keys and the checks of tables.
var tableConstraints = definition{
	name: "TABLE_CONSTRAINTS",
	columns: join(names("CONSTRAINT_CATALOG", "CONSTRAINT_SCHEMA", "CONSTRAINT_NAME", "TABLE_SCHEMA", "TABLE_NAME"),
		cols(required(text("CONSTRAINT_TYPE", 11)), required(text("ENFORCED", 3)))),
	keys: []int{3, 4},
	rows: perTable(func(r *reader, t *catalog.Table) (out [][]base.Value) {
		add := func(name, kind, enforced string) {
			out = append(out, []base.Value{str(catalogName), str(r.Database()), str(name), str(r.Database()), str(t.Name), str(kind), str(enforced)})
		}
		for _, k := range keysOf(t) {
			switch {
			case k.primary:
				add(k.name, "PRIMARY KEY", "YES")
			case k.unique:
				add(k.name, "UNIQUE", "YES")
			}
		}
		for i := range t.ForeignKeys {
			add(t.ForeignKeys[i].Name, "FOREIGN KEY", "YES")
		}
		for _, c := range t.Checks {
			add(c.Name, "CHECK", yesNo(!c.NotEnforced))
		}
		return out
	}),
}

// referenceRules are the elements of UPDATE_RULE and DELETE_RULE.
var referenceRules = []string{"NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT"}

// referentialConstraints lists the foreign keys.
var referentialConstraints = definition{
	name: "REFERENTIAL_CONSTRAINTS",
	columns: join(names("CONSTRAINT_CATALOG", "CONSTRAINT_SCHEMA", "CONSTRAINT_NAME", "UNIQUE_CONSTRAINT_CATALOG",
		"UNIQUE_CONSTRAINT_SCHEMA", "UNIQUE_CONSTRAINT_NAME"), cols(required(enum("MATCH_OPTION", "NONE", "PARTIAL", "FULL")),
		required(enum("UPDATE_RULE", referenceRules...)), required(enum("DELETE_RULE", referenceRules...))),
		names("TABLE_NAME", "REFERENCED_TABLE_NAME")),
	rows: perTable(foreignKeyRows),
}

// checkConstraints lists the CHECK clauses.
var checkConstraints = definition{
	name: "CHECK_CONSTRAINTS",
	columns: join(names("CONSTRAINT_CATALOG", "CONSTRAINT_SCHEMA", "CONSTRAINT_NAME"),
		cols(required(of("CHECK_CLAUSE", base.TypeLongText)))),
	rows: perTable(func(r *reader, t *catalog.Table) (out [][]base.Value) {
		for _, c := range t.Checks {
			out = append(out, []base.Value{str(catalogName), str(r.Database()), str(c.Name), str("(" + c.SQL + ")")})
		}
		return out
	}),
}
