package driver

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/storage/object/mem"
)

// openSecret opens a pool over a store.
func openSecret(t *testing.T, store *mem.Store, key string) *sql.DB {
	t.Helper()
	c, err := NewConnector(Config{Scheme: SchemeMem, Name: "x", SecretKey: key}, WithStore(store))
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestSecretKey(t *testing.T) {
	raw := []byte(strings.Repeat("\xfb\xff", 16))
	std, web := base64.StdEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw)
	t.Setenv("S3SQL_TEST_KEY", std+"\n")
	t.Setenv("S3SQL_TEST_BAD", "not a key, but secret")
	store, ctx := mem.New(), context.Background()
	db := openSecret(t, store, std)
	if _, err := db.ExecContext(ctx, "CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(20) ENCRYPTED, d DATE ENCRYPTED)"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(ctx, "INSERT INTO t VALUES (?, ?, ?)", 1, "hidden", "2024-05-06"); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{std, web, "env:S3SQL_TEST_KEY"} {
		var s string
		if err := openSecret(t, store, key).QueryRowContext(ctx, "SELECT s FROM t WHERE d = ?", "2024-05-06").Scan(&s); err != nil || s != "hidden" {
			t.Errorf("%s: %q, %v", key, s, err)
		}
	}
	for key, want := range map[string]string{"env:S3SQL_TEST_NONE": "S3SQL_TEST_NONE, which is not set", "env:S3SQL_TEST_BAD": "S3SQL_TEST_BAD holds is not valid"} {
		err := openSecret(t, store, key).PingContext(ctx)
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "not a key") {
			t.Errorf("%s: %v", key, err)
		}
	}
	var e *Error
	if err := openSecret(t, store, "").QueryRowContext(ctx, "SELECT s FROM t").Scan(new(string)); !errors.As(err, &e) || e.Number != 3185 {
		t.Error(err)
	}
}

func TestSecretKeyOfConfig(t *testing.T) {
	t.Parallel()
	_, err := NewConnector(Config{Scheme: SchemeMem, SecretKey: "c2VjcmV0"})
	if !errors.Is(err, ErrInvalid) || strings.Contains(err.Error(), "c2VjcmV0") {
		t.Error(err)
	}
}
