// Package mariadb compares answers with those of MariaDB 10.11, statement by statement: some by hand, others made from a
// seed. Where it differs from MySQL 8.0, MySQL's manual decides; testdata/known.txt lists those statements.
package mariadb
