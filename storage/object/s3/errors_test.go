package s3_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/s3"
)

const (
	testAccess = "AKIDOFTHETEST"
	testSecret = "do-not-print-this-secret"
	testToken  = "do-not-print-this-token"
)

// fake returns a store whose service is handler, and the count of requests that came.
func fake(t *testing.T, handler http.HandlerFunc) (*s3.Store, *atomic.Int64) {
	t.Helper()
	var n atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		handler(w, r)
	}))
	t.Cleanup(srv.Close)
	return at(t, srv.URL), &n
}

func at(t *testing.T, endpoint string) *s3.Store {
	t.Helper()
	s, err := s3.Open(t.Context(), s3.Config{Bucket: "b", Prefix: "p", Endpoint: endpoint, PathStyle: true, AccessKey: testAccess,
		SecretKey: testSecret, SessionToken: testToken})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// run calls op for key k.
func run(ctx context.Context, s object.Store, op object.Op) error {
	var err error
	switch op {
	case object.OpGet:
		_, err = s.Get(ctx, "k")
	case object.OpGetRange:
		_, err = s.GetRange(ctx, "k", 1, 2)
	case object.OpPut:
		_, err = s.Put(ctx, "k", []byte("data"))
	case object.OpPutIfAbsent:
		_, err = s.PutIfAbsent(ctx, "k", []byte("data"))
	case object.OpPutIfMatch:
		_, err = s.PutIfMatch(ctx, "k", `"t"`, []byte("data"))
	case object.OpDelete:
		err = s.Delete(ctx, "k")
	case object.OpCreateUpload:
		_, err = object.MultipartOf(s).CreateUpload(ctx, "k")
	case object.OpUploadPart:
		_, err = object.MultipartOf(s).UploadPart(ctx, "k", "id", 1, []byte("data"))
	case object.OpCompleteUpload:
		_, err = object.MultipartOf(s).CompleteUpload(ctx, "k", "id", []string{"t"})
	case object.OpAbortUpload:
		err = object.MultipartOf(s).AbortUpload(ctx, "k", "id")
	case object.OpList:
		for _, e := range s.List(ctx, "k", "") {
			err = e
		}
	}
	return err
}

// wellFormed checks what every error must be.
func wellFormed(t *testing.T, op object.Op, err error) {
	t.Helper()
	var e *base.Error
	if !errors.As(err, &e) || e.Object != "k" || !strings.Contains(err.Error(), op.String()) {
		t.Errorf("error does not name operation and key: %v", err)
	}
	for _, secret := range []string{testAccess, testSecret, testToken, "Signature=", "leak"} {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("error tells a secret: %v", err)
		}
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	reads := []object.Op{object.OpGet, object.OpGetRange, object.OpList}
	writes := []object.Op{object.OpPut, object.OpPutIfAbsent, object.OpPutIfMatch, object.OpDelete,
		object.OpCreateUpload, object.OpUploadPart, object.OpCompleteUpload, object.OpAbortUpload}
	all := append(append([]object.Op{}, reads...), writes...)
	for _, c := range []struct {
		status int
		code   string
		ops    []object.Op
		want   error
		text   string
	}{
		{404, "NoSuchKey", []object.Op{object.OpGet, object.OpGetRange}, object.ErrNotFound, ""},
		{404, "NoSuchKey", []object.Op{object.OpPutIfMatch}, object.ErrChanged, ""},
		{404, "NoSuchUpload", []object.Op{object.OpUploadPart, object.OpCompleteUpload}, object.ErrNotFound, ""},
		{400, "InvalidPart", []object.Op{object.OpCompleteUpload}, object.ErrRefused, "InvalidPart"},
		{501, "NotImplemented", []object.Op{object.OpCreateUpload}, object.ErrRefused, "does not know this request"},
		{404, "NoSuchBucket", all, object.ErrNoBucket, `there is no bucket "b"`},
		{404, "XAdminUserNotFound", all, object.ErrDenied, "credentials are not valid"},
		{412, "PreconditionFailed", []object.Op{object.OpPutIfAbsent}, object.ErrExists, ""},
		{412, "PreconditionFailed", []object.Op{object.OpPutIfMatch}, object.ErrChanged, ""},
		{409, "ConditionalRequestConflict", writes, object.ErrConflict, ""},
		{416, "InvalidRange", []object.Op{object.OpGetRange}, object.ErrRange, ""},
		{403, "AccessDenied", all, object.ErrDenied, "no permission"},
		{401, "", all, object.ErrDenied, "no permission"},
		{403, "InvalidAccessKeyId", all, object.ErrDenied, "credentials are not valid"},
		{403, "SignatureDoesNotMatch", all, object.ErrDenied, "credentials are not valid"},
		{400, "ExpiredToken", all, object.ErrDenied, "credentials are not valid"},
		{403, "RequestTimeTooSkewed", all, object.ErrDenied, "clock"},
		{301, "PermanentRedirect", all, object.ErrNoBucket, "not in this region, but in eu-west-9"},
		{503, "SlowDown", all, object.ErrUnavailable, "SlowDown"},
		{429, "", all, object.ErrUnavailable, ""},
		{500, "InternalError", reads, object.ErrUnavailable, ""},
		{500, "InternalError", writes, object.ErrUnknown, ""},
		{502, "", writes, object.ErrUnknown, "status 502"},
		{503, "ServiceUnavailable", writes, object.ErrUnknown, ""},
		{504, "", writes, object.ErrUnknown, ""},
		{504, "", reads, object.ErrUnavailable, ""},
	} {
		for _, op := range c.ops {
			t.Run(fmt.Sprintf("%d%s/%s", c.status, c.code, op), func(t *testing.T) {
				t.Parallel()
				s, n := fake(t, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("X-Amz-Bucket-Region", "eu-west-9")
					w.Header().Set("X-Amz-Request-Id", "R1")
					w.WriteHeader(c.status)
					if c.code != "" {
						fmt.Fprintf(w, "<Error><Code>%s</Code><Message>leak %s</Message></Error>", c.code, r.Header.Get("Authorization"))
					}
				})
				var m object.Meter
				err := run(object.WithMeter(t.Context(), &m), s, op)
				if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.text) {
					t.Errorf("error is %v, want %v with %q", err, c.want, c.text)
				}
				wellFormed(t, op, err)
				if n.Load() != 1 || m.Snapshot().Requests() != 1 {
					t.Errorf("%d requests sent, %v counted; want 1", n.Load(), m.Snapshot())
				}
			})
		}
	}
}

