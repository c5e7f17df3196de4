package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/plugins/replication"
	_ "github.com/s3sql/s3sql/plugins/replication/webhook"
)

// request is what a receiver has got.
type request struct {
	method, path string
	header       http.Header
	body         string
}

// receiver is a server that notes requests and answers what the test says.
type receiver struct {
	*httptest.Server
	answer func(n int, r request) (status int, header map[string]string, body string) // n counts from 0
	mu     sync.Mutex
	got    []request
}

func newReceiver(t *testing.T, answer func(n int, r request) (int, map[string]string, string)) *receiver {
	rec := &receiver{answer: answer}
	rec.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("the body of a request: %v", err)
		}
		req := request{r.Method, r.URL.RequestURI(), r.Header.Clone(), string(body)}
		rec.mu.Lock()
		n := len(rec.got)
		rec.got = append(rec.got, req)
		rec.mu.Unlock()
		if rec.answer == nil {
			return
		}
		status, header, text := rec.answer(n, req)
		for k, v := range header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(status)
		if _, err := io.WriteString(w, text); err != nil {
			t.Errorf("answer: %v", err)
		}
	}))
	t.Cleanup(rec.Close)
	return rec
}

// requests returns what has come since the last call.
func (r *receiver) requests() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

var users = &replication.Destination{Source: "users", Name: "users", Key: []int{0}, Columns: []replication.Column{
	{Name: "id", Kind: replication.Int}, {Name: "name", Kind: replication.Text}}}

// records makes so many, each of a row of its own.
func records(n int) (out []*replication.Record) {
	for i := range n {
		out = append(out, record(i, i, replication.Insert))
	}
	return out
}

func record(n, row int, op replication.Operation) *replication.Record {
	return &replication.Record{ID: fmt.Sprintf("id-%03d", n), Destination: users, Operation: op, Seq: uint64(100 + n),
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), RecordID: strconv.Itoa(row), Data: []any{int64(row), "n" + strconv.Itoa(n)}}
}

func configure(t *testing.T, address string, settings ...string) (replication.Definition, replication.Config) {
	t.Helper()
	d, ok := replication.Lookup("WEBHOOK")
	if !ok {
		t.Fatal("WEBHOOK is not registered")
	}
	var given []plugins.Setting
	for i := 0; i < len(settings); i += 2 {
		given = append(given, plugins.Setting{Name: settings[i], Value: settings[i+1]})
	}
	o, err := plugins.NewOptions("replication r", d.Options, given)
	if err != nil {
		t.Fatal(err)
	}
	return d, replication.Config{Replication: "r", Source: "shop", Address: address, Options: o}
}

func open(t *testing.T, address string, settings ...string) replication.Target {
	t.Helper()
	d, c := configure(t, address, settings...)
	if err := d.Validate(c); err != nil {
		t.Fatal(err)
	}
	target, err := d.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := target.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := target.Prepare(t.Context(), []*replication.Destination{users}); err != nil {
		t.Fatal(err)
	}
	return target
}

func TestRequest(t *testing.T) {
	t.Parallel()
	srv := newReceiver(t, nil)
	target := open(t, srv.URL+"/hooks/{table}/{operation}?t={table}", "headers", "X-Team=a, X-Env = prod", "auth", "Bearer tok:en", "secret", "swordfish", "method", "PUT")
	r := record(1, 7, replication.Delete)
	r.Destination = &replication.Destination{Name: "a/b ü", Columns: users.Columns, Key: users.Key}
	if err := target.Apply(t.Context(), &replication.Batch{Records: []*replication.Record{r}}); err != nil {
		t.Fatal(err)
	}
	got := srv.requests()
	if len(got) != 1 {
		t.Fatalf("%d requests", len(got))
	}
	q := got[0]
	if q.method != "PUT" || q.path != "/hooks/a%2Fb%20%C3%BC/delete?t=a%2Fb+%C3%BC" {
		t.Errorf("%s %s", q.method, q.path)
	}
	for name, want := range map[string]string{"X-Team": "a", "X-Env": "prod", "Authorization": "Bearer tok:en", "Content-Type": "application/json", "webhook-id": "id-001"} {
		if v := q.header.Get(name); v != want {
			t.Errorf("%s: %q, want %q", name, v, want)
		}
	}
	want, err := replication.Message(replication.Config{Replication: "r", Source: "shop"}, r)
	if err != nil || q.body != string(want) {
		t.Errorf("body %s, want %s, %v", q.body, want, err)
	}
	checkSignature(t, q, []byte("swordfish"))
	sent, err := strconv.ParseInt(q.header.Get("webhook-timestamp"), 10, 64)
	if d := time.Since(time.Unix(sent, 0)); err != nil || d < -time.Minute || d > time.Minute {
		t.Errorf("webhook-timestamp %q, %v", q.header.Get("webhook-timestamp"), err)
	}
}

