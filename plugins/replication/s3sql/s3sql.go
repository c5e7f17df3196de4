// Package s3sql is the target S3SQL of CREATE REPLICATION: another database of s3sql. A program imports it for its side effect.
//
// A batch is one transaction there, so one commit, with the position in it: each change is delivered exactly once.
package s3sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/s3sql/s3sql/driver"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/plugins/replication"
)

func init() {
	d := replication.Definition{
		Options: []plugins.Option{{Name: "create_tables", Type: plugins.Bool, Default: "true"}},
		Validate: func(c replication.Config) error {
			_, err := driver.ParseDSN(c.Address)
			return err
		},
		Open: open,
	}
	replication.Register("S3SQL", d)
	replication.Register("S3DB", d)
}

// positions is the table of the target that holds positions.
const positions = "s3sql_positions"

// target writes to another database.
type target struct {
	name   string // of the position
	create bool
	cfg    driver.Config
	db     *sql.DB

	mu   sync.Mutex
	conn *sql.Conn // nil: not open
	made bool      // the table of positions is there
}

func open(_ context.Context, c replication.Config) (replication.Target, error) {
	cfg, err := driver.ParseDSN(c.Address)
	if err != nil {
		return nil, replication.Permanent(err)
	}
	connector, err := driver.NewConnector(cfg)
	if err != nil {
		return nil, replication.Permanent(err)
	}
	return &target{name: c.ID, create: c.Options.Bool("create_tables"), cfg: cfg, db: sql.OpenDB(connector)}, nil
}

// Close implements replication.Target.
func (t *target) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var err error
	if t.conn != nil {
		err = t.conn.Close()
		t.conn = nil
	}
	return errors.Join(err, t.db.Close())
}

// session returns the connection.
func (t *target) session(ctx context.Context) (*sql.Conn, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conn != nil {
		return t.conn, nil
	}
	conn, err := t.db.Conn(ctx)
	if err != nil {
		return nil, settled(err)
	}
	t.conn = conn
	return conn, nil
}

// existing opens the database if it is there.
func (t *target) existing() (*sql.DB, error) {
	cfg := t.cfg
	cfg.Create = new(false)
	c, err := driver.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(c), nil
}

// settled marks errors that stay as they are.
func settled(err error) error {
	for _, kind := range []error{driver.ErrInvalid, driver.ErrCorrupt, driver.ErrUnsupported, driver.ErrReadOnly} {
		if errors.Is(err, kind) {
			return replication.Permanent(err)
		}
	}
	return err
}

// tableFaults are the errors of statements that are due to a table, not to a row: there is no such database, column, table; the database is
// read-only; somebody has given it too many or too few columns.
var tableFaults = map[uint16]bool{1049: true, 1054: true, 1136: true, 1146: true, 1290: true, 1288: true}

// ofRow reports whether an error is due to a row.
func ofRow(err error) bool {
	var e *driver.Error
	return errors.As(err, &e) && errors.Is(err, driver.ErrInvalid) && !tableFaults[e.Number]
}

// Prepare implements replication.Target.
func (t *target) Prepare(ctx context.Context, all []*replication.Destination) error {
	conn, err := t.session(ctx)
	if err != nil {
		return err
	}
	if !t.made {
		if _, err := conn.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS "+positions+
			" (name VARCHAR(160) PRIMARY KEY, position LONGTEXT NOT NULL, updated_at DATETIME(6) NOT NULL)"); err != nil {
			return settled(err)
		}
		t.made = true
	}
	for _, d := range all {
		have, err := columnsOf(ctx, conn, d.Name)
		if err != nil {
			return err
		}
		sql, err := t.definition(d, have)
		if err != nil {
			return replication.Permanent(err)
		}
		if sql == "" {
			continue
		}
		if _, err := conn.ExecContext(ctx, sql); err != nil {
			return settled(fmt.Errorf("table %s: %w", d.Name, err))
		}
	}
	return nil
}

