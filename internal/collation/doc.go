// Package collation orders and compares text as MySQL's collations do, and makes the sort keys that indexes store.
package collation
