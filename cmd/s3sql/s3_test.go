package main

import (
	"strings"
	"testing"

	"github.com/s3sql/s3sql/conformance/testenv"
)

// TestShellOnS3 writes with one shell and reads with another, on a bucket.
func TestShellOnS3(t *testing.T) {
	t.Parallel()
	server := testenv.S3(t)
	place := strings.TrimPrefix(server.Endpoint, "http://") + "/" + server.Bucket(t) + "/app"
	dsn := "http://" + server.AccessKey + ":" + server.SecretKey + "@" + place
	code, out, errs := call(t, "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(10)); INSERT INTO t VALUES (1, 'x');", nil, dsn)
	if want := "Query OK, 1 row affected (T, 1 request, $0.000005)\n\n"; code != 0 || errs != "" || !strings.HasSuffix(times.ReplaceAllString(out, "(T, "), want) {
		t.Errorf("code %d, errors %q, output\n%s", code, errs, out)
	}
	code, out, errs = call(t, "SELECT name FROM t WHERE id = 1;", nil, "--format=csv", "--quiet", dsn)
	if code != 0 || errs != "" || out != "name\r\nx\r\n" {
		t.Errorf("code %d, errors %q, output %q", code, errs, out)
	}
	for name, bad := range map[string]string{
		"wrong secret": "http://" + server.AccessKey + ":hush@" + place,
		"no bucket":    "http://" + server.AccessKey + ":" + server.SecretKey + "@" + strings.TrimPrefix(server.Endpoint, "http://") + "/nobucket-here/app",
	} {
		code, out, errs := call(t, "SELECT 1 FROM t", nil, bad)
		if code != 1 || !strings.HasPrefix(errs, "ERROR ") || strings.Count(errs, "\n") != 1 || strings.Contains(out+errs, "hush") || strings.Contains(out+errs, server.SecretKey) {
			t.Errorf("%s: code %d, %s%s", name, code, out, errs)
		}
		t.Logf("%s: %s", name, errs)
	}
}
