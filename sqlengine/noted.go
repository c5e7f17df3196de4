package sqlengine

import "github.com/s3sql/s3sql/plugins"

// noted is what a transaction notes for its commit: it is dropped with what it is about, by ROLLBACK TO and where a statement fails.
type noted struct {
	trail   []auditRecord
	changes []plugins.Change // that plugins want to know of
	budgets bool             // it changes a BUDGET
}

// notedMark is a state to go back to.
type notedMark struct {
	trail, changes int
	budgets        bool
}

func (n *noted) mark() notedMark { return notedMark{len(n.trail), len(n.changes), n.budgets} }

// cut drops what was noted after a mark.
func (n *noted) cut(m notedMark) {
	n.trail, n.changes, n.budgets = n.trail[:m.trail], n.changes[:m.changes], m.budgets
}
