// Package bigquery runs the replication target for BigQuery against an emulator of it.
package bigquery
