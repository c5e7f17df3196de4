package lint

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// documented are the trees whose exported names all have a doc comment; in engine, methods of one statement that
// satisfy an interface of the engine itself go without. The names of package errno are MySQL's, whose manual documents them.
var (
	documented = []string{"driver", "storage", "catalog", "fts", "plugins", "internal", "sqlengine"}
	engine     = []string{"sqlengine"}
)

func TestExportedNamesAreDocumented(t *testing.T) {
	t.Parallel()
	for _, f := range parsed(t) {
		if under(f.dir, documented) && f.dir != "internal/errno" {
			report(t, checkComments(f))
		}
	}
}

func checkComments(f *file) (problems []string) {
	if f.test || f.generated {
		return nil
	}
	for _, d := range f.syntax.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && exportedReceiver(d) && !f.conventional(d) {
				problems = append(problems, f.checkComment(d, d.Name.Name, d.Doc)...)
			}
		case *ast.GenDecl:
			problems = append(problems, f.checkSpecs(d)...)
		}
	}
	return problems
}

// checkComment wants a comment that begins with the name, as go doc shows it out of its context.
func (f *file) checkComment(n ast.Node, name string, doc *ast.CommentGroup) []string {
	words := strings.Fields(doc.Text())
	switch {
	case len(words) == 0:
		return []string{fmt.Sprintf("%s: %s has no doc comment: say what it is, in which units, who owns it, what it costs in requests and its errors", f.at(n), name)}
	case strings.TrimRight(words[0], ",.:;'s") == strings.TrimRight(name, "s"), len(words) > 1 && words[1] == name && slices.Contains([]string{"A", "An", "The"}, words[0]):
		return nil
	}
	return []string{fmt.Sprintf("%s: the doc comment of %s does not begin with its name", f.at(n), name)}
}

// conventional reports the methods of one statement that satisfy an interface which documents them: one of the standard
// library's, or, in the engine, one of its own.
func (f *file) conventional(d *ast.FuncDecl) bool {
	names := []string{"Error", "Unwrap", "String", "GoString", "Len", "Less", "Swap", "Close"}
	one := d.Recv != nil && d.Body != nil && len(d.Body.List) <= 1
	return one && (slices.Contains(names, d.Name.Name) || under(f.dir, engine))
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.IndexListExpr:
			typ = t.X
		case *ast.Ident:
			return t.IsExported()
		default:
			return false
		}
	}
}

// checkSpecs accepts, for constants and variables, one comment over their group or one behind each.
func (f *file) checkSpecs(d *ast.GenDecl) (problems []string) {
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			doc := s.Doc
			if doc == nil && !d.Lparen.IsValid() {
				doc = d.Doc
			}
			if s.Name.IsExported() {
				problems = append(problems, f.checkComment(s, s.Name.Name, doc)...)
			}
		case *ast.ValueSpec:
			if s.Doc != nil || d.Doc != nil || s.Comment != nil {
				continue
			}
			for _, n := range s.Names {
				if n.IsExported() {
					problems = append(problems, fmt.Sprintf("%s: %s has no doc comment: write one over it or its group, or behind it", f.at(n), n.Name))
				}
			}
		}
	}
	return problems
}

// TestPackagesSayTheirPurpose wants a package comment in exactly one file of each package.
func TestPackagesSayTheirPurpose(t *testing.T) {
	t.Parallel()
	comments, files := map[string][]string{}, map[string]*file{}
	for _, f := range parsed(t) {
		if f.test {
			continue
		}
		files[f.dir] = f
		if f.syntax.Doc != nil {
			comments[f.dir] = append(comments[f.dir], f.path)
			report(t, checkPackageComment(f))
		}
	}
	for dir := range files {
		if n := len(comments[dir]); n != 1 {
			t.Errorf("%s: %d files have a package comment, not one: %s", dir, n, list(comments[dir]))
		}
	}
}

func checkPackageComment(f *file) []string {
	want := "Package " + f.syntax.Name.Name + " "
	if f.syntax.Name.Name == "main" {
		want = "Command "
	}
	if strings.HasPrefix(f.syntax.Doc.Text(), want) {
		return nil
	}
	return []string{fmt.Sprintf("%s: the package comment does not begin with %q", f.path, want)}
}
