// Package replication runs REPLICATIONs against the real targets, in several processes that are killed.
package replication
