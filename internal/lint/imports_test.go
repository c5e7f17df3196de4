package lint

import (
	"path"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/s3sql/s3sql/"

// allowed maps a folder, with everything below it, to the folders of this module it may import; its own subtree is always
// allowed. The most specific entry decides. docs/ARCHITECTURE.md §1 draws the same arrows.
var allowed = map[string][]string{
	"internal/base":       {},
	"internal/vec":        {"internal/base"},
	"storage":             {"internal/base", "internal/vec"},
	"storage/object":      {"internal/base"},
	"storage/commitlog":   {"internal/base", "storage/object"},
	"storage/manifest":    {"internal/base"},
	"catalog":             {"internal/base", "internal/vec", "storage"},
	"sqlengine":           {"internal/base", "internal/vec", "storage", "catalog"},
	"sqlengine/ast":       {"internal/base"},
	"sqlengine/parse":     {"internal/base", "sqlengine/ast"},
	"sqlengine/expr":      {"internal/base", "internal/vec"},
	"sqlengine/plan":      {"internal/base", "internal/vec", "catalog", "sqlengine/ast", "sqlengine/expr"},
	"sqlengine/exec":      {"internal/base", "internal/vec", "catalog", "storage/table", "sqlengine/expr", "sqlengine/plan"},
	"sqlengine/system":    {"internal/base", "storage/object", "sqlengine/expr", "sqlengine/plan"},
	"driver":              {"internal/base", "internal/vec", "storage/object", "sqlengine"},
	"cmd/s3sql":           {"driver", "sqlengine/parse"},
	"examples":            {"driver"},
	"conformance":         {""},
	"conformance/testenv": {"conformance"},
	"internal/lint":       {},
}

// clients maps the path of a module to the folders that may import it; what is not listed here is free.
var clients = map[string][]string{
	"github.com/aws/":                   {"storage/object/s3"},
	"github.com/xwb1989/sqlparser":      {"sqlengine/parse"},
	"github.com/tidwall/btree":          {"storage"},
	"github.com/klauspost/compress":     {"storage"},
	"google.golang.org/protobuf":        {"storage"},
	"github.com/cockroachdb/datadriven": {"tests"},
	"golang.org/x/text":                 {"sqlengine/expr"},
}

func TestImports(t *testing.T) {
	t.Parallel()
	for _, f := range parsed(t) {
		rule := ruleOf(f.dir)
		if rule == "" {
			t.Errorf("%s: the folder %s has no entry in the import map of internal/lint", f.path, f.dir)
			continue
		}
		for _, spec := range f.syntax.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			checkImport(t, f, rule, p)
		}
	}
}

// ruleOf returns the most specific entry of the map for a folder.
func ruleOf(dir string) string {
	for d := dir; d != "." && d != ""; d = path.Dir(d) {
		if _, ok := allowed[d]; ok {
			return d
		}
	}
	return ""
}

func checkImport(t *testing.T, f *file, rule, p string) {
	t.Helper()
	for client, where := range clients {
		if strings.HasPrefix(p, client) && !f.test && !under(f.dir, where) {
			t.Errorf("%s imports %s, which only %v may", f.path, p, where)
		}
	}
	own, ok := strings.CutPrefix(p, module)
	if !ok || f.test || under(own, []string{rule}) || under(own, allowed[rule]) {
		return
	}
	t.Errorf("%s imports %s: %s may import only itself and %v", f.path, own, rule, allowed[rule])
}

func under(dir string, trees []string) bool {
	for _, tree := range trees {
		if tree == "" || dir == tree || strings.HasPrefix(dir, tree+"/") {
			return true
		}
	}
	return false
}
