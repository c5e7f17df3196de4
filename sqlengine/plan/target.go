package plan

import (
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// targets are the tables that a statement changes, which its subqueries may not read (MySQL reference manual, "Restrictions on
// Subqueries"). A derived table is materialised before the first change: what it reads does not count.
type targets struct {
	tables   []changed
	subquery int      // depth of subqueries at the place being planned
	derived  int      // depth of derived tables and common table expressions
	top      *topView // the outermost view being planned; nil outside of views
	own      bool     // the definition of a view that is laid open is being planned
	reads    []ownRead
}

// changed is a table that a statement changes, perhaps through a view.
type changed struct {
	table *catalog.Table
	alias string
	view  *catalog.View
	verb  string
}

// topView is a view as a statement names it.
type topView struct {
	alias string
	view  *catalog.View
}

// ownRead is a table that a subquery of a view reads which has been laid open.
type ownRead struct {
	table uint32
	alias string // of the view
}

// add makes a table one that the statement changes.
//
// Errors: 1288, 1471 a subquery of the view itself reads the table.
func (t *targets) add(c changed) error {
	for _, r := range t.reads {
		switch {
		case c.view == nil || r.table != c.table.ID || !strings.EqualFold(r.alias, c.alias):
		case c.verb == "INSERT":
			return notInsertable(c.alias, c.verb)
		default:
			return notUpdatable(c.alias, c.verb)
		}
	}
	t.tables = append(t.tables, c)
	return nil
}

// check returns error 1093 if a subquery of the statement reads a table that the statement changes, and 1443 if that is seen
// through a view only.
func (t *targets) check(table *catalog.Table) error {
	if t.subquery == 0 || t.derived > 0 {
		return nil
	}
	if t.own {
		t.reads = append(t.reads, ownRead{table.ID, t.top.alias})
	}
	for _, c := range t.tables {
		switch {
		case c.table.ID != table.ID:
		case c.view == nil && t.top == nil, c.view != nil && t.top != nil && t.top.view == c.view:
			return base.Errorf(errno.UpdateTableUsed, "You can't specify target table '%s' for update in FROM clause", c.alias)
		case t.top != nil:
			return viewPrevents(t.top.alias, c)
		default:
			return viewPrevents(c.alias, c)
		}
	}
	return nil
}

func viewPrevents(definition string, c changed) error {
	return base.Errorf(errno.ViewPrevents, "The definition of table '%s' prevents operation %s on table '%s'.", definition, c.verb, c.alias)
}
