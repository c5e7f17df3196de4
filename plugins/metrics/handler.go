package metrics

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Handler answers with the figures of a database as Prometheus reads them: system.metrics in the text format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/). It is an error 503 where the database does not answer; what went wrong
// is not told to the client.
//
// Cost of a request: none, but under METRICS that of reading what is kept.
func Handler(db *sql.DB) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		var out bytes.Buffer
		if err := Write(r.Context(), &out, db); err != nil {
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = w.Write(out.Bytes()) // the client has gone
	})
}

// Write writes the figures of a database as Handler does.
func Write(ctx context.Context, w io.Writer, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "SELECT name, labels, value FROM system.metrics")
	if err != nil {
		return err
	}
	defer rows.Close()
	last := ""
	for rows.Next() {
		var name, labels string
		var value float64
		if err := rows.Scan(&name, &labels, &value); err != nil {
			return err
		}
		if name != last {
			last = name
			if _, err := fmt.Fprintf(w, "# TYPE %s %s\n", name, typeOf(name)); err != nil {
				return err
			}
		}
		text, err := labelText(labels)
		if err != nil {
			return fmt.Errorf("the labels of %s: %w", name, err)
		}
		if _, err := fmt.Fprintf(w, "%s%s %s\n", name, text, strconv.FormatFloat(value, 'g', -1, 64)); err != nil {
			return err
		}
	}
	return rows.Err()
}

// typeOf is what Prometheus calls a figure.
func typeOf(name string) string {
	if strings.HasSuffix(name, "_total") {
		return "counter"
	}
	return "gauge"
}

// labelText turns labels as a JSON object into {name="value",…}.
func labelText(doc string) (string, error) {
	labels := map[string]string{}
	if err := json.Unmarshal([]byte(doc), &labels); err != nil || len(labels) == 0 {
		return "", err
	}
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	var list []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		list = append(list, name+`="`+escape.Replace(labels[name])+`"`)
	}
	return "{" + strings.Join(list, ",") + "}", nil
}
