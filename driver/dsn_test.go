package driver

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseDSN(t *testing.T) {
	t.Parallel()
	cases := []struct {
		dsn      string
		want     Config
		database string
	}{
		{"s3://bucket", Config{Scheme: "s3", Bucket: "bucket"}, "bucket"},
		{"s3://bucket/", Config{Scheme: "s3", Bucket: "bucket"}, "bucket"},
		{"s3://bucket/a/shop?region=eu-central-1", Config{Scheme: "s3", Bucket: "bucket", Prefix: "a/shop", Region: "eu-central-1"}, "shop"},
		{"S3://K:S@b/p?endpoint=http://127.0.0.1:7070", Config{Scheme: "s3", Bucket: "b", Prefix: "p", AccessKeyID: "K", SecretAccessKey: "S", Endpoint: "http://127.0.0.1:7070"}, "p"},
		{"s3://K:a%2Fb+c%40d%25@b", Config{Scheme: "s3", Bucket: "b", AccessKeyID: "K", SecretAccessKey: "a/b+c@d%"}, "b"},
		{"s3://K:S@b?session_token=x+/y%3D=", Config{Scheme: "s3", Bucket: "b", AccessKeyID: "K", SecretAccessKey: "S", SessionToken: "x+/y=="}, "b"},
		{"http://K:S@127.0.0.1:7070/b/p/", Config{Scheme: "http", Host: "127.0.0.1:7070", Bucket: "b", Prefix: "p", AccessKeyID: "K", SecretAccessKey: "S"}, "p"},
		{"https://[::1]:9000/b", Config{Scheme: "https", Host: "[::1]:9000", Bucket: "b"}, "b"},
		{"file:///var/lib/shop", Config{Scheme: "file", Path: "/var/lib/shop"}, "shop"},
		{"file:/var/lib/shop/", Config{Scheme: "file", Path: "/var/lib/shop/"}, "shop"},
		{"file://localhost/x", Config{Scheme: "file", Path: "/x"}, "x"},
		{"file:data/my%20shop", Config{Scheme: "file", Path: "data/my shop"}, "my shop"},
		{"file:///", Config{Scheme: "file", Path: "/"}, "root"},
		{"mem://", Config{Scheme: "mem"}, "mem"},
		{"mem://test", Config{Scheme: "mem", Name: "test"}, "test"},
		{"mem://test?cache_dir=/tmp/x&cache_size=2GB", Config{Scheme: "mem", Name: "test", CacheDir: "/tmp/x", CacheSize: 2 << 30}, "test"},
		{"mem://?", Config{Scheme: "mem"}, "mem"},
		{"mem://?retention=30d", Config{Scheme: "mem", Retention: 720 * time.Hour}, "mem"},
		{"mem://?mode=ro&create=false&&consistency=bounded&max_staleness=250ms&isolation=serializable&memory_limit=64MB&parse_time=0&loc=Local&maintenance=off&user=ann&conflict_retries=3",
			Config{Scheme: "mem", Mode: "ro", Create: new(false), Consistency: "bounded", MaxStaleness: 250 * time.Millisecond, Isolation: "serializable",
				MemoryLimit: 64 << 20, ParseTime: new(false), Loc: "Local", Maintenance: "off", User: "ann", ConflictRetries: 3}, "mem"},
		{"mem://?consistency=bounded&max_staleness=1500", Config{Scheme: "mem", Consistency: "bounded", MaxStaleness: 1500 * time.Millisecond}, "mem"},
		{"s3://b?path_style=true&sse=aws:kms&kms_key_id=arn:aws:kms:eu:1:key/2&profile=dev",
			Config{Scheme: "s3", Bucket: "b", PathStyle: new(true), SSE: "aws:kms", KMSKeyID: "arn:aws:kms:eu:1:key/2", Profile: "dev"}, "b"},
	}
	for _, c := range cases {
		got, err := ParseDSN(c.dsn)
		if err != nil {
			t.Errorf("%s: %v", c.dsn, err)
			continue
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %#v\nwant %#v", c.dsn, got, c.want)
		}
		if db := got.Database(); db != c.database {
			t.Errorf("%s: database %q, want %q", c.dsn, db, c.database)
		}
		again, err := ParseDSN(got.FormatDSN())
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%s is formatted as %s, which reads as %#v, %v", c.dsn, got.FormatDSN(), again, err)
		}
	}
}

