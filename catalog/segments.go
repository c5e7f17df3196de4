package catalog

import (
	"cmp"
	"slices"

	"github.com/s3sql/s3sql/storage/segment"
)

// SegmentSchema returns the columns that segments of a storage table have, nil for the table of an index, and the table whose rows are
// there, nil for the table of an index. ok is false for an id that no table, partition or index has.
func (c *Catalog) SegmentSchema(id uint32) (s segment.Schema, t *Table, ok bool) {
	for _, t := range c.byID {
		for _, part := range t.PartTables() {
			if part.ID == id {
				return segmentColumns(t), t, true
			}
			for i := range part.Indexes {
				if part.Indexes[i].ID == id {
					return nil, nil, true
				}
			}
		}
	}
	return nil, nil, false
}

// segmentColumns returns the stored columns of t, ascending by id.
func segmentColumns(t *Table) segment.Schema {
	s := make(segment.Schema, 0, len(t.Columns))
	for i := range t.Columns {
		col := &t.Columns[i]
		if col.Virtual() {
			continue
		}
		out := segment.Column{ID: col.ID, Name: col.Name, Type: col.StoredType()}
		if col.Initial != nil {
			out.Missing = col.Initial.Value
		}
		s = append(s, out)
	}
	slices.SortFunc(s, func(a, b segment.Column) int { return cmp.Compare(a.ID, b.ID) })
	return s
}

// Owner says in words whose rows are in a storage table: those of a table, a partition or an index. It is "" for an id that none has.
func (c *Catalog) Owner(id uint32) string {
	for _, t := range c.byID {
		for i, part := range t.PartTables() {
			owner := "table " + t.Name
			if t.Partitioning != nil {
				owner = "partition " + t.Partitioning.Parts[i].Name + " of " + owner
			}
			if part.ID == id {
				return owner
			}
			for k := range part.Indexes {
				if part.Indexes[k].ID == id {
					return "index " + part.Indexes[k].Name + " of " + owner
				}
			}
		}
	}
	return ""
}
