// Package cache keeps the results of queries in tiers: memory, a folder, the database's own store, and what programs register.
//
// It knows no SQL: keys are made and results are checked by whoever uses it. A result holds the versions of the tables that it was
// computed from, and is of use only to a reader whose snapshot has the same versions.
package cache
