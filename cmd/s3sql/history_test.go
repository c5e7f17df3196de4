package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestHistoryOutlivesItsSession(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state", "s3sql", "history")
	h, err := openHistory(file)
	if err != nil {
		t.Fatal(err)
	}
	typed := []string{"SELECT 1;", "SELECT\n 'a\\nb';", "SELECT 1;", `\d`}
	for _, entry := range append(typed, `\d`, "  ") {
		if _, err := h.Write(entry); err != nil {
			t.Fatal(err)
		}
	}
	again, err := openHistory(file)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(again.entries, typed) || !slices.Equal(h.entries, typed) || again.Len() != 4 {
		t.Errorf("read back %q", again.entries)
	}
	if line, err := again.GetLine(1); err != nil || line != typed[1] {
		t.Errorf("entry 1 is %q, %v", line, err)
	}
	if _, err := again.GetLine(4); err == nil {
		t.Error("there is an entry 4")
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestHistoryKeepsNoSecrets(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "history")
	h, err := openHistory(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range []string{
		"CREATE SECRET s AS 'hush-1';", "ATTACH 's3://key:hush-2@bucket/x' AS o;", "CREATE REPLICATION r TO POSTGRES 'postgres://u:hush-3@h/db' (TABLE t);",
		"CREATE USER u IDENTIFIED BY 'hush-4';", "CREATE CONSUMER c FROM SQS 'q' INTO t WITH (credentials = 'hush-5');", "SET secret_key = 'hush-6';", "SELECT 1;",
	} {
		if _, err := h.Write(entry); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(content), "hush") || string(content) != "SELECT 1;\n" || h.Len() != 1 {
		t.Errorf("the file holds %q", content)
	}
}

func TestHistoryOfOthersIsClosed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "history")
	if err := os.WriteFile(file, []byte("SELECT 1;\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if h, err := openHistory(file); err != nil || h.Len() != 1 {
		t.Fatalf("%v", err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if h, err := openHistory(t.TempDir()); err == nil || h == nil || h.file != "" {
		t.Error("a folder served as history")
	}
}

func TestDefaultHistory(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"S3SQL_HISTORY": "h", "HOME": "home"}, "h"},
		{map[string]string{"XDG_STATE_HOME": "state", "HOME": "home"}, filepath.Join("state", "s3sql", "history")},
		{map[string]string{"HOME": "home"}, filepath.Join("home", ".local", "state", "s3sql", "history")},
		{nil, ""},
	} {
		if got := defaultHistory(func(k string) string { return tt.env[k] }); got != tt.want {
			t.Errorf("%v: %q", tt.env, got)
		}
	}
}
