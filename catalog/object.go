package catalog

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/table"
)

// Object describes what CREATE <kind> makes beside tables and views: a cache, a budget, a secret. Its kind says what the rest means.
type Object struct {
	ID      uint32          `json:"id"`
	Version uint32          `json:"version"`
	Kind    string          `json:"kind"` // upper case
	Name    string          `json:"name"`
	Options []ObjectSetting `json:"options,omitempty"` // those that were given, by name
	Tables  []string        `json:"tables,omitempty"`  // ON t1, t2
	All     bool            `json:"all,omitempty"`     // ON ALL TABLES
	Except  []string        `json:"except,omitempty"`
	For     []string        `json:"for,omitempty"` // FOR INSERT, UPDATE
	On      string          `json:"on,omitempty"`  // ON METRIC condition
	// Text is AS '…', as the value of a setting is.
	Text ObjectSetting `json:"text,omitzero"`
	// Flow is what a REPLICATION has besides.
	Flow          *Flow `json:"flow,omitempty"`
	Paused        bool  `json:"paused,omitempty"`
	CreatedMicros int64 `json:"created_us,omitempty"`
}

// ObjectSetting is an option of an object. A secret is sealed, or the name of one.
type ObjectSetting struct {
	Name   string `json:"name,omitempty"`
	Value  string `json:"value,omitempty"`
	Sealed []byte `json:"sealed,omitempty"` // of seal.Key, bound to the object's id
	Secret string `json:"secret,omitempty"` // name of a SECRET
}

// Flow says where changes of tables go.
type Flow struct {
	Target  string        `json:"target"` // upper case
	Address ObjectSetting `json:"address,omitzero"`
	Items   []FlowItem    `json:"items"`
	Start   uint64        `json:"start,omitempty"` // the newest commit when it was made
	// Resyncs counts how often a table, by its name in lower case, was to be sent anew; "" all of them.
	Resyncs map[string]uint32 `json:"resyncs,omitempty"`
	// Retries counts how often what has failed was to be sent again.
	Retries uint32 `json:"retries,omitempty"`
}

// FlowItem is TABLE name … or ALL TABLES ….
type FlowItem struct {
	Table  string   `json:"table,omitempty"` // "": all tables
	Except []string `json:"except,omitempty"`
	Into   string   `json:"into,omitempty"`   // "": the table's name
	For    []string `json:"for,omitempty"`    // INSERT, UPDATE, DELETE; nil: all
	Select string   `json:"select,omitempty"` // list of a SELECT; "": the columns as they are
	Where  string   `json:"where,omitempty"`
}

// Covers reports whether an item is about a table.
func (it *FlowItem) Covers(t *Table) bool {
	if it.Table != "" {
		return strings.EqualFold(it.Table, t.Name)
	}
	return !slices.ContainsFunc(it.Except, func(n string) bool { return strings.EqualFold(n, t.Name) })
}

// Operation reports whether an item is about an operation, in upper case.
func (it *FlowItem) Operation(op string) bool { return it.For == nil || slices.Contains(it.For, op) }

// Covers reports whether ON names a table, by itself or among all.
func (o *Object) Covers(name string) bool {
	has := func(list []string) bool {
		return slices.ContainsFunc(list, func(t string) bool { return strings.EqualFold(t, name) })
	}
	return has(o.Tables) || o.All && !has(o.Except)
}

// Option returns an option as it was given.
func (o *Object) Option(name string) (ObjectSetting, bool) {
	for _, s := range o.Options {
		if s.Name == name {
			return s, true
		}
	}
	return ObjectSetting{}, false
}

// Object returns the object of a kind and name, compared without case; nil if there is none.
func (c *Catalog) Object(kind, name string) *Object { return c.objects[objectName(kind, name)] }

// Objects returns the objects of a kind, or of all kinds where it is "", by kind and name.
func (c *Catalog) Objects(kind string) []*Object {
	var out []*Object
	for _, o := range c.objects {
		if kind == "" || o.Kind == kind {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b *Object) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)))
	})
	return out
}

// objectName is what an object is found by. No name of a table begins like it.
func objectName(kind, name string) string { return "\x00" + kind + "\x00" + strings.ToLower(name) }

// PutObject stores an object, in the place of old if that is not nil. fill, if not nil, completes it once its id is known.
//
// Errors: 1059, 1103; those of tx and of fill.
func PutObject(tx *table.Tx, old, o *Object, fill func() error) error {
	if err := CheckTableName(o.Name); err != nil {
		return err
	}
	if old != nil {
		o.ID, o.Version, o.CreatedMicros = old.ID, old.Version+1, old.CreatedMicros
	} else {
		first, err := tx.NextAutoInc(DescriptorTable, 1)
		if err != nil {
			return err
		}
		o.ID, o.Version = uint32(first)+FirstID-1, 1
	}
	if fill != nil {
		if err := fill(); err != nil {
			return err
		}
	}
	b, err := json.Marshal(document{Format: objectFormat, Kind: "object", Object: o})
	if err != nil {
		return base.Errorf(errno.Unknown, "the descriptor of %s %s: %v", o.Kind, o.Name, err)
	}
	row := string(base.AppendField(nil, 1, base.NewBytes(string(b))))
	if err := tx.Put(DescriptorTable, DescriptorKey(o.ID), row); err != nil {
		return err
	}
	return putName(tx, objectName(o.Kind, o.Name), o.ID)
}

// DropObject removes an object.
func DropObject(tx *table.Tx, o *Object) error {
	if err := tx.Delete(DescriptorTable, DescriptorKey(o.ID)); err != nil {
		return err
	}
	return tx.Delete(NameTable, nameKey(objectName(o.Kind, o.Name)))
}