func TestParseDSNRefuses(t *testing.T) {
	t.Parallel()
	cases := []struct{ dsn, want string }{
		{"", "no scheme"},
		{"bucket/prefix", "no scheme"},
		{"shop@tcp(127.0.0.1:3306)/x", "no scheme"},
		{"gs://bucket", `unknown scheme "gs"; valid ones: s3, http, https, file, mem`},
		{"s3:bucket", "s3: is followed by //"},
		{"s3://", "no bucket"},
		{"s3:///prefix", "no bucket"},
		{"s3://host:9000/bucket", "a bucket has no port"},
		{"s3://key@bucket", "KEY:SECRET"},
		{"s3://:secret@bucket", "KEY:SECRET"},
		{"s3://b/a//b", "prefix"},
		{"s3://b/a/../b", "prefix"},
		{"s3://b/a%20b", "prefix"},
		{"http:///bucket", "followed by [KEY:SECRET@]host:port/bucket"},
		{"http://127.0.0.1:7070", "no bucket"},
		{"http://h/b?endpoint=http://x", `"endpoint" is for s3:// only`},
		{"file:", "needs a directory"},
		{"file://rel/dir", "absolute path"},
		{"file:%zz", "hexadecimal"},
		{"mem://a/b", "the name of a mem:// database"},
		{"mem:a", "mem: is followed by //"},
		{"mem://?regoin=x", `"regoin" (at byte 7) is not known; did you mean "region"?; valid parameters: branch`},
		{"mem://?colour=x", `valid parameters: branch, cache_dir`},
		{"mem://?MODE=ro", `did you mean "mode"?`},
		{"mem://?a%20b=1", "the parameter (at byte 7) has a name that is not valid"},
		{"mem://?mode=ro&user=x&mode=rw", `"mode" (at byte 22) is given twice`},
		{"mem://?mode=r", `"mode" (at byte 7) has the value "r", which is not valid; valid: rw, ro`},
		{"mem://?mode", `"mode" (at byte 7) has no value`},
		{"mem://?user=", `"user" (at byte 7) has the value "", which is not valid (it is empty)`},
		{"mem://?create=yes", "valid: true, false"},
		{"mem://?memory_limit=9999999999G", "memory_limit"},
		{"mem://?memory_limit=1K", "at least 1MB"},
		{"mem://?memory_limit=-1", "memory_limit"},
		{"mem://?conflict_retries=0", "from 1 to 1000000"},
		{"mem://?loc=Mars/Base", "loc"},
		{"mem://?max_staleness=1s", "needs consistency=bounded"},
		{"mem://?consistency=bounded&max_staleness=-1s", "max_staleness"},
		{"mem://?mode=ro&create=true", "needs mode=rw"},
		{"mem://?region=eu", "has no use for it"},
		{"s3://b?endpoint=127.0.0.1:7070", "endpoint"},
		{"s3://b?kms_key_id=x", "needs sse=aws:kms"},
		{"s3://b?session_token=x", "needs the access key"},
		{"s3://K:S@b?profile=x", "not both"},
		{"mem://?retention=0d", "a duration such as 7d"},
		{"mem://?retention=1w", "a duration such as 7d"},
		{"mem://?cache_size=1QB", "a size such as 10GB"},
		{"mem://?cache_size=0", "a size such as 10GB"},
		{"mem://?secret_key=env:", "is not valid; valid: env:NAME"},
		{"mem://?secret_key=env:A-B", "is not valid; valid: env:NAME"},
		{"mem://?secret_key=c2hvcnQ=", "is not valid; valid: env:NAME"},
		{"mem://?workers=maybe", "on, off"},
		{"mem://?branch=b", "not available yet"},
	}
	for _, c := range cases {
		_, err := ParseDSN(c.dsn)
		if err == nil {
			t.Errorf("%s: accepted", c.dsn)
			continue
		}
		if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %q in it", c.dsn, err, c.want)
		}
		if !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: %v is of no class", c.dsn, err)
		}
	}
}

func TestNoSecretIsShown(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	for _, dsn := range []string{
		"s3://KEY:s3cr3t%zz@bucket", "s3://KEY:x/s3cr3t@bucket/p", "s3://s3cr3t@bucket", "s3://KEY:s3cr3t@/p", "s3://KEY:s3cr3t@a:b/p",
		"s3://KEY:s3cr3t@b?profile=x", "s3://KEY:s3cr3t@b/a//b", "http://KEY:s3cr3t@", "s3://b?session_token=s3cr3t", "s3://K:S@b?session_token=s3cr3t%",
		"mem://?secret_key=s3cr3t", "mem://KEY:s3cr3t@name", "s3cr3t/s3cr3t:KEY@bucket", "s3://KEY:s3cr3t@b?nokey=1",
		"s3://K:S@b?session_token=abc&" + secret + "/+x=1",
	} {
		if _, err := ParseDSN(dsn); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", dsn, err)
		}
	}
	cfg, err := ParseDSN("s3://KEY:s3cr3t@b/p?session_token=s3cr3t")
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("open", "config", cfg)
	for _, shown := range []string{cfg.String(), fmt.Sprintf("%v %+v %#v %s", cfg, &cfg, cfg, cfg), log.String()} {
		if strings.Contains(shown, secret) || !strings.Contains(shown, "s3://KEY:***@b/p") {
			t.Errorf("shown as %s", shown)
		}
	}
	const sealing = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="
	if cfg, err = ParseDSN("mem://?secret_key=" + sealing); err != nil || strings.Contains(fmt.Sprintf("%v %#v", cfg, cfg), sealing[:8]) {
		t.Errorf("%v, %v", cfg, err)
	}
	if again, err := ParseDSN(cfg.FormatDSN()); err != nil || again.SecretKey != sealing {
		t.Errorf("a DSN does not come back: %v", err)
	}
	if cfg, err = ParseDSN("mem://?secret_key=env:THE_KEY"); err != nil || cfg.String() != "mem://?secret_key=env:THE_KEY" {
		t.Errorf("%v, %v", cfg, err)
	}
	if cfg, err = ParseDSN("s3://KEY:s3cr3t@b/p?session_token=s3cr3t"); err != nil {
		t.Fatal(err)
	}
	if cfg.SecretAccessKey != secret || !strings.Contains(cfg.FormatDSN(), secret) {
		t.Error("String changed the Config")
	}
}

