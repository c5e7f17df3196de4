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
		start, word, end := -1, 0, 0 // of the statement, of its first word, of its last one
		last := 0                    // where the semicolon before it ended
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
				if lx.gate && start >= 0 { // the gate goes on behind this statement
					start = word
				}
				if lx.closed > end && lx.opened >= start { // and has ended behind its last word
					end = lx.closed
				}
				if start >= 0 && !yield(sql[start:end], start) || t.kind == tEOF {
					return
				}
				start, last = -1, int(t.end)
			case start < 0:
				start, word, end = int(t.pos), int(t.pos), int(t.end)
				if lx.gate && lx.opened >= last {
					start = lx.opened // a version gate is part of the statement that it begins in
				}
			default:
				end = int(t.end)
			}
		}
	}
}
