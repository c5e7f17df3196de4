package sqlengine

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/suggest"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/sqlengine/system"
	"github.com/s3sql/s3sql/storage/table"
)

func compareNames(a, b string) int { return strings.Compare(lowered(a), lowered(b)) }

// pluginObjectKind is the kind of an installed plugin, with the options that it takes.
//
// Errors: 1524-class (this program does not have the plugin).
func pluginObjectKind(name string) (*objectKind, error) {
	d, ok := plugins.Lookup(lowered(name))
	if !ok {
		known := "it has none"
		if names := plugins.Names(); len(names) > 0 {
			known = "it has " + strings.Join(names, ", ")
			if near := suggest.Nearest(lowered(name), names); near != "" {
				known = "did you mean " + near + "? " + known
			}
		}
		return nil, base.Errorf(errno.PluginNotLoaded, "Plugin '%s' is not loaded: this program does not import it; %s", name, known)
	}
	return &objectKind{name: pluginKind, options: d.Options}, nil
}

// installPlugin is INSTALL PLUGIN and UNINSTALL PLUGIN. It waits until the plugin has started, or has not, when the statement is a
// transaction of its own.
func (r *run) installPlugin(n *ast.InstallPlugin) (*Result, error) {
	res, err := r.write(func(tx *table.Tx) (*Result, error) {
		cat, err := r.s.e.catalog.Load(r.ctx, tx)
		if err != nil {
			return nil, err
		}
		old := cat.Object(pluginKind, n.Name)
		switch {
		case n.Uninstall && old == nil:
			return nil, base.Errorf(errno.NoSuchName, "PLUGIN %s does not exist", n.Name)
		case n.Uninstall:
			return &Result{}, catalog.DropObject(tx, old)
		case old != nil:
			return nil, base.Errorf(errno.PluginInstalled, "Plugin '%s' is already installed; ALTER PLUGIN changes its options", n.Name)
		}
		k, err := pluginObjectKind(n.Name)
		if err != nil {
			return nil, err
		}
		o := &catalog.Object{Kind: pluginKind, Name: lowered(n.Name), CreatedMicros: r.start.UnixMicro()}
		return &Result{}, r.storeObject(tx, k, nil, o, n.Options, nil)
	})
	if err != nil || r.s.tx != nil {
		return res, err
	}
	return res, r.pluginsSettled(n.Name)
}

// pluginsSettled waits for the plugins after a committed change, and warns of one that did not start.
func (r *run) pluginsSettled(name string) error {
	e := r.s.e
	_, err := e.resteer(r.ctx)
	if err == nil {
		err = e.plugins.settle(r.ctx)
	}
	for _, p := range e.plugins.list() {
		if strings.EqualFold(p.Name, name) && p.Error != "" {
			r.s.warn(base.Errorf(errno.PluginRefused, "plugin %s has not started: %s", p.Name, p.Error))
		}
	}
	return err
}

// list describes the plugins, for system.plugins.
func (m *pluginManager) list() (out []system.Plugin) {
	for _, name := range []string{"audit", "cache", "costs", "fulltext", "metrics"} {
		out = append(out, system.Plugin{Name: name, Version: Version, Kind: "builtin", State: string(pluginActive)})
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, i := range m.mu.all {
		state, err := i.status()
		p := system.Plugin{Name: i.object.Name, Version: i.def.Version, Kind: "go", State: string(state), Options: shownOptions(i.object)}
		if err != nil {
			p.Error = err.Error()
		}
		out = append(out, p)
	}
	return out
}

// shownOptions are the options of an object as JSON, without secrets.
func shownOptions(o *catalog.Object) string {
	doc := map[string]string{}
	for _, s := range o.Options {
		switch doc[s.Name] = s.Value; {
		case s.Secret != "":
			doc[s.Name] = "SECRET " + s.Secret
		case s.Sealed != nil:
			doc[s.Name] = "***"
		}
	}
	b, err := json.Marshal(doc)
	if err != nil {
		return "{}"
	}
	if text, jerr := convert.NormalizeJSON(string(b)); jerr == nil {
		return text
	}
	return string(b)
}

// Plugins returns the plugins, for system.plugins.
func (r *infoSource) Plugins() []system.Plugin { return r.s.e.plugins.list() }

// kinds returns the kinds of objects that plugins have added.
func (m *pluginManager) kinds() (out []*objectKind) {
	for _, i := range m.at() {
		for _, k := range i.host.kinds {
			out = append(out, k.kind)
		}
	}
	return out
}

// pluginTables returns the tables that plugins have added to the schema system.
func (e *Engine) pluginTables() (out []*plan.VirtualTable) {
	for _, i := range e.plugins.at() {
		for _, t := range i.host.tables {
			v := &plan.VirtualTable{Schema: system.Schema, Name: lowered(t.Name), Columns: pluginColumns(t.Columns), Source: &pluginTable{e, i, t}}
			if t.Delete != nil {
				v.Change = func(c *expr.Context, old, row []base.Value) error {
					if row != nil {
						return base.Errorf(errno.NotSupported, "rows of system.%s can be deleted, not updated", v.Name)
					}
					gone := make([]any, len(old))
					for k := range old {
						gone[k] = goValue(old[k], v.Columns[k].Type)
					}
					return e.callPlugin(c.Ctx, i, "Delete of a table", func(ctx context.Context) error { return t.Delete(ctx, gone) })
				}
			}
			out = append(out, v)
		}
	}
	return out
}

// callPlugin calls a function that a statement needs the result of: it may take as long as the statement, and fails with it.
func (e *Engine) callPlugin(ctx context.Context, i *instance, what string, fn func(ctx context.Context) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = base.Errorf(errno.PluginRefused, "plugin %s: %s panicked: %v", i.object.Name, what, r)
		}
	}()
	if err := fn(ctx); err != nil {
		var known *base.Error
		if errors.As(err, &known) || ctx.Err() != nil {
			return err
		}
		return base.Errorf(errno.PluginRefused, "plugin %s: %v", i.object.Name, err)
	}
	return nil
}

