// Package metrics counts and times what a database does: statements by operation, table and digest, errors, slow queries. Counting a
// statement is a handful of atomic additions.
package metrics
