package sqlengine

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/s3sql/s3sql/sqlengine/system"
)

// showMetrics is SHOW METRICS: the figures that sum up the database, as lines.
func (r *run) showMetrics() (*listing, error) {
	src := (*infoSource)(r)
	l := &listing{cols: columns("Section", "Metric", "Value"), like: 1}
	add := func(section, metric, format string, args ...any) {
		l.rows = append(l.rows, texts(section, metric, fmt.Sprintf(format, args...)))
	}
	timings, err := src.Timings()
	if err != nil {
		return nil, err
	}
	sum := summed(timings)
	add("performance", "statements", "%d", sum.Count)
	add("performance", "average ms", "%.3f", sum.Avg)
	add("performance", "statements per second, last 5 minutes", "%.2f", r.s.e.metrics.Rates(r.s.e.now(), 5*time.Minute).PerSecond())
	for _, t := range slowest(timings, 3) {
		add("performance", "slowest: "+place(t), "average %.3f ms, p95 %.3f ms, %d times", t.Avg, t.P95, t.Count)
	}
	if err := r.usageMetrics(add); err != nil {
		return nil, err
	}
	add("errors", "failed statements", "%d", sum.Errors)
	add("errors", "error rate", "%.4f", share(sum.Errors, sum.Count))
	tiers, err := src.CacheStats()
	if err != nil {
		return nil, err
	}
	hits, misses := cacheHits(tiers)
	add("cache", "hits", "%d", hits)
	add("cache", "misses", "%d", misses)
	add("cache", "hit rate", "%.4f", share(hits, hits+misses))
	used, _ := r.s.e.costs.requests()
	add("costs", "requests", "%d", used.Requests())
	add("costs", "USD", "%.6f", r.s.prices().Cost(used))
	return l, nil
}

func (r *run) usageMetrics(add func(section, metric, format string, args ...any)) error {
	hours, err := (*infoSource)(r).TableUsage()
	if err != nil {
		return err
	}
	tables := system.UsageByTable(hours)
	if len(tables) > 0 {
		add("usage", "most active table", "%s", tables[0].Table)
	}
	byHour := map[int]int64{}
	for i := range hours {
		byHour[hours[i].Hour.Hour()] += hours[i].Total()
	}
	peak, most := 0, int64(0)
	for h := range 24 {
		if byHour[h] > most {
			peak, most = h, byHour[h]
		}
	}
	if most > 0 {
		add("usage", "peak hour (UTC)", "%02d:00", peak)
	}
	for _, u := range tables[:min(5, len(tables))] {
		add("usage", u.Table, "%d inserts, %d updates, %d deletes, %d reads", u.Inserts, u.Updates, u.Deletes, u.Reads)
	}
	return nil
}

// summed adds up the statements that read or change rows.
func summed(timings []system.Timing) (sum system.Timing) {
	total := 0.0
	for _, t := range timings {
		sum.Count, sum.Errors = sum.Count+t.Count, sum.Errors+t.Errors
		total += t.Avg * float64(t.Count)
	}
	if sum.Count > 0 {
		sum.Avg = total / float64(sum.Count)
	}
	return sum
}

func slowest(timings []system.Timing, n int) []system.Timing {
	out := slices.DeleteFunc(slices.Clone(timings), func(t system.Timing) bool { return t.Table == "" })
	slices.SortFunc(out, func(a, b system.Timing) int { return cmp.Compare(b.Avg, a.Avg) })
	return out[:min(n, len(out))]
}

func place(t system.Timing) string { return t.Operation + " " + t.Table }

func share(n, of int64) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// cacheHits counts the queries that a cache answered, in any tier, and those that none did.
func cacheHits(tiers []system.CacheTier) (hits, misses int64) {
	last := map[string]int64{}
	for _, t := range tiers {
		hits += t.Hits
		last[t.Cache] = t.Misses
	}
	for _, n := range last {
		misses += n
	}
	return hits, misses
}

// finding is a line of SHOW REPORT.
type finding struct{ severity, area, text, advice string }

