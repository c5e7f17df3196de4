package driver

import (
	"database/sql"
	"log/slog"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/sqlengine/event"
	"github.com/s3sql/s3sql/storage/object"
)

// Option gives a Connector a Go value that no DSN can carry.
type Option func(*parts)

// parts are the Go values that an engine is built from.
type parts struct {
	logger *slog.Logger
	store  object.Store // nil: what the Config says
	clock  base.Clock
	rand   base.Rand
	events *event.Hub

	functions []plugins.Function
	plugins   []plugins.Local
	openDB    func() *sql.DB // the database for plugins

	localFiles bool // LOAD DATA LOCAL may read every file
}

func (p *parts) ensureDefaults() {
	if p.logger == nil {
		p.logger = slog.New(slog.DiscardHandler)
	}
	if p.clock == nil {
		p.clock = base.SystemClock{}
	}
	if p.rand == nil {
		p.rand = base.SystemRand{}
	}
	p.events = event.NewHub(p.clock)
}

// WithLogger makes the engine log to l; without it nothing is logged.
func WithLogger(l *slog.Logger) Option { return func(p *parts) { p.logger = l } }

// WithStore makes the engine use s, as it is and without closing it, instead of the place that the Config says; retries
// are then up to s. Requests are counted on top of it.
func WithStore(s object.Store) Option { return func(p *parts) { p.store = s } }

// WithLocalFiles lets LOAD DATA LOCAL INFILE read every file that the program may read, relative paths from its working
// directory. It is for programs whose user writes the statements; others allow single files with RegisterLocalFile.
func WithLocalFiles() Option { return func(p *parts) { p.localFiles = true } }

// WithFunction adds a function to SQL, for the databases of this connector.
func WithFunction(f plugins.Function) Option {
	return func(p *parts) { p.functions = append(p.functions, f) }
}

// WithPlugin starts a plugin with the databases of this connector, without INSTALL PLUGIN; other processes know nothing of it. p is for one
// connector.
func WithPlugin(name string, p plugins.Plugin) Option {
	return func(o *parts) { o.plugins = append(o.plugins, plugins.Local{Name: name, Plugin: p}) }
}

// WithClock replaces the machine's clock, for tests and simulations.
func WithClock(c base.Clock) Option { return func(p *parts) { p.clock = c } }

// WithRand replaces the operating system's source of randomness, for tests and simulations.
func WithRand(r base.Rand) Option { return func(p *parts) { p.rand = r } }