// TestSilence checks what a write is said to be when no answer comes: not failed.
func TestSilence(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"closed": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				err = conn.Close()
			}
			if err != nil {
				panic(err)
			}
		},
		"torn": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte("<Err"))
		},
	} {
		for op := range object.OpAbortUpload + 1 {
			t.Run(name+"/"+op.String(), func(t *testing.T) {
				t.Parallel()
				s, _ := fake(t, handler)
				want := object.ErrUnavailable
				if op.IsWrite() {
					want = object.ErrUnknown
				}
				err := run(t.Context(), s, op)
				if !errors.Is(err, want) {
					t.Errorf("error is %v, want %v", err, want)
				}
				wellFormed(t, op, err)
			})
		}
	}
}

// TestForeignAnswers checks that what some proxy answers is not taken for the store's word on the object.
func TestForeignAnswers(t *testing.T) {
	t.Parallel()
	for _, status := range []int{404, 409, 400, 405, 501} {
		s, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte("<html>nothing here</html>"))
		})
		for op := range object.OpAbortUpload + 1 {
			err := run(t.Context(), s, op)
			if class := object.ClassOf(err); class != object.ClassOther {
				t.Errorf("%d to %s: class %v of %v, want other", status, op, class, err)
			}
			wellFormed(t, op, err)
		}
	}
}

func TestTornBody(t *testing.T) {
	t.Parallel()
	s, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Header().Set("ETag", `"x"`)
		_, _ = w.Write(make([]byte, 500))
	})
	o, err := s.Get(t.Context(), "k")
	if !errors.Is(err, object.ErrUnavailable) || o.Data != nil {
		t.Errorf("%d bytes, %v", len(o.Data), err)
	}
	wellFormed(t, object.OpGet, err)
}

func TestContextEndsRequest(t *testing.T) {
	t.Parallel()
	for op := range object.OpAbortUpload + 1 {
		t.Run(op.String(), func(t *testing.T) {
			t.Parallel()
			release := make(chan struct{})
			s, _ := fake(t, func(_ http.ResponseWriter, r *http.Request) {
				select {
				case <-r.Context().Done():
				case <-release:
				}
			})
			defer close(release)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			start := time.Now()
			err := run(ctx, s, op)
			if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, object.ErrUnknown) != op.IsWrite() {
				t.Errorf("error is %v", err)
			}
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("returned after %v", d)
			}
			wellFormed(t, op, err)
		})
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	endpoint := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := at(t, endpoint)
	for op := range object.OpAbortUpload + 1 {
		err := run(t.Context(), s, op)
		if !errors.Is(err, object.ErrUnavailable) || errors.Is(err, object.ErrUnknown) || !strings.Contains(fmt.Sprint(err), "endpoint "+endpoint+" cannot be reached") {
			t.Errorf("%s: %v", op, err)
		}
		wellFormed(t, op, err)
	}
}

