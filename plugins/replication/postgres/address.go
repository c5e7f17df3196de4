package postgres

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/s3sql/s3sql/plugins/replication"
)

const addressForms = "postgres://user:password@host:5432/database or host=… port=… user=… password=… dbname=…"

const tlsReason = "failed to configure TLS"

var (
	// sslModeKey is a key of an address that the option ssl_mode stands for as well.
	sslModeKey = regexp.MustCompile(`(?i)(^|[?&\s])sslmode\s*=`)
	// keyValue is how an address begins that is no URL.
	keyValue = regexp.MustCompile(`^\s*[A-Za-z_]+\s*=`)
)

// parseReasons are what pgx says is wrong with an address. Its messages have parts of the address in them, so that they are not shown.
var parseReasons = []string{"failed to parse as URL", "failed to parse as keyword/value", "failed to read service", "invalid sslcertmode",
	"invalid connect_timeout", "could not match", "invalid port", tlsReason, "unknown target_session_attrs",
	"unknown channel_binding", "min_protocol_version", "max_protocol_version", "invalid require_auth", "sslmode", "pool_max_conns", "pool_min_conns",
	"pool_max_conn_lifetime", "pool_max_conn_idle_time", "default_query_exec_mode", "statement_cache_capacity", "description_cache_capacity"}

// configure makes the settings of the pool out of address and options.
//
// Errors: what is wrong with them, without the password.
func configure(c replication.Config) (*pgxpool.Config, error) {
	address, err := withSSLMode(c)
	if err != nil {
		return nil, err
	}
	cfg, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, parseError(err)
	}
	o := c.Options
	if o.Given("pool_max") || !strings.Contains(address, "pool_max_conns") {
		cfg.MaxConns = int32(o.Int("pool_max"))
	}
	if o.Given("pool_min") || !strings.Contains(address, "pool_min_conns") {
		cfg.MinConns = int32(o.Int("pool_min"))
	}
	if o.Given("idle_timeout") || !strings.Contains(address, "pool_max_conn_idle_time") {
		cfg.MaxConnIdleTime = o.Duration("idle_timeout")
	}
	if o.Given("connect_timeout") || !strings.Contains(address, "connect_timeout") {
		cfg.ConnConfig.ConnectTimeout = o.Duration("connect_timeout")
	}
	run := cfg.ConnConfig.RuntimeParams
	run["client_encoding"] = "UTF8"
	if run["application_name"] == "" {
		run["application_name"] = "s3sql " + c.Replication
	}
	return cfg, nil
}

// withSSLMode checks the form of the address and adds the option to it.
func withSSLMode(c replication.Config) (string, error) {
	address := c.Address
	rest, isURL := cutScheme(address)
	switch {
	case strings.TrimSpace(address) == "":
		return "", errors.New("the address is empty: it is " + addressForms)
	case !isURL && !keyValue.MatchString(address):
		return "", errors.New("the address is neither a URL nor a list of keys and values: it is " + addressForms)
	case isURL && strays(rest):
		return "", errors.New("the address has an @ in a place where none can be: in user and password, write @ / ? # : % as %40 %2F %3F %23 %3A %25")
	}
	mode := c.Options.Text("ssl_mode")
	switch {
	case mode == "":
		return address, nil
	case sslModeKey.MatchString(address):
		return "", errors.New("the address has sslmode, and there is the option ssl_mode: give one of them")
	case !isURL:
		return address + " sslmode=" + mode, nil
	case strings.Contains(rest, "?"):
		return address + "&sslmode=" + mode, nil
	}
	return address + "?sslmode=" + mode, nil
}

func cutScheme(address string) (rest string, isURL bool) {
	for _, scheme := range []string{"postgres://", "postgresql://"} {
		if rest, isURL = strings.CutPrefix(address, scheme); isURL {
			return rest, true
		}
	}
	return address, false
}

// strays reports whether a part of a password that was not escaped has ended up where host, database or parameters are looked for.
func strays(rest string) bool {
	at := strings.IndexByte(rest, '@')
	end := strings.IndexAny(rest, "/?#")
	if at < 0 {
		return false
	}
	if end >= 0 && at > end {
		return true
	}
	main, _, _ := strings.Cut(rest[at+1:], "?")
	return strings.Contains(main, "@")
}

func parseError(err error) error {
	for _, reason := range parseReasons {
		if strings.Contains(err.Error(), reason) {
			if reason == tlsReason {
				reason += " with the values of sslmode, sslrootcert, sslcert and sslkey"
			}
			return fmt.Errorf("the address is not valid: %s; it is %s", reason, addressForms)
		}
	}
	return errors.New("the address is not valid; it is " + addressForms)
}

// masker returns a function that takes a password out of a text.
func masker(password string) func(string) string {
	if password == "" {
		return func(s string) string { return s }
	}
	return strings.NewReplacer(password, "***").Replace
}