// columnsOf returns the columns of a table of the target, in lower case, and whether they are part of its primary key; nil: there is no table.
func columnsOf(ctx context.Context, conn *sql.Conn, table string) (map[string]bool, error) {
	rows, err := conn.QueryContext(ctx, "SELECT LOWER(COLUMN_NAME), COLUMN_KEY = 'PRI' FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?", table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out map[string]bool
	for rows.Next() {
		var name string
		var key bool
		if err := rows.Scan(&name, &key); err != nil {
			return nil, err
		}
		if out == nil {
			out = map[string]bool{}
		}
		out[name] = key
	}
	return out, rows.Err()
}

// definition returns the statement that makes a table, or what it lacks; "": it is all there.
//
// Errors: what somebody has to do.
func (t *target) definition(d *replication.Destination, have map[string]bool) (string, error) {
	if have == nil && !t.create {
		return "", fmt.Errorf("the target has no table %s: make it, or SET (create_tables = true)", d.Name)
	}
	keys := map[int]bool{}
	for _, k := range d.Key {
		keys[k] = true
		if isKey, ok := have[strings.ToLower(d.Columns[k].Name)]; have != nil && (!ok || !isKey) {
			return "", fmt.Errorf("the primary key of table %s of the target has to be (%s), by which changed rows are found", d.Name, keyList(d))
		}
	}
	var lacks []string
	for i := range d.Columns {
		c := &d.Columns[i]
		if _, ok := have[strings.ToLower(c.Name)]; ok {
			continue
		}
		null := ""
		if keys[i] {
			null = " NOT NULL"
		}
		initial := ""
		if c.Initial != nil && have != nil {
			initial = " DEFAULT (" + literal(argument(c, c.Initial)) + ")" // of a TEXT or JSON column, a default is an expression
		}
		lacks = append(lacks, quote(c.Name)+" "+c.SQLType+null+initial)
	}
	switch {
	case len(lacks) == 0:
		return "", nil
	case have == nil:
		if d.Key != nil {
			lacks = append(lacks, "PRIMARY KEY ("+keyList(d)+")")
		}
		return "CREATE TABLE " + quote(d.Name) + " (" + strings.Join(lacks, ", ") + ")", nil
	case !t.create:
		return "", fmt.Errorf("table %s of the target lacks %s: add it, or SET (create_tables = true)", d.Name, strings.Join(lacks, ", "))
	}
	return "ALTER TABLE " + quote(d.Name) + " ADD COLUMN " + strings.Join(lacks, ", ADD COLUMN "), nil
}

func keyList(d *replication.Destination) string {
	names := make([]string, len(d.Key))
	for i, k := range d.Key {
		names[i] = quote(d.Columns[k].Name)
	}
	return strings.Join(names, ", ")
}

func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// Check implements replication.Target.
func (t *target) Check(ctx context.Context, all []*replication.Destination) []replication.Check {
	db, err := t.existing()
	if err != nil {
		return []replication.Check{{What: "connection", Err: err}}
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return []replication.Check{{What: "connection", Err: err}}
	}
	defer conn.Close()
	var version string
	err = conn.QueryRowContext(ctx, "SELECT VERSION() FROM information_schema.SCHEMATA LIMIT 1").Scan(&version)
	var known *driver.Error
	switch {
	case errors.As(err, &known) && known.Number == 1049:
		return []replication.Check{{What: "connection", Note: "there is no database yet: it will be made"}}
	case err != nil:
		return []replication.Check{{What: "connection", Err: err}}
	}
	out := []replication.Check{{What: "connection", Note: version}}
	for _, d := range all {
		c := replication.Check{What: "table " + d.Name}
		have, err := columnsOf(ctx, conn, d.Name)
		var sql string
		if err == nil {
			sql, err = t.definition(d, have)
		}
		switch c.Err = err; {
		case err != nil:
		case sql == "":
			c.Note = "it fits"
		case have == nil:
			c.Note = "it will be made"
		default:
			c.Note = "it lacks columns, which will be added"
		}
		out = append(out, c)
	}
	return out
}
