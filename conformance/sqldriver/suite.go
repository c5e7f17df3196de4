// Package sqldriver is a suite that a database/sql driver with MySQL's dialect passes.
//
// It uses nothing but database/sql, so that it holds on any place a database can be in, and tells what code written for
// database/sql may rely on.
package sqldriver

import (
	"database/sql"
	"errors"
	"testing"
)

// Caps says what a driver cannot do; the zero value can everything. What it cannot do is not tested.
type Caps struct {
	NoNamedArgs       bool // sql.Named, written :name
	NoAtNames         bool // sql.Named, written @name
	NoMultiStatements bool // several statements in one query, several result sets
	NoSerializable    bool // sql.LevelSerializable
}

// Open returns a pool on an empty database, to be closed when the test ends. params are DSN parameters to add, such as
// "loc=Europe/Berlin"; it may be "".
type Open func(t *testing.T, params string) *sql.DB

// Run runs the suite; each part has an empty database of its own.
func Run(t *testing.T, open Open, caps Caps) {
	parts := []struct {
		name string
		skip bool
		fn   func(*testing.T, Open)
	}{
		{"Scan", false, testScan},
		{"Nulls", false, testNulls},
		{"Integers", false, testIntegers},
		{"Arguments", false, testArguments},
		{"Location", false, testLocation},
		{"TextTimes", false, testTextTimes},
		{"ColumnTypes", false, testColumnTypes},
		{"Counts", false, testCounts},
		{"Prepared", false, testPrepared},
		{"NamedArgs", caps.NoNamedArgs, testNamedArgs},
		{"AtNames", caps.NoAtNames, testAtNames},
		{"ResultSets", caps.NoMultiStatements, testResultSets},
		{"Commit", false, testCommit},
		{"Snapshot", false, testSnapshot},
		{"WriteConflict", false, testWriteConflict},
		{"Serializable", caps.NoSerializable, testSerializable},
		{"ReadOnly", false, testReadOnly},
		{"SessionReset", false, testSessionReset},
		{"Cancel", false, testCancel},
		{"Errors", false, testErrors},
		{"Pool", false, testPool},
	}
	for _, p := range parts {
		if p.skip {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.fn(t, open)
		})
	}
}

// exec runs statements that must succeed.
func exec(t *testing.T, db execer, query string, args ...any) sql.Result {
	t.Helper()
	res, err := db.Exec(query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return res
}

type execer interface {
	Exec(query string, args ...any) (sql.Result, error)
}

type queryer interface {
	QueryRow(query string, args ...any) *sql.Row
}

// get returns the one value of a query as an int64.
func get(t *testing.T, db queryer, query string, args ...any) int64 {
	t.Helper()
	var n int64
	if err := db.QueryRow(query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// done ends a transaction that may have ended already.
func done(t *testing.T, tx *sql.Tx) {
	t.Helper()
	if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		t.Errorf("rollback: %v", err)
	}
}

func closed(t *testing.T, c interface{ Close() error }) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}