// pluginTable makes the rows of a plugin's table.
type pluginTable struct {
	e *Engine
	i *instance
	t plugins.Table
}

// Rows asks the plugin.
func (p *pluginTable) Rows(c *expr.Context) (out [][]base.Value, err error) {
	err = p.e.callPlugin(c.Ctx, p.i, "Rows of table "+p.t.Name, func(ctx context.Context) error {
		rows, err := p.t.Rows(ctx)
		if err == nil {
			out, err = pluginRows(p.t.Columns, rows)
		}
		return err
	})
	return out, err
}

// customFunction is plan.Env.Function: a function that the program or a plugin has added.
func (e *Engine) customFunction(name string) *expr.Custom {
	for k := range e.cfg.Functions {
		if f := &e.cfg.Functions[k]; strings.EqualFold(f.Name, name) {
			return e.custom(f, &instance{object: &catalog.Object{Name: "(program)"}})
		}
	}
	for _, i := range e.plugins.at() {
		for k := range i.host.functions {
			if f := &i.host.functions[k]; strings.EqualFold(f.Name, name) {
				return e.custom(f, i)
			}
		}
	}
	return nil
}

func (e *Engine) custom(f *plugins.Function, i *instance) *expr.Custom {
	t := valueType(f.Type)
	return &expr.Custom{Name: strings.ToUpper(f.Name), Min: f.MinArgs, Max: f.MaxArgs, Type: t, Volatile: !f.Deterministic,
		Call: func(c *expr.Context, args []base.Value, types []base.Type) (v base.Value, _ base.Type, err error) {
			values := make([]any, len(args))
			for k := range args {
				values[k] = goValue(args[k], types[k])
			}
			err = e.callPlugin(c.Ctx, i, "function "+f.Name, func(ctx context.Context) error {
				out, err := f.Call(ctx, values)
				if err == nil {
					v, err = sqlValue(out, f.Type)
				}
				return err
			})
			return v, t, err
		}}
}

// customTableFunction returns a table function that a plugin has added; nil: there is none of that name.
func (e *Engine) customTableFunction(name string) plan.TableFunctionDef {
	for _, i := range e.plugins.at() {
		for k := range i.host.sources {
			f := &i.host.sources[k]
			if !strings.EqualFold(f.Name, name) {
				continue
			}
			return func(args []expr.Expr) (plan.TableFunction, []plan.Column, error) {
				if len(args) < f.MinArgs || f.MaxArgs >= 0 && len(args) > f.MaxArgs {
					return nil, nil, base.Errorf(errno.WrongParamCount, "Incorrect parameter count in the call to native function '%s'", f.Name)
				}
				types := make([]base.Type, len(args))
				for k, a := range args {
					types[k] = a.Type()
				}
				return &pluginFunction{e, i, f, types}, pluginColumns(f.Columns), nil
			}
		}
	}
	return nil
}

// pluginFunction makes the rows of a plugin's table function.
type pluginFunction struct {
	e     *Engine
	i     *instance
	f     *plugins.TableFunction
	types []base.Type
}

// Rows asks the plugin.
func (p *pluginFunction) Rows(c *expr.Context, args []base.Value, yield func(row []base.Value) error) error {
	values := make([]any, len(args))
	for k := range args {
		values[k] = goValue(args[k], p.types[k])
	}
	var out [][]base.Value
	err := p.e.callPlugin(c.Ctx, p.i, "table function "+p.f.Name, func(ctx context.Context) error {
		rows, err := p.f.Call(ctx, values)
		if err == nil {
			out, err = pluginRows(p.f.Columns, rows)
		}
		return err
	})
	for k := 0; k < len(out) && err == nil; k++ {
		err = yield(out[k])
	}
	return err
}
