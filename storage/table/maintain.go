package table

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/commitlog"
	"github.com/s3sql/s3sql/storage/manifest"
	"github.com/s3sql/s3sql/storage/object"
)

// The rule for checkpoints. A checkpoint is due when the tail has at least tailRecords records and
//
//	tail bytes + tailRecordCost × records ≥ bytes of the last checkpoint / 4
//
// The first part keeps a cold open at tailRecords parallel GETs while the database is small. The second keeps what
// checkpoints write proportionate to what commits write: at most 4 × (bytes + tailRecordCost × records) in total, however
// large the database is; tailRecordCost is what a request costs in time beside a byte. A checkpoint is overdue, and the
// commit that finds it so waits for it, when both sides are four times past.
const (
	tailRecords    = 64
	tailRecordCost = 64 << 10
)

// checkpointer knows how long the tail is and runs one checkpoint at a time.
type checkpointer struct {
	tasks sync.WaitGroup
	mu    struct {
		sync.Mutex
		closed    bool
		running   chan struct{} // of the one under way: closed when it ends; nil when there is none
		seq       uint64        // of the newest checkpoint known
		bytes     int           // its size
		latest    string        // version tag of manifest/latest; "" when there is none
		tailBytes int
		tail      int  // records after seq
		foreign   bool // one of them is another's: it may have made a checkpoint since
	}
}

