// Package sqlite compares answers with SQLite's: schemas, rows and queries are made from a seed, of what both dialects share.
package sqlite
