package sqlengine

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/suggest"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/plugins/replication"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/storage/table"
)

// flowKind is CREATE REPLICATION, but for the options of its target.
var flowKind = objectKind{name: "REPLICATION", tables: []string{flowState, flowLog, deadLetters}, options: []plugins.Option{
	{Name: "batch_size", Type: plugins.Int, Default: "100", Min: 1, Max: 10_000},
	{Name: "max_retries", Type: plugins.Int, Default: "3", Max: 1000},
	{Name: "retry_delay", Type: plugins.Duration, Default: "1s"},
	{Name: "timeout", Type: plugins.Duration, Default: "30s"},
	{Name: "on_error", Default: "dead_letter", Values: []string{"dead_letter", "skip", "stop"}},
	{Name: "start", Default: "now"},
	{Name: "log", Type: plugins.Bool, Default: "true"},
	{Name: "log_retention", Type: plugins.Duration, Default: "7d"},
	{Name: "enabled", Type: plugins.Bool, Default: "true"},
	{Name: "circuit_breaker", Type: plugins.Int, Default: "10", Max: 1_000_000},
	{Name: "poll_interval", Type: plugins.Duration, Default: "5s", Min: 0.01, Max: 3600},
}}

// flowKindOf is the kind of replications to a target, with all options.
//
// Errors: 1524-class (there is no such target, or this program does not import its package).
func flowKindOf(target string) (*objectKind, replication.Definition, error) {
	d, ok := replication.Lookup(target)
	if !ok {
		return nil, d, noTarget(target)
	}
	k := flowKind
	k.options = append(slices.Clone(k.options), d.Options...)
	return &k, d, nil
}

func noTarget(target string) error {
	if pkg := replication.Packages[target]; pkg != "" {
		return base.Errorf(errno.PluginNotLoaded, "this program cannot replicate to %s: add import _ \"%s\"", target, pkg)
	}
	known := replication.Names()
	for name := range replication.Packages {
		if !slices.Contains(known, name) {
			known = append(known, name)
		}
	}
	slices.Sort(known)
	hint := ""
	if near := suggest.Nearest(target, known); near != "" {
		hint = "did you mean " + near + "? "
	}
	return base.Errorf(errno.PluginNotLoaded, "there is no target %s; %sthere are %s, and what programs register (replication.Register)", target, hint, strings.Join(known, ", "))
}

// createFlow completes and stores a REPLICATION.
func (r *run) createFlow(n *ast.CreateObject, o, old *catalog.Object, cat *catalog.Catalog, tx *table.Tx) error {
	k, d, err := flowKindOf(n.Target)
	if err != nil {
		return err
	}
	o.Flow = &catalog.Flow{Target: n.Target, Start: tx.Seq()}
	if old != nil && old.Flow != nil { // what counts up goes on, so that everybody notices
		o.Flow.Resyncs, o.Flow.Retries = old.Flow.Resyncs, old.Flow.Retries
	}
	if n.Address == nil && !d.NoAddress && !d.OptionalAddress {
		return base.Errorf(errno.WrongUsage, "%s needs an address: TO %s '…'", what(o.Kind, o.Name), n.Target)
	}
	if n.Address != nil && d.NoAddress {
		return base.Errorf(errno.WrongUsage, "%s: target %s has no address", what(o.Kind, o.Name), n.Target)
	}
	for _, it := range n.Items {
		item, err := r.flowItem(it, cat)
		if err != nil {
			return err
		}
		o.Flow.Items = append(o.Flow.Items, item)
	}
	seal := *k
	seal.check = func(o *catalog.Object, opts plugins.Options) error {
		if n.Address != nil {
			if o.Flow.Address, err = r.address(o, *n.Address); err != nil {
				return err
			}
		}
		return r.s.e.checkFlow(cat, o, d, opts)
	}
	return r.storeObject(tx, &seal, old, o, n.Options, nil)
}

func (r *run) flowItem(it *ast.ReplicationItem, cat *catalog.Catalog) (out catalog.FlowItem, err error) {
	out = catalog.FlowItem{Into: it.Into, For: it.For, Select: it.Select, Where: it.Where}
	if it.Table != nil {
		names, err := r.tableNames([]*ast.TableName{it.Table}, cat)
		if err != nil {
			return out, err
		}
		out.Table = names[0]
		return out, nil
	}
	out.Except, err = r.tableNames(it.Except, cat)
	return out, err
}

