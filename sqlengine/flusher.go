package sqlengine

import (
	"context"
	"encoding/json"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/plugins/metrics"
	"github.com/s3sql/s3sql/sqlengine/system"
	"github.com/s3sql/s3sql/storage/object"
)

// flusher writes the figures of a process into the tables of METRICS, as a consequence of statements: while there are none, nothing is
// written.
type flusher struct {
	e     *Engine
	done  chan struct{}
	tasks sync.WaitGroup
	mu    struct {
		sync.Mutex
		waiting bool
		closed  bool
	}

	// Of the only flush that runs; flushing is held meanwhile.
	flushing sync.Mutex
	before   map[sampleKey]sample // totals at the last flush, of kinds that are kept by the hour
	hours    map[sampleKey]sample // of the current hour
	slowN    int64                // number of the last slow statement that was written
}

// sampleKey is the key of a row of metric_samples but for the process.
type sampleKey struct {
	at                       int64 // seconds since 1970; 0: of totals
	kind, name, table, label string
}

// sample is the figures of such a row.
type sample struct {
	n      [6]int64
	latens metrics.Distribution
	last   time.Time
}

func (f *flusher) open(e *Engine) {
	f.e, f.done = e, make(chan struct{})
	f.before, f.hours = map[sampleKey]sample{}, map[sampleKey]sample{}
}

