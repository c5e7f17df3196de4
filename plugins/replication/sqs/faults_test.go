package sqs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/plugins/replication"
)

// sent is a SendMessageBatch on its way to the server.
type sent struct {
	QueueUrl string
	Entries  []map[string]any
}

// body is the text of a message.
func body(entry map[string]any) string { return entry["MessageBody"].(string) }

// fault is what becomes of a message instead of being sent.
type fault struct {
	code   string
	sender bool
}

// proxy stands before the test server, and notes requests.
type proxy struct {
	*httptest.Server
	// faults says what befalls the messages of the nth request, by their place in it; a status other than 0 refuses the request as a whole.
	faults func(n int, s *sent) (faults map[int]fault, status int, code string)
	mu     sync.Mutex
	got    []*sent
}

func newProxy(t *testing.T, faults func(n int, s *sent) (map[int]fault, int, string)) *proxy {
	t.Helper()
	p := &proxy{faults: faults}
	backend := testenv.SQS(t)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := p.serve(backend, w, r); err != nil {
			t.Errorf("proxy: %v", err)
		}
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *proxy) serve(backend string, w http.ResponseWriter, r *http.Request) error {
	var s sent
	if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
		return err
	}
	p.mu.Lock()
	n := len(p.got)
	p.got = append(p.got, &s)
	p.mu.Unlock()
	var faults map[int]fault
	if p.faults != nil {
		all, status, code := p.faults(n, &s)
		if status != 0 {
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			w.WriteHeader(status)
			return json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazonaws.sqs#" + code, "message": "the reason"})
		}
		faults = all
	}
	pass := sent{QueueUrl: s.QueueUrl}
	var failed []any
	for i, e := range s.Entries {
		if f, ok := faults[i]; ok {
			failed = append(failed, map[string]any{"Id": e["Id"], "Code": f.code, "SenderFault": f.sender, "Message": "the reason"})
		} else {
			pass.Entries = append(pass.Entries, e)
		}
	}
	answer := map[string]any{}
	if len(pass.Entries) > 0 {
		if err := forward(backend, r.Header, pass, &answer); err != nil {
			return err
		}
	}
	answer["Failed"] = failed
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	return json.NewEncoder(w).Encode(answer)
}

func forward(backend string, header http.Header, in, out any) error {
	data, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, backend, bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.Header = header.Clone()
	req.Header.Del("Content-Length")
	req.Header.Del("Accept-Encoding")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close(), json.Unmarshal(text, out)); err != nil {
		return fmt.Errorf("%s: %s: %w", resp.Status, text, err)
	}
	return nil
}

func (p *proxy) requests() []*sent {
	p.mu.Lock()
	defer p.mu.Unlock()
	got := p.got
	p.got = nil
	return got
}

// batches are how many messages each request had.
func (p *proxy) batches() (out []int) {
	for _, s := range p.requests() {
		out = append(out, len(s.Entries))
	}
	return out
}

// sizes are how many bytes each request had, as SQS counts them.
func (p *proxy) sizes() (out []int) {
	for _, s := range p.requests() {
		n := 0
		for _, e := range s.Entries {
			n += len(body(e))
			for name, a := range e["MessageAttributes"].(map[string]any) {
				n += len(name) + len(a.(map[string]any)["DataType"].(string)) + len(a.(map[string]any)["StringValue"].(string))
			}
		}
		out = append(out, n)
	}
	return out
}

