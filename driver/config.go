package driver

import (
	"log/slog"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/object"
)

// The places a database can be in: the scheme of a DSN.
const (
	SchemeS3    = "s3"    // a bucket, found by the AWS rules or at Endpoint
	SchemeHTTP  = "http"  // a bucket of the S3-compatible store at Host
	SchemeHTTPS = "https" // the same over TLS
	SchemeFile  = "file"  // a local directory
	SchemeMem   = "mem"   // this process's memory
)

// Config is what a DSN says, as a value that can be stored as JSON. Pointers are nil where the default holds, until
// EnsureDefaults. Its String and its form in logs hide the secrets; FormatDSN and JSON show them.
type Config struct {
	Scheme string `json:"scheme"`
	Host   string `json:"host,omitempty"`   // http, https: host[:port]
	Bucket string `json:"bucket,omitempty"` // s3, http, https
	Prefix string `json:"prefix,omitempty"` // s3, http, https: below the bucket, without '/' at its ends; may be ""
	Path   string `json:"path,omitempty"`   // file: the directory, absolute or relative to the working directory
	Name   string `json:"name,omitempty"`   // mem: "" is private to one connector

	AccessKeyID     string `json:"access_key_id,omitempty"` // "": the AWS default chain
	SecretAccessKey string `json:"secret_access_key,omitempty"`
	SessionToken    string `json:"session_token,omitempty"`
	Profile         string `json:"profile,omitempty"` // of the shared AWS configuration
	Region          string `json:"region,omitempty"`
	Endpoint        string `json:"endpoint,omitempty"` // URL of an S3-compatible store
	PathStyle       *bool  `json:"path_style,omitempty"`
	SSE             string `json:"sse,omitempty"` // "AES256", "aws:kms" or "aws:kms:dsse"
	KMSKeyID        string `json:"kms_key_id,omitempty"`

	// SecretKey opens and seals ENCRYPTED columns: base64 of 32 bytes, or env:NAME of the variable that holds that.
	SecretKey string `json:"secret_key,omitempty"`

	Mode   string `json:"mode,omitempty"`   // "rw" (default) or "ro"
	Create *bool  `json:"create,omitempty"` // make the database if there is none; default true, false in mode ro

	Consistency  string        `json:"consistency,omitempty"` // "strong" (default) or "bounded"
	MaxStaleness time.Duration `json:"max_staleness,omitempty"`
	Isolation    string        `json:"isolation,omitempty"` // "snapshot" (default) or "serializable"
	Maintenance  string        `json:"maintenance,omitempty"`
	// Workers "on" has this process run the replications of the database.
	Workers string `json:"workers,omitempty"`
	// Retention is how long segments, commit records and checkpoints stay after the last state that needs them; 0 is seven days.
	Retention time.Duration `json:"retention,omitempty"`
	// MemoryLimit is the budget, in bytes, for rows that wait to be written to segments, caches and queries together; 0 is the
	// engine's default, 512 MB.
	MemoryLimit int64 `json:"memory_limit,omitempty"`
	// CacheDir is a folder in which whole segments are kept, which processes may share; "" none. CacheSize is how many bytes
	// they may take there; 0 is 10 GiB.
	CacheDir  string `json:"cache_dir,omitempty"`
	CacheSize int64  `json:"cache_size,omitempty"`
	// ConflictRetries is how often an autocommit statement that loses runs again; 0 is the engine's default.
	ConflictRetries int `json:"conflict_retries,omitempty"`

	ParseTime *bool  `json:"parse_time,omitempty"` // dates and times scan as time.Time; default true
	Loc       string `json:"loc,omitempty"`        // location of time.Time values; default "UTC"
	User      string `json:"user,omitempty"`       // identity in the audit log
}

// EnsureDefaults fills in what was left out.
func (c *Config) EnsureDefaults() {
	if c.Mode == "" {
		c.Mode = "rw"
	}
	if c.Create == nil {
		c.Create = new(c.Mode == "rw")
	}
	if c.Consistency == "" {
		c.Consistency = "strong"
	}
	if c.Isolation == "" {
		c.Isolation = "snapshot"
	}
	if c.Maintenance == "" {
		c.Maintenance = "auto"
	}
	if c.ParseTime == nil {
		c.ParseTime = new(true)
	}
	if c.Loc == "" {
		c.Loc = "UTC"
	}
	if c.PathStyle == nil && c.remote() {
		c.PathStyle = new(c.Scheme != SchemeS3 || c.Endpoint != "")
	}
}

// Validate reports the first thing that is wrong with c, with or without its defaults.
//
// Errors: *Error of class ErrInvalid that names the field as the DSN does, without secrets.
func (c *Config) Validate() error {
	if err := c.validatePlace(); err != nil {
		return err
	}
	for _, p := range parameters {
		value, given := p.get(c)
		if !given {
			continue
		}
		if p.remote && !c.remote() {
			return configError("DSN parameter %q is for s3:// and http(s):// databases; a %s:// database has no use for it", p.name, c.Scheme)
		}
		var scratch Config
		if err := p.set(&scratch, value); err != nil {
			return p.invalid(value, "", err)
		}
	}
	return c.validateTogether()
}