func checkSignature(t *testing.T, q request, key []byte) {
	t.Helper()
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(q.header.Get("webhook-id") + "." + q.header.Get("webhook-timestamp") + "." + q.body))
	if got, want := q.header.Get("webhook-signature"), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)); got != want {
		t.Errorf("webhook-signature %q, want %q", got, want)
	}
}

func TestAuthAndSecret(t *testing.T) {
	t.Parallel()
	srv := newReceiver(t, nil)
	batch := &replication.Batch{Records: records(1)}
	if err := open(t, srv.URL, "auth", "user:pass word", "secret", "whsec_"+base64.StdEncoding.EncodeToString([]byte("swordfish"))).Apply(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if err := open(t, strings.Replace(srv.URL, "://", "://u:p@", 1)).Apply(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	got := srv.requests()
	if h := got[0].header.Get("Authorization"); h != "Basic "+base64.StdEncoding.EncodeToString([]byte("user:pass word")) {
		t.Errorf("Authorization: %q", h)
	}
	checkSignature(t, got[0], []byte("swordfish"))
	if h := got[1].header.Get("Authorization"); h != "Basic "+base64.StdEncoding.EncodeToString([]byte("u:p")) {
		t.Errorf("Authorization of the address: %q", h)
	}
	if got[1].header.Get("webhook-signature") != "" {
		t.Error("there is a signature without a secret")
	}
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	const plain, permanent, rejected, delivered = "plain", "permanent", "rejected", "delivered"
	for status, want := range map[int]string{
		200: delivered, 202: delivered, 204: delivered,
		408: plain, 425: plain, 429: plain, 500: plain, 502: plain, 503: plain, 504: plain, 599: plain,
		401: permanent, 403: permanent, 404: permanent, 405: permanent, 407: permanent, 410: permanent, 302: permanent,
		400: rejected, 409: rejected, 413: rejected, 422: rejected, 451: rejected,
	} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			srv := newReceiver(t, func(int, request) (int, map[string]string, string) {
				if status == 204 {
					return status, nil, ""
				}
				return status, map[string]string{"Location": "https://elsewhere.example/x?token=hidden"}, "the\n reason"
			})
			err := open(t, srv.URL).Apply(t.Context(), &replication.Batch{Records: records(1)})
			var r *replication.Rejected
			got := plain
			switch {
			case err == nil:
				got = delivered
			case errors.As(err, &r):
				if got = rejected; len(r.Records) != 1 || r.Records[0] == nil {
					t.Errorf("rejected: %v", r.Records)
				}
			case replication.IsPermanent(err):
				got = permanent
			}
			if got != want {
				t.Errorf("%s: %v, want %s", got, err, want)
			}
			if err != nil && (!strings.Contains(err.Error(), strconv.Itoa(status)) || !strings.Contains(err.Error(), "the reason") || strings.Contains(err.Error(), "hidden")) {
				t.Errorf("error: %v", err)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for header, want := range map[string][2]time.Duration{
		"7": {7 * time.Second, 7 * time.Second},
		time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat): {80 * time.Second, 90 * time.Second},
		time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat):       {0, 0},
		"999999999": {time.Hour, time.Hour},
		"soon":      {0, 0},
	} {
		srv := newReceiver(t, func(int, request) (int, map[string]string, string) {
			return http.StatusTooManyRequests, map[string]string{"Retry-After": header}, ""
		})
		err := open(t, srv.URL).Apply(t.Context(), &replication.Batch{Records: records(1)})
		if d := replication.Delay(err); err == nil || d < want[0] || d > want[1] {
			t.Errorf("Retry-After %s: %v, %v", header, d, err)
		}
	}
}

// TestRedirects sends again where the same server says so, and nowhere else.
func TestRedirects(t *testing.T) {
	t.Parallel()
	other := newReceiver(t, nil)
	srv := newReceiver(t, func(_ int, r request) (int, map[string]string, string) {
		switch r.path {
		case "/same":
			return http.StatusTemporaryRedirect, map[string]string{"Location": "/end"}, ""
		case "/other":
			return http.StatusTemporaryRedirect, map[string]string{"Location": other.URL + "/end"}, ""
		case "/loop":
			return http.StatusPermanentRedirect, map[string]string{"Location": "/loop"}, ""
		}
		return http.StatusOK, nil, ""
	})
	batch := &replication.Batch{Records: records(1)}
	if err := open(t, srv.URL+"/same", "auth", "Bearer token").Apply(t.Context(), batch); err != nil {
		t.Error(err)
	}
	if got := srv.requests(); len(got) != 2 || got[1].body != got[0].body || got[1].header.Get("Authorization") == "" {
		t.Errorf("requests: %v", got)
	}
	if err := open(t, srv.URL+"/other", "auth", "Bearer token").Apply(t.Context(), batch); !replication.IsPermanent(err) || !strings.Contains(err.Error(), other.URL) {
		t.Errorf("to another server: %v", err)
	}
	if err := open(t, srv.URL+"/loop").Apply(t.Context(), batch); !replication.IsPermanent(err) {
		t.Errorf("in a loop: %v", err)
	}
	if got := other.requests(); len(got) != 0 {
		t.Errorf("another server got %v", got)
	}
}

// TestOrder sends several changes of each of several rows at once.
func TestOrder(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	running, most := 0, 0
	srv := newReceiver(t, func(n int, r request) (int, map[string]string, string) {
		mu.Lock()
		running++
		most = max(most, running)
		mu.Unlock()
		time.Sleep(time.Duration(n%3) * time.Millisecond)
		mu.Lock()
		running--
		mu.Unlock()
		return http.StatusOK, nil, ""
	})
	target := open(t, srv.URL, "concurrency", "8")
	var batch replication.Batch
	for i := range 120 {
		batch.Records = append(batch.Records, record(i, i%12, replication.Update))
	}
	if err := target.Apply(t.Context(), &batch); err != nil {
		t.Fatal(err)
	}
	last := map[string]uint64{}
	for _, q := range srv.requests() {
		id, commit := parts(t, q.body)
		if commit <= last[id] {
			t.Errorf("row %s: commit %d after %d", id, commit, last[id])
		}
		last[id] = commit
	}
	if len(last) != 12 || most < 2 {
		t.Errorf("%d rows, at most %d at once", len(last), most)
	}
}

func parts(t *testing.T, body string) (id string, commit uint64) {
	t.Helper()
	var m struct {
		ID       string `json:"id"`
		Metadata struct {
			Commit uint64 `json:"commit"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return m.ID, m.Metadata.Commit
}

// TestOnlyTheRest lets a server fail in the middle of a batch, and looks at what the next Apply sends.
func TestOnlyTheRest(t *testing.T) {
	t.Parallel()
	for _, concurrency := range []string{"1", "4"} {
		srv := newReceiver(t, nil)
		down := true
		srv.answer = func(_ int, r request) (int, map[string]string, string) {
			switch id := r.header.Get("webhook-id"); {
			case id == "id-002":
				return http.StatusUnprocessableEntity, nil, "no"
			case id == "id-005" && down:
				return http.StatusServiceUnavailable, nil, "down"
			}
			return http.StatusOK, nil, ""
		}
		target := open(t, srv.URL, "concurrency", concurrency)
		batch := &replication.Batch{Records: records(10)}
		if err := target.Apply(t.Context(), batch); err == nil || replication.IsPermanent(err) || !strings.Contains(err.Error(), "503") {
			t.Fatalf("Apply: %v", err)
		}
		seen := map[string]int{}
		for _, q := range srv.requests() {
			seen[q.header.Get("webhook-id")]++
		}
		down = false
		err := target.Apply(t.Context(), batch)
		var r *replication.Rejected
		if !errors.As(err, &r) || len(r.Records) != 1 || r.Records[2] == nil || !strings.Contains(err.Error(), "422") {
			t.Fatalf("Apply: %v", err)
		}
		for _, q := range srv.requests() {
			seen[q.header.Get("webhook-id")]++
		}
		for i, r := range batch.Records {
			want := 1
			if i == 5 {
				want = 2
			}
			if seen[r.ID] != want {
				t.Errorf("concurrency %s: record %d was sent %d times", concurrency, i, seen[r.ID])
			}
		}
		// The same records again are another batch.
		if err := target.Apply(t.Context(), batch); !errors.As(err, &r) || len(srv.requests()) != 10 {
			t.Errorf("a batch of known records: %v", err)
		}
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	fail := -1
	srv := newReceiver(t, nil)
	srv.answer = func(n int, r request) (int, map[string]string, string) {
		switch {
		case n == fail:
			return http.StatusBadGateway, nil, ""
		case strings.Contains(r.body, `"id-013"`):
			return http.StatusBadRequest, nil, "13 is not wanted"
		}
		return http.StatusOK, nil, ""
	}
	target := open(t, srv.URL, "batch", "true", "max_size", "2000", "secret", "swordfish")
	fail = 1
	batch := &replication.Batch{Records: records(20)}
	if err := target.Apply(t.Context(), batch); err == nil || !strings.Contains(err.Error(), "502") {
		t.Fatalf("Apply: %v", err)
	}
	before := srv.requests()
	fail = -1
	err := target.Apply(t.Context(), batch)
	var rejected *replication.Rejected
	if !errors.As(err, &rejected) || len(rejected.Records) != 1 || rejected.Records[13] == nil {
		t.Fatalf("Apply: %v", err)
	}
	after := srv.requests()
	if before[1].header.Get("webhook-id") != after[0].header.Get("webhook-id") || before[1].body != after[0].body {
		t.Error("what failed was not sent again as it was")
	}
	next := 0
	for _, q := range append(before[:1], after...) {
		checkSignature(t, q, []byte("swordfish"))
		var list []json.RawMessage
		if err := json.Unmarshal([]byte(q.body), &list); err != nil || len(q.body) > 2000 {
			t.Fatalf("%d bytes: %v", len(q.body), err)
		}
		if id := q.header.Get("webhook-id"); !strings.HasSuffix(id, fmt.Sprintf("+%d", len(list))) {
			t.Errorf("%s names %d records", id, len(list))
		}
		if strings.Contains(q.body, `"id-013"`) {
			continue // refused
		}
		for _, body := range list {
			if next == 13 {
				next++
			}
			if id, _ := parts(t, string(body)); id != strconv.Itoa(next) {
				t.Errorf("record %s, want %d", id, next)
			}
			next++
		}
	}
	if next != 20 {
		t.Errorf("%d records", next)
	}
}

// TestBatchByAddress has arrays end where the address of the next record is another.
func TestBatchByAddress(t *testing.T) {
	t.Parallel()
	srv := newReceiver(t, nil)
	target := open(t, srv.URL+"/{operation}", "batch", "true")
	batch := &replication.Batch{Records: []*replication.Record{record(0, 0, replication.Insert), record(1, 1, replication.Insert), record(2, 0, replication.Delete)}}
	if err := target.Apply(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	got := srv.requests()
	if len(got) != 2 || got[0].path != "/insert" || got[1].path != "/delete" || got[1].header.Get("webhook-id") != "id-002+1" {
		t.Errorf("requests: %v", got)
	}
}

func TestSecretsAreMasked(t *testing.T) {
	t.Parallel()
	srv := newReceiver(t, func(_ int, r request) (int, map[string]string, string) {
		return http.StatusForbidden, nil, fmt.Sprint(r.path, r.header["Authorization"], r.header["X-Token"], " swordfish")
	})
	settings := []string{"headers", "X-Token=hidden1", "auth", "user:hidden2", "secret", "swordfish"}
	target := open(t, srv.URL+"/services/hidden3?token=hidden4", settings...)
	encoded := base64.StdEncoding.EncodeToString([]byte("user:hidden2"))
	check := func(what string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s: no error", what)
			return
		}
		for _, s := range []string{"hidden", "swordfish", encoded} {
			if strings.Contains(err.Error(), s) {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	check("an answer", target.Apply(t.Context(), &replication.Batch{Records: records(1)}))
	for _, c := range target.Check(t.Context(), nil) {
		if c.Err != nil {
			check("Check", c.Err)
		}
	}
	srv.Close()
	check("no answer", target.Apply(t.Context(), &replication.Batch{Records: records(1)}))
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	free := make(chan struct{})
	srv := newReceiver(t, func(int, request) (int, map[string]string, string) { <-free; return http.StatusOK, nil, "" })
	defer close(free)
	start := time.Now()
	err := open(t, srv.URL, "request_timeout", "50ms").Apply(t.Context(), &replication.Batch{Records: records(1)})
	if err == nil || replication.IsPermanent(err) || time.Since(start) > 20*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	status := http.StatusMethodNotAllowed
	srv := newReceiver(t, func(int, request) (int, map[string]string, string) { return status, nil, "" })
	target := open(t, srv.URL)
	for _, c := range target.Check(t.Context(), []*replication.Destination{users}) {
		if c.Err != nil {
			t.Errorf("%s: %v", c.What, c.Err)
		}
	}
	if got := srv.requests(); len(got) != 1 || got[0].method != http.MethodOptions {
		t.Errorf("requests: %v", got)
	}
	status = http.StatusUnauthorized
	if c := target.Check(t.Context(), nil); c[0].Err != nil || c[1].Err == nil {
		t.Errorf("unauthorized: %v", c)
	}
	srv.Close()
	if c := target.Check(t.Context(), nil); c[0].Err == nil {
		t.Errorf("nobody there: %v", c)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		address  string
		settings []string
		want     string
	}{
		{"", nil, "it has to be a URL"},
		{"ftp://h/x", nil, "scheme 'ftp'"},
		{"https://", nil, "it has to be a URL"},
		{"https://h/hidden\x7f", nil, "it has to be a URL"},
		{"https://h/{id}", nil, "there are {table} and {operation}"},
		{"https://{table}.h/x", nil, "before its path"},
		{"https://{table}", nil, "before its path"},
		{"https://h/x#y", nil, "fragment"},
		{"https://h", []string{"headers", "hidden"}, "headers is not valid at part 1"},
		{"https://h", []string{"headers", "a b=hidden"}, "cannot be a header"},
		{"https://h", []string{"headers", "webhook-ID=hidden"}, "have by themselves"},
		{"https://h", []string{"headers", "a=hidden\nb"}, "more than one line"},
		{"https://h", []string{"auth", "hidden"}, "'Bearer <token>'"},
		{"https://h", []string{"auth", "Bearer "}, "'Bearer <token>'"},
		{"https://h", []string{"auth", "a:hidden\n"}, "more than one line"},
		{"https://u:hidden@h", []string{"auth", "a:hidden"}, "give one of them"},
		{"https://h", []string{"auth", "a:hidden", "headers", "authorization=hidden"}, "give one of them"},
		{"https://h", []string{"secret", "whsec_?hidden"}, "not base 64"},
	} {
		d, c := configure(t, test.address, test.settings...)
		err := d.Validate(c)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%q %q: %v, want %q", test.address, test.settings, err, test.want)
		}
		if _, err := d.Open(t.Context(), c); !replication.IsPermanent(err) {
			t.Errorf("Open %q: %v", test.address, err)
		}
	}
	d, _ := replication.Lookup("WEBHOOK")
	_, err := plugins.NewOptions("replication r", d.Options, []plugins.Setting{{Name: "method", Value: "GET"}})
	if err == nil || !strings.Contains(err.Error(), "one of post, put, patch") {
		t.Errorf("method: %v", err)
	}
}
