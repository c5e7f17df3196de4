package main

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

func TestBars(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v, most float64
		want    string
	}{{0, 10, "    "}, {10, 10, "████"}, {5, 10, "██  "}, {1, 1000, "▏   "}, {3, 10, "█▎  "}, {1, 0, "    "}, {20, 10, "████"}} {
		if got := bar(c.v, c.most, 4); got != c.want {
			t.Errorf("%v of %v is %q, want %q", c.v, c.most, got, c.want)
		}
	}
	if got := sparkline([]float64{0, 1, 2, 7}); got != "▁▂▃█" {
		t.Error(got)
	}
	if got := sparkline([]float64{0, 0}); got != "▁▁" {
		t.Error(got)
	}
}

// TestReports shows the reports of a database.
func TestReports(t *testing.T) {
	t.Parallel()
	script := "CREATE TABLE users (id INT PRIMARY KEY);\nINSERT INTO users VALUES (1);\nSELECT x FROM users;\nCREATE CACHE c;\nCREATE ALERT a ON METRIC statements > 1;\n\\costs\n\\metrics\n\\top 1\n\\top x\n"
	code, out, errs := call(t, script, nil, "-force", "file://"+t.TempDir()+"/shop")
	for _, want := range []string{"PutObject      ██", "users          ", "INSERT INTO users VALUES(?)", "requests so far, $0.000", "insert users  ", "1 inserts   0 updates", "invalid 42S22 users",
		"c memory", "a FIRES", "  0h ", "statements/s  "} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if code != exitFailed || !strings.Contains(errs, `\top takes how often to look`) {
		t.Error(code, errs)
	}
}

// TestServe runs serve until an interrupt.
func TestServe(t *testing.T) {
	t.Parallel()
	dsn := "file://" + t.TempDir() + "/shop"
	if code, _, errs := call(t, "", nil, "-e", "CREATE TABLE t (a INT); CREATE METRICS m", dsn); code != 0 {
		t.Fatal(errs)
	}
	interrupts := make(chan os.Signal, 1)
	r, w := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(process{args: []string{"serve", "--metrics", "127.0.0.1:0", dsn}, in: strings.NewReader(""), out: io.Discard, err: w, getenv: func(string) string { return "" }, interrupts: interrupts})
	}()
	line := make([]byte, 200)
	n, err := r.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, r) }()
	_, url, _ := strings.Cut(strings.TrimSpace(string(line[:n])), "figures at ")
	get := func(url string) string {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %v", url, resp.StatusCode, err)
		}
		return string(body)
	}
	if body := get(url); !strings.Contains(body, "s3sql_uptime_seconds ") {
		t.Error(body)
	}
	if body := get(strings.TrimSuffix(url, "metrics") + "healthz"); body != "ok\n" {
		t.Error(body)
	}
	interrupts <- os.Interrupt
	select {
	case code := <-ended:
		if code != 0 {
			t.Error(code)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it does not end")
	}
	for _, args := range [][]string{{"serve"}, {"serve", "--nope", dsn}, {"serve", "gopher://x"}} {
		if code, _, errs := call(t, "", nil, args...); code == 0 || errs == "" {
			t.Errorf("%v: %d %s", args, code, errs)
		}
	}
}
