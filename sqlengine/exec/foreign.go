package exec

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/table"
)

// maxCascade is how deep a change may go on from parent to child (MySQL's FK_MAX_CASCADE_DEL).
const maxCascade = 15

// family is what the writers of one statement share: cascades go from one to the next.
type family struct {
	writers  map[uint32]*writer // of the tables that cascades reach
	touched  map[uint32]bool    // tables that a cascade has changed
	updating []uint32           // tables whose keys are being changed, from the first parent on
	depth    int
}

// foreignKeys is what foreign keys ask of the writer of one table.
type foreignKeys struct {
	parents  []parentKey
	children []childKey
}

// parentKey is a foreign key of the table.
type parentKey struct {
	key    *catalog.ForeignKey
	cols   []int          // positions of its columns
	parent *catalog.Table // nil: there is none
	refs   []int          // positions of the columns referenced, in parent
	lookup keyLookup
}

// childKey is a foreign key that references the table.
type childKey struct {
	child  *catalog.Table
	key    *catalog.ForeignKey
	cols   []int // positions of its columns, in child
	refs   []int // positions of the columns referenced
	lookup keyLookup
}

// keyLookup finds rows by the first columns of a key.
type keyLookup struct {
	table *catalog.Table
	parts []catalog.KeyPart
	index *catalog.Index // nil: the primary key
	exact bool           // at most one row has the values
}

func newLookupOver(t *catalog.Table, columns []uint32) (keyLookup, bool) {
	parts, ix, ok := t.KeyOver(columns, nil)
	return keyLookup{table: t, parts: parts, index: ix, exact: len(parts) == len(columns) && (ix == nil || ix.Unique)}, ok
}

// id is the table that the keys are in.
func (l *keyLookup) id() uint32 {
	if l.index != nil {
		return l.index.ID
	}
	return l.table.ID
}

// newForeignKeys returns what the foreign keys of t and those that reference it ask for; nil if there are none.
func newForeignKeys(ec *Context, tx *table.Tx, t *catalog.Table) *foreignKeys {
	if ec.Catalog == nil || ec.NoForeignKeys || t.Temporary {
		return nil
	}
	refs := ec.Catalog.References(t.Name)
	if len(t.ForeignKeys) == 0 && len(refs) == 0 {
		return nil
	}
	f := &foreignKeys{}
	for i := range t.ForeignKeys {
		f.parents = append(f.parents, newParentKey(ec, tx, t, &t.ForeignKeys[i]))
	}
	for _, ref := range refs {
		c := childKey{child: ref.Child, key: ref.Key, cols: columnsAt(ref.Child, ref.Key.Columns)}
		ids, _, ok := t.ColumnIDs(ref.Key.ParentColumns)
		if !ok {
			continue // the table took the place of another parent while checks were off, and does not fit
		}
		c.refs = columnsAt(t, ids)
		if c.lookup, ok = newLookupOver(ref.Child, ref.Key.Columns); !ok {
			continue
		}
		tx.DependOn(catalog.DescriptorTable, catalog.DescriptorKey(ref.Child.ID))
		f.children = append(f.children, c)
	}
	return f
}

func newParentKey(ec *Context, tx *table.Tx, t *catalog.Table, k *catalog.ForeignKey) parentKey {
	p := parentKey{key: k, cols: columnsAt(t, k.Columns), parent: ec.Catalog.Stored().Table(k.Parent)}
	if p.parent == nil {
		return p
	}
	ids, _, ok := p.parent.ColumnIDs(k.ParentColumns)
	if ok {
		p.refs = columnsAt(p.parent, ids)
		p.lookup, ok = newLookupOver(p.parent, ids)
	}
	if !ok {
		p.parent = nil
		return p
	}
	tx.DependOn(catalog.DescriptorTable, catalog.DescriptorKey(p.parent.ID))
	return p
}

// CheckForeignKeys checks that every row of t has the parents that keys, foreign keys of t, ask for. ec.Catalog has t.
//
// Errors: 1452; those of tx.
func CheckForeignKeys(ec *Context, tx *table.Tx, t *catalog.Table, keys []catalog.ForeignKey) error {
	w := newWriter(ec, tx, t, false)
	w.fk = &foreignKeys{}
	for i := range keys {
		w.fk.parents = append(w.fk.parents, newParentKey(ec, tx, t, &keys[i]))
	}
	tx.DependOnRange(t.ID, "", "")
	var cols []table.ScanCol
	for i := range t.Columns {
		cols = append(cols, scanCol(&t.Columns[i]))
	}
	scan := tx.Scan(ec.Ctx, t.ID, table.ScanSpec{Cols: cols})
	row := make([]base.Value, len(t.Columns))
	var b vec.Batch
	for {
		_, ok, err := scan.Next(ec.Ctx, &b)
		if err != nil || !ok {
			return err
		}
		for k := range b.N {
			for i := range row {
				row[i] = b.Cols[i].Value(k)
			}
			if err := w.checkParents(row, nil); err != nil {
				return err
			}
		}
	}
}

