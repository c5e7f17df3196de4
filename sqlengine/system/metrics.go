package system

import (
	"cmp"
	"slices"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// Timing is a row of system.operation_timing. Times are in milliseconds.
type Timing struct {
	Operation, Table             string
	Count, Errors                int64
	Avg, Min, Max, P50, P95, P99 float64
	PerSecond                    float64
}

// TableUsage is a row of system.table_usage, or with an hour of system.usage_hourly.
type TableUsage struct {
	Hour                                                    time.Time
	Table                                                   string
	Inserts, Updates, Deletes, Reads, RowsRead, RowsWritten int64
}

// ErrorRow is a row of system.errors.
type ErrorRow struct {
	Kind, State, Table string
	Count              int64
	Last               string // "" it is not known
	At                 time.Time
}

// ErrorRate is a row of system.error_rate.
type ErrorRate struct {
	Window             string
	Statements, Errors int64
	Rate, AvgMS        float64
}

// SlowRow is a row of system.slow_queries.
type SlowRow struct {
	At               time.Time
	MS               float64
	Statement, Table string
	Rows, Requests   int64
	USD              float64
	Plan             string
}

// Metric is a row of system.metrics.
type Metric struct {
	Name   string
	Labels [][2]string // in order
	Value  float64
}

// AlertRow is a row of system.alerts.
type AlertRow struct {
	Name, Metric     string
	Value, Threshold float64
	Firing           bool
	Since            time.Time // zero: it has not fired
}

// MetricSource is what the tables of figures ask of a session: expr.Context.Tables is one.
type MetricSource interface {
	Timings() ([]Timing, error)
	TableUsage() ([]TableUsage, error) // by hour
	ErrorRows() ([]ErrorRow, error)
	ErrorRates() []ErrorRate
	SlowRows() ([]SlowRow, error)
	Metrics() ([]Metric, error)
	Alerts() ([]AlertRow, error)
}

func metricTable(name string, current bool, rows func(MetricSource) ([][]base.Value, error), columns ...string) *plan.VirtualTable {
	return &plan.VirtualTable{Schema: Schema, Name: name, Current: current, Source: sourced(rows), Columns: columnsOf(columns...)}
}

// MetricTables are the tables of figures: of this process, and where they are stored of all processes; then they need a current snapshot.
func MetricTables(stored bool) []*plan.VirtualTable {
	return []*plan.VirtualTable{
		metricTable("operation_timing", stored, timingRows, "operation", "s", "table_name", "S", "count", "i", "errors", "i", "avg_ms", "f", "min_ms", "f",
			"max_ms", "f", "p50_ms", "f", "p95_ms", "f", "p99_ms", "f", "requests_per_second", "f"),
		metricTable("table_usage", stored, usageRows, "table_name", "s", "inserts", "i", "updates", "i", "deletes", "i", "reads", "i", "rows_read", "i",
			"rows_written", "i", "total", "i"),
		metricTable("usage_hourly", stored, hourlyRows, "hour", "t", "table_name", "s", "inserts", "i", "updates", "i", "deletes", "i", "reads", "i",
			"rows_read", "i", "rows_written", "i", "total", "i"),
		metricTable("errors", stored, errorRows, "type", "s", "sqlstate", "s", "table_name", "S", "count", "i", "last_message", "X", "last_at", "t"),
		metricTable("error_rate", false, rateRows, "period", "s", "statements", "i", "errors", "i", "error_rate", "f", "avg_ms", "f"),
		metricTable("slow_queries", stored, slowRows, "at", "t", "duration_ms", "f", "statement", "x", "table_name", "S", "row_count", "i", "requests", "i",
			"cost_usd", "$", "plan", "X"),
		metricTable("metrics", stored, flatRows, "name", "s", "labels", "j", "value", "f"),
		metricTable("alerts", false, alertRows, "name", "s", "metric", "s", "value", "f", "threshold", "f", "firing", "i", "since", "T"),
	}
}

func timingRows(src MetricSource) (out [][]base.Value, err error) {
	list, err := src.Timings()
	slices.SortFunc(list, func(a, b Timing) int {
		return cmp.Or(cmp.Compare(b.Avg*float64(b.Count), a.Avg*float64(a.Count)), cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Table, b.Table))
	})
	for _, t := range list {
		row := []base.Value{base.NewString(t.Operation), textOrNull(t.Table), base.NewInt(t.Count), base.NewInt(t.Errors)}
		for _, f := range []float64{t.Avg, t.Min, t.Max, t.P50, t.P95, t.P99, t.PerSecond} {
			row = append(row, base.NewFloat(f))
		}
		out = append(out, row)
	}
	return out, err
}

