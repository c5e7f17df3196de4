package cache

import (
	"context"
	"fmt"
	"time"

	"github.com/s3sql/s3sql/internal/registry"
)

// Driver keeps values under keys of letters and digits. It may forget values at any time, and may be asked for the same key by many
// goroutines and processes; a value that was damaged is recognised by the caller. A driver that fails does no harm: the query runs,
// and the failure is counted.
type Driver interface {
	// Get returns the value of a key; ok is false where there is none. The caller may keep the value and does not change it.
	Get(ctx context.Context, key string) (value []byte, ok bool, err error)
	// Put keeps a value for about ttl, 0 without end. The driver may keep the slice, which nobody changes.
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Delete forgets a key; one that is not there is no error.
	Delete(ctx context.Context, key string) error
	// Clear forgets all keys.
	Clear(ctx context.Context) error
}

// Counted is a Driver that knows how much it keeps.
type Counted interface {
	// Size returns what is kept now, and how many values had to make room since the driver was opened.
	Size() (entries int, bytes, evictions int64)
}

// Config is what a driver is opened with: the options of CREATE CACHE, and the database's place.
type Config struct {
	Name       string        // of the cache
	Database   string        // identity of the database, for drivers that several share
	MaxEntries int           // 0: no bound
	MaxBytes   int64         // 0: no bound
	Eviction   string        // "lru" or "fifo"
	TTL        time.Duration // 0: none
	Directory  string        // of the disk driver
	Prefix     string        // of the s3 driver
	Store      Store         // the database's; requests are counted
	Now        func() time.Time
}

// Store is what the s3 driver needs of an object store.
type Store interface {
	// Get returns an object; ok is false where there is none.
	Get(ctx context.Context, key string) (data []byte, ok bool, err error)
	Put(ctx context.Context, key string, data []byte) error
	Delete(ctx context.Context, keys ...string) error
	// List calls f with the keys below a prefix.
	List(ctx context.Context, prefix string, f func(key string)) error
}

// Opener opens a driver.
type Opener func(Config) (Driver, error)

var drivers registry.Registry[Opener]

func init() {
	Register("memory", openMemory)
	Register("disk", openDisk)
	Register("s3", openStore)
}

// Register makes a driver known under a name, which CREATE CACHE … WITH (driver = '…') may give, alone or among tiers. It is for init
// functions; a name that is known is an error of the program and panics.
func Register(name string, open Opener) {
	if open == nil {
		panic("cache: the driver " + name + " is nil")
	}
	drivers.Add("cache: the driver", name, open)
}

// Drivers returns the names of the drivers that are known, sorted.
func Drivers() []string { return drivers.Names() }

// OpenDriver opens a driver by its name.
func OpenDriver(name string, cfg Config) (Driver, error) {
	open, ok := drivers.Lookup(name)
	if !ok {
		return nil, fmt.Errorf("there is no cache driver %q; known: %v", name, Drivers())
	}
	return open(cfg)
}
