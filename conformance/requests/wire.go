// Package requests asserts what statements cost: how many requests reach the S3 server, and in how many rounds.
//
// It counts on the wire, between the SDK and the server, and holds the engine's own metering to the same figure.
package requests

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3sql/s3sql/conformance/testenv"
)

// Wire is a line to the S3 server that records every request and holds it back for a while.
type Wire struct {
	Server *testenv.S3Server // the server at the end of the line
	mu     sync.Mutex
	seen   []Seen // guarded by mu
}

// Seen is one request.
type Seen struct {
	Method, Key string
	Begin, End  time.Time
	Status      int
}

// NewWire returns a line to server that delays each request by latency, until the test ends.
func NewWire(t testing.TB, server *testenv.S3Server, latency time.Duration) *Wire {
	t.Helper()
	target, err := url.Parse(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}
	forward := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // which is signed
	}}
	w := &Wire{}
	line := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		s := Seen{Method: r.Method, Key: key(r), Begin: time.Now()}
		time.Sleep(latency)
		reply := &statusWriter{ResponseWriter: rw}
		forward.ServeHTTP(reply, r)
		s.End, s.Status = time.Now(), reply.status
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen = append(w.seen, s)
	}))
	t.Cleanup(func() {
		line.Close()
		transport.CloseIdleConnections()
	})
	slow := *server
	slow.Endpoint = line.URL
	w.Server = &slow
	return w
}

// key is the path without the bucket; a listing is "LIST".
func key(r *http.Request) string {
	if r.URL.Query().Has("list-type") {
		return "LIST"
	}
	_, k, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return k
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Take returns what was seen since the last Take, in the order of the beginnings.
func (w *Wire) Take() Trace {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := w.seen
	w.seen = nil
	sort.Slice(seen, func(i, j int) bool { return seen[i].Begin.Before(seen[j].Begin) })
	return seen
}

// Trace is a run of requests.
type Trace []Seen

// Count returns the number of requests by method.
func (tr Trace) Count(method string) int {
	n := 0
	for _, s := range tr {
		if s.Method == method {
			n++
		}
	}
	return n
}

// Rounds is the number of requests on the longest chain of which each began after the one before had ended: the round
// trips that somebody had to wait for.
func (tr Trace) Rounds() int {
	byEnd := append(Trace(nil), tr...)
	sort.Slice(byEnd, func(i, j int) bool { return byEnd[i].End.Before(byEnd[j].End) })
	rounds := 0
	var last time.Time
	for _, s := range byEnd {
		if rounds == 0 || !s.Begin.Before(last) {
			rounds, last = rounds+1, s.End
		}
	}
	return rounds
}

// String lists the requests for a message.
func (tr Trace) String() string {
	var b strings.Builder
	for _, s := range tr {
		fmt.Fprintf(&b, "\n\t%s %s: %d", s.Method, s.Key, s.Status)
	}
	if b.Len() == 0 {
		return "none"
	}
	return b.String()
}
