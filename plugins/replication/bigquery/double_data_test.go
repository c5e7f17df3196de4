package bigquery

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// doubleJob is a query: what it fails with, and how often it is to be asked about before it has ended.
type doubleJob struct {
	reference json.RawMessage
	failure   *doubleError
	polls     int
	dry       bool
}

// doubleQuery is a query as jobs.insert takes it.
type doubleQuery struct {
	Query      string `json:"query"`
	Legacy     *bool  `json:"useLegacySql"`
	Cache      *bool  `json:"useQueryCache"`
	Mode       string `json:"parameterMode"`
	Parameters []struct {
		Name string `json:"name"`
		Type struct {
			Type string `json:"type"`
		} `json:"parameterType"`
		Value struct {
			Value string `json:"value"`
		} `json:"parameterValue"`
	} `json:"queryParameters"`
}

func (d *double) insertAll(w http.ResponseWriter, r *http.Request, name string) {
	var in struct {
		Skip bool `json:"skipInvalidRows"`
		Rows []struct {
			ID   string         `json:"insertId"`
			JSON map[string]any `json:"json"`
		} `json:"rows"`
	}
	tbl := d.tables[name]
	switch {
	case !take(w, r, &in):
		return
	case tbl == nil:
		refuse(w, 404, "notFound", "Not found: Table p:d."+name)
		return
	case len(in.Rows) == 0 || len(in.Rows) > 500:
		refuse(w, 400, "invalid", fmt.Sprintf("%d rows in a request", len(in.Rows)))
		return
	}
	type rowErrors struct {
		Index  int           `json:"index"`
		Errors []doubleError `json:"errors"`
	}
	var out []rowErrors
	for i, row := range in.Rows {
		if e := tbl.check(row.JSON); e != nil {
			out = append(out, rowErrors{i, []doubleError{*e}})
		} else if row.ID == "" || len(row.ID) > 128 {
			out = append(out, rowErrors{i, []doubleError{{Reason: "invalid", Message: "insertId"}}})
		}
	}
	for i, row := range in.Rows {
		bad := slices.ContainsFunc(out, func(e rowErrors) bool { return e.Index == i })
		switch {
		case bad:
		case len(out) > 0 && !in.Skip:
			out = append(out, rowErrors{i, []doubleError{{Reason: "stopped"}}})
		case !tbl.ids[row.ID]:
			tbl.ids[row.ID], tbl.buffered = true, true
			tbl.rows = append(tbl.rows, row.JSON)
		}
	}
	answer(w, map[string]any{"kind": "bigquery#tableDataInsertAllResponse", "insertErrors": out})
}

// check looks at a row as streaming does.
func (t *doubleTable) check(row map[string]any) *doubleError {
	for name, v := range row {
		i := slices.IndexFunc(t.Schema.Fields, func(f doubleField) bool { return f.Name == name })
		if i < 0 || slices.Contains(t.hidden, name) {
			return &doubleError{Location: name, Reason: "invalid", Message: "no such field: " + name + "."}
		}
		if v == "busy" {
			return &doubleError{Reason: "backendError", Message: "Backend error"}
		}
		if err := valid(t.Schema.Fields[i].Type, v); err != nil {
			return &doubleError{Location: name, Reason: "invalid", Message: err.Error()}
		}
	}
	for _, f := range t.Schema.Fields {
		if f.Mode == "REQUIRED" && row[f.Name] == nil {
			return &doubleError{Reason: "invalid", Message: "Missing required field: " + f.Name + "."}
		}
	}
	return nil
}

var number = regexp.MustCompile(`^-?\d+(\.\d+)?$`)

// valid reports what is wrong with a value of JSON for a type of BigQuery.
func valid(typ string, v any) (err error) {
	if typ == "BOOLEAN" {
		if _, ok := v.(bool); !ok {
			return fmt.Errorf("Cannot convert value to boolean: %v", v)
		}
		return nil
	}
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("a value of %s is a %T", typ, v)
	}
	switch typ {
	case "INTEGER":
		_, err = strconv.ParseInt(s, 10, 64)
	case "FLOAT":
		_, err = strconv.ParseFloat(s, 64)
	case "NUMERIC":
		err = digits(s, 29, 9)
	case "BIGNUMERIC":
		err = digits(s, 38, 38)
	case "BYTES":
		_, err = base64.StdEncoding.DecodeString(s)
	case "DATE":
		_, err = time.Parse("2006-01-02", s)
	case "TIME":
		_, err = time.Parse("15:04:05.999999", s)
	case "DATETIME":
		_, err = time.Parse("2006-01-02 15:04:05.999999", s)
	case "TIMESTAMP":
		_, err = time.Parse("2006-01-02T15:04:05.999999Z", s)
	case "JSON":
		if !json.Valid([]byte(s)) {
			err = fmt.Errorf("Invalid JSON: %s", s)
		}
	case "STRING":
	default:
		err = fmt.Errorf("no such type: %s", typ)
	}
	return err
}

func digits(s string, whole, behind int) error {
	if _, ok := new(big.Rat).SetString(s); !ok || !number.MatchString(s) {
		return fmt.Errorf("Invalid NUMERIC value: %s", s)
	}
	w, b, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if len(w) > whole || len(b) > behind {
		return fmt.Errorf("Invalid NUMERIC value: %s", s)
	}
	return nil
}

