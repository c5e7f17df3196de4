package infoschema

import (
	"slices"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// Schema is the name of the database that holds the tables of this package.
const Schema = "information_schema"

// catalogName is what every TABLE_CATALOG column holds (MySQL 8.0 manual, "The INFORMATION_SCHEMA TABLES Table").
const catalogName = "def"

// nameCollation compares the names of schemas, tables and columns.
const nameCollation = "utf8mb3_general_ci"

// Source is what one statement sees of the database: its transaction's snapshot with its own changes. The engine gives it as
// expr.Context.Tables.
type Source interface {
	// Database is the name of the one database.
	Database() string
	// Catalog returns the descriptors.
	Catalog() (*catalog.Catalog, error)
	// ViewColumns returns the columns of a view as those of a table.
	ViewColumns(v *catalog.View) (*catalog.Table, error)
	// RowCount and ByteCount return the rows of a table or index and their encoded size.
	RowCount(table uint32) int
	ByteCount(table uint32) int
	// AutoInc returns the highest AUTO_INCREMENT value that a table has given out.
	AutoInc(table uint32) uint64
	// Virtual returns the virtual tables, in order of schema and name.
	Virtual() []*plan.VirtualTable
	// Processes returns the sessions of this process.
	Processes() []Process
}

// definition is one table of information_schema.
type definition struct {
	name    string
	columns []plan.Column
	keys    []int // columns that hold the schema and, after it, the table; nil: rows makes all rows always
	local   bool  // says nothing of the database: needs no current snapshot
	rows    func(r *reader) ([][]base.Value, error)
}

// definitions is every table, in order of the names. Another table is one line here.
func definitions() []*definition {
	return []*definition{&characterSets, &checkConstraints, &collationApplicability, &collations, &columnPrivileges, &columnsTable,
		&columnsExtensions, &engines, &events, &keyColumnUsage, &keywords, &parameters, &partitions, &plugins, &processlist,
		&referentialConstraints, &routines, &schemaPrivileges, &schemata, &statistics, &tableConstraints, &constraintsExtensions,
		&tablePrivileges, &tablesTable, &tablesExtensions, &triggers, &userPrivileges, &views}
}

// Tables returns the tables of information_schema, in order of their names.
func Tables() []*plan.VirtualTable {
	out := make([]*plan.VirtualTable, 0, 32)
	for _, d := range definitions() {
		out = append(out, d.virtual())
	}
	return out
}

// Table returns the table called name, compared without case; nil if there is none.
func Table(name string) *plan.VirtualTable {
	for _, d := range definitions() {
		if strings.EqualFold(d.name, name) {
			return d.virtual()
		}
	}
	return nil
}

func (d *definition) virtual() *plan.VirtualTable {
	return &plan.VirtualTable{Schema: Schema, Name: d.name, Columns: d.columns, Source: d, Current: !d.local}
}

// Rows makes all rows.
func (d *definition) Rows(ctx *expr.Context) ([][]base.Value, error) { return d.RowsOf(ctx, nil) }

// Keys returns the columns that RowsOf can narrow by.
func (d *definition) Keys() []int { return d.keys }

// RowsOf makes the rows whose schema and table, the columns of Keys, have the wanted values; a NULL wants any.
func (d *definition) RowsOf(ctx *expr.Context, want []base.Value) ([][]base.Value, error) {
	src, ok := ctx.Tables.(Source)
	if !ok {
		return nil, base.Errorf(errno.Unknown, "information_schema.%s is read outside a session", d.name)
	}
	r := &reader{Source: src, names: collation.Lookup(nameCollation)}
	if len(want) > 0 {
		r.schema = want[0]
	}
	if len(want) > 1 {
		r.table = want[1]
	}
	return d.rows(r)
}

var _ plan.KeyedSource = (*definition)(nil)

// reader makes rows for one execution.
type reader struct {
	Source
	names         *collation.Collation
	schema, table base.Value // what the statement asks for; NULL is anything
}

func (r *reader) wants(v base.Value, name string) bool {
	return v.IsNull() || v.Class() != base.String || r.names.Compare(v.Text(), name) == 0
}

// tables returns the wanted base tables, in order of their names.
func (r *reader) tables() ([]*catalog.Table, error) {
	if !r.wants(r.schema, r.Database()) {
		return nil, nil
	}
	cat, err := r.Catalog()
	if err != nil {
		return nil, err
	}
	all := cat.Tables()
	if !r.table.IsNull() {
		all = slices.DeleteFunc(all, func(t *catalog.Table) bool { return !r.wants(r.table, t.Name) })
	}
	slices.SortFunc(all, func(a, b *catalog.Table) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// virtualTables returns the wanted virtual tables.
func (r *reader) virtualTables() []*plan.VirtualTable {
	return slices.DeleteFunc(r.Virtual(), func(t *plan.VirtualTable) bool {
		return !r.wants(r.schema, t.Schema) || !r.wants(r.table, t.Name)
	})
}

// perTable makes rows of the wanted base tables one after the other.
func perTable(rows func(r *reader, t *catalog.Table) [][]base.Value) func(*reader) ([][]base.Value, error) {
	return func(r *reader) ([][]base.Value, error) {
		tables, err := r.tables()
		var out [][]base.Value
		for _, t := range tables {
			out = append(out, rows(r, t)...)
		}
		return out, err
	}
}

// none is the rows of a table about objects that do not exist here.
func none(*reader) ([][]base.Value, error) { return nil, nil }
