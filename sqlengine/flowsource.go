package sqlengine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/plugins/replication"
	"github.com/s3sql/s3sql/plugins/replication/worker"
	"github.com/s3sql/s3sql/storage/table"
)

// flowPosition is how far a replication is, as JSON.
type flowPosition struct {
	Seq  uint64 `json:"seq"`            // the last commit that was delivered as a whole
	Done int    `json:"done,omitempty"` // items of the next one that were delivered
	// Items tells the definition that Done counts by.
	Items    string            `json:"items,omitempty"`
	Snapshot *flowSnapshot     `json:"snapshot,omitempty"`
	Resyncs  map[string]uint32 `json:"resyncs,omitempty"` // those of the definition that were done, or have begun
}

// flowSnapshot is how far the tables are copied as they are at the position's commit.
type flowSnapshot struct {
	Tables []string `json:"tables"` // in lower case, that are still to be copied; the first one is being copied
	Home   uint32   `json:"home,omitempty"`
	Key    []byte   `json:"key,omitempty"` // of the last row in Home that was delivered
	Reset  bool     `json:"reset,omitempty"`
}

// flowSource is the worker.Source of a REPLICATION.
type flowSource struct {
	e      *Engine
	o      *catalog.Object
	start  string // the option
	poll   time.Duration
	before bool // records want Before
	rows   *flowRows

	feed   *table.Feed
	pos    flowPosition
	routes []*route
	cat    *catalog.Catalog                   // that routes are of
	commit *table.FeedCommit                  // the one that is being delivered; nil none
	next   func() (*worker.Item, error, bool) // of its items, from pos.Done on; nil: it is to be begun, or begun again
	stop   func()
	reader *snapshotReader
	// What the next batch is to say.
	changed, reload, loud bool

	seq, at atomic.Int64 // of the last commit that was taken, for Lag: number and microseconds
}

// open finds the position in the log.
//
// Errors: Permanent where it cannot be found any more.
func (f *flowSource) open(ctx context.Context, position string) (err error) {
	if err := f.e.db.Refresh(ctx, time.Time{}); err != nil {
		return err
	}
	if f.pos, err = f.begin(position); err != nil {
		return replication.Permanent(err)
	}
	f.feed, err = f.e.db.OpenFeed(ctx, f.pos.Seq)
	if errors.Is(err, base.ErrFenced) {
		return replication.Permanent(base.Errorf(errno.Fenced, "%v; ALTER REPLICATION %s RESYNC copies the tables anew and goes on from there", err, f.o.Name))
	}
	if err != nil {
		return err
	}
	f.note(f.pos.Seq, f.e.now())
	if err = f.load(ctx); err == nil && position == "" && f.start == "snapshot" {
		f.pos.Snapshot = &flowSnapshot{Tables: f.tablesOf("")}
	}
	return err
}

// itemsTag identifies what Done counts.
func (f *flowSource) itemsTag() string {
	b, _ := json.Marshal(f.o.Flow.Items) // of texts
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:4])
}

// begin returns the position to start with; "" is that there is none yet.
func (f *flowSource) begin(position string) (pos flowPosition, err error) {
	if position != "" {
		if err := json.Unmarshal([]byte(position), &pos); err != nil {
			return pos, base.Corruptf("", "the position of replication %s cannot be read: %v", f.o.Name, err)
		}
		switch {
		case f.o.Flow.Resyncs[""] > pos.Resyncs[""]: // all tables: what was before does not matter
			pos = flowPosition{Seq: f.e.db.Head(), Resyncs: pos.Resyncs}
		case pos.Items != f.itemsTag():
			pos.Done = 0 // they are counted otherwise now: the commit is delivered again
		}
		return pos, nil
	}
	pos = flowPosition{Seq: f.o.Flow.Start, Resyncs: maps.Clone(f.o.Flow.Resyncs)}
	switch f.start {
	case "now":
	case "snapshot":
		pos.Seq = f.e.db.Head()
	default:
		if pos.Seq, err = strconv.ParseUint(f.start, 10, 64); err != nil {
			return pos, base.Errorf(errno.WrongArguments, "start = '%s' is neither 'now', 'snapshot' nor the number of a commit", f.start)
		}
	}
	return pos, nil
}

