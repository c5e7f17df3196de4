package sqlengine

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/suggest"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/sqlengine/event"
)

// alertKind is CREATE ALERT: a condition on a figure that is to be told of.
var alertKind = objectKind{name: "ALERT", clauses: onMetric, check: checkAlert, options: []plugins.Option{
	{Name: "window", Type: plugins.Duration, Default: "5m", Min: 5, Max: 3600},
	{Name: "table"},
}}

// alertMetrics are the figures that alerts are about; see alert.value.
var alertMetrics = []string{"avg_response_ms", "cost_usd", "error_rate", "errors", "memory_usage", "statements", "statements_per_second"}

func checkAlert(o *catalog.Object, opts plugins.Options) error {
	metric, _, _ := strings.Cut(o.On, " ")
	if !slices.Contains(alertMetrics, metric) {
		hint := ""
		if near := suggest.Nearest(metric, alertMetrics); near != "" {
			hint = "did you mean " + near + "? "
		}
		return base.Errorf(errno.WrongArguments, "%s: there is no metric '%s'; %svalid: %s", what(o.Kind, o.Name), metric, hint, strings.Join(alertMetrics, ", "))
	}
	if opts.Text("table") != "" && (metric == "memory_usage" || metric == "cost_usd") {
		return base.Errorf(errno.WrongArguments, "%s: metric %s is not of a table", what(o.Kind, o.Name), metric)
	}
	return nil
}

// alert is an ALERT at work.
type alert struct {
	id        uint32
	name      string
	metric    string
	op        string
	threshold float64
	window    time.Duration
	table     string
	state     *alertState
}

// alertState outlives the descriptor of its alert.
type alertState struct {
	mu     sync.Mutex
	firing bool
	since  time.Time
}

func (e *Engine) alertOf(o *catalog.Object, opts plugins.Options) *alert {
	f := strings.Fields(o.On)
	a := &alert{id: o.ID, name: o.Name, window: opts.Duration("window"), table: lowered(opts.Text("table"))}
	if len(f) == 3 {
		a.metric, a.op = f[0], f[1]
		a.threshold, _ = strconv.ParseFloat(f[2], 64) // CREATE has written it
	}
	have, _ := e.alertStates.LoadOrStore(o.ID, new(alertState))
	a.state = have.(*alertState)
	if a.table != "" {
		e.metrics.Watch(a.table)
	}
	return a
}

// value returns the figure of an alert now: of its window, if it is no share of memory_limit and not the costs since RESET COSTS.
func (a *alert) value(e *Engine, now time.Time) float64 {
	r := e.metrics.Rates(now, a.window)
	if a.table != "" {
		r = e.metrics.RatesOf(a.table, now, a.window)
	}
	switch a.metric {
	case "avg_response_ms":
		return ms(r.Mean())
	case "cost_usd":
		used, _ := e.costs.requests()
		return e.priceList().Of(e.global(&costProfile)).Cost(used)
	case "error_rate":
		return r.ErrorRate()
	case "errors":
		return float64(r.Errors)
	case "memory_usage":
		return share(e.db.Budget().Used(), e.db.Budget().Limit())
	case "statements":
		return float64(r.Statements)
	case "statements_per_second":
		return r.PerSecond()
	}
	return 0
}

func (a *alert) holds(v float64) bool {
	switch a.op {
	case "<":
		return v < a.threshold
	case "<=":
		return v <= a.threshold
	case ">":
		return v > a.threshold
	}
	return v >= a.threshold
}

// check computes an alert and tells when it begins or ceases to fire.
func (a *alert) check(e *Engine, now time.Time) (v float64, firing bool, since time.Time) {
	v = a.value(e, now)
	firing = a.holds(v)
	s := a.state
	s.mu.Lock()
	changed := firing != s.firing
	if changed {
		s.firing, s.since = firing, now
	}
	since = s.since
	s.mu.Unlock()
	if changed {
		e.cfg.Events.Publish(event.Alert{Name: a.name, Metric: a.metric, TableName: a.table, Value: v, Threshold: a.threshold, Firing: firing})
		e.cfg.Logger.Warn("alert", "name", a.name, "metric", a.metric, "value", v, "threshold", a.threshold, "firing", firing)
	}
	return v, firing, since
}

// alertEvery is how often statements have the alerts computed.
const alertEvery = time.Second

// checkAlerts computes the alerts when that was not done lately. Without statements nothing is computed but by system.alerts.
func (e *Engine) checkAlerts(now time.Time) {
	s := e.steering.last.Load()
	if s == nil || len(s.alerts) == 0 {
		return
	}
	last := e.alertsAt.Load()
	if now.UnixNano()-last < int64(alertEvery) || !e.alertsAt.CompareAndSwap(last, now.UnixNano()) {
		return
	}
	for _, a := range s.alerts {
		a.check(e, now)
	}
}

// alertClock is when alerts were computed last, as nanoseconds since 1970.
type alertClock = atomic.Int64
