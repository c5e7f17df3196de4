package lease

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/manifest"
)

// Prefix is what the keys of leases begin with.
const Prefix = "lease/"

const magic = "s3sql-lease"

// Record is the object of a lease.
//
// Source: docs/format/lease.md.
type Record struct {
	Name   string `json:"name"`
	Epoch  uint64 `json:"epoch"`  // counts the holders
	Holder string `json:"holder"` // random, one per holder; "" free
	Owner  string `json:"owner"`  // who that is, for people and IS_USED_LOCK
	// Expires is when the holder has to have renewed, by its own clock; TTLMillis is how long a lease lasts.
	Expires   time.Time `json:"expires"`
	TTLMillis int64     `json:"ttl_ms"`
}

// Encode returns the object's bytes.
func Encode(r Record) ([]byte, error) { return manifest.Wrap(magic, r) }

// Decode reads the bytes of the object at key.
//
// Errors: Corrupt (damaged, foreign, of a newer format, or of another name than the key's; names the key).
func Decode(key string, data []byte) (r Record, err error) {
	if err := manifest.Unwrap(key, magic, data, &r); err != nil {
		return Record{}, err
	}
	if Key(r.Name) != key {
		return Record{}, base.Corruptf(key, "it is the lease of another name, %.80q", r.Name)
	}
	if r.TTLMillis < 0 || r.Holder != "" && r.TTLMillis == 0 {
		return Record{}, base.Corruptf(key, "its time to live is %d ms", r.TTLMillis)
	}
	return r, nil
}

// plainMax is the longest name that is spelled out in a key, in bytes of the key.
const plainMax = 200

// Key returns the key of a name: its small letters, digits, '-' and '_' as they are and other bytes as ".xx"; of a name that gets too
// long that way, "..." and its SHA-256.
func Key(name string) string {
	var b strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
			b.WriteByte(c)
		default:
			b.WriteByte('.')
			b.WriteString(hex.EncodeToString([]byte{c}))
		}
	}
	if b.Len() > plainMax {
		sum := sha256.Sum256([]byte(name))
		return Prefix + "..." + hex.EncodeToString(sum[:])
	}
	return Prefix + b.String()
}
