package webhook_test

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/s3sql/s3sql/driver"
	_ "github.com/s3sql/s3sql/examples/webhook"
)

// TestWebhook changes rows and waits for what the service is told; then the service refuses, and the database goes on.
func TestWebhook(t *testing.T) {
	t.Setenv("HOOK_TOKEN", "hush")
	type told struct {
		Event, Table string
		Data, Old    map[string]any
	}
	got := make(chan told, 10)
	var refuse atomic.Bool
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n told
		if err := json.NewDecoder(r.Body).Decode(&n); err != nil || r.Header.Get("Authorization") != "Bearer hush" || refuse.Load() {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		got <- n
	}))
	defer service.Close()
	db, err := sql.Open("s3sql", "mem://")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	exec := func(s string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), s, args...); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	exec("CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(20))")
	exec("CREATE TABLE quiet (id INT PRIMARY KEY)")
	exec("INSTALL PLUGIN webhook WITH (url = '" + service.URL + "', token = 'env:HOOK_TOKEN', tables = 'users', events = 'insert, update')")
	exec("INSERT INTO users VALUES (1, 'Ann')")
	exec("INSERT INTO quiet VALUES (1)")
	exec("UPDATE users SET name = 'Bob'")
	exec("DELETE FROM users")
	for i, want := range []told{{Event: "insert", Table: "users", Data: map[string]any{"name": "Ann"}}, {Event: "update", Table: "users", Data: map[string]any{"name": "Bob"}, Old: map[string]any{"name": "Ann"}}} {
		select {
		case n := <-got:
			if n.Event != want.Event || n.Table != want.Table || n.Data["name"] != want.Data["name"] || n.Old["name"] != want.Old["name"] {
				t.Errorf("told %+v, want %+v", n, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("notification %d has not come", i)
		}
	}
	refuse.Store(true)
	exec("INSERT INTO users VALUES (2, 'Cy')")
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		var sent, failed int
		var last sql.NullString
		if err := db.QueryRowContext(t.Context(), "SELECT sent, failed, last_error FROM system.webhook").Scan(&sent, &failed, &last); err != nil {
			t.Fatal(err)
		}
		if sent == 2 && failed == 1 && last.String == "the service answered 403 Forbidden" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(sent, failed, last)
		}
	}
	if _, err := db.ExecContext(t.Context(), "ALTER PLUGIN webhook SET (events = 'sneeze')"); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		var state string
		if err := db.QueryRowContext(t.Context(), "SELECT state FROM system.plugins WHERE name = 'webhook'").Scan(&state); err != nil {
			t.Fatal(err)
		}
		if state == "failed" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(state)
		}
	}
}