// tablesOf returns the tables that routes begin at, those of one name or all.
func (f *flowSource) tablesOf(name string) (out []string) {
	seen := map[string]bool{}
	for _, r := range f.routes {
		if t := lowered(r.table.Name); !seen[t] && (name == "" || name == t) {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out
}

// load makes the routes of the catalog at the position.
func (f *flowSource) load(ctx context.Context) error {
	cat, err := f.rows.cache.Load(ctx, f.feed.Tx())
	if err != nil || cat == f.cat {
		return err
	}
	routes, err := f.e.routesOf(cat, f.o)
	if err != nil {
		return replication.Permanent(err)
	}
	f.cat, f.routes, f.changed = cat, routes, true
	return nil
}

// Next implements worker.Source. What was gathered before an error is handed out; the error comes again, or not.
func (f *flowSource) Next(ctx context.Context, most int) (*worker.Batch, error) {
	f.resync()
	b := &worker.Batch{}
	gather := f.follow
	if f.pos.Snapshot != nil {
		gather = f.copyRows
	}
	if err := gather(ctx, b, most); err != nil && len(b.Items) == 0 && len(b.Reset) == 0 {
		return nil, err
	}
	if f.changed {
		b.Prepare = f.destinations()
	}
	b.Reload, b.Quiet = f.reload, !f.loud
	f.changed, f.reload, f.loud = false, false, false
	f.pos.Items = f.itemsTag()
	to, err := json.Marshal(f.pos)
	b.To = string(to)
	return b, err
}

func (f *flowSource) destinations() []*replication.Destination {
	out := make([]*replication.Destination, len(f.routes))
	for i, r := range f.routes {
		out[i] = r.dest
	}
	return out
}

// resync begins to copy tables that are to be copied anew, when nothing is under way.
func (f *flowSource) resync() {
	if f.commit != nil || f.pos.Snapshot != nil {
		return
	}
	var tables []string
	for name, n := range f.o.Flow.Resyncs {
		if n > f.pos.Resyncs[name] {
			tables = append(tables, f.tablesOf(name)...)
		}
	}
	if maps.Equal(f.o.Flow.Resyncs, f.pos.Resyncs) {
		return
	}
	f.pos.Resyncs = maps.Clone(f.o.Flow.Resyncs)
	if len(tables) > 0 {
		f.pos.Snapshot = &flowSnapshot{Tables: tables, Reset: true}
	}
}

// follow adds the items of the next commits.
func (f *flowSource) follow(ctx context.Context, b *worker.Batch, most int) error {
	for len(b.Items) < most {
		if f.commit == nil {
			c, err := f.feed.Next(ctx)
			if err != nil || c == nil {
				return err
			}
			f.commit = c
			f.note(c.Seq(), c.Time())
		}
		if f.next == nil {
			if err := f.take(ctx); err != nil {
				return err
			}
		}
		it, err, ok := f.next()
		switch {
		case err != nil:
			f.halt()
			return err
		case !ok:
			f.halt()
			f.pos.Seq, f.pos.Done, f.commit = f.commit.Seq(), 0, nil
		default:
			f.pos.Done++
			b.Items = append(b.Items, it)
		}
	}
	return nil
}

// take begins with the commit, behind what has been delivered of it.
func (f *flowSource) take(ctx context.Context) error {
	if err := f.load(ctx); err != nil {
		return err
	}
	c, skip := f.commit, f.pos.Done
	f.loud = f.loud || !f.quiet(c)
	f.reload = f.reload || f.touches(c, deadLetters) || f.touches(c, flowState)
	f.next, f.stop = iter.Pull2(func(yield func(*worker.Item, error) bool) {
		n := 0
		err := f.items(ctx, c, func(it *worker.Item) error {
			if n++; n > skip && !yield(it, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && err != errEnough {
			yield(nil, err)
		}
	})
	return nil
}

var errEnough = errors.New("enough")

// halt ends the reading of a commit.
func (f *flowSource) halt() {
	if f.stop != nil {
		f.stop()
	}
	f.next, f.stop = nil, nil
}

// Wait implements worker.Source.
func (f *flowSource) Wait(ctx context.Context, most time.Duration) error {
	applied := f.e.db.Applied()
	if f.e.db.Head() > f.feed.Seq() {
		return nil
	}
	if f.e.doze(ctx, min(f.poll, most), applied) && f.e.now().Sub(f.e.db.FreshAt()) >= f.poll {
		return f.e.db.Refresh(ctx, time.Time{})
	}
	return nil
}

// doze waits for d, until wake is closed or ctx ends, and reports whether the whole of d has passed.
func (e *Engine) doze(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-wake:
			cancel()
		case <-ctx.Done():
		}
	}()
	return e.cfg.Clock.Sleep(d, ctx.Done())
}

func (f *flowSource) note(seq uint64, at time.Time) {
	f.seq.Store(int64(seq))
	f.at.Store(at.UnixMicro())
}

// Lag implements worker.Source.
func (f *flowSource) Lag() (at uint64, behind int64, since time.Duration) {
	at = uint64(f.seq.Load())
	if behind = max(int64(f.e.db.Head()-at), 0); behind > 0 {
		since = max(f.e.now().Sub(time.UnixMicro(f.at.Load())), 0)
	}
	return at, behind, since
}

func (f *flowSource) close() {
	f.halt()
	if f.feed != nil {
		f.feed.Close()
	}
}
