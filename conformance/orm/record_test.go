package orm

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/s3sql/s3sql/conformance/testenv"
	s3sql "github.com/s3sql/s3sql/driver"
)

// recorder wraps a connector and notes every statement that goes through.
type recorder struct {
	driver.Connector

	mu         sync.Mutex
	statements []string
}

// open opens a new database on the S3 server and returns it with its recorder.
func open(t *testing.T) (*sql.DB, *recorder) {
	t.Helper()
	server := testenv.S3(t)
	cfg, err := s3sql.ParseDSN(server.DSN(server.Bucket(t), "app"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := s3sql.NewConnector(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{Connector: c}
	db := sql.OpenDB(r)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db, r
}

func (r *recorder) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := r.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, r: r}, nil
}

func (r *recorder) note(query string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.statements = append(r.statements, query)
}

// take returns the statements since the last call.
func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.statements
	r.statements = nil
	return out
}

// changes returns those of the statements that define or change something.
func changes(statements []string) []string {
	return slices.DeleteFunc(statements, func(s string) bool {
		words := append(strings.Fields(s), "")
		switch strings.ToUpper(words[0]) {
		case "SELECT", "SHOW", "BEGIN", "COMMIT", "ROLLBACK", "SET", "DESCRIBE":
			return true
		}
		return false
	})
}

// conn passes everything on to a connection of s3sql.
type conn struct {
	driver.Conn
	r *recorder
}

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.r.note(query)
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.r.note(query)
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.r.note(query)
	return c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
}

func (c *conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}

func (c *conn) ResetSession(ctx context.Context) error {
	return c.Conn.(driver.SessionResetter).ResetSession(ctx)
}

func (c *conn) IsValid() bool { return c.Conn.(driver.Validator).IsValid() }

func (c *conn) Ping(ctx context.Context) error { return c.Conn.(driver.Pinger).Ping(ctx) }

func (c *conn) CheckNamedValue(v *driver.NamedValue) error {
	return c.Conn.(driver.NamedValueChecker).CheckNamedValue(v)
}

// unchanged fails the test when statements change something: a migration that runs again has nothing to do.
func unchanged(t *testing.T, r *recorder, migrate func() error) {
	t.Helper()
	r.take()
	if err := migrate(); err != nil {
		t.Fatal(err)
	}
	if sent := changes(r.take()); len(sent) > 0 {
		t.Errorf("the second migration sent\n%s", strings.Join(sent, "\n"))
	}
}
