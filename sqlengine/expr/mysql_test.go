package expr

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

func testContext() *Context {
	return &Context{Ctx: context.Background(), Now: time.Date(2024, 2, 29, 13, 14, 15, 678901000, time.UTC), Loc: time.UTC,
		User: "root@localhost", Database: "shop", Version: "8.0.36", ConnectionID: 7, LastInsertID: 42}
}

// TestMySQL evaluates every line "expression => text [! warning number]" of testdata/*.txt as a constant, and once more over a
// batch of three rows of which the middle one does not count.
func TestMySQL(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(data), "\n") {
			if line == "" || line[0] == '#' {
				continue
			}
			src, want, ok := strings.Cut(line, " => ")
			if !ok {
				t.Fatalf("%s:%d: no =>", name, n+1)
			}
			if got := evaluate(t, src); got != want {
				t.Errorf("%s:%d: %s\n got %s\nwant %s", name, n+1, src, got, want)
			}
		}
	}
}

func evaluate(t *testing.T, src string) string {
	t.Helper()
	warnings := ""
	ctx := testContext()
	ctx.Warn = func(e *base.Error) {
		if w := " ! " + number5(e.Number); !strings.Contains(warnings, w) {
			warnings += w
		}
	}
	e, err := parseExpr(t, src)
	if err != nil {
		return errorText(err)
	}
	e = Settle(e)
	v, err := Scalar(ctx, e)
	if err != nil {
		return errorText(err)
	}
	if !v.IsNull() && v.Class() != e.Type().Class() {
		t.Errorf("%s: class %s of a %s", src, v.Class(), e.Type().Class())
	}
	if v.IsNull() && !e.Nullable() {
		t.Errorf("%s: NULL of an expression that is not nullable", src)
	}
	batch := &vec.Batch{N: 3, Sel: []int32{0, 2}}
	spread, err := e.Eval(ctx, batch)
	if err != nil {
		t.Errorf("%s: over a batch: %v", src, err)
	} else if !volatileIn(e) && (spread.Value(0) != v || spread.Value(2) != v) {
		t.Errorf("%s: over a batch %v, %v", src, spread.Value(0), spread.Value(2))
	}
	if f := Fold(e); !volatileIn(e) {
		if fv, err := Scalar(ctx, f); err != nil || fv != v {
			t.Errorf("%s: folded %v, %v", src, fv, err)
		}
	}
	return Format(v, e.Type()) + warnings
}

func volatileIn(e Expr) bool {
	for _, c := range e.Children() {
		if volatileIn(c) {
			return true
		}
	}
	return Volatile(e)
}

func errorText(err error) string {
	var e *base.Error
	if errors.As(err, &e) {
		return "ERROR " + number5(e.Number) + " " + e.Msg
	}
	return "ERROR " + err.Error()
}

func number5(n uint16) string { return Format(base.NewInt(int64(n)), typeInt) }
