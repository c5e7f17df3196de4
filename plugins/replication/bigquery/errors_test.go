package bigquery

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/plugins/replication"
)

// TestFailures lets each call fail in each way once: the error says when to try again, at once, and trying again does it.
func TestFailures(t *testing.T) {
	t.Parallel()
	const permanent = -1
	for _, tt := range []struct {
		fault fault
		want  time.Duration
		text  string
	}{
		{fault{status: 403, reason: "rateLimitExceeded", message: "Exceeded rate limits"}, busyRetry, "403 rateLimitExceeded: Exceeded rate limits"},
		{fault{status: 403, reason: "quotaExceeded", message: "Quota exceeded"}, quotaRetry, "403 quotaExceeded"},
		{fault{status: 429, reason: "rateLimitExceeded", message: "slow", header: [2]string{"Retry-After", "7"}}, 7 * time.Second, "429"},
		{fault{status: 503, reason: "backendError", message: "try again"}, busyRetry, "503 backendError: try again"},
		{fault{status: 502, body: "<html>bad gateway</html>"}, busyRetry, "502 Bad Gateway"},
		{fault{status: 401, reason: "authError", message: "Invalid Credentials"}, permanent, "BigQuery Data Editor"},
		{fault{status: 403, reason: "accessDenied", message: "Access Denied: Table p:d.users"}, permanent, "BigQuery Data Editor"},
		{fault{status: 403, reason: "billingNotEnabled", message: "not in the free tier"}, permanent, "enable billing"},
		{fault{status: 400, reason: "invalid", message: strings.Repeat("wrong ", 200)}, permanent, "wrong …"},
		{fault{status: 412, reason: "conditionNotMet", message: "Precondition check failed."}, 0, "412"},
	} {
		for _, call := range []string{"datasets.get", "tables.get", "tables.insert", "tabledata.insertAll", "jobs.insert", "jobs.getQueryResults", "jobs.get"} {
			if call == "jobs.get" && tt.fault.status == 400 || call == "jobs.insert" && tt.fault.status == 400 {
				continue // which is taken for a fault of the records
			}
			b := newDouble(t)
			mode := "mode=append"
			if strings.HasPrefix(call, "jobs.") {
				mode = "mode=mutable"
			}
			tgt, d := open(t, b, mode), users()
			f := tt.fault
			f.call = call
			b.fail(f)
			batch := &replication.Batch{Records: []*replication.Record{record(d, 1, replication.Insert, int64(7), "a")}}
			start := time.Now()
			err := tgt.Apply(t.Context(), batch)
			if call == "jobs.getQueryResults" && tt.fault.status == 400 {
				rejections(t, err)
				continue
			}
			if err == nil || !strings.Contains(err.Error(), tt.text) || time.Since(start) > 5*time.Second || b.count(call) != 1 {
				t.Errorf("%s, %d: %v, %d calls in %s", call, f.status, err, b.count(call), time.Since(start))
				continue
			}
			if got := replication.Delay(err); replication.IsPermanent(err) != (tt.want == permanent) || got != max(tt.want, 0) {
				t.Errorf("%s, %d: %v in %s", call, f.status, err, got)
			}
			if err := tgt.Apply(t.Context(), batch); err != nil || len(b.rows("users")) != 1 {
				t.Errorf("%s, %d: once more: %v", call, f.status, err)
			}
		}
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	b := newDouble(t)
	tgt, d := open(t, b), users()
	b.Close()
	start := time.Now()
	err := tgt.Prepare(t.Context(), []*replication.Destination{d})
	if err == nil || replication.IsPermanent(err) || !strings.Contains(err.Error(), "connection refused") || time.Since(start) > 5*time.Second {
		t.Errorf("%v in %s", err, time.Since(start))
	}
	if c := tgt.Check(t.Context(), []*replication.Destination{d}); len(c) != 1 || c[0].What != "connection" || c[0].Err == nil {
		t.Errorf("%v", c)
	}
}

// TestRefusedRows: rows that BigQuery refuses are rejected, those that it only stopped for them are sent again.
func TestRefusedRows(t *testing.T) {
	t.Parallel()
	b := newDouble(t)
	b.make("users", "id INTEGER", "name STRING REQUIRED", "_operation STRING", "_commit_seq INTEGER", "_commit_time TIMESTAMP", "_change_id STRING")
	tgt, d := open(t, b, "log_table=audit"), users()
	prepare(t, tgt, d)
	err := tgt.Apply(t.Context(), &replication.Batch{Records: []*replication.Record{record(d, 1, replication.Insert, int64(1), "a"),
		record(d, 2, replication.Insert, int64(2), nil), record(d, 3, replication.Insert, int64(3), "c")}})
	if got := rejections(t, err); !slices.Equal(got, []int{1}) || !strings.Contains(err.Error(), "invalid: Missing required field: name.") {
		t.Errorf("rejected %v: %v", got, err)
	}
	if len(b.rows("users")) != 2 || len(b.rows("audit")) != 2 || b.count("tabledata.insertAll users") != 2 {
		t.Errorf("%d rows, %d calls", len(b.rows("users")), b.count("tabledata.insertAll users"))
	}
	err = tgt.Apply(t.Context(), &replication.Batch{Records: []*replication.Record{record(d, 4, replication.Insert, int64(4), "d"), record(d, 5, replication.Insert, int64(5), "busy")}})
	if replication.Delay(err) != busyRetry || !strings.Contains(err.Error(), "backendError") {
		t.Errorf("a row that is to be sent again: %v", err)
	}
	b.fail(fault{call: "tabledata.insertAll", status: 200, body: `{"insertErrors":[{"index":0,"errors":[{"reason":"stopped"}]}]}`})
	if err = tgt.Apply(t.Context(), &replication.Batch{Records: []*replication.Record{record(d, 6, replication.Insert, int64(6), "f")}}); replication.Delay(err) != busyRetry {
		t.Errorf("only stopped: %v", err)
	}
	b.fail(fault{call: "tabledata.insertAll", status: 200, body: `{"insertErrors":[{"index":0,"errors":[{"reason":"quotaExceeded","message":"rows"}]}]}`})
	if err = tgt.Apply(t.Context(), &replication.Batch{Records: []*replication.Record{record(d, 6, replication.Insert, int64(6), "f")}}); replication.Delay(err) != quotaRetry {
		t.Errorf("quota of a row: %v", err)
	}
}

// TestRefusedLog: a record whose row in the log is refused is rejected.
func TestRefusedLog(t *testing.T) {
	t.Parallel()
	b := newDouble(t)
	tgt, d := open(t, b, "log_table=audit"), users()
	prepare(t, tgt, d)
	b.tables["audit"].Schema.Fields[6].Type = "INTEGER" // record_id
	bad := record(d, 1, replication.Insert, int64(1), "a")
	bad.RecordID = "x"
	err := tgt.Apply(t.Context(), &replication.Batch{Records: []*replication.Record{bad, record(d, 2, replication.Insert, int64(2), "b")}})
	if got := rejections(t, err); !slices.Equal(got, []int{0}) || len(b.rows("users")) != 2 {
		t.Errorf("rejected %v: %v", got, err)
	}
}

// TestRefusedChanges: of changes that are refused together, those that are to blame are found, and the others merged.
func TestRefusedChanges(t *testing.T) {
	t.Parallel()
	b := newDouble(t)
	b.make("users", "id INTEGER", "name STRING REQUIRED")
	tgt, d := open(t, b, "mode=mutable"), users()
	prepare(t, tgt, d)
	var records []*replication.Record
	for i := range 8 {
		records = append(records, record(d, i, replication.Insert, int64(i), "x"))
	}
	records[5].Data[1] = nil
	err := tgt.Apply(t.Context(), &replication.Batch{Records: records})
	if got := rejections(t, err); !slices.Equal(got, []int{5}) || len(b.rows("users")) != 7 || replication.IsPermanent(err) {
		t.Errorf("rejected %v: %v", got, err)
	}
	b.tables["users"].Schema.Fields = b.tables["users"].Schema.Fields[:1] // the statement is to blame
	before := len(b.merges)
	err = tgt.Apply(t.Context(), &replication.Batch{Records: records[:4]})
	if !replication.IsPermanent(err) || !strings.Contains(err.Error(), "Unrecognized name: name") || len(b.merges) != before {
		t.Errorf("%v", err)
	}
	apply(t, tgt, records[:4]...) // the column is made again
}

func TestStreamingBuffer(t *testing.T) {
	t.Parallel()
	b := newDouble(t)
	tgt, d := open(t, b, "mode=mutable", "streaming_buffer_retry=40s"), users()
	prepare(t, tgt, d)
	r := record(d, 1, replication.Insert, int64(1), "a")
	apply(t, tgt, r)
	b.tables["users"].buffered = true
	err := tgt.Apply(t.Context(), &replication.Batch{Records: []*replication.Record{record(d, 2, replication.Update, int64(1), "b")}})
	if replication.Delay(err) != 40*time.Second || replication.IsPermanent(err) || !strings.Contains(err.Error(), "cannot be changed yet") {
		t.Errorf("%v", err)
	}
	b.tables["users"].buffered = false
	apply(t, tgt, record(d, 2, replication.Update, int64(1), "b"))
	equal(t, "rows", b.rows("users"), `{"id":"1","name":"b"}`)
	b.fail(fault{call: "jobs.getQueryResults", status: 400, reason: "invalidQuery", message: "Could not serialize access to table p:d.users due to concurrent update"})
	err = tgt.Apply(t.Context(), &replication.Batch{Records: []*replication.Record{record(d, 3, replication.Update, int64(1), "c")}})
	var none *replication.Rejected
	if err == nil || replication.IsPermanent(err) || errors.As(err, &none) {
		t.Errorf("%v", err)
	}
}

// TestFreshTable: BigQuery streams into a table, or a column, only some time after it was made; one that is dropped is made again.
func TestFreshTable(t *testing.T) {
	t.Parallel()
	b := newDouble(t)
	tgt, d := open(t, b), users()
	prepare(t, tgt, d)
	batch := &replication.Batch{Records: []*replication.Record{record(d, 1, replication.Insert, int64(1), "a")}}
	b.fail(fault{call: "tabledata.insertAll", status: 404, reason: "notFound", message: "Not found: Table p:d.users"})
	if err := tgt.Apply(t.Context(), batch); replication.Delay(err) != freshRetry || replication.IsPermanent(err) {
		t.Errorf("fresh table: %v", err)
	}
	b.tables["users"].hidden = []string{"name"}
	if err := tgt.Apply(t.Context(), batch); replication.Delay(err) != freshRetry || !strings.Contains(err.Error(), "no such field: name") {
		t.Errorf("fresh column: %v", err)
	}
	delete(b.tables, "users")
	apply(t, tgt, batch.Records...)
	if len(b.rows("users")) != 1 {
		t.Error("not made again")
	}
	strict := open(t, b, "create_tables=false")
	prepare(t, strict, d)
	delete(b.tables, "users")
	if err := strict.Apply(t.Context(), batch); !replication.IsPermanent(err) || !strings.Contains(err.Error(), "404 notFound") {
		t.Errorf("dropped: %v", err)
	}
}

// serviceAccount is the key of an account whose tokens the double gives out.
func serviceAccount(t *testing.T, b *double) (text, secret string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	secret = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	j, err := json.Marshal(map[string]string{"type": "service_account", "project_id": "p", "private_key_id": "k", "private_key": secret,
		"client_email": "a@p.iam.gserviceaccount.com", "client_id": "1", "token_uri": b.URL + "/token"})
	if err != nil {
		t.Fatal(err)
	}
	return string(j), secret
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	b := newDouble(t)
	b.token = "sesame"
	text, secret := serviceAccount(t, b)
	tgt, d := open(t, b, "credentials="+text), users()
	prepare(t, tgt, d)
	if b.count("token") != 1 || b.count("tables.insert") != 1 {
		t.Errorf("%v", b.calls)
	}
	refused := open(t, b, "credentials="+text)
	b.fail(fault{call: "token", status: 400, body: `{"error":"invalid_grant","error_description":"Invalid JWT Signature."}`})
	err := refused.Prepare(t.Context(), []*replication.Destination{d})
	if !replication.IsPermanent(err) || !strings.Contains(err.Error(), "credentials were not accepted") || strings.Contains(err.Error(), secret[30:60]) {
		t.Errorf("%v", err)
	}
	if err := open(t, b).Prepare(t.Context(), nil); !replication.IsPermanent(err) || !strings.Contains(err.Error(), "401 authError") {
		t.Errorf("%v", err)
	}
}
