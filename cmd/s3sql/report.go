package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// line is a row of a report: what it is about, a value for its bar, and how the value is written.
type line struct {
	label string
	value float64
	text  string
}

const barWidth = 24

// chart prints lines with bars that compare their values.
func chart(w io.Writer, title string, lines []line) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(w, "%s\n", title)
	most := 0.0
	for _, l := range lines {
		most = max(most, l.value)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, l := range lines {
		fmt.Fprintf(t, "  %s\t%s\t%s\n", printable(cut(l.label, 60), true), bar(l.value, most, barWidth), l.text)
	}
	_ = t.Flush() // to memory
}

func cut(s string, n int) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) <= n {
		return string(r)
	}
	return string(r[:n-1]) + "…"
}

// lines runs a query whose columns are a label, a number and, if there is a third, the text to show.
func (s *shell) lines(ctx context.Context, query string) (out []line, err error) {
	rows, err := s.conn.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var label, text sql.NullString
		var value float64
		if err := rows.Scan(&label, &value, &text); err != nil {
			return nil, err
		}
		if !label.Valid {
			label.String = "-"
		}
		out = append(out, line{label.String, value, text.String})
	}
	return out, rows.Err()
}

// section is a chart of a query.
type section struct{ title, query string }

// The reports. Each query answers a label, a number and a text.
var (
	costSections = []section{
		{"Requests", "SELECT command, requests, CONCAT(FORMAT(requests, 0), '   $', cost_usd) FROM system.costs ORDER BY requests DESC"},
		{"Tables", "SELECT COALESCE(table_name, '(of no table)'), SUM(cost_usd), CONCAT(FORMAT(SUM(requests), 0), ' requests   $', SUM(cost_usd)) FROM system.cost_history GROUP BY 1 ORDER BY 2 DESC LIMIT 8"},
		{"Statements", "SELECT sample, cost_usd, CONCAT(FORMAT(calls, 0), ' calls   ', FORMAT(requests, 0), ' requests   $', cost_usd) FROM system.statement_costs WHERE requests > 0 ORDER BY cost_usd DESC LIMIT 8"},
	}
	metricSections = []section{
		{"Operations, milliseconds on average", "SELECT CONCAT(operation, ' ', COALESCE(table_name, '')), avg_ms, CONCAT(ROUND(avg_ms, 3), '   p95 ', ROUND(p95_ms, 3), '   p99 ', ROUND(p99_ms, 3), '   ', FORMAT(count, 0), ' times') FROM system.operation_timing WHERE table_name IS NOT NULL ORDER BY avg_ms * count DESC LIMIT 10"},
		{"Tables, statements", "SELECT table_name, total, CONCAT(FORMAT(inserts, 0), ' inserts   ', FORMAT(updates, 0), ' updates   ', FORMAT(deletes, 0), ' deletes   ', FORMAT(reads, 0), ' reads') FROM system.table_usage LIMIT 10"},
		{"Errors", "SELECT CONCAT(type, ' ', sqlstate, ' ', COALESCE(table_name, '')), count, FORMAT(count, 0) FROM system.errors LIMIT 8"},
		{"Caches, hits", "SELECT CONCAT(cache, ' ', tier), hits, CONCAT(FORMAT(hits, 0), ' of ', FORMAT(hits + misses, 0), '   ', FORMAT(entries, 0), ' results') FROM system.cache_stats"},
		{"Alerts", "SELECT CONCAT(name, IF(firing, ' FIRES', '')), value, CONCAT(metric, ' ', ROUND(value, 4), ' (threshold ', threshold, ')') FROM system.alerts"},
	}
)

// report prints sections.
func (s *shell) report(ctx context.Context, w io.Writer, sections []section) error {
	for _, sec := range sections {
		lines, err := s.lines(ctx, sec.query)
		if err != nil {
			return err
		}
		chart(w, sec.title, lines)
	}
	return nil
}

