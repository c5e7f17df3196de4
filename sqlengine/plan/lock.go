package plan

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// locking is the FOR UPDATE or FOR SHARE of the SELECT whose FROM is planned; nil when it has none.
type locking struct {
	of   []string // aliases; none: all tables
	seen map[string]bool
}

// lockOf returns the locking clause of a SELECT.
func lockOf(s *ast.Select) *locking {
	if s.Lock == "" {
		return nil
	}
	return &locking{of: s.LockOf, seen: map[string]bool{}}
}

// has reports whether the rows read of a table are locked. Those of derived tables and subqueries are not.
func (l *locking) has(alias string) bool {
	if l == nil {
		return false
	}
	l.seen[strings.ToLower(alias)] = true
	for _, name := range l.of {
		if strings.EqualFold(name, alias) {
			return true
		}
	}
	return len(l.of) == 0
}

// check reports names in OF that are no tables of the FROM clause, and those that stand there twice.
func (l *locking) check() error {
	if l == nil {
		return nil
	}
	named := map[string]bool{}
	for _, name := range l.of {
		low := strings.ToLower(name)
		switch {
		case !l.seen[low]:
			return base.Errorf(errno.UnresolvedTableLock, "Unresolved table name `%s` in locking clause.", name)
		case named[low]:
			return base.Errorf(errno.DuplicateTableLock, "Table `%s` appears in multiple locking clauses.", name)
		}
		named[low] = true
	}
	return nil
}
