package sqlengine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/infoschema"
)

// process is what other sessions see of a session, and can do to it.
type process struct {
	id   uint64
	user string

	mu struct {
		sync.Mutex
		sql    string // the statement that runs; "" none
		state  string // what it is at; "" it does not say
		since  time.Time
		cancel context.CancelCauseFunc // of the statement that runs
		killed bool                    // by KILL CONNECTION
	}
}

// begin notes that a statement runs, and returns the context it runs in.
//
// Errors: 1317 when the connection was killed.
func (p *process) begin(ctx context.Context, sql string, at time.Time) (context.Context, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mu.killed {
		cancel(nil)
		return nil, interrupted()
	}
	p.mu.sql, p.mu.state, p.mu.since, p.mu.cancel = sql, "", at, cancel
	return ctx, nil
}

// note says what the statement that runs is at, for SHOW PROCESSLIST.
func (p *process) note(state string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mu.state = state
}

// end notes that no statement runs any more.
func (p *process) end(at time.Time) {
	p.mu.Lock()
	cancel := p.mu.cancel
	p.mu.sql, p.mu.since, p.mu.cancel = "", at, nil
	p.mu.Unlock()
	if cancel != nil {
		cancel(nil)
	}
}

// kill stops the statement that runs and, unless only is set, the session.
func (p *process) kill(only bool) {
	p.mu.Lock()
	cancel := p.mu.cancel
	p.mu.killed = p.mu.killed || !only
	p.mu.Unlock()
	if cancel != nil {
		cancel(interrupted())
	}
}

func (p *process) dead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mu.killed
}

func interrupted() *base.Error {
	return base.Errorf(errno.QueryInterrupted, "Query execution was interrupted")
}

// stopped returns the error to show for one that a statement ended with in ctx: why it was stopped, if it was. An outcome that is
// known, or known to be unknown, stays.
func stopped(ctx context.Context, err error) error {
	var why *base.Error
	if err != nil && errors.As(context.Cause(ctx), &why) && base.KindOf(err) == base.KindInternal {
		return why
	}
	return err
}

// processes are the sessions of an engine by id.
type processes struct {
	mu struct {
		sync.Mutex
		m map[uint64]*process
	}
}

func (ps *processes) add(p *process) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.mu.m == nil {
		ps.mu.m = map[uint64]*process{}
	}
	ps.mu.m[p.id] = p
}

func (ps *processes) remove(id uint64) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	delete(ps.mu.m, id)
}

// get returns the session with an id; nil if there is none.
func (ps *processes) get(id uint64) *process {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return ps.mu.m[id]
}

// all returns the sessions, by id.
func (ps *processes) all() []*process {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	out := make([]*process, 0, len(ps.mu.m))
	for _, p := range ps.mu.m {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *process) int { return cmp.Compare(a.id, b.id) })
	return out
}

func (ps *processes) list(e *Engine) []infoschema.Process {
	now := e.now()
	var out []infoschema.Process
	for _, p := range ps.all() {
		p.mu.Lock()
		row := infoschema.Process{ID: p.id, User: p.user, Host: "localhost", Database: e.cfg.Database, Command: "Sleep", Since: now.Sub(p.mu.since)}
		if p.mu.sql != "" {
			row.Command, row.State, row.Info = "Query", cmp.Or(p.mu.state, "executing"), p.mu.sql
		}
		p.mu.Unlock()
		out = append(out, row)
	}
	return out
}
