package commitlog

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/object"
)

// Applier is the state that the log's records build: it knows what a conflict is. The log calls it from one goroutine at
// a time and in the log's order, never both methods at once. It must not call the Log's Commit, Refresh or Close.
type Applier interface {
	// Validate reports whether t may still commit on top of the records applied so far: nil or the member's own error,
	// normally of kind Conflict. It is called when t enters a batch and again after each slot that was lost to another
	// process. The log itself keeps members apart that conflict with each other.
	Validate(t *Txn) error

	// Apply takes over the next record. own tells that it was assembled by this Log: its Txns are then the very ones
	// that Commit was called with, and Commit returns after Apply has. An error means that the state is broken: the
	// log refuses everything after it.
	Apply(rec *Record, own bool) error
}

// Log reads and writes the log of one database for one process. All methods may be called concurrently.
//
// It has no goroutine and makes no request unless a Commit or a Refresh is under way.
//
// Locks: order before mu, never the other way; no I/O under either. The Applier is called under order.
type Log struct {
	store   object.Store
	cfg     Config
	applier Applier
	codec   *Codec
	writer  ID

	head    atomic.Uint64 // written under order
	foreign atomic.Uint64 // the last record that another writer wrote, 0 if none was seen
	turn    turn          // of the flight
	proven  atomic.Int64  // Current, unix nanoseconds; 0 is never
	opened  time.Time

	ctx    context.Context // of all requests; ends when Close gives up
	cancel context.CancelFunc
	tasks  sync.WaitGroup // the flight and the prober; Add under mu while not closed

	order struct {
		sync.Mutex
		micros int64   // commit time of the head
		flight *Record // what our PUT under way would put into the slot after the head
		own    bool    // the slot of flight is taken, by flight
		broken error   // the Applier failed
	}
	mu struct {
		sync.Mutex
		closed  bool
		queue   []*member
		flying  bool
		probing bool
		next    *probe // collects the callers of Refresh until it starts
	}
}

// Open returns a Log that continues after the record at head, the last one a has applied. It makes no request.
func Open(store object.Store, cfg Config, head uint64, a Applier) *Log {
	cfg.ensureDefaults()
	l := &Log{store: store, cfg: cfg, applier: a, codec: NewCodec()}
	l.cfg.Rand.Read(l.writer[:])
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.head.Store(head)
	l.opened = cfg.Clock.Now()
	l.order.micros = cfg.HeadMicros
	if !cfg.ProvenAt.IsZero() {
		l.proven.Store(cfg.ProvenAt.UnixNano())
	}
	return l
}

// Head returns the sequence number of the last applied record.
func (l *Log) Head() uint64 { return l.head.Load() }

// Writer returns the identifier that this Log puts into its records.
func (l *Log) Writer() ID { return l.writer }

// Current returns the start of the latest request that proved that nothing followed the head: what bounded staleness
// counts from. It is zero before the first such request.
func (l *Log) Current() time.Time {
	if n := l.proven.Load(); n != 0 {
		return time.Unix(0, n)
	}
	return time.Time{}
}

// prove records a proof of being current, as of at.
func (l *Log) prove(at time.Time) {
	n := at.UnixNano()
	for {
		old := l.proven.Load()
		if n <= old || l.proven.CompareAndSwap(old, n) {
			return
		}
	}
}

// stale reports whether the last proof is too old to rely on a free slot.
func (l *Log) stale(now time.Time) bool {
	last := l.Current()
	if last.Before(l.opened) {
		last = l.opened
	}
	return now.Sub(last) > l.cfg.StaleAfter
}

// Close refuses new calls, lets the queued commits finish and waits for them. When ctx ends first it stops the requests
// under way, whose members get CommitUnknown, and returns.
//
// Errors: ctx.Err(), wrapped.
func (l *Log) Close(ctx context.Context) error {
	l.mu.Lock()
	l.mu.closed = true
	l.mu.Unlock()
	idle := make(chan struct{})
	go func() {
		l.tasks.Wait()
		close(idle)
	}()
	defer l.cancel()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return wrap(errno.QueryInterrupted, ctx.Err(), "closing the commit log gave up on the requests under way")
	}
}

// advance applies rec if it is the next one; an older one has been applied already, by a concurrent reader.
func (l *Log) advance(rec *Record) error {
	l.order.Lock()
	defer l.order.Unlock()
	return l.advanceLocked(rec)
}

func (l *Log) advanceLocked(rec *Record) error {
	if l.order.broken != nil {
		return l.order.broken
	}
	head := l.head.Load()
	if rec.Seq <= head {
		return nil
	}
	if rec.Seq != head+1 {
		return base.Errorf(errno.Unknown, "commit record %d cannot follow record %d", rec.Seq, head)
	}
	own := false
	if f := l.order.flight; f != nil && f.Seq == rec.Seq && f.WriteID == rec.WriteID {
		rec, own = f, true // with the members' own Txns
	}
	if err := l.applier.Apply(rec, own); err != nil {
		l.order.broken = wrap(errno.Unknown, err, "commit record %d could not be applied; reopen the database", rec.Seq)
		l.cfg.Logger.Error("commit record could not be applied", "seq", rec.Seq, "error", err)
		if !own {
			return l.order.broken
		}
	}
	if rec.Writer != l.writer {
		l.foreign.Store(rec.Seq)
	}
	l.head.Store(rec.Seq)
	l.order.micros = max(l.order.micros, rec.Micros)
	if f := l.order.flight; f != nil && f.Seq == rec.Seq {
		l.order.own = own
	}
	return nil
}
