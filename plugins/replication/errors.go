package replication

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ErrFenced says that another process has moved the position of the replication on: whoever meets it stops.
var ErrFenced = errors.New("the replication is run by another process, which has moved its position on")

// Rejected says which records of a batch cannot be delivered, by their position in it, and why: trying again is of no use.
type Rejected struct{ Records map[int]error }

// Error names the first of them.
func (e *Rejected) Error() string {
	var at []int
	for i := range e.Records {
		at = append(at, i)
	}
	if len(at) == 0 {
		return "no record was rejected"
	}
	first := slices.Min(at)
	var b strings.Builder
	fmt.Fprintf(&b, "%v", e.Records[first])
	if len(at) > 1 {
		fmt.Fprintf(&b, " (and %d more records)", len(at)-1)
	}
	return b.String()
}

// permanent is an error that trying again does not help.
type permanent struct{ err error }

func (e *permanent) Error() string { return e.err.Error() }
func (e *permanent) Unwrap() error { return e.err }

// Permanent marks an error that stays until somebody does something about it: a wrong password, a table that is not there and is not
// to be made. The replication says so and tries again rarely. nil stays nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanent{err}
}

// IsPermanent reports whether an error was marked by Permanent.
func IsPermanent(err error) bool {
	var p *permanent
	return errors.As(err, &p)
}

// later is an error with a time before which trying again is of no use.
type later struct {
	err   error
	after time.Duration
}

func (e *later) Error() string { return e.err.Error() }
func (e *later) Unwrap() error { return e.err }

// RetryAfter adds to an error how long the target asks to be left alone: Retry-After, a quota.
func RetryAfter(err error, d time.Duration) error {
	if err == nil {
		return nil
	}
	return &later{err, d}
}

// Delay returns what RetryAfter has added; 0: nothing.
func Delay(err error) time.Duration {
	var l *later
	if errors.As(err, &l) {
		return l.after
	}
	return 0
}
