package base

import (
	"errors"
	"fmt"
)

// Kind says what a caller can do about an error. There are few on purpose.
type Kind uint8

// The kinds.
const (
	KindInternal      Kind = iota // a bug in s3sql; report it
	KindInvalid                   // the statement or the data is wrong; change it
	KindConflict                  // another transaction won; retry the transaction
	KindUnavailable               // the store cannot be reached or refuses; nothing was done
	KindCorrupt                   // an object is damaged, foreign or of a newer version
	KindClosed                    // the handle was closed
	KindFenced                    // another owner took over the lease
	KindCommitUnknown             // the commit may or may not have happened
	KindUnsupported               // s3sql does not do this; docs/compatibility.md says why
)

// Sentinels for errors.Is, one a kind.
var (
	ErrInternal      = errors.New("internal error")
	ErrInvalid       = errors.New("invalid statement or value")
	ErrConflict      = errors.New("conflict with another transaction")
	ErrUnavailable   = errors.New("store unavailable")
	ErrCorrupt       = errors.New("corrupt object")
	ErrClosed        = errors.New("closed")
	ErrFenced        = errors.New("fenced")
	ErrCommitUnknown = errors.New("outcome of the commit is unknown")
	ErrUnsupported   = errors.New("not supported")
)

var sentinels = [...]error{ErrInternal, ErrInvalid, ErrConflict, ErrUnavailable, ErrCorrupt, ErrClosed, ErrFenced,
	ErrCommitUnknown, ErrUnsupported}

// Error is the one error type that crosses layers. Number and State follow MySQL where it has one for the case
// (MySQL 8.0 Error Reference, server errors).
type Error struct {
	Kind   Kind
	Number uint16 // MySQL error number; 1105 (ER_UNKNOWN_ERROR) where MySQL has none
	State  string // SQLSTATE, five characters
	Msg    string // one sentence, without secrets
	Object string // key of the object concerned, if one is
	Err    error  // cause
	Note   bool   // as a warning, one that MySQL calls a note
}

// Error returns message, object and cause, in this order.
func (e *Error) Error() string {
	s := e.Msg
	if e.Object != "" {
		s += " (object " + e.Object + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause and the kind's sentinel to errors.Is.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{sentinels[e.Kind]}
	}
	return []error{sentinels[e.Kind], e.Err}
}

// Retryable reports whether running the transaction again can succeed.
func (e *Error) Retryable() bool { return e.Kind == KindConflict }

// Errorf returns an Error whose kind and SQLSTATE follow from the number (see Code).
func Errorf(c Code, format string, args ...any) *Error {
	return &Error{Kind: c.Kind, Number: c.Number, State: c.State, Msg: fmt.Sprintf(format, args...)}
}

// Corruptf returns a Corrupt error about one object.
func Corruptf(object, format string, args ...any) *Error {
	return &Error{Kind: KindCorrupt, Number: CodeCorrupt.Number, State: CodeCorrupt.State, Object: object,
		Msg: fmt.Sprintf(format, args...)}
}

var kindNames = [...]string{"internal", "invalid", "conflict", "unavailable", "corrupt", "closed", "fenced", "commit_unknown", "unsupported"}

// String returns the kind in one word.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// KindOf returns the kind of the first *Error in err's tree, and KindInternal for any other error.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindInternal
}
