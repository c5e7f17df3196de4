package faults

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/driver"
	"github.com/s3sql/s3sql/storage/object"
)

// pingMax is how long it may take until a place that is no use is reported, with default settings.
const pingMax = 5 * time.Second

// place is a prefix of a bucket, as a DSN names it.
type place struct {
	server *testenv.S3Server
	bucket string
	prefix string
}

func newPlace(t *testing.T) place {
	server := testenv.S3(t)
	return place{server, server.Bucket(t), "shop"}
}

func (p place) dsn(params string) string {
	return p.server.DSN(p.bucket, p.prefix) + params
}

// store returns the objects of the place, past s3sql.
func (p place) store(t *testing.T) object.Store {
	cfg := p.server.Config(t)
	cfg.Bucket, cfg.Prefix = p.bucket, p.prefix
	return p.server.Open(t, cfg)
}

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver.Name, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// openFast returns a pool whose waits between tries take next to no time.
func openFast(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	cfg, err := driver.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	connector, err := driver.NewConnector(cfg, driver.WithClock(newFastClock(speedMemory)))
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// contents returns all objects of a store.
func contents(t *testing.T, s object.Store) map[string]string {
	t.Helper()
	all := map[string]string{}
	for info, err := range s.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		o, err := s.Get(t.Context(), info.Key)
		if err != nil {
			t.Fatal(err)
		}
		all[info.Key] = string(o.Data)
	}
	return all
}

// unchanged fails the test if the store does not hold what it held before.
func unchanged(t *testing.T, s object.Store, before map[string]string) {
	t.Helper()
	after := contents(t, s)
	if maps.Equal(before, after) {
		return
	}
	for key := range after {
		if before[key] != after[key] {
			t.Errorf("object %s was written", key)
		}
	}
	for key := range before {
		if _, ok := after[key]; !ok {
			t.Errorf("object %s was removed", key)
		}
	}
}

// want is what an error must be.
type want struct {
	kind   error
	number uint16
	state  string   // SQLSTATE; "" is any
	object string   // key that it names; "*" is any
	texts  []string // in the message
}

func (w want) check(t *testing.T, err error, secrets ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	t.Log(err)
	e := checkTyped(t, err)
	if !errors.Is(err, w.kind) || e.Number != w.number || w.state != "" && e.SQLState != w.state || w.object != "*" && e.Object != w.object {
		t.Errorf("kind %v %v, number %d, SQLSTATE %s, object %q; want %+v", w.kind, errors.Is(err, w.kind), e.Number, e.SQLState, e.Object, w)
	}
	for _, text := range w.texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the error does not say %q: %v", text, err)
		}
	}
	if strings.ContainsAny(err.Error(), "\n\r") {
		t.Errorf("the error is more than one line: %q", err)
	}
	for _, form := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
		for _, secret := range secrets {
			if strings.Contains(form, secret) || strings.Contains(form, url.PathEscape(secret)) {
				t.Errorf("the error shows a secret: %s", form)
			}
		}
	}
}

// ping opens dsn and returns what Ping says, within pingMax.
func ping(t *testing.T, dsn string) error {
	t.Helper()
	db := open(t, dsn)
	start := time.Now()
	err := db.PingContext(t.Context())
	if took := time.Since(start); took > pingMax {
		t.Errorf("it took %v", took)
	}
	return err
}

func TestWrongDSN(t *testing.T) {
	t.Parallel()
	const secret = "zzSecretzz"
	for name, c := range map[string]struct {
		dsn   string
		texts []string
	}{
		"unknown key":     {"s3://K:" + secret + "@bucket/p?regoin=x", []string{"regoin", "region", "endpoint", "consistency"}},
		"unknown value":   {"s3://K:" + secret + "@bucket/p?mode=rx", []string{"mode", "rw", "ro"}},
		"key twice":       {"s3://K:" + secret + "@bucket/p?mode=rw&mode=ro", []string{"mode"}},
		"no bucket named": {"s3://K:" + secret + "@/p", []string{"bucket"}},
		"no scheme":       {"K:" + secret + "@bucket/p", []string{"scheme", "s3"}},
		"other scheme":    {"gs://K:" + secret + "@bucket/p", []string{"gs", "s3"}},
		"no secret key":   {"s3://K@bucket/p?session_token=" + secret, []string{"secret key"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := sql.Open(driver.Name, c.dsn)
			want{driver.ErrInvalid, 1105, "08001", "", c.texts}.check(t, err, secret)
		})
	}
}

