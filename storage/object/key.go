package object

import (
	"errors"
	"fmt"
	"strings"
)

// Limits of a key: what every store can hold under a prefix of moderate length (S3 stops at 1,024 bytes, file systems at
// 255 bytes a path segment).
const (
	KeyBytesMax     = 800
	SegmentBytesMax = 240
	// PageKeys is how many keys one List page or one Delete batch holds at most.
	PageKeys = 1000
)

// CheckKey returns an error unless key can name an object: segments of [A-Za-z0-9._-] between slashes, none of them
// empty, "." or "..". Stores refuse other keys before they send anything.
func CheckKey(op Op, key string) error {
	if len(key) == 0 || len(key) > KeyBytesMax {
		return badKey(op, key, fmt.Sprintf("a key has 1 to %d bytes, this has %d", KeyBytesMax, len(key)))
	}
	if i := badByte(key); i >= 0 {
		return badKey(op, key, fmt.Sprintf("byte %d is not one of A-Z a-z 0-9 . _ / -", i))
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || segment == "." || segment == ".." || len(segment) > SegmentBytesMax {
			return badKey(op, key, fmt.Sprintf("path segment %.20q is empty, relative or longer than %d bytes", segment, SegmentBytesMax))
		}
	}
	return nil
}

// CheckPrefix returns an error unless prefix can begin a key; the empty prefix can. It suits startAfter as well.
func CheckPrefix(prefix string) error {
	if len(prefix) > KeyBytesMax || badByte(prefix) >= 0 || strings.HasPrefix(prefix, "/") || strings.Contains(prefix, "//") ||
		strings.HasPrefix(prefix, "../") || strings.Contains(prefix, "/../") {
		return badKey(OpList, prefix, "no key can begin like this")
	}
	return nil
}

func badByte(s string) int {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '-' || c > '9') && (c < 'A' || c > 'Z') && c != '_' { // '-' '.' '/' '0'…'9'
			return i
		}
	}
	return -1
}

func badKey(op Op, key, why string) error {
	if len(key) > 100 {
		key = key[:100] + "…"
	}
	return Fail(op, fmt.Sprintf("%q", key), errBadKey, errors.New(why))
}

var errBadKey = errors.New("key is not valid")

// CheckRange returns an error unless offset and length can be asked of GetRange.
func CheckRange(key string, offset, length int64) error {
	if offset >= 0 && length <= 0 {
		return Fail(OpGetRange, key, errBadRange, fmt.Errorf("length %d is not positive", length))
	}
	return nil
}

var errBadRange = errors.New("range is not valid")

// Slice returns the part of data that GetRange(offset, length) means, aliasing data, and false when offset is at or past
// the end.
func Slice(data []byte, offset, length int64) ([]byte, bool) {
	size := int64(len(data))
	if offset < 0 {
		offset, length = max(size+offset, 0), size
	}
	if offset >= size {
		return nil, false
	}
	return data[offset : offset+min(length, size-offset)], true
}
