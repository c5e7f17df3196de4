// Package system makes the rows of the virtual tables in the schema named system.
package system
