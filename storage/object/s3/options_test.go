package s3_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/storage/object/s3"
)

// TestHeaders checks what is sent, and what must not be.
func TestHeaders(t *testing.T) {
	t.Parallel()
	var got http.Header
	var path string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, path = r.Header.Clone(), r.URL.Path
		w.Header().Set("ETag", `"t"`)
	}))
	defer srv.Close()
	s, err := s3.Open(t.Context(), s3.Config{Bucket: "b", Prefix: "p/q/", Endpoint: srv.URL, PathStyle: true, AccessKey: "a", SecretKey: "s",
		SessionToken: "tok", SSE: "aws:kms", KMSKeyID: "key-1"})
	if err != nil {
		t.Fatal(err)
	}
	if etag, err := s.PutIfAbsent(t.Context(), "k/1", []byte("x")); err != nil || etag != `"t"` {
		t.Fatal(etag, err)
	}
	if path != "/b/p/q/k/1" {
		t.Errorf("path is %s", path)
	}
	for name, want := range map[string]string{"If-None-Match": "*", "If-Match": "", "X-Amz-Server-Side-Encryption": "aws:kms",
		"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id": "key-1", "X-Amz-Security-Token": "tok", "X-Amz-Trailer": "", "X-Amz-Sdk-Checksum-Algorithm": "",
		"Content-Encoding": "", "X-Amz-Checksum-Crc32": ""} {
		if got.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Get(name), want)
		}
	}
	if _, err := s.PutIfMatch(t.Context(), "k/1", `"t"`, nil); err != nil || got.Get("If-Match") != `"t"` || got.Get("If-None-Match") != "" {
		t.Errorf("If-Match is %q, If-None-Match %q, %v", got.Get("If-Match"), got.Get("If-None-Match"), err)
	}
	if _, err := s.Put(t.Context(), "k/1", nil); err != nil || got.Get("If-Match")+got.Get("If-None-Match") != "" {
		t.Errorf("a plain write has conditions: %v, %v", got, err)
	}
}

// TestConnectionsAreKept checks that 64 callers at once do not open connections again and again.
func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	clients := map[string]bool{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		clients[r.RemoteAddr] = true
		mu.Unlock()
		w.Header().Set("ETag", `"t"`)
	}))
	defer srv.Close()
	s := at(t, srv.URL)
	for range 20 {
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				if _, err := s.Put(t.Context(), "k", []byte("x")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	if len(clients) > 200 {
		t.Errorf("1,280 requests of 64 callers took %d connections", len(clients))
	}
}

// TestPrefixesAreApart checks that two databases of one bucket do not see each other.
func TestPrefixesAreApart(t *testing.T) {
	t.Parallel()
	srv := testenv.S3(t)
	cfg := srv.Config(t)
	cfg.Prefix = "db"
	a := srv.Open(t, cfg)
	cfg.Prefix = "db2"
	b := srv.Open(t, cfg)
	if _, err := b.Put(t.Context(), "k", nil); err != nil {
		t.Fatal(err)
	}
	for info := range a.List(t.Context(), "", "") {
		t.Errorf("db lists %s of db2", info.Key)
	}
	if text := a.(interface{ String() string }).String(); !strings.HasSuffix(text, "/db/ at "+srv.Endpoint) {
		t.Errorf("the store calls itself %s", text)
	}
}

func BenchmarkS3(b *testing.B) {
	s := testenv.S3(b).Store(b)
	data := make([]byte, 1024)
	b.Run("Put1K", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Put(b.Context(), "k", data); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Get1K", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Get(b.Context(), "k"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
