package catalog

import (
	"context"
	"encoding/json"
	"maps"
	"strings"
	"sync"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/table"
)

// The reserved tables. User tables and indexes have ids from FirstID.
const (
	DescriptorTable uint32 = 1  // key: object id; column 1: the descriptor as JSON (docs/format/catalog.md)
	NameTable       uint32 = 2  // key: name in lower case; column 1: object id
	FirstID         uint32 = 16 // lower ids are reserved for the system
)

// The formats of descriptors. Each has the lowest that says what it holds, so that older versions of s3sql go on reading those that
// they understand.
const (
	plainFormat     = 1 // tables and views
	partitionFormat = 2 // tables with partitions
	databaseFormat  = 3 // the database itself
	encryptedFormat = 4 // tables with encrypted columns
	agingFormat     = 5 // tables with a ttl
	textFormat      = 6 // tables with full-text indexes
	objectFormat    = 7 // what is neither table nor view, and tables of the schema system

	formatVersion = objectFormat // the newest
)

// Catalog is the set of descriptors as one transaction sees it. It is immutable and may be shared.
type Catalog struct {
	tables map[string]*Table // by lower-case name
	views  map[string]*View
	byID   map[uint32]*Table

	objects map[string]*Object // by objectName
	system  map[string]*Table  // of the schema system, by lower-case name

	references map[string][]Reference // by lower-case name of the parent
	database   *database              // nil: as a new one
	stored     *Catalog               // what With was called on; nil: the catalog itself
}

// Cache keeps the last catalog loaded, so that transactions that see the same descriptors share one.
type Cache struct {
	mu struct {
		sync.Mutex
		version any
		catalog *Catalog
	}
}

// Load returns the catalog that tx sees. It costs nothing when no DDL has happened since the last call.
//
// Errors: ErrCorrupt (a descriptor that does not decode or is newer than this version of s3sql).
func (c *Cache) Load(ctx context.Context, tx *table.Tx) (*Catalog, error) {
	v := tx.Version(DescriptorTable)
	c.mu.Lock()
	if c.mu.catalog != nil && c.mu.version == v {
		cat := c.mu.catalog
		c.mu.Unlock()
		return cat, nil
	}
	c.mu.Unlock()
	cat, err := load(ctx, tx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.version, c.mu.catalog = v, cat
	return cat, nil
}

func load(ctx context.Context, tx *table.Tx) (*Catalog, error) {
	c := &Catalog{tables: map[string]*Table{}, views: map[string]*View{}, byID: map[uint32]*Table{},
		objects: map[string]*Object{}, system: map[string]*Table{}}
	scan := tx.Scan(ctx, DescriptorTable, table.ScanSpec{Cols: []table.ScanCol{{ID: 1, Type: base.Type{ID: base.TypeLongBlob}}}})
	var b vec.Batch
	for {
		_, ok, err := scan.Next(ctx, &b)
		if err != nil || !ok {
			return c, err
		}
		for i := range b.N {
			d, err := decode(b.Cols[0].Str[i])
			if err != nil {
				return nil, err
			}
			c.add(&d)
		}
	}
}

func (c *Catalog) add(d *document) {
	switch {
	case d.Database != nil:
		c.database = d.Database
	case d.View != nil:
		c.views[strings.ToLower(d.View.Name)] = d.View
	case d.Object != nil:
		c.objects[objectName(d.Object.Kind, d.Object.Name)] = d.Object
	case d.Table.System:
		c.system[strings.ToLower(d.Table.Name)] = d.Table
		c.byID[d.Table.ID] = d.Table
	default:
		c.tables[strings.ToLower(d.Table.Name)] = d.Table
		c.byID[d.Table.ID] = d.Table
		c.index(d.Table)
	}
}

// With returns a catalog in which tables, by lower-case name, hide tables and views of their names.
func (c *Catalog) With(tables map[string]*Table) *Catalog {
	out := &Catalog{tables: maps.Clone(c.tables), views: maps.Clone(c.views), byID: maps.Clone(c.byID), references: c.references,
		objects: c.objects, system: c.system, database: c.database, stored: c}
	for name, t := range tables {
		delete(out.views, name)
		out.tables[name], out.byID[t.ID] = t, t
	}
	return out
}

// Stored returns the catalog without the tables that With added: foreign keys know nothing of temporary tables.
func (c *Catalog) Stored() *Catalog {
	if c.stored != nil {
		return c.stored
	}
	return c
}

// Table returns the table called name, compared without case; nil if there is none.
func (c *Catalog) Table(name string) *Table { return c.tables[strings.ToLower(name)] }

// ByID returns the table with the given id; nil if there is none.
func (c *Catalog) ByID(id uint32) *Table { return c.byID[id] }

// Tables returns all tables in no particular order.
func (c *Catalog) Tables() []*Table {
	out := make([]*Table, 0, len(c.tables))
	for _, t := range c.tables {
		out = append(out, t)
	}
	return out
}

// document is a descriptor as it is stored.
type document struct {
	Format   int       `json:"format"`
	Kind     string    `json:"kind"`
	Table    *Table    `json:"table,omitempty"`
	View     *View     `json:"view,omitempty"`
	Object   *Object   `json:"object,omitempty"`
	Database *database `json:"database,omitempty"`
}

func encodeTable(t *Table) (string, error) {
	if t.SortKeys = ""; t.hasSortKeys() {
		t.SortKeys = collation.Version
	}
	format := plainFormat
	switch {
	case t.System:
		format = objectFormat
	case len(t.Texts) > 0:
		format = textFormat
	case t.TTL != "":
		format = agingFormat
	case t.HasEncrypted():
		format = encryptedFormat
	case t.Partitioning != nil:
		format = partitionFormat
	}
	b, err := json.Marshal(document{Format: format, Kind: "table", Table: t})
	if err != nil {
		return "", err
	}
	return string(base.AppendField(nil, 1, base.NewBytes(string(b)))), nil
}

// decode returns a document with the table, the view or the database that it describes, and nothing else.
func decode(text string) (document, error) {
	var d document
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return document{}, base.Corruptf("", "a descriptor does not decode: %v", err)
	}
	if d.Format > formatVersion {
		return document{}, base.Corruptf("", "a descriptor has format %d; this version of s3sql knows %d: upgrade s3sql", d.Format, formatVersion)
	}
	switch {
	case d.Kind == "view" && d.View != nil:
		return document{View: d.View}, nil
	case d.Kind == "object" && d.Object != nil && d.Object.Kind != "" && d.Object.Name != "":
		return document{Object: d.Object}, nil
	case d.Kind == "database" && d.Database.complete():
		return document{Database: d.Database}, nil
	case d.Kind != "table" || d.Table == nil || !d.Table.complete():
		return document{}, base.Corruptf("", "a descriptor of kind %q is not complete", d.Kind)
	}
	if s := d.Table.SortKeys; s != "" && s != collation.Version {
		return document{}, base.Corruptf("", "the keys of table %s were made by the collation tables %s; this version of s3sql has %s", d.Table.Name, s, collation.Version)
	}
	return document{Table: d.Table}, nil
}

