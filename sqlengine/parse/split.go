package parse

import (
	"iter"
	"strings"
)

// Split yields the statements of a script with their offsets, without the semicolons between them. Statements without a word
// are left out. Text that is not SQL, such as a string that never ends, is yielded as it is, for Parse to refuse.
func Split(sql string) iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		lx := lexer{sql: sql}
		start, end := -1, 0
		for {
			from := lx.i
			t, ok := lx.next()
			switch {
			case !ok:
				if start < 0 {
					start = len(sql) - len(strings.TrimLeft(sql[from:], " \t\n\r"))
				}
				yield(sql[start:], start)
				return
			case t.kind == tEOF || isOp(&t, ";"):
				if start >= 0 && !yield(sql[start:end], start) || t.kind == tEOF {
					return
				}
				start = -1
			default:
				if start < 0 {
					start = int(t.pos)
				}
				end = int(t.end)
			}
		}
	}
}
