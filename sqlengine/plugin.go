package sqlengine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/plugins"
)

// pluginKind is INSTALL PLUGIN. Its options are those of the plugin.
const pluginKind = "PLUGIN"

// How long the methods of a plugin may take.
const (
	setupTime = 10 * time.Second
	startTime = 30 * time.Second
	stopTime  = 10 * time.Second
)

// pluginState is what system.plugins shows of an installed plugin.
type pluginState string

const (
	pluginStarting pluginState = "starting"
	pluginActive   pluginState = "active"
	pluginFailed   pluginState = "failed"
	pluginMissing  pluginState = "missing" // the program does not have it
)

// instance is an installed plugin in this process.
type instance struct {
	object *catalog.Object // of one of the program's: its name alone
	local  bool            // it is the program's, not the catalog's
	def    plugins.Definition
	plugin plugins.Plugin
	host   *pluginHost
	mu     struct {
		sync.Mutex
		state pluginState
		err   error
	}
}

func (i *instance) status() (pluginState, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.mu.state, i.mu.err
}

func (i *instance) set(state pluginState, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.mu.state != pluginFailed || state == pluginStarting {
		i.mu.state, i.mu.err = state, err
	}
}

// pluginManager starts and stops the plugins that the catalog has, one after the other, in a goroutine of its own.
type pluginManager struct {
	e     *Engine
	tasks sync.WaitGroup
	// active are the plugins at work, by name; readers take no lock.
	active atomic.Pointer[[]*instance]
	mu     struct {
		sync.Mutex
		wanted  *wantedPlugins // newest; nil: nothing new
		running bool
		closed  bool
		all     map[uint32]*instance // by the object's id
		settled chan struct{}        // closed when nothing is left to do; nil: nothing is
	}
}

// wantedPlugins is what a catalog says.
type wantedPlugins struct {
	cat     *catalog.Catalog
	objects []*catalog.Object
}

// want brings the plugins in line with a committed catalog.
func (m *pluginManager) want(cat *catalog.Catalog) {
	objects := cat.Objects(pluginKind)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mu.closed || len(objects) == 0 && len(m.mu.all) == 0 {
		return
	}
	m.mu.wanted = &wantedPlugins{cat, objects}
	if m.mu.settled == nil {
		m.mu.settled = make(chan struct{})
	}
	if !m.mu.running {
		m.mu.running = true
		m.tasks.Go(m.work)
	}
}

// settle waits until the plugins are as the newest catalog wants them.
func (m *pluginManager) settle(ctx context.Context) error {
	m.mu.Lock()
	c := m.mu.settled
	m.mu.Unlock()
	if c == nil {
		return nil
	}
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *pluginManager) work() {
	for {
		m.mu.Lock()
		w := m.mu.wanted
		m.mu.wanted = nil
		if w == nil {
			m.mu.running = false
			close(m.mu.settled)
			m.mu.settled = nil
			m.mu.Unlock()
			return
		}
		if m.mu.all == nil {
			m.mu.all = map[uint32]*instance{}
		}
		var gone []*instance
		for id, i := range m.mu.all {
			same := i.local || slices.ContainsFunc(w.objects, func(o *catalog.Object) bool { return o.ID == id && o.Version == i.object.Version && !o.Paused })
			if !same {
				gone = append(gone, i)
				delete(m.mu.all, id)
			}
		}
		m.mu.Unlock()
		for _, i := range gone {
			m.publish()
			m.stop(i)
		}
		for _, o := range w.objects {
			m.mu.Lock()
			known := m.mu.all[o.ID] != nil || o.Paused
			m.mu.Unlock()
			if !known {
				m.start(w.cat, o)
			}
		}
		m.tellKinds(w.cat)
	}
}

// publish makes the plugins that are active known to statements.
func (m *pluginManager) publish() {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*instance
	for _, i := range m.mu.all {
		if state, _ := i.status(); state == pluginActive {
			out = append(out, i)
		}
	}
	slices.SortFunc(out, func(a, b *instance) int { return compareNames(a.object.Name, b.object.Name) })
	m.active.Store(&out)
}

// at returns the plugins at work.
func (m *pluginManager) at() []*instance {
	if p := m.active.Load(); p != nil {
		return *p
	}
	return nil
}

// start makes and starts a plugin. What goes wrong is its state.
func (m *pluginManager) start(cat *catalog.Catalog, o *catalog.Object) {
	i := &instance{object: o}
	i.mu.state = pluginStarting
	m.mu.Lock()
	m.mu.all[o.ID] = i
	m.mu.Unlock()
	var ok bool
	if i.def, ok = plugins.Lookup(lowered(o.Name)); !ok {
		i.set(pluginMissing, errors.New("this program does not have the plugin: import its package"))
		return
	}
	if err := m.begin(cat, i); err != nil {
		m.fail(i, err)
		m.stop(i)
		return
	}
	i.set(pluginActive, nil)
	m.publish()
	m.e.cfg.Logger.Info("plugin started", "plugin", o.Name)
}

