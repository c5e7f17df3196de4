package parse

import (
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/s3sql/s3sql/sqlengine/ast"
)

// TestCorpus parses the statements of testdata, one a line unless the command is "text", and prints their trees.
func TestCorpus(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, "testdata/corpus", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			in := strings.Split(d.Input, "\n")
			if d.Cmd == "text" {
				in = []string{d.Input}
			}
			var out strings.Builder
			for _, sql := range in {
				switch stmt, err := Statement(sql); {
				case err != nil:
					out.WriteString("ERROR: " + err.Error() + "\n")
				default:
					out.WriteString(ast.Dump(stmt) + "\n")
				}
			}
			return out.String()
		})
	})
}
