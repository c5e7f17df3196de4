package sqlengine

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/plugins/replication"
	"github.com/s3sql/s3sql/plugins/replication/worker"
	"github.com/s3sql/s3sql/sqlengine/event"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/table"
)

// flowManager runs the replications of a database whose DSN has workers=on.
type flowManager struct {
	e     *Engine
	run   func(context.Context, *runningFlow) // runReplication: a call of it here would make the initialization of system variables a cycle
	ctx   context.Context
	stop  context.CancelFunc
	tasks sync.WaitGroup
	mu    struct {
		sync.Mutex
		closed bool
		all    map[uint32]*runningFlow
	}
}

// runningFlow is a replication that this process runs, or would run.
type runningFlow struct {
	o      *catalog.Object
	cat    *catalog.Catalog
	cancel context.CancelFunc
	done   chan struct{}

	mu    sync.Mutex
	job   *flowJob // nil: it is not open
	state string   // then
	err   error
}

// definitionsEvery is how often the store is asked for definitions that other processes have made, where nothing else asks it.
const definitionsEvery = 30 * time.Second

// longestRest is how long a replication that has failed rests at most.
const longestRest = time.Minute

func (m *flowManager) open(e *Engine) {
	m.e, m.run = e, m.runReplication
	m.ctx, m.stop = context.WithCancel(context.Background())
	m.mu.all = map[uint32]*runningFlow{}
	if e.cfg.Workers && !e.cfg.ReadOnly {
		m.tasks.Go(m.watch)
	}
}

// watch looks for definitions.
func (m *flowManager) watch() {
	ctx := object.WithTag(m.ctx, object.Tag{Plugin: "replication"})
	for ctx.Err() == nil {
		applied := m.e.db.Applied()
		if _, err := m.e.resteer(ctx); err != nil {
			m.e.cfg.Logger.Warn("the definitions of replications could not be read", "error", err)
		}
		if m.e.doze(ctx, definitionsEvery, applied) && m.e.now().Sub(m.e.db.FreshAt()) >= definitionsEvery {
			_ = m.e.db.Refresh(ctx, time.Time{}) // the next one tries again
		}
	}
}

