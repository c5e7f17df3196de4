package sqlengine

import (
	"slices"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/sqlengine/system"
	"github.com/s3sql/s3sql/storage/table"
)

// changeKinds names what commits do to tables.
var changeKinds = map[table.ChangeKind]string{table.ChangeRows: "rows", table.ChangeBulk: "bulk", table.ChangeFlush: "flush",
	table.ChangeCompact: "compaction", table.ChangeTidy: "cleanup"}

// Commits describes the newest commits, for system.commits.
func (r *infoSource) Commits(most int, f func(system.Commit)) error {
	cat, err := r.Catalog()
	if err != nil {
		return err
	}
	names, indexes := storageNames(cat)
	return r.tx.Commits(r.ctx, most, func(c table.Commit) error {
		out := system.Commit{ID: c.Seq, Time: c.Time, Writer: c.Writer, Transactions: c.Transactions, Bytes: c.Bytes}
		for _, x := range c.Changes {
			if x.Table < catalog.FirstID {
				out.Kinds = append(out.Kinds, "schema")
				continue
			}
			out.Kinds = append(out.Kinds, changeKinds[x.Kind])
			name, ok := names[x.Table]
			if !ok {
				name = "#" + strconv.FormatUint(uint64(x.Table), 10) // it was dropped since
			}
			out.Tables = append(out.Tables, name)
			if !indexes[x.Table] {
				out.Written, out.Deleted = out.Written+x.Written, out.Deleted+x.Deleted
			}
		}
		for _, list := range []*[]string{&out.Kinds, &out.Tables} {
			slices.Sort(*list)
			*list = slices.Compact(*list)
		}
		f(out)
		return nil
	})
}

// storageNames returns, by the ids that rows are stored under, the names of tables, and which of them are indexes: of these it is
// the name of the table.
func storageNames(cat *catalog.Catalog) (names map[uint32]string, indexes map[uint32]bool) {
	names, indexes = map[uint32]string{}, map[uint32]bool{}
	for _, t := range cat.SystemTables() {
		names[t.ID] = "system." + t.Name
	}
	for _, t := range cat.Tables() {
		names[t.ID] = t.Name
		for _, part := range t.PartTables() {
			names[part.ID] = t.Name
			for i := range part.Indexes {
				names[part.Indexes[i].ID], indexes[part.Indexes[i].ID] = t.Name, true
			}
		}
	}
	return names, indexes
}

// tableNames returns what turns the tag of a request's table into the table's name: tags are names in lower case, or # with the id that
// rows are stored under.
func tableNames(cat *catalog.Catalog) func(tag string) string {
	names, _ := storageNames(cat)
	return func(tag string) string {
		if id, ok := strings.CutPrefix(tag, "#"); ok {
			n, err := strconv.ParseUint(id, 10, 32)
			if name := names[uint32(n)]; err == nil && name != "" {
				return name
			}
			return tag
		}
		if t := cat.Table(tag); t != nil {
			return t.Name
		}
		return tag
	}
}