// numbers are the counts of a row of usage.
func (u *TableUsage) numbers() (row []base.Value) {
	total := int64(0)
	for i, n := range []int64{u.Inserts, u.Updates, u.Deletes, u.Reads, u.RowsRead, u.RowsWritten} {
		row = append(row, base.NewInt(n))
		if i < 4 {
			total += n
		}
	}
	return append(row, base.NewInt(total))
}

func usageRows(src MetricSource) (out [][]base.Value, err error) {
	list, err := src.TableUsage()
	for _, u := range UsageByTable(list) {
		out = append(out, append([]base.Value{base.NewString(u.Table)}, u.numbers()...))
	}
	return out, err
}

// UsageByTable sums up what the hours saw of each table, the most used first.
func UsageByTable(list []TableUsage) (out []TableUsage) {
	byTable := map[string]*TableUsage{}
	for _, u := range list {
		s := byTable[u.Table]
		if s == nil {
			s = &TableUsage{Table: u.Table}
			byTable[u.Table] = s
		}
		s.Inserts, s.Updates, s.Deletes, s.Reads = s.Inserts+u.Inserts, s.Updates+u.Updates, s.Deletes+u.Deletes, s.Reads+u.Reads
		s.RowsRead, s.RowsWritten = s.RowsRead+u.RowsRead, s.RowsWritten+u.RowsWritten
	}
	for _, u := range byTable {
		out = append(out, *u)
	}
	slices.SortFunc(out, func(a, b TableUsage) int {
		return cmp.Or(cmp.Compare(b.Total(), a.Total()), cmp.Compare(a.Table, b.Table))
	})
	return out
}

// Total counts the statements.
func (u *TableUsage) Total() int64 { return u.Inserts + u.Updates + u.Deletes + u.Reads }

func hourlyRows(src MetricSource) (out [][]base.Value, err error) {
	list, err := src.TableUsage()
	slices.SortFunc(list, func(a, b TableUsage) int { return cmp.Or(a.Hour.Compare(b.Hour), cmp.Compare(a.Table, b.Table)) })
	for _, u := range list {
		out = append(out, append([]base.Value{base.NewDateTime(u.Hour.UnixMicro()), base.NewString(u.Table)}, u.numbers()...))
	}
	return out, err
}

func errorRows(src MetricSource) (out [][]base.Value, err error) {
	list, err := src.ErrorRows()
	slices.SortFunc(list, func(a, b ErrorRow) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.State, b.State), cmp.Compare(a.Table, b.Table))
	})
	for _, e := range list {
		out = append(out, []base.Value{base.NewString(e.Kind), base.NewString(e.State), textOrNull(e.Table), base.NewInt(e.Count), textOrNull(e.Last),
			base.NewDateTime(e.At.UnixMicro())})
	}
	return out, err
}

func rateRows(src MetricSource) (out [][]base.Value, err error) {
	for _, r := range src.ErrorRates() {
		out = append(out, []base.Value{base.NewString(r.Window), base.NewInt(r.Statements), base.NewInt(r.Errors), base.NewFloat(r.Rate), base.NewFloat(r.AvgMS)})
	}
	return out, nil
}

func slowRows(src MetricSource) (out [][]base.Value, err error) {
	list, err := src.SlowRows()
	slices.SortFunc(list, func(a, b SlowRow) int { return a.At.Compare(b.At) })
	for _, s := range list {
		out = append(out, []base.Value{base.NewDateTime(s.At.UnixMicro()), base.NewFloat(s.MS), base.NewString(s.Statement), textOrNull(s.Table),
			base.NewInt(s.Rows), base.NewInt(s.Requests), usd(s.USD), textOrNull(s.Plan)})
	}
	return out, err
}

func flatRows(src MetricSource) (out [][]base.Value, err error) {
	list, err := src.Metrics()
	for _, m := range list {
		out = append(out, []base.Value{base.NewString(m.Name), base.NewJSON(labelsJSON(m.Labels)), base.NewFloat(m.Value)})
	}
	return out, err
}

func alertRows(src MetricSource) (out [][]base.Value, err error) {
	list, err := src.Alerts()
	for _, a := range list {
		firing, since := base.NewInt(0), base.Value{}
		if a.Firing {
			firing, since = base.NewInt(1), base.NewDateTime(a.Since.UnixMicro())
		}
		out = append(out, []base.Value{base.NewString(a.Name), base.NewString(a.Metric), base.NewFloat(a.Value), base.NewFloat(a.Threshold), firing, since})
	}
	return out, err
}
