package sqlengine

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/plugins/metrics"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/sqlengine/system"
)

// others calls fn with the rows that other processes, and this one's earlier lives, have kept of a kind.
func (r *infoSource) others(kind string, fn func(row []base.Value) error) error {
	return r.stored(metricSamples, " WHERE kind = '"+kind+"' AND process <> '"+r.s.e.process+"'", fn)
}

// stored calls fn with the rows of a stored system table; where is a condition, "" none. Without the table there are none.
func (r *infoSource) stored(table, where string, fn func(row []base.Value) error) error {
	cat, err := r.Catalog()
	if err != nil || cat.SystemTable(table) == nil {
		return err
	}
	return (*run)(r).internalRows("SELECT * FROM system."+table+where, fn)
}

// internalRows runs a query of the engine's own in the statement's transaction, and calls fn with its rows.
func (r *run) internalRows(sql string, fn func(row []base.Value) error) error {
	st, err := r.s.e.parsed(sql)
	if err != nil {
		return err
	}
	q, ok := st.stmt.(ast.Query)
	if !ok {
		return base.Errorf(errno.Unknown, "%s is no query", sql)
	}
	env, err := r.env(r.tx)
	if err != nil {
		return err
	}
	p, err := plan.Query(env, q)
	if err != nil {
		return err
	}
	inner := *r
	op, err := inner.open(p, r.tx)
	if err != nil {
		return err
	}
	for {
		b, err := op.Next()
		if err != nil || b == nil {
			return errors.Join(err, op.Close())
		}
		for _, row := range exec.AppendRows(nil, b) {
			if err := fn(row); err != nil {
				return errors.Join(err, op.Close())
			}
		}
	}
}

// The columns of metric_samples, as its DDL has them.
const (
	sampleAt = iota
	sampleProcess
	sampleKind
	sampleName
	sampleTable
	sampleLabel
	sampleN
	sampleData = sampleN + 6
	sampleLast = sampleData + 1
)

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Timings returns the figures of operations.
func (r *infoSource) Timings() ([]system.Timing, error) {
	type key struct{ operation, table string }
	sum, failed := map[key]metrics.Distribution{}, map[key]int64{}
	for _, o := range r.s.e.metrics.Operations() {
		k := key{o.Name, o.Table}
		if d := o.Latency.Snapshot(); d.Count > 0 {
			sum[k], failed[k] = d, o.Errors.Load()
		}
	}
	since := r.s.e.started
	err := r.others("operation", func(row []base.Value) error {
		k := key{row[sampleName].Text(), row[sampleTable].Text()}
		if at := time.UnixMicro(row[sampleAt].Int()); at.Before(since) {
			since = at
		}
		failed[k] += row[sampleN+1].Int()
		if row[sampleData].IsNull() {
			return nil
		}
		var d metrics.Distribution
		if err := json.Unmarshal([]byte(row[sampleData].Text()), &d); err != nil {
			return base.Corruptf("", "a row of system.%s does not decode: %v", metricSamples, err)
		}
		sum[k] = sum[k].Add(d)
		return nil
	})
	if err != nil {
		return nil, err
	}
	names, err := r.names()
	if err != nil {
		return nil, err
	}
	over := max(r.s.e.now().Sub(since).Seconds(), 1)
	var out []system.Timing
	for k, d := range sum {
		out = append(out, system.Timing{Operation: k.operation, Table: names(k.table), Count: d.Count, Errors: failed[k], Avg: ms(d.Mean()), Min: ms(d.Min),
			Max: ms(d.Max), P50: ms(d.Quantile(0.5)), P95: ms(d.Quantile(0.95)), P99: ms(d.Quantile(0.99)), PerSecond: float64(d.Count) / over})
	}
	return out, nil
}

// names returns what turns names in lower case into those of the catalog.
func (r *infoSource) names() (func(string) string, error) {
	cat, err := r.Catalog()
	if err != nil {
		return nil, err
	}
	return tableNames(cat), nil
}

// TableUsage returns what each hour saw of each table.
func (r *infoSource) TableUsage() (out []system.TableUsage, err error) {
	type key struct {
		hour  int64
		table string
	}
	names, err := r.names()
	if err != nil {
		return nil, err
	}
	sum := map[key]*system.TableUsage{}
	add := func(hour time.Time, table string, n [6]int64) {
		k := key{hour.Unix(), names(table)}
		u := sum[k]
		if u == nil {
			u = &system.TableUsage{Hour: hour.UTC(), Table: k.table}
			sum[k] = u
		}
		u.Inserts, u.Updates, u.Deletes, u.Reads = u.Inserts+n[0], u.Updates+n[1], u.Deletes+n[2], u.Reads+n[3]
		u.RowsRead, u.RowsWritten = u.RowsRead+n[4], u.RowsWritten+n[5]
	}
	for _, u := range r.s.e.metrics.Usage() {
		add(u.Hour, u.Table, [6]int64{u.Inserts.Load(), u.Updates.Load(), u.Deletes.Load(), u.Reads.Load(), u.RowsRead.Load(), u.RowsWritten.Load()})
	}
	err = r.others("usage", func(row []base.Value) error {
		add(time.UnixMicro(row[sampleAt].Int()), row[sampleTable].Text(), numbers(row))
		return nil
	})
	for _, u := range sum {
		out = append(out, *u)
	}
	return out, err
}

