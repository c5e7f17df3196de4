package sqlengine

import (
	"slices"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/storage/table"
)

// clauses are what may stand between the name of an object and its options.
type clauses uint8

const (
	onTables     clauses = 1 << iota // ON t1, t2 | ON ALL TABLES [EXCEPT …]
	forReads                         // FOR … SELECT
	forChanges                       // FOR INSERT, UPDATE, DELETE
	onMetric                         // ON METRIC condition
	asText                           // AS '…'
	wantTables                       // ON has to be given
	singleObject                     // of the kind, there is one at most
)

// objectKind is what CREATE <kind> knows of a kind.
type objectKind struct {
	name    string // upper case
	clauses clauses
	options []plugins.Option
	// check, if not nil, checks what the definitions of the options do not say.
	check func(o *catalog.Object, opts plugins.Options) error
	// tables are stored system tables that the first object makes, in its transaction.
	tables []string
}

// objectKinds are the kinds that are always there.
var objectKinds = []*objectKind{&secretKind, &budgetKind, &cacheKind, &auditKind, &metricsKind, &alertKind, &flowKind}

// kindOf returns a kind by its name.
//
// Errors: 1064.
func (e *Engine) kindOf(name string) (*objectKind, error) {
	all := append(slices.Clone(objectKinds), e.plugins.kinds()...)
	i := slices.IndexFunc(all, func(k *objectKind) bool { return k.name == name })
	if i >= 0 {
		return all[i], nil
	}
	var names []string
	for _, k := range all {
		names = append(names, k.name)
	}
	slices.Sort(names)
	return nil, base.Errorf(errno.Parse, "You have an error in your SQL syntax: %s is no kind of object; there are TABLE, VIEW, INDEX, DATABASE, %s, and what installed plugins add",
		name, strings.Join(names, ", "))
}

// what names an object in errors.
func what(kind, name string) string { return strings.ToLower(kind) + " " + name }

// givenOptions returns the options of an object, as far as they are no secrets, and for each secret its reference.
func givenOptions(o *catalog.Object) []plugins.Setting {
	out := make([]plugins.Setting, len(o.Options))
	for i, s := range o.Options {
		out[i] = plugins.Setting{Name: s.Name, Value: s.Value}
	}
	return out
}

// optionsOf returns the options of an object that was checked when it was made.
func optionsOf(k *objectKind, o *catalog.Object) (plugins.Options, error) {
	return plugins.NewOptions(what(o.Kind, o.Name), k.options, givenOptions(o))
}

// createObject is CREATE of a secret, a cache, a budget and their like.
func (r *run) createObject(n *ast.CreateObject, tx *table.Tx) (*Result, error) {
	k, err := r.s.e.kindOf(n.Kind)
	if err != nil {
		return nil, err
	}
	cat, err := r.s.e.catalog.Load(r.ctx, tx)
	if err != nil {
		return nil, err
	}
	old := cat.Object(n.Kind, n.Name)
	if old != nil && !n.Replace {
		err := base.Errorf(errno.ObjectExists, "%s '%s' already exists", strings.ToLower(n.Kind), n.Name)
		if n.IfNotExists {
			err.Note = true
			r.s.warn(err)
			return &Result{}, nil
		}
		return nil, err
	}
	if have := cat.Objects(n.Kind); k.clauses&singleObject != 0 && len(have) > 0 && old == nil {
		return nil, base.Errorf(errno.WrongUsage, "there is %s already, and a database has one at most: ALTER it, or DROP it first", what(n.Kind, have[0].Name))
	}
	o := &catalog.Object{Kind: n.Kind, Name: n.Name, CreatedMicros: r.start.UnixMicro()}
	if k == &flowKind {
		return &Result{}, r.createFlow(n, o, old, cat, tx)
	}
	if err := r.objectClauses(k, n, o, cat); err != nil {
		return nil, err
	}
	return &Result{}, r.storeObject(tx, k, old, o, n.Options, n.Text)
}

// storeObject completes an object by options and stores it.
func (r *run) storeObject(tx *table.Tx, k *objectKind, old, o *catalog.Object, options []ast.Option, text *ast.Option) error {
	r.noteKind(k)
	fill := func() error {
		if text != nil {
			s, err := r.setting(o, *text, k.name == secretKind.name, "AS")
			if err != nil {
				return err
			}
			o.Text = s
		}
		seen := map[string]bool{}
		for _, opt := range options {
			if seen[opt.Name] {
				return base.Errorf(errno.WrongArguments, "%s: option %s is given twice", what(o.Kind, o.Name), opt.Name)
			}
			seen[opt.Name] = true
			s, err := r.setting(o, opt, isSecret(k, opt.Name), opt.Name)
			if err != nil {
				return err
			}
			o.Options = slices.DeleteFunc(o.Options, func(have catalog.ObjectSetting) bool { return have.Name == opt.Name })
			o.Options = append(o.Options, s)
		}
		opts, err := optionsOf(k, o)
		if err == nil && k.check != nil {
			err = k.check(o, opts)
		}
		for i := 0; i < len(k.tables) && err == nil; i++ {
			err = r.makeSystemTable(tx, k.tables[i])
		}
		return err
	}
	return catalog.PutObject(tx, old, o, fill)
}

func isSecret(k *objectKind, option string) bool {
	return slices.ContainsFunc(k.options, func(d plugins.Option) bool { return d.Name == option && d.Type == plugins.Secret })
}

