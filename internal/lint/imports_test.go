package lint

import (
	"path"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/s3sql/s3sql/"

// allowed maps a folder, with everything below it, to the folders of this module it may import; its own subtree is always
// allowed. The most specific entry decides. docs/ARCHITECTURE.md draws the same arrows under "Layers".
var allowed = map[string][]string{
	"internal/base":      {},
	"internal/errno":     {"internal/base"},
	"internal/collation": {},
	"internal/seal":      {"internal/base"},
	"internal/vec":       {"internal/base", "internal/errno"},
	"storage":            {"internal/base", "internal/errno", "internal/vec"},
	"storage/object":     {"internal/base", "internal/errno"},
	"storage/commitlog":  {"internal/base", "internal/errno", "storage/object"},
	"storage/manifest":   {"internal/base", "internal/errno"},
	"storage/row":        {"internal/base", "internal/vec"},
	"storage/segment":    {"internal/base", "internal/errno", "internal/vec", "storage/object", "storage/row"},
	"storage/invert":     {},
	"storage/cache":      {"internal/base", "internal/errno", "storage/object"},
	"catalog":            {"internal/base", "internal/collation", "internal/errno", "internal/seal", "internal/vec", "storage"},
	"sqlengine":          {"internal/base", "internal/collation", "internal/errno", "internal/seal", "internal/suggest", "internal/vec", "storage", "catalog", "fts", "plugins"},
	"sqlengine/ast":      {"internal/base", "internal/errno"},
	"sqlengine/parse":    {"internal/base", "internal/errno", "sqlengine/ast"},
	"sqlengine/expr":     {"internal/base", "internal/collation", "internal/errno", "internal/suggest", "internal/vec"},
	"sqlengine/plan":     {"internal/base", "internal/collation", "internal/errno", "internal/suggest", "internal/vec", "catalog", "sqlengine/ast", "sqlengine/expr", "sqlengine/partition"},
	"sqlengine/exec":     {"internal/base", "internal/collation", "internal/errno", "internal/seal", "internal/vec", "catalog", "storage/row", "storage/segment", "storage/table", "fts", "sqlengine/event", "sqlengine/expr", "sqlengine/partition", "sqlengine/plan"},
	"sqlengine/system":   {"internal/base", "internal/collation", "internal/errno", "storage/object", "sqlengine/event", "sqlengine/expr", "sqlengine/plan"},
	"fts":                {"internal/base", "internal/errno", "internal/suggest", "storage/invert"},
	"plugins":            {"internal/base", "internal/errno", "internal/registry", "internal/suggest", "internal/units", "sqlengine/event"},
	"driver":             {"internal/base", "internal/errno", "internal/seal", "internal/suggest", "internal/units", "internal/vec", "storage/object", "sqlengine", "fts", "plugins"},
	"cmd/s3sql":          {"driver", "sqlengine/parse", "plugins"},
	"examples":           {"driver", "plugins", "sqlengine/event"},
	"conformance":        {"catalog", "driver", "fts", "internal", "plugins", "sqlengine", "storage"},
	"internal/lint":      {},
	"internal/registry":  {},
	"internal/suggest":   {},
	"internal/units":     {},

	"plugins/replication/s3sql": {"plugins", "driver"},

	"plugins/otel":         {"internal/base", "plugins", "driver"},
	"sqlengine/event":      {"internal/base"},
	"sqlengine/partition":  {"internal/base", "internal/vec", "catalog", "sqlengine/expr"},
	"sqlengine/infoschema": {"internal/base", "internal/collation", "internal/errno", "catalog", "sqlengine/expr", "sqlengine/parse", "sqlengine/plan"},
	"storage/lease":        {"internal/base", "internal/errno", "storage/manifest", "storage/object"},
}

// testOnly is what tests may import on top of their folder's entry: the suites, the storage that they run on, and the parser
// that makes trees for them.
var testOnly = []string{"conformance", "internal/base", "internal/errno", "internal/vec", "storage", "sqlengine/parse"}

// clients maps a module, or a part of one, to the folders whose code may import it; "tests" stands for every test. A
// library that is not here is in nobody's reach: whoever adds one adds its place, and the reason in docs/decisions.
var clients = map[string][]string{
	"github.com/aws/aws-sdk-go-v2":        {"storage/object/s3", "plugins/consumer/sqs", "plugins/replication/sqs", "conformance"},
	"github.com/aws/smithy-go":            {"storage/object/s3", "plugins/consumer/sqs", "plugins/replication/sqs", "conformance"},
	"github.com/xwb1989/sqlparser":        {"sqlengine/parse"},
	"github.com/tidwall/btree":            {"storage"},
	"github.com/klauspost/compress":       {"storage", "fts", "plugins/cache"},
	"google.golang.org/protobuf":          {"storage"},
	"github.com/parquet-go/parquet-go":    {"storage/segment", "storage/iceberg", "conformance"},
	"github.com/maypok86/otter/v2":        {"storage", "plugins/cache"},
	"github.com/blevesearch":              {"fts"},
	"github.com/RoaringBitmap/roaring/v2": {"fts", "storage"},
	"github.com/jackc/pgx/v5":             {"plugins/replication/postgres", "conformance"},
	"cloud.google.com/go/auth":            {"plugins/replication/bigquery"},
	"cloud.google.com/go/bigquery":        {"plugins/replication/bigquery"},
	"google.golang.org/api":               {"plugins/replication/bigquery"},
	"github.com/rabbitmq/amqp091-go":      {"plugins/consumer/rabbitmq", "plugins/replication/rabbitmq"},
	"github.com/reeflective/readline":     {"cmd/s3sql"},
	"github.com/rivo/uniseg":              {"cmd/s3sql"},
	"golang.org/x/term":                   {"cmd/s3sql"},
	"golang.org/x/text":                   {"internal/collation", "fts"},
	"golang.org/x/sync":                   {"storage", "catalog", "sqlengine", "fts", "plugins", "driver", "conformance", "tests"},
	"go.opentelemetry.io/otel":            {"plugins/otel", "tests"},
	"golang.org/x/sys":                    {"storage/object/dir"},
	"github.com/cockroachdb/datadriven":   {"tests"},
	"github.com/DATA-DOG/go-sqlmock":      {"tests"},
	"github.com/anishathalye/porcupine":   {"tests"},
	"github.com/google/go-cmp":            {"tests"},
	"github.com/go-sql-driver/mysql":      {"conformance"},
	"github.com/apache/iceberg-go":        {"conformance"},
	"gorm.io":                             {"conformance"},
	"github.com/uptrace/bun":              {"conformance"},
	"entgo.io/ent":                        {"conformance"},
	"xorm.io":                             {"conformance"},
	"github.com/jmoiron/sqlx":             {"conformance"},
	"modernc.org/sqlite":                  {"conformance"},
	"github.com/duckdb/duckdb-go/v2":      {"conformance"},
}

func TestImports(t *testing.T) {
	t.Parallel()
	for _, f := range parsed(t) {
		report(t, checkImports(f))
	}
}

func checkImports(f *file) (problems []string) {
	rule := ruleOf(f.dir)
	if rule == "" {
		return []string{f.path + ": the folder " + f.dir + " has no entry in the import map; give it one in internal/lint/imports_test.go"}
	}
	for _, spec := range f.syntax.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return append(problems, f.path+": "+err.Error())
		}
		if problem := checkImport(f, rule, p); problem != "" {
			problems = append(problems, f.path+" "+problem)
		}
	}
	return problems
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

