package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/table"
)

// Create stores a new table. It assigns the ids of t and of its indexes. t is owned by the catalog afterwards.
//
// Errors: 1050 the name is taken; 1059, 1060, 1061, 1070, 1071, 1103, 1113, 1117, 1118, 1166 the definition contradicts itself; those of tx.
func Create(tx *table.Tx, t *Table) error {
	if err := check(t); err != nil {
		return err
	}
	if err := free(tx, t.storedName()); err != nil {
		return err
	}
	first, err := tx.NextAutoInc(DescriptorTable, 2+len(t.Indexes)+len(t.Texts)+t.unnumbered())
	if err != nil {
		return err
	}
	t.number(uint32(first) + FirstID - 1)
	if err := keepFew(tx, &Table{}, t); err != nil {
		return err
	}
	return put(tx, t)
}

// Temporary makes t a table of one session: it checks it and gives it and its indexes ids from first on.
//
// Errors: as Create.
func Temporary(t *Table, first uint32) error {
	if err := check(t); err != nil {
		return err
	}
	t.number(first)
	t.Temporary = true
	return nil
}

// number gives a new table and its indexes their ids.
func (t *Table) number(first uint32) {
	t.ID, t.HiddenCounter, t.Version = first, first+1, 1
	for i := range t.Indexes {
		t.Indexes[i].ID = first + 2 + uint32(i)
	}
	for i := range t.Texts {
		t.Texts[i].ID = first + 2 + uint32(len(t.Indexes)+i)
	}
	t.numberParts(first + 2 + uint32(len(t.Indexes)+len(t.Texts)))
}

// keepFew has the rows of a table that are in memory bounded as its full-text indexes ask for, where old, in whose place it comes, has
// not.
func keepFew(tx *table.Tx, old, t *Table) error {
	most, had := 0, map[uint32]bool{}
	if len(t.Texts) > 0 {
		most = TextRowsMax
	}
	if len(old.Texts) > 0 {
		for _, part := range old.PartTables() {
			had[part.ID] = true
		}
	}
	for _, part := range t.PartTables() {
		if had[part.ID] == (most > 0) {
			continue
		}
		if err := tx.KeepFew(part.ID, most); err != nil {
			return err
		}
	}
	return nil
}

// Drop removes a table, its indexes and their rows.
func Drop(tx *table.Tx, t *Table) error {
	if err := tx.Delete(DescriptorTable, DescriptorKey(t.ID)); err != nil {
		return err
	}
	if err := tx.Delete(NameTable, nameKey(t.storedName())); err != nil {
		return err
	}
	return Truncate(tx, t)
}

// Truncate removes the rows of a table and of its indexes, and sets its counters back.
func Truncate(tx *table.Tx, t *Table) error {
	return dropAll(tx, t.storage())
}

// TruncatePart removes the rows of one partition of t and their index entries.
func TruncatePart(tx *table.Tx, t *Table, part int) error {
	ids := map[uint32]bool{}
	for _, id := range t.Partitioning.Parts[part].idsOf() {
		ids[id] = true
	}
	return dropAll(tx, ids)
}

func dropAll(tx *table.Tx, ids map[uint32]bool) error {
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		if err := tx.DropTable(id); err != nil {
			return err
		}
	}
	return nil
}

// Alter stores t as the new descriptor of old, under its new name if that changed. It assigns the ids of indexes that have
// none, also of partitions, and removes the rows and entries of the partitions and indexes that t no longer has.
//
// Errors: as Create.
func Alter(tx *table.Tx, old, t *Table) error {
	err := replace(tx, old, t, func(n int) (uint32, error) {
		first, err := tx.NextAutoInc(DescriptorTable, n)
		return uint32(first) + FirstID - 1, err
	})
	if err != nil {
		return err
	}
	return Rename(tx, old.Name, t)
}

// AlterTemporary makes t the new descriptor of the temporary table old. next returns the first of n new ids.
//
// Errors: as Create.
func AlterTemporary(tx *table.Tx, old, t *Table, next func(n int) uint32) error {
	return replace(tx, old, t, func(n int) (uint32, error) { return next(n), nil })
}

// replace gives t what it lacks to take the place of old, and removes what it no longer has.
func replace(tx *table.Tx, old, t *Table, next func(n int) (uint32, error)) error {
	if err := check(t); err != nil {
		return err
	}
	if err := numberFresh(t, next); err != nil {
		return err
	}
	gone := old.storage()
	for id := range t.storage() {
		delete(gone, id)
	}
	t.Version = old.Version + 1
	if err := keepFew(tx, old, t); err != nil {
		return err
	}
	return dropAll(tx, gone)
}

// Exchange swaps the rows of a partition of t with those of table s: it swaps the ids under which both have them, and their index
// entries, in the same order of indexes. Counters stay under the ids where they are. t and s must not be in use any more; it
// returns the new descriptor of s.
func Exchange(tx *table.Tx, t *Table, part int, s *Table) (*Table, error) {
	t, out := t.Clone(), s.Clone()
	q := &t.Partitioning.Parts[part]
	out.ID, q.ID = q.ID, s.ID
	for i := range out.Indexes {
		id := t.Indexes[i].ID
		out.Indexes[i].ID, q.Indexes[id] = q.Indexes[id], s.Indexes[i].ID
	}
	t.Version, out.Version = t.Version+1, out.Version+1
	if err := tx.Delete(DescriptorTable, DescriptorKey(s.ID)); err != nil {
		return nil, err
	}
	if err := put(tx, t); err != nil {
		return nil, err
	}
	return out, put(tx, out)
}

