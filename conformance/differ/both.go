package differ

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/s3sql/s3sql/driver"
)

// patience bounds one statement on both engines.
const patience = time.Minute

// Both puts a statement to two engines. That one of them does not answer in a minute ends the test.
func Both(t testing.TB, ours, theirs *Engine, statement string, query bool) (our, their *Answer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	their, err := theirs.Ask(ctx, statement, query)
	if err != nil {
		t.Fatal(err)
	}
	if our, err = ours.Ask(ctx, statement, query); err != nil {
		t.Fatal(err)
	}
	return our, their
}

// Failure is Engine.Failure of s3sql.
func Failure(err error) (number int, state string) {
	var e *driver.Error
	if errors.As(err, &e) {
		return int(e.Number), e.SQLState
	}
	return 0, ""
}
