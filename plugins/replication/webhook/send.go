package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/s3sql/s3sql/plugins/replication"
)

const (
	answerMax = 64 << 10 // bytes of an answer that are read, so that its connection can be used again
	shownMax  = 200      // bytes of it that an error shows
	retryMax  = time.Hour
	followMax = 5 // redirects
)

// failure is a request that was not answered by 2xx.
type failure struct {
	text string // without secrets
	err  error  // nil: there was an answer
}

func (e *failure) Error() string { return e.text }
func (e *failure) Unwrap() error { return e.err }

// refusal is an answer that is about the records that were sent.
type refusal struct{ failure }

// send makes a request.
//
// Errors: a refusal; Permanent, and RetryAfter, as the package comment says of answers; others of the way to the server.
func (t *target) send(ctx context.Context, address, id string, body []byte) error {
	req, err := t.request(ctx, t.config.method, address, id, body)
	if err != nil {
		return err
	}
	status, header, said, err := t.do(req)
	if err != nil {
		return err
	}
	return t.judge(status, header, said)
}

// request makes a request, signed.
func (t *target) request(ctx context.Context, method, address, id string, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, &failure{text: "WEBHOOK: the address of a record is not valid"} // the error shows it
	}
	now := strconv.FormatInt(t.clock.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "s3sql")
	for name, values := range t.config.headers {
		req.Header[name] = values
	}
	if t.config.auth != "" {
		req.Header.Set("Authorization", t.config.auth)
	}
	req.Header.Set("webhook-id", id)
	req.Header.Set("webhook-timestamp", now)
	if t.config.key != nil {
		req.Header.Set("webhook-signature", sign(t.config.key, id, now, body))
	}
	return req, nil
}

// sign returns a signature as Standard Webhooks writes it.
func sign(key []byte, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	_, _ = io.WriteString(mac, id+"."+timestamp+".") // which never fails
	_, _ = mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// do makes a request and reads the answer's beginning.
func (t *target) do(req *http.Request) (status int, header http.Header, said string, err error) {
	resp, err := t.client.Do(req)
	if err != nil {
		var e *url.Error // which shows the address
		if errors.As(err, &e) {
			err = e.Err
		}
		return 0, nil, "", &failure{text: t.config.mask(fmt.Sprintf("WEBHOOK: %s %s: %v", req.Method, t.server(), err)), err: err}
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, answerMax))
	if cerr := resp.Body.Close(); err != nil || cerr != nil {
		text = nil // the status says enough
	}
	return resp.StatusCode, resp.Header, string(text), nil
}

// server is the part of the address that errors show: the rest may have a token in it.
func (t *target) server() string { return t.config.base.Scheme + "://" + t.config.base.Host }

var (
	statusesAgain = []int{http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests}
	statusesStay  = map[int]string{
		http.StatusUnauthorized:      "look at the option auth, or secret",
		http.StatusForbidden:         "look at the option auth, or secret",
		http.StatusNotFound:          "look at the address",
		http.StatusMethodNotAllowed:  "look at the option method",
		http.StatusProxyAuthRequired: "the proxy wants credentials: HTTPS_PROXY may carry them",
		http.StatusGone:              "the server does not want these requests any more",
	}
)

// judge makes of an answer what Apply does about it.
func (t *target) judge(status int, header http.Header, said string) error {
	if status/100 == 2 {
		return nil
	}
	text := fmt.Sprintf("WEBHOOK: %s %s answers %d %s", t.config.method, t.server(), status, http.StatusText(status))
	if shown := excerpt(t.config.mask(said)); shown != "" {
		text += ": " + shown
	}
	f := failure{text: text}
	hint, stays := statusesStay[status]
	switch {
	case stays:
		f.text += " (" + hint + ")"
		return replication.Permanent(&f)
	case status/100 == 3:
		f.text += " (it redirects" + t.whither(header) + ", which is not followed: give the address that it leads to)"
		return replication.Permanent(&f)
	case status/100 == 5 || slices.Contains(statusesAgain, status):
		if d := t.after(header); d > 0 {
			return replication.RetryAfter(&f, d)
		}
		return &f
	case status/100 == 4:
		return &refusal{f}
	}
	return &f
}

// whither is the server that a redirect leads to.
func (t *target) whither(header http.Header) string {
	u, err := t.config.base.Parse(header.Get("Location"))
	if err != nil || u.Host == "" {
		return ""
	}
	return " to " + u.Scheme + "://" + u.Host
}

// excerpt is the beginning of a text in one line.
func excerpt(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > shownMax {
		s = s[:shownMax] + "…"
	}
	return strings.ToValidUTF8(s, "")
}

// after reads Retry-After: seconds, or a time.
func (t *target) after(header http.Header) time.Duration {
	v := header.Get("Retry-After")
	if s, err := strconv.ParseUint(v, 10, 32); err == nil {
		return min(time.Duration(s)*time.Second, retryMax)
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	return max(min(at.Sub(t.clock.Now()), retryMax), 0)
}

// follow lets redirects be followed that send the same request to the same server again.
func follow(req *http.Request, via []*http.Request) error {
	status, first := req.Response.StatusCode, via[0].URL
	same := req.URL.Host == first.Host && req.URL.Scheme == first.Scheme
	if !same || len(via) > followMax || status != http.StatusTemporaryRedirect && status != http.StatusPermanentRedirect {
		return http.ErrUseLastResponse
	}
	return nil
}

// Check asks the server for OPTIONS, as that changes nothing: an answer of any kind shows that it is there.
// Cost: one request.
func (t *target) Check(ctx context.Context, all []*replication.Destination) []replication.Check {
	connection := replication.Check{What: "connection"}
	r := replication.Record{Destination: &replication.Destination{Name: "test"}, Operation: replication.Insert}
	if len(all) > 0 {
		r.Destination = all[0]
	}
	req, err := t.request(ctx, http.MethodOptions, t.config.address(&r), "test-"+strconv.FormatInt(t.clock.Now().UnixNano(), 10), nil)
	if err != nil {
		connection.Err = err
		return []replication.Check{connection}
	}
	status, _, _, err := t.do(req)
	if err != nil {
		connection.Err = err
		return []replication.Check{connection}
	}
	connection.Note = fmt.Sprintf("%s answers OPTIONS with %d %s", t.server(), status, http.StatusText(status))
	permissions := replication.Check{What: "permissions", Note: "not refused; only a change shows whether it is taken"}
	if status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusGone {
		permissions.Err, permissions.Note = fmt.Errorf("WEBHOOK: %s answers OPTIONS with %d %s (%s)", t.server(), status, http.StatusText(status), statusesStay[status]), ""
	}
	encryption := replication.Check{What: "encryption"}
	if t.config.base.Scheme != "https" {
		encryption.Note = "none: rows, headers and auth can be read on the way; use https"
	}
	return []replication.Check{connection, permissions, encryption}
}
