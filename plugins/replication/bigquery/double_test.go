package bigquery

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// double is BigQuery's REST interface, as strict as BigQuery is: a field it does not know, a value that is not of its column's type, a
// request that is too large are errors.
type double struct {
	*httptest.Server
	mu       sync.Mutex
	location string // of the dataset; "": it is not there
	tables   map[string]*doubleTable
	jobs     map[string]*doubleJob
	faults   []*fault
	calls    []string // "tables.get users", …
	token    string   // that requests are to bear; "": none
	merges   []doubleQuery
}

type doubleTable struct {
	Reference  doubleReference `json:"tableReference"`
	Schema     doubleSchema    `json:"schema"`
	Clustering *struct {
		Fields []string `json:"fields"`
	} `json:"clustering,omitempty"`
	Etag string `json:"etag,omitempty"`
	Type string `json:"type,omitempty"`

	rows     []map[string]any
	ids      map[string]bool // of insertAll
	buffered bool            // rows are in the streaming buffer
	hidden   []string        // columns that streaming does not know yet
}

type doubleReference struct {
	Project string `json:"projectId"`
	Dataset string `json:"datasetId"`
	Table   string `json:"tableId,omitempty"`
}

type doubleSchema struct {
	Fields []doubleField `json:"fields"`
}

type doubleField struct {
	Name      string `json:"name"`
	Type      string `json:"type"`
	Mode      string `json:"mode,omitempty"`
	Precision string `json:"precision,omitempty"`
	Scale     string `json:"scale,omitempty"`
}

type doubleError struct {
	Location string `json:"location,omitempty"`
	Reason   string `json:"reason"`
	Message  string `json:"message"`
}

// fault is an answer to calls, instead of the right one.
type fault struct {
	call            string
	times           int
	status          int
	reason, message string
	header          [2]string
	body            string // instead of the JSON of an error
}

func newDouble(t *testing.T) *double {
	d := &double{location: "US", tables: map[string]*doubleTable{}, jobs: map[string]*doubleJob{}}
	d.Server = httptest.NewServer(d)
	t.Cleanup(d.Close)
	return d
}

// make adds a table with columns as "name TYPE [mode]".
func (d *double) make(name string, columns ...string) *doubleTable {
	d.mu.Lock()
	defer d.mu.Unlock()
	tbl := &doubleTable{Reference: doubleReference{"p", "d", name}, Etag: "e0", Type: "TABLE", ids: map[string]bool{}}
	for _, c := range columns {
		f := strings.Fields(c)
		tbl.Schema.Fields = append(tbl.Schema.Fields, doubleField{Name: f[0], Type: f[1], Mode: strings.Join(f[2:], "")})
	}
	d.tables[name] = tbl
	return tbl
}

func (d *double) fail(f fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f.times = max(f.times, 1)
	d.faults = append(d.faults, &f)
}

// count returns how often a call was made.
func (d *double) count(call string) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.calls {
		if c == call || strings.HasPrefix(c, call+" ") {
			n++
		}
	}
	return n
}

// rows returns the rows of a table as lines of sorted JSON.
func (d *double) rows(table string) (lines []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	tbl := d.tables[table]
	if tbl == nil {
		return nil
	}
	for _, r := range tbl.rows {
		b, _ := json.Marshal(r)
		lines = append(lines, string(b))
	}
	slices.Sort(lines)
	return lines
}

func (d *double) columns(table string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []string
	for _, f := range d.tables[table].Schema.Fields {
		list = append(list, f.Name+" "+f.Type)
	}
	return strings.Join(list, ", ")
}

