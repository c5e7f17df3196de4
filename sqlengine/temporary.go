package sqlengine

import (
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/storage/table"
)

// temporaryTables are the TEMPORARY tables of one session. Their descriptors are the session's, as in MySQL no ROLLBACK
// brings one back; their rows are in the session's transactions like any others.
type temporaryTables struct {
	local  *table.Local
	tables map[string]*catalog.Table // by lower-case name; replaced, never changed

	base, merged *catalog.Catalog // the last catalog that was asked for, without and with the tables
}

// rows returns the rows of the tables, for the session's next transaction; nil without a table.
func (s *temporaryTables) rows() *table.Local { return s.local }

// set replaces the tables.
func (s *temporaryTables) set(change func(map[string]*catalog.Table)) {
	next := make(map[string]*catalog.Table, len(s.tables)+1)
	for name, t := range s.tables {
		next[name] = t
	}
	change(next)
	s.tables, s.base, s.merged = next, nil, nil
}

// restore takes back what a statement that failed did to the tables: it may run again. Their rows are its transaction's.
func (s *temporaryTables) restore(to temporaryTables) {
	s.tables, s.base, s.merged = to.tables, to.base, to.merged
}

// catalog returns the descriptors that the statement sees: those of the transaction under the session's own.
func (r *run) catalog(tx *table.Tx) (*catalog.Catalog, error) {
	cat, err := r.s.e.catalog.Load(r.ctx, tx)
	s := &r.s.temporary
	if err != nil || len(s.tables) == 0 {
		return cat, err
	}
	if s.base != cat {
		s.base, s.merged = cat, cat.With(s.tables)
	}
	return s.merged, nil
}

// temporaryVersion tells catalogs with temporary tables apart.
type temporaryVersion struct {
	catalog any
	merged  *catalog.Catalog
}

// catalogVersion returns a comparable value: two equal ones mean the same descriptors.
func (r *run) catalogVersion(tx *table.Tx) any {
	v := tx.Version(catalogTable)
	if len(r.s.temporary.tables) == 0 {
		return v
	}
	cat, err := r.catalog(tx)
	if err != nil {
		return nil // planning meets the error
	}
	return temporaryVersion{v, cat}
}

// createTemporary adds a temporary table, which hides one of its name that is not temporary.
func (r *run) createTemporary(t *catalog.Table, tx *table.Tx) error {
	s := &r.s.temporary
	if s.tables[strings.ToLower(t.Name)] != nil {
		return base.Errorf(errno.TableExists, "Table '%s' already exists", t.Name)
	}
	if t.TTL != "" {
		return temporaryTTL()
	}
	if err := catalog.Temporary(t, r.s.e.nextLocal(2+len(t.Indexes))); err != nil {
		return err
	}
	if s.local == nil {
		s.local = new(table.Local)
	}
	tx.UseLocal(s.local)
	s.set(func(m map[string]*catalog.Table) { m[strings.ToLower(t.Name)] = t })
	return nil
}

// dropTemporary removes a temporary table and its rows.
func (r *run) dropTemporary(t *catalog.Table, tx *table.Tx) error {
	r.s.temporary.set(func(m map[string]*catalog.Table) { delete(m, strings.ToLower(t.Name)) })
	return catalog.Truncate(tx, t)
}

// nextLocal returns the first of n ids for temporary tables and their indexes.
func (e *Engine) nextLocal(n int) uint32 {
	return table.LocalFirst + e.localIDs.Add(uint32(n)) - uint32(n)
}

// temporaryNamed returns the temporary table that a name means; nil if it means none.
func (r *run) temporaryNamed(n *ast.TableName) *catalog.Table {
	if r.ownDatabase(n) != nil {
		return nil
	}
	return r.s.temporary.tables[strings.ToLower(n.Name)]
}

// alterTemporary is ALTER TABLE, CREATE INDEX and DROP INDEX of a temporary table. As in MySQL it commits: a descriptor that
// no ROLLBACK brings back must not part from rows that one would.
func (r *run) alterTemporary(n *ast.AlterTable) (*Result, error) {
	if r.s.settings.readOnly || r.s.tx != nil && r.s.tx.ReadOnly() {
		return nil, base.Errorf(errno.ReadOnlyTx, "Cannot execute statement in a READ ONLY transaction.")
	}
	if err := r.commitTx(); err != nil {
		return nil, err
	}
	var a *alteration
	res, err := r.autocommit(func(tx *table.Tx) (res *Result, err error) {
		a, res, err = r.alter(n, tx)
		return res, err
	})
	if err != nil {
		return nil, err
	}
	r.s.temporary.set(func(m map[string]*catalog.Table) {
		delete(m, strings.ToLower(a.old.Name))
		m[strings.ToLower(a.t.Name)] = a.t
	})
	return res, nil
}

// settleTemporary checks what MySQL refuses of a temporary table alone. Its name and those of its constraints are the session's.
//
// Errors: 1050, 1215, 1562.
func (a *alteration) settleTemporary() error {
	other := a.r.s.temporary.tables[strings.ToLower(a.t.Name)]
	switch {
	case a.divide != nil && a.divide.Op == "BY":
		return partitionTemporary()
	case len(a.foreign) > 0:
		return foreignTemporary()
	case other != nil && other.ID != a.t.ID:
		return base.Errorf(errno.TableExists, "Table '%s' already exists", a.t.Name)
	}
	return nil
}

func partitionTemporary() error {
	return base.Errorf(errno.PartitionTemporary, "Cannot create temporary table with partitions")
}

func foreignTemporary() error {
	return base.Errorf(errno.CannotAddForeign, "Cannot add foreign key constraint")
}
