package webhook

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/plugins/replication"
)

var options = []plugins.Option{
	{Name: "method", Default: "POST", Values: []string{"post", "put", "patch"}},
	{Name: "headers", Type: plugins.Secret},
	{Name: "auth", Type: plugins.Secret},
	{Name: "secret", Type: plugins.Secret},
	{Name: "batch", Type: plugins.Bool, Default: "false"},
	{Name: "max_size", Type: plugins.Size, Default: "1MB", Min: 1024, Max: 1 << 30},
	{Name: "request_timeout", Type: plugins.Duration, Default: "30s", Min: 0.001, Max: 3600},
	{Name: "concurrency", Type: plugins.Int, Default: "4", Min: 1, Max: 256},
}

func init() {
	replication.Register("WEBHOOK", replication.Definition{
		Options:  options,
		Before:   true,
		Validate: func(c replication.Config) error { _, err := parse(c); return err },
		Open:     open,
	})
}

// config is what a target was opened with, read and checked.
type config struct {
	replication.Config
	method  string
	base    *url.URL // the address with x for what is filled in
	headers http.Header
	auth    string // the header Authorization; "" none
	key     []byte // that signs; nil: nothing is signed
	batch   bool
	maxSize int
	timeout time.Duration
	workers int
	mask    func(string) string
}

// parse reads an address and options. Its errors have no part of either in them that may be secret.
func parse(c replication.Config) (config, error) {
	o := c.Options
	cfg := config{Config: c, method: strings.ToUpper(o.Text("method")), batch: o.Bool("batch"), maxSize: int(o.Int("max_size")),
		timeout: o.Duration("request_timeout"), workers: int(o.Int("concurrency"))}
	var err error
	if cfg.base, err = parseAddress(c.Address); err != nil {
		return config{}, err
	}
	if cfg.headers, err = parseHeaders(o.Text("headers")); err != nil {
		return config{}, err
	}
	if cfg.auth, err = parseAuth(o.Text("auth")); err != nil {
		return config{}, err
	}
	if cfg.auth != "" && (cfg.base.User != nil || cfg.headers.Get("Authorization") != "") {
		return config{}, errors.New("the option auth is given, and the address or the option headers has credentials as well: give one of them")
	}
	if cfg.key, err = parseSecret(o.Text("secret")); err != nil {
		return config{}, err
	}
	cfg.mask = masker(&cfg)
	return cfg, nil
}

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

func parseAddress(s string) (*url.URL, error) {
	const valid = "it has to be a URL such as 'https://example.com/hooks/{table}'"
	for _, p := range placeholder.FindAllString(s, -1) {
		if p != "{table}" && p != "{operation}" {
			return nil, fmt.Errorf("the address has the placeholder %s: there are {table} and {operation}", p)
		}
	}
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		if i := strings.IndexAny(rest, "/?#"); placeholder.MatchString(scheme) || placeholder.MatchString(rest[:max(i, 0)]) || i < 0 && placeholder.MatchString(rest) {
			return nil, errors.New("the address has a placeholder before its path, where the server is named")
		}
	}
	u, err := url.Parse(placeholder.ReplaceAllString(s, "x"))
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return nil, errors.New("the address is not valid: " + valid)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("the address has the scheme '%s': %s", u.Scheme, valid)
	case u.Fragment != "":
		return nil, errors.New("the address has a fragment (#…), which is not sent: " + valid)
	}
	return u, nil
}

// address fills in what the address leaves open.
func (c *config) address(r *replication.Record) string {
	path, query, ok := strings.Cut(c.Address, "?")
	fill := func(s string, escape func(string) string) string {
		return strings.NewReplacer("{table}", escape(r.Destination.Name), "{operation}", string(r.Operation)).Replace(s)
	}
	if path = fill(path, url.PathEscape); !ok {
		return path
	}
	return path + "?" + fill(query, url.QueryEscape)
}

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// ownHeaders are those that requests have by themselves.
var ownHeaders = []string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"}

func parseHeaders(s string) (http.Header, error) {
	pairs, err := replication.Pairs("headers", s)
	if err != nil {
		return nil, err
	}
	h := http.Header{}
	for _, p := range pairs {
		switch {
		case !headerName.MatchString(p.Name):
			return nil, fmt.Errorf("the option headers names '%s', which cannot be a header: names are of letters, digits and dashes", p.Name)
		case slices.Contains(ownHeaders, http.CanonicalHeaderKey(p.Name)):
			return nil, fmt.Errorf("the option headers names %s, which requests have by themselves", p.Name)
		case strings.ContainsAny(p.Value, "\r\n\x00"):
			return nil, fmt.Errorf("the option headers gives %s a value of more than one line", p.Name)
		}
		h.Set(p.Name, p.Value)
	}
	return h, nil
}

// parseAuth returns the header Authorization: a scheme comes before a space, a user before a colon.
func parseAuth(s string) (string, error) {
	colon, space := strings.IndexByte(s, ':'), strings.IndexByte(s, ' ')
	switch {
	case s == "":
		return "", nil
	case strings.ContainsAny(s, "\r\n\x00"):
		return "", errors.New("the option auth has more than one line")
	case space > 0 && (colon < 0 || space < colon) && strings.TrimSpace(s[space:]) != "":
		return s, nil
	case colon > 0:
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)), nil
	}
	return "", errors.New("the option auth is not valid: it has to be 'Bearer <token>', or another scheme and what belongs to it, or 'user:password'")
}

func parseSecret(s string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(s, "whsec_")
	if !ok {
		if s == "" {
			return nil, nil
		}
		return []byte(s), nil
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) == 0 {
		return nil, errors.New("the option secret begins with whsec_, and what follows is not base 64")
	}
	return key, nil
}

// shortest is how long a text has to be, in bytes, to be taken for a secret: shorter ones would be found in everything.
const shortest = 4

// masker hides, in what a server answers, what it was told in secret.
func masker(c *config) func(string) string {
	secrets := []string{c.Options.Text("auth"), c.Options.Text("secret"), c.auth, strings.TrimPrefix(c.Options.Text("secret"), "whsec_")}
	for _, v := range []string{c.auth, c.Options.Text("auth")} {
		_, rest, _ := strings.Cut(v, " ")
		_, password, _ := strings.Cut(v, ":")
		secrets = append(secrets, rest, password)
	}
	for _, values := range c.headers {
		secrets = append(secrets, values...)
	}
	if password, ok := c.base.User.Password(); ok {
		secrets = append(secrets, password)
	}
	for _, values := range c.base.Query() {
		secrets = append(secrets, values...)
	}
	if path := c.base.EscapedPath(); len(path) > 2*shortest { // where some servers want a token
		secrets = append(secrets, path)
	}
	secrets = slices.DeleteFunc(secrets, func(s string) bool { return len(s) < shortest })
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) }) // the whole before a part of it
	var pairs []string
	for _, s := range secrets {
		pairs = append(pairs, s, "***")
	}
	return strings.NewReplacer(pairs...).Replace
}
