package sqlengine

import (
	"errors"
	"slices"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/infoschema"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// infoSource is a run as the tables of information_schema see it.
type infoSource run

// Database returns the name of the one database.
func (r *infoSource) Database() string { return r.s.e.cfg.Database }

// Catalog returns the descriptors that the transaction sees.
func (r *infoSource) Catalog() (*catalog.Catalog, error) { return r.s.e.catalog.Load(r.ctx, r.tx) }

// ViewColumns returns the columns of a view; nil of one that is no longer valid.
func (r *infoSource) ViewColumns(v *catalog.View) (*catalog.Table, error) {
	t, err := (*run)(r).viewTable(v, r.tx)
	var known *base.Error
	if errors.As(err, &known) && (known.Number == errno.ViewInvalid.Number || known.Number == errno.ViewRecursive.Number) {
		return nil, nil
	}
	return t, err
}

// RowCount returns the rows of a table or index.
func (r *infoSource) RowCount(table uint32) int { return r.tx.RowCount(table) }

// ByteCount returns the encoded size of a table or index.
func (r *infoSource) ByteCount(table uint32) int { return r.tx.ByteCount(table) }

// AutoInc returns the highest AUTO_INCREMENT value that a table has given out.
func (r *infoSource) AutoInc(table uint32) uint64 { return r.tx.AutoInc(table) }

// Virtual returns the virtual tables, in order of schema and name.
func (r *infoSource) Virtual() []*plan.VirtualTable {
	system := r.s.systemTables()
	slices.SortFunc(system, func(a, b *plan.VirtualTable) int { return strings.Compare(a.Name, b.Name) })
	return append(infoschema.Tables(), system...)
}

// Processes returns the sessions of this process.
func (r *infoSource) Processes() []infoschema.Process { return r.s.e.processes.list(r.s.e) }

var _ infoschema.Source = (*infoSource)(nil)