func (d *double) insertJob(w http.ResponseWriter, r *http.Request, _ string) {
	var in struct {
		Reference     json.RawMessage `json:"jobReference"`
		Configuration struct {
			Query   doubleQuery `json:"query"`
			DryRun  bool        `json:"dryRun"`
			Timeout string      `json:"jobTimeoutMs"`
		} `json:"configuration"`
	}
	if !take(w, r, &in) {
		return
	}
	var ref struct{ ProjectID, JobID, Location string }
	if err := json.Unmarshal(in.Reference, &ref); err != nil || ref.JobID == "" || ref.Location != d.location {
		refuse(w, 404, "notFound", "Not found: Dataset p:d was not found in location "+ref.Location)
		return
	}
	job := &doubleJob{reference: in.Reference, polls: 1, dry: in.Configuration.DryRun}
	job.failure = d.run(&in.Configuration.Query, job.dry)
	if job.dry && job.failure != nil {
		refuse(w, 400, job.failure.Reason, job.failure.Message)
		return
	}
	d.jobs[ref.JobID] = job
	d.getJob(w, r, ref.JobID)
}

func (d *double) getJob(w http.ResponseWriter, _ *http.Request, id string) {
	job := d.jobs[id]
	if job == nil {
		refuse(w, 404, "notFound", "Not found: Job "+id)
		return
	}
	status := map[string]any{"state": "RUNNING"}
	if job.polls == 0 || job.dry {
		status["state"] = "DONE"
		if job.failure != nil {
			status["errorResult"] = job.failure
		}
	}
	answer(w, map[string]any{"jobReference": job.reference, "status": status,
		"configuration": map[string]any{"query": map[string]any{"query": "…"}}})
}

func (d *double) getResults(w http.ResponseWriter, _ *http.Request, id string) {
	job := d.jobs[id]
	switch {
	case job == nil:
		refuse(w, 404, "notFound", "Not found: Job "+id)
	case job.polls > 0:
		job.polls--
		answer(w, map[string]any{"jobReference": job.reference, "jobComplete": false})
	case job.failure != nil:
		refuse(w, 400, job.failure.Reason, job.failure.Message)
	default:
		answer(w, map[string]any{"jobReference": job.reference, "jobComplete": true})
	}
}

var (
	truncateText = regexp.MustCompile("^TRUNCATE TABLE `p\\.d\\.([^`]+)`$")
	mergeText    = regexp.MustCompile("^MERGE `p\\.d\\.([^`]+)` T\nUSING \\((.*)\\) S\nON (.*)\n(?:.*\n)*WHEN NOT MATCHED AND NOT S.gone THEN INSERT \\((.*)\\) VALUES \\((.*)\\)$")
	columnText   = regexp.MustCompile("`([^`]+)`")
)

// run does what the statements of the target say: it understands no others.
func (d *double) run(q *doubleQuery, dry bool) *doubleError {
	if q.Legacy == nil || *q.Legacy || q.Cache == nil || *q.Cache {
		return &doubleError{Reason: "invalid", Message: "legacy SQL, or cached"}
	}
	if m := truncateText.FindStringSubmatch(q.Query); m != nil && d.tables[m[1]] != nil {
		d.tables[m[1]].rows = nil
		return nil
	}
	m := mergeText.FindStringSubmatch(q.Query)
	if m == nil || len(q.Parameters) != 1 || q.Parameters[0].Name != "changes" || q.Parameters[0].Type.Type != "STRING" {
		return &doubleError{Reason: "invalidQuery", Message: "Syntax error: " + q.Query}
	}
	tbl := d.tables[m[1]]
	if tbl == nil {
		return &doubleError{Reason: "notFound", Message: "Not found: Table p:d." + m[1]}
	}
	names := columnText.FindAllStringSubmatch(m[4], -1)
	for _, n := range names {
		if !slices.ContainsFunc(tbl.Schema.Fields, func(f doubleField) bool { return f.Name == n[1] }) {
			return &doubleError{Reason: "invalidQuery", Message: "Unrecognized name: " + n[1]}
		}
	}
	if dry {
		return nil
	}
	d.merges = append(d.merges, *q)
	return tbl.merge(names, columnText.FindAllStringSubmatch(m[3], -1), q.Parameters[0].Value.Value)
}

// merge is all or nothing.
func (t *doubleTable) merge(names, keys [][]string, changes string) *doubleError {
	var list [][]*string
	if err := json.Unmarshal([]byte(changes), &list); err != nil {
		return &doubleError{Reason: "invalidQuery", Message: err.Error()}
	}
	rows := slices.Clone(t.rows)
	for _, c := range list {
		if len(c) != len(names)+1 {
			return &doubleError{Reason: "invalidQuery", Message: "wrong number of values"}
		}
		row := map[string]any{}
		for i, n := range names {
			if c[i+1] != nil {
				row[n[1]] = *c[i+1]
			}
		}
		if e := t.check(row); e != nil && c[0] == nil {
			return &doubleError{Reason: "invalidQuery", Message: e.Message}
		}
		at := slices.IndexFunc(rows, func(r map[string]any) bool {
			return !slices.ContainsFunc(keys, func(k []string) bool { return r[k[1]] != row[k[1]] })
		})
		if at >= 0 && t.buffered {
			return &doubleError{Reason: "invalidQuery", Message: "UPDATE or DELETE statement over table would affect rows in the streaming buffer, which is not supported"}
		}
		if at >= 0 {
			rows = slices.Delete(rows, at, at+1)
		}
		if c[0] == nil {
			rows = append(rows, row)
		}
	}
	t.rows = rows
	return nil
}
