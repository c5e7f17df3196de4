package catalog

import (
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
	ForeignKeys   []ForeignKey `json:"foreign_keys,omitempty"`
	HiddenCounter uint32       `json:"hidden_counter"` // AUTO_INCREMENT counter of the hidden key
	NextColumnID  uint32       `json:"next_column_id"`
	AutoIncrement uint32       `json:"auto_increment,omitempty"` // id of the AUTO_INCREMENT column; 0 none. The counter is the table's own
	Collation     string       `json:"collation,omitempty"`
	Comment       string       `json:"comment,omitempty"`
	CreatedMicros int64        `json:"created_us,omitempty"`
	SortKeys      string       `json:"sort_keys,omitempty"` // collation.Version when a key part is stored as a sort key
}

// Column describes one column. ID is stable for the life of the table and is the field id of stored rows.
type Column struct {
	ID        uint32    `json:"id"`
	Name      string    `json:"name"`
	Type      base.Type `json:"type"`
	NotNull   bool      `json:"not_null,omitempty"`
	Default   *Default  `json:"default,omitempty"`
	OnUpdate  bool      `json:"on_update_now,omitempty"`
	Comment   string    `json:"comment,omitempty"`
	Invisible bool      `json:"invisible,omitempty"`
	Hidden    bool      `json:"hidden,omitempty"` // the key of a table declared without one: no statement can name it
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
	ID     uint32    `json:"id"`
	Name   string    `json:"name"`
	Unique bool      `json:"unique,omitempty"`
	Parts  []KeyPart `json:"parts"`
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
