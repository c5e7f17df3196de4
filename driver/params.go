package driver

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/units"
)

// parameter is one key of a DSN's query. set parses a value into a Config; get returns the value to write back and
// whether the Config has one.
type parameter struct {
	name   string
	valid  string // what a value may be, for messages
	secret bool   // the value is never repeated
	remote bool   // only s3, http and https have a use for it
	set    func(c *Config, value string) error
	get    func(c *Config) (value string, given bool)
}

var errBadValue = errors.New("")

// parameters lists every key, in the order of docs and messages. It is never written to.
var parameters = []parameter{
	text("region", "a region such as eu-central-1", remote, func(c *Config) *string { return &c.Region }),
	text("endpoint", "a URL such as http://127.0.0.1:7070", remote, func(c *Config) *string { return &c.Endpoint }, isEndpoint),
	flag("path_style", remote, func(c *Config) **bool { return &c.PathStyle }),
	text("profile", "a profile of the AWS configuration", remote, func(c *Config) *string { return &c.Profile }),
	secret(text("session_token", "a session token", remote, func(c *Config) *string { return &c.SessionToken })),
	text("mode", "rw, ro", everywhere, func(c *Config) *string { return &c.Mode }, oneOf("rw", "ro")),
	flag("create", everywhere, func(c *Config) **bool { return &c.Create }),
	text("consistency", "strong, bounded", everywhere, func(c *Config) *string { return &c.Consistency }, oneOf("strong", "bounded")),
	{name: "max_staleness", valid: "a duration such as 500ms or 2s, or milliseconds", set: setStaleness, get: getStaleness},
	text("isolation", "snapshot, serializable", everywhere, func(c *Config) *string { return &c.Isolation }, oneOf("snapshot", "serializable")),
	{name: "retention", valid: "a duration such as 7d or 36h", set: setRetention, get: getRetention},
	{name: "memory_limit", valid: "a size such as 256MB, or bytes", set: setMemory, get: getMemory},
	text("cache_dir", "the path of a folder", everywhere, func(c *Config) *string { return &c.CacheDir }),
	{name: "cache_size", valid: "a size such as 10GB, or bytes", set: setCacheSize, get: getCacheSize},
	flag("parse_time", everywhere, func(c *Config) **bool { return &c.ParseTime }),
	text("loc", "UTC, Local or a name of the time zone database such as Europe/Berlin", everywhere, func(c *Config) *string { return &c.Loc }, isLocation),
	text("maintenance", "auto, off", everywhere, func(c *Config) *string { return &c.Maintenance }, oneOf("auto", "off")),
	text("workers", "on, off", everywhere, func(c *Config) *string { return &c.Workers }, oneOf("on", "off")),
	text("user", "a name", everywhere, func(c *Config) *string { return &c.User }),
	text("sse", "AES256, aws:kms, aws:kms:dsse", remote, func(c *Config) *string { return &c.SSE }, oneOf("AES256", "aws:kms", "aws:kms:dsse")),
	text("kms_key_id", "a key id or ARN", remote, func(c *Config) *string { return &c.KMSKeyID }),
	secret(text("secret_key", "env:NAME of an environment variable, or base64 of 32 bytes", everywhere, func(c *Config) *string { return &c.SecretKey }, isSecretKey)),
	{name: "conflict_retries", valid: "a number from 1 to 1000000", set: setRetries, get: getRetries},
}

// later lists the keys whose feature does not exist yet: they are refused rather than ignored, because a program that
// gives one relies on it. The value that asks for nothing is accepted. docs/compatibility.md lists them.
var later = map[string]string{"branch": ""}

const (
	remote     = true
	everywhere = false
)

func parameterNamed(name string) *parameter {
	for i := range parameters {
		if parameters[i].name == name {
			return &parameters[i]
		}
	}
	return nil
}

