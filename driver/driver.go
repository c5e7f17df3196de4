package driver

import (
	"context"
	"database/sql/driver"
	"sync"

	"github.com/s3sql/s3sql/storage/object/mem"
)

// Name is the name that the driver is registered under.
const Name = "s3sql"

// Driver is what is registered with database/sql. It holds the named databases in memory.
type Driver struct {
	open opener
	mu   struct {
		sync.Mutex
		memory map[string]*memory // by name
	}
}

// memory is a named store and the number of engines on it.
type memory struct {
	store *mem.Store
	users int
}

var (
	_ driver.Driver        = (*Driver)(nil)
	_ driver.DriverContext = (*Driver)(nil)
)

func newDriver(open opener) *Driver {
	d := &Driver{open: open}
	d.mu.memory = map[string]*memory{}
	return d
}

// OpenConnector parses a DSN for sql.Open, which therefore reports a DSN that is not valid at once.
func (d *Driver) OpenConnector(dsn string) (driver.Connector, error) {
	cfg, err := ParseDSN(dsn)
	if err != nil {
		return nil, err
	}
	return d.newConnector(cfg)
}

// Open opens a database for one connection, which owns it. database/sql uses OpenConnector instead.
func (d *Driver) Open(dsn string) (driver.Conn, error) {
	c, err := d.OpenConnector(dsn)
	if err != nil {
		return nil, err
	}
	conn, err := c.Connect(context.Background())
	if err != nil {
		return nil, err
	}
	return &owner{Conn: conn.(*Conn), connector: c.(*Connector)}, nil
}

// owner is a connection that closes its engine with it.
type owner struct {
	*Conn
	connector *Connector
}

func (o *owner) Close() error {
	err := o.Conn.Close()
	if cerr := o.connector.Close(); err == nil {
		err = cerr
	}
	return err
}

// memoryStore returns the store called name and what gives it back: it lives as long as an engine uses it. The store
// called "" is a new one each time.
func (d *Driver) memoryStore(name string) (store *mem.Store, release func()) {
	if name == "" {
		return mem.New(), func() {}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.mu.memory[name]
	if m == nil {
		m = &memory{store: mem.New()}
		d.mu.memory[name] = m
	}
	m.users++
	return m.store, sync.OnceFunc(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if m.users--; m.users == 0 {
			delete(d.mu.memory, name)
		}
	})
}
