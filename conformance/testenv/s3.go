package testenv

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/s3"
)

// What the S3 server of a test run is known by. The keys open nothing but that server.
const (
	EnvS3     = "S3SQL_TEST_S3" // endpoint
	accessKey = "test-access"
	secretKey = "test-secret-of-a-loopback-server"
	region    = "us-east-1"
)

var s3Service = service{
	name:    "versitygw",
	env:     EnvS3,
	build:   func() (string, error) { return buildTool("versitygw", "github.com/versity/versitygw/cmd/versitygw") },
	folders: []string{"data"},
	// The data must be on a file system with extended attributes: with --sidecar the server loses updates by If-Match.
	command: func(dir string, port int) (args, env []string) {
		return []string{"--port", "127.0.0.1:" + strconv.Itoa(port), "--quiet", "--keep-alive", "posix", filepath.Join(dir, "data")},
			[]string{"ROOT_ACCESS_KEY=" + accessKey, "ROOT_SECRET_KEY=" + secretKey}
	},
	address: func(port int) string { return "http://127.0.0.1:" + strconv.Itoa(port) },
	ready: func(address string) error {
		resp, err := http.Get(address)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	},
}

// s3Once starts the server of this process. Its end is that of the process: stop is kept, not called, because the pipe
// that the server's life hangs on would be closed as garbage without it.
var s3Once = sync.OnceValues(func() (started struct {
	address string
	stop    func() error
}, err error) {
	started.address, started.stop, err = s3Service.start()
	return started, err
})

// S3Server is an S3 server, and credentials that may do anything on it.
type S3Server struct {
	Endpoint             string
	AccessKey, SecretKey string
	Region               string
}

// S3 returns the server of the test run, starting it if need be; a test that cannot have it fails.
func S3(t testing.TB) *S3Server {
	t.Helper()
	endpoint := os.Getenv(EnvS3)
	if endpoint == "" {
		own, err := s3Once()
		if err != nil {
			t.Fatalf("S3 server: %v", err)
		}
		endpoint = own.address
	}
	return &S3Server{Endpoint: endpoint, AccessKey: accessKey, SecretKey: secretKey, Region: region}
}

// bucketCount makes names of buckets differ within a process, the clock between processes.
var bucketCount atomic.Int64

// Bucket creates an empty bucket and returns its name. It lives as long as the server.
func (s *S3Server) Bucket(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test-%x-%d", time.Now().UnixNano(), bucketCount.Add(1))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.Endpoint+"/"+name, nil)
	if err != nil {
		t.Fatal(err)
	}
	none := sha256.Sum256(nil)
	hash := hex.EncodeToString(none[:])
	req.Header.Set("X-Amz-Content-Sha256", hash)
	keys := aws.Credentials{AccessKeyID: s.AccessKey, SecretAccessKey: s.SecretKey}
	if err := v4.NewSigner().SignHTTP(t.Context(), keys, req, hash, "s3", s.Region, time.Now()); err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("bucket %s: %v", name, err)
	}
	body, err := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("bucket %s: %s %s %v", name, resp.Status, body, err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

// DSN returns the data source name of a database in a bucket; parameters may be appended with "&".
func (s *S3Server) DSN(bucket, prefix string) string {
	return fmt.Sprintf("s3://%s:%s@%s/%s?endpoint=%s&region=%s", url.PathEscape(s.AccessKey), url.PathEscape(s.SecretKey), bucket, prefix,
		s.Endpoint, s.Region)
}

// Config returns the settings of a store on a fresh bucket.
func (s *S3Server) Config(t testing.TB) s3.Config {
	t.Helper()
	return s3.Config{Bucket: s.Bucket(t), Endpoint: s.Endpoint, Region: s.Region, PathStyle: true, AccessKey: s.AccessKey, SecretKey: s.SecretKey}
}

// Store returns a store on a fresh bucket, closed when the test ends.
func (s *S3Server) Store(t testing.TB) object.Store {
	t.Helper()
	return s.Open(t, s.Config(t))
}

// Open returns a store on the bucket that cfg names, closed when the test ends.
func (s *S3Server) Open(t testing.TB, cfg s3.Config) object.Store {
	t.Helper()
	store, err := s3.Open(context.WithoutCancel(t.Context()), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// WithLatency returns the server as it is seen over a line that holds each request back for d. Buckets are the same.
func (s *S3Server) WithLatency(t testing.TB, d time.Duration) *S3Server {
	t.Helper()
	target, err := url.Parse(s.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}
	line := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // which is signed
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			line.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	slow := *s
	slow.Endpoint = strings.TrimSuffix(server.URL, "/")
	return &slow
}
