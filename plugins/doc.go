// Package plugins is the contract between the database and what extends it: the options of objects that SQL makes, and the life,
// hooks and tables of plugins in Go.
package plugins
