package driver

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

func TestConvertError(t *testing.T) {
	t.Parallel()
	cases := []struct {
		code  base.Code
		is    []error
		isNot []error
		retry bool
	}{
		{errno.Parse, []error{ErrInvalid}, []error{ErrConflict, ErrDuplicateKey}, false},
		{errno.DupEntry, []error{ErrInvalid, ErrDuplicateKey}, []error{ErrReadOnly}, false},
		{errno.OptionPrevents, []error{ErrReadOnly}, nil, false},
		{errno.ReadOnlyTx, []error{ErrReadOnly}, nil, false},
		{errno.Deadlock, []error{ErrConflict}, []error{ErrInvalid}, true},
		{errno.Unavailable, []error{ErrUnavailable}, []error{ErrCommitUnknown}, false},
		{errno.CommitUnknown, []error{ErrCommitUnknown}, []error{ErrConflict, ErrUnavailable}, false},
		{base.CodeCorrupt, []error{ErrCorrupt}, nil, false},
		{errno.Closed, []error{ErrClosed}, nil, false},
		{errno.Fenced, []error{ErrFenced}, nil, false},
		{errno.NotSupported, []error{ErrUnsupported}, nil, false},
		{errno.Unknown, []error{ErrInternal}, nil, false},
	}
	for _, c := range cases {
		cause := base.Errorf(c.code, "message")
		cause.Err = io.ErrUnexpectedEOF
		err := convertError(fmt.Errorf("outer: %w", cause))
		var e *Error
		if !errors.As(err, &e) || e.Number != c.code.Number || e.SQLState != c.code.State || e.Retryable() != c.retry {
			t.Errorf("%v is %#v", c.code, err)
		}
		for _, s := range append(c.is, io.ErrUnexpectedEOF) {
			if !errors.Is(err, s) {
				t.Errorf("%v is not %v", err, s)
			}
		}
		for _, s := range append(c.isNot, driver.ErrBadConn) {
			if errors.Is(err, s) {
				t.Errorf("%v is %v", err, s)
			}
		}
		if convertError(err) != err {
			t.Error("converted twice")
		}
	}
	if convertError(nil) != nil {
		t.Error("nil")
	}
	if err := convertError(io.EOF); numberOf(err) != 1105 || !errors.Is(err, ErrInternal) || !errors.Is(err, io.EOF) {
		t.Errorf("foreign error: %v", err)
	}
	dup := convertError(base.Errorf(errno.DupEntry, "Duplicate entry '1' for key 't.PRIMARY'"))
	if got := dup.Error(); got != "Error 1062 (23000): Duplicate entry '1' for key 't.PRIMARY'" {
		t.Error(got)
	}
	if !errors.Is(dup, &Error{Number: 1062}) || errors.Is(dup, &Error{Number: 1064}) {
		t.Error("Is by number")
	}
	corrupt := base.Corruptf("log/7", "checksum differs")
	if got := convertError(corrupt).Error(); got != "Error 1712 (HY000): checksum differs (object log/7)" {
		t.Error(got)
	}
}

// MySQLError has the shape of the error type of other MySQL drivers for Go.
type MySQLError struct {
	Number   uint16
	SQLState [5]byte
	Message  string
}

func (e *MySQLError) Error() string { return e.Message }

type otherError struct{}

func (*otherError) Error() string { return "" }

func TestAsMySQLError(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("save: %w", convertError(base.Errorf(errno.DupEntry, "Duplicate entry")))
	var m *MySQLError
	if !errors.As(err, &m) || m.Number != 1062 || string(m.SQLState[:]) != "23000" || m.Message != "Duplicate entry" {
		t.Errorf("%+v", m)
	}
	cause := base.Errorf(errno.Unavailable, "reading failed")
	cause.Object, cause.Err = "log/1", errors.New("no route")
	if !errors.As(convertError(cause), &m) || m.Message != "reading failed (object log/1): no route" {
		t.Errorf("the cause is lost: %+v", m)
	}
	var o *otherError
	if errors.As(err, &o) {
		t.Error("became an unrelated type")
	}
}

func TestFailureUnderContext(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	with := func(c base.Code, cause error) error {
		e := base.Errorf(c, "m")
		e.Err = cause
		return e
	}
	for _, c := range []struct {
		ctx  context.Context
		err  error
		want error
	}{
		{ended, with(errno.QueryInterrupted, nil), context.Canceled},
		{ended, with(errno.Unavailable, context.Canceled), context.Canceled},
		{ended, fmt.Errorf("read: %w", context.Canceled), context.Canceled},
	} {
		if got := failure(c.ctx, c.err); got != c.want {
			t.Errorf("%v became %v", c.err, got)
		}
	}
	unknown := failure(ended, with(errno.CommitUnknown, context.Canceled))
	if !errors.Is(unknown, ErrCommitUnknown) || !errors.Is(unknown, context.Canceled) || unknown == context.Canceled {
		t.Errorf("an unknown commit became %v", unknown)
	}
	if err := failure(ended, with(errno.DupEntry, nil)); !errors.Is(err, ErrDuplicateKey) {
		t.Errorf("a duplicate key became %v", err)
	}
	if err := failure(t.Context(), with(errno.Unavailable, nil)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("unavailable became %v", err)
	}
	if failure(ended, nil) != nil {
		t.Error("success became a failure")
	}
}
