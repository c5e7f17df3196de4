package sqlengine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/plugins/replication"
	"github.com/s3sql/s3sql/plugins/replication/worker"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/system"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/table"
)

// abandonedAfter is how long a process that runs a replication may keep silent while there is something to deliver, before another
// one takes over: longer than a delivery may take. It says something every second while it delivers, and every five while its target is down.
func abandonedAfter(o *catalog.Object) time.Duration {
	return max(flowOptions(o).Duration("timeout")+5*time.Second, 10*time.Second)
}

// flowJob is a replication that is, or is to be, run by this process.
type flowJob struct {
	e      *Engine
	o      *catalog.Object
	cat    *catalog.Catalog
	target replication.Target
	source *flowSource
	worker *worker.Worker
}

// openFlow claims a replication and opens its target.
//
// Errors: errBusy; those of the target's Open, of the options and of the store.
func (e *Engine) openFlow(ctx context.Context, o *catalog.Object, cat *catalog.Catalog, foreground bool) (_ *flowJob, err error) {
	d, cfg, err := e.targetOf(cat, o)
	if err != nil {
		return nil, replication.Permanent(err)
	}
	opts := cfg.Options
	saved, err := e.savedFlow(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	if saved.process != "" && saved.process != e.process && e.now().Sub(saved.updated) < abandonedAfter(o) {
		return nil, &errBusy{saved.process, abandonedAfter(o)}
	}
	epoch, err := e.claim(ctx, o, saved)
	if err != nil {
		return nil, err
	}
	j := &flowJob{e: e, o: o, cat: cat}
	if j.target, err = d.Open(ctx, cfg); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			j.close()
		}
	}()
	position := saved.position
	if p, ok := j.target.(replication.Positioner); ok {
		if position, err = e.targetPosition(ctx, p, opts.Duration("timeout")); err != nil {
			return nil, err
		}
	}
	j.source = &flowSource{e: e, o: o, start: opts.Text("start"), poll: opts.Duration("poll_interval"), before: d.Before, rows: e.newFlowRows(ctx)}
	if err = j.source.open(ctx, worker.SourcePosition(position)); err != nil {
		return nil, err
	}
	j.worker = worker.New(worker.Config{Name: o.Name, Source: j.source, Target: j.target, From: position, Saved: saved.status, Retries: saved.retriesOr(o),
		Store: &flowStore{e: e, o: o, epoch: epoch, position: saved.position, retention: opts.Duration("log_retention")},
		Clock: e.cfg.Clock, Rand: e.cfg.Rand, Logger: e.cfg.Logger, Events: e.cfg.Events, Foreground: foreground,
		Options: worker.Options{Batch: int(opts.Int("batch_size")), MaxRetries: int(opts.Int("max_retries")), RetryDelay: opts.Duration("retry_delay"),
			Timeout: opts.Duration("timeout"), OnError: worker.OnError(opts.Text("on_error")), Breaker: int(opts.Int("circuit_breaker")),
			Log: opts.Bool("log"), Retries: o.Flow.Retries}})
	return j, nil
}

// retriesOr returns how often RETRY FAILED has been done: of a replication that nobody has run yet, as often as it was said.
func (s *flowSaved) retriesOr(o *catalog.Object) uint32 {
	if !s.there {
		return o.Flow.Retries
	}
	return s.retries
}

// targetPosition asks a target for its position.
func (e *Engine) targetPosition(ctx context.Context, p replication.Positioner, timeout time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return p.Position(ctx)
}

func (j *flowJob) close() {
	if j.source != nil {
		j.source.close()
	}
	if err := j.target.Close(); err != nil {
		j.e.cfg.Logger.Warn("the target of a replication did not close", "replication", j.o.Name, "error", err)
	}
}

// errBusy says that another process runs a replication.
type errBusy struct {
	process string
	silence time.Duration
}

func (e *errBusy) Error() string {
	return fmt.Sprintf("it is run by another process, %s; it is taken over when that has been silent for %v", e.process, e.silence)
}

