// Package commitlog is the ordered, durable list of commits: one object a record, each created once.
//
// Source: docs/ARCHITECTURE.md §3, docs/format/record.md.
package commitlog