// note counts a record.
func (c *checkpointer) note(rec *commitlog.Record, own bool) {
	n := 0
	for _, t := range rec.Txns {
		for i := range t.Tables {
			for j := range t.Tables[i].Ops {
				n += len(t.Tables[i].Ops[j].Key) + len(t.Tables[i].Ops[j].Row) + 8
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.tail++
	c.mu.tailBytes += n
	c.mu.foreign = c.mu.foreign || !own
}

// dueLocked reports whether the tail is factor times past the rule.
func (c *checkpointer) dueLocked(factor int) bool {
	weight := c.mu.tailBytes + c.mu.tail*tailRecordCost
	return c.mu.tail >= factor*tailRecords && weight >= factor*(c.mu.bytes/4)
}

// claim starts a checkpoint if one is due and none is running; running is the one that is. overdue tells the caller to
// do it, or to wait for it, before it returns.
func (c *checkpointer) claim() (due, overdue bool, running <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.closed || !c.dueLocked(1) {
		return false, false, nil
	}
	if c.mu.running != nil {
		return false, c.dueLocked(4), c.mu.running
	}
	c.mu.running = make(chan struct{})
	c.tasks.Add(1)
	return true, c.dueLocked(4), nil
}

func (c *checkpointer) release() {
	c.mu.Lock()
	close(c.mu.running)
	c.mu.running = nil
	c.mu.Unlock()
	c.tasks.Done()
}

// maintain does what a commit of this process has made due. It never fails the commit.
func (db *DB) maintain(ctx context.Context) {
	if db.opts.NoMaintenance || db.opts.ReadOnly {
		return
	}
	db.maintainTables(ctx)
	due, overdue, running := db.ckpt.claim()
	switch {
	case due && overdue:
		defer db.ckpt.release()
		db.checkpointAndTidy(ctx)
	case due:
		go func() {
			defer db.ckpt.release()
			db.checkpointAndTidy(db.background)
		}()
	case overdue:
		select {
		case <-running:
		case <-ctx.Done():
		}
	}
}

// checkpointAndTidy writes a checkpoint and removes what it has made superfluous.
func (db *DB) checkpointAndTidy(ctx context.Context) {
	before := db.ckpt.newest()
	if err := db.checkpoint(ctx); err != nil {
		db.opts.Logger.Warn("checkpoint failed; a later commit tries again", "error", err)
		return
	}
	if after := db.ckpt.newest(); after > before {
		if err := db.tidy(ctx, before, after); err != nil {
			db.opts.Logger.Warn("garbage could not be collected; a later checkpoint tries again", "error", err)
		}
	}
}

// newest returns the record of the newest checkpoint known; 0 none.
func (c *checkpointer) newest() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.seq
}

// Checkpoint writes a checkpoint of the current state now, unless the newest one has it.
// Cost: two PUTs; a GET more when another process has written since the last checkpoint.
// Errors: OptionPrevents (the database is read-only), Closed, those of the store, ctx.Err().
func (db *DB) Checkpoint(ctx context.Context) error {
	if err := db.writable(); err != nil {
		return err
	}
	return db.checkpoint(ctx)
}

// writable returns why the database cannot be written; nil: it can.
func (db *DB) writable() error {
	switch {
	case db.opts.ReadOnly:
		return base.Errorf(errno.OptionPrevents, "the database was opened read-only")
	case db.closed.Load():
		return errClosed()
	}
	return nil
}

// checkpoint encodes and writes the current state. Several at once only waste work.
func (db *DB) checkpoint(ctx context.Context) error {
	c := &db.ckpt
	c.mu.Lock()
	foreign, known := c.mu.foreign, c.mu.seq
	c.mu.Unlock()
	if foreign {
		if err := db.readLatest(ctx); err != nil {
			return err
		}
		c.mu.Lock()
		seq, due := c.mu.seq, c.dueLocked(1)
		c.mu.Unlock()
		if seq > known && !due {
			return nil // another process has just made one
		}
	}
	st := db.state.Load()
	c.mu.Lock()
	have := c.mu.seq
	c.mu.Unlock()
	if st.seq == 0 || st.seq <= have {
		return nil
	}
	data, err := manifest.Encode(st.checkpoint(db.id.String(), db.opts.Clock.Now()))
	if err != nil {
		return err
	}
	if _, err := db.store.PutIfAbsent(ctx, manifest.Key(st.seq), data); err != nil && !errors.Is(err, object.ErrExists) {
		return err
	}
	return db.publishLatest(ctx, st.seq, len(data))
}

// publishLatest points manifest/latest to seq, unless it points to a newer checkpoint.
func (db *DB) publishLatest(ctx context.Context, seq uint64, size int) error {
	c := &db.ckpt
	data, err := manifest.EncodeLatest(manifest.Latest{UUID: db.id.String(), Seq: seq})
	if err != nil {
		return err
	}
	for range 4 {
		c.mu.Lock()
		tag, known := c.mu.latest, c.mu.seq
		c.mu.Unlock()
		if known >= seq {
			return nil
		}
		if tag == "" {
			tag, err = db.store.PutIfAbsent(ctx, manifest.LatestKey, data)
		} else {
			tag, err = db.store.PutIfMatch(ctx, manifest.LatestKey, tag, data)
		}
		switch {
		case err == nil:
			c.settle(seq, size, tag, db.state.Load().seq)
			return nil
		case errors.Is(err, object.ErrExists), errors.Is(err, object.ErrChanged), errors.Is(err, object.ErrConflict), errors.Is(err, object.ErrUnknown):
			if err := db.readLatest(ctx); err != nil {
				return err
			}
		default:
			return err
		}
	}
	return err
}

// readLatest learns which checkpoint is the newest. A hint that cannot be read is replaced by the next one.
func (db *DB) readLatest(ctx context.Context) error {
	obj, err := db.store.Get(ctx, manifest.LatestKey)
	if errors.Is(err, object.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	l, err := manifest.DecodeLatest(obj.Data)
	switch {
	case errors.Is(err, manifest.ErrNewer):
		return err
	case err != nil || l.UUID != db.id.String():
		l.Seq = 0
	}
	c := &db.ckpt
	c.mu.Lock()
	c.mu.latest = obj.ETag
	newer := l.Seq > c.mu.seq
	size := c.mu.bytes
	c.mu.Unlock()
	if newer {
		c.settle(l.Seq, size, obj.ETag, db.state.Load().seq)
	}
	return nil
}

// settle notes the newest checkpoint. The tail keeps what came after it.
func (c *checkpointer) settle(seq uint64, size int, tag string, head uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.latest = tag
	if seq <= c.mu.seq {
		return
	}
	c.mu.seq, c.mu.bytes = seq, size
	tail := 0
	if head > seq {
		tail = int(head - seq)
	}
	if c.mu.tail > 0 {
		c.mu.tailBytes = int(int64(c.mu.tailBytes) * int64(tail) / int64(max(c.mu.tail, tail)))
	}
	c.mu.tail, c.mu.foreign = tail, false
}

// checkpoint describes the state; rows are read while it is encoded.
func (s *state) checkpoint(uuid string, now time.Time) *manifest.Checkpoint {
	c := &manifest.Checkpoint{UUID: uuid, Seq: s.seq, Time: now, Garbage: encodeGarbage(s.garbage)}
	s.tables.Scan(func(id uint32, v *version) bool {
		if t := v.describe(id); v.delta.len() > 0 || t.Rows > 0 || t.AutoInc > 0 || t.Segments != "" {
			c.Tables = append(c.Tables, t)
		}
		return true
	})
	return c
}

// describe returns a version as a checkpoint has it. Entries that may be folded are rows there.
func (v *version) describe(id uint32) manifest.Table {
	t := manifest.Table{ID: id, AutoInc: v.autoInc, Rows: v.rows, Each: v.each, Segments: v.encodeState()}
	if !v.unfolded {
		return t
	}
	t.Rows, t.Each = v.base, v.eachBase
	t.Entries = func(fn func(manifest.Entry) bool) {
		v.delta.ascend("", func(e *entry) bool {
			return fn(manifest.Entry{Key: e.key, Row: e.row, Seq: e.seq, Dead: e.dead, Hides: e.hides})
		})
	}
	return t
}
