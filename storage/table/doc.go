// Package table holds the tables of one database as immutable multi-version states over the commit log.
//
// A DB follows the log and publishes, after every commit record, a new state: one version per table, which is a list of
// parts (sorted runs of rows) under a copy-on-write delta. A Tx reads one state and buffers its writes; nothing on the
// read path takes a lock.
package table
