// Package postgres is the target POSTGRES of CREATE REPLICATION: tables of a PostgreSQL database, kept with pgx.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/plugins/replication"
)

// The modes: what becomes of an Update and of a Delete.
const (
	modeUpsert = "upsert"      // a row of the target is as the row of the source is
	modeAppend = "append"      // each change is a row of its own
	modeSoft   = "soft_delete" // as upsert, and rows that are deleted stay, with the time in deleted_at
)

// nameMax is how long a name may be, in bytes: PostgreSQL cuts off the rest.
const nameMax = 63

var options = []plugins.Option{
	{Name: "mode", Default: modeUpsert, Values: []string{modeUpsert, modeAppend, modeSoft}},
	{Name: "schema", Default: "public"},
	{Name: "create_tables", Type: plugins.Bool, Default: "true"},
	{Name: "log_table"},
	{Name: "pool_max", Type: plugins.Int, Default: "10", Min: 1, Max: 1000},
	{Name: "pool_min", Type: plugins.Int, Default: "0", Max: 1000},
	{Name: "idle_timeout", Type: plugins.Duration, Default: "5m", Min: 1, Max: 86400},
	{Name: "connect_timeout", Type: plugins.Duration, Default: "10s", Min: 0.1, Max: 3600},
	{Name: "ssl_mode", Values: []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}},
}

func init() {
	replication.Register("POSTGRES", replication.Definition{Options: options, Validate: validate, Open: open})
}

// target is a replication's connection to a database. Its methods are for one goroutine.
type target struct {
	pool   *pgxpool.Pool
	mask   func(string) string
	source string // what the position is stored under
	schema string
	mode   string
	create bool
	log    *replication.Destination // nil: none is kept
	tables map[*replication.Destination]*table
	// unsure is a transaction whose COMMIT got no answer.
	unsure struct{ from, to string }
}

var _ replication.Positioner = (*target)(nil)

func validate(c replication.Config) error {
	_, err := configure(c)
	if err != nil {
		return err
	}
	for _, name := range []string{"schema", "log_table"} {
		if err := checkName("the option "+name, c.Options.Text(name)); err != nil {
			return err
		}
	}
	switch {
	case c.Options.Text("schema") == "":
		return errors.New("the option schema is empty: leave it out for the schema public")
	case c.Options.Text("log_table") == positions.Name:
		return fmt.Errorf("the option log_table is %s, where positions are kept: choose another name", positions.Name)
	case c.Options.Int("pool_min") > c.Options.Int("pool_max"):
		return fmt.Errorf("pool_min = %d is more than pool_max = %d", c.Options.Int("pool_min"), c.Options.Int("pool_max"))
	}
	return nil
}

func checkName(what, name string) error {
	if len(name) > nameMax {
		return fmt.Errorf("%s is a name of %d bytes, '%s': PostgreSQL keeps %d of them; give a shorter one", what, len(name), name, nameMax)
	}
	return nil
}

// open makes a target that is not connected yet.
func open(ctx context.Context, c replication.Config) (replication.Target, error) {
	if err := validate(c); err != nil {
		return nil, replication.Permanent(err)
	}
	cfg, err := configure(c)
	if err != nil {
		return nil, replication.Permanent(err)
	}
	mask := masker(cfg.ConnConfig.Password)
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, &fault{text: mask(err.Error()), err: err}
	}
	t := &target{pool: pool, mask: mask, source: c.ID, schema: c.Options.Text("schema"),
		mode: c.Options.Text("mode"), create: c.Options.Bool("create_tables")}
	if name := c.Options.Text("log_table"); name != "" {
		t.log = &replication.Destination{Name: name, Columns: logColumns}
	}
	return t, nil
}

func (t *target) Close() error {
	t.pool.Close()
	return nil
}

// commitFault is an error of COMMIT after which nobody knows what has become of the transaction.
type commitFault struct{ error }

func (e commitFault) Unwrap() error { return e.error }

// transact calls f in a transaction, which an error of f rolls back.
//
// Errors: those of f and of the server; commitFault.
func (t *target) transact(ctx context.Context, f func(tx pgx.Tx) error) error {
	// Whatever the server's default is: the position is to be looked at again once whoever moves it at the same time has ended.
	tx, err := t.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite})
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback(ctx) // where it fails, the connection is closed, which rolls back as well
		return err
	}
	err = tx.Commit(ctx)
	var said *pgconn.PgError
	if err == nil || errors.As(err, &said) || errors.Is(err, pgx.ErrTxCommitRollback) {
		return err
	}
	return commitFault{err}
}

// settleWait is how long settle waits for a connection.
const settleWait = 5 * time.Second

// settle finds out what has become of a transaction that was to move the position.
func (t *target) settle(ctx context.Context, from, to string, err error) error {
	t.unsure.from, t.unsure.to = from, to
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWait)
	defer cancel()
	if done, perr := t.settled(ctx, from, to); perr == nil && done {
		return nil
	}
	return err
}

// settled reports whether the transaction that got no answer is the one from a position to another, and has moved it.
func (t *target) settled(ctx context.Context, from, to string) (bool, error) {
	if from == to || t.unsure.from != from || t.unsure.to != to {
		return false, nil
	}
	at, err := t.position(ctx)
	if err != nil {
		return false, err
	}
	t.unsure.from, t.unsure.to = "", ""
	return at == to, nil
}

func quote(name ...string) string { return pgx.Identifier(name).Sanitize() }

// named returns the names of columns, quoted.
func named(columns []replication.Column, of []int) []string {
	out := make([]string, len(of))
	for i, c := range of {
		out[i] = quote(columns[c].Name)
	}
	return out
}

// own are the columns that the mode adds to those of a destination.
func (t *target) own() []replication.Column {
	switch t.mode {
	case modeAppend:
		return appendColumns
	case modeSoft:
		return softColumns
	}
	return nil
}

var (
	softColumns   = []replication.Column{{Name: "deleted_at", Kind: replication.Timestamp}}
	appendColumns = []replication.Column{
		{Name: "_operation", Kind: replication.Text},
		{Name: "_commit_seq", Kind: replication.Int, Bits: 64},
		{Name: "_commit_time", Kind: replication.Timestamp},
		{Name: "_record", Kind: replication.Text},
	}
)

// columns returns all columns of a destination's table.
func (t *target) columns(d *replication.Destination) []replication.Column {
	return slices.Concat(d.Columns, t.own())
}

// values returns the values of columns.
func (t *target) values(r *replication.Record) []any {
	switch {
	case t.mode == modeAppend:
		return slices.Concat(r.Data, []any{string(r.Operation), int64(r.Seq), r.Time, r.ID})
	case t.mode == modeSoft && r.Operation == replication.Delete:
		return slices.Concat(r.Data, []any{r.Time})
	case t.mode == modeSoft:
		return slices.Concat(r.Data, []any{nil})
	}
	return r.Data
}
