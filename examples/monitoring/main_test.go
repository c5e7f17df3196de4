package main

import (
	"regexp"
	"strings"
	"testing"
)

// TestMonitoring checks what one INSERT does in each part of the stack.
func TestMonitoring(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(t.Context(), "file://"+t.TempDir()+"/shop", &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`^products: 0\nproducts: 0\nproducts: 1\n`, `\ncache +1 hits, \d misses +1 hits, \d misses\n`, `\nsearch +0 +1\n`, `\naudit +0 +1\n`, `\nmetrics +0 +1\n`, `\ncosts +0 +1\n`,
		`\naudited: insert of 1 by ann {"request": "req-456"}\n`, `\nchain: complete\n`} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
}
