package plan

import "github.com/s3sql/s3sql/sqlengine/ast"

// calcFound reports whether a statement is a query with SQL_CALC_FOUND_ROWS, which stands in its first SELECT.
func calcFound(q ast.Query) bool {
	switch q := q.(type) {
	case *ast.Select:
		return q.CalcFound
	case *ast.SetOp:
		return calcFound(q.L)
	}
	return false
}

// countAll makes the outermost LIMIT read all rows and count them.
func countAll(l logical) {
	switch n := l.(type) {
	case *lProject:
		countAll(n.input)
	case *lLimit:
		n.all = true
		if s, ok := n.input.(*lSort); ok {
			s.limit, s.offset = nil, nil
		}
	}
}
