package driver

import (
	"fmt"
	"net/url"
	"sort"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/suggest"
)

// ParseDSN reads a data source name. The Config has the values that the DSN gives and no defaults.
//
// Every part may be percent-encoded; a slash, an at sign or a percent sign in a key or secret has to be. A plus sign
// stands for itself.
//
// Errors: *Error of class ErrInvalid. It names the place, the valid keys where a key is unknown, and never a secret.
func ParseDSN(dsn string) (Config, error) {
	place, query, hasQuery := strings.Cut(dsn, "?")
	c := Config{}
	if err := c.parsePlace(place); err != nil {
		return Config{}, err
	}
	if hasQuery {
		if err := c.parseQuery(query, len(place)+1); err != nil {
			return Config{}, err
		}
	}
	if err := c.Validate(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// parsePlace reads what stands before the question mark.
func (c *Config) parsePlace(s string) error {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok {
		return configError("DSN: no scheme; it begins with s3://, http://, https://, file: or mem://")
	}
	c.Scheme = strings.ToLower(scheme)
	switch c.Scheme {
	case SchemeFile:
		return c.parseFile(rest)
	case SchemeS3, SchemeHTTP, SchemeHTTPS, SchemeMem:
	default:
		if len(scheme) > 16 || strings.ContainsAny(scheme, "/@%") {
			return configError("DSN: no scheme; it begins with s3://, http://, https://, file: or mem://")
		}
		return c.validatePlace()
	}
	rest, ok = strings.CutPrefix(rest, "//")
	if !ok {
		return configError("DSN: %s: is followed by //", c.Scheme)
	}
	if c.Scheme == SchemeMem {
		return unescape(&c.Name, rest, "the name of the database")
	}
	return c.parseBucket(rest)
}

// parseFile reads file:///abs, file:/abs and file:rel.
func (c *Config) parseFile(rest string) error {
	if authority, ok := strings.CutPrefix(rest, "//"); ok {
		rest, ok = strings.CutPrefix(authority, "localhost/")
		if ok {
			rest = "/" + rest
		} else if rest = authority; !strings.HasPrefix(rest, "/") {
			return configError("DSN: file:// is followed by an absolute path (file:///dir); a relative one is file:dir")
		}
	}
	return unescape(&c.Path, rest, "the directory")
}

// parseBucket reads [KEY:SECRET@]bucket[/prefix] and [KEY:SECRET@]host[:port]/bucket[/prefix].
func (c *Config) parseBucket(rest string) error {
	authority, path, _ := strings.Cut(rest, "/")
	user, host, hasUser := cutLast(authority, "@")
	if !hasUser {
		host = authority
		if strings.Contains(authority, ":") && strings.Contains(path, "@") {
			return configError("DSN: a slash before the @ ends KEY:SECRET; write it as %%2F")
		}
	} else if err := c.parseUser(user); err != nil {
		return err
	}
	if c.Scheme != SchemeS3 {
		if host == "" || strings.ContainsAny(host, "%? #") {
			return configError("DSN: %s:// is followed by [KEY:SECRET@]host:port/bucket/prefix", c.Scheme)
		}
		c.Host = host
		host, path, _ = strings.Cut(path, "/")
	} else if strings.Contains(host, ":") {
		return configError("DSN: a bucket has no port; name a store at host:port by http://host:port/bucket or the parameter endpoint")
	}
	if err := unescape(&c.Bucket, host, "the bucket"); err != nil {
		return err
	}
	return unescape(&c.Prefix, strings.TrimSuffix(path, "/"), "the prefix")
}

func (c *Config) parseUser(user string) error {
	key, secret, ok := strings.Cut(user, ":")
	if !ok || key == "" || secret == "" {
		return configError("DSN: before the @ stand access key and secret key, as KEY:SECRET")
	}
	if err := unescape(&c.AccessKeyID, key, "the access key"); err != nil {
		return err
	}
	return unescape(&c.SecretAccessKey, secret, "the secret key")
}

// parseQuery reads key=value pairs; offset is where the query begins in the DSN.
func (c *Config) parseQuery(query string, offset int) error {
	seen := map[string]bool{}
	for _, pair := range strings.Split(query, "&") {
		at := offset
		offset += len(pair) + 1
		if pair == "" {
			continue
		}
		place := fmt.Sprintf(" (at byte %d)", at)
		key, raw, hasValue := strings.Cut(pair, "=")
		if !plainKey(key) {
			return configError("DSN: the parameter%s has a name that is not valid; valid parameters: %s", place, validKeys())
		}
		if seen[key] {
			return configError("DSN parameter %q%s is given twice", key, place)
		}
		seen[key] = true
		var value string
		if err := unescape(&value, raw, "the value of "+key); err != nil {
			return err
		}
		if harmless, ok := later[key]; ok {
			if harmless != "" && value == harmless {
				continue
			}
			return convertError(base.Errorf(errno.NotSupported, "DSN parameter %q%s is not available yet: leave it out", key, place))
		}
		p := parameterNamed(key)
		if p == nil {
			return unknownKey(key, place)
		}
		if !hasValue {
			return configError("DSN parameter %q%s has no value; valid: %s", key, place, p.valid)
		}
		if err := p.set(c, value); err != nil {
			return p.invalid(value, place, err)
		}
	}
	return nil
}

func unknownKey(key, place string) error {
	hint := ""
	if near := suggest.Nearest(key, keys()); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return configError("DSN parameter %q%s is not known%s; valid parameters: %s", key, place, hint, validKeys())
}

// plainKey reports whether a key may be repeated in a message: a name, and not a piece of a secret.
func plainKey(key string) bool {
	if key == "" || len(key) > 32 {
		return false
	}
	for _, r := range key {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-' {
			return false
		}
	}
	return true
}

func keys() []string {
	names := make([]string, 0, len(parameters)+len(later))
	for _, p := range parameters {
		names = append(names, p.name)
	}
	for name := range later {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func validKeys() string { return strings.Join(keys(), ", ") }

// unescape decodes percent signs. Its error does not repeat the text, which may be a secret.
func unescape(dst *string, s, what string) error {
	v, err := url.PathUnescape(s)
	if err != nil || strings.ContainsRune(v, 0) {
		return configError("DSN: %s has a %% that no two hexadecimal digits follow, or a NUL; a percent sign is written %%25", what)
	}
	*dst = v
	return nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+len(sep):], true
}

// FormatDSN returns a DSN that ParseDSN reads back as c. It contains the secrets; String does not.
func (c Config) FormatDSN() string {
	var b strings.Builder
	b.WriteString(c.Scheme)
	b.WriteByte(':')
	switch c.Scheme {
	case SchemeFile:
		if strings.HasPrefix(c.Path, "/") {
			b.WriteString("//")
		}
		b.WriteString(escape(c.Path, "/"))
	case SchemeMem:
		b.WriteString("//" + escape(c.Name, ""))
	default:
		b.WriteString("//")
		if c.AccessKeyID != "" || c.SecretAccessKey != "" {
			b.WriteString(escape(c.AccessKeyID, "") + ":" + escape(c.SecretAccessKey, "*") + "@")
		}
		if c.Scheme != SchemeS3 {
			b.WriteString(c.Host + "/")
		}
		b.WriteString(escape(c.Bucket, ""))
		if c.Prefix != "" {
			b.WriteString("/" + escape(c.Prefix, "/"))
		}
	}
	sep := byte('?')
	for _, p := range parameters {
		if value, given := p.get(&c); given {
			b.WriteByte(sep)
			b.WriteString(p.name + "=" + escape(value, "/:*"))
			sep = '&'
		}
	}
	return b.String()
}

// escape percent-encodes everything but letters, digits, "-._~" and the characters in keep.
func escape(s, keep string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		ch := s[i]
		if ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z' || ch >= '0' && ch <= '9' || strings.IndexByte("-._~"+keep, ch) >= 0 {
			b.WriteByte(ch)
			continue
		}
		b.Write([]byte{'%', hex[ch>>4], hex[ch&15]})
	}
	return b.String()
}
