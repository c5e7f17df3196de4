// Package manifest encodes the objects that say what a database is: its identity, its checkpoints and the hint to the
// newest one.
package manifest

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strconv"
	"time"

	"github.com/s3sql/s3sql/internal/base"
)

// The keys of the objects, below the prefix of the database.
const (
	IdentityKey = "s3sql.json"
	LatestKey   = "manifest/latest"
	Prefix      = "manifest/"
)

// Format is the version of the database as a whole that this code writes, and the newest it reads.
const Format = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Key returns the key of the checkpoint at seq.
func Key(seq uint64) string { return fmt.Sprintf("%s%020d", Prefix, seq) }

// ParseKey returns the sequence number of a checkpoint's key; ok is false for any other key.
func ParseKey(key string) (seq uint64, ok bool) {
	if len(key) != len(Prefix)+20 || key[:len(Prefix)] != Prefix {
		return 0, false
	}
	seq, err := strconv.ParseUint(key[len(Prefix):], 10, 64)
	return seq, err == nil && Key(seq) == key
}

// Identity is s3sql.json: what makes a prefix a database. It is written once.
type Identity struct {
	UUID    string    `json:"uuid"`
	Created time.Time `json:"created"`
	// Certified is the verdict of the store's certification, one line; empty when none was asked for.
	Certified string `json:"certified"`
}

// envelope is the JSON object both are wrapped in. The checksum is over the bytes of body.
type envelope struct {
	Magic  string          `json:"magic"`
	Format int             `json:"format"`
	Body   json.RawMessage `json:"body"`
	CRC32C string          `json:"crc32c"`
}

const (
	magicIdentity = "s3sql"
	magicLatest   = "s3sql-latest"
)

// EncodeIdentity returns the object's bytes.
func EncodeIdentity(id Identity) ([]byte, error) { return Wrap(magicIdentity, id) }

// DecodeIdentity reads the object's bytes.
// Errors: Corrupt (damaged, foreign or of a newer format; names the key).
func DecodeIdentity(data []byte) (id Identity, err error) {
	if err = Unwrap(IdentityKey, magicIdentity, data, &id); err == nil && id.UUID == "" {
		err = base.Corruptf(IdentityKey, "the identity has no uuid")
	}
	return id, err
}

// Wrap returns v as JSON in an envelope with a magic, the format version and a checksum.
func Wrap(magic string, v any) ([]byte, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", magic, err)
	}
	out, err := json.Marshal(envelope{Magic: magic, Format: Format, Body: body, CRC32C: checksum(body)})
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", magic, err)
	}
	return append(out, '\n'), nil
}

func checksum(body []byte) string { return fmt.Sprintf("%08x", crc32.Checksum(body, castagnoli)) }

// Unwrap reads what Wrap wrote with the same magic into v; key is the object's, for errors.
// Errors: Corrupt (damaged, foreign or of a newer format; names the key).
func Unwrap(key, magic string, data []byte, v any) error {
	var e envelope
	if err := json.Unmarshal(data, &e); err != nil {
		return corrupt(key, "it is not the JSON object that s3sql writes", err)
	}
	if e.Magic != magic {
		return base.Corruptf(key, "it was not written by s3sql: its magic is %.32q", e.Magic)
	}
	if e.Format > Format {
		return newer(key, e.Format)
	}
	if e.Format < 1 {
		return base.Corruptf(key, "format %d does not exist", e.Format)
	}
	if got := checksum(e.Body); got != e.CRC32C {
		return base.Corruptf(key, "its checksum is %s where its contents have %s", e.CRC32C, got)
	}
	if err := json.Unmarshal(e.Body, v); err != nil {
		return corrupt(key, "its body cannot be read", err)
	}
	return nil
}

func corrupt(key, msg string, err error) error {
	e := base.Corruptf(key, "%s", msg)
	e.Err = err
	return e
}

// ErrNewer marks, for errors.Is, an object of a newer format than this code reads.
var ErrNewer = fmt.Errorf("written by a newer s3sql")

func newer(key string, format int) error {
	e := base.Corruptf(key, "it has format %d and this s3sql reads up to %d; upgrade s3sql", format, Format)
	e.Err = ErrNewer
	return e
}