// costs is \costs.
func (s *shell) costs(ctx context.Context) error {
	var out strings.Builder
	if err := s.report(ctx, &out, costSections); err != nil {
		return err
	}
	var requests, stored int64
	var total, month float64
	if err := s.conn.QueryRowContext(ctx, "SELECT requests, total_usd, storage_bytes, storage_usd_month FROM system.cost_totals").Scan(&requests, &total, &stored, &month); err != nil {
		return err
	}
	fmt.Fprintf(&out, "%s so far, $%s; %s in segments, $%s a month\n", plural(requests, "request"), usdText(total), sizeText(stored), usdText(month))
	return s.say(out.String())
}

func usdText(f float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(f, 'f', 7, 64), "0"), ".")
}

func sizeText(n int64) string {
	f, unit := float64(n), 0
	for ; f >= 1024 && unit < 4; unit++ {
		f /= 1024
	}
	return strconv.FormatFloat(f, 'f', min(unit, 1), 64) + []string{" bytes", " KiB", " MiB", " GiB", " TiB"}[unit]
}

// metrics is \metrics.
func (s *shell) metrics(ctx context.Context) error {
	var out strings.Builder
	if err := s.report(ctx, &out, metricSections); err != nil {
		return err
	}
	hours, err := s.lines(ctx, "SELECT HOUR(hour), SUM(total), NULL FROM system.usage_hourly GROUP BY HOUR(hour) ORDER BY 1")
	if err != nil {
		return err
	}
	var day [24]float64
	for _, h := range hours {
		if n, err := strconv.Atoi(h.label); err == nil && n >= 0 && n < 24 {
			day[n] = h.value
		}
	}
	fmt.Fprintf(&out, "Hours of the day (UTC)\n  0h %s 23h\n", sparkline(day[:]))
	if out.Len() == 0 {
		return s.say("Nothing has been measured yet.\n")
	}
	return s.say(out.String())
}

// topEvery is how often \top looks.
const topEvery = time.Second

// topHistory is how many looks the sparklines of \top show.
const topHistory = 60

// topFigures are the figures that \top follows, by their names in system.metrics.
var topFigures = []struct{ title, query string }{
	{"statements/s", "SELECT SUM(value) FROM system.metrics WHERE name = 's3sql_statements_total' AND labels->>'$.table' <> ''"},
	{"requests/s", "SELECT SUM(value) FROM system.metrics WHERE name = 's3sql_requests_total'"},
	{"errors/s", "SELECT SUM(value) FROM system.metrics WHERE name = 's3sql_statement_errors_total'"},
	{"µ$/s", "SELECT SUM(value) * 1e6 FROM system.metrics WHERE name = 's3sql_cost_usd_total'"},
}

// top is \top [n]: it shows what this process is at, every second, n times or until Ctrl-C.
func (s *shell) top(ctx context.Context, arg string) error {
	times := -1
	if arg != "" {
		n, err := strconv.Atoi(arg)
		if err != nil || n < 1 {
			return errors.New(`\top takes how often to look, or nothing`)
		}
		times = n
	}
	last := make([]float64, len(topFigures))
	past := make([][]float64, len(topFigures))
	for look := 0; ; look++ {
		var out strings.Builder
		if times != 1 {
			out.WriteString("\x1b[H\x1b[2J") // the screen anew
		}
		for i, f := range topFigures {
			var now sql.NullFloat64
			if err := s.conn.QueryRowContext(ctx, f.query).Scan(&now); err != nil {
				return err
			}
			if look > 0 {
				past[i] = append(past[i], (now.Float64-last[i])/topEvery.Seconds())
				past[i] = past[i][max(len(past[i])-topHistory, 0):]
				fmt.Fprintf(&out, "%13s %10.1f  %s\n", f.title, past[i][len(past[i])-1], sparkline(past[i]))
			}
			last[i] = now.Float64
		}
		if look > 0 {
			if err := s.report(ctx, &out, append(metricSections[:2:2], section{"Connections",
				"SELECT CONCAT(ID, ' ', COMMAND), TIME, COALESCE(INFO, '') FROM information_schema.processlist WHERE ID <> CONNECTION_ID() ORDER BY COMMAND = 'Sleep', TIME DESC LIMIT 8"})); err != nil {
				return err
			}
			if err := s.say(out.String()); err != nil {
				return err
			}
		}
		if look == times {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(topEvery):
		}
	}
}