// want brings what runs in line with a committed catalog. It does not wait.
func (m *flowManager) want(cat *catalog.Catalog) {
	if !m.e.cfg.Workers || m.e.cfg.ReadOnly {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	wanted := map[uint32]bool{}
	for _, o := range cat.Objects(flowKind.name) {
		if o.Paused || !flowEnabled(o) || m.mu.closed {
			continue
		}
		wanted[o.ID] = true
		old := m.mu.all[o.ID]
		if old != nil && old.o.Version == o.Version {
			continue
		}
		m.startLocked(o, cat, old)
	}
	for id, r := range m.mu.all {
		if !wanted[id] {
			r.cancel()
			delete(m.mu.all, id)
		}
	}
}

// startLocked starts a replication, when the one in its place has come to its end.
func (m *flowManager) startLocked(o *catalog.Object, cat *catalog.Catalog, old *runningFlow) {
	r := &runningFlow{o: o, cat: cat, done: make(chan struct{}), state: "starting"}
	var ctx context.Context
	ctx, r.cancel = context.WithCancel(object.WithTag(m.ctx, object.Tag{Plugin: "replication", Table: o.Name}))
	if old != nil {
		old.cancel()
	}
	m.mu.all[o.ID] = r
	m.tasks.Go(func() {
		defer close(r.done)
		defer r.cancel()
		if old != nil {
			<-old.done
		}
		m.run(ctx, r)
	})
}

// runReplication runs a replication until ctx ends.
func (m *flowManager) runReplication(ctx context.Context, r *runningFlow) {
	for try := 0; ctx.Err() == nil; try++ {
		began := m.e.now()
		err := m.runOnce(ctx, r)
		if ctx.Err() != nil {
			return
		}
		if m.e.now().Sub(began) > longestRest {
			try = 0
		}
		var busy *errBusy
		if errors.As(err, &busy) || errors.Is(err, replication.ErrFenced) {
			r.set(nil, "standby", nil)
			if err := m.standby(ctx, r); err != nil && ctx.Err() == nil {
				m.e.cfg.Logger.Warn("a replication that another process runs cannot be watched", "replication", r.o.Name, "error", err)
				m.e.cfg.Clock.Sleep(longestRest, ctx.Done())
			}
			continue
		}
		state := "retrying"
		if replication.IsPermanent(err) || errors.Is(err, worker.ErrStopped) {
			state = "failed"
		}
		r.set(nil, state, err)
		m.e.cfg.Logger.Warn("a replication does not run", "replication", r.o.Name, "error", err)
		m.e.cfg.Events.Publish(event.ReplicatorError{Replication: r.o.Name, Error: err.Error()})
		if errors.Is(err, worker.ErrStopped) {
			<-ctx.Done() // until somebody changes the definition
			return
		}
		rest := min(time.Second<<min(try, 6), longestRest)
		if replication.IsPermanent(err) {
			rest = longestRest
		}
		m.e.cfg.Clock.Sleep(rest, ctx.Done())
	}
}

func (m *flowManager) runOnce(ctx context.Context, r *runningFlow) error {
	if err := m.e.db.Refresh(ctx, time.Time{}); err != nil {
		return err
	}
	j, err := m.e.openFlow(ctx, r.o, r.cat, false)
	if err != nil {
		return err
	}
	defer j.close()
	r.set(j, "", nil)
	defer r.set(nil, "stopped", nil)
	return j.worker.Run(ctx)
}

func (r *runningFlow) set(j *flowJob, state string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.job, r.state, r.err = j, state, err
}

// standby returns when the process that runs the replication has let go of it, or has been silent although there was something to deliver.
//
// Cost: one GET every poll_interval, if nothing else asks the store.
func (m *flowManager) standby(ctx context.Context, r *runningFlow) error {
	feed, err := m.e.db.OpenFeed(ctx, m.e.db.Head())
	if err != nil {
		return err
	}
	defer feed.Close()
	watch := &flowSource{e: m.e, o: r.o, rows: m.e.newFlowRows(ctx), feed: feed, poll: flowOptions(r.o).Duration("poll_interval")}
	if err := watch.load(ctx); err != nil {
		return err
	}
	var since time.Time // of the first change that nobody has accounted for
	for ctx.Err() == nil {
		c, err := feed.Next(ctx)
		if err != nil {
			return err
		}
		now := m.e.now()
		if c == nil {
			if !since.IsZero() && now.Sub(since) >= abandonedAfter(r.o) {
				return nil
			}
			if err := watch.Wait(ctx, definitionsEvery); err != nil {
				return err
			}
			continue
		}
		if err := watch.load(ctx); err != nil {
			return err
		}
		switch {
		case watch.touches(c, flowState):
			since = time.Time{}
			if saved, err := m.e.savedFlow(ctx, r.o.ID); err != nil || saved.process == "" {
				return err
			}
		case since.IsZero() && watch.concerned(c):
			since = now
		}
	}
	return ctx.Err()
}

// concerned reports whether a commit has written a table that is replicated.
func (f *flowSource) concerned(c *table.FeedCommit) bool {
	written := c.Tables()
	return slices.ContainsFunc(f.routes, func(r *route) bool {
		return slices.ContainsFunc(r.table.RowTables(), func(id uint32) bool {
			_, ok := slices.BinarySearch(written, id)
			return ok
		})
	})
}

// running reports whether this process runs a replication, or tries to.
func (m *flowManager) running(id uint32) bool {
	_, _, known := m.look(id)
	return known
}

// look returns how a replication is that this process runs, or tries to run. open: it is at work, and the whole status is known; else its state
// and its last error are.
func (m *flowManager) look(id uint32) (s worker.Status, open, known bool) {
	m.mu.Lock()
	r := m.mu.all[id]
	m.mu.Unlock()
	if r == nil {
		return s, false, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.job != nil {
		return r.job.worker.Status(), true, true
	}
	if s.State = r.state; r.err != nil {
		s.LastError = r.err.Error()
	}
	return s, false, s.State != "standby" // else another process tells
}

// close ends everything, and waits for it.
func (m *flowManager) close() {
	m.mu.Lock()
	m.mu.closed = true
	m.mu.Unlock()
	m.stop()
	m.tasks.Wait()
}
