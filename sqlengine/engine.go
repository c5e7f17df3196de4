package sqlengine

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/seal"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/plugins/metrics"
	"github.com/s3sql/s3sql/sqlengine/event"
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/sqlengine/system"
	"github.com/s3sql/s3sql/storage/lease"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/table"
)

// Version is what SELECT VERSION() answers. It begins like the MySQL whose SQL this is, because tools look at that.
const Version = "8.0.36-s3sql-0.1.0"

// Config is the settings and components of an engine.
type Config struct {
	Store    object.Store
	Ledger   *object.Ledger // counts the requests of Store; system.costs reads it
	Database string         // SELECT DATABASE()

	ReadOnly bool
	Create   bool // create the database if the prefix is empty

	Consistency  string        // "strong" (default) or "bounded"
	MaxStaleness time.Duration // of bounded
	Isolation    string        // "snapshot" (default) or "serializable"
	Maintenance  string        // "auto" (default) or "off"

	Retention       time.Duration // of what no table needs any more; 0 is table.DefaultRetention
	MemoryLimit     int64         // bytes for rows that wait for a flush, caches and queries together; 0 is 512 MB
	Private         bool          // nobody else can open the store, whose objects are in memory: rows stay where they are
	CacheDir        string        // folder in which whole segments are kept; "" none
	CacheBytes      int64         // how much they may take; 0 is 10 GiB
	TempDir         string        // folder of the temporary files of what is over MemoryLimit; "" is the system's
	ConflictRetries int           // runs of an autocommit statement that loses; 0 is 100
	User            string

	// SecretKey, of seal.KeySize bytes, opens and seals ENCRYPTED columns; nil: their values cannot be read or written.
	SecretKey []byte

	// LocalFile opens a file for LOAD DATA LOCAL; nil refuses the statement. It is called again when the statement loses to
	// another transaction and runs again.
	LocalFile func(name string) (io.ReadCloser, error)

	// OpenDB returns the database for plugins; nil: they have none.
	OpenDB func() *sql.DB
	// Workers has the engine run the REPLICATIONs of the database.
	Workers bool

	// Plugins are started with the engine.
	Plugins []plugins.Local
	// Functions are functions of the program's that SQL has beside its own.
	Functions []plugins.Function

	Logger *slog.Logger
	Clock  base.Clock
	Rand   base.Rand

	// Events is told of what happens; nil: a hub of the engine's own, which system.events reads.
	Events *event.Hub

	tables func(*table.Options) // for tests; nil leaves them as they are
}

// EnsureDefaults fills in what was left zero.
func (c *Config) EnsureDefaults() {
	if c.Consistency == "" {
		c.Consistency = "strong"
	}
	if c.Isolation == "" {
		c.Isolation = "snapshot"
	}
	if c.Maintenance == "" {
		c.Maintenance = "auto"
	}
	if c.MemoryLimit == 0 {
		c.MemoryLimit = 512 << 20
	}
	if c.ConflictRetries == 0 {
		c.ConflictRetries = 100
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = base.SystemClock{}
	}
	if c.Rand == nil {
		c.Rand = base.SystemRand{}
	}
	if c.Events == nil {
		c.Events = event.NewHub(c.Clock)
	}
	if c.Ledger == nil {
		c.Ledger = object.NewLedger(0)
	}
}

// Engine is an open database. It is safe for use by many goroutines.
type Engine struct {
	cfg        Config
	db         *table.DB
	key        *seal.Key // nil: there is no secret key
	catalog    catalog.Cache
	statements statementCache
	statistics statistics
	rules      rulesCache
	localIDs   atomic.Uint32 // of temporary tables: the last one given out, counted from table.LocalFirst
	prices     atomic.Pointer[system.PriceList]
	steering   steerer
	spendings  sync.Map // of budgets: *spending by the object's id
	// othersStale says that what other processes have spent is to be read again.
	othersStale atomic.Bool
	history     history
	caches      caches
	auditReads  auditReads
	flusher     flusher
	plugins     pluginManager
	flows       flowManager
	process     string // identifies this process among those that keep figures

	alertStates sync.Map // *alertState by the object's id
	alertsAt    alertClock
	empty       struct {
		sync.Once
		tables []*plan.VirtualTable
	}
	closed    atomic.Bool
	started   time.Time
	sessions  atomic.Uint64
	processes processes
	leases    *lease.Manager
	texts     exec.TextIndexes
	sweeper   sweeper
	questions atomic.Uint64 // statements that were run
	metrics   *metrics.Registry
	unparsed  described // stands for statements whose text does not parse
	costs     ledgerView

	globals struct { // of system variables that SET GLOBAL gave another value than their first
		mu struct {
			sync.RWMutex
			m map[string]string
		}
	}
}

