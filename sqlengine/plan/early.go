package plan

import "github.com/s3sql/s3sql/sqlengine/expr"

// earlyFilters returns the filters of a scan that may be asked of a row twice, and of one that is gone, when only the columns are there
// that they read: they read some as they are stored, and neither change anything nor take a query.
func earlyFilters(n *lScan) []expr.Expr {
	stored := make(idSet, len(n.ids))
	for i, id := range n.ids {
		if c := &n.table.Columns[i]; !c.Virtual() && c.Encrypted == "" {
			stored[id] = true
		}
	}
	early, _ := divide(n.filters, func(pr expr.Expr) bool {
		return !volatile(pr) && !hasSubquery(pr) && within(pr, stored) && readsColumn(pr)
	})
	return early
}
