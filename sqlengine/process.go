package sqlengine

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/s3sql/s3sql/sqlengine/infoschema"
)

// process is what other sessions see of a session, and can do to it.
type process struct {
	id   uint64
	user string

	mu struct {
		sync.Mutex
		sql   string // the statement that runs; "" none
		since time.Time
	}
}

func (p *process) running(sql string, at time.Time) {
	p.mu.Lock()
	p.mu.sql, p.mu.since = sql, at
	p.mu.Unlock()
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
			row.Command, row.State, row.Info = "Query", "executing", p.mu.sql
		}
		p.mu.Unlock()
		out = append(out, row)
	}
	return out
}
