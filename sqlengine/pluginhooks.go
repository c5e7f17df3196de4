package sqlengine

import (
	"context"
	"errors"
	"slices"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/sqlengine/exec"
)

// before calls the hooks before a statement. One that fails by itself, by a panic or by taking too long, does not stop the statement.
//
// Errors: 3164-class (a hook refuses the statement).
func (m *pluginManager) before(r *run) error {
	active := m.at()
	if len(active) == 0 || r.s.internal || r.st == nil {
		return nil
	}
	s := r.hooked()
	for _, i := range active {
		for _, h := range i.host.statements {
			if h.Before == nil {
				continue
			}
			var ctx context.Context
			err := guarded(r.ctx, "the hook before a statement", plugins.HookTimeout, func(context.Context) (err error) {
				ctx, err = h.Before(r.ctx, s)
				return err
			})
			if err := m.judge(i, err); err != nil {
				return err
			}
			if err == nil && ctx != nil {
				r.ctx = ctx
			}
		}
	}
	return nil
}

// judge returns the error that a hook refuses with; one of the hook itself makes its plugin fail.
func (m *pluginManager) judge(i *instance, err error) error {
	var slow *slowError
	switch {
	case err == nil, errors.Is(err, context.Canceled): // the statement has ended, and says so itself
		return nil
	case errors.As(err, &slow), isPanic(err):
		m.fail(i, err)
		return nil
	}
	known := (*base.Error)(nil)
	if errors.As(err, &known) {
		return err
	}
	refused := base.Errorf(errno.PluginRefused, "plugin %s: %v", i.object.Name, err)
	refused.Err = err
	return refused
}

// hooked describes the statement to hooks.
func (r *run) hooked() plugins.Statement {
	w := &r.st.what
	return plugins.Statement{Text: w.text, Operation: w.operation.Name, Table: w.tag.Table, User: r.s.settings.user, Start: r.start}
}

// after calls the hooks after a statement.
func (m *pluginManager) after(r *run, used Stats, written uint64, failed error) {
	active := m.at()
	if len(active) == 0 || r.s.internal || r.st == nil {
		return
	}
	s := r.hooked()
	o := plugins.Outcome{Err: failed, Took: used.Duration, Rows: used.Rows + int64(written), Requests: used.Requests, USD: used.CostUSD}
	for _, i := range active {
		for _, h := range i.host.statements {
			if h.After == nil {
				continue
			}
			err := guarded(context.WithoutCancel(r.ctx), "the hook after a statement", plugins.HookTimeout, func(context.Context) error {
				h.After(r.ctx, s, o)
				return nil
			})
			if err != nil {
				m.fail(i, err)
			}
		}
	}
}

// watcher returns what the changes of a table's rows go to for the hooks around commits; nil: nothing.
func (r *run) watcher(t *catalog.Table) exec.Auditor {
	if r.s.internal || t.System || t.Temporary {
		return nil
	}
	if !slices.ContainsFunc(r.s.e.plugins.at(), func(i *instance) bool {
		return slices.ContainsFunc(i.host.commits, func(c *commitHook) bool { return c.watches(t.Name) })
	}) {
		return nil
	}
	return func(c exec.RowChange) error {
		op := "update"
		if c.Old == nil {
			op = "insert"
		} else if c.New == nil {
			op = "delete"
		}
		r.s.noted.changes = append(r.s.noted.changes, plugins.Change{Table: t.Name, Operation: op, Old: goRow(t, c.Old), New: goRow(t, c.New)})
		return nil
	}
}

func (c *commitHook) watches(table string) bool {
	return slices.Contains(c.tables, "*") || slices.Contains(c.tables, lowered(table))
}

// of returns a commit with the changes that the hook watches.
func (c *commitHook) of(commit plugins.Commit) plugins.Commit {
	all := commit.Changes
	commit.Changes = nil
	for _, x := range all {
		if c.watches(x.Table) {
			commit.Changes = append(commit.Changes, x)
		}
	}
	return commit
}

// beforeCommit calls the hooks before a commit.
func (m *pluginManager) beforeCommit(ctx context.Context, commit plugins.Commit) error {
	for _, i := range m.at() {
		for _, h := range i.host.commits {
			if h.Before == nil {
				continue
			}
			own := h.of(commit)
			err := guarded(ctx, "the hook before a commit", plugins.HookTimeout, func(ctx context.Context) error { return h.Before(ctx, own) })
			if err := m.judge(i, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// afterCommit hands a commit to the hooks after commits.
func (m *pluginManager) afterCommit(commit plugins.Commit) {
	for _, i := range m.at() {
		for _, h := range i.host.commits {
			if h.After == nil {
				continue
			}
			select {
			case h.queue <- h.of(commit):
			default:
				m.e.cfg.Logger.Warn("a plugin does not keep up with the commits and misses one", "plugin", i.object.Name, "seq", commit.Seq)
			}
		}
	}
}