func TestConfigDefaults(t *testing.T) {
	t.Parallel()
	for dsn, want := range map[string]struct{ create, pathStyle bool }{
		"s3://b":                         {true, false},
		"s3://b?endpoint=http://x":       {true, true},
		"s3://b?mode=ro":                 {false, false},
		"http://h/b?path_style=false":    {true, false},
		"https://h/b?create=false":       {false, true},
		"s3://b?endpoint=https://x:443/": {true, true},
	} {
		c, err := ParseDSN(dsn)
		if err != nil {
			t.Fatal(err)
		}
		c.EnsureDefaults()
		if *c.Create != want.create || *c.PathStyle != want.pathStyle {
			t.Errorf("%s: create %v, path style %v", dsn, *c.Create, *c.PathStyle)
		}
		if err := c.Validate(); err != nil {
			t.Errorf("%s with defaults: %v", dsn, err)
		}
		text, err := json.Marshal(c)
		var back Config
		if err != nil || json.Unmarshal(text, &back) != nil || !reflect.DeepEqual(back, c) {
			t.Errorf("%s as JSON: %s, %v", dsn, text, err)
		}
	}
	mem := Config{Scheme: SchemeMem}
	mem.EnsureDefaults()
	if err := mem.Validate(); err != nil || mem.Loc != "UTC" || !*mem.ParseTime || mem.Consistency != "strong" || mem.Isolation != "snapshot" {
		t.Errorf("defaults %#v, %v", mem, err)
	}
}

func TestValidateConfig(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{}, "no scheme"},
		{Config{Scheme: "s3", Bucket: "b", SecretAccessKey: "x"}, "without an access key"},
		{Config{Scheme: "s3", Bucket: "b", AccessKeyID: "x"}, "without a secret key"},
		{Config{Scheme: "mem", AccessKeyID: "x", SecretAccessKey: "y"}, "takes no KEY:SECRET"},
		{Config{Scheme: "s3", Bucket: "b", Host: "h"}, "endpoint"},
		{Config{Scheme: "http", Bucket: "b"}, "needs a host"},
		{Config{Scheme: "mem", Mode: "rx"}, "rw, ro"},
		{Config{Scheme: "mem", MemoryLimit: 5}, "at least 1MB"},
	} {
		if err := c.cfg.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%#v: %v, want %q", c.cfg, err, c.want)
		}
	}
}

// FuzzParseDSN: no input panics, errors repeat no user part, and what is accepted survives formatting.
func FuzzParseDSN(f *testing.F) {
	for _, s := range []string{"s3://K:S@b/p?region=x", "http://K:S@h:1/b/p", "file:///a%20b", "file:x", "mem://n?mode=ro", "mem://?max_staleness=1s&consistency=bounded",
		"s3://K:%2F@b?session_token=%25+/=", "mem://?loc=UTC&memory_limit=1G&user=%00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, dsn string) {
		c, err := ParseDSN(dsn)
		if err != nil {
			if numberOf(err) == 0 {
				t.Fatalf("%q: error without a number: %v", dsn, err)
			}
			return
		}
		again, err := ParseDSN(c.FormatDSN())
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Fatalf("%q formats as %q, which reads as %#v, %v", dsn, c.FormatDSN(), again, err)
		}
		if len(c.SecretAccessKey) > 8 && strings.Contains(c.String(), c.SecretAccessKey) && !strings.Contains(c.AccessKeyID+c.Prefix, c.SecretAccessKey) {
			t.Fatalf("%q shows its secret: %s", dsn, c)
		}
		c.EnsureDefaults()
		if err := c.Validate(); err != nil {
			t.Fatalf("%q is not valid with defaults: %v", dsn, err)
		}
	})
}