func columnsAt(t *catalog.Table, ids []uint32) []int {
	out := make([]int, len(ids))
	for i, id := range ids {
		out[i] = t.ColumnByID(id)
	}
	return out
}

// pick returns the values at positions of a row; null says that one is NULL.
func pick(row []base.Value, at []int) (values []base.Value, null bool) {
	values = make([]base.Value, len(at))
	for i, p := range at {
		values[i] = row[p]
		null = null || row[p].IsNull()
	}
	return values, null
}

func equalAt(a, b []base.Value, at []int) bool {
	for _, p := range at {
		if a[p] != b[p] {
			return false
		}
	}
	return true
}

// checkParents checks that the rows which row references are there. old is the row that it replaces; nil none. What was read
// for that is proved by the commit: a parent that goes at the same time is a conflict.
func (w *writer) checkParents(row, old []base.Value) error {
	for i := range w.fk.parents {
		p := &w.fk.parents[i]
		if old != nil && equalAt(row, old, p.cols) {
			continue
		}
		values, null := pick(row, p.cols)
		if null {
			continue // MATCH SIMPLE
		}
		if p.parent != nil {
			if p.parent.ID == w.t.ID {
				if self, _ := pick(row, p.refs); p.lookup.key(self) == p.lookup.key(values) {
					continue
				}
			}
			found, err := w.exists(&p.lookup, values)
			if err != nil {
				return err
			}
			if found {
				continue
			}
		}
		return base.Errorf(errno.NoReferencedRow, "Cannot add or update a child row: a foreign key constraint fails (%s)", w.describe(w.t, p.key))
	}
	return nil
}

// key returns the first bytes of the keys that have the values in their first columns.
func (l *keyLookup) key(values []base.Value) string {
	return catalog.ReferenceKey(l.table, l.parts, values)
}

// sameKey reports whether two rows of the parent are the same to a child: texts that its collation does not tell apart are.
func (c *childKey) sameKey(old, row []base.Value) bool {
	if equalAt(old, row, c.refs) {
		return true
	}
	was, wasNull := pick(old, c.refs)
	is, isNull := pick(row, c.refs)
	return wasNull == isNull && c.lookup.key(was) == c.lookup.key(is)
}

func (w *writer) describe(t *catalog.Table, k *catalog.ForeignKey) string {
	return catalog.QuoteName(w.ec.Expr.Database) + "." + catalog.QuoteName(t.Name) + ", " + catalog.ForeignKeySQL(t, k)
}

// exists reports whether a row has the values in the first columns of a key.
func (w *writer) exists(l *keyLookup, values []base.Value) (bool, error) {
	key := l.key(values)
	if l.exact {
		w.tx.DependOn(l.id(), key)
		_, ok, err := w.tx.Get(w.ec.Ctx, l.id(), key)
		return ok, err
	}
	found, err := w.keys(l, key, true)
	return len(found) > 0, err
}

// keys returns the keys that start with prefix; with first set, one of them.
func (w *writer) keys(l *keyLookup, prefix string, first bool) ([]string, error) {
	end := base.PrefixEnd(prefix)
	w.tx.DependOnRange(l.id(), prefix, end)
	scan := w.tx.Scan(w.ec.Ctx, l.id(), table.ScanSpec{Lo: prefix, Hi: end, WithKeys: true})
	var out []string
	var b vec.Batch
	for {
		found, ok, err := scan.Next(w.ec.Ctx, &b)
		if err != nil || !ok {
			return out, err
		}
		out = append(out, found...)
		if first {
			return out, nil
		}
	}
}

// deleteRow deletes a row and does to its children what their foreign keys ask for. Under IGNORE a row that fails leaves nothing
// behind.
func (w *writer) deleteRow(pk string, row []base.Value) error {
	if w.fk == nil || len(w.fk.children) == 0 {
		return w.remove(pk, row)
	}
	return w.whole(func() error { return w.deleteParent(pk, row) })
}

// whole runs fn and, under IGNORE, undoes what it did when it fails.
func (w *writer) whole(fn func() error) error {
	if !w.ignore {
		return fn()
	}
	sp := w.tx.Savepoint()
	err := fn()
	if err != nil {
		if uerr := w.tx.RollbackTo(sp); uerr != nil {
			return uerr
		}
	}
	return err
}

