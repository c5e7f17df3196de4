package table

import (
	"context"
	"sync"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/commitlog"
)

// Freshness says how current the snapshot of a transaction has to be.
type Freshness uint8

// The levels of freshness.
const (
	// Strong sees every commit that ended before Begin, by any process. Cost: one GET, shared by all that ask at once.
	Strong Freshness = iota
	// Bounded sees every commit that ended Options.MaxStaleness before Begin. Cost: none or one GET.
	Bounded
	// None takes what this process knows. Cost: none. A transaction that writes is proved current by its commit; one
	// that only reads can be with ProveFresh.
	None
)

// TxOptions says what a transaction is to guarantee.
type TxOptions struct {
	// ReadOnly refuses writes, and costs the database nothing while it is open.
	ReadOnly bool
	// Serializable validates at commit that nothing it read has changed.
	Serializable bool
	// Fresh is the freshness of the snapshot.
	Fresh Freshness
	// Since, if not zero, lets Strong use what was already proved current at or after this time, instead of asking the
	// store again: a caller sets it to the time its statement began, so that the statement that opens the database
	// does not ask twice.
	Since time.Time
	// TrackReads notes what is read, for validation at commit and for ProveFresh; Serializable implies it.
	TrackReads bool
	// Alone says that the caller holds DB.Alone.
	Alone bool
	// Local are the tables that only the owner of the transaction sees; nil none.
	Local *Local
}

// Tx is a transaction: a snapshot of every table under its own writes. One goroutine writes; while none does, several
// may read. It holds memory until Commit or Rollback.
type Tx struct {
	db   *DB
	st   *state
	opts TxOptions
	own  map[uint32]*ownTable // tables it wrote; nil when it wrote none
	// writes counts Put, Delete and DropTable calls, and never goes down: it tells versions of own tables apart.
	writes     int
	registered bool
	done       bool
	mem        int        // bytes of keys and rows in own tables, about
	stuck      int        // those of them that Relieve could not write
	spilled    []*writing // all that were ever written
	late       *late      // nil: nothing

	mu struct {
		sync.Mutex // readers of one transaction run in parallel
		points     []pointRead
		depends    map[pointRead]bool // those of points that DependOn added
		ranges     []*readRange
		absent     map[uint32]absence // by table; see NoteAbsent
	}
}

type pointRead struct {
	table uint32
	key   string
}

// CommitInfo says what a commit came to.
type CommitInfo struct {
	// Seq is the sequence number of the commit record; of the snapshot when nothing was written.
	Seq uint64
	// Written reports whether there is a record.
	Written bool
}

// Begin starts a transaction on the current state. The caller ends it with Commit or Rollback.
// Cost: see Freshness.
// Errors: Closed, Fenced (too far behind: open the database again), Corrupt, those of the store, ctx.Err(). A transaction
// that may write can begin on a read-only database; its writes are refused.
func (db *DB) Begin(ctx context.Context, opts TxOptions) (*Tx, error) {
	if err := db.refresh(ctx, opts.Fresh, opts.Since); err != nil {
		return nil, err
	}
	return db.begin(opts), nil
}

