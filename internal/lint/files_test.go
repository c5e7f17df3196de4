package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// file is one Go file of the module.
type file struct {
	path, dir string // from the root of the module, with slashes
	lines     int
	test      bool // a _test.go file
	generated bool
	syntax    *ast.File
	fset      *token.FileSet
}

// text is any file of the repository that people wrote.
type text struct{ path, content string }

// source is what the rules look at.
type source struct {
	files []*file
	texts []text
}

var load = sync.OnceValues(loadSource)

// parsed returns every Go file of the module. Files are parsed in-process: a test that asks the go command is answered
// from the test cache and does not see new violations.
func parsed(t *testing.T) []*file {
	t.Helper()
	s, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if len(s.files) < 20 {
		t.Fatalf("only %d files found", len(s.files))
	}
	return s.files
}

func written(t *testing.T) []text {
	t.Helper()
	parsed(t)
	s, _ := load() // parsed has looked at the error
	return s.texts
}

func report(t *testing.T, problems []string) {
	t.Helper()
	for _, p := range problems {
		t.Error(p)
	}
}

// extensions of the files that people write, beside Go files and those without one.
var extensions = []string{"", ".md", ".mod", ".sql", ".sh", ".txt", ".yml", ".yaml", ".json", ".proto"}

// made are the folders at the root that git ignores.
var made = []string{".git", "bin", "s3sql-data"}

func loadSource() (s source, err error) {
	root := filepath.Join("..", "..")
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		if rel = filepath.ToSlash(rel); d.IsDir() {
			if slices.Contains(made, rel) {
				return filepath.SkipDir
			}
			return nil
		}
		return s.add(root, name, rel)
	})
	return s, err
}

func (s *source) add(root, name, rel string) error {
	ext := path.Ext(rel)
	isGo := ext == ".go"
	if !isGo && !slices.Contains(extensions, ext) {
		return nil
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if !strings.Contains(rel, "/testdata/") || isGo {
		s.texts = append(s.texts, text{path: rel, content: string(content)})
	}
	if !isGo || strings.Contains(rel, "/testdata/") || nested(root, path.Dir(rel)) {
		return nil
	}
	f, err := parseFile(rel, content)
	s.files = append(s.files, f)
	return err
}

// nested reports whether a folder belongs to a module of its own.
func nested(root, dir string) bool {
	for ; dir != "."; dir = path.Dir(dir) {
		if _, err := os.Stat(filepath.Join(root, dir, "go.mod")); err == nil {
			return true
		}
	}
	return false
}

func parseFile(rel string, content []byte) (*file, error) {
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, rel, content, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return &file{path: rel, dir: path.Dir(rel), lines: strings.Count(string(content), "\n"),
		test: strings.HasSuffix(rel, "_test.go"), generated: ast.IsGenerated(syntax), syntax: syntax, fset: fset}, nil
}

// at is the place of a node for a message.
func (f *file) at(n ast.Node) string { return f.fset.Position(n.Pos()).String() }