// alteredFlow is the kind that an ALTER of a replication goes by. Where the program does not have the target, options stay as they are.
func (r *run) alteredFlow(n *ast.AlterObject, o *catalog.Object, tx *table.Tx) (*objectKind, error) {
	k, d, err := flowKindOf(o.Flow.Target)
	if err != nil {
		if n.Action == "SET" {
			return nil, err
		}
		k = &objectKind{name: flowKind.name}
		for _, s := range o.Options {
			k.options = append(k.options, plugins.Option{Name: s.Name})
		}
		return k, nil
	}
	cat, err := r.s.e.catalog.Load(r.ctx, tx)
	if n.Action == "SET" {
		k.check = func(o *catalog.Object, opts plugins.Options) error { return r.s.e.checkFlow(cat, o, d, opts) }
	}
	return k, err
}

// hidesSecret finds what is secret in an address.
var hidesSecret = regexp.MustCompile(`(?i)(password|passwd|secret|token|signature|api_?key)[^&= ]*=`)

// address is the address of a target as the catalog keeps it: sealed, if it has a secret in it.
//
// Errors: 3185 (there is no secret key); 1210.
func (r *run) address(o *catalog.Object, opt ast.Option) (catalog.ObjectSetting, error) {
	if lit, ok := opt.Value.(*ast.Literal); ok && lit.Value.Class() == base.String && !secretive(lit.Value.Text()) {
		return catalog.ObjectSetting{Value: lit.Value.Text()}, nil
	}
	return r.setting(o, opt, true, "TO")
}

func secretive(address string) bool {
	if u, err := url.Parse(address); err == nil && u.User != nil {
		if _, has := u.User.Password(); has {
			return true
		}
	}
	return hidesSecret.MatchString(address)
}

// checkFlow checks a definition: its options, its transforms, and what the target says of them.
func (e *Engine) checkFlow(cat *catalog.Catalog, o *catalog.Object, d replication.Definition, opts plugins.Options) error {
	if start := opts.Text("start"); start != "now" && start != "snapshot" {
		if strings.Trim(start, "0123456789") != "" || start == "" {
			return base.Errorf(errno.WrongArguments, "%s: option start = '%s' is not valid: it has to be 'now', 'snapshot' or the number of a commit", what(o.Kind, o.Name), start)
		}
	}
	routes, err := e.routesOf(cat, o)
	if err != nil {
		return err
	}
	type end struct{ source, dest, operation string }
	seen := map[end]bool{}
	for _, r := range routes {
		for _, op := range []string{"INSERT", "UPDATE", "DELETE"} {
			k := end{r.table.Name, strings.ToLower(r.dest.Name), op}
			if !r.item.Operation(op) {
				continue
			}
			if seen[k] && r.item.Where == "" {
				return base.Errorf(errno.WrongUsage, "%s sends each %s of table %s to %s twice", what(o.Kind, o.Name), op, r.table.Name, r.dest.Name)
			}
			seen[k] = true
		}
	}
	if d.Validate == nil {
		return nil
	}
	_, c, err := e.targetOf(cat, o)
	if err != nil {
		return err
	}
	if err := d.Validate(c); err != nil {
		return base.Errorf(errno.WrongArguments, "%s: %v", what(o.Kind, o.Name), err)
	}
	return nil
}

// targetOf returns the kind of target of a replication, and what it is opened with; secrets are revealed.
func (e *Engine) targetOf(cat *catalog.Catalog, o *catalog.Object) (d replication.Definition, c replication.Config, err error) {
	k, d, err := flowKindOf(o.Flow.Target)
	if err != nil {
		return d, c, err
	}
	c = replication.Config{ID: fmt.Sprintf("%s/%d/%s", e.db.UUID(), o.ID, o.Name), Replication: o.Name, Source: e.cfg.Database, SourceID: e.db.UUID(),
		Logger: e.pluginLogger("replication " + o.Name)}
	settings := make([]plugins.Setting, 0, len(o.Options))
	for _, s := range o.Options {
		v, err := e.reveal(cat, o, s)
		if err != nil {
			return d, c, err
		}
		settings = append(settings, plugins.Setting{Name: s.Name, Value: v})
	}
	if c.Address, err = e.reveal(cat, o, o.Flow.Address); err != nil {
		return d, c, err
	}
	c.Options, err = plugins.NewOptions(what(o.Kind, o.Name), k.options, settings)
	return d, c, err
}

// flowOptions are the options of a replication without its secrets; the defaults where this program does not know them all.
func flowOptions(o *catalog.Object) plugins.Options {
	if k, _, err := flowKindOf(o.Flow.Target); err == nil {
		if opts, err := optionsOf(k, o); err == nil {
			return opts
		}
	}
	own := slices.DeleteFunc(givenOptions(o), func(s plugins.Setting) bool {
		return !slices.ContainsFunc(flowKind.options, func(d plugins.Option) bool { return d.Name == s.Name })
	})
	opts, _ := plugins.NewOptions(what(o.Kind, o.Name), flowKind.options, own) // they were checked when it was made
	return opts
}

// flowEnabled reports whether a replication is to run.
func flowEnabled(o *catalog.Object) bool { return flowOptions(o).Bool("enabled") }