// hasSortKeys reports whether a key holds the sort keys of texts.
func (t *Table) hasSortKeys() bool {
	keys := [][]KeyPart{t.Primary}
	for i := range t.Indexes {
		keys = append(keys, t.Indexes[i].Parts)
	}
	for _, parts := range keys {
		for _, p := range parts {
			i := t.ColumnByID(p.Column)
			if i >= 0 && t.Columns[i].Type.Class() == base.String && !collation.Binary(t.Columns[i].Type.Collation) {
				return true
			}
		}
	}
	return false
}

// complete reports whether every key part, foreign keys included, names a column that is there.
func (t *Table) complete() bool {
	keys := [][]KeyPart{t.Primary}
	for i := range t.Indexes {
		keys = append(keys, t.Indexes[i].Parts)
	}
	for _, parts := range keys {
		for _, p := range parts {
			if t.ColumnByID(p.Column) < 0 {
				return false
			}
		}
		if len(parts) == 0 {
			return false
		}
	}
	for i := range t.Texts {
		for _, id := range t.Texts[i].Columns {
			if t.ColumnByID(id) < 0 {
				return false
			}
		}
	}
	for i := range t.ForeignKeys {
		for _, id := range t.ForeignKeys[i].Columns {
			if t.ColumnByID(id) < 0 {
				return false
			}
		}
	}
	return t.Partitioning == nil || t.partsComplete()
}

// partsComplete reports whether the partitions of a stored descriptor have what reading and writing them relies on.
func (t *Table) partsComplete() bool {
	p := t.Partitioning
	for _, id := range p.Columns {
		if t.ColumnByID(id) < 0 {
			return false
		}
	}
	switch {
	case len(p.Parts) == 0 || len(p.Parts) > MaxPartitions, (p.SQL == "") == (len(p.Columns) == 0):
		return false
	case p.Method != PartitionRange && p.Method != PartitionList && p.Method != PartitionHash && p.Method != PartitionKey:
		return false
	}
	width := max(len(p.Columns), 1)
	for i := range p.Parts {
		q := &p.Parts[i]
		if q.ID < FirstID || p.Method == PartitionRange && len(q.Less) != width || p.Method == PartitionList && len(q.In) == 0 {
			return false
		}
		for _, row := range q.In {
			if len(row) != width {
				return false
			}
		}
		for k := range t.Indexes {
			if q.Indexes[t.Indexes[k].ID] < FirstID {
				return false
			}
		}
	}
	return true
}

// DescriptorKey returns the key of a table's descriptor in DescriptorTable. A transaction that writes a table depends on
// it, so that DDL and DML of one table conflict.
func DescriptorKey(id uint32) string { return string(base.AppendKey(nil, base.NewUint(uint64(id)))) }

func nameKey(name string) string {
	return string(base.AppendKey(nil, base.NewString(strings.ToLower(name))))
}
