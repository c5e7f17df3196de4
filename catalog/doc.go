// Package catalog holds the descriptors of tables and their columns, keys and defaults, and the DDL that changes them.
//
// Descriptors are rows of two reserved tables, so DDL commits, conflicts and rolls back exactly like data.
package catalog
