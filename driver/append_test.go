package driver_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/driver"
)

func appendDB(t testing.TB, dsn string) (*sql.DB, *sql.Conn) {
	t.Helper()
	db, err := sql.Open("s3sql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := db.Exec(`CREATE TABLE r (id BIGINT AUTO_INCREMENT PRIMARY KEY, sensor VARCHAR(20) NOT NULL, at DATETIME(6),
		value DOUBLE DEFAULT 1.5, twice DOUBLE AS (value * 2) STORED, CHECK (value < 1000), UNIQUE (sensor, at))`); err != nil {
		t.Fatal(err)
	}
	return db, conn
}

func one(t *testing.T, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, query string) string {
	t.Helper()
	var s string
	if err := db.QueryRowContext(t.Context(), query).Scan(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAppender(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, conn := appendDB(t, "mem://"+strings.ToLower(t.Name()))
	app, err := driver.NewAppender(ctx, conn, "r", "sensor", "at", "value")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range 3000 {
		if err := app.Append(ctx, fmt.Sprint("s", i), at, i%1000); err != nil {
			t.Fatal(err)
		}
	}
	if err := app.AppendColumns(ctx, []string{"x", "y"}, []any{nil, "2026-05-05"}, []sql.NullFloat64{{}, {Float64: 7, Valid: true}}); err != nil {
		t.Fatal(err)
	}
	if got := one(t, db, "SELECT COUNT(*) FROM r"); got != "0" {
		t.Errorf("%s rows before Close", got)
	}
	if n, err := app.Close(ctx); n != 3002 || err != nil {
		t.Error(n, err)
	}
	if got := one(t, db, "SELECT CONCAT(COUNT(*), ' ', MAX(id), ' ', SUM(twice), ' ', COUNT(at), ' ', COUNT(value)) FROM r"); got != "3002 3002 2997014 3001 3001" {
		t.Error(got)
	}
	if _, err := app.Close(ctx); err == nil {
		t.Error("it is closed twice")
	}
}

func TestAppenderInTransaction(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, conn := appendDB(t, "mem://"+strings.ToLower(t.Name()))
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		app, err := driver.NewAppender(ctx, conn, "r", "sensor")
		if err != nil {
			t.Fatal(err)
		}
		if err := app.Append(ctx, fmt.Sprint(round)); err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			_, err = app.Close(ctx)
		} else {
			err = app.Abort(ctx)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := one(t, tx, "SELECT GROUP_CONCAT(sensor) FROM r"); got != "0" {
		t.Error(got)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if got := one(t, db, "SELECT COUNT(*) FROM r"); got != "0" {
		t.Error(got)
	}
}

func TestAppenderErrors(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, conn := appendDB(t, "mem://"+strings.ToLower(t.Name()))
	for _, c := range []struct{ table, column, want string }{{"nowhere", "a", "doesn't exist"}, {"r", "nothing", "Unknown column"}, {"r", "twice", "generated column"}} {
		if _, err := driver.NewAppender(ctx, conn, c.table, c.column); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s.%s: %v", c.table, c.column, err)
		}
	}
	for want, rows := range map[string][][]any{
		"doesn't match value count": {{"a"}},
		"is violated":               {{"a", 5000}},
		"'value' at row 2":          {{"a", 1}, {"b", "many"}},
		"cannot be null":            {{nil, 1}},
	} {
		app, err := driver.NewAppender(ctx, conn, "r", "sensor", "value")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := driver.NewAppender(ctx, conn, "r"); err == nil || !strings.Contains(err.Error(), "an appender is open") {
			t.Errorf("a second one at a time: %v", err)
		}
		if _, err := conn.ExecContext(ctx, "DELETE FROM r"); err == nil || !strings.Contains(err.Error(), "an appender is open") {
			t.Errorf("a statement meanwhile: %v", err)
		}
		for _, r := range rows {
			if err == nil {
				err = app.Append(ctx, r...)
			}
		}
		if err == nil {
			_, err = app.Close(ctx)
		} else if aerr := app.Abort(ctx); aerr != nil {
			t.Error(aerr)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", rows, err, want)
		}
	}
	if got := one(t, db, "SELECT COUNT(*) FROM r"); got != "0" {
		t.Errorf("%s rows are left", got)
	}
}