// numberFresh gives the indexes and partitions of t the ids that they lack. first returns the first of n new ones.
func numberFresh(t *Table, first func(n int) (uint32, error)) error {
	var fresh []*Index
	for i := range t.Indexes {
		if t.Indexes[i].ID == 0 {
			fresh = append(fresh, &t.Indexes[i])
		}
	}
	var texts []*Text
	for i := range t.Texts {
		if t.Texts[i].ID == 0 {
			texts = append(texts, &t.Texts[i])
		}
	}
	n := len(fresh) + len(texts) + t.unnumbered()
	if n == 0 {
		t.numberParts(0) // forgets the indexes that have gone
		return nil
	}
	next, err := first(n)
	if err != nil {
		return err
	}
	for _, ix := range fresh {
		ix.ID = next
		next++
	}
	for _, ix := range texts {
		ix.ID = next
		next++
	}
	t.numberParts(next)
	return nil
}

// Rename stores t, whose name was another one.
//
// Errors: 1050 the name is taken; those of tx.
func Rename(tx *table.Tx, from string, t *Table) error {
	if !strings.EqualFold(from, t.Name) {
		if err := free(tx, t.Name); err != nil {
			return err
		}
		if err := tx.Delete(NameTable, nameKey(from)); err != nil {
			return err
		}
	}
	return put(tx, t)
}

// free returns error 1050 when a name is taken.
func free(tx *table.Tx, name string) error {
	if _, taken := tx.Peek(NameTable, nameKey(name)); taken {
		return base.Errorf(errno.TableExists, "Table '%s' already exists", name)
	}
	return nil
}

func put(tx *table.Tx, t *Table) error {
	row, err := encodeTable(t)
	if err != nil {
		return err
	}
	if err := tx.Put(DescriptorTable, DescriptorKey(t.ID), row); err != nil {
		return err
	}
	return putName(tx, t.storedName(), t.ID)
}

// storedName is what a table is found by: the tables of the schema system have names of their own.
func (t *Table) storedName() string {
	if t.System {
		return objectName("system", t.Name)
	}
	return t.Name
}

func putName(tx *table.Tx, name string, id uint32) error {
	return tx.Put(NameTable, nameKey(name), string(base.AppendField(nil, 1, base.NewUint(uint64(id)))))
}

// AddHiddenKey gives a table that was declared without a primary key its hidden one.
func AddHiddenKey(t *Table) {
	t.NextColumnID++
	t.Columns = append(t.Columns, Column{ID: t.NextColumnID, Name: "(hidden key)", NotNull: true, Hidden: true,
		Type: base.Type{ID: base.TypeBigInt, Unsigned: true}})
	t.Primary = []KeyPart{{Column: t.NextColumnID}}
}

func check(t *Table) error {
	if err := CheckTableName(t.Name); err != nil {
		return err
	}
	visible, shown := 0, false
	seen := map[string]bool{}
	for _, c := range t.Columns {
		if c.Hidden {
			continue
		}
		visible++
		shown = shown || !c.Invisible
		if err := CheckColumnName(c.Name); err != nil {
			return err
		}
		if l := strings.ToLower(c.Name); seen[l] {
			return base.Errorf(errno.DupFieldName, "Duplicate column name '%s'", c.Name)
		} else {
			seen[l] = true
		}
	}
	if visible == 0 {
		return base.Errorf(errno.TableNoColumns, "A table must have at least 1 column")
	}
	if !shown {
		return base.Errorf(errno.AllInvisible, "A table must have at least one visible column.")
	}
	if visible > maxColumns {
		return base.Errorf(errno.TooManyColumns, "Too many columns: %d of at most %d", visible, maxColumns)
	}
	if err := checkKeys(t); err != nil {
		return err
	}
	if err := checkEncrypted(t); err != nil {
		return err
	}
	for i := range t.Checks {
		if err := CheckName(t.Checks[i].Name); err != nil {
			return err
		}
	}
	return checkSizes(t)
}

func checkKeys(t *Table) error {
	if len(t.Primary) == 0 {
		return fmt.Errorf("table %s has no key", t.Name)
	}
	names := map[string]bool{"primary": true}
	for _, ix := range t.Indexes {
		if err := checkKey(ix.Name, len(ix.Parts), names); err != nil {
			return err
		}
	}
	return checkTexts(t, names)
}

// checkKey checks the name of a key, which names does not have yet, and the number of its parts.
func checkKey(name string, parts int, names map[string]bool) error {
	if err := CheckName(name); err != nil {
		return err
	}
	l := strings.ToLower(name)
	if names[l] {
		return base.Errorf(errno.DupKeyName, "Duplicate key name '%s'", name)
	}
	if names[l] = true; parts > maxKeyParts {
		return base.Errorf(errno.TooManyKeyParts, "Too many key parts specified; max %d parts allowed", maxKeyParts)
	}
	return nil
}
