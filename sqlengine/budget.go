package sqlengine

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/event"
	"github.com/s3sql/s3sql/sqlengine/system"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/table"
)

// budgetKind is CREATE BUDGET: what requests may cost.
var budgetKind = objectKind{name: "BUDGET", options: []plugins.Option{
	{Name: "limit_usd", Type: plugins.Float, Required: true, Min: 0, Max: 1e9},
	{Name: "period", Default: "month", Values: []string{"hour", "day", "week", "month", "total"}},
	{Name: "scope", Default: "database", Values: []string{"database", "session", "statement"}},
	{Name: "action", Default: "warn", Values: []string{"warn", "reject"}},
}}

// budget is a BUDGET at work. What is spent outlives its descriptor.
type budget struct {
	id     uint32
	name   string
	limit  float64
	period string
	scope  string
	reject bool
	spent  *spending // of scope database
}

// spending is what this process has spent in the current period.
type spending struct {
	mu     sync.Mutex
	start  time.Time       // of the period
	before object.Snapshot // of the ledger at that time
	others float64         // USD of other processes, as far as a METRICS has kept them
	read   bool            // others was read
	told   time.Time       // the period that was told to be over its limit
}

func (e *Engine) budgetOf(o *catalog.Object, opts plugins.Options) *budget {
	b := &budget{id: o.ID, name: o.Name, limit: opts.Float("limit_usd"), period: opts.Text("period"), scope: opts.Text("scope"),
		reject: opts.Text("action") == "reject"}
	have, _ := e.spendings.LoadOrStore(o.ID, &spending{start: periodStart(b.period, e.started)})
	b.spent = have.(*spending)
	return b
}

// periodStart returns when the period began that a time is in, in UTC; weeks begin on Monday.
func periodStart(period string, at time.Time) time.Time {
	at = at.UTC()
	day := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
	switch period {
	case "hour":
		return at.Truncate(time.Hour)
	case "day":
		return day
	case "week":
		return day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
	case "month":
		return day.AddDate(0, 0, 1-day.Day())
	}
	return time.Time{}
}

// total returns what the database has spent in the period of now.
func (b *budget) total(now time.Time, ledger *object.Ledger, p system.Prices) float64 {
	s := b.spent
	s.mu.Lock()
	defer s.mu.Unlock()
	used := ledger.Total()
	if start := periodStart(b.period, now); start.After(s.start) {
		s.start, s.before, s.others = start, used, 0
	}
	return p.Cost(used.Sub(s.before)) + s.others
}

// readOthers reads what other processes have spent in the periods of the budgets, for the first time and after each flush of this
// process's own figures.
//
// Cost: none while there is nothing to read; else that of a query.
func (r *run) readOthers() error {
	e := r.s.e
	s, err := e.resteer(r.ctx)
	if err != nil || len(s.budgets) == 0 || s.metrics == nil || r.s.internal {
		return err
	}
	again := e.othersStale.Swap(false)
	for _, b := range s.budgets {
		if b.scope != "database" || !b.spent.due(again) {
			continue
		}
		if err := r.readOthersOf(b); err != nil {
			e.othersStale.Store(true)
			return err
		}
	}
	return nil
}

// readOthersOf reads them for one budget, as of the newest commit that this process knows.
func (r *run) readOthersOf(b *budget) error {
	tx, err := r.s.e.db.Begin(r.ctx, table.TxOptions{ReadOnly: true, Fresh: table.None})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	inner := *r
	inner.tx = tx
	since := periodStart(b.period, r.s.e.now()).Format(time.DateTime)
	if b.period == "total" {
		since = "1970-01-01"
	}
	usd, p := 0.0, r.s.prices()
	err = (*infoSource)(&inner).stored(metricSamples, " WHERE kind = 'spend' AND process <> '"+r.s.e.process+"' AND at >= '"+since+"'", func(row []base.Value) error {
		n := numbers(row)
		usd += p.OfOperation(row[sampleName].Text(), n[0], n[1], n[2])
		return nil
	})
	if err == nil {
		b.spent.mu.Lock()
		b.spent.others, b.spent.read = usd, true
		b.spent.mu.Unlock()
	}
	return err
}

// due reports whether the spending of others is to be read.
func (s *spending) due(again bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return again || !s.read
}

// spentBy returns what counts against a budget for what a session does on the account of m.
func (b *budget) spentBy(s *Session, m *object.Meter, p system.Prices) float64 {
	switch b.scope {
	case "statement":
		return p.Cost(m.Snapshot())
	case "session":
		return s.spent(b.period) + p.Cost(m.Snapshot())
	}
	return b.total(s.e.now(), s.e.cfg.Ledger, p)
}

// forWhat says what the limit of a budget is for.
func (b *budget) forWhat() string {
	switch {
	case b.scope == "statement":
		return "a statement"
	case b.period == "total":
		return "the " + b.scope
	}
	return "a " + b.period + " of the " + b.scope
}

