package sqlengine

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/system"
	"github.com/s3sql/s3sql/storage/object"
)

// ledgerView is a ledger since RESET COSTS.
type ledgerView struct {
	ledger *object.Ledger

	mu struct {
		sync.Mutex
		since time.Time
		total object.Snapshot // at that time
		tags  map[object.Tag]object.Snapshot
		calls map[string]int64 // of digests
	}
}

func (v *ledgerView) open(ledger *object.Ledger, since time.Time) {
	v.ledger = ledger
	v.mu.since = since
}

// reset makes all figures zero.
func (v *ledgerView) reset(now time.Time, calls map[string]int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.mu.since, v.mu.total, v.mu.calls = now, v.ledger.Total(), calls
	v.mu.tags = maps.Collect(v.ledger.Tags())
}

func (v *ledgerView) requests() (object.Snapshot, time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.ledger.Total().Sub(v.mu.total), v.mu.since
}

// byStatement returns what the statements of each digest have asked for.
func (v *ledgerView) byStatement() (used map[string]object.Snapshot, callsBefore map[string]int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	used = map[string]object.Snapshot{}
	for tag, s := range v.ledger.Tags() {
		used[tag.Statement] = used[tag.Statement].Add(s.Sub(v.mu.tags[tag]))
	}
	return used, v.mu.calls
}

// prices returns the prices in force for the session.
func (s *Session) prices() system.Prices {
	return s.e.priceList().Of(s.text(&costProfile, false))
}

func (e *Engine) priceList() system.PriceList {
	if l := e.prices.Load(); l != nil {
		return *l
	}
	return system.NewPriceList()
}

// priceKind is the kind of the objects that hold the prices which UPDATE system.prices has changed. No statement makes one.
const priceKind = "PRICE"

// pricesOf returns the prices that a catalog's objects come to.
func pricesOf(cat *catalog.Catalog) system.PriceList {
	l := system.NewPriceList()
	for _, o := range cat.Objects(priceKind) {
		opts, err := priceOptions(o)
		if err == nil {
			l.Set(opts.Text("profile"), opts.Text("operation"), opts.Float("usd"))
		}
	}
	return l
}

// SessionPrices returns the prices in force for the session.
func (r *infoSource) SessionPrices() system.Prices { return r.s.prices() }

// Requests returns what the process has asked of the store since the figures begin.
func (r *infoSource) Requests() (object.Snapshot, time.Time) { return r.s.e.costs.requests() }

// StoredBytes returns how many bytes the segments of the database take, dropped ones that are still there included.
func (r *infoSource) StoredBytes() (n int64, err error) {
	list, err := r.Storage()
	for i := range list {
		n += list[i].Garbage
		for _, g := range list[i].Segments {
			n += g.Bytes
		}
	}
	return n, err
}

// StatementUsage returns what the statements of each digest came to.
func (r *infoSource) StatementUsage() (out []system.StatementUsage) {
	used, before := r.s.e.costs.byStatement()
	for _, d := range r.s.e.metrics.Digests() {
		if calls := d.Calls.Load() - before[d.ID]; calls > 0 || used[d.ID].Requests() > 0 {
			out = append(out, system.StatementUsage{Digest: d.ID, Sample: d.Text, Calls: calls, Used: used[d.ID]})
		}
	}
	return out
}

// CostHistory returns the requests of each minute.
func (r *infoSource) CostHistory() ([]system.MinuteUsage, error) {
	cat, err := r.Catalog()
	if err != nil {
		return nil, err
	}
	names := tableNames(cat)
	others, err := r.costsOfOthers(names)
	return append(r.s.e.history.list(names), others...), err
}

// Secrets returns the names of the secrets.
func (r *infoSource) Secrets() (out []system.Secret, err error) {
	cat, err := r.Catalog()
	if err != nil {
		return nil, err
	}
	for _, o := range cat.Objects(secretKind.name) {
		out = append(out, system.Secret{Name: o.Name, Created: time.UnixMicro(o.CreatedMicros)})
	}
	return out, nil
}

// Prices returns all prices as the transaction sees them.
func (r *infoSource) Prices() (system.PriceList, error) {
	cat, err := r.Catalog()
	if err != nil {
		return nil, err
	}
	return pricesOf(cat), nil
}

// history counts requests by minute, table, plugin and operation, for a day.
type history struct {
	clock base.Clock
	mu    struct {
		sync.Mutex
		m     map[historyKey]*historyCount
		first int64 // the oldest minute in m
	}
}

type historyKey struct {
	minute                   int64 // since 1970
	table, plugin, operation string
}

type historyCount struct{ requests, sent, received int64 }

// historyMinutes is how long a minute is kept.
const historyMinutes = 24 * 60

// Observe counts a request.
func (h *history) Observe(ctx context.Context, q object.Request) {
	tag := object.TagOf(ctx)
	key := historyKey{h.clock.Now().Unix() / 60, tag.Table, tag.Plugin, system.Operation(q.Command)}
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.mu.m[key]
	if c == nil {
		if h.mu.m == nil {
			h.mu.m = map[historyKey]*historyCount{}
			h.mu.first = key.minute
		}
		if h.mu.first <= key.minute-historyMinutes {
			h.mu.first = key.minute
			for k := range h.mu.m {
				if k.minute <= key.minute-historyMinutes {
					delete(h.mu.m, k)
				} else {
					h.mu.first = min(h.mu.first, k.minute)
				}
			}
		}
		c = new(historyCount)
		h.mu.m[key] = c
	}
	c.requests, c.sent, c.received = c.requests+1, c.sent+q.Sent, c.received+q.Received
}

// list returns the counts, with the names of tables in the place of the ids that their rows are stored under.
func (h *history) list(names func(string) string) []system.MinuteUsage {
	h.mu.Lock()
	defer h.mu.Unlock()
	sum := map[historyKey]historyCount{}
	for k, c := range h.mu.m {
		k.table = names(k.table)
		s := sum[k]
		sum[k] = historyCount{s.requests + c.requests, s.sent + c.sent, s.received + c.received}
	}
	out := make([]system.MinuteUsage, 0, len(sum))
	for k, c := range sum {
		out = append(out, system.MinuteUsage{Minute: time.Unix(k.minute*60, 0).UTC(), Table: k.table, Plugin: k.plugin, Operation: k.operation,
			Requests: c.requests, Sent: c.sent, Received: c.received})
	}
	return out
}
