package bigquery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/bigquery"
	"google.golang.org/api/googleapi"

	"github.com/s3sql/s3sql/plugins/replication"
)

// How long BigQuery is left alone when it does not say so itself.
const (
	busyRetry  = 10 * time.Second // rates, and outages
	quotaRetry = time.Minute
	freshRetry = 15 * time.Second // until all of BigQuery knows a table or a column that was made
)

// messageMax is how many bytes of a message are shown.
const messageMax = 600

// failure is an error of BigQuery.
type failure struct {
	what    string // was tried
	code    int    // of HTTP; 0: of a job
	reason  string // https://cloud.google.com/bigquery/docs/error-messages
	message string
	header  http.Header
	hint    string
	err     error
}

func (f *failure) Error() string {
	var b strings.Builder
	b.WriteString("BigQuery: " + f.what + ": ")
	if f.code != 0 {
		fmt.Fprintf(&b, "%d ", f.code)
	}
	if f.reason != "" {
		b.WriteString(f.reason + ": ")
	}
	b.WriteString(f.message)
	if f.hint != "" {
		b.WriteString(" (" + f.hint + ")")
	}
	return b.String()
}

func (f *failure) Unwrap() error { return f.err }

// read takes an error apart; nil when it is not one that BigQuery has made.
func read(what string, err error) *failure {
	f := &failure{what: what, err: err}
	var api *googleapi.Error
	var job *bigquery.Error
	switch {
	case errors.As(err, &api):
		f.code, f.message, f.header = api.Code, api.Message, api.Header
		if len(api.Errors) > 0 {
			f.reason = api.Errors[0].Reason
		}
		if f.message == "" {
			f.message = http.StatusText(api.Code)
		}
	case errors.As(err, &job):
		f.reason, f.message = job.Reason, job.Message
	default:
		return nil
	}
	if len(f.message) > messageMax {
		f.message = strings.ToValidUTF8(f.message[:messageMax], "") + "…"
	}
	return f
}

// The reasons of BigQuery that say what to do next.
var (
	reasonsBusy = []string{"rateLimitExceeded", "jobRateLimitExceeded", "userRateLimitExceeded", "backendError", "jobBackendError", "internalError", "jobInternalError",
		"tableUnavailable", "timeout", "stopped", "resourceInUse"}
	reasonsDenied = []string{"accessDenied", "authError", "forbidden", "billingNotEnabled"}
)

// explain makes of an error of the client one that says what was tried and when to try again.
//
// Errors: RetryAfter for rates, quotas, outages and the streaming buffer; Permanent for what is denied, missing or invalid; others as they are.
func (t *target) explain(what string, err error) error {
	f := read(what, err)
	if f == nil {
		return t.explainOther(what, err)
	}
	switch {
	case strings.Contains(strings.ToLower(f.message), "streaming buffer"):
		f.hint = "rows that were streamed into the table cannot be changed yet"
		return replication.RetryAfter(f, t.config.bufferRetry)
	case f.reason == "quotaExceeded":
		return replication.RetryAfter(f, f.after(quotaRetry))
	case f.code == http.StatusTooManyRequests || f.code >= 500 || slices.Contains(reasonsBusy, f.reason):
		return replication.RetryAfter(f, f.after(busyRetry))
	case f.code == http.StatusUnauthorized || f.code == http.StatusForbidden || slices.Contains(reasonsDenied, f.reason):
		f.hint = "the account needs the roles BigQuery Data Editor on the dataset and, for mutable mode, BigQuery Job User on the project"
		if strings.Contains(f.message, "free tier") || f.reason == "billingNotEnabled" {
			f.hint = "enable billing for the project"
		}
		return replication.Permanent(f)
	case f.missing():
		f.hint = "is the dataset there, and the location of the replication that of the dataset?"
		return replication.Permanent(f)
	case f.invalid():
		return replication.Permanent(f)
	}
	return f
}

// explainOther explains errors that are not BigQuery's: those of the way to it.
func (t *target) explainOther(what string, err error) error {
	var token *auth.Error
	switch {
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("BigQuery: %s: %w", what, err)
	case errors.As(err, &token) && !token.Temporary():
		return replication.Permanent(&failure{what: what, message: "the credentials were not accepted", hint: "is the key of the service account still valid?", err: err})
	case errors.As(err, &token):
		return replication.RetryAfter(&failure{what: what, message: "no token was to be had for the credentials", err: err}, busyRetry)
	}
	return fmt.Errorf("BigQuery: %s: %w", what, err)
}

// after returns what the header Retry-After asks for, or d.
func (f *failure) after(d time.Duration) time.Duration {
	if s, err := strconv.ParseUint(f.header.Get("Retry-After"), 10, 16); err == nil {
		return max(time.Duration(s)*time.Second, time.Second)
	}
	return d
}

func (f *failure) missing() bool { return f.code == http.StatusNotFound || f.reason == "notFound" }

// invalid reports whether the request itself is wrong, or a value in it.
func (f *failure) invalid() bool {
	if strings.Contains(f.message, "Could not serialize") || strings.Contains(f.message, "concurrent update") {
		return false
	}
	return f.code == http.StatusBadRequest || f.code == http.StatusRequestEntityTooLarge || f.code == 0 && (f.reason == "invalid" || f.reason == "invalidQuery")
}

// isMissing reports whether BigQuery does not know what it was asked for.
func isMissing(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.missing()
}

// isInvalid reports whether BigQuery finds a request, or a value in it, wrong.
func isInvalid(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.invalid() && replication.IsPermanent(err)
}

// isTaken reports whether what was to be made is there already.
func isTaken(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.code == http.StatusConflict
}
