// Package driver makes s3sql available to database/sql, under the driver name "s3sql".
//
// It translates between database/sql and the engine and knows no SQL: a data source name becomes a Config, a Config an
// object store and an engine, which all connections of one sql.DB share. Programs import it for its side effect and
// call sql.Open, or pass a Connector with Go values (a logger, a store of their own) to sql.OpenDB.
package driver