// begin starts a transaction on what this process knows.
func (db *DB) begin(opts TxOptions) *Tx {
	tx := &Tx{db: db, opts: opts}
	tx.opts.TrackReads = opts.TrackReads || opts.Serializable
	if opts.ReadOnly && !opts.TrackReads {
		tx.st = db.readers.begin(&db.state)
		return tx
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	tx.st = db.state.Load()
	tx.registered = true
	db.mu.window.begin(tx.st.seq)
	return tx
}

// Seq returns the sequence number of the snapshot.
func (tx *Tx) Seq() uint64 { return tx.st.seq }

// ReadOnly reports whether the transaction refuses writes.
func (tx *Tx) ReadOnly() bool { return tx.opts.ReadOnly }

// Touched returns the tables that the transaction has written, in no order.
func (tx *Tx) Touched() []uint32 {
	ids := make([]uint32, 0, len(tx.own))
	for id, o := range tx.own {
		if o.stamp > 0 && id < LocalFirst {
			ids = append(ids, id)
		}
	}
	return ids
}

// TracksReads reports whether the transaction notes what it reads, for validation.
func (tx *Tx) TracksReads() bool { return tx.opts.TrackReads }

// Writes returns how many writes the transaction has made, those rolled back to a savepoint included.
func (tx *Tx) Writes() int { return tx.writes }

// Version returns a comparable value that identifies the contents of the table as the transaction sees it: two equal
// values mean equal contents, in this process.
func (tx *Tx) Version(table uint32) any {
	if o := tx.own[table]; o != nil && o.stamp > 0 {
		return ownVersion{tx, o.stamp}
	}
	return tx.table(table)
}

// ChangedAt returns the number of the last commit that may have changed a table, 0 of one that nobody has written. Two processes that
// see the same number see the same rows. ok is false if the transaction has written to the table itself.
func (tx *Tx) ChangedAt(table uint32) (seq uint64, ok bool) {
	if o := tx.own[table]; o != nil && o.stamp > 0 {
		return 0, false
	}
	return tx.table(table).seq, true
}

// Version is Tx.Version of what this process knows.
func (db *DB) Version(table uint32) any { return db.state.Load().table(table) }

type ownVersion struct {
	tx    *Tx
	stamp int
}

// end releases the snapshot.
func (tx *Tx) end() {
	if tx.done {
		return
	}
	tx.done = true
	if !tx.registered {
		tx.db.readers.end(tx.st.seq)
		return
	}
	tx.registered = false
	tx.db.mu.Lock()
	tx.db.mu.window.end(tx.st.seq)
	tx.db.mu.Unlock()
}

// Rollback ends the transaction and drops its writes. After Commit or Rollback it does nothing.
func (tx *Tx) Rollback() {
	if !tx.done {
		tx.end()
		tx.own = nil
		tx.discardSpills(tx.db.background, false)
	}
}

// Commit makes the writes of the transaction visible to everyone, at once, and ends it whatever it returns.
// Cost: one PUT, shared with the transactions that commit meanwhile; a GET and a PUT more for each commit of another
// process that came between. None without writes. With maintenance=auto, a commit that finds a checkpoint long overdue
// writes it (two PUTs).
// Errors: Conflict (1213: another transaction changed what this one wrote, or read under Serializable), CommitUnknown,
// RecordTooLarge, Closed, those of the store, ctx.Err().
func (tx *Tx) Commit(ctx context.Context) (CommitInfo, error) {
	info, err := tx.commit(ctx)
	if info.Written {
		tx.db.maintain(ctx)
	}
	return info, err
}

// commit is Commit without maintenance.
func (tx *Tx) commit(ctx context.Context) (CommitInfo, error) {
	if tx.done {
		return CommitInfo{}, errEnded()
	}
	defer tx.end()
	if err := tx.spillForCommit(ctx); err != nil {
		tx.discardSpills(tx.db.background, false)
		return CommitInfo{}, err
	}
	txn := tx.txn()
	if len(txn.Tables) == 0 && tx.late != nil {
		txn.Reads = append(txn.Reads, tx.reads()...)
	}
	if tx.late != nil {
		txn.Late, txn.LateBytes = tx.lateWrite, tx.late.bytes
	}
	if len(txn.Tables) == 0 && tx.late == nil {
		tx.keepLocal()
		return CommitInfo{Seq: tx.st.seq}, nil
	}
	if !tx.opts.Alone {
		if err := tx.db.gate.pass(ctx); err != nil {
			tx.discardSpills(tx.db.background, false)
			return CommitInfo{}, err
		}
		defer tx.db.gate.leave()
	}
	got, err := tx.db.log.Commit(ctx, txn)
	if err != nil {
		if base.KindOf(err) != base.KindCommitUnknown {
			tx.discardSpills(tx.db.background, false)
		}
		return CommitInfo{}, err
	}
	tx.discardSpills(tx.db.background, true)
	tx.keepLocal()
	return CommitInfo{Seq: got.Seq, Written: true}, nil
}

// ProveFresh reports whether what the transaction read is still true: a statement that read without asking the store
// first (Fresh None with TrackReads) and then wrote nothing calls it before it answers.
// Cost: one GET, shared.
// Errors: Conflict (something it read has changed: run it again), those of the store, ctx.Err().
func (tx *Tx) ProveFresh(ctx context.Context) error {
	if tx.done {
		return errEnded()
	}
	if err := tx.db.refresh(ctx, Strong, time.Time{}); err != nil {
		return err
	}
	t := &commitlog.Txn{Snapshot: tx.st.seq, Reads: tx.reads()}
	if !tx.registered {
		if tx.db.state.Load().seq != tx.st.seq {
			return base.Errorf(errno.Deadlock, "the database has changed since the statement read it; run it again")
		}
		return nil
	}
	return tx.db.Validate(t)
}

func errEnded() error  { return base.Errorf(errno.Closed, "the transaction has ended") }
func errClosed() error { return base.Errorf(errno.Closed, "the database handle is closed") }