func (c *Config) remote() bool {
	return c.Scheme == SchemeS3 || c.Scheme == SchemeHTTP || c.Scheme == SchemeHTTPS
}

func (c *Config) validatePlace() error {
	switch c.Scheme {
	case SchemeS3, SchemeHTTP, SchemeHTTPS:
		if (c.Host == "") != (c.Scheme == SchemeS3) {
			return configError("DSN: %s:// %s", c.Scheme, map[bool]string{true: "needs a host", false: "takes its host from the parameter endpoint"}[c.Host == ""])
		}
		return c.validateBucket()
	case SchemeFile:
		if c.Path == "" {
			return configError("DSN: file: needs a directory: file:///absolute/dir or file:relative/dir")
		}
	case SchemeMem:
		if strings.ContainsAny(c.Name, "/@:?#%") {
			return configError("DSN: the name of a mem:// database has none of / @ : ? # %%")
		}
	case "":
		return configError("DSN: no scheme; it begins with s3://, http://, https://, file: or mem://")
	default:
		return configError("DSN: unknown scheme %q; valid ones: s3, http, https, file, mem", clip(c.Scheme))
	}
	return nil
}

func (c *Config) validateBucket() error {
	switch {
	case c.Bucket == "":
		return configError("DSN: no bucket; s3://bucket/prefix or http://host:port/bucket/prefix")
	case strings.ContainsAny(c.Bucket, "/@:?#% "):
		return configError("DSN: the name of the bucket is not valid: it has a character that no bucket name has")
	case c.Prefix != "" && object.CheckKey(object.OpPut, c.Prefix) != nil:
		return configError("DSN: the prefix %q is not valid: it has letters, digits, '.', '_', '-' and single slashes between", clip(c.Prefix))
	case c.AccessKeyID == "" && c.SecretAccessKey != "":
		return configError("DSN: a secret key without an access key")
	case c.AccessKeyID != "" && c.SecretAccessKey == "":
		return configError("DSN: an access key without a secret key; s3://KEY:SECRET@bucket/prefix")
	case c.SessionToken != "" && c.AccessKeyID == "":
		return configError("DSN parameter \"session_token\" needs the access key and the secret key it belongs to")
	case c.AccessKeyID != "" && c.Profile != "":
		return configError("DSN: give KEY:SECRET or the parameter profile, not both")
	}
	return nil
}

func (c *Config) validateTogether() error {
	switch {
	case c.Scheme != SchemeS3 && c.Endpoint != "":
		return configError("DSN parameter \"endpoint\" is for s3:// only: %s:// names its endpoint itself", c.Scheme)
	case !c.remote() && (c.AccessKeyID != "" || c.SecretAccessKey != ""):
		return configError("DSN: a %s:// database takes no KEY:SECRET", c.Scheme)
	case c.MaxStaleness > 0 && c.Consistency != "bounded":
		return configError("DSN parameter \"max_staleness\" needs consistency=bounded: under strong nothing is ever stale")
	case c.KMSKeyID != "" && !strings.HasPrefix(c.SSE, "aws:kms"):
		return configError("DSN parameter \"kms_key_id\" needs sse=aws:kms")
	case c.Mode == "ro" && c.Create != nil && *c.Create:
		return configError("DSN parameter \"create=true\" needs mode=rw")
	}
	return nil
}

// Database returns the name of the database, as SELECT DATABASE() shows it: the last element of the prefix, the bucket,
// the directory or the name.
func (c Config) Database() string {
	switch c.Scheme {
	case SchemeFile:
		dir, err := filepath.Abs(c.Path)
		if err != nil {
			dir = filepath.Clean(c.Path)
		}
		if name := filepath.Base(dir); name != string(filepath.Separator) {
			return name
		}
		return "root"
	case SchemeMem:
		if c.Name == "" {
			return "mem"
		}
		return c.Name
	}
	if c.Prefix != "" {
		return path.Base(c.Prefix)
	}
	return c.Bucket
}

// String returns the DSN with the secrets replaced by "***".
func (c Config) String() string { return c.redacted().FormatDSN() }

// GoString is String, so that %#v shows no secret.
func (c Config) GoString() string { return "driver.Config(" + c.String() + ")" }

// LogValue is String, so that a log shows no secret.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

func (c Config) redacted() Config {
	for _, s := range []*string{&c.SecretAccessKey, &c.SessionToken} {
		if *s != "" {
			*s = "***"
		}
	}
	c.SecretKey = shownKey(c.SecretKey)
	return c
}

func configError(format string, args ...any) error {
	return convertError(base.Errorf(errno.Config, format, args...))
}

// clip bounds what an error repeats of its input.
func clip(s string) string {
	const maxShown = 40
	if len(s) > maxShown {
		return s[:maxShown] + "…"
	}
	return s
}