// guard stops the requests that a session makes on an account where they would exceed a budget.
type guard struct {
	s       *Session
	meter   *object.Meter
	budgets []*budget // that reject
	prices  system.Prices
}

// guardOf returns a guard; nil: no budget rejects.
func (s *Session) guardOf(st *steering, m *object.Meter) *guard {
	g := &guard{s: s, meter: m}
	for _, b := range st.budgets {
		if b.reject {
			g.budgets = append(g.budgets, b)
		}
	}
	if g.budgets == nil {
		return nil
	}
	g.prices = s.prices()
	return g
}

// Allow returns error 3024 for a request that would exceed a budget.
func (g *guard) Allow(c object.Command) error {
	price := g.prices.PerThousand(c) / 1000
	for _, b := range g.budgets {
		if spent := b.spentBy(g.s, g.meter, g.prices); spent+price > b.limit+rounding {
			return base.Errorf(errno.BudgetExceeded, "budget '%s' of %s USD for %s would be exceeded: %s USD are spent; the request was not sent. "+
				"ALTER BUDGET %s SET (limit_usd = …) raises it, ALTER BUDGET %s PAUSE lifts it", b.name, usdText(b.limit), b.forWhat(), usdText(spent),
				catalog.QuoteName(b.name), catalog.QuoteName(b.name))
		}
	}
	return nil
}

// allowed asks the budgets of the newest catalog that this process knows whether a session may send a request on the account of m.
//
// Errors: 3024; those of Engine.resteer.
func (s *Session) allowed(ctx context.Context, m *object.Meter, c object.Command) error {
	if s.internal {
		return nil
	}
	st, err := s.e.resteer(ctx)
	if err != nil {
		return err
	}
	if g := s.guardOf(st, m); g != nil {
		return g.Allow(c)
	}
	return nil
}

// rounding is what sums of prices may be off by: far less than the price of a request.
const rounding = 1e-11

func usdText(f float64) string {
	text := strings.TrimRight(strconv.FormatFloat(f, 'f', 10, 64), "0")
	return strings.TrimSuffix(text, ".")
}

// budgeted makes a statement subject to the budgets, and reports an error when it may not even begin. first is a request that it will
// send first.
func (r *run) budgeted(s *steering, first object.Command, sends bool) error {
	if r.guard != nil && sends {
		return r.guard.Allow(first)
	}
	if len(s.budgets) == 0 || r.guard != nil || r.aboutBudgets() || r.s.internal {
		return nil
	}
	r.budgets = s.budgets
	g := r.s.guardOf(s, r.meter)
	if g == nil {
		return nil
	}
	r.guard = g
	r.ctx = object.WithGuard(r.ctx, g)
	if sends {
		return g.Allow(first)
	}
	return nil
}

// aboutBudgets reports whether the statement changes a budget: what locks others out must not lock that out.
func (r *run) aboutBudgets() bool {
	if r.st == nil {
		return false
	}
	kind := ""
	switch n := r.st.stmt.(type) {
	case *ast.CreateObject:
		kind = n.Kind
	case *ast.AlterObject:
		kind = n.Kind
	case *ast.DropObject:
		kind = n.Kind
	}
	return kind == budgetKind.name
}

// warnBudgets adds a warning for each budget that is exceeded when a statement has ended, and tells of it once in a period.
func (r *run) warnBudgets(used Stats) {
	if r.budgets == nil || used.Requests == 0 {
		return
	}
	p := r.s.prices()
	for _, b := range r.budgets {
		spent := b.spentBy(r.s, r.meter, p)
		if spent <= b.limit+rounding {
			continue
		}
		r.s.warn(base.Errorf(errno.BudgetExceeded, "budget '%s' of %s USD is exceeded: %s USD are spent", b.name, usdText(b.limit), usdText(spent)))
		s, start := b.spent, periodStart(b.period, r.s.e.now())
		s.mu.Lock()
		tell := s.told.IsZero() || start.After(s.told)
		s.told = r.s.e.now()
		s.mu.Unlock()
		if tell {
			r.s.e.cfg.Events.Publish(event.BudgetExceeded{Budget: b.name, LimitUSD: b.limit, SpentUSD: spent})
		}
	}
}

// sessionSpending is what a session has spent in the current period of each length.
type sessionSpending map[string]periodSpending

type periodSpending struct {
	start time.Time
	usd   float64
}

// spent returns what the session's earlier statements have cost in the current period. It may be called concurrently, but not beside spend.
func (s *Session) spent(period string) float64 {
	p := s.spending[period]
	if p.start.Before(periodStart(period, s.e.now())) {
		return 0
	}
	return p.usd
}

// spend adds the cost of a statement to the session's.
func (s *Session) spend(usd float64) {
	if usd == 0 {
		return
	}
	if s.spending == nil {
		s.spending = sessionSpending{}
	}
	for _, period := range budgetKind.options[1].Values {
		s.spending[period] = periodSpending{start: periodStart(period, s.e.now()), usd: s.spent(period) + usd}
	}
}
