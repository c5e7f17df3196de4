package catalog

import (
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/table"
)

// ForeignKey is a FOREIGN KEY constraint of the table that holds it, the child. The parent and its columns are kept by name, as
// MySQL does: with foreign_key_checks off a parent may be missing, and a table made under its name later takes its place.
type ForeignKey struct {
	Name          string   `json:"name"`
	Columns       []uint32 `json:"columns"` // ids of the child's columns
	Parent        string   `json:"parent"`
	ParentColumns []string `json:"parent_columns"`
	OnDelete      Action   `json:"on_delete,omitempty"`
	OnUpdate      Action   `json:"on_update,omitempty"`
}

// Action is what a foreign key does when the parent's row goes or changes its key.
type Action string

// The actions. NO ACTION and RESTRICT do the same: constraints are never deferred.
const (
	NoAction Action = ""
	Restrict Action = "RESTRICT"
	Cascade  Action = "CASCADE"
	SetNull  Action = "SET NULL"
)

// Reference is a foreign key as its parent sees it.
type Reference struct {
	Child *Table
	Key   *ForeignKey
}

// References returns the foreign keys whose parent is the table called name, those of the table itself included.
func (c *Catalog) References(name string) []Reference { return c.references[strings.ToLower(name)] }

// index notes the foreign keys of a table that has been loaded.
func (c *Catalog) index(t *Table) {
	for i := range t.ForeignKeys {
		if c.references == nil {
			c.references = map[string][]Reference{}
		}
		parent := strings.ToLower(t.ForeignKeys[i].Parent)
		c.references[parent] = append(c.references[parent], Reference{t, &t.ForeignKeys[i]})
	}
}

// ForeignKey returns the foreign key called name, compared without case; nil if there is none.
func (t *Table) ForeignKey(name string) *ForeignKey {
	for i := range t.ForeignKeys {
		if equalFold(t.ForeignKeys[i].Name, name) {
			return &t.ForeignKeys[i]
		}
	}
	return nil
}

// HoldsForeignKey returns the name of a foreign key that column id is part of.
func (t *Table) HoldsForeignKey(id uint32) (string, bool) {
	for i := range t.ForeignKeys {
		for _, c := range t.ForeignKeys[i].Columns {
			if c == id {
				return t.ForeignKeys[i].Name, true
			}
		}
	}
	return "", false
}

// KeyOver returns the key whose first parts are the columns, in this order and whole: the parts and the index, nil for the
// primary key. skip is an index that does not count; nil none. ok is false if there is no such key.
func (t *Table) KeyOver(columns []uint32, skip *Index) (parts []KeyPart, ix *Index, ok bool) {
	if leads(t.Primary, columns) {
		return t.Primary, nil, true
	}
	for i := range t.Indexes {
		if x := &t.Indexes[i]; (skip == nil || x.Name != skip.Name) && leads(x.Parts, columns) {
			return x.Parts, x, true
		}
	}
	return nil, nil, false
}

func leads(parts []KeyPart, columns []uint32) bool {
	if len(parts) < len(columns) {
		return false
	}
	for i, c := range columns {
		if parts[i].Column != c || parts[i].Prefix != 0 {
			return false
		}
	}
	return true
}

// ColumnIDs returns the ids of columns by name; ok is false and missing the first that t does not have.
func (t *Table) ColumnIDs(names []string) (ids []uint32, missing string, ok bool) {
	for _, n := range names {
		c, _ := t.Column(n)
		if c == nil {
			return nil, n, false
		}
		ids = append(ids, c.ID)
	}
	return ids, "", true
}

// ForeignKeyName returns a name for the next unnamed foreign key of t: table_ibfk_n with the next free n, as InnoDB gives it.
func ForeignKeyName(t *Table) string {
	last := 0
	for i := range t.ForeignKeys {
		if n, ok := foreignKeyNumber(t.Name, t.ForeignKeys[i].Name); ok {
			last = max(last, n)
		}
	}
	return t.Name + "_ibfk_" + strconv.Itoa(last+1)
}