// alterFlow is RETRY FAILED and RESYNC [TABLE t].
func (r *run) alterFlow(n *ast.AlterObject, o *catalog.Object, tx *table.Tx) error {
	f := *o.Flow
	o.Flow = &f
	if n.Action == "RETRY" {
		f.Retries++
		return nil
	}
	f.Resyncs = maps.Clone(f.Resyncs)
	if f.Resyncs == nil {
		f.Resyncs = map[string]uint32{}
	}
	name := ""
	if n.Table != nil {
		cat, err := r.s.e.catalog.Load(r.ctx, tx)
		if err != nil {
			return err
		}
		names, err := r.tableNames([]*ast.TableName{n.Table}, cat)
		if err != nil {
			return err
		}
		routes, err := r.s.e.routesOf(cat, o)
		if err != nil {
			return err
		}
		for _, x := range routes {
			if x.table.Name == names[0] {
				name = lowered(names[0])
			}
		}
		if name == "" {
			return base.Errorf(errno.WrongUsage, "%s has no table %s", what(o.Kind, o.Name), names[0])
		}
	}
	f.Resyncs[name]++
	return nil
}

// forgetFlow removes the accounts of a replication that is dropped: its state and its dead letters, not its log.
func (r *run) forgetFlow(tx *table.Tx, o *catalog.Object) error {
	defer func(was bool) { r.s.owner = was }(r.s.owner)
	r.s.owner = true
	for _, sql := range []string{fmt.Sprintf("DELETE FROM system.%s WHERE id = %d", flowState, o.ID),
		"DELETE FROM system." + deadLetters + " WHERE replication = " + catalog.QuoteString(o.Name)} {
		st, err := r.s.e.parsed(sql)
		if err != nil {
			return err
		}
		inner := *r
		inner.st, inner.params, inner.types = st, nil, nil
		if _, err := inner.mutate(st, tx); err != nil {
			return err
		}
	}
	return nil
}

// discardsDeadLetters reports whether a statement is a DELETE FROM system.replication_dead_letters, which users may write.
func discardsDeadLetters(stmt ast.Statement) bool {
	d, ok := stmt.(*ast.Delete)
	if !ok || len(d.Targets) > 0 || len(d.From) != 1 {
		return false
	}
	t, ok := d.From[0].(*ast.TableName)
	return ok && strings.EqualFold(t.Schema, system.Schema) && strings.EqualFold(t.Name, deadLetters)
}

// runObject is TEST REPLICATION and RUN REPLICATION.
func (r *run) runObject(n *ast.RunObject) (*Result, error) {
	if r.s.tx != nil {
		return nil, base.Errorf(errno.WrongUsage, "TEST and RUN REPLICATION are transactions of their own: COMMIT first")
	}
	tx, err := r.s.e.db.Begin(r.ctx, table.TxOptions{ReadOnly: true, Fresh: table.Strong})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	_, o, err := r.object(n.Kind, n.Name, tx)
	if err != nil {
		return nil, err
	}
	cat, err := r.s.e.catalog.Load(r.ctx, tx)
	if err != nil {
		return nil, err
	}
	if n.Test {
		return r.testFlow(o, cat)
	}
	return r.runFlow(o, cat, n.Until)
}