// note is called after each statement.
func (f *flusher) note(m *measuring) {
	if m.object == nil || f.e.cfg.ReadOnly {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mu.waiting || f.mu.closed {
		return
	}
	f.mu.waiting = true
	f.tasks.Go(func() {
		f.e.cfg.Clock.Sleep(m.interval, f.done)
		f.mu.Lock()
		f.mu.waiting = false
		closed := f.mu.closed
		f.mu.Unlock()
		if !closed {
			f.flush(context.Background())
		}
	})
}

// close writes what has not been written yet.
func (f *flusher) close(ctx context.Context) {
	f.mu.Lock()
	due := f.mu.waiting
	f.mu.closed = true
	f.mu.Unlock()
	close(f.done)
	f.tasks.Wait()
	if due {
		f.flush(ctx)
	}
}

// flushTimeout bounds a flush.
const flushTimeout = time.Minute

// flush writes the figures that have changed since the last flush, in one transaction.
//
// Cost: one PUT.
func (f *flusher) flush(ctx context.Context) {
	f.flushing.Lock()
	defer f.flushing.Unlock()
	m := f.e.measure()
	if m.object == nil || f.e.cfg.ReadOnly {
		return
	}
	ctx, cancel := context.WithTimeout(object.WithTag(ctx, object.Tag{Plugin: "metrics", Table: "system." + metricSamples}), flushTimeout)
	defer cancel()
	now := f.e.now()
	rows := f.changed(m, now)
	slow := f.slowSince(m)
	err := f.write(ctx, m, now, rows, slow)
	if err != nil {
		f.e.cfg.Logger.Warn("the figures of METRICS could not be written; the next flush tries again", "error", err)
		return
	}
	for _, r := range rows {
		f.before[r.total] = r.now
		if r.key.at != r.total.at {
			f.hours[r.key] = r.row
		}
	}
	f.e.othersStale.Store(true)
	if len(slow) > 0 {
		f.slowN = slow[len(slow)-1].N
	}
}

// changedSample is a row to write.
type changedSample struct {
	key   sampleKey // of the row
	row   sample    // what it is to hold
	total sampleKey // where the totals are remembered
	now   sample    // the totals
}

// changed returns the rows whose figures have changed.
func (f *flusher) changed(m *measuring, now time.Time) (out []changedSample) {
	hour := now.Unix() / 3600 * 3600
	maps.DeleteFunc(f.hours, func(k sampleKey, _ sample) bool { return k.at < hour })
	maps.DeleteFunc(f.before, func(k sampleKey, _ sample) bool { return k.at > 0 && k.at < now.Add(-keptFor(k.kind)).Unix() })
	add := func(total sampleKey, s sample, absolute bool) {
		was := f.before[total]
		if was.n == s.n {
			return
		}
		c := changedSample{key: total, row: s, total: total, now: s}
		if !absolute { // totals since the process began: the hour's share is what has come since the last flush
			c.key.at = hour
			c.row = f.hours[c.key].plus(s.minus(was))
		}
		out = append(out, c)
	}
	reg := f.e.metrics
	if m.performance {
		for _, o := range reg.Operations() {
			d := o.Latency.Snapshot()
			add(sampleKey{kind: "operation", name: o.Name, table: o.Table}, sample{n: [6]int64{d.Count, o.Errors.Load()}, latens: d}, false)
		}
	}
	if m.errors {
		for _, x := range reg.Errors() {
			add(sampleKey{kind: "error", name: x.Kind, table: x.Table, label: x.State}, sample{n: [6]int64{x.Count}, last: x.At}, false)
		}
	}
	if m.usage {
		for _, u := range reg.Usage() {
			add(sampleKey{at: u.Hour.Unix(), kind: "usage", table: u.Table}, sample{n: [6]int64{u.Inserts.Load(), u.Updates.Load(), u.Deletes.Load(),
				u.Reads.Load(), u.RowsRead.Load(), u.RowsWritten.Load()}}, true)
		}
	}
	for op, u := range byOperation(f.e.cfg.Ledger.Total()) {
		add(sampleKey{kind: "spend", name: op}, sample{n: [6]int64{u.Requests, u.Sent, u.Received}}, false)
	}
	for _, c := range f.e.history.list(func(tag string) string { return tag }) {
		add(sampleKey{at: c.Minute.Unix(), kind: "cost", name: c.Operation, table: c.Table, label: c.Plugin}, sample{n: [6]int64{c.Requests, c.Sent, c.Received}}, true)
	}
	return out
}

// keptFor is how long the figures of a time are kept in memory: after that, the row of the time is not written again.
func keptFor(kind string) time.Duration {
	if kind == "cost" {
		return (historyMinutes + 60) * time.Minute
	}
	return 32 * 24 * time.Hour
}

// byOperation sums up what requests came to by the class of their command.
func byOperation(s object.Snapshot) map[string]object.Usage {
	out := map[string]object.Usage{}
	for c, u := range s.All() {
		op := system.Operation(c)
		sum := out[op]
		out[op] = object.Usage{Requests: sum.Requests + u.Requests, Sent: sum.Sent + u.Sent, Received: sum.Received + u.Received}
	}
	return out
}

func (s sample) minus(t sample) sample {
	for i := range s.n {
		s.n[i] -= t.n[i]
	}
	s.latens = s.latens.Sub(t.latens)
	return s
}

func (s sample) plus(t sample) sample {
	for i := range s.n {
		s.n[i] += t.n[i]
	}
	s.latens = s.latens.Add(t.latens)
	if t.last.After(s.last) {
		s.last = t.last
	}
	return s
}

// slowSince returns the slow statements that have not been written.
func (f *flusher) slowSince(m *measuring) (out []metrics.Slow) {
	if !m.slow {
		return nil
	}
	for _, s := range f.e.metrics.SlowStatements() {
		if s.N > f.slowN {
			out = append(out, s)
		}
	}
	return out
}

// write stores rows in one transaction.
func (f *flusher) write(ctx context.Context, m *measuring, now time.Time, rows []changedSample, slow []metrics.Slow) error {
	if len(rows) == 0 && len(slow) == 0 {
		return nil
	}
	return f.e.inTx(ctx, func(s *Session) error {
		if err := f.writeRows(ctx, s, m, now, rows); err != nil {
			return err
		}
		return f.writeSlow(ctx, s, m, now, slow)
	})
}

func (f *flusher) writeRows(ctx context.Context, s *Session, m *measuring, now time.Time, rows []changedSample) error {
	expires := dateTime(now.Add(m.retention))
	for len(rows) > 0 {
		batch := rows[:min(m.batch, len(rows))]
		rows = rows[len(batch):]
		var args []Arg
		for _, r := range batch {
			data := base.Value{}
			if r.row.latens.Count > 0 {
				b, err := json.Marshal(r.row.latens)
				if err != nil {
					return err
				}
				data = base.NewString(string(b))
			}
			last := base.Value{}
			if !r.row.last.IsZero() {
				last = dateTime(r.row.last)
			}
			args = append(args, Arg{Value: dateTime(time.Unix(r.key.at, 0))}, Arg{Value: base.NewString(f.e.process)}, Arg{Value: base.NewString(r.key.kind)},
				Arg{Value: base.NewString(r.key.name)}, Arg{Value: base.NewString(clip(r.key.table, 80))}, Arg{Value: base.NewString(clip(r.key.label, 80))})
			for _, n := range r.row.n {
				args = append(args, Arg{Value: base.NewInt(n)})
			}
			args = append(args, Arg{Value: data}, Arg{Value: last}, Arg{Value: expires})
		}
		if err := s.do(ctx, "REPLACE INTO system."+metricSamples+" VALUES "+valueRows(len(batch), 15), args); err != nil {
			return err
		}
	}
	return nil
}

func (f *flusher) writeSlow(ctx context.Context, s *Session, m *measuring, now time.Time, slow []metrics.Slow) error {
	for _, q := range slow {
		args := []Arg{{Value: dateTime(q.At)}, {Value: base.NewString(f.e.process)}, {Value: base.NewInt(q.N)},
			{Value: base.NewFloat(float64(q.Took.Microseconds()) / 1000)}, {Value: base.NewString(q.Text)}, {Value: base.NewString(clip(q.Table, 80))},
			{Value: base.NewInt(q.Rows)}, {Value: base.NewInt(q.Requests)}, {Value: base.NewFloat(q.USD)}, {Value: base.NewString(q.Plan)},
			{Value: dateTime(now.Add(m.retention))}}
		if err := s.do(ctx, "REPLACE INTO system."+slowSamples+" VALUES "+valueRows(1, 11), args); err != nil {
			return err
		}
	}
	return nil
}

// do runs a statement of the engine's own.
func (s *Session) do(ctx context.Context, sql string, args []Arg) error {
	r, err := s.Exec(ctx, sql, args)
	if err != nil {
		return err
	}
	return r.Close()
}

// valueRows returns what follows VALUES for rows whose values are arguments.
func valueRows(rows, columns int) string {
	row := "(" + strings.TrimSuffix(strings.Repeat("?, ", columns), ", ") + ")"
	return strings.TrimSuffix(strings.Repeat(row+", ", rows), ", ")
}

func dateTime(t time.Time) base.Value { return base.NewDateTime(t.UnixMicro()) }

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
