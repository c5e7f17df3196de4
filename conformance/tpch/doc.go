// Package tpch generates the data of the TPC-H benchmark at any scale factor and holds its schema and its 22 queries, so
// that answers and times can be compared between databases.
//
// Tables, value ranges and queries follow the TPC Benchmark H Standard Specification, Revision 3.0.1: clauses 1.4 (schema), 2.4
// (queries and the substitution values for validation) and 4.2 (how the database is populated). The numbers are drawn by a
// generator of our own, so answers equal those of no published run: they are compared between databases.
package tpch
