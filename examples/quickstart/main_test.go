package main

import (
	"strings"
	"testing"
)

func TestQuickstart(t *testing.T) {
	t.Parallel()
	dsn := "file://" + t.TempDir() + "/notes"
	for i, want := range []string{"2  write docs   5\n1  buy milk     3\n", "2  write docs   5\n"} {
		var out strings.Builder
		if err := run(t.Context(), dsn, &out); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); !strings.HasPrefix(got, want) {
			t.Errorf("run %d prints\n%s\nwant at the beginning\n%s", i+1, got, want)
		}
	}
}