// runFlow is RUN REPLICATION: it delivers until it is cancelled, or until everything is delivered.
func (r *run) runFlow(o *catalog.Object, cat *catalog.Catalog, until bool) (*Result, error) {
	e := r.s.e
	if o.Paused {
		return nil, base.Errorf(errno.WrongUsage, "%s is paused: ALTER REPLICATION %s RESUME first", what(o.Kind, o.Name), catalog.QuoteName(o.Name))
	}
	if !flowEnabled(o) {
		return nil, base.Errorf(errno.WrongUsage, "%s is not enabled: ALTER REPLICATION %s SET (enabled = true) first", what(o.Kind, o.Name), catalog.QuoteName(o.Name))
	}
	ctx := object.WithTag(r.ctx, object.Tag{Plugin: "replication", Table: o.Name})
	if e.flows.running(o.ID) {
		return r.awaitFlow(ctx, o)
	}
	start := e.now()
	j, err := e.openFlow(ctx, o, cat, true)
	if err != nil {
		return nil, flowError(o, err)
	}
	defer j.close()
	was := j.worker.Status()
	j.worker.Forever = !until
	if err := j.worker.Run(ctx); err != nil {
		return nil, flowError(o, err)
	}
	return flowResult(o, was, j.worker.Status(), j.source.feed.Seq(), e.now().Sub(start)), nil
}

// patience is how long RUN REPLICATION waits for a target that is down, where the replication runs in the background.
const patience = 10 * time.Second

// awaitFlow waits until the replication, which runs in this process, has come to the newest commit.
func (r *run) awaitFlow(ctx context.Context, o *catalog.Object) (*Result, error) {
	e := r.s.e
	start, goal := e.now(), e.db.Head()
	was, _, _ := e.flows.look(o.ID)
	for {
		s, _, known := e.flows.look(o.ID)
		if !known {
			return nil, flowError(o, errors.New("it was stopped meanwhile"))
		}
		if down := s.State == "retrying" && e.now().Sub(start) > patience; down || s.State == "failed" || s.State == "circuit_open" {
			return nil, flowError(o, errors.New(s.LastError))
		}
		if s.State == "running" && s.Seq >= goal && s.Idle {
			return flowResult(o, was, s, s.Seq, e.now().Sub(start)), nil
		}
		if !e.cfg.Clock.Sleep(10*time.Millisecond, ctx.Done()) {
			return nil, ctx.Err()
		}
	}
}

func flowError(o *catalog.Object, err error) error {
	var known *base.Error
	if errors.As(err, &known) && known.Kind != base.KindInvalid {
		return err
	}
	return base.Errorf(errno.PluginRefused, "%s: %v", what(o.Kind, o.Name), err)
}

func flowResult(o *catalog.Object, was, now worker.Status, seq uint64, took time.Duration) *Result {
	cols := system.Columns("replication", "s", "records", "i", "failed", "i", "dead_letters", "i", "position", "i", "took_ms", "f")
	return rowsResult(cols, [][]base.Value{{base.NewString(o.Name), base.NewInt(now.Operations - was.Operations), base.NewInt(now.Errors - was.Errors),
		base.NewInt(now.Dead), base.NewInt(int64(seq)), base.NewFloat(float64(took.Microseconds()) / 1000)}})
}

// testFlow is TEST REPLICATION: a row for each thing that was looked at.
func (r *run) testFlow(o *catalog.Object, cat *catalog.Catalog) (*Result, error) {
	e := r.s.e
	d, cfg, err := e.targetOf(cat, o)
	if err != nil {
		return nil, err
	}
	routes, err := e.routesOf(cat, o)
	if err != nil {
		return nil, err
	}
	var all []*replication.Destination
	for _, x := range routes {
		all = append(all, x.dest)
	}
	ctx, cancel := context.WithTimeout(r.ctx, cfg.Options.Duration("timeout"))
	defer cancel()
	var checks []replication.Check
	if target, err := d.Open(ctx, cfg); err != nil {
		checks = []replication.Check{{What: "connection", Err: err}}
	} else {
		checks = target.Check(ctx, all)
		if err := target.Close(); err != nil {
			return nil, err
		}
	}
	var rows [][]base.Value
	for _, c := range checks {
		status, note := "ok", c.Note
		if c.Err != nil {
			status, note = "error", c.Err.Error()
		}
		rows = append(rows, []base.Value{base.NewString(c.What), base.NewString(status), textOrNull(note)})
	}
	return rowsResult(system.Columns("check", "s", "status", "s", "note", "X"), rows), nil
}
