package sqldriver_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/conformance/sqldriver"
	"github.com/s3sql/s3sql/conformance/testenv"
	_ "github.com/s3sql/s3sql/driver"
)

func open(t *testing.T, dsn, params string) *sql.DB {
	t.Helper()
	if params != "" {
		if !strings.Contains(dsn, "?") {
			dsn += "?"
		}
		dsn += "&" + params
	}
	db, err := sql.Open("s3sql", dsn)
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

func TestMem(t *testing.T) {
	t.Parallel()
	sqldriver.Run(t, func(t *testing.T, params string) *sql.DB { return open(t, "mem://", params) }, sqldriver.Caps{})
}

func TestFile(t *testing.T) {
	t.Parallel()
	sqldriver.Run(t, func(t *testing.T, params string) *sql.DB { return open(t, "file://"+t.TempDir(), params) }, sqldriver.Caps{})
}

func TestS3(t *testing.T) {
	t.Parallel()
	server := testenv.S3(t)
	sqldriver.Run(t, func(t *testing.T, params string) *sql.DB {
		return open(t, server.DSN(server.Bucket(t), "shop"), params)
	}, sqldriver.Caps{})
}