// TestPartialFailure has one message refused and one fail for a while: the others arrive, and arrive once.
func TestPartialFailure(t *testing.T) {
	t.Parallel()
	for _, fifo := range []bool{false, true} {
		queue := newQueue(t, fifo, nil)
		down := true
		srv := newProxy(t, func(_ int, s *sent) (map[int]fault, int, string) {
			faults := map[int]fault{}
			for i, e := range s.Entries {
				if strings.Contains(body(e), `"id-002"`) {
					faults[i] = fault{"InvalidMessageContents", true}
				}
				if strings.Contains(body(e), `"id-005"`) && down {
					faults[i] = fault{"InternalError", false}
				}
			}
			return faults, 0, ""
		})
		// Every second record is of the row of record 5.
		batch := records(16)
		for i := 5; i < 16; i += 2 {
			batch[i].RecordID = "5"
		}
		target := open(t, queue, "endpoint", srv.URL)
		if err := apply(t, target, batch...); err == nil || replication.IsPermanent(err) || !strings.Contains(err.Error(), "InternalError") || !strings.Contains(err.Error(), queue) {
			t.Fatalf("Apply: %v", err)
		}
		down = false
		first := srv.requests()
		err := apply(t, target, batch...)
		var rejected *replication.Rejected
		if !errors.As(err, &rejected) || len(rejected.Records) != 1 || rejected.Records[2] == nil {
			t.Fatalf("Apply: %v", err)
		}
		for _, s := range srv.requests() {
			for _, e := range s.Entries {
				if strings.Contains(body(e), `"id-002"`) || strings.Contains(body(e), `"id-000"`) {
					t.Errorf("sent again: %s", body(e))
				}
			}
		}
		got := ids(t, receive(t, queue))
		sorted := slices.Clone(got)
		slices.Sort(sorted)
		if len(got) != 15 || len(slices.Compact(sorted)) != 15 {
			t.Errorf("arrived: %v", got)
		}
		if !fifo {
			continue
		}
		// What comes after record 5 in its row did not overtake it.
		for i := 7; i < 16; i += 2 {
			if slices.Index(got, batch[i].ID) < slices.Index(got, batch[i-2].ID) {
				t.Errorf("record %d before %d: %v", i, i-2, got)
			}
		}
		for _, s := range first {
			groups := map[any]bool{}
			for _, e := range s.Entries {
				if groups[e["MessageGroupId"]] {
					t.Errorf("two messages of group %v in one request", e["MessageGroupId"])
				}
				groups[e["MessageGroupId"]] = true
			}
		}
	}
}

// TestRefusedRequest has requests refused for one of their messages: only that is rejected.
func TestRefusedRequest(t *testing.T) {
	t.Parallel()
	queue := newQueue(t, false, nil)
	srv := newProxy(t, func(_ int, s *sent) (map[int]fault, int, string) {
		for _, e := range s.Entries {
			if strings.Contains(body(e), `"id-006"`) {
				return nil, http.StatusBadRequest, "InvalidMessageContents"
			}
		}
		return nil, 0, ""
	})
	err := apply(t, open(t, queue, "endpoint", srv.URL), records(10)...)
	var rejected *replication.Rejected
	if !errors.As(err, &rejected) || len(rejected.Records) != 1 || rejected.Records[6] == nil {
		t.Fatalf("Apply: %v", err)
	}
	if got := receive(t, queue); len(got) != 9 {
		t.Errorf("%d messages", len(got))
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	queue := testenv.SQS(t) + "/000000000000/any.fifo"
	for _, test := range []struct {
		status    int
		code      string
		permanent bool
	}{
		{403, "AccessDenied", true},
		{403, "AccessDeniedException", true},
		{403, "InvalidClientTokenId", true},
		{403, "SignatureDoesNotMatch", true},
		{400, "QueueDoesNotExist", true},
		{400, "AWS.SimpleQueueService.NonExistentQueue", true},
		{400, "KMS.AccessDeniedException", true},
		{400, "KmsDisabled", true},
		{400, "KmsThrottled", false},
		{400, "KMS.ThrottlingException", false},
		{400, "RequestThrottled", false},
		{400, "ThrottlingException", false},
		{500, "InternalFailure", false},
		{503, "ServiceUnavailable", false},
		{400, "SomethingNew", false},
	} {
		srv := newProxy(t, func(int, *sent) (map[int]fault, int, string) { return nil, test.status, test.code })
		target := open(t, queue, "endpoint", srv.URL)
		err := apply(t, target, records(2)...)
		var rejected *replication.Rejected
		if err == nil || errors.As(err, &rejected) || replication.IsPermanent(err) != test.permanent || !strings.Contains(err.Error(), queue) || strings.Contains(err.Error(), "swordfish") {
			t.Errorf("%s: permanent %t: %v", test.code, replication.IsPermanent(err), err)
		}
		if n := len(srv.requests()); n != 1 {
			t.Errorf("%s: %d requests", test.code, n)
		}
		// The same of a message of a request, where SQS counts refused keys and queues as the sender's fault.
		srv.faults = func(int, *sent) (map[int]fault, int, string) {
			return map[int]fault{0: {test.code, test.permanent || strings.Contains(strings.ToLower(test.code), "throttl")}}, 0, ""
		}
		one := srv.faults
		srv.faults = func(n int, s *sent) (map[int]fault, int, string) { s.Entries = s.Entries[:1]; return one(n, s) }
		if err := apply(t, target, records(1)...); err == nil || errors.As(err, &rejected) || replication.IsPermanent(err) != test.permanent {
			t.Errorf("%s of a message: permanent %t: %v", test.code, replication.IsPermanent(err), err)
		}
	}
}
