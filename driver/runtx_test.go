package driver

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

func conflicts(n int) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = base.Errorf(errno.Deadlock, "conflict")
	}
	return errs
}

func TestRunTx(t *testing.T) {
	t.Parallel()
	plain := errors.New("mine")
	cases := []struct {
		name    string
		commits []error
		fn      func(try int) error
		want    error
		tries   int
		calls   string // commits and rollbacks, in order
	}{
		{"won at once", nil, nil, nil, 1, "commit"},
		{"lost twice", conflicts(2), nil, nil, 3, "commit commit commit"},
		{"conflict inside", nil, func(try int) error {
			if try == 1 {
				return convertError(base.Errorf(errno.Deadlock, "conflict"))
			}
			return nil
		}, nil, 2, "rollback commit"},
		{"own error", nil, func(int) error { return plain }, plain, 1, "rollback"},
		{"unknown commit", []error{base.Errorf(errno.CommitUnknown, "unknown")}, nil, ErrCommitUnknown, 1, "commit"},
		{"always lost", conflicts(runTxTries), nil, ErrConflict, runTxTries, strings.TrimSpace(strings.Repeat("commit ", runTxTries))},
	}
	for _, c := range cases {
		e := &fakeEngine{commitErr: c.commits}
		clock := &fakeClock{}
		tries := 0
		err := runTx(t.Context(), openFake(t, e), nil, func(*sql.Tx) error {
			tries++
			if c.fn == nil {
				return nil
			}
			return c.fn(tries)
		}, clock, fullRand{})
		if !errors.Is(err, c.want) || tries != c.tries || len(clock.sleeps) != c.tries-1 {
			t.Errorf("%s: %v after %d tries and %d waits", c.name, err, tries, len(clock.sleeps))
		}
		calls := strings.ReplaceAll(strings.ReplaceAll(e.seen(), "begin: ", ""), "begin:", "")
		if calls != c.calls {
			t.Errorf("%s: calls %s, want %s", c.name, calls, c.calls)
		}
	}
}

func TestRunTxPanic(t *testing.T) {
	t.Parallel()
	e := &fakeEngine{}
	db := openFake(t, e)
	func() {
		defer func() {
			if recover() != "boom" {
				t.Error("the panic did not go on")
			}
		}()
		if err := RunTx(t.Context(), db, nil, func(*sql.Tx) error { panic("boom") }); err != nil {
			t.Error(err)
		}
	}()
	if e.seen() != "begin: rollback" || db.Stats().InUse != 0 {
		t.Errorf("calls %s, %d connections in use", e.seen(), db.Stats().InUse)
	}
}

func TestRunTxStopsWithItsContext(t *testing.T) {
	t.Parallel()
	e := &fakeEngine{commitErr: conflicts(5)}
	ctx, cancel := context.WithCancel(t.Context())
	tries := 0
	err := runTx(ctx, openFake(t, e), nil, func(*sql.Tx) error {
		if tries++; tries == 2 {
			cancel()
		}
		return nil
	}, &fakeClock{}, fullRand{})
	if !errors.Is(err, context.Canceled) || tries != 2 {
		t.Errorf("%v after %d tries", err, tries)
	}
}

// TestRunTxRolledBackByItsContext has database/sql roll back before the commit, which is for it to choose.
func TestRunTxRolledBackByItsContext(t *testing.T) {
	t.Parallel()
	for _, want := range []error{nil, errors.New("own")} {
		ctx, cancel := context.WithCancel(t.Context())
		err := RunTx(ctx, openFake(t, &fakeEngine{}), nil, func(tx *sql.Tx) error {
			cancel()
			for {
				if _, err := tx.ExecContext(t.Context(), "x"); errors.Is(err, sql.ErrTxDone) {
					break
				}
			}
			return want
		})
		if want == nil && !(errors.Is(err, context.Canceled) && errors.Is(err, sql.ErrTxDone)) || want != nil && err != want {
			t.Errorf("fn returned %v: got %v", want, err)
		}
	}
}

func TestRunTxWaits(t *testing.T) {
	t.Parallel()
	for try, limit := range map[int]time.Duration{1: time.Millisecond, 2: 2 * time.Millisecond, 9: 256 * time.Millisecond, 99: 256 * time.Millisecond} {
		if d := runTxWait(try, fullRand{}); d < 0 || d >= limit {
			t.Errorf("wait %d is %v, limit %v", try, d, limit)
		}
	}
}