func checkImport(f *file, rule, p string) string {
	own, ok := strings.CutPrefix(p, module)
	switch {
	case ok && (under(own, []string{rule}) || under(own, allowed[rule]) || f.test && under(own, testOnly)):
		return ""
	case ok && under(own, []string{"conformance"}):
		return "imports " + own + ": suites are for tests; only _test.go files may"
	case ok:
		return "imports " + own + ": " + rule + " may import itself and " + list(allowed[rule]) +
			"; declare the interface it needs where it is consumed, or move the code down"
	case !strings.Contains(strings.Split(p, "/")[0], "."):
		return "" // the standard library
	}
	if rule == "internal/base" {
		return "imports " + p + ": internal/base is a leaf of the standard library alone"
	}
	where, known := clientsOf(p)
	switch {
	case !known:
		return "imports " + p + ", a library without a place; add it to clients in internal/lint/imports_test.go and say why in docs/decisions"
	case under(f.dir, where) || f.test && under("tests", where):
		return ""
	}
	return "imports " + p + ", which only " + list(where) + " may; go through what they export"
}

func clientsOf(p string) (where []string, known bool) {
	for d := p; d != "."; d = path.Dir(d) {
		if where, known = clients[d]; known {
			return where, true
		}
	}
	return nil, false
}

func list(trees []string) string {
	if len(trees) == 0 {
		return "nothing else"
	}
	return strings.Join(trees, ", ")
}

func under(dir string, trees []string) bool {
	for _, tree := range trees {
		if dir == tree || strings.HasPrefix(dir, tree+"/") {
			return true
		}
	}
	return false
}
