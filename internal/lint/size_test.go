package lint

import (
	"fmt"
	"go/ast"
	"regexp"
	"testing"
)

const (
	fileMax     = 800
	testFileMax = 1200
	funcMax     = 70
	baseMax     = 1500
)

func TestFileLength(t *testing.T) {
	t.Parallel()
	for _, f := range parsed(t) {
		report(t, checkFileLength(f))
	}
}

func checkFileLength(f *file) []string {
	limit := fileMax
	if f.test {
		limit = testFileMax
	}
	if f.lines <= limit || f.generated {
		return nil
	}
	return []string{fmt.Sprintf("%s has %d lines, more than %d: split it by concept", f.path, f.lines, limit)}
}

func TestBaseStaysSmall(t *testing.T) {
	t.Parallel()
	total := 0
	for _, f := range parsed(t) {
		if f.dir == "internal/base" && !f.test {
			total += f.lines
		}
	}
	if total > baseMax {
		t.Errorf("internal/base has %d lines, more than %d: a leaf that everything imports stays small; move what one layer alone needs into it", total, baseMax)
	}
}

func TestFunctionLength(t *testing.T) {
	t.Parallel()
	for _, f := range parsed(t) {
		report(t, checkFunctionLength(f))
	}
}

// long matches the permission for a long function, whose reason has to be given.
var long = regexp.MustCompile(`(?m)^//lint:long \S.{7,}`)

// checkFunctionLength looks at code only: the tables of a test may be as long as they are.
func checkFunctionLength(f *file) (problems []string) {
	if f.test || f.generated {
		return nil
	}
	for _, d := range f.syntax.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		n := f.fset.Position(fn.Body.End()).Line - f.fset.Position(fn.Pos()).Line + 1
		if n > funcMax && !long.MatchString(rawComment(fn.Doc)) {
			problems = append(problems, fmt.Sprintf("%s: %s has %d lines, more than %d: split it, or write //lint:long and why in its doc comment",
				f.at(fn), fn.Name.Name, n, funcMax))
		}
	}
	return problems
}

// rawComment is the text of a comment with its directives, which CommentGroup.Text leaves out.
func rawComment(g *ast.CommentGroup) (s string) {
	if g != nil {
		for _, c := range g.List {
			s += c.Text + "\n"
		}
	}
	return s
}
