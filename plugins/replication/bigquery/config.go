package bigquery

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/plugins/replication"
)

// The modes; the package comment says what they do.
const (
	modeAppend    = "append"
	modeMutable   = "mutable"
	modeImmutable = "immutable"
)

var options = []plugins.Option{
	{Name: "location", Default: "US"},
	{Name: "credentials", Type: plugins.Secret},
	{Name: "mode", Default: modeAppend, Values: []string{modeAppend, modeMutable, modeImmutable}},
	{Name: "log_table"},
	{Name: "create_tables", Type: plugins.Bool, Default: "true"},
	{Name: "streaming_buffer_retry", Type: plugins.Duration, Default: "30s", Min: 0.001, Max: 90 * 60},
	{Name: "endpoint"},
}

func init() {
	replication.Register("BIGQUERY", replication.Definition{
		Options:  options,
		Validate: func(c replication.Config) error { _, err := parse(c); return err },
		Open: func(_ context.Context, c replication.Config) (replication.Target, error) {
			cfg, err := parse(c)
			if err != nil {
				return nil, err
			}
			return &target{config: cfg, clock: base.SystemClock{}}, nil
		},
	})
}

// config is what a target was opened with, read and checked.
type config struct {
	project, dataset string
	location         string
	anyLocation      bool   // location was not given: that of the dataset is as good
	credentials      []byte // JSON of a service account; nil: those of the environment
	endpoint         string // with a slash at its end; "": Google's
	mode             string
	logTable         string
	create           bool
	bufferRetry      time.Duration
	replication      string
	source           string
	logger           *slog.Logger
}

var (
	projectName = regexp.MustCompile(`^([a-z0-9.-]+:)?[a-z][a-z0-9-]*$`)
	datasetName = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
)

// parse reads an address and options.
func parse(c replication.Config) (config, error) {
	o := c.Options
	cfg := config{location: o.Text("location"), anyLocation: !o.Given("location"), mode: o.Text("mode"), logTable: o.Text("log_table"), create: o.Bool("create_tables"),
		bufferRetry: o.Duration("streaming_buffer_retry"), replication: c.Replication, source: c.Source, logger: c.Logger}
	if cfg.logger == nil {
		cfg.logger = slog.New(slog.DiscardHandler)
	}
	dot := strings.LastIndexByte(c.Address, '.')
	if dot < 0 {
		return config{}, fmt.Errorf("the address '%s' is not valid: it has to be 'project.dataset'", c.Address)
	}
	cfg.project, cfg.dataset = c.Address[:dot], c.Address[dot+1:]
	switch {
	case !projectName.MatchString(cfg.project):
		return config{}, fmt.Errorf("the address '%s' is not valid: a project is named with lower case letters, digits and dashes", c.Address)
	case !datasetName.MatchString(cfg.dataset) || len(cfg.dataset) > 1024:
		return config{}, fmt.Errorf("the address '%s' is not valid: a dataset is named with letters, digits and underscores", c.Address)
	}
	if cfg.logTable != "" {
		if err := checkTableName(cfg.logTable); err != nil {
			return config{}, err
		}
	}
	var err error
	if cfg.credentials, err = parseCredentials(o.Text("credentials")); err != nil {
		return config{}, err
	}
	cfg.endpoint, err = parseEndpoint(o.Text("endpoint"), cfg.credentials != nil)
	return cfg, err
}

// parseCredentials looks whether a text is the key of a service account. Its errors have nothing of the text in them.
func parseCredentials(s string) ([]byte, error) {
	if s == "" {
		return nil, nil
	}
	var key struct {
		Type  string `json:"type"`
		Email string `json:"client_email"`
		Key   string `json:"private_key"`
	}
	switch err := json.Unmarshal([]byte(s), &key); {
	case err != nil:
		return nil, errors.New("the option credentials is not JSON: it takes the content of the key file of a service account")
	case key.Type != "service_account":
		return nil, errors.New(`the option credentials is not the key of a service account: "type" has to be "service_account"; leave the option out to use application default credentials`)
	case key.Email == "" || key.Key == "":
		return nil, errors.New("the option credentials lacks client_email or private_key: it takes the content of the key file of a service account")
	}
	if block, _ := pem.Decode([]byte(key.Key)); block == nil || !isPrivateKey(block.Bytes) {
		return nil, errors.New("the option credentials has a private_key that is damaged: it takes the content of the key file of a service account")
	}
	return []byte(s), nil
}

func isPrivateKey(der []byte) bool {
	_, pkcs8 := x509.ParsePKCS8PrivateKey(der)
	_, pkcs1 := x509.ParsePKCS1PrivateKey(der)
	return pkcs8 == nil || pkcs1 == nil
}

// parseEndpoint returns an endpoint as the client takes it. Credentials are not sent in the clear, but to this machine.
func parseEndpoint(s string, secret bool) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return "", errors.New("the option endpoint is not valid: it has to be a URL such as 'http://localhost:9050'")
	}
	if ip := net.ParseIP(u.Hostname()); secret && u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", errors.New("the option endpoint has to be an https:// URL where there are credentials")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/bigquery/v2"
	}
	return strings.TrimSuffix(u.String(), "/") + "/", nil
}
