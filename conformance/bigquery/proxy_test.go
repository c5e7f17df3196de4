package bigquery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// merger stands before the emulator, and makes up for what that cannot do:
//
//   - It analyzes a MERGE as BigQuery does, but runs none whose source is not a table or that has a condition beside the equality of one
//     column. Once it is analyzed, merger has it run as the DELETE and the INSERT that come to the same where all columns are set.
//   - It does not find the table of a TRUNCATE TABLE: a DELETE takes its place.
//   - FLOAT, the name of FLOAT64 in schemas, it takes for a type of 32 bits.
type merger struct {
	t        *testing.T
	emulator *url.URL
	proxy    *httputil.ReverseProxy
}

func newMerger(t *testing.T, emulator string) string {
	u, err := url.Parse(emulator)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(&merger{t: t, emulator: u, proxy: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u) }}})
	t.Cleanup(s.Close)
	return s.URL
}

var mergeText = regexp.MustCompile("^MERGE (`[^`]+`) T\nUSING (\\(.*\\)) S\nON T\\.(`[^`]+`) = (S\\.c\\d+)\nWHEN MATCHED AND S\\.gone THEN DELETE\n" +
	"WHEN MATCHED THEN UPDATE SET .*\nWHEN NOT MATCHED AND NOT S\\.gone THEN INSERT \\((.*)\\) VALUES \\((.*)\\)$")

// analyzed is how the errors of the emulator begin after it has analyzed a MERGE.
const analyzed = "failed to exec merge statement"

func (m *merger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/jobs") {
		body = bytes.ReplaceAll(body, []byte(`"type":"FLOAT"`), []byte(`"type":"FLOAT64"`))
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		m.proxy.ServeHTTP(w, r)
		return
	}
	var job map[string]any
	if err := json.Unmarshal(body, &job); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	query := job["configuration"].(map[string]any)["query"].(map[string]any)
	statements := []string{query["query"].(string)}
	if parts := mergeText.FindStringSubmatch(statements[0]); parts != nil {
		if _, answer := m.post(r.URL.Path, job, statements[0], "-analysis"); !strings.Contains(answer, analyzed) {
			m.t.Errorf("%s\n%s", statements[0], answer)
		}
		table, source, key, column, names, values := parts[1], parts[2], parts[3], parts[4], parts[5], parts[6]
		statements = []string{
			fmt.Sprintf("DELETE FROM %s WHERE %s IN (SELECT %s FROM %s S)", table, key, column, source),
			fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s S WHERE NOT S.gone", table, names, values, source),
		}
	}
	if table, ok := strings.CutPrefix(statements[0], "TRUNCATE TABLE "); ok {
		statements[0] = "DELETE FROM " + table + " WHERE true"
	}
	for i, s := range statements {
		suffix := "" // of the last, which is the one that is waited for
		if i < len(statements)-1 {
			suffix = fmt.Sprint("-", i)
		}
		status, answer := m.post(r.URL.Path, job, s, suffix)
		if status >= http.StatusBadRequest || strings.Contains(answer, "errorResult") || suffix == "" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, answer)
			return
		}
	}
}

// post inserts a job with another statement and a suffix to its identifier.
func (m *merger) post(path string, job map[string]any, sql, suffix string) (int, string) {
	job = maps.Clone(job)
	reference := maps.Clone(job["jobReference"].(map[string]any))
	reference["jobId"] = reference["jobId"].(string) + suffix
	configuration := maps.Clone(job["configuration"].(map[string]any))
	query := maps.Clone(configuration["query"].(map[string]any))
	query["query"], configuration["query"], job["configuration"], job["jobReference"] = sql, query, configuration, reference
	body, err := json.Marshal(job)
	if err != nil {
		return http.StatusInternalServerError, err.Error()
	}
	res, err := http.Post(m.emulator.JoinPath(path).String(), "application/json", bytes.NewReader(body))
	if err != nil {
		return http.StatusBadGateway, err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return http.StatusBadGateway, err.Error()
	}
	return res.StatusCode, string(answer)
}
