package catalog

import (
	"slices"
	"sync/atomic"
)

// The methods of partitioning.
const (
	PartitionRange = "RANGE"
	PartitionList  = "LIST"
	PartitionHash  = "HASH"
	PartitionKey   = "KEY"
)

// MaxPartitions is how many partitions a table can have (MySQL 8.0 manual, "Restrictions and Limitations on Partitioning").
const MaxPartitions = 8192

// Partitioning says how the rows of a table are divided. Each partition has the rows, and the entries of each index, in
// tables of its own; the ids of the table and of its indexes then name no rows.
//
// Source: docs/decisions/0023-partitions.md.
type Partitioning struct {
	Method string `json:"method"`
	Linear bool   `json:"linear,omitempty"` // of HASH and KEY
	// SQL is the partitioning expression in MySQL's normal form; "" for COLUMNS and KEY.
	SQL     string   `json:"sql,omitempty"`
	Columns []uint32 `json:"columns,omitempty"` // of COLUMNS and KEY: ids
	// Implicit says that KEY was written without columns: they are those of the primary key.
	Implicit  bool        `json:"implicit,omitempty"`
	Algorithm int         `json:"algorithm,omitempty"` // of KEY, where it was written as 1
	Listed    bool        `json:"listed,omitempty"`    // HASH and KEY: the partitions were written one by one
	Parts     []Partition `json:"parts"`

	views atomic.Pointer[[]*Table] // of the table that has this partitioning, by position in Parts
}

// Partition is one part of a table.
type Partition struct {
	ID   uint32 `json:"id"` // of the table that has its rows
	Name string `json:"name"`
	// Less is the first value, of a COLUMNS partitioning the first row of values, above a RANGE partition.
	Less []Bound `json:"less,omitempty"`
	// In are the values of a LIST partition, each a row of one value or, for LIST COLUMNS, of several.
	In      [][]Bound         `json:"in,omitempty"`
	Comment string            `json:"comment,omitempty"`
	MaxRows uint64            `json:"max_rows,omitempty"` // no effect, as in MySQL
	MinRows uint64            `json:"min_rows,omitempty"`
	Indexes map[uint32]uint32 `json:"indexes,omitempty"` // index id → id of the table that has the partition's entries
}

// Bound is a value in a definition: an integer for a partitioning expression, else as its column stores it.
type Bound struct {
	Max   bool    `json:"max,omitempty"` // MAXVALUE
	Value Initial `json:"value"`
	SQL   string  `json:"sql,omitempty"` // Value as SHOW CREATE TABLE writes it
}

// clone returns a copy that shares nothing mutable with p.
func (p *Partitioning) clone() *Partitioning {
	if p == nil {
		return nil
	}
	c := &Partitioning{Method: p.Method, Linear: p.Linear, SQL: p.SQL, Columns: slices.Clone(p.Columns), Implicit: p.Implicit,
		Algorithm: p.Algorithm, Listed: p.Listed, Parts: slices.Clone(p.Parts)}
	for i := range c.Parts {
		ids := make(map[uint32]uint32, len(c.Parts[i].Indexes))
		for from, to := range c.Parts[i].Indexes {
			ids[from] = to
		}
		q := &c.Parts[i]
		q.Indexes, q.Less, q.In = ids, slices.Clone(q.Less), slices.Clone(q.In)
		for k := range q.In {
			q.In[k] = slices.Clone(q.In[k])
		}
	}
	return c
}

// ByColumns reports whether rows are divided by the values of columns rather than by an expression.
func (p *Partitioning) ByColumns() bool { return p.SQL == "" }

// Part returns the position of the partition called name, compared without case; -1 if there is none.
func (p *Partitioning) Part(name string) int {
	return slices.IndexFunc(p.Parts, func(q Partition) bool { return equalFold(q.Name, name) })
}

// PartTables returns a descriptor for each partition of t: t itself, with the ids under which the partition has its rows and
// its index entries. Of a table without partitions it is t. t must be stored, and not change any more.
func (t *Table) PartTables() []*Table {
	p := t.Partitioning
	if p == nil {
		return []*Table{t}
	}
	if v := p.views.Load(); v != nil {
		return *v
	}
	views := make([]*Table, len(p.Parts))
	for i := range views {
		c := *t
		c.ID, c.Whole, c.Indexes = p.Parts[i].ID, t.ID, slices.Clone(t.Indexes)
		for k := range c.Indexes {
			c.Indexes[k].ID = p.Parts[i].Indexes[t.Indexes[k].ID]
		}
		views[i] = &c
	}
	p.views.Store(&views)
	return views
}

// idsOf returns the tables that hold the rows of a partition and its index entries.
func (q *Partition) idsOf() []uint32 {
	ids := []uint32{q.ID}
	for _, id := range q.Indexes {
		ids = append(ids, id)
	}
	return ids
}

// RowTables returns the ids of the tables that hold the rows of t.
func (t *Table) RowTables() []uint32 {
	if t.Partitioning == nil {
		return []uint32{t.ID}
	}
	ids := make([]uint32, len(t.Partitioning.Parts))
	for i := range ids {
		ids[i] = t.Partitioning.Parts[i].ID
	}
	return ids
}

// unnumbered counts the ids that the partitions of t lack.
func (t *Table) unnumbered() (n int) {
	if t.Partitioning == nil {
		return 0
	}
	for i := range t.Partitioning.Parts {
		q := &t.Partitioning.Parts[i]
		if q.ID == 0 {
			n++
		}
		for k := range t.Indexes {
			if id := t.Indexes[k].ID; id == 0 || q.Indexes[id] == 0 {
				n++
			}
		}
	}
	return n
}

// numberParts gives partitions and their indexes the ids that they lack, from next on; the indexes of t have theirs. What
// partitions know of indexes that t no longer has is forgotten.
func (t *Table) numberParts(next uint32) {
	if t.Partitioning == nil {
		return
	}
	for i := range t.Partitioning.Parts {
		q := &t.Partitioning.Parts[i]
		if q.ID == 0 {
			q.ID = next
			next++
		}
		ids := make(map[uint32]uint32, len(t.Indexes))
		for k := range t.Indexes {
			id := t.Indexes[k].ID
			if ids[id] = q.Indexes[id]; ids[id] == 0 {
				ids[id] = next
				next++
			}
		}
		q.Indexes = ids
	}
}

// storage returns the ids of all tables that hold something of t: rows, entries and counters.
func (t *Table) storage() map[uint32]bool {
	ids := map[uint32]bool{t.ID: true, t.HiddenCounter: true}
	for i := range t.Indexes {
		ids[t.Indexes[i].ID] = true
	}
	if t.Partitioning != nil {
		for i := range t.Partitioning.Parts {
			for _, id := range t.Partitioning.Parts[i].idsOf() {
				ids[id] = true
			}
		}
	}
	return ids
}
