package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// call runs the shell as a process would.
func call(t *testing.T, stdin string, env map[string]string, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(process{args: args, in: strings.NewReader(stdin), out: &o, err: &e, getenv: func(k string) string { return env[k] }})
	return code, o.String(), e.String()
}

var times = regexp.MustCompile(`\([0-9.]+ m?s, `)

func TestShellOnADatabase(t *testing.T) {
	t.Parallel()
	script := `CREATE TABLE t (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20), at DATETIME(3), price DECIMAL(6,2));
INSERT INTO t (name, at, price) VALUES ('a', '2024-01-02 03:04:05.678', 1.5), ('b', NULL, NULL);
SELECT * FROM t ORDER BY id;
UPDATE t SET name = 'c' WHERE id = 9;
\d
SELECT * FROM t WHERE id = 2\G
`
	dsn := "file://" + t.TempDir() + "/shop"
	code, out, errs := call(t, script, nil, dsn)
	want := `Query OK, 0 rows affected (T, 1 request, $0.000005)

Query OK, 2 rows affected (T, 1 request, $0.000005)

+----+------+-------------------------+-------+
| id | name | at                      | price |
+----+------+-------------------------+-------+
|  1 | a    | 2024-01-02 03:04:05.678 |  1.50 |
|  2 | b    | NULL                    |  NULL |
+----+------+-------------------------+-------+
2 rows in set (T, 1 request, $0.0000004)

Query OK, 0 rows affected (T, 1 request, $0.0000004)

+----------------+
| Tables_in_shop |
+----------------+
| t              |
+----------------+
1 row in set (T, 1 request, $0.0000004)

*************************** 1. row ***************************
   id: 2
 name: b
   at: NULL
price: NULL
1 row in set (T, 1 request, $0.0000004)

`
	if got := times.ReplaceAllString(out, "(T, "); code != 0 || got != want || errs != "" {
		t.Errorf("code %d, errors %q, output:\n%s\nwant:\n%s", code, errs, got, want)
	}
	code, out, errs = call(t, "", nil, "--format=csv", "--quiet", "-e", "SELECT name, price FROM t", "-e", "SELECT 1 AS n;", dsn)
	if code != 0 || out != "name,price\r\na,1.50\r\nb,\r\nn\r\n1\r\n" || errs != "" {
		t.Errorf("code %d, errors %q, output %q", code, errs, out)
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	missing := "file://" + filepath.ToSlash(filepath.Join(t.TempDir(), "none")) + "?create=false"
	tests := []struct {
		name  string
		stdin string
		args  []string
		code  int
		errs  string // part
	}{
		{"nothing to do", "", []string{"mem://"}, 0, ""},
		{"version", "", []string{"--version"}, 0, ""},
		{"help", "", []string{"--help"}, 0, "Usage: s3sql"},
		{"no DSN", "", nil, 2, "a DSN is needed"},
		{"two", "", []string{"mem://", "mem://"}, 2, "not 2 arguments"},
		{"unknown flag", "", []string{"--nope", "mem://"}, 2, "nope"},
		{"unknown format", "", []string{"--format=xml", "mem://"}, 2, "table, vertical, csv, json"},
		{"unknown key", "", []string{"mem://?nope=1"}, 2, `"nope"`},
		{"no database", "", []string{missing}, 1, "ERROR"},
		{"syntax", "SELECT 1;\n\nSELEC;", []string{"mem://"}, 1, "ERROR 1064 (42000) at line 3: "},
		{"unknown table", "SELECT * FROM nope", []string{"mem://"}, 1, "ERROR 1146 (42S02) at line 1: "},
		{"duplicate", "CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (1), (1);", []string{"mem://"}, 1, "ERROR 1062 (23000) at line 1: "},
		{"quit is no failure", "exit", []string{"mem://"}, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code, _, errs := call(t, tt.stdin, nil, tt.args...)
			if code != tt.code || !strings.Contains(errs, tt.errs) || tt.errs == "" && errs != "" {
				t.Errorf("code %d, errors %q, want %d and %q", code, errs, tt.code, tt.errs)
			}
		})
	}
}

func TestDSNFromTheEnvironment(t *testing.T) {
	t.Parallel()
	code, out, errs := call(t, "SELECT 1 AS n", map[string]string{"S3SQL_DSN": "mem://"}, "--format=json", "--quiet")
	if code != 0 || out != "[\n {\"n\": 1}\n]\n" {
		t.Errorf("code %d, %s%s", code, out, errs)
	}
}

// TestSecretsStayInside looks for the secret of a DSN in everything that is printed.
func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{
		"http://KEY:hush%2Fhush@127.0.0.1:1/bucket/p?conflict_retries=1&nope=1", "s3://KEY:hush@buck et/p", "https://KEY:hush@", "s3://KEY:hush/x@b",
	} {
		code, out, errs := call(t, "SELECT 1", nil, dsn)
		if code == 0 || strings.Contains(out+errs, "hush") {
			t.Errorf("code %d: %s%s", code, out, errs)
		}
	}
}

// TestTour runs the script of make demo.
func TestTour(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile(filepath.Join("..", "..", "examples", "demo", "tour.sql"))
	if err != nil {
		t.Fatal(err)
	}
	code, out, errs := call(t, string(script), nil, "--echo", "mem://shop-of-the-tour")
	if code != 0 || errs != "" {
		t.Fatalf("code %d, %s", code, errs)
	}
	for _, part := range []string{"-- 1. ", "CREATE TABLE customers (", "| Grace |      1 | 240.00 |", "-> ", "| PutObject "} {
		if !strings.Contains(out, part) {
			t.Errorf("no %q in\n%s", part, out)
		}
	}
}

func TestShellLoadsFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "people.csv")
	if err := os.WriteFile(path, []byte("id,name\n1,\"Ann, the first\"\n2,Bob\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	script := `CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20));
LOAD DATA LOCAL INFILE '` + path + `' INTO TABLE t FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"' LINES TERMINATED BY '\n' IGNORE 1 LINES;
SELECT * FROM t;
`
	code, out, errs := call(t, script, nil, "-quiet", "-format", "csv", "mem://")
	if want := "id,name\r\n1,\"Ann, the first\"\r\n2,Bob\r\n"; code != 0 || out != want {
		t.Errorf("code %d, output %q, errors %q", code, out, errs)
	}
}
