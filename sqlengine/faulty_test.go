package sqlengine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine"
)

// TestFaultyStatements runs the statements of testdata/faulty.sql, each of which fails with MySQL's number and SQLSTATE.
//
// Source: MySQL 8.0 Error Message Reference, "Server Error Message Reference".
func TestFaultyStatements(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/faulty.sql")
	if err != nil {
		t.Fatal(err)
	}
	s := openMem(t).NewSession()
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	setup, n := true, 0
	for i, line := range strings.Split(string(text), "\n") {
		switch {
		case line == "" || line[0] == '#':
		case line == "----":
			setup = false
		case setup:
			if err := runAll(s, line); err != nil {
				t.Fatalf("line %d: %v", i+1, err)
			}
		default:
			n++
			want, sql := line[:10], line[11:]
			if got := number(runAll(s, sql)); got != want {
				t.Errorf("line %d: %s: %s, and MySQL says %s", i+1, sql, got, want)
			}
			if err := runAll(s, "ROLLBACK"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n < 150 {
		t.Errorf("only %d statements", n)
	}
}

// runAll runs statements to the end of their rows, or to the first error.
func runAll(s *sqlengine.Session, sql string) error {
	ctx := context.Background()
	r, err := s.Exec(ctx, sql, nil)
	for err == nil && r != nil {
		for r.Columns() != nil && err == nil {
			b, nextErr := r.Next(ctx)
			if err = nextErr; b == nil {
				break
			}
		}
		if closeErr := r.Close(); err == nil {
			err = closeErr
		}
		if err == nil {
			r, err = r.NextResult(ctx)
		}
	}
	return err
}

// number returns number and SQLSTATE of an error.
func number(err error) string {
	var e *base.Error
	if err == nil {
		return "no error at all"
	}
	if !errors.As(err, &e) {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", e.Number, e.State)
}
