package sqlengine

import (
	"cmp"
	"slices"
	"time"

	"github.com/s3sql/s3sql/sqlengine/system"
)

// Metrics returns all figures in one list, by name and labels. Those that only grow end in _total.
func (r *infoSource) Metrics() ([]system.Metric, error) {
	var out []system.Metric
	add := func(name string, v float64, labels ...string) {
		m := system.Metric{Name: "s3sql_" + name, Value: v}
		for i := 0; i < len(labels); i += 2 {
			m.Labels = append(m.Labels, [2]string{labels[i], labels[i+1]})
		}
		out = append(out, m)
	}
	e := r.s.e
	add("uptime_seconds", e.now().Sub(e.started).Seconds())
	add("connections", float64(len(e.processes.all())))
	add("memory_bytes", float64(e.db.Budget().Used()))
	add("memory_limit_bytes", float64(e.db.Budget().Limit()))
	add("commit_seq", float64(e.db.Head()))
	for _, f := range []func(func(string, float64, ...string)) error{r.costMetrics, r.statementMetrics, r.cacheMetrics, r.alertMetrics} {
		if err := f(add); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(out, func(a, b system.Metric) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), slices.CompareFunc(a.Labels, b.Labels, compareLabels))
	})
	return out, nil
}

func compareLabels(a, b [2]string) int {
	return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
}

func (r *infoSource) costMetrics(add func(string, float64, ...string)) error {
	p := r.SessionPrices()
	used := r.s.e.cfg.Ledger.Total() // RESET COSTS leaves it alone: it only grows
	for c, u := range used.All() {
		add("requests_total", float64(u.Requests), "command", c.String())
		add("request_errors_total", float64(u.Errors), "command", c.String())
		add("received_bytes_total", float64(u.Received), "command", c.String())
		add("sent_bytes_total", float64(u.Sent), "command", c.String())
	}
	add("cost_usd_total", p.Cost(used))
	stored, err := r.StoredBytes()
	add("stored_bytes", float64(stored))
	return err
}

func (r *infoSource) statementMetrics(add func(string, float64, ...string)) error {
	timings, err := r.Timings()
	if err != nil {
		return err
	}
	for _, t := range timings {
		labels := func(more ...string) []string {
			return append([]string{"operation", t.Operation, "table", t.Table}, more...)
		}
		add("statements_total", float64(t.Count), labels()...)
		add("statement_errors_total", float64(t.Errors), labels()...)
		add("statement_seconds_total", t.Avg*float64(t.Count)/1000, labels()...)
		for _, q := range []struct {
			name string
			ms   float64
		}{{"0.5", t.P50}, {"0.95", t.P95}, {"0.99", t.P99}} {
			add("statement_seconds", q.ms/1000, labels("quantile", q.name)...)
		}
	}
	usage, err := r.TableUsage()
	if err != nil {
		return err
	}
	for _, u := range system.UsageByTable(usage) {
		add("rows_read_total", float64(u.RowsRead), "table", u.Table)
		add("rows_written_total", float64(u.RowsWritten), "table", u.Table)
	}
	errors, err := r.ErrorRows()
	for _, x := range errors {
		add("errors_total", float64(x.Count), "type", x.Kind, "sqlstate", x.State, "table", x.Table)
	}
	add("error_rate", r.s.e.metrics.Rates(r.s.e.now(), 5*time.Minute).ErrorRate())
	return err
}

func (r *infoSource) cacheMetrics(add func(string, float64, ...string)) error {
	tiers, err := r.CacheStats()
	for _, t := range tiers {
		labels := []string{"cache", t.Cache, "tier", t.Tier}
		add("cache_hits_total", float64(t.Hits), labels...)
		add("cache_misses_total", float64(t.Misses), labels...)
		add("cache_failures_total", float64(t.Failures), labels...)
		add("cache_entries", float64(t.Entries), labels...)
		add("cache_bytes", float64(t.Bytes), labels...)
		if t.SavedRequests > 0 {
			add("cache_saved_requests_total", float64(t.SavedRequests), "cache", t.Cache)
			add("cache_saved_usd_total", t.SavedUSD, "cache", t.Cache)
		}
	}
	return err
}

func (r *infoSource) alertMetrics(add func(string, float64, ...string)) error {
	alerts, err := r.Alerts()
	for _, a := range alerts {
		firing := 0.0
		if a.Firing {
			firing = 1
		}
		add("alert_firing", firing, "alert", a.Name, "metric", a.Metric)
	}
	return err
}
