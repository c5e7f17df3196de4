package sqlengine

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/sqlengine/system"
	"github.com/s3sql/s3sql/storage/table"
)

// How often a process looks for rows past their time in a table that it writes. Where the ttl is a column, or one and a fixed span,
// the bounds of segments say where such rows can be, and looking in vain reads nothing; otherwise it reads the columns of the ttl.
const (
	sweepEvery     = time.Minute
	sweepEveryFull = time.Hour
)

// sweepRows is how many rows one transaction removes.
const sweepRows = 10_000

// sweeper removes rows that are past their time, as a consequence of commits of this process, in one goroutine at most.
type sweeper struct {
	sweep  func(ctx context.Context, table uint32) error
	logger *slog.Logger
	ctx    context.Context
	stop   context.CancelFunc
	tasks  sync.WaitGroup
	mu     struct {
		sync.Mutex
		closed  bool
		running bool
		last    map[uint32]time.Time // when a table was last put on due
		due     []uint32
	}
}

func (w *sweeper) start(sweep func(ctx context.Context, table uint32) error, logger *slog.Logger) {
	w.sweep, w.logger = sweep, logger
	w.ctx, w.stop = context.WithCancel(context.Background())
	w.mu.last = map[uint32]time.Time{}
}

// close cuts off what is under way, and waits for its end.
func (w *sweeper) close() {
	w.mu.Lock()
	w.mu.closed = true
	w.mu.Unlock()
	w.stop()
	w.tasks.Wait()
}

// aged is called after a commit that has changed rows of tables with a ttl.
func (e *Engine) aged(tables []*catalog.Table) {
	if len(tables) == 0 || e.cfg.Maintenance == "off" || e.cfg.ReadOnly {
		return
	}
	w, now := &e.sweeper, e.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.mu.closed {
		return
	}
	for _, t := range tables {
		past := now.Sub(w.mu.last[t.ID]) // of one that was never swept, ages
		if past >= sweepEvery && past >= e.sweepEvery(t) {
			w.mu.last[t.ID] = now
			w.mu.due = append(w.mu.due, t.ID)
		}
	}
	if len(w.mu.due) > 0 && !w.mu.running {
		w.mu.running = true
		w.tasks.Go(w.sweepDue)
	}
}

func (e *Engine) sweepEvery(t *catalog.Table) time.Duration {
	if x, err := e.parseExpr(t.TTL); err == nil && plan.SimpleTTL(x) {
		return sweepEvery
	}
	return sweepEveryFull
}

// sweepDue sweeps the tables that are due, until none is.
func (w *sweeper) sweepDue() {
	for {
		w.mu.Lock()
		if len(w.mu.due) == 0 {
			w.mu.running = false
			w.mu.Unlock()
			return
		}
		id := w.mu.due[0]
		w.mu.due = w.mu.due[1:]
		w.mu.Unlock()
		if err := w.sweep(w.ctx, id); err != nil && base.KindOf(err) != base.KindConflict && w.ctx.Err() == nil {
			w.logger.Warn("rows past their time could not be removed; a later commit tries again", "table", id, "error", err)
		}
	}
}

// sweep removes the rows of a table that are past their time, in transactions of sweepRows rows.
//
// Cost: none where there are no such rows and none had to be looked for in segments; else the GETs of reading them, and a PUT for
// each transaction.
// Errors: Conflict (another transaction has changed one of the rows, or the table), those of the store, ctx.Err().
func (e *Engine) sweep(ctx context.Context, id uint32) error {
	s := e.NewSession()
	defer s.Close()
	for {
		tx, err := e.db.Begin(ctx, table.TxOptions{Fresh: table.None})
		if err != nil {
			return err
		}
		n, err := s.sweepOnce(ctx, tx, id)
		if err == nil && n > 0 {
			_, err = tx.Commit(ctx)
		}
		tx.Rollback()
		if err != nil || n < sweepRows {
			return err
		}
	}
}

// sweepFirst removes what is past its time before the segments of a table are merged.
func (r *run) sweepFirst(t *catalog.Table) error {
	if t.TTL == "" || t.Temporary || r.s.e.cfg.ReadOnly {
		return nil
	}
	if err := r.s.e.sweep(r.ctx, t.ID); base.KindOf(err) != base.KindConflict {
		return err
	}
	return nil // somebody else is at these rows
}

func (s *Session) sweepOnce(ctx context.Context, tx *table.Tx, id uint32) (removed uint64, err error) {
	cat, err := s.e.catalog.Load(ctx, tx)
	if err != nil {
		return 0, err
	}
	t := cat.ByID(id)
	if t == nil || t.TTL == "" {
		return 0, nil // it has gone meanwhile, or keeps its rows now
	}
	r := &run{s: s, ctx: ctx, start: s.e.now()}
	return r.removeExpired(tx, t, sweepRows)
}

// removeExpired deletes rows of a table that are past their time; limit 0 all.
func (r *run) removeExpired(tx *table.Tx, t *catalog.Table, limit int) (removed uint64, err error) {
	sql := "DELETE FROM " + catalog.QuoteName(t.Name)
	if t.System {
		sql = "DELETE FROM " + system.Schema + "." + catalog.QuoteName(t.Name)
	}
	if limit > 0 {
		sql += " LIMIT " + strconv.Itoa(limit)
	}
	st, err := r.s.e.parsed(sql)
	if err != nil {
		return 0, err
	}
	env, err := r.env(tx)
	if err != nil {
		return 0, err
	}
	env.Expired, env.System = true, t.System
	m, err := plan.Mutate(env, st.stmt)
	if err != nil {
		return 0, err
	}
	n, ok := m.Stmt.(*plan.Delete)
	if !ok {
		return 0, base.Errorf(errno.Unknown, "the rows of table '%s' cannot be removed when they expire", t.Name)
	}
	ec := r.mutationContext(tx, m)
	ec.Aging, ec.Audit = nil, nil
	out, err := exec.Delete(ec, tx, n)
	return out.Affected, err
}
