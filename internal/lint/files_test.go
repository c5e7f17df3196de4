package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// file is one Go file of the module.
type file struct {
	path, dir string // from the root of the module, with slashes
	text      string
	lines     int
	test      bool
	generated bool
	syntax    *ast.File
	fset      *token.FileSet
}

var load = sync.OnceValues(loadFiles)

// parsed returns every Go file of the module. Files are parsed in-process: a test that asks the go command is answered
// from the test cache and does not see new violations.
func parsed(t *testing.T) []*file {
	t.Helper()
	files, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("only %d files found", len(files))
	}
	return files
}

func loadFiles() ([]*file, error) {
	root := filepath.Join("..", "..")
	var out []*file
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if nested(name, rel) || strings.HasPrefix(d.Name(), ".") && rel != "." || d.Name() == "testdata" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		f, err := loadFile(name, filepath.ToSlash(rel))
		out = append(out, f)
		return err
	})
	return out, err
}

// nested reports whether a folder is a module of its own.
func nested(name, rel string) bool {
	_, err := os.Stat(filepath.Join(name, "go.mod"))
	return err == nil && rel != "."
}

func loadFile(name, rel string) (*file, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, rel, text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	dir := path.Dir(rel)
	return &file{path: rel, dir: dir, text: string(text), lines: strings.Count(string(text), "\n"),
		test: strings.HasSuffix(rel, "_test.go") || under(dir, []string{"conformance"}), generated: ast.IsGenerated(syntax),
		syntax: syntax, fset: fset}, nil
}
