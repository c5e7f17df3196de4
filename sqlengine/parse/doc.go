// Package parse turns the text of a SQL statement into the syntax tree of package ast.
//
// The core grammar is github.com/xwb1989/sqlparser. It never sees the text: this package lexes it, parses what the core
// does not know, and hands the core one SELECT block or one INSERT, UPDATE or DELETE at a time, in which every name, literal
// and lifted clause is a numbered stand-in (docs/decisions/0006-parser.md).
package parse
