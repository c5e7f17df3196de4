// Package replication is what a target of CREATE REPLICATION has to be. A program imports the packages of the targets that it uses, or
// registers its own; docs/replication.md says what happens around them.
package replication
