package bigquery

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"cloud.google.com/go/bigquery"
	"google.golang.org/api/option"
	transport "google.golang.org/api/transport/http"

	"github.com/s3sql/s3sql/plugins/replication"
)

// answerMax is how much of an error's answer is read.
const answerMax = 1 << 20

// connect makes the client, once. It makes no request of BigQuery, but may look for credentials in the environment.
func (t *target) connect(ctx context.Context) error {
	if t.client != nil {
		return nil
	}
	t.base = http.DefaultTransport.(*http.Transport).Clone()
	opts := []option.ClientOption{option.WithScopes(bigquery.Scope), option.WithTelemetryDisabled()}
	switch {
	case t.config.credentials != nil:
		opts = append(opts, option.WithAuthCredentialsJSON(option.ServiceAccount, t.config.credentials))
	case t.config.endpoint != "":
		opts = append(opts, option.WithoutAuthentication())
	}
	ctx = context.WithoutCancel(ctx) // tokens are fetched as long as the client lives
	authenticated, err := transport.NewTransport(ctx, t.base, opts...)
	if err != nil {
		return replication.Permanent(errors.New("BigQuery: there are no usable credentials: give the option credentials the key of a service account, or the process application default credentials"))
	}
	opts = []option.ClientOption{option.WithHTTPClient(&http.Client{Transport: once{authenticated}}), option.WithUserAgent("s3sql")}
	if t.config.endpoint != "" {
		opts = append(opts, option.WithEndpoint(t.config.endpoint))
	}
	client, err := bigquery.NewClient(ctx, t.config.project, opts...)
	if err != nil {
		return err
	}
	client.Location = t.config.location
	t.client = client
	return nil
}

// attempt is the key of a context to the function that ends the attempts of a call.
type attempt struct{}

// errAnswered ends the attempts of a call whose answer is an error: the client has it.
var errAnswered = errors.New("answered")

// do makes a call of the client, which gives up after its first error: left alone, the client repeats a call until its context ends, and
// nobody hears of a quota. what says in errors what was tried.
//
// Errors: those of explain.
func (t *target) do(ctx context.Context, what string, call func(ctx context.Context) error) error {
	inner, end := context.WithCancelCause(ctx)
	defer end(nil)
	err := call(context.WithValue(inner, attempt{}, end))
	if err == nil {
		return nil
	}
	if cause := context.Cause(inner); ctx.Err() == nil && cause != nil && !errors.Is(cause, errAnswered) {
		err = cause
	}
	return t.explain(what, err)
}

// once makes requests and ends the attempts of their call when one fails.
type once struct{ http.RoundTripper }

// RoundTrip makes a request. The body of an error is read before the context ends.
func (o once) RoundTrip(r *http.Request) (*http.Response, error) {
	end, _ := r.Context().Value(attempt{}).(context.CancelCauseFunc)
	res, err := o.RoundTripper.RoundTrip(r)
	switch {
	case end == nil:
	case err != nil:
		end(err)
	case res.StatusCode >= http.StatusBadRequest:
		var body []byte
		body, err = io.ReadAll(io.LimitReader(res.Body, answerMax))
		_ = res.Body.Close()
		if err != nil {
			end(err)
			return nil, err
		}
		res.Body = io.NopCloser(bytes.NewReader(body))
		end(errAnswered)
	}
	return res, err
}

// query runs a statement with the parameter changes, and waits for its end. BigQuery gives up when the context would.
// Cost: three requests, more where it takes longer than about ten seconds.
func (t *target) query(ctx context.Context, what, sql, changes string) error {
	return t.do(ctx, what, func(ctx context.Context) error {
		q := t.newQuery(sql, changes)
		if deadline, ok := ctx.Deadline(); ok {
			q.JobTimeout = max(deadline.Sub(t.clock.Now()), time.Second).Truncate(time.Millisecond)
		}
		job, err := q.Run(ctx)
		if err != nil {
			return err
		}
		status, err := job.Wait(ctx)
		if err != nil {
			return err
		}
		return status.Err()
	})
}

// plan asks whether BigQuery would run a statement. Cost: one request, and nothing on the bill.
func (t *target) plan(ctx context.Context, what, sql, changes string) error {
	return t.do(ctx, what, func(ctx context.Context) error {
		q := t.newQuery(sql, changes)
		q.DryRun = true
		job, err := q.Run(ctx)
		if err != nil {
			return err
		}
		return job.LastStatus().Err()
	})
}

func (t *target) newQuery(sql, changes string) *bigquery.Query {
	q := t.client.Query(sql)
	q.DisableQueryCache = true
	q.Location = t.client.Location
	if changes != "" {
		q.Parameters = []bigquery.QueryParameter{{Name: "changes", Value: changes}}
	}
	return q
}
