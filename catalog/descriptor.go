package catalog

import (
	"encoding/json"
	"slices"

	"github.com/s3sql/s3sql/internal/base"
)

// Table describes one table. A descriptor is immutable once it is stored: DDL stores a new one with a higher Version.
type Table struct {
	ID            uint32       `json:"id"`
	Version       uint32       `json:"version"`
	Name          string       `json:"name"`
	Columns       []Column     `json:"columns"`
	Primary       []KeyPart    `json:"primary"` // never empty: a table without a key has a hidden column
	Indexes       []Index      `json:"indexes,omitempty"`
	Texts         []Text       `json:"texts,omitempty"`
	ForeignKeys   []ForeignKey `json:"foreign_keys,omitempty"`
	HiddenCounter uint32       `json:"hidden_counter"` // AUTO_INCREMENT counter of the hidden key
	NextColumnID  uint32       `json:"next_column_id"`
	AutoIncrement uint32       `json:"auto_increment,omitempty"` // id of the AUTO_INCREMENT column; 0 none. The counter is the table's own
	Collation     string       `json:"collation,omitempty"`
	Comment       string       `json:"comment,omitempty"`
	CreatedMicros int64        `json:"created_us,omitempty"`
	SortKeys      string       `json:"sort_keys,omitempty"` // collation.Version when a key part is stored as a sort key
	Checks        []Check      `json:"checks,omitempty"`
	Options       []Option     `json:"options,omitempty"`
	TTL           string       `json:"ttl,omitempty"` // the time at which a row expires, an expression over its columns; "" never
	// Partitioning divides the rows; nil: they are all together.
	Partitioning *Partitioning `json:"partitioning,omitempty"`
	System       bool          `json:"system,omitempty"` // of the schema system: the engine alone writes it
	Temporary    bool          `json:"-"`                // of one session, which alone knows it
	Whole        uint32        `json:"-"`                // of what PartTables returns: the id of the table that it is a partition of; 0 none
}

// Check is a CHECK constraint.
type Check struct {
	Name        string `json:"name"`
	SQL         string `json:"sql"` // the condition, without parentheses around it
	NotEnforced bool   `json:"not_enforced,omitempty"`
}

// Option is a table option that has no meaning here and is kept for SHOW CREATE TABLE, such as ROW_FORMAT=DYNAMIC.
type Option struct {
	Name string `json:"name"` // upper case
	SQL  string `json:"sql"`
}

// Column describes one column. ID is stable for the life of the table and is the field id of stored rows.
type Column struct {
	ID      uint32    `json:"id"`
	Name    string    `json:"name"`
	Type    base.Type `json:"type"`
	NotNull bool      `json:"not_null,omitempty"`
	Default *Default  `json:"default,omitempty"`
	// NoDefault says that the column has no default though it may be NULL: ALTER COLUMN … DROP DEFAULT.
	NoDefault bool   `json:"no_default,omitempty"`
	OnUpdate  bool   `json:"on_update_now,omitempty"`
	Comment   string `json:"comment,omitempty"`
	Invisible bool   `json:"invisible,omitempty"`
	// Hidden columns cannot be named by a statement: the key of a table declared without one, and, with Generated set, the
	// value of a functional key part.
	Hidden bool `json:"hidden,omitempty"`
	// Initial is the value of rows that were stored before the column was there; nil is NULL.
	Initial *Initial `json:"initial,omitempty"`
	// Generated is the expression of a generated column.
	Generated *Generated `json:"generated,omitempty"`
	// Encrypted is the id of the secret key that the column's values are sealed with; "" they are not.
	Encrypted string `json:"encrypted,omitempty"`
}

// Generated says how the value of a generated column is computed.
type Generated struct {
	SQL    string `json:"sql"` // the expression, without parentheses around it
	Stored bool   `json:"stored,omitempty"`
}

// Virtual reports whether the column's values are computed when they are read: rows do not hold them.
func (c *Column) Virtual() bool { return c.Generated != nil && !c.Generated.Stored }

// Initial is a value as JSON: the base64 form of a field of docs/format/row.md.
type Initial struct{ base.Value }

