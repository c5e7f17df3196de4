// Package logictest runs sqllogictest files on a database/sql connection with MySQL's dialect.
//
// A file is a list of records parted by blank lines: statements that succeed or fail, and queries with their answers,
// written out or as a digest. Source: https://www.sqlite.org/sqllogictest/doc/trunk/about.wiki.
package logictest
