// Package fts is full-text search: it makes words out of texts, queries out of what users type, and ranks documents.
//
// An index is one inverted file (package invert) for each segment of a table and small ones in memory for rows that are in no
// segment yet. Scores are Okapi BM25 over the live documents of all of them, so they do not depend on where a document is. Words
// come from the analyzers of Bleve; docs/decisions/0035-inverted-files.md says why the files are not Bleve's.
package fts
