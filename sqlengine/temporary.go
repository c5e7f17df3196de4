package sqlengine

import (
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
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
	n := uint32(2 + len(t.Indexes))
	if err := catalog.Temporary(t, table.LocalFirst+r.s.e.localIDs.Add(n)-n); err != nil {
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
