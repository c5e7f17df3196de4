package table

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/cache"
	"github.com/s3sql/s3sql/storage/commitlog"
	"github.com/s3sql/s3sql/storage/lease"
	"github.com/s3sql/s3sql/storage/object"
)

// Options are the settings and the parts of a DB. The zero value opens an existing database for reading and writing,
// strongly consistent, with maintenance.
type Options struct {
	// Create makes the database if the prefix is free.
	Create bool
	// ReadOnly refuses writes; nothing in the store is changed, not even by maintenance.
	ReadOnly bool
	// NoMaintenance leaves checkpoints to Checkpoint.
	NoMaintenance bool
	// MaxStaleness is how old what Bounded reads see may be.
	MaxStaleness time.Duration

	// Certify probes the store before a database is created in it, and returns its verdict in one line, which the
	// identity keeps. nil: the store is not probed. An error prevents the creation.
	Certify func(ctx context.Context, store object.Store) (verdict string, err error)

	// Schema tells the columns of a table for its segments; nil: all rows stay in memory and in checkpoints, and no other
	// process that opens the database may have one.
	Schema SchemaOf
	// MemoryLimit is the budget, in bytes, for rows that wait for a flush, for caches and for queries; 0 is 512 MiB.
	Retention   time.Duration // how long what no table needs any more stays in the store; 0 is DefaultRetention
	MemoryLimit int64
	// CacheDir is the folder in which whole segments are kept, CacheBytes how much they may take; "" none, 0 the default.
	CacheDir   string
	CacheBytes int64

	Clock  base.Clock   // nil: the system's
	Rand   base.Rand    // nil: the system's
	Logger *slog.Logger // nil: nothing is logged

	limits limits
}

// EnsureDefaults fills in what was left zero.
func (o *Options) EnsureDefaults() {
	if o.Clock == nil {
		o.Clock = base.SystemClock{}
	}
	if o.Rand == nil {
		o.Rand = base.SystemRand{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Retention == 0 {
		o.Retention = DefaultRetention
	}
	if o.MemoryLimit == 0 {
		o.MemoryLimit = 512 << 20
	}
	if o.limits == (limits{}) {
		o.limits = defaultLimits()
	}
	if o.Schema == nil {
		o.limits.foldBytes = math.MaxInt // no flush will come
	}
}

// recordLog is what a DB needs of the commit log.
type recordLog interface {
	Commit(ctx context.Context, t *commitlog.Txn) (commitlog.Committed, error)
	Refresh(ctx context.Context) (head uint64, err error)
	Current() time.Time
	Close(ctx context.Context) error
}

// DB is one database, open in this process. All methods may be called concurrently.
type DB struct {
	store  object.Store
	opts   Options
	id     commitlog.ID
	log    recordLog
	state  atomic.Pointer[state]
	closed atomic.Bool

	retention atomic.Int64  // nanoseconds
	others    atomic.Uint64 // the last record of another process that came while this one was open; 0 none
	leases    *lease.Manager

	background context.Context // of checkpoints; ends when Close gives up
	stop       context.CancelFunc

	ckpt    checkpointer
	codec   func() *commitlog.Codec // of packs
	work    worker
	files   *files
	readers readers
	gate    gate
	recent  recent
	texts   textMemory
	// remaking is held by who makes the inverted file of a segment that should have one.
	remaking chan struct{}

	// mu guards what the transactions of this process share. The log calls Validate and Apply one at a time, under its
	// own lock, which is therefore taken before mu. No I/O happens under mu.
	mu struct {
		sync.Mutex
		window   window
		counters map[uint32]*counter
		lasts    map[uint32]*lastRow
		applied  chan struct{} // closed with the next record; nil: nobody waits
	}
}

var _ commitlog.Applier = (*DB)(nil)

// UUID returns the identifier of the database.
func (db *DB) UUID() string { return db.id.String() }

// Head returns the sequence number of the newest commit this process knows.
func (db *DB) Head() uint64 { return db.state.Load().seq }

// FreshAt returns a time such that every commit that ended before it, by any process, is known here; zero if there is
// none. Open, a strong Begin, ProveFresh and every commit move it on.
func (db *DB) FreshAt() time.Time { return db.log.Current() }

// Budget returns the account of the process's memory that the database's caches and rows in memory are part of.
func (db *DB) Budget() *cache.Budget { return db.files.budget }

// Validate reports whether a transaction conflicts with what was applied after its snapshot. The log calls it.
// Errors: Conflict.
func (db *DB) Validate(t *commitlog.Txn) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if err := db.state.Load().checkEdits(t); err != nil {
		return err
	}
	return db.mu.window.validate(t)
}

// Apply makes the next record visible. The log calls it, once a record, in order.
// Errors: Internal (a record out of order), Corrupt (an edit of segments that does not fit).
func (db *DB) Apply(rec *commitlog.Record, own bool) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	st := db.state.Load()
	if rec.Seq != st.seq+1 {
		return base.Errorf(errno.Unknown, "commit record %d was applied to the state at %d", rec.Seq, st.seq)
	}
	next, err := st.apply(rec, db.opts.limits)
	if err != nil {
		return err
	}
	db.recent.add(rec, next) // before anybody knows of it: feeds look there first
	db.state.Store(next)
	if db.opts.Schema != nil { // else rows stay where they are, and nothing makes way for them
		db.files.hold(int64(next.mem))
	}
	if !own {
		db.others.Store(rec.Seq)
	}
	db.work.note(next, rec, db.opts.limits)
	db.mu.window.add(rec)
	db.noteAutoIncLocked(rec, own)
	db.noteLastLocked(rec)
	db.noteAppliedLocked()
	db.ckpt.note(rec, own)
	return nil
}

// noteAutoIncLocked moves the counters of this process past what rec hands out.
func (db *DB) noteAutoIncLocked(rec *commitlog.Record, own bool) {
	for _, t := range rec.Txns {
		for i := range t.Tables {
			w := &t.Tables[i]
			if w.Drop {
				delete(db.mu.counters, w.Table)
			}
			c := db.mu.counters[w.Table]
			switch {
			case c == nil || w.AutoInc == 0:
			case own:
				c.committed(rec.Seq, w.AutoInc)
			default:
				c.advanced(t.Snapshot, w.AutoInc)
			}
		}
	}
}

// refresh makes the state as current as f asks.
func (db *DB) refresh(ctx context.Context, f Freshness, since time.Time) error {
	if db.closed.Load() {
		return errClosed()
	}
	at := db.FreshAt()
	switch {
	case f == None:
		return ctx.Err()
	case f == Bounded && !at.IsZero() && db.opts.Clock.Now().Sub(at) <= db.opts.MaxStaleness:
		return ctx.Err()
	case f == Strong && !since.IsZero() && !at.Before(since):
		return ctx.Err()
	}
	_, err := db.log.Refresh(ctx)
	return err
}
