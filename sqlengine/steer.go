package sqlengine

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/sqlengine/system"
	"github.com/s3sql/s3sql/storage/table"
)

// steering is what the objects of a catalog come to. It is immutable.
type steering struct {
	version any // of the catalog
	prices  system.PriceList
	budgets []*budget
	caches  []*resultCache // by name
	audits  []*auditing
	metrics *measuring // nil: there is none
	alerts  []*alert
}

// steerer keeps the steering of the newest catalog that this process knows.
type steerer struct {
	mu   sync.Mutex // of who takes a newer one over
	last atomic.Pointer[steering]
}

// steer returns what the objects that tx sees come to.
//
// Cost: none while the catalog stays the same.
// Errors: those of catalog.Cache.Load.
func (r *run) steer(tx *table.Tx) (*steering, error) { return r.s.e.steer(r.ctx, tx) }

func (e *Engine) steer(ctx context.Context, tx *table.Tx) (*steering, error) {
	version := tx.Version(catalog.DescriptorTable)
	if s := e.steering.last.Load(); s != nil && s.version == version {
		return s, nil
	}
	cat, err := e.catalog.Load(ctx, tx)
	if err != nil {
		return nil, err
	}
	e.steering.mu.Lock()
	defer e.steering.mu.Unlock()
	newest := version == e.db.Version(catalog.DescriptorTable) // else it is not committed, or old, and steers its transaction alone
	s := e.compile(cat, newest)
	s.version = version
	if newest {
		e.steering.last.Store(s)
		e.forgetCaches(cat)
		e.plugins.want(cat)
		e.flows.want(cat)
		e.prices.Store(&s.prices)
	}
	return s, nil
}

// resteer makes the objects of the newest catalog that this process knows steer it.
//
// Cost: none while the catalog stays the same.
func (e *Engine) resteer(ctx context.Context) (*steering, error) {
	if s := e.steering.last.Load(); s != nil && s.version == e.db.Version(catalog.DescriptorTable) {
		return s, nil
	}
	tx, err := e.db.Begin(ctx, table.TxOptions{ReadOnly: true, Fresh: table.None})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	return e.steer(ctx, tx)
}

// compile makes the steering of a catalog. Of one that is not the newest, only caches that are open are used.
func (e *Engine) compile(cat *catalog.Catalog, newest bool) *steering {
	s := &steering{prices: pricesOf(cat)}
	e.eachObject(cat, &budgetKind, func(o *catalog.Object, opts plugins.Options) { s.budgets = append(s.budgets, e.budgetOf(o, opts)) })
	e.eachObject(cat, &auditKind, func(o *catalog.Object, opts plugins.Options) { s.audits = append(s.audits, auditOf(o, opts)) })
	e.eachObject(cat, &metricsKind, func(o *catalog.Object, opts plugins.Options) { s.metrics = measuringOf(o, opts) })
	e.eachObject(cat, &alertKind, func(o *catalog.Object, opts plugins.Options) { s.alerts = append(s.alerts, e.alertOf(o, opts)) })
	e.eachObject(cat, &cacheKind, func(o *catalog.Object, opts plugins.Options) {
		if c := e.cacheOf(o, opts, newest); c != nil {
			s.caches = append(s.caches, c)
		}
	})
	return s
}

// eachObject calls fn with the objects of a kind that are not paused. One whose options a newer version of s3sql has given is left out.
func (e *Engine) eachObject(cat *catalog.Catalog, k *objectKind, fn func(o *catalog.Object, opts plugins.Options)) {
	for _, o := range cat.Objects(k.name) {
		if o.Paused {
			continue
		}
		opts, err := optionsOf(k, o)
		if err != nil {
			e.cfg.Logger.Warn("an object is left out", "kind", o.Kind, "name", o.Name, "error", err)
			continue
		}
		fn(o, opts)
	}
}
