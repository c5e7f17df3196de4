package sqlengine

import (
	"strings"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/plugins/metrics"
	"github.com/s3sql/s3sql/sqlengine/event"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// metricsKind is CREATE METRICS: what is counted, and that it is kept for all processes.
var metricsKind = objectKind{name: "METRICS", clauses: singleObject, tables: []string{metricSamples, slowSamples}, options: []plugins.Option{
	{Name: "collect_performance", Type: plugins.Bool, Default: "true"},
	{Name: "collect_errors", Type: plugins.Bool, Default: "true"},
	{Name: "collect_usage", Type: plugins.Bool, Default: "true"},
	{Name: "retention", Type: plugins.Duration, Default: "30d", Min: 60, Max: 1e10},
	{Name: "flush_interval", Type: plugins.Duration, Default: "60s", Min: 0.1, Max: 86400},
	{Name: "sample_rate", Type: plugins.Float, Default: "1", Min: 0, Max: 1},
	{Name: "track_slow_queries", Type: plugins.Bool, Default: "true"},
	{Name: "slow_query_threshold", Type: plugins.Duration, Default: "1s"},
	{Name: "batch_size", Type: plugins.Int, Default: "100", Min: 1, Max: 100_000},
	{Name: "compression", Type: plugins.Bool, Default: "true"},
}}

// The tables that METRICS keeps its figures in. A row of samples is what one process saw in an hour, or of costs in a minute: it is
// written again as the figures grow, so that a flush which is repeated changes nothing.
const (
	metricSamples    = "metric_samples"
	metricSamplesDDL = "CREATE TABLE metric_samples (at DATETIME NOT NULL, process CHAR(32) NOT NULL, kind VARCHAR(16) NOT NULL, name VARCHAR(64) NOT NULL, " +
		"table_name VARCHAR(80) NOT NULL, label VARCHAR(80) NOT NULL, n1 BIGINT NOT NULL, n2 BIGINT NOT NULL, n3 BIGINT NOT NULL, n4 BIGINT NOT NULL, " +
		"n5 BIGINT NOT NULL, n6 BIGINT NOT NULL, data JSON, last_at DATETIME(6), expires_at DATETIME NOT NULL, " +
		"PRIMARY KEY (at, process, kind, name, table_name, label)) WITH (ttl = 'expires_at')"
	slowSamples    = "slow_samples"
	slowSamplesDDL = "CREATE TABLE slow_samples (at DATETIME(6) NOT NULL, process CHAR(32) NOT NULL, n BIGINT NOT NULL, duration_ms DOUBLE NOT NULL, statement TEXT NOT NULL, " +
		"table_name VARCHAR(80), row_count BIGINT NOT NULL, requests BIGINT NOT NULL, cost_usd DECIMAL(20,10) NOT NULL, plan TEXT, expires_at DATETIME NOT NULL, " +
		"PRIMARY KEY (at, process, n)) WITH (ttl = 'expires_at')"
)

// measuring is what is measured: by METRICS, or by the defaults where there is none.
type measuring struct {
	object                     *catalog.Object // nil: there is no METRICS
	performance, errors, usage bool
	slow                       bool
	threshold                  time.Duration
	sample                     float64
	retention, interval        time.Duration
	batch                      int
}

func measuringOf(o *catalog.Object, opts plugins.Options) *measuring {
	return &measuring{object: o, performance: opts.Bool("collect_performance"), errors: opts.Bool("collect_errors"), usage: opts.Bool("collect_usage"),
		slow: opts.Bool("track_slow_queries"), threshold: opts.Duration("slow_query_threshold"), sample: opts.Float("sample_rate"),
		retention: opts.Duration("retention"), interval: opts.Duration("flush_interval"), batch: int(opts.Int("batch_size"))}
}

// defaultMeasuring holds without METRICS.
var defaultMeasuring = func() *measuring {
	opts, err := plugins.NewOptions("metrics", metricsKind.options, nil)
	if err != nil {
		panic(err)
	}
	return measuringOf(nil, opts)
}()

// measure returns what is measured now.
func (e *Engine) measure() *measuring {
	if s := e.steering.last.Load(); s != nil && s.metrics != nil {
		return s.metrics
	}
	return defaultMeasuring
}

// measured counts a statement that has ended.
func (r *run) measured(what *described, used Stats, written uint64, err error) {
	e, m := r.s.e, r.s.e.measure()
	at := r.start.Add(used.Duration)
	s := metrics.Statement{At: at, Took: used.Duration, RowsRead: used.Rows, RowsWritten: int64(written), Failed: err != nil,
		Unsampled: m.sample < 1 && e.chance() >= m.sample}
	e.metrics.Observe(what.operation, what.digest, s)
	if m.slow && used.Duration >= m.threshold && r.st != nil && (m.threshold > 0 || !s.Unsampled) {
		r.slow(what, used, at)
	}
	if err != nil && m.errors {
		e.observeError(what, err, at)
	}
	e.checkAlerts(at)
	e.flusher.note(m)
}

// slow remembers a statement that took long.
func (r *run) slow(what *described, used Stats, at time.Time) {
	s := metrics.Slow{At: at, Took: used.Duration, Text: what.text, Table: what.tag.Table, Rows: used.Rows, Requests: used.Requests, USD: used.CostUSD}
	if r.planned != nil {
		s.Plan = plan.Explain(r.planned.Root)
		for _, t := range r.planned.Tables() {
			if t.HasEncrypted() { // conditions may have values of such columns
				s.Plan = ""
			}
		}
	}
	e := r.s.e
	e.metrics.Slow(s)
	e.cfg.Events.Publish(event.SlowQuery{TableName: s.Table, Statement: s.Text, Took: s.Took, Rows: s.Rows, Requests: s.Requests, USD: s.USD})
}

// lowered is a name as the figures have it.
func lowered(name string) string { return strings.ToLower(name) }
