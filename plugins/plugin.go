package plugins

import (
	"context"

	"github.com/s3sql/s3sql/internal/registry"
)

// Plugin extends a database. An instance is of one database in one process. Methods are called one after the other: Setup, Start, Stop.
// A method that panics, or takes longer than its time, makes the plugin fail; the database goes on without it. Base does nothing in each.
type Plugin interface {
	// Setup registers what the plugin adds with host. It has 10 seconds.
	Setup(ctx context.Context, host Host) error
	// Start begins the plugin's own work. ctx ends after 30 seconds or when the database closes: work that goes on takes
	// Host.Context.
	Start(ctx context.Context) error
	// Stop ends it, and waits for its goroutines. It has 10 seconds; Host.Context has ended before. It is called after a Setup or Start that
	// failed as well.
	Stop(ctx context.Context) error
}

// Base is a Plugin that does nothing: embed it, and write the methods that are needed.
type Base struct{}

// Setup does nothing.
func (Base) Setup(context.Context, Host) error { return nil }

// Start does nothing.
func (Base) Start(context.Context) error { return nil }

// Stop does nothing.
func (Base) Stop(context.Context) error { return nil }

var _ Plugin = Base{}

// Local is a plugin of one program, which needs no INSTALL PLUGIN.
type Local struct {
	Name   string
	Plugin Plugin
}

// Definition is what INSTALL PLUGIN knows of a plugin.
type Definition struct {
	Version string
	Options []Option
	// New makes an instance. Options are checked, and secrets revealed. It does nothing else.
	New func(o Options) (Plugin, error)
}

var known registry.Registry[Definition]

// Register makes a plugin known under a name, which INSTALL PLUGIN may give, in lower case. It is for init functions; a name that is known is an
// error of the program and panics.
func Register(name string, d Definition) {
	if d.New == nil {
		panic("plugins: " + name + " has no New")
	}
	known.Add("plugins: the plugin", name, d)
}

// Lookup returns the definition of a plugin.
func Lookup(name string) (Definition, bool) { return known.Lookup(name) }

// Names returns the names of the plugins that are known, sorted.
func Names() []string { return known.Names() }