func (d *double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r.URL.Path == "/token" {
		d.calls = append(d.calls, "token")
		if !d.faulty(w, "token") {
			answer(w, map[string]any{"access_token": d.token, "token_type": "Bearer", "expires_in": 3600})
		}
		return
	}
	if want := "Bearer " + d.token; d.token != "" && r.Header.Get("Authorization") != want || d.token == "" && r.Header.Get("Authorization") != "" {
		refuse(w, 401, "authError", "Invalid Credentials")
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/bigquery/v2/projects/p/")
	if !ok {
		refuse(w, 404, "notFound", "no such path "+r.URL.Path)
		return
	}
	call, serve, name := d.route(r.Method, strings.Split(path, "/"))
	d.calls = append(d.calls, strings.TrimSpace(call+" "+name))
	switch {
	case serve == nil:
		refuse(w, 404, "notFound", "no such call: "+r.Method+" "+path)
	case !d.faulty(w, call):
		serve(w, r, name)
	}
}

type serveFunc func(w http.ResponseWriter, r *http.Request, name string)

func (d *double) route(method string, p []string) (call string, serve serveFunc, name string) {
	shape := method
	for i, s := range p {
		if i%2 == 0 {
			shape += " " + s
		}
	}
	switch {
	case shape == "POST datasets" && len(p) == 1:
		return "datasets.insert", d.insertDataset, ""
	case shape == "GET datasets" && len(p) == 2 && p[1] == "d":
		return "datasets.get", d.getDataset, ""
	case shape == "POST datasets tables" && len(p) == 3:
		return "tables.insert", d.insertTable, ""
	case shape == "GET datasets tables" && len(p) == 4:
		return "tables.get", d.getTable, p[3]
	case shape == "PATCH datasets tables" && len(p) == 4:
		return "tables.patch", d.patchTable, p[3]
	case shape == "POST datasets tables insertAll" && len(p) == 5:
		return "tabledata.insertAll", d.insertAll, p[3]
	case shape == "POST jobs" && len(p) == 1:
		return "jobs.insert", d.insertJob, ""
	case shape == "GET jobs" && len(p) == 2:
		return "jobs.get", d.getJob, p[1]
	case shape == "GET queries" && len(p) == 2:
		return "jobs.getQueryResults", d.getResults, p[1]
	}
	return "", nil, ""
}

// faulty answers with a fault, if there is one for the call.
func (d *double) faulty(w http.ResponseWriter, call string) bool {
	for _, f := range d.faults {
		if f.call != call || f.times == 0 {
			continue
		}
		f.times--
		if f.header[0] != "" {
			w.Header().Set(f.header[0], f.header[1])
		}
		if f.body != "" {
			w.WriteHeader(f.status)
			_, _ = w.Write([]byte(f.body))
		} else {
			refuse(w, f.status, f.reason, f.message)
		}
		return true
	}
	return false
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, reason, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": status, "message": message,
		"errors": []doubleError{{Reason: reason, Message: message}}}})
}

// take reads a request, strictly.
func take(w http.ResponseWriter, r *http.Request, into any) bool {
	if r.ContentLength > 10<<20 {
		refuse(w, 413, "invalid", fmt.Sprintf("Request too large: %d bytes", r.ContentLength))
		return false
	}
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		refuse(w, 400, "invalid", "Invalid JSON payload received: "+err.Error())
		return false
	}
	return true
}

func (d *double) insertDataset(w http.ResponseWriter, r *http.Request, _ string) {
	var in struct {
		Reference doubleReference `json:"datasetReference"`
		Location  string          `json:"location"`
	}
	switch {
	case !take(w, r, &in):
	case d.location != "":
		refuse(w, 409, "duplicate", "Already Exists: Dataset p:d")
	case in.Reference != doubleReference{"", "d", ""}: // the project is in the path
		refuse(w, 400, "invalid", "wrong reference")
	default:
		d.location = in.Location
		answer(w, in)
	}
}

func (d *double) getDataset(w http.ResponseWriter, _ *http.Request, _ string) {
	if d.location == "" {
		refuse(w, 404, "notFound", "Not found: Dataset p:d")
		return
	}
	answer(w, map[string]any{"datasetReference": doubleReference{"p", "d", ""}, "location": d.location})
}

func (d *double) insertTable(w http.ResponseWriter, r *http.Request, _ string) {
	in := &doubleTable{ids: map[string]bool{}}
	if !take(w, r, in) {
		return
	}
	if d.location == "" || in.Reference.Project != "p" || in.Reference.Dataset != "d" {
		refuse(w, 404, "notFound", "Not found: Dataset")
		return
	}
	if d.tables[in.Reference.Table] != nil {
		refuse(w, 409, "duplicate", "Already Exists: Table")
		return
	}
	in.Etag, in.Type = "e0", "TABLE"
	d.tables[in.Reference.Table] = in
	answer(w, in)
}

func (d *double) getTable(w http.ResponseWriter, _ *http.Request, name string) {
	if d.tables[name] == nil || d.location == "" {
		refuse(w, 404, "notFound", "Not found: Table p:d."+name)
		return
	}
	answer(w, d.tables[name])
}

// patchTable adds columns at the end; anything else is refused.
func (d *double) patchTable(w http.ResponseWriter, r *http.Request, name string) {
	var in struct {
		Schema doubleSchema `json:"schema"`
	}
	tbl := d.tables[name]
	switch {
	case !take(w, r, &in):
		return
	case tbl == nil:
		refuse(w, 404, "notFound", "Not found: Table p:d."+name)
		return
	case r.Header.Get("If-Match") != tbl.Etag:
		refuse(w, 412, "conditionNotMet", "Precondition check failed.")
		return
	}
	have := tbl.Schema.Fields
	for i, f := range in.Schema.Fields {
		if i < len(have) && f != have[i] || i >= len(have) && f.Mode != "" {
			refuse(w, 400, "invalid", "Provided Schema does not match Table p:d."+name)
			return
		}
	}
	if len(in.Schema.Fields) < len(have) {
		refuse(w, 400, "invalid", "columns cannot be removed")
		return
	}
	tbl.Schema, tbl.Etag = in.Schema, tbl.Etag+"+"
	answer(w, tbl)
}