func text(name, valid string, remote bool, field func(*Config) *string, checks ...func(string) bool) parameter {
	return parameter{name: name, valid: valid, remote: remote,
		set: func(c *Config, value string) error {
			for _, ok := range checks {
				if !ok(value) {
					return errBadValue
				}
			}
			if value == "" {
				return errors.New("it is empty")
			}
			*field(c) = value
			return nil
		},
		get: func(c *Config) (string, bool) { return *field(c), *field(c) != "" }}
}

func flag(name string, remote bool, field func(*Config) **bool) parameter {
	return parameter{name: name, valid: "true, false", remote: remote,
		set: func(c *Config, value string) error {
			switch value {
			case "true", "1", "on":
				*field(c) = new(true)
			case "false", "0", "off":
				*field(c) = new(false)
			default:
				return errBadValue
			}
			return nil
		},
		get: func(c *Config) (string, bool) {
			if b := *field(c); b != nil {
				return strconv.FormatBool(*b), true
			}
			return "", false
		}}
}

func secret(p parameter) parameter {
	p.secret = true
	return p
}

// invalid returns the error for a value that set refused. place is "" or says where in the DSN it stands.
func (p *parameter) invalid(value, place string, cause error) error {
	shown := "has a value that is not valid"
	if !p.secret {
		shown = fmt.Sprintf("has the value %q, which is not valid", clip(value))
	}
	why := ""
	if !errors.Is(cause, errBadValue) {
		why = " (" + cause.Error() + ")"
	}
	return configError("DSN parameter %q%s %s%s; valid: %s", p.name, place, shown, why, p.valid)
}

func oneOf(values ...string) func(string) bool {
	return func(s string) bool {
		for _, v := range values {
			if s == v {
				return true
			}
		}
		return false
	}
}

func isEndpoint(s string) bool {
	host, ok := strings.CutPrefix(s, "http://")
	if !ok {
		host, ok = strings.CutPrefix(s, "https://")
	}
	host = strings.TrimSuffix(host, "/")
	return ok && host != "" && !strings.ContainsAny(host, "/?#@% ")
}

func isLocation(s string) bool {
	if s == "" {
		return false
	}
	_, err := time.LoadLocation(s)
	return err == nil
}

func setStaleness(c *Config, value string) error {
	d, err := time.ParseDuration(value)
	if n, nerr := strconv.ParseInt(value, 10, 64); nerr == nil && n >= 0 && n <= math.MaxInt64/int64(time.Millisecond) {
		d, err = time.Duration(n)*time.Millisecond, nil
	}
	if err != nil || d < 0 {
		return errBadValue
	}
	c.MaxStaleness = d
	return nil
}

func getStaleness(c *Config) (string, bool) { return c.MaxStaleness.String(), c.MaxStaleness != 0 }

func setRetention(c *Config, value string) error {
	d, ok := base.ParseDays(value)
	if !ok {
		return errBadValue
	}
	c.Retention = d
	return nil
}

func getRetention(c *Config) (string, bool) { return base.FormatDays(c.Retention), c.Retention != 0 }

// minMemory is the least memory_limit: less cannot hold a batch of rows per operator.
const minMemory = 1 << 20

func setMemory(c *Config, value string) error {
	n, ok := units.ParseSize(value)
	if !ok {
		return errBadValue
	}
	if n < minMemory {
		return errors.New("at least 1MB is needed")
	}
	c.MemoryLimit = n
	return nil
}

func getMemory(c *Config) (string, bool) {
	return strconv.FormatInt(c.MemoryLimit, 10), c.MemoryLimit != 0
}

func setCacheSize(c *Config, value string) error {
	n, ok := units.ParseSize(value)
	if !ok || n == 0 {
		return errBadValue
	}
	c.CacheSize = n
	return nil
}

func getCacheSize(c *Config) (string, bool) {
	return strconv.FormatInt(c.CacheSize, 10), c.CacheSize != 0
}

func setRetries(c *Config, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > 1_000_000 {
		return errBadValue
	}
	c.ConflictRetries = n
	return nil
}

func getRetries(c *Config) (string, bool) {
	return strconv.Itoa(c.ConflictRetries), c.ConflictRetries != 0
}
