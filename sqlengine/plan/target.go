package plan

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// targets are the tables that a statement changes, which its subqueries may not read (MySQL reference manual, "Restrictions on
// Subqueries"). A derived table is materialised before the first change: what it reads does not count.
type targets struct {
	tables   []Target
	subquery int // depth of subqueries at the place being planned
	derived  int // depth of derived tables and common table expressions
}

func (t *targets) add(table *catalog.Table, alias string) {
	t.tables = append(t.tables, Target{Table: table, Alias: alias})
}

// check returns error 1093 if a subquery of the statement reads a table that the statement changes.
func (t *targets) check(table *catalog.Table) error {
	if t.subquery == 0 || t.derived > 0 {
		return nil
	}
	for _, target := range t.tables {
		if target.Table.ID == table.ID {
			return base.Errorf(errno.UpdateTableUsed, "You can't specify target table '%s' for update in FROM clause", target.Alias)
		}
	}
	return nil
}