// showReport is SHOW REPORT: what stands out among the figures, and what to do about it, the gravest first.
func (r *run) showReport() (*listing, error) {
	var found []finding
	for _, f := range []func() ([]finding, error){r.reportErrors, r.reportTimes, r.reportUsage, r.reportCosts, r.reportAlerts} {
		more, err := f()
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	if len(found) == 0 {
		found = append(found, finding{"ok", "all", "nothing stands out", ""})
	}
	order := []string{"high", "medium", "low", "ok"}
	slices.SortStableFunc(found, func(a, b finding) int {
		return cmp.Compare(slices.Index(order, a.severity), slices.Index(order, b.severity))
	})
	l := &listing{cols: columns("Severity", "Area", "Finding", "Recommendation"), like: 2}
	for _, f := range found {
		l.rows = append(l.rows, texts(f.severity, f.area, f.text, f.advice))
	}
	return l, nil
}

// The bounds of the report: those of a share are of statements since the figures begin.
const (
	reportErrorRate = 0.02
	reportMean      = 500.0 // ms
	reportReadShare = 0.1   // reads for each write, below which a table is hardly read
	reportHitRate   = 0.5
	reportLeast     = 20 // statements that a finding is based on
)

func (r *run) reportErrors() (out []finding, err error) {
	rows, err := (*infoSource)(r).ErrorRows()
	x := r.s.e.metrics.Rates(r.s.e.now(), time.Hour)
	if x.Statements >= reportLeast && x.ErrorRate() > reportErrorRate {
		most := ""
		slices.SortFunc(rows, func(a, b system.ErrorRow) int { return cmp.Compare(b.Count, a.Count) })
		if len(rows) > 0 {
			most = fmt.Sprintf("; most often %s (SQLSTATE %s) on %s", rows[0].Kind, rows[0].State, cmp.Or(rows[0].Table, "no table"))
		}
		out = append(out, finding{"high", "errors", fmt.Sprintf("%.1f %% of the statements of the last hour failed%s", 100*x.ErrorRate(), most),
			"look at system.errors; conflicts: shorten transactions, or use driver.RunTx"})
	}
	return out, err
}

func (r *run) reportTimes() (out []finding, err error) {
	timings, err := (*infoSource)(r).Timings()
	for _, t := range slowest(timings, 5) {
		if t.Avg > reportMean && t.Count >= 3 {
			out = append(out, finding{"high", "performance", fmt.Sprintf("%s takes %.0f ms on average, p95 %.0f ms", place(t), t.Avg, t.P95),
				"EXPLAIN ANALYZE the statements of system.slow_queries; an index or CREATE CACHE may help"})
		}
	}
	if rate := share(r.s.e.db.Budget().Used(), r.s.e.db.Budget().Limit()); rate > 0.9 {
		out = append(out, finding{"medium", "memory", fmt.Sprintf("%.0f %% of memory_limit are in use", 100*rate), "raise memory_limit in the DSN"})
	}
	return out, err
}

func (r *run) reportUsage() (out []finding, err error) {
	hours, err := (*infoSource)(r).TableUsage()
	var idle []string
	for _, u := range system.UsageByTable(hours) {
		writes := u.Inserts + u.Updates + u.Deletes
		if writes >= reportLeast && float64(u.Reads) < reportReadShare*float64(writes) && !strings.HasPrefix(u.Table, "system.") {
			idle = append(idle, u.Table)
		}
		if u.Inserts >= 100 && u.RowsWritten < 2*u.Inserts {
			out = append(out, finding{"medium", "costs", fmt.Sprintf("table %s got %d rows in %d INSERT statements: a PUT for each that ran alone", u.Table, u.RowsWritten, u.Inserts),
				"insert several rows with one statement, or in one transaction"})
		}
	}
	if idle != nil {
		out = append(out, finding{"low", "usage", "written much more often than read: " + strings.Join(idle, ", "), "drop indexes that no query needs; use WITH (ttl = …) for what may go"})
	}
	return out, err
}

func (r *run) reportCosts() (out []finding, err error) {
	src := (*infoSource)(r)
	list := src.StatementUsage()
	p := r.s.prices()
	slices.SortFunc(list, func(a, b system.StatementUsage) int { return cmp.Compare(p.Cost(b.Used), p.Cost(a.Used)) })
	used, _ := r.s.e.costs.requests()
	total := p.Cost(used)
	if len(list) > 1 && total > 0 && used.Requests() >= 100 {
		if s := list[0]; p.Cost(s.Used) > total/2 {
			out = append(out, finding{"medium", "costs", fmt.Sprintf("one statement makes %.0f %% of the costs: %s", 100*p.Cost(s.Used)/total, clip(s.Sample, 120)),
				"SHOW COST OF it; look for an index, a cache, or fewer calls"})
		}
	}
	tiers, err := src.CacheStats()
	for _, t := range tiers {
		if asked := t.Hits + t.Misses; asked >= 100 && share(t.Hits, asked) < reportHitRate {
			out = append(out, finding{"low", "cache", fmt.Sprintf("tier %s of cache %s answers %.0f %% of what it is asked", t.Tier, t.Cache, 100*share(t.Hits, asked)),
				"its tables may change too often: name the quiet ones in ON, or raise ttl and max_bytes (" + strconv.FormatInt(t.Evictions, 10) + " evictions)"})
		}
	}
	return out, err
}

func (r *run) reportAlerts() (out []finding, err error) {
	alerts, err := (*infoSource)(r).Alerts()
	for _, a := range alerts {
		if a.Firing {
			out = append(out, finding{"high", "alerts", fmt.Sprintf("alert %s fires: %s is %s, the threshold %s", a.Name, a.Metric, numberText(a.Value), numberText(a.Threshold)),
				"look at system.alerts"})
		}
	}
	return out, err
}

func numberText(f float64) string { return strconv.FormatFloat(f, 'g', 5, 64) }
