// Package invert writes, merges and reads files of inverted lists: for each word of each field of some documents, in which
// documents it stands, how often and where.
//
// A document is a number from 0 on, and a file says nothing else about it. Files are immutable, and read by ranges: a query
// takes the tail, the pages of the dictionary where its words are, and their lists. docs/format/inverted.md has the bytes.
package invert
