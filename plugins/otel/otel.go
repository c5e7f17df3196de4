// Package otel makes OpenTelemetry spans and metrics of the statements of a database:
//
//	connector, err := driver.NewConnector(cfg, driver.WithPlugin("otel", otel.New(tracerProvider, meterProvider)))
//
// Names are those of the semantic conventions for database clients
// (https://opentelemetry.io/docs/specs/semconv/database/). Texts of statements have ? in the place of constants.
package otel

import (
	"context"
	"errors"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/plugins"
)

// scope is the name of the instrumentation.
const scope = "github.com/s3sql/s3sql"

// New returns a plugin that makes spans with tracers and metrics with meters; either may be nil.
func New(tracers trace.TracerProvider, meters metric.MeterProvider) plugins.Plugin {
	p := &plugin{}
	if tracers != nil {
		p.tracer = tracers.Tracer(scope)
	}
	if meters != nil {
		p.meter = meters.Meter(scope)
	}
	return p
}

type plugin struct {
	plugins.Base
	tracer trace.Tracer
	meter  metric.Meter

	duration metric.Float64Histogram
	requests metric.Int64Counter
	cost     metric.Float64Counter
}

// Setup makes the instruments and asks to be told of statements.
func (p *plugin) Setup(_ context.Context, host plugins.Host) error {
	if p.meter != nil {
		var errs [3]error
		p.duration, errs[0] = p.meter.Float64Histogram("db.client.operation.duration", metric.WithUnit("s"), metric.WithDescription("Duration of statements."))
		p.requests, errs[1] = p.meter.Int64Counter("s3sql.store.requests", metric.WithUnit("{request}"), metric.WithDescription("Requests to the object store that statements have made."))
		p.cost, errs[2] = p.meter.Float64Counter("s3sql.store.cost", metric.WithUnit("USD"), metric.WithDescription("What these requests cost."))
		if err := errors.Join(errs[:]...); err != nil {
			return err
		}
	}
	host.Statements(plugins.StatementHooks{Before: p.before, After: p.after})
	return nil
}

func attributes(s plugins.Statement) []attribute.KeyValue {
	list := []attribute.KeyValue{attribute.String("db.system.name", "s3sql"), attribute.String("db.operation.name", strings.ToUpper(s.Operation))}
	if s.Table != "" {
		list = append(list, attribute.String("db.collection.name", s.Table))
	}
	return list
}

func (p *plugin) before(ctx context.Context, s plugins.Statement) (context.Context, error) {
	if p.tracer == nil {
		return nil, nil
	}
	name := strings.TrimSpace(strings.ToUpper(s.Operation) + " " + s.Table)
	ctx, _ = p.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(s.Start),
		trace.WithAttributes(append(attributes(s), attribute.String("db.query.text", s.Text))...))
	return ctx, nil
}

func (p *plugin) after(ctx context.Context, s plugins.Statement, o plugins.Outcome) {
	list := attributes(s)
	if o.Err != nil {
		list = append(list, attribute.String("error.type", errorType(o.Err)))
	}
	if p.meter != nil {
		set := metric.WithAttributes(list...)
		p.duration.Record(ctx, o.Took.Seconds(), set)
		p.requests.Add(ctx, o.Requests, set)
		p.cost.Add(ctx, o.USD, set)
	}
	if p.tracer == nil {
		return
	}
	span := trace.SpanFromContext(ctx)
	span.SetAttributes(attribute.Int64("db.response.returned_rows", o.Rows), attribute.Int64("s3sql.store.requests", o.Requests), attribute.Float64("s3sql.store.cost", o.USD))
	if o.Err != nil {
		span.SetAttributes(attribute.String("error.type", errorType(o.Err)))
		span.SetStatus(codes.Error, errorType(o.Err)) // a message may have values of rows
	}
	span.End(trace.WithTimestamp(s.Start.Add(o.Took)))
}

// errorType is the SQLSTATE of an error.
func errorType(err error) string {
	var e *base.Error
	if errors.As(err, &e) {
		return e.State
	}
	return "_OTHER"
}