// foreignKeyNumber returns the number of a foreign key that was named after its table.
func foreignKeyNumber(table, name string) (int, bool) {
	rest, ok := strings.CutPrefix(strings.ToLower(name), strings.ToLower(table)+"_ibfk_")
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(rest)
	return n, err == nil
}

// TouchParents stores the descriptors of the parents of t's foreign keys anew, with a higher version: a transaction that
// changes rows of a parent, and does not know of the foreign key yet, then conflicts with the one that adds it.
func TouchParents(tx *table.Tx, c *Catalog, t *Table) error {
	done := map[uint32]bool{t.ID: true}
	for i := range t.ForeignKeys {
		parent := c.Table(t.ForeignKeys[i].Parent)
		if parent == nil || done[parent.ID] {
			continue
		}
		done[parent.ID] = true
		next := *parent
		next.Version++
		if err := put(tx, &next); err != nil {
			return err
		}
	}
	return nil
}

// FollowParent stores the descriptors of the tables whose foreign keys reference old anew, where t, which takes its place, or
// columns of it have other names. The foreign keys of the table itself are FollowSelf's.
func FollowParent(tx *table.Tx, c *Catalog, old, t *Table) error {
	done := map[uint32]bool{t.ID: true}
	for _, ref := range c.References(old.Name) {
		if done[ref.Child.ID] {
			continue
		}
		done[ref.Child.ID] = true
		next := ref.Child.Clone()
		if !next.follow(old, t) {
			continue
		}
		next.Version++
		if err := put(tx, next); err != nil {
			return err
		}
	}
	return nil
}

// FollowSelf makes the foreign keys of t that reference old, which t takes the place of, use the new names.
func FollowSelf(old, t *Table) { t.follow(old, t) }

// follow makes the foreign keys of t that reference old use the names of parent, which takes its place, and reports whether one differs.
func (t *Table) follow(old, parent *Table) (changed bool) {
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		if !equalFold(k.Parent, old.Name) {
			continue
		}
		changed = changed || k.Parent != parent.Name
		k.Parent = parent.Name
		for j, name := range k.ParentColumns {
			was, _ := old.Column(name)
			if was == nil {
				continue
			}
			at := parent.ColumnByID(was.ID)
			if at >= 0 && !equalFold(parent.Columns[at].Name, name) {
				k.ParentColumns[j], changed = parent.Columns[at].Name, true
			}
		}
	}
	return changed
}

// RenameForeignKeys gives the foreign keys of t that were named after the table, from_ibfk_n, the table's new name.
func RenameForeignKeys(t *Table, from string) {
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		if n, ok := foreignKeyNumber(from, k.Name); ok {
			k.Name = t.Name + "_ibfk_" + strconv.Itoa(n)
		}
	}
}

// ForeignKeySQL writes a foreign key as SHOW CREATE TABLE and the messages of MySQL do.
func ForeignKeySQL(t *Table, k *ForeignKey) string {
	child := make([]string, len(k.Columns))
	for i, id := range k.Columns {
		child[i] = QuoteName(t.Columns[t.ColumnByID(id)].Name)
	}
	parent := make([]string, len(k.ParentColumns))
	for i, n := range k.ParentColumns {
		parent[i] = QuoteName(n)
	}
	s := "CONSTRAINT " + QuoteName(k.Name) + " FOREIGN KEY (" + strings.Join(child, ", ") + ") REFERENCES " + QuoteName(k.Parent) +
		" (" + strings.Join(parent, ", ") + ")"
	if k.OnDelete != NoAction {
		s += " ON DELETE " + string(k.OnDelete)
	}
	if k.OnUpdate != NoAction {
		s += " ON UPDATE " + string(k.OnUpdate)
	}
	return s
}

// ReferenceKey returns the first bytes of the keys that parts have for values, which are those of the first parts. Where the
// key is unique and has no other part it is the whole key, unless a value is NULL.
func ReferenceKey(t *Table, parts []KeyPart, values []base.Value) string {
	row := make([]base.Value, len(t.Columns))
	for i, p := range parts[:len(values)] {
		row[t.ColumnByID(p.Column)] = values[i]
	}
	key, _ := EncodeKey(t, parts[:len(values)], row)
	return key
}
