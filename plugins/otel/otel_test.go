package otel_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	meternoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/s3sql/s3sql/driver"
	"github.com/s3sql/s3sql/plugins/otel"
)

// recorder notes spans and metrics as lines.
type recorder struct {
	noop.TracerProvider
	mu    sync.Mutex
	lines []string
}

func (r *recorder) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func (r *recorder) Tracer(string, ...trace.TracerOption) trace.Tracer { return tracer{r: r} }

type tracer struct {
	noop.Tracer
	r *recorder
}

func (t tracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	cfg := trace.NewSpanStartConfig(opts...)
	parent := ""
	if p, ok := trace.SpanFromContext(ctx).(*span); ok {
		parent = " in " + p.name
	}
	s := &span{r: t.r, name: name}
	t.r.note("begin %s%s: %s", name, parent, value(cfg.Attributes(), "db.query.text"))
	return trace.ContextWithSpan(ctx, s), s
}

type span struct {
	noop.Span
	r            *recorder
	name, status string
	attrs        []attribute.KeyValue
}

func (s *span) SetAttributes(kv ...attribute.KeyValue) { s.attrs = append(s.attrs, kv...) }
func (s *span) SetStatus(c codes.Code, d string)       { s.status = c.String() + " " + d }
func (s *span) End(...trace.SpanEndOption) {
	s.r.note("end %s: %s rows, %s", s.name, value(s.attrs, "db.response.returned_rows"), s.status)
}

func value(list []attribute.KeyValue, key attribute.Key) string {
	i := slices.IndexFunc(list, func(kv attribute.KeyValue) bool { return kv.Key == key })
	if i < 0 {
		return ""
	}
	return list[i].Value.String()
}

// meters counts what is recorded.
type meters struct {
	meternoop.MeterProvider
	r *recorder
}

func (m meters) Meter(string, ...metric.MeterOption) metric.Meter { return meter{r: m.r} }

type meter struct {
	meternoop.Meter
	r *recorder
}

func (m meter) Float64Histogram(name string, _ ...metric.Float64HistogramOption) (metric.Float64Histogram, error) {
	return histogram{r: m.r, name: name}, nil
}

type histogram struct {
	meternoop.Float64Histogram
	r    *recorder
	name string
}

func (h histogram) Record(_ context.Context, v float64, opts ...metric.RecordOption) {
	cfg := metric.NewRecordConfig(opts)
	set := cfg.Attributes()
	op, _ := set.Value("db.operation.name")
	failed, _ := set.Value("error.type")
	h.r.note("%s %v %s %s", h.name, v > 0, op.String(), failed.String())
}

func TestSpansAndMetrics(t *testing.T) {
	t.Parallel()
	r := &recorder{}
	cfg, err := driver.ParseDSN("mem://")
	if err != nil {
		t.Fatal(err)
	}
	c, err := driver.NewConnector(cfg, driver.WithPlugin("otel", otel.New(r, meters{r: r})))
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	defer db.Close()
	ctx := trace.ContextWithSpan(t.Context(), &span{r: r, name: "request"})
	for _, s := range []string{"CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)", "INSERT INTO t VALUES (1)"} {
		if _, err := db.ExecContext(ctx, s); err != nil && s != "INSERT INTO t VALUES (1)" {
			t.Fatal(err)
		}
	}
	var n int
	if err := db.QueryRowContext(ctx, "SELECT id FROM t WHERE id = 2").Scan(&n); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"begin DDL t in request: CREATE TABLE t(id INT PRIMARY KEY)", "db.client.operation.duration true DDL ", "end DDL t: 0 rows, ",
		"begin INSERT t in request: INSERT INTO t VALUES(?)", "db.client.operation.duration true INSERT ", "end INSERT t: 2 rows, ",
		"begin INSERT t in request: INSERT INTO t VALUES(?)", "db.client.operation.duration true INSERT 23000", "end INSERT t: 0 rows, Error 23000",
		"begin SELECT t in request: SELECT id FROM t WHERE id = ?", "db.client.operation.duration true SELECT ", "end SELECT t: 1 rows, ",
	}
	if !slices.Equal(r.lines, want) {
		t.Errorf("%q, want %q", r.lines, want)
	}
	var state string
	if err := db.QueryRowContext(t.Context(), "SELECT state FROM system.plugins WHERE name = 'otel'").Scan(&state); err != nil || state != "active" {
		t.Error(state, err)
	}
}