// objectClauses checks the clauses of CREATE against the kind and the catalog, and notes them.
func (r *run) objectClauses(k *objectKind, n *ast.CreateObject, o *catalog.Object, cat *catalog.Catalog) error {
	refuse := func(clause string) error {
		return base.Errorf(errno.WrongUsage, "%s has no %s", what(k.name, n.Name), clause)
	}
	var err error
	switch {
	case (n.All || n.Tables != nil) && k.clauses&onTables == 0:
		return refuse("ON tables")
	case n.Metric != nil && k.clauses&onMetric == 0:
		return refuse("ON METRIC")
	case n.Metric == nil && k.clauses&onMetric != 0:
		return base.Errorf(errno.WrongUsage, "%s needs ON METRIC name > value", what(k.name, n.Name))
	case n.For != nil && k.clauses&forChanges == 0:
		return refuse("FOR")
	case n.Text != nil && k.clauses&asText == 0:
		return refuse("AS")
	case n.Text == nil && k.clauses&asText != 0:
		return base.Errorf(errno.WrongUsage, "%s needs AS 'value'", what(k.name, n.Name))
	case !n.All && n.Tables == nil && k.clauses&wantTables != 0:
		return base.Errorf(errno.WrongUsage, "%s needs ON table, … or ON ALL TABLES", what(k.name, n.Name))
	}
	for _, op := range n.For {
		if op == "SELECT" && k.clauses&forReads == 0 {
			return refuse("FOR SELECT")
		}
		if !slices.Contains(o.For, op) {
			o.For = append(o.For, op)
		}
	}
	if n.Metric != nil {
		o.On = n.Metric.Metric + " " + n.Metric.Op + " " + expr.Format(base.NewFloat(n.Metric.Value), base.Type{ID: base.TypeDouble})
	}
	o.All = n.All
	if o.Tables, err = r.tableNames(n.Tables, cat); err == nil {
		o.Except, err = r.tableNames(n.Except, cat)
	}
	return err
}

// tableNames returns the names of tables as the catalog writes them.
//
// Errors: 1146.
func (r *run) tableNames(list []*ast.TableName, cat *catalog.Catalog) (names []string, err error) {
	for _, t := range list {
		if err := r.ownDatabase(t); err != nil {
			return nil, err
		}
		known := cat.Stored().Table(t.Name)
		if known == nil {
			return nil, noSuchTable(cat, r.s.e.cfg.Database, t.Name)
		}
		if !slices.Contains(names, known.Name) {
			names = append(names, known.Name)
		}
	}
	return names, nil
}

// setting is an option as the catalog keeps it; a secret that is written out is sealed.
func (r *run) setting(o *catalog.Object, opt ast.Option, secret bool, place string) (catalog.ObjectSetting, error) {
	s := catalog.ObjectSetting{Name: opt.Name}
	switch v := opt.Value.(type) {
	case *ast.Secret:
		if !secret {
			return s, base.Errorf(errno.WrongArguments, "%s: option %s is not secret, so it takes no SECRET", what(o.Kind, o.Name), place)
		}
		s.Secret = v.Name
		return s, nil
	case *ast.Literal:
		if v.Value.IsNull() {
			return s, base.Errorf(errno.WrongArguments, "%s: option %s is NULL", what(o.Kind, o.Name), place)
		}
		s.Value = expr.Format(v.Value, v.Type)
	default:
		return s, base.Errorf(errno.WrongArguments, "%s: option %s is not a constant", what(o.Kind, o.Name), place)
	}
	if !secret || strings.HasPrefix(s.Value, "env:") {
		return s, nil
	}
	sealed, err := r.s.e.sealSecret(o.ID, s.Value)
	s.Value, s.Sealed = "", sealed
	return s, err
}

// alterObject is ALTER of an object.
func (r *run) alterObject(n *ast.AlterObject, tx *table.Tx) (*Result, error) {
	k, old, err := r.object(n.Kind, n.Name, tx)
	if err != nil {
		return nil, err
	}
	o := *old
	o.Options = slices.Clone(old.Options)
	switch n.Action {
	case "PAUSE", "RESUME":
		o.Paused = n.Action == "PAUSE"
	case "RETRY", "RESYNC":
		if err := r.alterFlow(n, &o, tx); err != nil {
			return nil, err
		}
	}
	if k == &flowKind {
		if k, err = r.alteredFlow(n, &o, tx); err != nil {
			return nil, err
		}
	}
	return &Result{}, r.storeObject(tx, k, old, &o, n.Options, nil)
}

// object returns an object by its name.
//
// Errors: 1064 (the kind), 3162-class (there is none).
func (r *run) object(kind, name string, tx *table.Tx) (*objectKind, *catalog.Object, error) {
	k, err := r.s.e.kindOf(kind)
	if kind == pluginKind {
		k, err = pluginObjectKind(name)
	}
	if err != nil {
		return nil, nil, err
	}
	cat, err := r.s.e.catalog.Load(r.ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	o := cat.Object(kind, name)
	if o == nil {
		return nil, nil, noObject(cat, kind, name)
	}
	return k, o, nil
}

func (r *run) dropObject(n *ast.DropObject, tx *table.Tx) (*Result, error) {
	k, o, err := r.object(n.Kind, n.Name, tx)
	if e, ok := err.(*base.Error); ok && n.IfExists && e.Number == errno.NoSuchObject.Number {
		e.Note = true
		r.s.warn(e)
		return &Result{}, nil
	}
	if err != nil {
		return nil, err
	}
	r.noteKind(k)
	if o.Flow != nil {
		if err := r.forgetFlow(tx, o); err != nil {
			return nil, err
		}
	}
	return &Result{}, catalog.DropObject(tx, o)
}

// noteKind notes that the transaction changes an object of a kind.
func (r *run) noteKind(k *objectKind) { r.s.noted.budgets = r.s.noted.budgets || k == &budgetKind }
