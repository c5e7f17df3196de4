package sqlengine

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/sqlengine/event"
	"github.com/s3sql/s3sql/storage/object"
)

// pluginHost is the plugins.Host of one plugin.
type pluginHost struct {
	m     *pluginManager
	of    *instance
	ctx   context.Context
	stop  context.CancelFunc
	tasks sync.WaitGroup // of events, of hooks after commits
	subs  []*event.Subscription

	sealed     bool // Setup is over
	statements []plugins.StatementHooks
	commits    []*commitHook
	tables     []plugins.Table
	functions  []plugins.Function
	sources    []plugins.TableFunction
	kinds      []*pluginObjects
}

// commitHook is a hook around commits with what waits for it.
type commitHook struct {
	plugins.CommitHooks
	tables []string // in lower case; "*" all
	queue  chan plugins.Commit
}

// pluginObjects is a kind of objects that a plugin has added.
type pluginObjects struct {
	plugins.Kind
	kind *objectKind
	told string // what Changed was told of last
}

var _ plugins.Host = (*pluginHost)(nil)

func newPluginHost(m *pluginManager, i *instance) *pluginHost {
	h := &pluginHost{m: m, of: i}
	h.ctx, h.stop = context.WithCancel(object.WithTag(m.e.background(), object.Tag{Plugin: i.object.Name}))
	return h
}

// background is the context of work that no statement waits for.
func (e *Engine) background() context.Context { return context.Background() }

func (h *pluginHost) Name() string             { return h.of.object.Name }
func (h *pluginHost) Context() context.Context { return h.ctx }
func (h *pluginHost) Logger() *slog.Logger     { return h.m.e.pluginLogger(h.Name()) }

func (h *pluginHost) DB() *sql.DB {
	if open := h.m.e.cfg.OpenDB; open != nil {
		return open()
	}
	return nil
}

// registers panics when Setup is over: what is registered is read without a lock.
func (h *pluginHost) registers(what string) {
	if h.sealed {
		panic("plugins: " + what + " is to be called in Setup")
	}
}

func (h *pluginHost) seal() { h.sealed = true }

func (h *pluginHost) Statements(hooks plugins.StatementHooks) {
	h.registers("Statements")
	h.statements = append(h.statements, hooks)
}

// waitingCommits is how many commits may wait for a hook.
const waitingCommits = 1000

func (h *pluginHost) Commits(hooks plugins.CommitHooks, tables ...string) {
	h.registers("Commits")
	c := &commitHook{CommitHooks: hooks}
	for _, t := range tables {
		c.tables = append(c.tables, lowered(t))
	}
	if hooks.After != nil {
		c.queue = make(chan plugins.Commit, waitingCommits)
		h.tasks.Go(func() { h.serve(c) })
	}
	h.commits = append(h.commits, c)
}

// serve calls a hook after commits.
func (h *pluginHost) serve(c *commitHook) {
	for {
		select {
		case commit := <-c.queue:
			if !h.safely("the hook after a commit", func() { c.After(commit) }) {
				return
			}
		case <-h.ctx.Done():
			for { // those that had come before the end
				select {
				case commit := <-c.queue:
					if !h.safely("the hook after a commit", func() { c.After(commit) }) {
						return
					}
				default:
					return
				}
			}
		}
	}
}

// safely calls fn and reports whether it came to its end; if not, the plugin has failed.
func (h *pluginHost) safely(what string, fn func()) (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			h.m.fail(h.of, fmt.Errorf("%s panicked: %v", what, r))
			ok = false
		}
	}()
	fn()
	return true
}

// waitingEvents is how many events may wait for a plugin.
const waitingEvents = 10_000

func (h *pluginHost) Events(fn func(event.Record)) {
	h.registers("Events")
	sub := h.m.e.cfg.Events.Subscribe(waitingEvents)
	h.subs = append(h.subs, sub)
	h.tasks.Go(func() {
		for r := range sub.C() {
			if !h.safely("the handler of events", func() { fn(r) }) {
				sub.Close()
				return
			}
		}
	})
}

func (h *pluginHost) Publish(e event.Event) { h.m.e.cfg.Events.Publish(e) }

func (h *pluginHost) Table(t plugins.Table) {
	h.registers("Table")
	if t.Name == "" || t.Rows == nil || len(t.Columns) == 0 || systemDDL[lowered(t.Name)] != "" {
		panic("plugins: a table has a name of its own, columns and Rows")
	}
	h.tables = append(h.tables, t)
}

func (h *pluginHost) Function(f plugins.Function) {
	h.registers("Function")
	if f.Name == "" || f.Call == nil {
		panic("plugins: a function has a name and Call")
	}
	h.functions = append(h.functions, f)
}

func (h *pluginHost) TableFunction(f plugins.TableFunction) {
	h.registers("TableFunction")
	if f.Name == "" || f.Call == nil || len(f.Columns) == 0 {
		panic("plugins: a table function has a name, columns and Call")
	}
	h.sources = append(h.sources, f)
}

func (h *pluginHost) Kind(k plugins.Kind) {
	h.registers("Kind")
	k.Name = strings.ToUpper(k.Name)
	if k.Name == "" || k.Name == pluginKind || slices.ContainsFunc(objectKinds, func(o *objectKind) bool { return o.name == k.Name }) {
		panic("plugins: a kind has a name that is not taken")
	}
	o := &objectKind{name: k.Name, options: k.Options}
	if k.Clauses.Tables {
		o.clauses |= onTables
	}
	if k.Clauses.Operations {
		o.clauses |= forChanges
	}
	if k.Clauses.Text {
		o.clauses |= asText
	}
	h.kinds = append(h.kinds, &pluginObjects{Kind: k, kind: o})
}

// end ends what the host does for the plugin, but for the calls that are under way.
func (h *pluginHost) end() {
	h.stop()
	for _, s := range h.subs {
		s.Close()
	}
}

// tellKinds tells the plugins of the objects of their kinds, where they have changed.
func (m *pluginManager) tellKinds(cat *catalog.Catalog) {
	for _, i := range m.at() {
		for _, k := range i.host.kinds {
			if k.Changed == nil {
				continue
			}
			objects, now, err := m.objectsOf(cat, k)
			if err == nil && now == k.told {
				continue
			}
			if err == nil {
				k.told = now
				err = guarded(i.host.ctx, "Changed", setupTime, func(ctx context.Context) error { return k.Changed(ctx, objects) })
			}
			if err != nil {
				m.fail(i, err)
			}
		}
	}
}

// objectsOf returns the objects of a kind, and what tells whether they have changed.
func (m *pluginManager) objectsOf(cat *catalog.Catalog, k *pluginObjects) (out []plugins.Object, now string, err error) {
	now = "-"
	for _, o := range cat.Objects(k.Name) {
		if o.Paused {
			continue
		}
		now += fmt.Sprintf(" %d.%d", o.ID, o.Version)
		opts, err := m.e.revealed(cat, what(o.Kind, o.Name), k.Options, o)
		if err != nil {
			return nil, "", err
		}
		text, err := m.e.reveal(cat, o, o.Text)
		if err != nil {
			return nil, "", err
		}
		out = append(out, plugins.Object{Name: o.Name, Options: opts, Tables: o.Tables, AllTables: o.All, Except: o.Except, Operations: o.For, Text: text})
	}
	return out, now, nil
}
