package driver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/event"
)

// closeTimeout bounds how long closing waits for work in the background.
const closeTimeout = 30 * time.Second

// Connector makes the connections of one sql.DB. They share one engine, which the first statement opens and Close closes;
// when opening fails, the next statement tries again. It is safe for concurrent use.
type Connector struct {
	drv    *Driver
	cfg    Config
	parts  parts
	format format
	open   opener
	shared atomic.Pointer[sql.DB] // for plugins, once one has asked for it

	mu struct {
		sync.Mutex
		engine  engine
		opening *opening // nil while nobody opens
		closed  bool
	}
}

// opener opens an engine, which owns everything that was opened for it.
type opener func(ctx context.Context, drv *Driver, cfg Config, p parts) (engine, error)

// opening is one try to open the engine, which everybody who needs it waits for.
type opening struct {
	done chan struct{} // closed at the end
	err  error         // set before done is closed
	gone bool          // the context of who tried has ended: the others try for themselves
}

var (
	_ driver.Connector = (*Connector)(nil)
	_ io.Closer        = (*Connector)(nil)
)

func (d *Driver) newConnector(cfg Config, opts ...Option) (*Connector, error) {
	var p parts
	for _, o := range opts {
		o(&p)
	}
	if p.store == nil {
		if err := cfg.Validate(); err != nil {
			return nil, err
		}
	}
	cfg.EnsureDefaults()
	loc, err := time.LoadLocation(cfg.Loc)
	if err != nil {
		return nil, parameterNamed("loc").invalid(cfg.Loc, "", errBadValue)
	}
	p.ensureDefaults()
	c := &Connector{drv: d, cfg: cfg, open: d.open, format: format{parseTime: *cfg.ParseTime, loc: loc}}
	p.openDB = sync.OnceValue(func() *sql.DB {
		db := sql.OpenDB(shared{c})
		c.shared.Store(db)
		return db
	})
	c.parts = p
	return c, nil
}

// shared is a connector that somebody else closes.
type shared struct{ c *Connector }

func (s shared) Connect(ctx context.Context) (driver.Conn, error) { return s.c.Connect(ctx) }
func (s shared) Driver() driver.Driver                            { return s.c.Driver() }

// Config returns the connector's configuration, with its defaults.
func (c *Connector) Config() Config { return c.cfg }

// Events returns the hub that tells what happens in the database through this connector, from before it is opened until it is closed.
//
// Cost: none.
func (c *Connector) Events() *event.Hub { return c.parts.events }

// Driver returns the driver that is registered with database/sql.
func (c *Connector) Driver() driver.Driver { return c.drv }

// Connect returns a new connection. The first statement, or Ping, on any of them opens the database.
//
// Cost: none.
// Errors: ErrClosed after Close; ctx.Err().
func (c *Connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	closed := c.mu.closed
	c.mu.Unlock()
	if closed {
		return nil, convertError(errConnectorClosed())
	}
	return newConn(c), nil
}

// current returns the engine, nil when it is not open.
func (c *Connector) current() engine {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.engine
}

// engine returns the engine, and opens it if nobody has.
//
// Cost: opening takes 3+k requests in at most 3 round trips, for k commits after the newest checkpoint.
// Errors: ErrClosed after Close; ErrInvalid when there is no database and create=false; ErrUnavailable, ErrCorrupt.
func (c *Connector) engine(ctx context.Context) (engine, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c.mu.Lock()
		switch {
		case c.mu.closed:
			c.mu.Unlock()
			return nil, errConnectorClosed()
		case c.mu.engine != nil:
			eng := c.mu.engine
			c.mu.Unlock()
			return eng, nil
		case c.mu.opening == nil:
			try := &opening{done: make(chan struct{})}
			c.mu.opening = try
			c.mu.Unlock()
			return c.tryOpen(ctx, try)
		}
		try := c.mu.opening
		c.mu.Unlock()
		select {
		case <-try.done:
			if try.err != nil && !try.gone {
				return nil, try.err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func errConnectorClosed() error { return base.Errorf(errno.Closed, "the database is closed") }

func (c *Connector) tryOpen(ctx context.Context, try *opening) (engine, error) {
	eng, err := c.open(ctx, c.drv, c.cfg, c.parts)
	c.mu.Lock()
	c.mu.opening = nil
	closed := c.mu.closed
	if err == nil && !closed {
		c.mu.engine = eng
	}
	c.mu.Unlock()
	if err == nil && closed {
		err = errConnectorClosed()
		if cerr := c.closeEngine(eng); cerr != nil {
			err = errors.Join(err, cerr)
		}
	}
	try.err, try.gone = err, err != nil && ctx.Err() != nil
	close(try.done)
	if err != nil {
		return nil, err
	}
	return eng, nil
}

// Close closes the engine: it waits, up to half a minute, for work in the background. sql.DB.Close calls it.
func (c *Connector) Close() error {
	c.mu.Lock()
	eng := c.mu.engine
	c.mu.engine, c.mu.closed = nil, true
	c.mu.Unlock()
	if eng == nil {
		return nil // never opened, closed before, or closed by whoever is opening it
	}
	return convertError(c.closeEngine(eng))
}

// closeEngine closes an engine, and after it, for its plugins may still use it, the database that they share.
func (c *Connector) closeEngine(eng engine) error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := eng.close(ctx)
	if db := c.shared.Load(); db != nil {
		err = errors.Join(err, db.Close())
	}
	return err
}
