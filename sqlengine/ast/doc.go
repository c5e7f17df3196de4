// Package ast is the syntax tree of a SQL statement, as the parser makes it and the planner reads it.
//
// Nodes hold what was written, not what it means: names are unresolved, literals untyped beyond their lexical form.
package ast
