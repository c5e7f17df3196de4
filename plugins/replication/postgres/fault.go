package postgres

import (
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/s3sql/s3sql/plugins/replication"
)

// Codes of SQLSTATE that are handled one by one. Source: PostgreSQL manual, appendix A.
const (
	undefinedTable    = "42P01"
	undefinedColumn   = "42703"
	undefinedConflict = "42P10" // no index for ON CONFLICT
	datatypeMismatch  = "42804"
	cannotCoerce      = "42846"
	notPermitted      = "42501"
	raised            = "P0001" // by a trigger
	checkOption       = "44000"
	tooLarge          = "54000" // for a page of an index
	readOnly          = "25006"
	noDatabase        = "3D000"
)

// hints say what to do about a code, or about a class of codes.
var hints = map[string]string{
	"28":            "check user and password in the address, and pg_hba.conf of the server",
	noDatabase:      "create the database, or name another in the address",
	undefinedTable:  "create the table, or leave out create_tables = false",
	undefinedColumn: "add the column",
	notPermitted:    "GRANT the user of the address what it needs; TEST REPLICATION says what is missing",
	readOnly:        "the server is a standby or read-only: let the address lead to the primary, or add target_session_attrs=read-write",
}

// fault is an error with a text that may be shown.
type fault struct {
	text string
	err  error
}

func (e *fault) Error() string { return e.text }
func (e *fault) Unwrap() error { return e.err }

// sqlState returns the code of an error that the server has sent, "" of any other.
func sqlState(err error) string {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return said.Code
	}
	return ""
}

// class returns the first two characters of a code, which say what kind it is.
func class(code string) string { return code[:min(2, len(code))] }

// ofRecord reports whether an error is the fault of a record: of a value, or of a constraint that it violates.
func ofRecord(err error) bool {
	var bad badValue
	code := sqlState(err)
	return errors.As(err, &bad) || slices.Contains([]string{"22", "23"}, class(code)) ||
		slices.Contains([]string{datatypeMismatch, cannotCoerce, raised, checkOption, tooLarge}, code)
}

// ofSchema reports whether an error says that the tables are not what they were.
func ofSchema(err error) bool {
	return slices.Contains([]string{undefinedTable, undefinedColumn, undefinedConflict}, sqlState(err))
}

// permanent reports whether a code stays until somebody does something about it: no access, no such object, a statement that the server
// does not take. All others, as those of a server that restarts, is full or busy, or of a deadlock, may pass.
func permanent(code string) bool {
	return slices.Contains([]string{"0A", "28", "3D", "3F", "42"}, class(code)) || code == readOnly
}

// describe returns what the server says, with the values that stand in the way and the code; of another error its text.
func describe(err error) string {
	var said *pgconn.PgError
	if !errors.As(err, &said) {
		return err.Error()
	}
	text := said.Message
	if slices.Contains([]string{"22", "23"}, class(said.Code)) && said.Detail != "" && len(said.Detail) < 300 {
		text += ": " + said.Detail
	}
	return text + " (SQLSTATE " + said.Code + ")"
}

// explain makes the error that a method returns: with what was being done and what to do, without the password, and marked as
// Permanent where it is.
func (t *target) explain(doing string, err error) error {
	var rejected *replication.Rejected
	switch {
	case err == nil:
		return nil
	case errors.Is(err, replication.ErrFenced):
		return replication.ErrFenced
	case errors.As(err, &rejected):
		return rejected
	case replication.IsPermanent(err):
		return err
	}
	code := sqlState(err)
	text := fmt.Sprintf("%s: %s", doing, t.mask(describe(err)))
	hint := hints[code]
	if hint == "" {
		hint = hints[class(code)]
	}
	if hint != "" {
		text += "; " + hint
	}
	out := &fault{text: text, err: err}
	if permanent(code) {
		return replication.Permanent(out)
	}
	return out
}