func numbers(row []base.Value) (n [6]int64) {
	for i := range n {
		n[i] = row[sampleN+i].Int()
	}
	return n
}

// ErrorRows returns the errors. Messages are of this process: they are not kept.
func (r *infoSource) ErrorRows() (out []system.ErrorRow, err error) {
	type key struct{ kind, state, table string }
	names, err := r.names()
	if err != nil {
		return nil, err
	}
	sum := map[key]*system.ErrorRow{}
	for _, e := range r.s.e.metrics.Errors() {
		k := key{e.Kind, e.State, names(e.Table)}
		sum[k] = &system.ErrorRow{Kind: e.Kind, State: e.State, Table: k.table, Count: e.Count, Last: e.Last, At: e.At}
	}
	err = r.others("error", func(row []base.Value) error {
		k := key{row[sampleName].Text(), row[sampleLabel].Text(), names(row[sampleTable].Text())}
		e := sum[k]
		if e == nil {
			e = &system.ErrorRow{Kind: k.kind, State: k.state, Table: k.table}
			sum[k] = e
		}
		e.Count += row[sampleN].Int()
		if at := time.UnixMicro(row[sampleLast].Int()); !row[sampleLast].IsNull() && at.After(e.At) {
			e.At = at
		}
		return nil
	})
	for _, e := range sum {
		out = append(out, *e)
	}
	return out, err
}

// ErrorRates returns what share of the statements of this process has failed lately.
func (r *infoSource) ErrorRates() (out []system.ErrorRate) {
	now := r.s.e.now()
	for _, w := range []struct {
		name string
		span time.Duration
	}{{"1m", time.Minute}, {"5m", 5 * time.Minute}, {"1h", time.Hour}} {
		x := r.s.e.metrics.Rates(now, w.span)
		out = append(out, system.ErrorRate{Window: w.name, Statements: x.Statements, Errors: x.Errors, Rate: x.ErrorRate(), AvgMS: ms(x.Mean())})
	}
	return out
}

// SlowRows returns the statements that took long.
func (r *infoSource) SlowRows() (out []system.SlowRow, err error) {
	names, err := r.names()
	if err != nil {
		return nil, err
	}
	for _, s := range r.s.e.metrics.SlowStatements() {
		out = append(out, system.SlowRow{At: s.At, MS: ms(s.Took), Statement: s.Text, Table: names(s.Table), Rows: s.Rows, Requests: s.Requests, USD: s.USD, Plan: s.Plan})
	}
	err = r.stored(slowSamples, " WHERE process <> '"+r.s.e.process+"'", func(row []base.Value) error {
		text := func(v base.Value) string {
			if v.IsNull() {
				return ""
			}
			return v.Text()
		}
		out = append(out, system.SlowRow{At: time.UnixMicro(row[0].Int()), MS: row[3].Float(), Statement: row[4].Text(), Table: names(text(row[5])),
			Rows: row[6].Int(), Requests: row[7].Int(), USD: decimal(row[8]), Plan: text(row[9])})
		return nil
	})
	return out, err
}

func decimal(v base.Value) float64 {
	coef, scale := v.Decimal()
	n, _ := coef.Int64()
	f := float64(n)
	for range scale {
		f /= 10
	}
	return f
}

// Alerts returns the alerts, computed now.
func (r *infoSource) Alerts() (out []system.AlertRow, err error) {
	s, err := (*run)(r).steer(r.tx)
	if err != nil {
		return nil, err
	}
	for _, a := range s.alerts {
		v, firing, since := a.check(r.s.e, r.s.e.now())
		out = append(out, system.AlertRow{Name: a.name, Metric: a.metric, Value: v, Threshold: a.threshold, Firing: firing, Since: since})
	}
	return out, nil
}

// costsOfOthers returns what other processes have kept of their costs.
func (r *infoSource) costsOfOthers(names func(string) string) (out []system.MinuteUsage, err error) {
	return out, r.others("cost", func(row []base.Value) error {
		n := numbers(row)
		out = append(out, system.MinuteUsage{Minute: time.UnixMicro(row[sampleAt].Int()).UTC(), Table: names(row[sampleTable].Text()), Plugin: row[sampleLabel].Text(),
			Operation: row[sampleName].Text(), Requests: n[0], Sent: n[1], Received: n[2]})
		return nil
	})
}

var _ system.MetricSource = (*infoSource)(nil)