// TestRealServer checks the three ways in which a real server refuses.
func TestRealServer(t *testing.T) {
	t.Parallel()
	srv := testenv.S3(t)
	good := srv.Config(t)
	noBucket, badKey, badSecret := good, good, good
	noBucket.Bucket = "no-such-bucket"
	badKey.AccessKey = "nobody"
	badSecret.SecretKey = testSecret
	for name, c := range map[string]struct {
		cfg  s3.Config
		want error
	}{"bucket": {noBucket, object.ErrNoBucket}, "key": {badKey, object.ErrDenied}, "secret": {badSecret, object.ErrDenied}} {
		for op := range object.OpAbortUpload + 1 {
			err := run(t.Context(), srv.Open(t, c.cfg), op)
			if !errors.Is(err, c.want) {
				t.Errorf("%s, %s: %v, want %v", name, op, err, c.want)
			}
			wellFormed(t, op, err)
		}
	}
}

// TestNoCredentials sets the environment, so it runs alone.
func TestNoCredentials(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/none")
	s, err := s3.Open(t.Context(), s3.Config{Bucket: "b", Endpoint: "http://127.0.0.1:1", PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	for op := range object.OpAbortUpload + 1 {
		var m object.Meter
		err := run(object.WithMeter(t.Context(), &m), s, op)
		if !errors.Is(err, object.ErrDenied) || !strings.Contains(fmt.Sprint(err), "no credentials were found") {
			t.Errorf("%s: %v", op, err)
		}
		if n := m.Snapshot().Requests(); n != 0 {
			t.Errorf("%s: %d requests counted, none was sent", op, n)
		}
	}
	if _, err := s3.Open(t.Context(), s3.Config{Bucket: "b", Profile: "no-such-profile"}); err == nil || !strings.Contains(err.Error(), "no-such-profile") {
		t.Errorf("missing profile: %v", err)
	}
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	if _, err := s3.Open(t.Context(), s3.Config{Bucket: "b"}); err == nil || !strings.Contains(err.Error(), "region") {
		t.Errorf("missing region: %v", err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	ok := s3.Config{Bucket: "b", Prefix: "/a/b/", Endpoint: "http://h:1", AccessKey: testAccess, SecretKey: testSecret, SessionToken: testToken, SSE: "aws:kms", KMSKeyID: "k"}
	if err := ok.Validate(); err != nil {
		t.Error(err)
	}
	if got := fmt.Sprintf("%v %+v %#v %s", ok, ok, ok, ok); strings.Contains(got, testSecret) || strings.Contains(got, testToken) || !strings.HasPrefix(got, "s3://b/a/b/ at http://h:1 ") {
		t.Errorf("printed as %s", got)
	}
	for name, damage := range map[string]func(c *s3.Config){
		"bucket": func(c *s3.Config) { c.Bucket = "" }, "bucket with slash": func(c *s3.Config) { c.Bucket = "a/b" },
		"prefix": func(c *s3.Config) { c.Prefix = "a//b" }, "prefix up": func(c *s3.Config) { c.Prefix = "../x" },
		"half keys": func(c *s3.Config) { c.SecretKey = "" }, "token alone": func(c *s3.Config) { c.AccessKey, c.SecretKey = "", "" },
		"twice": func(c *s3.Config) { c.Profile = "p" }, "sse": func(c *s3.Config) { c.SSE = "rot13" }, "kms": func(c *s3.Config) { c.SSE = "AES256" },
		"endpoint": func(c *s3.Config) { c.Endpoint = "h:1" }, "endpoint user": func(c *s3.Config) { c.Endpoint = "http://u:" + testSecret + "@h" },
		"endpoint scheme": func(c *s3.Config) { c.Endpoint = "ftp://h" }, "endpoint query": func(c *s3.Config) { c.Endpoint = "http://h?x=y" },
	} {
		c := ok
		damage(&c)
		if err := c.Validate(); !errors.Is(err, base.ErrInvalid) || strings.Contains(err.Error(), testSecret) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUploadAnswers are those that a status does not tell.
func TestUploadAnswers(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	late, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) { // S3 begins its answer before it knows
		fmt.Fprint(w, "<Error><Code>InternalError</Code><Message>leak</Message></Error>")
	})
	if err := run(ctx, late, object.OpCompleteUpload); !errors.Is(err, object.ErrUnknown) {
		t.Errorf("completion that fails after status 200: %v", err)
	}
	empty, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<InitiateMultipartUploadResult></InitiateMultipartUploadResult>")
	})
	if err := run(ctx, empty, object.OpCreateUpload); !errors.Is(err, object.ErrUnknown) {
		t.Errorf("an upload without an id: %v", err)
	}
	gone, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(404)
		fmt.Fprint(w, "<Error><Code>NoSuchUpload</Code></Error>")
	})
	if err := run(ctx, gone, object.OpAbortUpload); err != nil {
		t.Errorf("abort of an upload that is gone: %v", err)
	}
}
