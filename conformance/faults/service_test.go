package faults

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/s3sql/s3sql/driver"
)

// TestOtherServices opens a database on what answers, but not as an S3 service should, or not to these credentials.
func TestOtherServices(t *testing.T) {
	t.Parallel()
	const secret = "do-not-print-this-secret"
	refuse := func(w http.ResponseWriter, status int, code string) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>you sent %s</Message></Error>", code, secret)
	}
	for _, c := range []struct {
		name     string
		serve    http.HandlerFunc
		requests int64 // at most
		want
	}{
		{"no permission", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 403, "AccessDenied") }, 1,
			want{driver.ErrUnavailable, 1045, "28000", "manifest/latest", []string{"no permission", `"bucket"`}}},
		{"no permission to write", func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method == http.MethodPut || r.Method == http.MethodPost:
				refuse(w, 403, "AccessDenied")
			case r.URL.Query().Has("list-type"):
				_, _ = fmt.Fprint(w, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
			default:
				refuse(w, 404, "NoSuchKey")
			}
		}, 6, want{driver.ErrUnavailable, 1045, "28000", "*", []string{"no permission", `"bucket"`}}},
		{"expired credentials", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 400, "ExpiredToken") }, 1,
			want{driver.ErrUnavailable, 1045, "28000", "manifest/latest", []string{"credentials are not valid"}}},
		{"wrong clock", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 403, "RequestTimeTooSkewed") }, 1,
			want{driver.ErrUnavailable, 1045, "28000", "manifest/latest", []string{"clock"}}},
		{"another region", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amz-Bucket-Region", "eu-west-9")
			refuse(w, 301, "PermanentRedirect")
		}, 1, want{driver.ErrInvalid, 1105, "08001", "manifest/latest", []string{"eu-west-9"}}},
		{"a web server", http.NotFound, 1, want{driver.ErrUnavailable, 2013, "08S01", "manifest/latest", []string{"status 404", "does not answer as an S3 service"}}},
		{"a page for everything", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<html>hello</html>") }, 6,
			want{driver.ErrCorrupt, 1712, "HY000", "*", nil}},
		{"broken", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 500, "InternalError") }, 6,
			want{driver.ErrUnavailable, 2013, "08S01", "manifest/latest", []string{"status 500"}}},
		{"throttled", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 503, "SlowDown") }, 6,
			want{driver.ErrUnavailable, 2013, "08S01", "manifest/latest", []string{"SlowDown"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				c.serve(w, r)
			}))
			t.Cleanup(server.Close)
			c.check(t, ping(t, "s3://AKID:"+secret+"@bucket/shop?region=us-east-1&endpoint="+server.URL), secret)
			if n := requests.Load(); n > c.requests {
				t.Errorf("%d requests, want at most %d", n, c.requests)
			}
		})
	}
}

// TestWrongFolder is about file: databases.
func TestWrongFolder(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("not a folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	want{driver.ErrInvalid, 1105, "08001", "", []string{"folder", "file"}}.check(t, ping(t, "file://"+file))
	missing := filepath.Join(t.TempDir(), "missing")
	want{driver.ErrInvalid, 1049, "42000", "", []string{"no s3sql database"}}.check(t, ping(t, "file://"+missing+"?mode=ro"))
	if data, err := os.ReadFile(file); err != nil || !strings.HasPrefix(string(data), "not a folder") {
		t.Errorf("the file now holds %q, %v", data, err)
	}
}
