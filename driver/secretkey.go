package driver

import (
	"encoding/base64"
	"os"
	"strings"

	"github.com/s3sql/s3sql/internal/seal"
)

// envPrefix begins a SecretKey that names the environment variable with the key.
const envPrefix = "env:"

// isSecretKey reports whether s is env:NAME or a key in base64.
func isSecretKey(s string) bool {
	if name, ok := strings.CutPrefix(s, envPrefix); ok {
		return variableName(name)
	}
	_, ok := decodeKey(s)
	return ok
}

// variableName reports whether s can be the name of an environment variable: letters, digits and underscores.
func variableName(s string) bool {
	for i := range len(s) {
		if ch := s[i]; (ch < 'a' || ch > 'z') && (ch < 'A' || ch > 'Z') && (ch < '0' || ch > '9') && ch != '_' {
			return false
		}
	}
	return s != ""
}

// decodeKey reads a key of seal.KeySize bytes in base64, of either alphabet and with or without padding.
func decodeKey(s string) ([]byte, bool) {
	s = strings.TrimRight(s, "=")
	enc := base64.RawStdEncoding
	if strings.ContainsAny(s, "-_") {
		enc = base64.RawURLEncoding
	}
	key, err := enc.DecodeString(s)
	return key, err == nil && len(key) == seal.KeySize
}

// secretKey returns the key that cfg gives or names; nil if there is none.
//
// Errors: ErrInvalid, which names the variable and never its value.
func (c *Config) secretKey() ([]byte, error) {
	text := c.SecretKey
	if text == "" {
		return nil, nil
	}
	where := ""
	if name, ok := strings.CutPrefix(text, envPrefix); ok {
		value, found := os.LookupEnv(name)
		if !found || value == "" {
			return nil, configError("DSN parameter \"secret_key\" names the environment variable %s, which is not set", name)
		}
		text, where = strings.TrimSpace(value), ": what the environment variable "+name+" holds"
	}
	key, ok := decodeKey(text)
	if !ok {
		return nil, configError("DSN parameter \"secret_key\"%s is not valid; valid: base64 of %d bytes", where, seal.KeySize)
	}
	return key, nil
}

// shownKey is a SecretKey as messages show it: the name of a variable is no secret.
func shownKey(s string) string {
	if s == "" || strings.HasPrefix(s, envPrefix) {
		return s
	}
	return "***"
}
