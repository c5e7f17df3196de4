package lint

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	docPage  = regexp.MustCompile(`\bdocs/[\w/.-]+\.md\b`)
	linkTo   = regexp.MustCompile(`\]\(([^)#:\s]+)(#[^)]*)?\)`)
	fileName = regexp.MustCompile("`((?:[\\w-]+/)+[\\w.-]+\\.(?:go|md|sql|sh))`")
)

// TestReferencesLeadSomewhere follows the links and the names of files in pages, and the names of pages in the source.
func TestReferencesLeadSomewhere(t *testing.T) {
	t.Parallel()
	for _, x := range written(t) {
		if under(x.path, []string{"internal/lint"}) {
			continue
		}
		report(t, checkReferences(x, func(name string) bool {
			_, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(name)))
			return err == nil
		}))
	}
}

func checkReferences(x text, exists func(name string) bool) (problems []string) {
	var names []string
	switch path.Ext(x.path) {
	case ".md":
		for _, m := range linkTo.FindAllStringSubmatch(x.content, -1) {
			names = append(names, path.Join(path.Dir(x.path), m[1]))
		}
		for _, m := range fileName.FindAllStringSubmatch(x.content, -1) {
			if top, _, _ := strings.Cut(m[1], "/"); exists(top) { // a file of another project is not ours to find
				names = append(names, m[1])
			}
		}
	case ".go":
		names = docPage.FindAllString(x.content, -1)
	}
	for _, n := range names {
		if !exists(n) && !exists(path.Join(path.Dir(x.path), n)) {
			problems = append(problems, fmt.Sprintf("%s mentions %s, which is not there", x.path, strings.TrimPrefix(n, "./")))
		}
	}
	return problems
}

func TestLostReferencesAreFound(t *testing.T) {
	t.Parallel()
	exists := func(name string) bool { return name == "docs/a.md" || name == "cmd" || name == "cmd/main.go" }
	for _, tt := range []struct{ path, content, want string }{
		{"docs/x.md", "[a](a.md), [a](a.md#part), [web](https://example.com/b.md), `cmd/main.go`, `design/x.md` of others", ""},
		{"docs/x.md", "[b](b.md)", "docs/b.md"},
		{"README.md", "see `cmd/other.go`", "cmd/other.go"},
		{"cmd/main.go", "// Source: docs/a.md §1.", ""},
		{"cmd/main.go", "// Source: docs/b.md.", "docs/b.md"},
	} {
		expect(t, checkReferences(text{path: tt.path, content: tt.content}, exists), tt.want)
	}
}
