package system

import (
	"strings"

	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

// labelsJSON is labels as a JSON object.
func labelsJSON(labels [][2]string) string {
	doc := make(map[string]any, len(labels))
	for _, l := range labels {
		doc[l[0]] = l[1]
	}
	text := convert.FormatJSON(doc)
	if s, err := convert.NormalizeJSON(text); err == nil {
		return s
	}
	return strings.TrimSpace(text)
}