func (w *writer) deleteParent(pk string, row []base.Value) error {
	for i := range w.fk.children {
		if c := &w.fk.children[i]; c.key.OnDelete != catalog.Cascade && c.key.OnDelete != catalog.SetNull {
			if err := w.unreferenced(c, row); err != nil {
				return err
			}
		}
	}
	if err := w.remove(pk, row); err != nil {
		return err
	}
	for i := range w.fk.children {
		c := &w.fk.children[i]
		var err error
		switch c.key.OnDelete {
		case catalog.Cascade:
			err = w.cascade(c, row, func(cw *writer, pk string, old []base.Value) error { return cw.deleteRow(pk, old) })
		case catalog.SetNull:
			err = w.cascade(c, row, func(cw *writer, _ string, old []base.Value) error { return cw.changeColumns(c, old, nil) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unreferenced returns error 1451 if a child row references row.
func (w *writer) unreferenced(c *childKey, row []base.Value) error {
	values, null := pick(row, c.refs)
	if null {
		return nil
	}
	var found bool
	var err error
	if c.child.TTL != "" {
		found, err = w.livingChild(c, values)
	} else {
		found, err = w.exists(&c.lookup, values)
	}
	if err == nil && found {
		err = base.Errorf(errno.RowIsReferenced, "Cannot delete or update a parent row: a foreign key constraint fails (%s)", w.describe(c.child, c.key))
	}
	return err
}

// cascade calls fn for each child row that references row, which has been deleted or changed.
func (w *writer) cascade(c *childKey, row []base.Value, fn func(cw *writer, pk string, old []base.Value) error) error {
	values, null := pick(row, c.refs)
	if null {
		return nil
	}
	found, err := w.keys(&c.lookup, c.lookup.key(values), false)
	if err != nil || len(found) == 0 {
		return err
	}
	if w.fam.depth++; w.fam.depth > maxCascade {
		return base.Errorf(errno.CascadeTooDeep, "Foreign key cascade delete/update exceeds max depth of %d.", maxCascade)
	}
	defer func() { w.fam.depth-- }()
	cw := w.fam.writer(w, c.child)
	w.fam.touched[c.child.ID] = true
	for i, key := range found {
		if i&1023 == 0 {
			if err := w.ec.Ctx.Err(); err != nil {
				return err
			}
		}
		pk, old, ok, err := cw.child(c, key)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := fn(cw, pk, old); err != nil {
			return err
		}
	}
	return nil
}

// child reads the row that a key of a foreign key's lookup leads to, all columns; ok is false when a cascade has taken it.
func (w *writer) child(c *childKey, key string) (pk string, row []base.Value, ok bool, err error) {
	pk = key
	if c.lookup.index != nil {
		if pk, ok, err = w.tx.Get(w.ec.Ctx, c.lookup.index.ID, key); err != nil || !ok {
			return "", nil, false, err
		}
	}
	enc, ok, err := w.tx.Get(w.ec.Ctx, c.child.ID, pk)
	if err != nil || !ok {
		return "", nil, false, err
	}
	row, err = catalog.DecodeRow(c.child, enc, w.ec.Key)
	if err == nil && c.child.HasVirtual() {
		err = w.derive(row, 1)
	}
	return pk, row, true, err
}

// writer returns the writer of a child.
func (f *family) writer(from *writer, t *catalog.Table) *writer {
	if w := f.writers[t.ID]; w != nil {
		return w
	}
	w := newWriter(from.ec, from.tx, t, false)
	w.fam = f
	if f.writers == nil {
		f.writers = map[uint32]*writer{}
	}
	f.writers[t.ID] = w
	return w
}

// changeColumns gives the columns of a foreign key other values in a child row; nil values are NULLs.
func (w *writer) changeColumns(c *childKey, old, values []base.Value) error {
	row := append([]base.Value(nil), old...)
	for i, at := range c.cols {
		row[at] = base.Value{}
		if values != nil {
			row[at] = values[i]
		}
	}
	return w.change(old, row)
}

// changeParent writes row in the place of old, of which findConflict has cleared the keys, and does to its children what their
// foreign keys ask for.
func (w *writer) changeParent(oldPK string, old []base.Value, pk string, row []base.Value) error {
	if err := w.checkParents(row, old); err != nil {
		return err
	}
	var follow []*childKey
	for i := range w.fk.children {
		c := &w.fk.children[i]
		if c.sameKey(old, row) {
			continue
		}
		if (c.key.OnUpdate == catalog.Cascade || c.key.OnUpdate == catalog.SetNull) && !w.fam.changing(w.t.ID, c.child.ID) {
			follow = append(follow, c)
			continue
		}
		if err := w.unreferenced(c, old); err != nil {
			return err
		}
	}
	if err := w.replace(oldPK, old, pk, row); err != nil || len(follow) == 0 {
		return err
	}
	w.fam.updating = append(w.fam.updating, w.t.ID)
	defer func() { w.fam.updating = w.fam.updating[:len(w.fam.updating)-1] }()
	for _, c := range follow {
		var values []base.Value
		if c.key.OnUpdate == catalog.Cascade {
			values, _ = pick(row, c.refs)
		}
		err := w.cascade(c, old, func(cw *writer, _ string, child []base.Value) error { return cw.changeColumns(c, child, values) })
		if err != nil {
			return err
		}
	}
	return nil
}

// changing reports whether a cascade of changes that comes to child would come to a table for the second time: then the foreign
// key restricts, as InnoDB does.
func (f *family) changing(self, child uint32) bool {
	if self == child {
		return true
	}
	for _, id := range f.updating {
		if id == child {
			return true
		}
	}
	return false
}
