package parse

import (
	"strings"
	"testing"

	"github.com/s3sql/s3sql/sqlengine/ast"
)

func TestAdjacentStringsAreOne(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		`'a'`:              "a",
		`'a' 'b'`:          "ab",
		`'a' "b"  'c'`:     "abc",
		`N'a' 'b'`:         "ab",
		`_utf8mb4'a' 'b'`:  "ab",
		"'a' /* x */\n'b'": "ab",
	} {
		e, err := Expr(sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		if l, ok := e.(*ast.Literal); !ok || l.Value.Text() != want {
			t.Errorf("%s: got %#v, want '%s'", sql, e, want)
		}
	}
}

// TestManyAdjacentStrings allocates for the text, not once a string: that takes time in the square of their number.
func TestManyAdjacentStrings(t *testing.T) {
	const n = 50_000
	sql := strings.Repeat(" 'a'", n)
	var e ast.Expr
	var err error
	allocs := testing.AllocsPerRun(1, func() { e, err = Expr(sql) })
	if err != nil {
		t.Fatal(err)
	}
	if got := e.(*ast.Literal).Value.Text(); got != strings.Repeat("a", n) {
		t.Errorf("%d bytes, want %d", len(got), n)
	}
	if allocs > n/10 {
		t.Errorf("%.0f allocations for %d strings", allocs, n)
	}
}
