package segment

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// ID names a segment. It is chosen at random by whoever writes the segment.
type ID [16]byte

// String returns 32 lower-case hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// ParseID reads what String returns.
//
// Errors: Invalid (anything else).
func ParseID(s string) (id ID, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(id) || s != strings.ToLower(s) {
		return id, base.Errorf(errno.WrongArguments, "%.40q is not the id of a segment", s)
	}
	return ID(b), nil
}

// Prefix is the folder of all segments.
const Prefix = "data/"

const (
	extension     = ".parquet"
	textExtension = ".inv"
)

// ObjectKey returns the key of the object that holds segment id of a table.
func ObjectKey(table uint32, id ID) string { return objectKey(table, id, extension) }

// TextKey returns the key of the object that holds an inverted file of a table.
func TextKey(table uint32, id ID) string { return objectKey(table, id, textExtension) }

func objectKey(table uint32, id ID, extension string) string {
	return Prefix + strconv.FormatUint(uint64(table), 10) + "/" + id.String() + extension
}

// ParseObjectKey is the reverse of ObjectKey and TextKey; ok is false for any other key.
func ParseObjectKey(key string) (table uint32, id ID, ok bool) {
	if strings.HasSuffix(key, textExtension) {
		return parseObjectKey(key, textExtension)
	}
	return parseObjectKey(key, extension)
}

func parseObjectKey(key, extension string) (table uint32, id ID, ok bool) {
	rest, ok := strings.CutPrefix(key, Prefix)
	name, ok2 := strings.CutSuffix(rest, extension)
	folder, name, ok3 := strings.Cut(name, "/")
	n, err := strconv.ParseUint(folder, 10, 32)
	if !ok || !ok2 || !ok3 || err != nil {
		return 0, id, false
	}
	if id, err = ParseID(name); err != nil || objectKey(uint32(n), id, extension) != key {
		return 0, id, false
	}
	return uint32(n), id, true
}