// Open opens the database in cfg.Store, and creates it there when cfg.Create is set and the prefix holds none.
//
// Cost: at most 3 round trips; see table.Open.
// Errors: those of table.Open: Corrupt, Unavailable, Unsupported store, 1049 when there is no database.
func Open(ctx context.Context, cfg Config) (*Engine, error) {
	cfg.EnsureDefaults()
	e := &Engine{started: cfg.Clock.Now()}
	e.metrics = metrics.NewRegistry(e.started)
	e.unparsed = described{operation: e.metrics.Operation("invalid", ""), digest: e.metrics.Digest("(none)", "(does not parse)"), secret: true}
	e.costs.open(cfg.Ledger, e.started)
	e.history.clock = cfg.Clock
	e.texts.Events = cfg.Events
	opts := table.Options{Clock: cfg.Clock, Rand: cfg.Rand, Logger: cfg.Logger, Create: cfg.Create, ReadOnly: cfg.ReadOnly,
		MaxStaleness: cfg.MaxStaleness, NoMaintenance: cfg.Maintenance == "off", Certify: certifier(cfg.Rand),
		Retention: cfg.Retention, MemoryLimit: cfg.MemoryLimit, CacheDir: cfg.CacheDir, CacheBytes: cfg.CacheBytes}
	if !cfg.Private {
		opts.Schema = e.segmentSchema
	}
	if cfg.tables != nil {
		cfg.tables(&opts)
	}
	cfg.Store = object.Metered(object.Metered(cfg.Store, cfg.Ledger), &e.history)
	db, err := table.Open(ctx, cfg.Store, opts)
	if err != nil {
		return nil, err
	}
	var key *seal.Key
	if cfg.SecretKey != nil {
		if key, err = seal.New(cfg.SecretKey, db.UUID()); err != nil {
			return nil, errors.Join(err, db.Close(ctx))
		}
		cfg.SecretKey = nil
	}
	e.cfg, e.db, e.key = cfg, db, key
	e.sweeper.start(e.sweep, cfg.Logger)
	e.auditReads.open(e)
	e.process = randomID(cfg.Rand)
	e.flusher.open(e)
	e.plugins.e = e
	e.plugins.startLocal(cfg.Plugins)
	e.flows.open(e)
	e.leases = lease.New(cfg.Store, lease.Options{Clock: cfg.Clock, Rand: cfg.Rand, Logger: cfg.Logger})
	return e, nil
}

// Close waits for work in the background, bounded by ctx, and closes the database. Sessions fail afterwards. A second call does nothing.
func (e *Engine) Close(ctx context.Context) error {
	if e.closed.Swap(true) {
		return nil
	}
	e.flows.close()
	e.plugins.close()
	e.flusher.close(ctx)
	e.auditReads.close()
	e.sweeper.close()
	return errors.Join(e.leases.Close(ctx), e.db.Close(ctx))
}

func randomID(r base.Rand) string {
	var b [16]byte
	r.Read(b[:])
	return hex.EncodeToString(b[:])
}

// NewSession returns a session with the engine's defaults.
func (e *Engine) NewSession() *Session {
	s := e.newSession(e.sessions.Add(1))
	s.process, s.locks.s = &process{id: s.id, user: e.cfg.User}, s
	s.process.end(e.now())
	e.processes.add(s.process)
	return s
}

func (e *Engine) newSession(id uint64) *Session {
	return &Session{e: e, id: id, settings: e.defaultSettings()}
}

// Ping asks the store whether the database is there.
//
// Cost: one GET.
func (e *Engine) Ping(ctx context.Context) error {
	tx, err := e.db.Begin(ctx, table.TxOptions{ReadOnly: true, Fresh: table.Strong})
	if err == nil {
		tx.Rollback()
	}
	return err
}

func (e *Engine) now() time.Time { return e.cfg.Clock.Now() }

func (e *Engine) strong() bool { return e.cfg.Consistency == "strong" }

func (e *Engine) freshness() table.Freshness {
	if e.strong() {
		return table.Strong
	}
	return table.Bounded
}

// chance returns a random number in [0, 1).
func (e *Engine) chance() float64 { return float64(e.jitter(1<<53)) / (1 << 53) }

// jitter returns a random duration in [0, limit).
func (e *Engine) jitter(limit time.Duration) time.Duration {
	var b [8]byte
	e.cfg.Rand.Read(b[:])
	return time.Duration(binary.LittleEndian.Uint64(b[:]) % uint64(limit))
}

// segmentSchema is what storage asks when it writes a segment.
func (e *Engine) segmentSchema(ctx context.Context, tx *table.Tx, id uint32) (s table.Schema, ok bool, err error) {
	cat, err := e.catalog.Load(ctx, tx)
	if err != nil {
		return s, false, err
	}
	var t *catalog.Table
	if s.Columns, t, ok = cat.SegmentSchema(id); t == nil {
		return s, ok, nil
	}
	for i := range t.Texts {
		ix, err := e.texts.Of(t, &t.Texts[i])
		if err != nil {
			return s, false, err
		}
		s.Texts = append(s.Texts, &ix.Storage)
	}
	return s, ok, nil
}
