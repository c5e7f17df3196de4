package driver

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/retry"
)

var registered = newDriver(openEngine)

func init() { sql.Register(Name, registered) }

// NewConnector returns a connector for sql.OpenDB. It takes what a DSN cannot say as options.
//
// Errors: ErrInvalid (names the field of cfg).
func NewConnector(cfg Config, opts ...Option) (*Connector, error) {
	return registered.newConnector(cfg, opts...)
}

// openElapsed is how long a request is repeated while the database is opened: who waits for it has probably mistyped where
// it is. Once it is open the store is known to be there, and is waited for longer.
const openElapsed = 3 * time.Second

// openEngine is the opener of the registered driver: store, retries above it, engine above both. The engine counts
// requests itself; the store reports every try to it.
func openEngine(ctx context.Context, d *Driver, cfg Config, p parts) (engine, error) {
	key, err := cfg.secretKey()
	if err != nil {
		return nil, err
	}
	store, release := p.store, func() error { return nil }
	opened := func() {}
	if store == nil {
		bare, free, err := openStore(ctx, d, cfg)
		if err != nil {
			return nil, err
		}
		patient := retry.New(bare, p.clock, p.rand, retry.Policy{Elapsed: openElapsed})
		store, release, opened = patient, free, func() { patient.SetPolicy(retry.Policy{}) }
	}
	maintenance := cfg.Maintenance
	private := cfg.Scheme == SchemeMem && cfg.Name == "" && p.store == nil
	if private {
		maintenance = "off" // checkpoints are for those who open the database later, and nobody can open a private one again
	}
	e, err := sqlengine.Open(ctx, sqlengine.Config{
		Events: p.events, Functions: p.functions, OpenDB: p.openDB, Plugins: p.plugins,
		Store: store, Ledger: object.NewLedger(0), Database: cfg.Database(), ReadOnly: cfg.Mode == "ro", Create: *cfg.Create,
		Consistency: cfg.Consistency, MaxStaleness: cfg.MaxStaleness, Isolation: cfg.Isolation, Maintenance: maintenance,
		Retention: cfg.Retention, MemoryLimit: cfg.MemoryLimit, CacheDir: cfg.CacheDir, CacheBytes: cfg.CacheSize, Private: private, ConflictRetries: cfg.ConflictRetries, User: cfg.User, SecretKey: key, Workers: cfg.Workers == "on",
		LocalFile: allowed.opener(p.localFiles), Logger: p.logger, Clock: p.clock, Rand: p.rand,
	})
	if err != nil {
		return nil, errors.Join(err, release())
	}
	opened()
	return wiredEngine{e, release}, nil
}

type wiredEngine struct {
	*sqlengine.Engine
	release func() error
}

func (e wiredEngine) newSession() session            { return wiredSession{e.Engine.NewSession()} }
func (e wiredEngine) ping(ctx context.Context) error { return e.Engine.Ping(ctx) }
func (e wiredEngine) close(ctx context.Context) error {
	return errors.Join(e.Engine.Close(ctx), e.release())
}

type wiredSession struct{ s *sqlengine.Session }

func (w wiredSession) exec(ctx context.Context, sql string, args []arg) (result, error) {
	r, err := w.s.Exec(ctx, sql, engineArgs(args))
	return wired(r), err
}

func (w wiredSession) prepare(ctx context.Context, sql string) (statement, error) {
	st, err := w.s.Prepare(ctx, sql)
	if err != nil {
		return nil, err
	}
	return wiredStmt{st}, nil
}

func (w wiredSession) appender(ctx context.Context, table string, columns []string) (appender, error) {
	a, err := w.s.NewAppender(ctx, table, columns)
	if err != nil {
		return nil, err // a typed nil would not be one
	}
	return a, nil
}

func (w wiredSession) begin(ctx context.Context, o txOptions) error {
	return w.s.Begin(ctx, sqlengine.TxOptions{Isolation: o.isolation, ReadOnly: o.readOnly})
}

func (w wiredSession) commit(ctx context.Context) error   { return w.s.Commit(ctx) }
func (w wiredSession) rollback(ctx context.Context) error { return w.s.Rollback(ctx) }
func (w wiredSession) reset(ctx context.Context) error    { return w.s.Reset(ctx) }
func (w wiredSession) began(t time.Time)                  { w.s.Began(t) }
func (w wiredSession) killed() bool                       { return w.s.Killed() }
func (w wiredSession) lastStats() Stats                   { return Stats(w.s.LastStats()) }
func (w wiredSession) close() error                       { return w.s.Close() }

type wiredStmt struct{ st *sqlengine.Stmt }

func (w wiredStmt) numParams() int { return w.st.NumParams() }
func (w wiredStmt) close() error   { return w.st.Close() }

func (w wiredStmt) exec(ctx context.Context, args []arg) (result, error) {
	r, err := w.st.Exec(ctx, engineArgs(args))
	return wired(r), err
}

func engineArgs(args []arg) []sqlengine.Arg {
	out := make([]sqlengine.Arg, len(args))
	for i, a := range args {
		out[i] = sqlengine.Arg{Name: a.name, Value: a.value}
	}
	return out
}

type wiredResult struct{ r *sqlengine.Result }

// wired keeps a nil result nil.
func wired(r *sqlengine.Result) result {
	if r == nil {
		return nil
	}
	return wiredResult{r}
}

func (w wiredResult) columns() []column {
	cols := w.r.Columns()
	if cols == nil {
		return nil
	}
	out := make([]column, len(cols))
	for i, c := range cols {
		out[i] = column{name: c.Name, typ: c.Type, nullable: c.Nullable}
	}
	return out
}

func (w wiredResult) next(ctx context.Context) (*vec.Batch, error) { return w.r.Next(ctx) }
func (w wiredResult) more() bool                                   { return w.r.More() }
func (w wiredResult) close() error                                 { return w.r.Close() }

func (w wiredResult) counts() (affected, lastInsertID uint64) {
	return w.r.AffectedRows, w.r.LastInsertID
}

func (w wiredResult) nextResult(ctx context.Context) (result, error) {
	r, err := w.r.NextResult(ctx)
	return wired(r), err
}