// MarshalJSON encodes the value.
func (v Initial) MarshalJSON() ([]byte, error) {
	return json.Marshal(base.AppendField(nil, 1, v.Value))
}

// UnmarshalJSON decodes the value.
//
// Errors: Corrupt (not one field).
func (v *Initial) UnmarshalJSON(text []byte) error {
	var field []byte
	if err := json.Unmarshal(text, &field); err != nil {
		return err
	}
	r := base.NewRowReader(string(field))
	_, value, ok := r.Next()
	if !ok {
		return base.Corruptf("", "the initial value of a column does not decode")
	}
	v.Value = value
	return nil
}

// initial returns the value of the column in a row that does not have it.
func (c *Column) initial() base.Value {
	if c.Initial == nil {
		return base.Value{}
	}
	return c.Initial.Value
}

// Default is a column's DEFAULT: SQL text of a constant or an expression. An absent Default and a nullable column means NULL.
type Default struct {
	SQL  string `json:"sql"`
	Expr bool   `json:"expr,omitempty"` // written as an expression, (…) or CURRENT_TIMESTAMP
}

// KeyPart is one column of a key.
type KeyPart struct {
	Column uint32 `json:"column"`
	Desc   bool   `json:"desc,omitempty"`
	Prefix int    `json:"prefix,omitempty"` // characters or bytes of a prefix key; 0 the whole value
}

// Index describes a secondary index, stored as a table of its own under ID: its key is the index columns followed by
// the primary key (a unique index leaves the primary key out unless a column is NULL), its row the primary key.
type Index struct {
	ID        uint32    `json:"id"`
	Name      string    `json:"name"`
	Unique    bool      `json:"unique,omitempty"`
	Parts     []KeyPart `json:"parts"`
	Invisible bool      `json:"invisible,omitempty"` // kept up to date, not used by plans
	Comment   string    `json:"comment,omitempty"`
	Using     string    `json:"using,omitempty"` // BTREE or HASH as declared, for SHOW
}

// Clone returns a copy of t that shares no slice with it.
func (t *Table) Clone() *Table {
	c := *t
	c.Columns, c.Primary, c.Checks, c.Options = slices.Clone(t.Columns), slices.Clone(t.Primary), slices.Clone(t.Checks), slices.Clone(t.Options)
	c.Indexes = slices.Clone(t.Indexes)
	for i := range c.Indexes {
		c.Indexes[i].Parts = slices.Clone(c.Indexes[i].Parts)
	}
	c.Texts = slices.Clone(t.Texts)
	for i := range c.Texts {
		c.Texts[i].Columns, c.Texts[i].Options = slices.Clone(c.Texts[i].Columns), slices.Clone(c.Texts[i].Options)
	}
	c.ForeignKeys = slices.Clone(t.ForeignKeys)
	for i := range c.ForeignKeys {
		k := &c.ForeignKeys[i]
		k.Columns, k.ParentColumns = slices.Clone(k.Columns), slices.Clone(k.ParentColumns)
	}
	c.Partitioning = t.Partitioning.clone()
	return &c
}

// HasGenerated reports whether a column of t is generated.
func (t *Table) HasGenerated() bool {
	for i := range t.Columns {
		if t.Columns[i].Generated != nil {
			return true
		}
	}
	return false
}

// HasVirtual reports whether a column of t is generated and not stored.
func (t *Table) HasVirtual() bool {
	for i := range t.Columns {
		if t.Columns[i].Virtual() {
			return true
		}
	}
	return false
}

// Column returns the column called name, compared without case as MySQL does, and its position; nil if there is none.
func (t *Table) Column(name string) (*Column, int) {
	for i := range t.Columns {
		if !t.Columns[i].Hidden && equalFold(t.Columns[i].Name, name) {
			return &t.Columns[i], i
		}
	}
	return nil, -1
}

// ColumnByID returns the position of the column with the given id, or -1.
func (t *Table) ColumnByID(id uint32) int {
	for i := range t.Columns {
		if t.Columns[i].ID == id {
			return i
		}
	}
	return -1
}
