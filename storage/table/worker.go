package table

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"sync"

	"github.com/s3sql/s3sql/storage/commitlog"
)

// overdue is how many times past its limit a table's memory may be before a commit waits for the flush, so that processes that
// live for one commit each cannot let a database degrade.
const overdue = 4

// memoryShare is the part of the memory limit, one in so many, that rows waiting for a flush may take in all tables together.
const memoryShare = 4

// worker flushes and compacts tables, one after the other, in one goroutine at most. While nothing is due there is none.
type worker struct {
	tasks sync.WaitGroup
	rests rests
	mu    struct {
		sync.Mutex
		closed  bool
		due     map[uint32]bool // tables to look at
		running chan struct{}   // closed when the goroutine ends; nil when there is none
	}
}

// note looks at what a record has changed.
func (w *worker) note(st *state, rec *commitlog.Record, l limits) {
	for _, t := range rec.Txns {
		for i := range t.Tables {
			id := t.Tables[i].Table
			if v := st.table(id); v.full(l) || t.Tables[i].Edit != "" && v.segs.pickJob(l) != nil {
				w.mark(id)
			}
		}
	}
}

func (w *worker) mark(table uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.mu.due == nil {
		w.mu.due = map[uint32]bool{}
	}
	w.mu.due[table] = true
}

// close lets the goroutine end after the table at hand, and waits for that until ctx ends.
func (w *worker) close(ctx context.Context) {
	w.mu.Lock()
	w.mu.closed = true
	clear(w.mu.due)
	running := w.mu.running
	w.mu.Unlock()
	if running != nil {
		select {
		case <-running:
		case <-ctx.Done():
		}
	}
}

// take returns a table that is due, or ends the goroutine.
func (w *worker) take() (table uint32, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for table = range w.mu.due {
		delete(w.mu.due, table)
		return table, true
	}
	close(w.mu.running)
	w.mu.running = nil
	return 0, false
}

// start claims the goroutine if something is due and there is none.
func (w *worker) start() (started bool, running <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.mu.running != nil {
		return false, w.mu.running
	}
	if w.mu.closed || len(w.mu.due) == 0 {
		return false, nil
	}
	w.mu.running = make(chan struct{})
	w.tasks.Add(1)
	return true, w.mu.running
}

// maintainTables flushes and compacts the tables that are due, in the background; where one is long overdue it waits for that.
func (db *DB) maintainTables(ctx context.Context) {
	st := db.state.Load()
	if full := int64(st.mem) >= db.opts.MemoryLimit/memoryShare; full {
		for _, id := range st.largest(db.opts.MemoryLimit / memoryShare / 2) {
			db.work.mark(id)
		}
	}
	started, running := db.work.start()
	if started {
		go func() {
			defer db.work.tasks.Done()
			for {
				table, ok := db.work.take()
				if !ok {
					return
				}
				db.tend(db.background, table)
			}
		}()
	}
	if running != nil && db.behind(st) {
		select {
		case <-running:
		case <-ctx.Done():
		}
	}
}

// full reports whether so much of a table waits for a flush that it is due.
func (v *version) full(l limits) bool {
	return v.mem >= l.flush || v.rowsMax > 0 && v.delta.len() >= v.rowsMax
}

// behind reports whether more waits for a flush than a commit may leave waiting.
func (db *DB) behind(st *state) bool {
	if int64(st.mem) >= 2*db.opts.MemoryLimit/memoryShare {
		return true
	}
	if st.mem < overdue*db.opts.limits.flush && !st.few {
		return false
	}
	late := false
	st.tables.Scan(func(_ uint32, v *version) bool {
		late = v.unfolded && (v.mem >= overdue*db.opts.limits.flush || v.rowsMax > 0 && v.delta.len() >= overdue*v.rowsMax)
		return !late
	})
	return late
}

// largest returns the tables that can be flushed, those with most in memory first, until they have bytes together.
func (s *state) largest(bytes int64) (ids []uint32) {
	s.tables.Scan(func(id uint32, v *version) bool {
		if v.unfolded && v.mem > 0 {
			ids = append(ids, id)
		}
		return true
	})
	slices.SortFunc(ids, func(a, b uint32) int { return cmp.Compare(s.table(b).mem, s.table(a).mem) })
	sum := int64(0)
	for i, id := range ids {
		if sum += int64(s.table(id).mem); sum >= bytes {
			return ids[:i+1]
		}
	}
	return ids
}

// tend does what a table needs.
func (db *DB) tend(ctx context.Context, table uint32) {
	st := db.state.Load()
	if !db.work.rests.due(table, st) {
		return
	}
	end, ok := db.maintenanceLease(ctx, strconv.Itoa(int(table)))
	switch {
	case ok:
		defer end()
	case !db.behind(st): // else the work is done twice rather than too late
		db.work.rests.failed(table, st)
		return
	}
	v := st.table(table)
	if v.full(db.opts.limits) || int64(st.mem) >= db.opts.MemoryLimit/memoryShare {
		if err := db.flush(ctx, table); err != nil {
			db.work.rests.failed(table, db.state.Load())
			db.opts.Logger.Warn("flush failed; a later commit tries again", "table", table, "error", err)
			return
		}
	}
	pick := func(s *segments) *job { return s.pickJob(db.opts.limits) }
	for more := true; more; {
		var err error
		if more, err = db.compact(ctx, table, pick); err != nil {
			db.work.rests.failed(table, db.state.Load())
			db.opts.Logger.Warn("compaction failed; a later commit tries again", "table", table, "error", err)
			return
		}
	}
	db.work.rests.succeeded(table)
}