func TestWrongPlace(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	secret := p.server.SecretKey
	other := func(change func(*place)) string {
		q, server := p, *p.server
		q.server = &server
		change(&q)
		return q.dsn("")
	}
	for name, c := range map[string]struct {
		dsn string
		want
	}{
		"no bucket": {other(func(q *place) { q.bucket = "nobody-has-this" }),
			want{driver.ErrInvalid, 1105, "08001", "manifest/latest", []string{"no bucket", "nobody-has-this", p.server.Endpoint}}},
		"wrong secret key": {other(func(q *place) { q.server.SecretKey += "x" }),
			want{driver.ErrUnavailable, 1045, "28000", "manifest/latest", []string{"credentials are not valid"}}},
		"wrong access key": {other(func(q *place) { q.server.AccessKey = "nobody" }),
			want{driver.ErrUnavailable, 1045, "28000", "manifest/latest", []string{"credentials are not valid"}}},
		"endpoint where nobody listens": {other(func(q *place) { q.server.Endpoint = "http://" + nobody }),
			want{driver.ErrUnavailable, 2013, "08S01", "manifest/latest", []string{nobody, "cannot be reached"}}},
		"endpoint whose name nobody knows": {other(func(q *place) { q.server.Endpoint = "http://nobody.invalid:1" }),
			want{driver.ErrUnavailable, 2013, "08S01", "manifest/latest", []string{"nobody.invalid", "cannot be reached"}}},
		"TLS where there is none": {other(func(q *place) { q.server.Endpoint = strings.Replace(p.server.Endpoint, "http:", "https:", 1) }),
			want{driver.ErrUnavailable, 2013, "08S01", "manifest/latest", []string{"cannot be reached"}}},
		"read-only where there is no database": {p.dsn("&mode=ro"), want{driver.ErrInvalid, 1049, "42000", "", []string{"no s3sql database"}}},
		"create=false where there is none":     {p.dsn("&create=false"), want{driver.ErrInvalid, 1049, "42000", "", []string{"no s3sql database"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := p.store(t)
			c.check(t, ping(t, c.dsn), secret)
			unchanged(t, store, map[string]string{})
		})
	}
}

// TestNoCredentials changes the environment and is therefore alone.
func TestNoCredentials(t *testing.T) {
	p := newPlace(t)
	home := t.TempDir()
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
		"AWS_DEFAULT_PROFILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_ROLE_ARN"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", home+"/config")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", home+"/credentials")
	t.Setenv("HOME", home)
	dsn := fmt.Sprintf("s3://%s/shop?endpoint=%s&region=us-east-1", p.bucket, p.server.Endpoint)
	want{driver.ErrUnavailable, 1045, "28000", "manifest/latest", []string{"no credentials were found", "AWS_ACCESS_KEY_ID"}}.check(t, ping(t, dsn))
	_, err := sql.Open(driver.Name, dsn+"&profile=nobody")
	if err == nil {
		err = ping(t, dsn+"&profile=nobody")
	}
	want{driver.ErrInvalid, 1105, "08001", "", []string{`"nobody"`, "profile"}}.check(t, err)
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	db := open(t, p.dsn(""))
	mustExec(t, db, "CREATE TABLE item (id INT PRIMARY KEY, n INT)")
	mustExec(t, db, "INSERT INTO item VALUES (1, 10)")
	store := p.store(t)
	before := contents(t, store)
	ro := open(t, p.dsn("&mode=ro"))
	for _, query := range []string{"INSERT INTO item VALUES (2, 20)", "UPDATE item SET n = 0", "DELETE FROM item", "DROP TABLE item",
		"CREATE TABLE more (id INT PRIMARY KEY)", "REPLACE INTO item VALUES (1, 11)", "CHECK STORE"} {
		_, err := ro.Exec(query)
		want{driver.ErrInvalid, 1290, "HY000", "", []string{"read-only"}}.check(t, err)
		if !errors.Is(err, driver.ErrReadOnly) {
			t.Errorf("%s: not ErrReadOnly: %v", query, err)
		}
	}
	var n int
	if err := ro.QueryRow("SELECT n FROM item WHERE id = 1").Scan(&n); err != nil || n != 10 {
		t.Errorf("reading gave %d, %v", n, err)
	}
	unchanged(t, store, before)
}

// TestSlowPlace is about endpoints that take a connection and say nothing: the caller's context ends the waiting.
func TestSlowPlace(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := silent.Close(); err != nil {
			t.Error(err)
		}
	})
	p := newPlace(t)
	server := *p.server
	p.server, server.Endpoint = &server, "http://"+silent.Addr().String()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if err := open(t, p.dsn("")).PingContext(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Ping: %v", err)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("it took %v", took)
	}
}
