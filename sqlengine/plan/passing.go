package plan

import (
	"slices"

	"github.com/s3sql/s3sql/catalog"
)

// passing reports whether an UPDATE, which assigns set, or a DELETE, with none, may write the rows that source yields while source
// goes on: then they need not be kept. No row may come a second time, and what a row says must not be decided by rows that the
// statement has written. So source reads the one table, by keys that set leaves as they are, and nothing asks a query.
func passing(source Node, set []Assignment) bool {
	for i := range set {
		if hasSubquery(set[i].Value) {
			return false
		}
	}
	for {
		if len(subqueries(source)) > 0 {
			return false
		}
		switch n := source.(type) {
		case *Scan:
			return n.Keys == nil && (set == nil || staysInPlace(n, set))
		case *Filter:
			source = n.Input
		case *Project:
			source = n.Input
		case *Sort:
			source = n.Input
		case *Limit:
			source = n.Input
		default:
			return false
		}
	}
}

// staysInPlace reports whether rows that a scan reads stay where they are, in the order of the scan, when set is assigned.
func staysInPlace(n *Scan, set []Assignment) bool {
	t := n.Table
	if t.Partitioning != nil || t.HasGenerated() {
		return false
	}
	keys := slices.Clone(t.Primary)
	if n.Access.Index != nil {
		keys = append(keys, n.Access.Index.Parts...)
	}
	return !slices.ContainsFunc(keys, func(k catalog.KeyPart) bool {
		at := t.ColumnByID(k.Column)
		return t.Columns[at].OnUpdate || slices.ContainsFunc(set, func(a Assignment) bool { return a.Column == at })
	})
}