// localFirst is where the ids of the program's plugins begin, which have no objects.
const localFirst = 1 << 31

// startLocal starts the program's plugins.
func (m *pluginManager) startLocal(list []plugins.Local) {
	for k, l := range list {
		i := &instance{object: &catalog.Object{Name: l.Name}, local: true, plugin: l.Plugin}
		i.mu.state = pluginStarting
		m.mu.Lock()
		if m.mu.all == nil {
			m.mu.all = map[uint32]*instance{}
		}
		m.mu.all[localFirst+uint32(k)] = i
		m.mu.Unlock()
		if err := m.run(i); err != nil {
			m.fail(i, err)
			m.stop(i)
			continue
		}
		i.set(pluginActive, nil)
		m.publish()
	}
}

func (m *pluginManager) begin(cat *catalog.Catalog, i *instance) error {
	opts, err := m.e.revealed(cat, "plugin "+i.object.Name, i.def.Options, i.object)
	if err != nil {
		return err
	}
	err = guarded(m.e.background(), "New", setupTime, func(context.Context) (err error) {
		i.plugin, err = i.def.New(opts)
		return err
	})
	if err == nil && i.plugin == nil {
		err = errors.New("it has made no plugin")
	}
	if err != nil {
		return err
	}
	return m.run(i)
}

// run sets a plugin up and starts it.
func (m *pluginManager) run(i *instance) error {
	i.host = newPluginHost(m, i)
	err := guarded(i.host.ctx, "Setup", setupTime, func(ctx context.Context) error {
		defer i.host.seal()
		return i.plugin.Setup(ctx, i.host)
	})
	if err == nil {
		err = guarded(i.host.ctx, "Start", startTime, i.plugin.Start)
	}
	return err
}

// fail makes a plugin one that has failed: it is left out from now on.
func (m *pluginManager) fail(i *instance, err error) {
	i.set(pluginFailed, err)
	m.e.cfg.Logger.Error("plugin failed; the database goes on without it", "plugin", i.object.Name, "error", err)
	m.publish()
}

// stop ends a plugin.
func (m *pluginManager) stop(i *instance) {
	if i.host == nil {
		return
	}
	i.host.end()
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if err := guarded(ctx, "Stop", stopTime, i.plugin.Stop); err != nil {
		m.e.cfg.Logger.Warn("plugin did not stop as it should", "plugin", i.object.Name, "error", err)
	}
	i.host.tasks.Wait()
}

// close stops all plugins.
func (m *pluginManager) close() {
	m.mu.Lock()
	m.mu.closed, m.mu.wanted = true, nil
	m.mu.Unlock()
	m.tasks.Wait()
	m.mu.Lock()
	all := m.mu.all
	m.mu.all = nil
	m.mu.Unlock()
	m.publish()
	for _, i := range all {
		m.stop(i)
	}
}

// guarded calls a function of a plugin. It returns what the function does, or why it was left: it panicked, or took too long; then it may go
// on running.
func guarded(ctx context.Context, name string, limit time.Duration, fn func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	done := make(chan error, 1)
	go func() {
		defer cancel()
		defer func() {
			if r := recover(); r != nil {
				done <- &panicError{name, r}
			}
		}()
		done <- fn(ctx)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select { // cancel comes after the result
	case err := <-done:
		return err
	default:
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &slowError{name, limit}
	}
	return ctx.Err()
}

// slowError says that a function of a plugin took too long.
type slowError struct {
	name  string
	limit time.Duration
}

func (e *slowError) Error() string { return fmt.Sprintf("%s took longer than %v", e.name, e.limit) }

// panicError says that a function of a plugin panicked.
type panicError struct {
	name  string
	value any
}

func (e *panicError) Error() string { return fmt.Sprintf("%s panicked: %v", e.name, e.value) }

func isPanic(err error) bool {
	var p *panicError
	return errors.As(err, &p)
}

// revealed returns the options of an object with its secrets.
func (e *Engine) revealed(cat *catalog.Catalog, what string, defs []plugins.Option, o *catalog.Object) (plugins.Options, error) {
	var given []plugins.Setting
	for _, s := range o.Options {
		v := s.Value
		if s.Secret != "" || s.Sealed != nil || slices.ContainsFunc(defs, func(d plugins.Option) bool { return d.Name == s.Name && d.Type == plugins.Secret }) {
			var err error
			if v, err = e.reveal(cat, o, s); err != nil {
				return plugins.Options{}, err
			}
		}
		given = append(given, plugins.Setting{Name: s.Name, Value: v})
	}
	return plugins.NewOptions(what, defs, given)
}

// pluginLogger is the logger of a plugin.
func (e *Engine) pluginLogger(name string) *slog.Logger { return e.cfg.Logger.With("plugin", name) }
