package sqlengine

import (
	"slices"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/sqlengine/system"
)

// Storage describes where the rows of every table, partition and index are, for system.storage and system.segments.
func (r *infoSource) Storage() (out []system.TableStorage, err error) {
	cat, err := r.Catalog()
	if err != nil {
		return nil, err
	}
	tables := cat.Tables()
	slices.SortFunc(tables, func(a, b *catalog.Table) int { return strings.Compare(a.Name, b.Name) })
	for _, t := range tables {
		for i, part := range t.PartTables() {
			name := t.Name
			if t.Partitioning != nil {
				name += "#" + t.Partitioning.Parts[i].Name
			}
			out = append(out, r.storage(name, part.ID))
			for k := range part.Indexes {
				out = append(out, r.storage(name+"."+part.Indexes[k].Name, part.Indexes[k].ID))
			}
		}
	}
	return out, nil
}

func (r *infoSource) storage(name string, id uint32) system.TableStorage {
	in := r.tx.Storage(id)
	out := system.TableStorage{Table: name, MemoryRows: in.MemoryRows, MemoryBytes: in.MemoryBytes, Garbage: in.Garbage, Arrived: in.Arrived, Written: in.Written}
	for _, g := range in.Segments {
		out.Segments = append(out.Segments, system.Segment(g))
	}
	return out
}
