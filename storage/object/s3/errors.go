package s3

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	smithy "github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/s3sql/s3sql/storage/object"
)

// wrap turns an error of the SDK into one of the contract. It keeps codes, status and request id, never the service's
// own text nor a header: those may quote what was sent.
func (s *Store) wrap(ctx context.Context, op object.Op, key string, err error) error {
	if err == nil {
		return nil
	}
	if reply := replyOf(err); reply != nil {
		return s.answered(op, key, reply)
	}
	var cred *credentialsError
	unsent := errors.As(err, &cred) || isDial(err)
	if ended := object.FailContext(ctx, op, key, !unsent); ended != nil {
		return ended
	}
	switch {
	case cred != nil:
		return object.Fail(op, key, object.ErrDenied, fmt.Errorf("%w were found, or they could not be renewed: "+
			"set access key and secret key, a profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", errNoCredentials))
	case unsent:
		return object.Fail(op, key, object.ErrUnavailable, fmt.Errorf("endpoint %s cannot be reached: %s", s.endpoint(), transportText(err)))
	case op.IsWrite():
		return object.Fail(op, key, object.ErrUnknown, errors.New(transportText(err)))
	}
	return object.Fail(op, key, object.ErrUnavailable, errors.New(transportText(err)))
}

// isDial reports whether err means that no connection came about, so that nothing can have been done.
func isDial(err error) bool {
	var dial *net.OpError
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &dial) && (dial.Op == "dial" || dial.Op == "proxyconnect") || errors.As(err, &dns) ||
		errors.As(err, &certificate) || errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch)
}

// transportText is the innermost text of a failed exchange, without the URL.
func transportText(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err.Error()
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Error()
	}
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err.Error()
}

func (s *Store) endpoint() string {
	switch {
	case s.cfg.Endpoint != "":
		return s.cfg.Endpoint
	case s.client.Options().BaseEndpoint != nil:
		return *s.client.Options().BaseEndpoint
	}
	return "of Amazon S3 in " + s.client.Options().Region
}

// reply is what the service said.
type reply struct {
	status    int
	code      string // of the S3 error, if the body had one
	requestID string
	region    string // where a redirect says that the bucket is
}

func replyOf(err error) *reply {
	var r reply
	var resp *smithyhttp.ResponseError
	if errors.As(err, &resp) && resp.Response != nil && resp.Response.Response != nil {
		r.status = resp.HTTPStatusCode()
		r.requestID = resp.Response.Header.Get("X-Amz-Request-Id")
		r.region = resp.Response.Header.Get("X-Amz-Bucket-Region")
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		r.code = api.ErrorCode()
	}
	if r.status < 300 {
		return nil // no reply, or that of a success which broke off on the way
	}
	return &r
}

// Error tells status, code and request id.
func (r *reply) Error() string {
	text := fmt.Sprintf("status %d", r.status)
	if r.code != "" && r.code != fmt.Sprint(r.status) {
		text += " " + printable(r.code)
	}
	if r.requestID != "" {
		text += ", request " + printable(r.requestID)
	}
	return text
}

// printable cuts what a service sent to what may stand in an error message.
func printable(s string) string {
	b := []byte(s[:min(len(s), 80)])
	for i, c := range b {
		if c <= ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}

// answered maps what the service said to the contract.
// Source: Amazon S3 API Reference, "Error responses" and "Conditional requests".
func (s *Store) answered(op object.Op, key string, r *reply) error {
	fail := func(sentinel error, why string) error {
		var cause error = r
		if why != "" {
			cause = fmt.Errorf("%s: %w", why, r)
		}
		return object.Fail(op, key, sentinel, cause)
	}
	switch {
	case r.code == "NoSuchBucket":
		return fail(object.ErrNoBucket, fmt.Sprintf("there is no bucket %q at endpoint %s", s.cfg.Bucket, s.endpoint()))
	case r.code == "RequestTimeTooSkewed":
		return fail(object.ErrDenied, "the clock of this machine is wrong")
	case r.code == "InvalidAccessKeyId" || r.code == "XAdminUserNotFound" || r.code == "SignatureDoesNotMatch" || r.code == "ExpiredToken" || r.code == "InvalidToken":
		return fail(object.ErrDenied, "the credentials are not valid")
	case r.status == http.StatusUnauthorized || r.status == http.StatusForbidden:
		return fail(object.ErrDenied, fmt.Sprintf("the credentials give no permission for this on bucket %q", s.cfg.Bucket))
	case r.status >= 300 && r.status < 400 || r.code == "AuthorizationHeaderMalformed":
		return fail(object.ErrNoBucket, fmt.Sprintf("bucket %q is not in this region%s", s.cfg.Bucket, hint(r.region)))
	case r.code == "NoSuchKey" && op == object.OpPutIfMatch:
		return fail(object.ErrChanged, "")
	case r.code == "NoSuchKey" && (op == object.OpGet || op == object.OpGetRange):
		// Not any 404: that a commit record does not exist is proof of freshness, so a proxy's page must not pass for it.
		return fail(object.ErrNotFound, "")
	case r.code == "NoSuchUpload" && op >= object.OpCreateUpload:
		return fail(object.ErrNotFound, "the upload was completed or aborted")
	case r.status == http.StatusPreconditionFailed && op == object.OpPutIfMatch:
		return fail(object.ErrChanged, "")
	case r.status == http.StatusPreconditionFailed:
		return fail(object.ErrExists, "")
	case r.code == "ConditionalRequestConflict" || r.code == "OperationAborted":
		return fail(object.ErrConflict, "")
	case r.status == http.StatusRequestedRangeNotSatisfiable:
		return fail(object.ErrRange, "")
	case r.code == "SlowDown" || r.code == "RequestTimeout" || r.status == http.StatusTooManyRequests:
		return fail(object.ErrUnavailable, "") // refused before anything was done
	case r.status == http.StatusNotImplemented:
		return fail(object.ErrRefused, "the service does not know this request")
	case r.status == http.StatusNotFound:
		return fail(object.ErrRefused, fmt.Sprintf("endpoint %s does not answer as an S3 service does", s.endpoint()))
	case r.status >= 500 && op.IsWrite():
		return fail(object.ErrUnknown, "")
	case r.status >= 500:
		return fail(object.ErrUnavailable, "")
	}
	return fail(object.ErrRefused, "")
}

func hint(region string) string {
	if region == "" {
		return ""
	}
	return ", but in " + printable(region)
}
