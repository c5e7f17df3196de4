package lint

import (
	"go/ast"
	"strings"
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
		limit := fileMax
		if f.test {
			limit = testFileMax
		}
		if f.lines > limit && !f.generated {
			t.Errorf("%s has %d lines, more than %d: split it by concept", f.path, f.lines, limit)
		}
	}
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
		t.Errorf("internal/base has %d lines, more than %d: a leaf that everything imports stays small", total, baseMax)
	}
}

func TestFunctionLength(t *testing.T) {
	t.Parallel()
	for _, f := range parsed(t) {
		if f.test || f.generated {
			continue
		}
		for _, d := range f.syntax.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			n := f.fset.Position(fn.Body.End()).Line - f.fset.Position(fn.Pos()).Line + 1
			if n > funcMax && !strings.Contains(commentText(fn.Doc), "//lint:long ") {
				t.Errorf("%s: %s has %d lines, more than %d: split it, or write //lint:long and why above it", f.path, fn.Name.Name, n, funcMax)
			}
		}
	}
}

func commentText(g *ast.CommentGroup) string {
	if g == nil {
		return ""
	}
	var b strings.Builder
	for _, c := range g.List {
		b.WriteString(c.Text + "\n")
	}
	return b.String()
}

// documented are the trees whose exported names all have a doc comment.
var documented = []string{"driver", "storage", "catalog", "fts", "plugins", "internal", "sqlengine"}

func TestExportedNamesAreDocumented(t *testing.T) {
	t.Parallel()
	for _, f := range parsed(t) {
		if f.test || f.generated || !under(f.dir, documented) {
			continue
		}
		for _, d := range f.syntax.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && exportedReceiver(d) && d.Doc == nil && !trivialMethod(d) {
					t.Errorf("%s: %s has no doc comment", f.path, d.Name.Name)
				}
			case *ast.GenDecl:
				checkSpecs(t, f, d)
			}
		}
	}
}

// trivialMethod reports a method of one expression: its interface documents it.
func trivialMethod(d *ast.FuncDecl) bool {
	return d.Recv != nil && d.Body != nil && len(d.Body.List) <= 1
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}

func checkSpecs(t *testing.T, f *file, d *ast.GenDecl) {
	t.Helper()
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && s.Doc == nil && d.Doc == nil {
				t.Errorf("%s: type %s has no doc comment", f.path, s.Name.Name)
			}
		case *ast.ValueSpec:
			for _, n := range s.Names {
				if n.IsExported() && s.Doc == nil && d.Doc == nil && s.Comment == nil {
					t.Errorf("%s: %s has no doc comment", f.path, n.Name)
				}
			}
		}
	}
}

// TestForbiddenCalls keeps time and randomness in internal/base, so that a test can own them, and output out of the
// library.
func TestForbiddenCalls(t *testing.T) {
	t.Parallel()
	forbidden := map[string]string{
		"time.Now": "take a base.Clock", "time.Sleep": "take a base.Clock", "time.After": "take a base.Clock",
		"time.Since": "take a base.Clock", "os.Exit": "return an error", "fmt.Print": "return text or take an io.Writer",
		"fmt.Println": "return text or take an io.Writer", "fmt.Printf": "return text or take an io.Writer", "log.Printf": "take a *slog.Logger",
	}
	for _, f := range parsed(t) {
		if f.test || under(f.dir, []string{"internal/base", "cmd", "examples"}) {
			continue
		}
		for _, i := range f.syntax.Imports {
			if p := strings.Trim(i.Path.Value, `"`); p == "math/rand" || p == "math/rand/v2" || p == "crypto/rand" {
				t.Errorf("%s imports %s: take a base.Rand", f.path, p)
			}
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Obj == nil {
				if instead := forbidden[pkg.Name+"."+sel.Sel.Name]; instead != "" {
					t.Errorf("%s: %s.%s: %s", f.fset.Position(call.Pos()), pkg.Name, sel.Sel.Name, instead)
				}
			}
			return true
		})
	}
}
