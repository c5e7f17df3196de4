// Package duckdb reads segments with DuckDB, and with the reader of parquet-go, and compares what they see with what was written.
package duckdb
