package driver_test

import (
	"context"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/driver"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/plugins/metrics"
)

// sample is a line of the text format.
var sample = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-z_]+="(\\.|[^"\\])*"(,[a-z_]+="(\\.|[^"\\])*")*\})? [-+0-9.eInfNa]+$`)

// TestMetricsHandler reads the figures as Prometheus does.
func TestMetricsHandler(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("s3sql", "mem://")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range []string{"CREATE TABLE `a\"b` (id INT PRIMARY KEY)", "INSERT INTO `a\"b` VALUES (1)", "CREATE CACHE c", "CREATE ALERT busy ON METRIC statements > 1"} {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	w := httptest.NewRecorder()
	metrics.Handler(db).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	body := w.Body.String()
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Fatalf("%d %v %s", w.Code, w.Header(), body)
	}
	typed := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSpace(body), "\n") {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			if name, _, _ = strings.Cut(name, " "); typed[name] {
				t.Errorf("%s has two types", name)
			}
			typed[name] = true
		} else if name, _, _ := strings.Cut(line, "{"); !sample.MatchString(line) || !typed[strings.Fields(name)[0]] {
			t.Errorf("%q is no sample", line)
		}
	}
	for _, want := range []string{`s3sql_statements_total{operation="insert",table="a\"b"} 1`, `s3sql_requests_total{command="PutObject"}`, `s3sql_cache_entries{cache="c",tier="memory"} 0`,
		`s3sql_alert_firing{alert="busy",metric="statements"} 1`, "# TYPE s3sql_error_rate gauge", "# TYPE s3sql_cost_usd_total counter"} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is not in\n%s", want, body)
		}
	}
	w = httptest.NewRecorder()
	metrics.Handler(db).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/metrics", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Error(w.Code)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	w = httptest.NewRecorder()
	metrics.Handler(db).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "sql:") {
		t.Error(w.Code, w.Body.String())
	}
}

// TestFunctionOfTheProgram adds a function through the connector.
func TestFunctionOfTheProgram(t *testing.T) {
	t.Parallel()
	cfg, err := driver.ParseDSN("mem://")
	if err != nil {
		t.Fatal(err)
	}
	c, err := driver.NewConnector(cfg, driver.WithFunction(plugins.Function{Name: "DOUBLED", MinArgs: 1, MaxArgs: 1, Type: plugins.TypeInt, Deterministic: true,
		Call: func(_ context.Context, args []any) (any, error) { return 2 * args[0].(int64), nil }}))
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	defer db.Close()
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT SUM(DOUBLED(a)) FROM (SELECT 3 AS a UNION ALL SELECT 4) AS x").Scan(&n); err != nil || n != 14 {
		t.Error(n, err)
	}
}
